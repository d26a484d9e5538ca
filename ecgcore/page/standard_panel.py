"""The standard raster: a panel's ink at ``STANDARD_PX_PER_MM``, its strokes at full strength, the page upright."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.boxes import XYXY
from ecgcore.geometry.frame import PanelFrame
from ecgcore.page.ink import keep_strokes
from ecgcore.page.orientation import find_quarter_turns
from ecgcore.page.quality.hopeless import is_hopeless
from ecgcore.paper import ScaleSource

STRAIGHTENED = "The page was straightened."
TURNED = "The page was turned by {} degrees."


@dataclass(frozen=True)
class FoundPanel:
    """A panel's ink where it was found: in the photo, or in what was straightened of it.

    Args:
        ink: ``uint8 [h, w]``, 0 = paper, 255 = full pen.
        darkness: what the ink was read from, ``uint8 [h, w]``, of the darkest channel.
        box: of the panel in that picture, in its pixels.
        scale_xy: pixels of that picture in a millimetre, along x and along y.
        scale_source: what tells the scale; None where it was assumed.
        straight: from the straightened picture to the photo; None where the panel was found in the photo itself.
        notes: what a reader should know of how it was found.
    """

    ink: ByteArray
    darkness: ByteArray
    box: XYXY
    scale_xy: tuple[float, float]
    scale_source: ScaleSource | None
    straight: PanelFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StandardPanel:
    """A panel on the standard raster, upright.

    Args:
        ink: ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``.
        darkness: turned as the ink is, in the pixels in which it was found.
        frame: from the ink's pixels to those of the photo.
        px_per_mm: pixels of the photo in a millimetre of paper; None where the scale was assumed.
        scale_source: what tells that scale.
        notes: what a reader should know of how it was read.
    """

    ink: ByteArray
    darkness: ByteArray
    frame: PanelFrame
    px_per_mm: float | None
    scale_source: ScaleSource | None
    notes: tuple[str, ...]


def standard_panel(found: FoundPanel, *, is_upright: bool = False) -> StandardPanel:
    """Bring a panel's ink to the standard raster, and turn it upright.

    Args:
        found: the panel.
        is_upright: it is known to be; else the strokes are asked.
    """
    ink, frame = _standard_raster(found.ink, found.box, found.scale_xy)
    px_per_mm = float(np.sqrt(found.scale_xy[0] * found.scale_xy[1]))
    darkness, notes = found.darkness, list(found.notes)
    if found.straight is not None:
        frame = found.straight.after(frame.photo_from_panel, frame.panel_wh)
        notes.append(STRAIGHTENED)
    # what is refused any way up is not worth the time that its way up takes
    turns = 0 if is_upright or is_hopeless(ink, found.scale_source == "grid") else find_quarter_turns(ink)
    if turns:
        ink, darkness = (np.ascontiguousarray(np.rot90(picture, -turns)) for picture in (ink, darkness))
        frame = frame.turned(turns)
        notes.append(TURNED.format(90 * turns))
    if found.straight is not None:
        px_per_mm = frame.photo_px_per_panel_px * STANDARD_PX_PER_MM
    return StandardPanel(
        ink, darkness, frame, None if found.scale_source is None else px_per_mm, found.scale_source, tuple(notes)
    )


def _standard_raster(ink: ByteArray, box: XYXY, scale_xy: tuple[float, float]) -> tuple[ByteArray, PanelFrame]:
    """Resample ink to the standard raster and bring its strokes to full strength whatever the pen's width."""
    x1, y1, x2, y2 = box
    width = max(1, round((x2 - x1) / scale_xy[0] * STANDARD_PX_PER_MM))
    height = max(1, round((y2 - y1) / scale_xy[1] * STANDARD_PX_PER_MM))
    shrinks = width <= x2 - x1
    raster = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    ridge = raster[(raster == cv2.dilate(raster, np.ones((3, 3), np.uint8))) & (raster > 40)]
    gain = 255.0 / float(np.median(ridge)) if len(ridge) else 1.0
    photo_from_panel = np.array([[(x2 - x1) / width, 0, x1], [0, (y2 - y1) / height, y1], [0, 0, 1]], dtype=np.float64)
    strokes = keep_strokes(np.asarray(cv2.convertScaleAbs(raster, alpha=gain), dtype=np.uint8))
    return strokes, PanelFrame(photo_from_panel, (width, height))
