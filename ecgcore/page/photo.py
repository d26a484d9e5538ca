"""A picture of a page, with what more than one reading strategy looks at, each found once; and what a strategy is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.geometry.boxes import XYXY
from ecgcore.geometry.warp import between_corners
from ecgcore.page.candidate import Candidate, Tried
from ecgcore.page.grid.rectify import StraightPicture, straighten
from ecgcore.page.grid.scale import GridScale, find_grid_scale
from ecgcore.page.ink import darkness_by_form, darkness_rgb, strongest_channel
from ecgcore.page.panel import grid_panel
from ecgcore.page.sheet import find_sheet

MAX_PREPARED_PIXELS = 8_750_000
"""A4 at 300 dpi, 12 pixels a millimetre, where a pen is 4 wide (D-226). What is larger is read in a smaller size: the
pixels that are looked at, times the ways in which they are, bound the time that any picture takes."""
MAX_SECOND_PIXELS = 4_000_000
"""A4 at 8 pixels a millimetre, which a page straightened by its grid has at most too (``grid/rectify.py``): for all
other ways than by a grid that is seen at once, since these are up to ten looks."""
SMALL_PART = 0.6
"""Where what is printed fills less of a picture, its grid is looked for there again."""
MARK, MARKED_SHARE = 20, 0.01
"""Darkness of faint grid lines, and the share of a row or column that they fill at the least, which specks do not."""
LEAST_PART_PX = 100


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture that is to be read.

    Args:
        rgb: upright, ``uint8 [H, W, 3]``.
        is_flat: a page fills it, so no sheet is looked for; without a grid it may lie in any of the four ways.
    """

    rgb: ByteArray
    is_flat: bool = False

    @cached_property
    def straight(self) -> StraightPicture | None:
        """The panel straightened by its grid; None where it is straight already or no grid tells."""
        return straighten(self.rgb)

    @cached_property
    def darkness(self) -> ByteArray:
        """Of the straightened panel, else of the picture, ``uint8 [h, w, 3]``, 0 = paper and what no photo shows."""
        if self.straight is None:
            return self.darkness_as_taken
        darkness = darkness_rgb(self.straight.picture_rgb)
        darkness[~self.straight.in_photo] = 0
        return darkness

    @cached_property
    def darkness_as_taken(self) -> ByteArray:
        """Of the picture as it lies, ``uint8 [H, W, 3]``, 0 = paper."""
        return darkness_rgb(self.rgb)

    @cached_property
    def grid(self) -> tuple[GridScale, XYXY] | None:
        """Scale and box of the printed grid in the pixels of ``darkness``; None where none is found."""
        if self.straight is not None:  # cut to its grid already
            height, width = self.straight.picture_rgb.shape[:2]
            return GridScale(self.straight.px_per_mm, self.straight.px_per_mm), (0, 0, width, height)
        scale, (x1, y1, x2, y2) = self._scale_and_place
        if scale is None or scale.is_squeezed:
            return None
        box = grid_panel(strongest_channel(self.darkness[y1:y2, x1:x2]), scale.px_per_mm)
        return None if box is None else (scale, (box[0] + x1, box[1] + y1, box[2] + x1, box[3] + y1))

    @cached_property
    def _scale_and_place(self) -> tuple[GridScale | None, XYXY]:
        """Scale of the grid of a straight picture, and where it is seen: that of a strip only on the strip."""
        strongest = strongest_channel(self.darkness)
        height, width = strongest.shape
        scale = find_grid_scale(strongest, may_be_squeezed=True)
        if scale is None:
            x1, y1, x2, y2 = part = printed_part(strongest)
            if (x2 - x1) * (y2 - y1) < SMALL_PART * height * width:
                return find_grid_scale(strongest[y1:y2, x1:x2]), part
        return scale, (0, 0, width, height)

    @property
    def squeezed(self) -> GridScale | None:
        """The scale of the printed grid where the picture is narrower or lower than its page; else None."""
        scale = None if self.straight is not None else self._scale_and_place[0]
        return scale if scale is not None and scale.is_squeezed else None

    def evened(self, scale: GridScale) -> "Photo":
        """The same picture, as large, with one scale in both directions."""
        height, width = self.rgb.shape[:2]
        even_wh = (
            max(1, round(width * scale.px_per_mm / scale.px_per_mm_x)),
            max(1, round(height * scale.px_per_mm / scale.px_per_mm_y)),
        )
        return Photo(np.asarray(cv2.resize(self.rgb, even_wh, interpolation=cv2.INTER_AREA), np.uint8), self.is_flat)

    @cached_property
    def darkness_by_form(self) -> ByteArray:
        """Of the picture, its paper followed into every shadow, ``uint8 [H, W, 3]``."""
        return darkness_by_form(self.rgb)

    @cached_property
    def sheet_xy(self) -> FloatArray | None:
        """Corners of the sheet that lies in the picture, ``[4, 2]``; None where there is none."""
        return None if self.is_flat else find_sheet(self.rgb)

    @cached_property
    def cut_off_sheet_xy(self) -> FloatArray | None:
        """Corners of a sheet that leaves the picture, ``[4, 2]``; None where there is none."""
        return None if self.is_flat else find_sheet(self.rgb, may_leave=True)

    def flat(self, corners_xy: FloatArray, most_pixels: int) -> tuple["Photo", FloatArray]:
        """What lies between four corners of it in at most so many pixels, and the homography from there to this."""
        flat_rgb, photo_from_flat = between_corners(self.rgb, corners_xy, most_pixels)
        return Photo(flat_rgb, is_flat=True), photo_from_flat

    def in_size(self, most_pixels: int) -> "Photo":
        """The same picture in at most so many pixels."""
        height, width = self.rgb.shape[:2]
        scale = float(np.sqrt(most_pixels / (height * width)))
        if scale >= 1.0:
            return self
        small_wh = max(1, int(width * scale)), max(1, int(height * scale))
        halved = self.rgb
        if scale < 0.5:  # a half is taken quickly, any other share slowly
            halved = np.asarray(cv2.resize(halved, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
        small_rgb = np.asarray(cv2.resize(halved, small_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return Photo(small_rgb, self.is_flat)


def printed_part(darkness: ByteArray) -> XYXY:
    """Box of what lies between the first and the last rows and columns in which anything is printed; else of all.

    Args:
        darkness: ``uint8 [H, W]``, 0 = paper.
    """
    is_dark = darkness > MARK
    rows, columns = (np.flatnonzero(is_dark.mean(axis=axis) > MARKED_SHARE) for axis in (1, 0))
    if min(len(rows), len(columns)) < LEAST_PART_PX:
        return 0, 0, darkness.shape[1], darkness.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@dataclass(frozen=True)
class Strategy:
    """One way to read a picture.

    Args:
        name: what a page that was read so is marked with.
        applies: whether it is worth a try, given what those before it made of the picture.
        read: makes a candidate of the picture.
        most_pixels: in which it does; what is larger is read in a smaller size.
    """

    name: str
    applies: Callable[[Photo, Tried], bool]
    read: Callable[[Photo], Candidate]
    most_pixels: int = MAX_PREPARED_PIXELS
