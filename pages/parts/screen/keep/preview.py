"""Before a page is stored: the picture exactly as it would be, and what must not be seen blacked out on the spot."""

import streamlit as st

from ecgcore.output.previews import at_width, jpeg
from ecgcore.page.crop import PanelCut
from ecgcore.types import Box
from pages.parts.common.browser.canvas_boxes import STROKE_PX, from_drawing
from pages.parts.common.browser.drawing_canvas import drawing_canvas
from pages.parts.common.browser.messages import drawn_on
from pages.parts.common.waiting import wait_for
from pages.parts.common.words import counted
from pages.parts.screen.keep.panel_cut import cut_of, kept_cuts, outlined
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

_VIEW_WIDTH_PX = 1200
_CANVAS_WIDTH_PX = 1100
_MOST_BUTTONS = 12


def panel_preview(item: ScreenedPage, shown: DisplayedPage) -> PanelCut:
    """Show what would be stored of a page of which only the panel is kept, and take black-outs; returns the cut.

    Args:
        item: the screened page.
        shown: its picture.
    """
    cuts = kept_cuts()
    kept = wait_for("Cutting the panel", lambda: cut_of(item, shown, cuts), usual_s=3.0)
    places = kept.places
    cut = kept.cut.redacted(places) if places else kept.cut
    count = len(cut.text_boxes)
    st.markdown("**This will be stored:** these pixels, without file name and metadata, and nothing else of the photo.")
    is_drawing = st.session_state.get(f"draw-black-{item.key}", False)
    if is_drawing:
        _draw(item, cut, places)
    else:
        st.image(
            jpeg(outlined(cut, _VIEW_WIDTH_PX)),
            width="stretch",
            alt=f"The panel as it will be stored, with {counted(count, 'place')} of print or handwriting outlined",
        )
    if count:
        st.warning(
            f"{counted(count, 'place')} of print or handwriting found (outlined). Black out whatever could identify a "
            "person.",
            icon=":material/visibility:",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            _button(f"Black out all {count}" if count > 1 else "Black out", "all", places, cut.text_boxes)
        if 1 < count <= _MOST_BUTTONS:
            for number, box in enumerate(cut.text_boxes, 1):
                _button(f"Black out {number}", str(number), places, (box,))
        if places:
            st.button("Undo black-out", key="black-undo", icon=":material/undo:", on_click=_undo, args=(places,))
        st.toggle("Draw boxes to black out", key=f"draw-black-{item.key}")
    return cut


def photo_preview(shown: DisplayedPage) -> None:
    """Show the whole photo that would be stored."""
    st.markdown(
        "**This will be stored:** the whole photo, without file name and metadata. Redact names on it in Review."
    )
    st.image(shown.view_jpeg, width="stretch", alt="The whole photo as it will be stored")


def _undo(places: list[Box]) -> None:
    places.pop()


def _button(words: str, key: str, places: list[Box], boxes: tuple[Box, ...]) -> None:
    st.button(words, key=f"black-{key}", icon=":material/ink_marker:", on_click=places.extend, args=(boxes,))


def _draw(item: ScreenedPage, cut: PanelCut, places: list[Box]) -> None:
    """A canvas on which a dragged box is black at once."""
    height, width = cut.picture_rgb.shape[:2]
    scale = _CANVAS_WIDTH_PX / width
    key = f"black-{item.key}-{len(places)}"
    drawing_canvas(
        fill_color="rgba(0, 0, 0, 0.85)",
        stroke_width=STROKE_PX,
        stroke_color="black",
        background_image=jpeg(at_width(outlined(cut, _CANVAS_WIDTH_PX), _CANVAS_WIDTH_PX, enlarge=True)),
        width=_CANVAS_WIDTH_PX,
        height=round(height * scale),
        drawing_mode="rect",
        key=key,
    )
    drawn = from_drawing(drawn_on(key) or (), (), scale, (width, height), str)
    if drawn:
        places.extend(box.box_photo_xyxy for box in drawn)
        st.rerun(scope="fragment")
