"""Boxes go onto the canvas and come back to the pixel, whatever the zoom and whatever a hand does to them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.model import LabelledBox
from ecgcore.types import Box
from pages.parts.common.browser.canvas_boxes import from_drawing, seed_of, to_drawing
from pages.parts.common.browser.messages import DrawnShape
from pages.parts.common.style import ORANGE

PHOTO_WH = (2213, 1572)
scales = st.sampled_from([938 / 2213, 2 * 938 / 2213, 3 * 938 / 2213])
boxes = st.lists(
    st.tuples(st.floats(0, 2100), st.floats(0, 1480), st.floats(20, 110), st.floats(20, 90)).map(
        lambda v: Box(v[0], v[1], v[0] + v[2], v[1] + v[3])
    ),
    max_size=20,
)


def uid(number: int) -> str:
    return f"new-{number}"


def proposed(drawn: list[Box]) -> tuple[LabelledBox, ...]:
    return tuple(LabelledBox(f"p{i}", box, None, "accepted", i + 1) for i, box in enumerate(drawn))


def shown(drawing: dict[str, Any]) -> list[DrawnShape]:
    """A drawing as the browser sends it back."""
    return [DrawnShape.model_validate(item) for item in drawing["objects"]]


def edited(drawing: dict[str, Any], number: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    objects = list(drawing["objects"])
    objects[number] = {**objects[number], **change(objects[number])}
    return {"objects": objects}


@given(boxes, scales)
def test_an_untouched_drawing_gives_the_same_boxes(drawn: list[Box], scale: float) -> None:
    seeded = proposed(drawn)
    assert from_drawing(shown(to_drawing(seeded, scale)), seeded, scale, PHOTO_WH, uid) == seeded
    assert from_drawing(None, seeded, scale, PHOTO_WH, uid) == seeded


def test_the_box_of_a_flat_lead_outlives_the_smallest_zoom() -> None:
    seeded = proposed([Box(300, 300, 400, 306)])  # three pixels high on the canvas
    assert from_drawing(shown(to_drawing(seeded, 938 / 2213)), seeded, 938 / 2213, PHOTO_WH, uid) == seeded


@given(scales, st.floats(-40, 40), st.floats(-40, 40), st.floats(0.5, 2.0))
def test_a_moved_and_resized_box_is_adjusted_and_keeps_its_identity(
    scale: float, dx: float, dy: float, grow: float
) -> None:
    seeded = proposed([Box(300, 300, 400, 420), Box(900, 300, 1000, 420)])
    drawing = edited(
        to_drawing(seeded, scale), 0, lambda o: {"left": o["left"] + dx, "top": o["top"] + dy, "scaleX": grow}
    )
    moved, still = from_drawing(shown(drawing), seeded, scale, PHOTO_WH, uid)
    assert still == seeded[1]
    assert moved.uid == "p0" and moved.prediction_box_id == 1
    expected = [300 + dx / scale, 300 + dy / scale, 300 + dx / scale + 100 * grow, 420 + dy / scale]
    if max(abs(dx), abs(dy), abs(grow - 1) * 100 * scale) >= 2:
        assert moved.origin == "adjusted"
        assert moved.box_photo_xyxy.as_list() == pytest.approx(expected)


@pytest.mark.parametrize("origin", [("left", "top"), ("center", "center"), ("right", "bottom")])
def test_any_origin_means_the_same_place(origin: tuple[str, str]) -> None:
    share = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
    seeded = proposed([Box(300, 300, 400, 420)])
    drawing = edited(
        to_drawing(seeded, 1.0),
        0,
        lambda o: {
            "originX": origin[0],
            "originY": origin[1],
            "left": o["left"] + share[origin[0]] * (o["width"] + o["strokeWidth"]),
            "top": o["top"] + share[origin[1]] * (o["height"] + o["strokeWidth"]),
        },
    )
    assert from_drawing(shown(drawing), seeded, 1.0, PHOTO_WH, uid) == seeded


def test_a_deleted_proposal_is_rejected_and_a_deleted_drawn_box_is_gone() -> None:
    seeded = (*proposed([Box(300, 300, 400, 420)]), LabelledBox("mine", Box(500, 300, 600, 420)))
    assert from_drawing([], seeded, 1.0, PHOTO_WH, uid) == (replace(seeded[0], origin="rejected"),)


def test_drawn_boxes_are_new_clamped_and_a_click_is_none() -> None:
    def rect(left: float, top: float, width: float, height: float) -> dict[str, Any]:
        return {"type": "Rect", "left": left, "top": top, "width": width, "height": height, "strokeWidth": 2}

    drawing = {
        "objects": [
            rect(100, 100, 50, 60),
            rect(-30, 11, 60, 60),
            rect(10, 10, 2, 2),
            {"type": "Path", "left": 0, "top": 0},
        ]
    }
    first, clamped = from_drawing(shown(drawing), (), 1.0, PHOTO_WH, uid)
    assert first == LabelledBox("new-0", Box(100, 100, 150, 160))
    assert clamped.box_photo_xyxy == Box(0, 11, 30, 71)


def test_a_copy_with_a_known_number_counts_as_new() -> None:
    seeded = proposed([Box(300, 300, 400, 420)])
    item, _ = to_drawing(seeded, 1.0)["objects"]
    both = from_drawing(shown({"objects": [item, {**item, "left": 700.0}]}), seeded, 1.0, PHOTO_WH, uid)
    assert [box.uid for box in both] == ["p0", "new-0"]


def test_what_a_helper_proposes_is_dashed_and_orange() -> None:
    (box,) = proposed([Box(300, 300, 400, 420)])
    item, _ = to_drawing([replace(box, origin="propagated")], 1.0, pending=frozenset({"p0"}))["objects"]
    assert item["strokeDashArray"] and item["stroke"] == ORANGE


def test_only_untouched_proposals_are_dashed() -> None:
    seeded = proposed([Box(300, 300, 400, 420), Box(500, 300, 600, 420)])
    drawing = to_drawing(seeded, 1.0, untouched=frozenset({"p1"}))
    assert [bool(item["strokeDashArray"]) for item in drawing["objects"][:2]] == [False, True]


def test_a_drawing_tells_from_which_seed_it_grew() -> None:
    seeded = proposed([Box(300, 300, 400, 420)])
    drawing = to_drawing(seeded, 1.0, seed=7)
    assert seed_of(shown(drawing)) == 7
    assert seed_of(None) is None and seed_of([]) is None
    # All boxes deleted, and another drawn.
    rect = {"type": "Rect", "left": 10, "top": 10, "width": 50, "height": 60, "strokeWidth": 2}
    emptied = {"objects": [drawing["objects"][-1], rect]}
    assert seed_of(shown(emptied)) == 7
    gone = (replace(seeded[0], origin="rejected"),)
    assert from_drawing(shown(emptied), seeded, 1.0, PHOTO_WH, uid) == (
        LabelledBox("new-0", Box(10, 10, 60, 70)),
        *gone,
    )
