"""The caliper: two places, or two beats, and the time, rate and voltage between them."""

import streamlit as st

from ecgcore.rhythm.caliper import Span, span
from ecgcore.rhythm.measures import whole_bpm
from pages.parts.screen.result.picture_source import measured_on
from pages.parts.screen.screened import ScreenedPage

HOW_TO_DRAG = "Drag a box across the page: its width is measured in time, its height in voltage."

# Streamlit's header is 3.75rem high and lies over the page.
READING_STYLE = """
[data-testid=stLayoutWrapper]:has(> .st-key-caliper-reading) {position: sticky; top: 3.75rem; z-index: 10}
.st-key-caliper-reading {padding: .35rem .6rem; border: 1px solid GrayText; border-radius: .25rem; background: Canvas}
"""


def caliper_key(item: ScreenedPage) -> str:
    """Where the session keeps what was dragged across a page: the box's two x and two y, in photo pixels."""
    return f"caliper-{item.key}"


def caliper_reading(item: ScreenedPage, *, is_on: bool) -> None:
    """What was dragged on the page, in one line that stays at the top of the window while the page scrolls below it.

    Its place is there without the caliper too: the picture below would be built anew if its number on the page changed.

    Args:
        item: the screened page.
        is_on: whether the caliper is switched on.
    """
    with st.container(key="caliper-reading"):
        if not is_on:
            return
        dragged = st.session_state.get(caliper_key(item))
        if dragged is None:
            st.markdown(HOW_TO_DRAG)
        else:
            (x1, x2), (y1, y2) = dragged
            # A box has no direction: the voltage is its height.
            st.markdown(_words("Caliper", span(item.prediction, (x1, max(y1, y2)), (x2, min(y1, y2)))))


def caliper_between_beats(item: ScreenedPage) -> None:
    """Two beats to measure between, from R peak to R peak, with the reading; needs no mouse."""
    beats = [number for number, beat in enumerate(item.prediction.beats) if beat.r_peak_photo_xy is not None]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, second = (
            st.selectbox(
                label,
                beats,
                index=None,
                format_func=lambda number: f"Beat {number + 1}",
                placeholder="Choose",
                key=f"{label}-{item.key}",
                width=150,
            )
            for label in ("From the R peak of", "to the R peak of")
        )
    if first is not None and second is not None and first != second:
        start, end = (item.prediction.beats[number].r_peak_photo_xy for number in (first, second))
        assert start is not None
        assert end is not None
        st.markdown(_words(f"Beat {first + 1} to beat {second + 1}", span(item.prediction, start, end)))
    st.caption(measured_on(item))


def _words(title: str, found: Span | None) -> str:
    if found is None:
        return f"**{title}** not measured"
    rate = "" if found.bpm is None else f" · {whole_bpm(found.bpm)} bpm"
    return f"**{title}** {found.ms:.0f} ms{rate} · {found.mv:+.2f} mV"
