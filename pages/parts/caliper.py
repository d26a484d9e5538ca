"""The caliper: two places, or two beats, and the time, rate and voltage between them."""

import streamlit as st

from ecgcore.caliper import Span, span
from pages.parts.results import Screened

HOW_TO_DRAG = "Drag a box across the page: its width is measured in time, its height in voltage. Scroll to zoom."


def caliper_key(item: Screened) -> str:
    """Where the session keeps what was dragged across a page: the box's two x and two y, in photo pixels."""
    return f"caliper-{item.key}"


def caliper_box(item: Screened) -> None:
    """What was dragged on the page, and two beats to measure between, each with the reading."""
    dragged = st.session_state.get(caliper_key(item))
    if dragged is None:
        st.caption(HOW_TO_DRAG)
    else:
        (x1, x2), (y1, y2) = dragged
        # A box has no direction: the voltage is its height.
        st.markdown(_words("Caliper", span(item.prediction, (x1, max(y1, y2)), (x2, min(y1, y2)))))
    beats = [number for number, beat in enumerate(item.prediction.beats) if beat.r_peak_photo_xy is not None]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, second = (
            st.selectbox(
                label,
                beats,
                index=None,
                format_func=lambda number: f"Beat {number + 1}",
                placeholder="choose",
                key=f"{label}-{item.key}",
                width=150,
            )
            for label in ("From the R peak of", "to that of")
        )
    if first is not None and second is not None and first != second:
        start, end = (item.prediction.beats[number].r_peak_photo_xy for number in (first, second))
        assert start is not None
        assert end is not None
        st.markdown(_words(f"Beat {first + 1} to beat {second + 1}", span(item.prediction, start, end)))
    paper = item.prediction.paper
    st.caption(f"Measured from a photo, taking the paper for {paper.speed_mm_s:g} mm/s and {paper.gain_mm_mv:g} mm/mV.")


def _words(title: str, found: Span | None) -> str:
    if found is None:
        return f"**{title}** no millimetres"
    rate = "" if found.bpm is None else f" · {found.bpm:.0f} bpm"
    return f"**{title}** {found.ms:.0f} ms{rate} · {found.mv:+.2f} mV"
