"""What was measured on the page's leads, as a reader checks it: value, usual range, and whose range that is."""

import streamlit as st

from ecgcore.lead_layout import LEADS
from ecgcore.measure.reference_ranges import SOURCES, Place, ReferenceRange, outside, reference_ranges
from ecgcore.measurements import Measurements
from ecgcore.rhythm.measures import whole_bpm
from pages.parts.common.words import plain

WORDS = {
    "heart_rate_bpm": "Rate",
    "pr_ms": "PR",
    "qrs_ms": "QRS",
    "qt_ms": "QT",
    "qtc_bazett_ms": "QTc Bazett",
    "qtc_fridericia_ms": "QTc Fridericia",
    "axis_deg": "QRS axis",
    "sokolow_lyon_mv": "Sokolow-Lyon",
    "cornell_mv": "Cornell",
    "premature_share": "Premature beats",
    "late_share": "Late beats",
    "pauses": "Pauses of 2 s or more",
}
LEAD_WORDS = {"q_mv": "Q", "q_ms": "Q width", "r_mv": "R", "s_mv": "S", "st_mv": "ST", "t_mv": "T"}
IN_LEADS = ("q_mv", "r_mv", "s_mv", "st_mv", "t_mv")
ARROWS = {"below": "▼", "above": "▲"}
TERMS = (
    "Measured on the leads read off the page, on the median of the usual beats. PR, QRS and QT run from the earliest "
    "onset to the latest end in all leads; T ends where the tangent to its steepest fall meets the baseline. QTc: "
    "corrected for the rate. Axis: of the QRS area in the frontal plane. Sokolow-Lyon: S in V1 and the taller R of V5 "
    "and V6. Cornell: R in aVL and S in V3. Premature and late: RR under 0.8 or over 1.2 of those around it. Usual "
    "ranges are those of adults at rest."
)
LEAD_TERMS = (
    "Millivolts above the level just before the QRS, on each lead's median beat. Q, R and S: 0 where there is none; "
    "a QRS without R counts as both Q and S. ST: 60 ms after the end of the QRS. T: negative where inverted."
)


def measurement_table(found: Measurements | None) -> None:
    """The measurements of the open page; nothing where no leads were looked for."""
    if found is None:
        return
    with st.container(key="measurements"):
        st.markdown("**Measured on the leads**", help=TERMS)
        rows = page_rows(found)
        numbers = {source: k for k, source in enumerate(_sources(rows), start=1)}
        if rows:
            lines = [
                f"| {name} | {value} | {usual}{_marks(sources, numbers)} |" for name, value, usual, sources in rows
            ]
            st.markdown("\n".join(["| | Value | Usual |", "|:--|:--|:--|", *lines]))
        for line in missing_lines(found):
            st.caption(line)
        if any(getattr(found, name)[lead] is not None for name in IN_LEADS for lead in LEADS):
            with st.expander("By lead: Q, R, S, ST and T in mV"):
                _lead_table(found)
        if rows:
            listed = "; ".join(f"{k}: {source}" for source, k in numbers.items())
            published = "  \n".join(f"{k}: {SOURCES[source]}" for source, k in numbers.items())
            st.caption(f"Usual in adults by {listed}.", help=published)


def page_rows(found: Measurements) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Of each value that was measured once a page: its name, value, usual range, and who says so."""
    rows = []
    for name, words in WORDS.items():
        value = getattr(found, name)
        if value is None:
            continue
        usual = reference_ranges(name)
        text = "–" if not usual else " · ".join(filter(None, (range_text(name, u) for u in usual)))
        sources = tuple(dict.fromkeys(source for u in usual for source in u.sources))
        rows.append((words, _flagged(value_text(name, value), outside(found, name)), text, sources))
    return rows


def value_text(name: str, value: float) -> str:
    """A value with its unit and the digits that mean something.

    Args:
        name: of a quantity.
        value: in the quantity's unit.
    """
    if name == "heart_rate_bpm":
        return f"{whole_bpm(value)} bpm"
    if name.endswith("_share"):
        return f"{100 * value:.0f} %"
    if name == "pauses":
        return f"{value:.0f}"
    unit, digits = {"_ms": ("ms", 0), "_mv": ("mV", 2), "deg": ("°", 0)}[name[-3:]]
    text = f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # minus nought is nought
    return f"{text}{'' if unit == '°' else ' '}{unit}"


def range_text(name: str, usual: ReferenceRange) -> str:
    """A range in words, with whose it is: "120 to 200", "men up to 2.8".

    Args:
        name: of a quantity.
        usual: its usual range.
    """
    low, high = (None if end is None else f"{end:g}".replace("-", "−") for end in (usual.low, usual.high))
    unit = "°" if name == "axis_deg" else ""
    words = f"up to {high}{unit}" if low is None else f"from {low}{unit}" if high is None else f"{low} to {high}{unit}"
    return f"{usual.people} {words}".strip()


def missing_lines(found: Measurements) -> list[str]:
    """What was not measured and why, one line a reason."""
    by_reason: dict[str, list[str]] = {}
    for name, words in {**WORDS, **LEAD_WORDS}.items():
        if name in found.not_measured:
            by_reason.setdefault(found.not_measured[name], []).append(words)
    unread: dict[str, list[str]] = {}
    for name, reason in found.not_measured.items():
        lead = name.partition(".")[2]
        if lead and lead not in unread.setdefault(reason, []):
            unread[reason].append(lead)
    lines = [f"{', '.join(names)} not measured: {plain(reason)}." for reason, names in by_reason.items()]
    return lines + [f"Not all measured in {', '.join(names)}: {plain(reason)}." for reason, names in unread.items()]


def _lead_table(found: Measurements) -> None:
    lines = []
    for lead in LEADS:
        cells = [_lead_cell(found, name, lead) for name in IN_LEADS]
        lines.append(f"| {lead} | " + " | ".join(cells) + " |")
    heads = " | ".join(LEAD_WORDS[name] for name in IN_LEADS)
    st.markdown("\n".join([f"| | {heads} |", "|:--|" + "--:|" * len(IN_LEADS), *lines]), help=LEAD_TERMS)
    st.caption(
        "▲ above, ▼ below the usual: ST −0.05 to 0.1 mV (V2 and V3: up to 0.15 women, 0.2 men, 0.25 men under 40; "
        "limits of the J point); T from −0.1 in I, II, aVL, V2 to V6; Q under 30 ms wide or 0.1 mV deep in I, II, aVL, "
        "aVF, V4 to V6."
    )


def _lead_cell(found: Measurements, name: str, lead: str) -> str:
    value = getattr(found, name)[lead]
    if value is None:
        return "–"
    text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
    sides = set(outside(found, "q_ms" if name == "q_mv" else name, lead).values())
    return f"**{ARROWS[sides.pop()]} {text}**" if sides else text


def _flagged(text: str, sides: dict[str, Place]) -> str:
    """A value, and in words on which side of the usual it lies, for whom where women and men differ."""
    if not sides:
        return text
    side = next(iter(sides.values()))
    whose = [people for people in sides if people]
    whose_text = f" for {' and '.join(whose)}" if len(whose) == 1 else ""
    return f"**{ARROWS[side]} {text}**, {side}{whose_text}"


def _sources(rows: list[tuple[str, str, str, tuple[str, ...]]]) -> list[str]:
    """Whose ranges are shown, each once, in the order of the rows."""
    return list(dict.fromkeys(source for *_, sources in rows for source in sources))


def _marks(sources: tuple[str, ...], numbers: dict[str, int]) -> str:
    """Raised numbers of the sources below the table."""
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (
        " " + "˒".join(str(k).translate(raised) for k in sorted(numbers[source] for source in sources))
        if sources
        else ""
    )
