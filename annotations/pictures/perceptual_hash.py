"""Perceptual hashes: what stays of a picture that is encoded anew, scaled, brightened or slightly cropped.

A hash is the signs of low frequencies of a cosine transform (Zauner 2010): once of the whole picture, which encoding,
scale and brightness leave alone, and once of the panel's ink within its own extent, which a crop of the margins leaves
alone. Where no panel can be prepared the first stands alone. The lowest horizontal frequencies are left out: they tell
how rows and columns are arranged, which all pages of a machine share; the beats are above them.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.types import ByteArray, FloatArray

NO_HASH = "-"
"""The hash of a picture that shows nothing."""

LONGEST_PX = 1200
"""Larger pictures are looked at in this size: it takes a third of the time, and copies come closer to each other."""
RASTER_WH = (256, 128)
FIRST_COLUMN, SIDE = 6, 32
"""Cosines along x that count, and how many each way."""
BITS = SIDE * SIDE
EXTENT = 0.02
"""Share of the ink that lies outside its extent on each side: specks and labels do not move it."""
PICTURE_LIMIT, PANEL_LIMIT = 0.06, 0.20
"""Shares of differing bits below which two pictures are near-copies, see ``benchmarks/store/near_duplicates.py``: of
all 619 thousand pairs of 1,113 different pages of one machine the closest differ by 0.073 and by 0.214."""
MIN_DEVIATION = 1.0


def perceptual_hash(photo_rgb: ByteArray) -> str:
    """The perceptual hash of a picture: hexadecimal, of the picture and then, where there is one, of its panel.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
    """
    scale = LONGEST_PX / max(photo_rgb.shape[:2])
    if scale < 1:
        photo_rgb = np.asarray(cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2GRAY)
    if grey.std() < MIN_DEVIATION:
        return NO_HASH
    picture = _signs(grey)
    try:
        ink = prepare_page(photo_rgb).ink
    except NotScreenableError:
        return picture
    (x1, x2), (y1, y2) = (_extent(ink.sum(axis=axis, dtype=np.float64)) for axis in (0, 1))
    return picture + _signs(np.sqrt(ink[y1:y2, x1:x2], dtype=np.float32))


def distances(phash: str, others: Sequence[str]) -> FloatArray:
    """How far other hashes are from one, in units of the limits: below 1 is a near-copy.

    Args:
        phash: of one picture.
        others: of ``n`` pictures.

    Returns:
        ``float64 [n]``, infinite where one of both shows nothing.
    """
    differing = np.bitwise_count(_bits([phash]) ^ _bits(others)).reshape(-1, 2, BITS // 8).sum(axis=2)
    relative = differing / BITS / (PICTURE_LIMIT, PANEL_LIMIT)
    lengths = np.array([min(len(phash), len(other)) for other in others], dtype=int)
    known = lengths[:, None] >= (BITS // 4, BITS // 2)
    return np.asarray(np.where(known, relative, np.inf).min(axis=1), dtype=np.float64)


def _signs(raster: np.ndarray) -> str:
    small = cv2.resize(raster.astype(np.float32), RASTER_WH, interpolation=cv2.INTER_AREA)
    waves = cv2.dct(small)[:SIDE, FIRST_COLUMN : FIRST_COLUMN + SIDE]
    return np.packbits(waves > 0).tobytes().hex()


def _extent(mass: FloatArray) -> tuple[int, int]:
    """The stretch of a profile that holds all but ``EXTENT`` of it on each side."""
    share = np.cumsum(mass) / mass.sum()
    return int(np.searchsorted(share, EXTENT)), int(np.searchsorted(share, 1 - EXTENT)) + 1


def _bits(phashes: Sequence[str]) -> ByteArray:
    """``uint8 [n, 2 * BITS / 8]``; what a hash lacks is zero."""
    digits = "".join(("" if phash == NO_HASH else phash).ljust(BITS // 2, "0") for phash in phashes)
    return np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(-1, BITS // 4)
