"""A photo beside its straightened panel; where that is wrong, a person sets the panel's corners."""

from dataclasses import replace

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import NotScreenableError
from ecgcore.output.previews import at_width, jpeg
from ecgcore.page.crop import view_panel
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray, FloatArray, Prediction
from pages.parts.common.browser.drawing_canvas import drawing_canvas
from pages.parts.common.browser.messages import drawn_on
from pages.parts.common.style import GREEN
from pages.parts.common.words import plain
from pages.parts.screen.result.corner_canvas import RADIUS_PX, circle, moved_corners, panel_preview
from pages.parts.screen.screened import DisplayedPage, ScreenedPage
from pages.parts.screen.session_results import replace_result

CANVAS_WIDTH_PX = 360
"""Fits a phone."""
MOVED_PX = 1.0
INSET = 0.08
"""Where the corners begin on a photo whose panel was not found, as a share of its sides."""
BEYOND = 0.25
"""How far beyond the photo a corner may be set, as a share of its sides."""
CORNER_NAMES = ("top left", "top right", "bottom right", "bottom left")
STRAIGHTENED = "The picture beside its straightened panel. Correct the panel's corners here where they are wrong."
TURN = "Turn by 90 degrees, for a page that lies on its side."
HOW = (
    "Click where a corner of the grid should be: the nearest corner moves there. Or drag corners with the pencil in "
    "the toolbar, or type them. Then screen the page again."
)


def straighten_box(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle) -> None:
    """The photo with the panel's outline, the panel as it was straightened, and the way to set its corners.

    Args:
        item: the screened page.
        shown: its picture.
        bundle: which screened it.
    """
    corners = _corners(item, shown)
    both = st.container(horizontal=True)
    with both.container(width=CANVAS_WIDTH_PX):
        corners = _canvas(item, shown, corners)
        with st.container(horizontal=True):
            if st.button("Turn", key=f"turn-{item.key}", type="tertiary", icon=":material/rotate_right:", help=TURN):
                _take(item, np.roll(corners, 1, axis=0))
            with st.popover("Type the corners", type="tertiary", icon=":material/keyboard:"):
                _typed(item, shown, corners)
        st.caption(HOW)
    with both.container(width=CANVAS_WIDTH_PX):
        is_set = not np.allclose(corners, _found(item.prediction, shown), atol=0.5)
        of_person = is_set or item.prediction.frame is None
        if of_person:
            _preview(shown, corners)
        else:
            words = "The panel as the networks saw it, straightened."
            st.image(_straightened(item, shown), alt=words)
            st.caption(words)
        if st.button(
            "Screen again with these corners", key=f"again-{item.key}", icon=":material/refresh:", disabled=not is_set
        ):
            _screen_again(item, shown, bundle, corners)


def _screen_again(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle, corners: FloatArray) -> None:
    old = item.prediction
    with st.spinner("Screening with these corners", show_time=True):
        prediction = screen(
            shown.photo_rgb(),
            bundle,
            file=old.file,
            page=old.page,
            paper=old.paper,
            corners_photo_xy=corners,
            recording=old.recording,
        )
    if prediction.status != "ok":
        st.error(f"**Not screened with these corners.** {plain(prediction.reason)}")
        return
    replace_result(replace(item, prediction=prediction.of_part(old.part), bundle=bundle))
    st.session_state.pop(_key(item), None)
    st.session_state.setdefault("explained", set()).discard(item.key)
    st.rerun()


def _key(item: ScreenedPage) -> str:
    return f"corners-{item.key}"


def _found(prediction: Prediction, shown: DisplayedPage) -> FloatArray:
    """The panel's corners as they were found, or a place to begin where none were."""
    if prediction.panel_photo_xy is not None:
        return np.array(prediction.panel_photo_xy, dtype=np.float64)
    (width, height), share = shown.wh, INSET
    low, high = np.array([width, height]) * share, np.array([width, height]) * (1 - share)
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def _corners(item: ScreenedPage, shown: DisplayedPage) -> FloatArray:
    """The corners as they stand, ``[4, 2]`` in the photo, clockwise from top left."""
    kept: FloatArray | None = st.session_state.get(_key(item))
    return _found(item.prediction, shown) if kept is None else kept


def _take(item: ScreenedPage, corners: FloatArray) -> None:
    """Keep changed corners and give the canvas and the numbers a new beginning."""
    st.session_state[_key(item)] = corners
    st.session_state["corner-turn"] = _turn() + 1
    st.rerun()


def _turn() -> int:
    return int(st.session_state.get("corner-turn", 0))


def _canvas(item: ScreenedPage, shown: DisplayedPage, corners: FloatArray) -> FloatArray:
    scale = CANVAS_WIDTH_PX / shown.wh[0]
    circles = [circle(number, x, y) for number, (x, y) in enumerate((corners * scale).tolist())]
    key = f"corner-canvas-{item.key}-{_turn()}"
    drawing_canvas(
        fill_color=GREEN,
        stroke_color="white",
        stroke_width=2,
        point_display_radius=RADIUS_PX,
        background_image=_outlined(shown.view_jpeg, (corners * scale).round(1).tolist()),
        width=CANVAS_WIDTH_PX,
        height=round(shown.wh[1] * scale),
        drawing_mode="point",
        initial_drawing={"objects": circles},
        key=key,
    )
    moved = _near(moved_corners(drawn_on(key), corners * scale) / scale, shown)
    if np.abs(moved - corners).max() * scale > MOVED_PX:
        _take(item, moved)
    return corners


def _near(corners: FloatArray, shown: DisplayedPage) -> FloatArray:
    """The corners in the photo or close to it: a panel may leave its photo, but not by a width."""
    sides = np.array(shown.wh, dtype=np.float64)
    return np.asarray(np.clip(corners, -BEYOND * sides, (1 + BEYOND) * sides))


def _typed(item: ScreenedPage, shown: DisplayedPage, corners: FloatArray) -> None:
    typed = corners.copy()
    for number, name in enumerate(CORNER_NAMES):
        columns = st.columns(2)
        for axis, letter in enumerate("xy"):
            with columns[axis]:
                typed[number, axis] = st.number_input(
                    f"{name}, {letter}",
                    -BEYOND * shown.wh[axis],
                    (1 + BEYOND) * shown.wh[axis],
                    round(float(corners[number, axis]), 1),
                    1.0,
                    format="%.1f",
                    key=f"corner-{number}-{letter}-{item.key}-{_turn()}",
                )
    if np.abs(typed - corners).max() > 0.5:
        _take(item, typed)


@st.cache_data(show_spinner=False, max_entries=16)
def _outlined(view_jpeg: bytes, corners_canvas_xy: list[list[float]]) -> bytes:
    view = np.ascontiguousarray(at_width(_decoded(view_jpeg), CANVAS_WIDTH_PX, enlarge=True))
    cv2.polylines(view, [np.round(corners_canvas_xy).astype(np.int32)], True, (0, 158, 115), 2, cv2.LINE_AA)
    return jpeg(view)


def _preview(shown: DisplayedPage, corners: FloatArray) -> None:
    """The panel as it will be screened, or why these corners are none of a page."""
    words = "The panel between these corners."
    try:
        st.image(panel_preview(_decoded(shown.view_jpeg), corners, shown.wh), alt=words)
    except NotScreenableError as refused:
        words = plain(str(refused))
    st.caption(words)


def _straightened(item: ScreenedPage, shown: DisplayedPage) -> bytes:
    return _panel_jpeg(item.key, str(item.prediction.panel_photo_xy), item, shown)


@st.cache_data(scope="session", max_entries=12, show_spinner="Straightening")
def _panel_jpeg(
    key: str,  # noqa: ARG001  # of the cache
    corners: str,  # noqa: ARG001  # of the cache
    _item: ScreenedPage,
    _shown: DisplayedPage,
) -> bytes:
    assert _item.prediction.frame is not None
    return jpeg(view_panel(_shown.photo_rgb(), _item.prediction.frame))


def _decoded(view_jpeg: bytes) -> ByteArray:
    bgr = cv2.imdecode(np.frombuffer(view_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
