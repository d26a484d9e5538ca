"""What is usual in adults, by whose word; nothing here is a diagnosis."""

from dataclasses import dataclass
from typing import Literal

from ecgcore.measurements import Measurements

Place = Literal["below", "above"]

BRADYCARDIA_2018 = "ACC/AHA/HRS 2018"
TACHYCARDIA_2015 = "ACC/AHA/HRS 2015"
SHORT_PR_1985 = "WHO/ISFC 1985"
CONDUCTION_2009 = "AHA/ACCF/HRS 2009, part III"
REPOLARISATION_2009 = "AHA/ACCF/HRS 2009, part IV"
HYPERTROPHY_2009 = "AHA/ACCF/HRS 2009, part V"
SOKOLOW_LYON_1949 = "Sokolow and Lyon 1949"
CASALE_1987 = "Casale et al. 1987"
INFARCTION_2018 = "Fourth universal definition of myocardial infarction 2018"
SOURCES = {
    BRADYCARDIA_2018: "Kusumoto et al., Circulation 2019; 140:e382-e482",
    TACHYCARDIA_2015: "Page et al., Circulation 2016; 133:e506-e574",
    SHORT_PR_1985: "Willems et al., J Am Coll Cardiol 1985; 5:1261-1275",
    CONDUCTION_2009: "Surawicz et al., Circulation 2009; 119:e235-e240",
    REPOLARISATION_2009: "Rautaharju et al., Circulation 2009; 119:e241-e250",
    HYPERTROPHY_2009: "Hancock et al., Circulation 2009; 119:e251-e261",
    SOKOLOW_LYON_1949: "Am Heart J 1949; 37:161-186",
    CASALE_1987: "Circulation 1987; 75:565-572",
    INFARCTION_2018: "Thygesen et al., Circulation 2018; 138:e618-e651",
}
"""Where each is published."""


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """A range of what is usual, in the unit of the measurement's name.

    Args:
        low, high: its ends, which still belong to it; None where it has none.
        sources: keys of ``SOURCES``.
        people: whose it is: "women", "men"; empty for all adults.
    """

    low: float | None
    high: float | None
    sources: tuple[str, ...]
    people: str = ""

    def place(self, value: float) -> Place | None:
        """On which side of the range a value lies; None within."""
        if self.low is not None and value < self.low:
            return "below"
        return "above" if self.high is not None and value > self.high else None


_QTC = (
    ReferenceRange(390, 450, (REPOLARISATION_2009,), "men"),
    ReferenceRange(390, 460, (REPOLARISATION_2009,), "women"),
)
_PAGE: dict[str, tuple[ReferenceRange, ...]] = {
    "heart_rate_bpm": (ReferenceRange(50, 100, (BRADYCARDIA_2018, TACHYCARDIA_2015)),),
    "pr_ms": (ReferenceRange(120, 200, (SHORT_PR_1985, BRADYCARDIA_2018)),),
    "qrs_ms": (ReferenceRange(None, 110, (CONDUCTION_2009,)),),
    "qtc_bazett_ms": _QTC,
    "qtc_fridericia_ms": _QTC,
    "axis_deg": (ReferenceRange(-30, 90, (CONDUCTION_2009,)),),
    "sokolow_lyon_mv": (ReferenceRange(None, 3.5, (SOKOLOW_LYON_1949, HYPERTROPHY_2009)),),
    "cornell_mv": (
        ReferenceRange(None, 2.8, (CASALE_1987, HYPERTROPHY_2009), "men"),
        ReferenceRange(None, 2.0, (CASALE_1987, HYPERTROPHY_2009), "women"),
    ),
}
_ST = (ReferenceRange(-0.05, 0.1, (INFARCTION_2018,)),)
_ST_V2_V3 = (
    ReferenceRange(-0.05, 0.25, (INFARCTION_2018,), "men under 40"),
    ReferenceRange(-0.05, 0.2, (INFARCTION_2018,), "men from 40"),
    ReferenceRange(-0.05, 0.15, (INFARCTION_2018,), "women"),
)
_T = (ReferenceRange(-0.1, None, (REPOLARISATION_2009,)),)
T_UPRIGHT = ("I", "II", "aVL", "V2", "V3", "V4", "V5", "V6")
"""Where a T wave below -0.1 mV is called inverted."""
_Q = (ReferenceRange(None, 30, (INFARCTION_2018,)),)
Q_COUNTS = ("I", "II", "aVL", "aVF", "V4", "V5", "V6")
DEEP_Q_MV = 0.1
"""A Q must be so deep besides; how wide it is tells nothing else."""


def reference_ranges(name: str, lead: str | None = None) -> tuple[ReferenceRange, ...]:
    """What is usual of a measurement, for women and men apart where they differ; empty where nothing is known.

    Args:
        name: of a field of ``Measurements``.
        lead: for what is measured in every lead. ST's limits are those of the J point.
    """
    if lead is None:
        return _PAGE.get(name, ())
    if name == "st_mv" and lead != "aVR":
        return _ST_V2_V3 if lead in {"V2", "V3"} else _ST
    if name == "t_mv" and lead in T_UPRIGHT:
        return _T
    return _Q if name == "q_ms" and lead in Q_COUNTS else ()


def outside(found: Measurements, name: str, lead: str | None = None) -> dict[str, Place]:
    """For whom a value is not usual, and on which side; empty where it is usual, not measured, or no range is known.

    Args:
        found: what was measured on a page.
        name: the field of ``Measurements``.
        lead: which lead's value; None for those of the whole page.

    Returns:
        The side by ``ReferenceRange.people``.
    """
    value = getattr(found, name) if lead is None else getattr(found, name)[lead]
    if value is None or (name == "q_ms" and lead is not None and (found.q_mv[lead] or 0) < DEEP_Q_MV):
        return {}
    shown = round(value, 2) if name.endswith("_mv") else round(value)  # what a reader sees is what is judged
    placed = {usual.people: usual.place(shown) for usual in reference_ranges(name, lead)}
    return {people: place for people, place in placed.items() if place is not None}
