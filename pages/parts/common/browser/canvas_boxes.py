"""A reading's boxes -> the drawing on the canvas, and a person's changes on the canvas -> boxes."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from annotations.model import LabelledBox
from ecgcore.types import Box
from pages.parts.common.browser.messages import CanvasShape, DrawnShape
from pages.parts.common.style import BLUE, GREEN, ORANGE, VERMILION

STROKE_PX = 2
SMALLEST_PX = 6
"""A plain click leaves a box of two pixels."""
MOVED_PX = 1.0
"""Edges that moved less on the canvas did not move: the browser rounds."""

COLOUR = {"normal": BLUE, "abnormal": VERMILION, None: GREEN}


NOBODY: frozenset[str] = frozenset()


def to_drawing(
    boxes: Sequence[LabelledBox],
    scale: float,
    untouched: frozenset[str] = NOBODY,
    pending: frozenset[str] = NOBODY,
    *,
    seed: int = 0,
) -> dict[str, list[CanvasShape]]:
    """Boxes as rectangles of the canvas; the browser keeps ``strokeDashOffset``, so it carries a box's number.

    An invisible rectangle carries the number of the seed: under one key the canvas may be given boxes several times,
    and what comes back must be told from what came back before.

    Args:
        boxes: beats in photo pixels.
        scale: canvas pixels per photo pixel.
        untouched: uids of a bundle's proposals that nobody has touched or saved yet; they are dashed.
        pending: uids of boxes that a helper proposes; they are dashed and orange.
        seed: how often the canvas has been given boxes; ``seed_of`` finds it in what comes back.
    """
    objects: list[CanvasShape] = []
    for number, box in enumerate(boxes):
        x1, y1, x2, y2 = (edge * scale for edge in box.box_photo_xyxy.as_list())
        objects.append(
            {
                "type": "Rect",
                # A rectangle's stroke lies half outside: its own left is the stroke's outer edge.
                "left": x1 - STROKE_PX / 2,
                "top": y1 - STROKE_PX / 2,
                "width": x2 - x1,
                "height": y2 - y1,
                "originX": "left",
                "originY": "top",
                "scaleX": 1,
                "scaleY": 1,
                "angle": 0,
                "fill": "rgba(0, 0, 0, 0)",
                "stroke": ORANGE if box.uid in pending else COLOUR[box.label],
                "strokeWidth": STROKE_PX,
                "strokeUniform": True,
                "strokeDashArray": [6, 4] if box.uid in untouched | pending else None,
                "strokeDashOffset": number + 1,
                "lockRotation": True,
            }
        )
    marker: CanvasShape = {"type": "Rect", "left": 0, "top": 0, "width": 0, "height": 0, "visible": False}
    return {"objects": [*objects, {**marker, "strokeDashOffset": -1 - seed}]}


def seed_of(drawing: Sequence[DrawnShape] | None) -> int | None:
    """The seed that a drawing grew from; None where the browser has not answered."""
    offsets = (round(shape.strokeDashOffset or 0) for shape in drawing or ())
    return next((-1 - offset for offset in offsets if offset < 0), None)


def from_drawing(
    drawing: Sequence[DrawnShape] | None,
    seeded: Sequence[LabelledBox],
    scale: float,
    photo_wh: tuple[int, int],
    new_uid: Callable[[int], str],
) -> tuple[LabelledBox, ...]:
    """What the canvas shows now, as boxes.

    Args:
        drawing: the canvas's shapes; None before the browser's first answer.
        seeded: the boxes that ``to_drawing`` put there.
        scale: canvas pixels per photo pixel.
        photo_wh: what leaves the picture is clamped to it.
        new_uid: names the k-th drawn box, the same each time, so that an unchanged drawing gives equal boxes.

    Returns:
        The seeded boxes that are still there, "adjusted" where they moved, proposals that were deleted as "rejected",
        and the drawn ones.
    """
    if drawing is None:
        return tuple(seeded)
    result: list[LabelledBox] = []
    there: set[int] = set()
    drawn = 0
    for shape in drawing:
        number = round(shape.strokeDashOffset or 0) - 1
        if number < -1:  # the seed's
            continue
        is_seeded = 0 <= number < len(seeded) and number not in there
        # Seeds lie with the stroke's middle on the edge; the drawing tool puts the stroke's outer edge to the mouse.
        # Only a box that is drawn now can be a click that slipped: a flat lead's is a few pixels high at zoom 1.
        inset, smallest_px = (STROKE_PX / 2, 0.0) if is_seeded else (0.0, SMALLEST_PX)
        box = _box_of(shape, scale, photo_wh, inset, smallest_px)
        if box is None:
            continue
        if is_seeded:
            there.add(number)
            result.append(_moved(seeded[number], box, scale))
        else:
            result.append(LabelledBox(new_uid(drawn), box))
            drawn += 1
    gone = [box for number, box in enumerate(seeded) if number not in there and box.prediction_box_id is not None]
    return (*result, *(replace(box, origin="rejected") for box in gone))


def _moved(old: LabelledBox, box: Box, scale: float) -> LabelledBox:
    pairs = zip(old.box_photo_xyxy.as_list(), box.as_list(), strict=True)
    if max(abs(before - after) for before, after in pairs) * scale < MOVED_PX:
        return old
    return replace(old, box_photo_xyxy=box, origin="drawn" if old.prediction_box_id is None else "adjusted")


def _box_of(shape: DrawnShape, scale: float, photo_wh: tuple[int, int], inset: float, smallest_px: float) -> Box | None:
    """A rectangle's place in the photo, clamped; None for a mere click or something else.

    ``inset`` is the way from the rectangle's left and top to the edges that are meant, in canvas pixels.
    """
    if shape.type not in {"Rect", "rect"}:
        return None
    stroke = shape.strokeWidth or 0
    width, height = abs(shape.width * shape.scaleX), abs(shape.height * shape.scaleY)
    if min(width, height) < smallest_px:
        return None
    offset = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
    left = shape.left - offset[shape.originX] * (width + stroke) + inset
    top = shape.top - offset[shape.originY] * (height + stroke) + inset
    x1, x2 = (min(max(edge / scale, 0.0), float(photo_wh[0])) for edge in (left, left + width))
    y1, y2 = (min(max(edge / scale, 0.0), float(photo_wh[1])) for edge in (top, top + height))
    return Box(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None
