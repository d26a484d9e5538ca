"""Straight bands without print across a picture, between which several pages may lie."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatPixels

WORK_PX, PROFILE_PX = 1600, 400
"""Longer side in which print is told from paper, and in which bands are looked for."""
AROUND_PX = 9
"""Print differs from what lies around it in so large a square; shade and the grain of a desk hardly do."""
NOISE_SHARE, ABOVE_NOISE, MOST_DETAIL = 0.2, 3.0, 20.0
"""The quietest share of a picture shows its noise; detail counts from so much above it, and no more than so much, so
that a thick pen does not outweigh a fine grid."""
SLANTS_DEG = (0.0, -1.0, 1.0, -2.0, 2.0, -3.5, 3.5)
ENDS = 0.24
"""Share of the picture at each end in which no band is looked for: what lies beyond would be no page."""
EMPTY = 0.25
"""Print in a band, as a share of the usual."""
LEAST_WIDTH = 0.006
BESIDE, OTHER_COLOUR = 8, 10.0
"""So many rows beside a band are looked at, of ``PROFILE_PX``, and so far their colour must be, of 255."""
APART = 0.05
"""Of bands whose middles lie nearer one is taken."""
MOST = 2


@dataclass(frozen=True)
class Gutter:
    """An empty band.

    Args:
        is_level: whether it runs from left to right; else from top to bottom.
        low, high: where its middle line is nearest to the picture's top (left) and farthest from it, photo pixels.
        width: as a share of the picture's side across it.
        is_ground: whether it has another colour than the paper on either side, as a desk has.
    """

    is_level: bool
    low: float
    high: float
    width: float
    is_ground: bool

    def rank(self) -> tuple[bool, float]:
        """Smaller for a likelier border of pages: between the lines of a header lies paper, and may lie much of it."""
        return not self.is_ground, -self.width


def find_gutters(photo_rgb: ByteArray) -> list[Gutter]:
    """The empty bands across a picture that most likely part its pages, at most ``MOST``, the likeliest first.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.
    """
    scale = min(1.0, WORK_PX / max(photo_rgb.shape[:2]))
    small = cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    pooled = _pooled(np.dstack([_detail(np.asarray(small)), small]))
    height, width = photo_rgb.shape[:2]
    found = [*_bands(pooled, True, height), *_bands(np.ascontiguousarray(pooled.transpose(1, 0, 2)), False, width)]
    return sorted(found, key=Gutter.rank)[:MOST]


def _detail(small_rgb: ByteArray) -> FloatPixels:
    """How much print there is at each pixel, ``[h, w]``."""
    detail = np.asarray(cv2.absdiff(small_rgb, cv2.blur(small_rgb, (AROUND_PX, AROUND_PX)))).max(axis=2)
    noise = float(np.quantile(detail[::3, ::3], NOISE_SHARE))
    above = np.clip(detail.astype(np.float32) - (noise + ABOVE_NOISE), 0, MOST_DETAIL)
    return np.asarray(above, dtype=np.float32)


def _pooled(pixels: FloatPixels) -> FloatPixels:
    """The same with a longer side of ``PROFILE_PX``."""
    scale = min(1.0, PROFILE_PX / max(pixels.shape[:2]))
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _bands(pooled: FloatPixels, is_level: bool, side_px: int) -> list[Gutter]:
    """The level bands of a picture; of one that was transposed, its upright ones.

    Args:
        pooled: print and colour, ``[h, w, 4]``.
        is_level: whether the picture was not transposed.
        side_px: its height in photo pixels.
    """
    rows, columns = pooled.shape[:2]
    ends = round(ENDS * rows)
    found: list[Gutter] = []
    for slant in SLANTS_DEG:
        slope = float(np.tan(np.radians(slant)))
        rise = slope * columns
        shear = np.array([[1, 0, 0], [slope, 1, -rise / 2]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        level = np.asarray(cv2.warpAffine(pooled, shear, (columns, rows), flags=how, borderMode=cv2.BORDER_REPLICATE))
        profile, colours = level[..., 0].mean(axis=1), np.median(level[..., 1:], axis=1)
        printed = profile[profile > 0]
        empty = profile < EMPTY * (float(np.median(printed)) if len(printed) else 0.0)
        empty[:ends] = empty[rows - ends :] = False
        borders = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
        for first, last in borders.reshape(-1, 2).tolist():
            middle, reach = (first + last) / 2 / rows * side_px, abs(rise) / 2 / rows * side_px
            is_ground = _is_ground(colours, first, last)
            found.append(Gutter(is_level, middle - reach, middle + reach, (last - first) / rows, is_ground))
    return _likeliest([gutter for gutter in found if gutter.width >= LEAST_WIDTH], APART * side_px)


def _is_ground(colours: FloatPixels, first: int, last: int) -> bool:
    """Whether a band has another colour than what lies next to it on either side: no paper between lines of print."""
    own = np.median(colours[first:last], axis=0)
    beside = (colours[max(0, first - BESIDE) : first], colours[last : last + BESIDE])
    return all(len(rows) > 0 and np.abs(np.median(rows, axis=0) - own).max() > OTHER_COLOUR for rows in beside)


def _likeliest(gutters: list[Gutter], apart_px: float) -> list[Gutter]:
    """The likeliest of those that lie together."""
    kept: list[Gutter] = []
    for gutter in sorted(gutters, key=Gutter.rank):
        if all(abs(gutter.low + gutter.high - other.low - other.high) / 2 >= apart_px for other in kept):
            kept.append(gutter)
    return kept
