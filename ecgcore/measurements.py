"""What is measured on a page's leads: names, units, and why a value is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgcore.lead_layout import LEADS

ByLead = Mapping[str, float | None]
"""A value of each lead by its name; None where it could not be measured."""


def _unread() -> ByLead:
    return dict.fromkeys(LEADS)


@dataclass(frozen=True)
class Measurements:
    """The measurements of one page; None where one could not be measured, and then ``not_measured`` says why.

    Heights are in millivolts above the level just before the QRS (the end of the PR segment), on the median of each
    lead's usual beats; intervals are those of all leads together, from the earliest onset to the latest end.

    Args:
        heart_rate_bpm: 60 s over the usual RR, the mean of the middle half of the intervals.
        sdnn_ms: standard deviation of RR, of all beats of a page's seconds (Task Force of ESC and NASPE 1996).
        rmssd_ms: root mean square of the differences of successive RR (the same).
        premature_share: of the beats with a known RR, those that come before 0.8 of the usual RR around them.
        late_share: those that come after 1.2 of it and do not follow a premature beat.
        pauses: RR intervals of 2 s or longer.
        pr_ms: onset of P to onset of QRS.
        qrs_ms: onset to end (J) of QRS.
        qt_ms: onset of QRS to end of T by the tangent (Lepeschkin and Surawicz, Circulation 1952; 6:378-388).
        qtc_bazett_ms: QT / sqrt(RR / 1 s) (Bazett, Heart 1920; 7:353-370).
        qtc_fridericia_ms: QT / cbrt(RR / 1 s) (Fridericia, Acta Med Scand 1920; 53:469-486).
        axis_deg: frontal axis of the QRS's area, 0 along I, 90 along aVF, over -180 to 180.
        sokolow_lyon_mv: S in V1 and the taller R of V5 and V6 (Sokolow and Lyon, Am Heart J 1949; 37:161-186).
        cornell_mv: R in aVL and S in V3 (Casale et al., Circulation 1987; 75:565-572).
        q_mv, q_ms: depth and width of Q, 0 where there is none; a QRS without R (QS) counts whole.
        r_mv, s_mv: height of R and depth of S, 0 where there is none; a QS counts as S too, as voltage sums take it.
        st_mv: level 60 ms after J.
        t_mv: height of T, negative where it is inverted.
        beats: how many QRS complexes were found on the page.
        not_measured: names (``pr_ms``; ``r_mv.V1``; ``r_mv`` for all leads) and why, in plain words.
    """

    heart_rate_bpm: float | None = None
    sdnn_ms: float | None = None
    rmssd_ms: float | None = None
    premature_share: float | None = None
    late_share: float | None = None
    pauses: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    axis_deg: float | None = None
    sokolow_lyon_mv: float | None = None
    cornell_mv: float | None = None
    q_mv: ByLead = field(default_factory=_unread)
    q_ms: ByLead = field(default_factory=_unread)
    r_mv: ByLead = field(default_factory=_unread)
    s_mv: ByLead = field(default_factory=_unread)
    st_mv: ByLead = field(default_factory=_unread)
    t_mv: ByLead = field(default_factory=_unread)
    beats: int = 0
    not_measured: Mapping[str, str] = field(default_factory=dict)

    def vector(self, names: Sequence[str] | None = None) -> npt.NDArray[np.float64]:
        """The values of ``names``, by default ``MEASUREMENT_NAMES``, NaN where not measured; no word of why is in it.

        Raises:
            KeyError: there is no such measurement.
        """
        values = {name: getattr(self, name) for name in GLOBAL_NAMES}
        values |= {f"{name}.{lead}": getattr(self, name)[lead] for name in LEAD_VALUES for lead in LEADS}
        known = [values[name] for name in names or MEASUREMENT_NAMES]
        return np.array([np.nan if value is None else value for value in known], dtype=np.float64)

    def to_json(self) -> dict[str, object]:
        """Every value by its name, null where not measured; those of the leads under ``leads``."""
        whole = {name: _to_own_digits(name, getattr(self, name)) for name in GLOBAL_NAMES}
        leads = {lead: {v: _to_own_digits(v, getattr(self, v)[lead]) for v in LEAD_VALUES} for lead in LEADS}
        return {**whole, "leads": leads, "beats": self.beats, "not_measured": dict(self.not_measured)}


LEAD_VALUES = tuple(f.name for f in fields(Measurements) if f.default_factory is _unread)
"""Names of what is measured in each lead."""
GLOBAL_NAMES = tuple(f.name for f in fields(Measurements) if f.default is None)
"""Names of what is measured once a page."""
MEASUREMENT_NAMES = GLOBAL_NAMES + tuple(f"{name}.{lead}" for name in LEAD_VALUES for lead in LEADS)
"""The order of ``Measurements.vector``."""


def together(pages: Sequence[Measurements]) -> Measurements | None:
    """What was measured on the pages of one ECG: of the whole what the first knows, of a lead what its page knows.

    Args:
        pages: in order, each with other leads; none for None.
    """
    if not pages:
        return None
    values: dict[str, Any] = {
        name: next((value for page in pages if (value := getattr(page, name)) is not None), None)
        for name in GLOBAL_NAMES
    }
    for name in LEAD_VALUES:
        values[name] = {
            lead: next((value for page in pages if (value := getattr(page, name)[lead]) is not None), None)
            for lead in LEADS
        }
    return Measurements(**values, beats=sum(page.beats for page in pages))


_DIGITS = {"_ms": 0, "_mv": 3, "_bpm": 1, "_deg": 0, "_share": 3, "pauses": 0}


def _to_own_digits(name: str, value: float | None) -> float | None:
    """Rounded to the digits that mean something of this measurement."""
    digits = next(number for ending, number in _DIGITS.items() if name.endswith(ending))
    return None if value is None else round(value, digits) + 0.0
