"""Flattening: paper, shade and printed grid are taken out of a picture, so that only the pen's ink remains."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.ink_levels import KEPT_CORE_INK, KEPT_INK, MARK_DARKNESS

MIN_PEN = 0.2
"""Darkness beyond the grid's (length of the RGB vector) from which there is a pen at all."""
TILE_PX = 32
SAMPLE_PX = 200_000
COLLINEAR_COS = 0.97
MIN_STROKE_PX = 5
TILE_MM = 5.0
"""Side of the tiles that decide where the paper is free of traces."""
DARK_GRID = 0.4
"""A grid that would be taken for this share of the pen, or more, is too dark to go by its strength."""
RULING_MM = 25.0
"""What runs straight on for so long is grid; in a straightened photo half of it (D-084)."""
FAINT_RULING_MM, SOFT_MM, GAP_MM = 20.0, 0.15, 0.6
"""Of a faint pen: for the 7 of 100 rendered pages whose hairlines were lost (D-088)."""
USUAL_RANKS = 0.95, 0.98
"""Between these shares of a panel's pixels, or at the edge of a stroke, lies the usual trace."""
FAINT_CUT = 0.35
FRAME_PX = 6
STROKE_SHARE = 0.02
"""Of a page's longer side: whatever is narrower than this and darker than all around it is print. Chosen with a
look at 40 photographed pages of seed 11 without a grid (D-094)."""
BORDER_SHARE = 0.012
"""Of the longer side: the desk that shows at a sheet's sides, and their shadow."""
SOFT_PX = 0.8
BLACK = 20
"""Paper darker than this says nothing."""


def strongest_channel(darkness: ByteArray) -> ByteArray:
    """The darkest channel of every pixel, ``uint8 [h, w]``; a maximum along the axis takes 20 times as long.

    Args:
        darkness: ``uint8 [h, w, 3]``.
    """
    red, green, blue = (darkness[..., channel] for channel in range(3))
    return np.ascontiguousarray(np.maximum(np.maximum(red, green), blue))


def darkness_rgb(photo_rgb: ByteArray) -> ByteArray:
    """Divide the local paper colour out and invert: 0 is paper, 255 no light at all, per channel.

    Linear darkness, not its logarithm, is what anti-aliasing and resampling mix in proportion to the area covered.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.

    Returns:
        ``uint8 [H, W, 3]``.
    """
    height, width = photo_rgb.shape[:2]
    small = cv2.resize(photo_rgb, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_NEAREST)
    tile = TILE_PX // 2
    rows, columns = max(1, small.shape[0] // tile), max(1, small.shape[1] // tile)
    small = cv2.resize(small, (columns * tile, rows * tile), interpolation=cv2.INTER_NEAREST)
    tiles = small.reshape(rows, tile, columns, tile, 3).transpose(0, 2, 4, 1, 3).reshape(rows, columns, 3, -1)
    nth = int(0.85 * tiles.shape[-1])
    paper = np.ascontiguousarray(np.partition(tiles, nth, axis=-1)[..., nth])
    if min(rows, columns) >= 5:
        paper = cv2.medianBlur(paper, 5)
    paper = cv2.resize(cv2.blur(paper, (3, 3)), (width, height), interpolation=cv2.INTER_LINEAR)
    white = cv2.divide(photo_rgb, np.maximum(paper, 40), scale=255.0)
    return np.asarray(cv2.bitwise_not(white), dtype=np.uint8)


def darkness_by_form(flat_rgb: ByteArray) -> ByteArray:
    """Divide out the paper, taken as what is left when everything narrow is closed away, and invert.

    A closing follows the edge of a shadow exactly, where a mean over tiles leaves a dark band beside it.

    Args:
        flat_rgb: ``uint8 [H, W, 3]``, a page without a grid that fills its picture.

    Returns:
        ``uint8 [H, W, 3]``, 0 = paper, as :func:`darkness_rgb`; paper along the border.
    """
    longest = max(flat_rgb.shape[:2])
    side = round(STROKE_SHARE * longest) | 1
    soft = cv2.GaussianBlur(flat_rgb, (0, 0), SOFT_PX)
    paper = cv2.blur(cv2.morphologyEx(soft, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), (5, 5))
    white = cv2.divide(flat_rgb, np.maximum(np.maximum(paper, flat_rgb), BLACK), scale=255.0)
    darkness = np.asarray(cv2.bitwise_not(white), dtype=np.uint8)
    border = round(BORDER_SHARE * longest)
    for strip in (darkness[:border], darkness[-border:], darkness[:, :border], darkness[:, -border:]):
        strip[:] = 0
    return darkness


def pen_ink(darkness: ByteArray, has_grid: bool, px_per_mm: float, most_cut: float = 0.6) -> ByteArray:
    """Unmix every pixel into pen and grid, and return the pen's share.

    The grid's colour is read in the tiles without any trace, the pen's from what is darker than any grid there.
    Each pixel is then the non-negative least-squares mixture of both; what grid remains is cut at the level seen in
    the empty tiles, so a grey grid under a black pen goes by its strength alone. A grid of the pen's colour that is
    nearly as dark as the pen differs from it by its form only: its rulings are then taken out first.

    Args:
        darkness: ``uint8 [h, w, 3]`` from :func:`darkness_rgb`, cut to the panel.
        has_grid: whether a grid is printed there.
        px_per_mm: of the picture; without a grid it is not used.
        most_cut: share of the pen below which marks may at most be taken for grid.

    Returns:
        ``uint8 [h, w]``: 0 paper, 255 full pen.
    """
    # The tiles are chosen once: with the rulings gone, the lightest that hold any mark would be those with a trace.
    empty = _empty_tiles(darkness, round(TILE_MM * px_per_mm)) if has_grid else np.zeros(darkness.shape[:2], np.uint8)
    share, leak = _pen_share(darkness, empty)
    if leak > DARK_GRID:
        share, leak = _pen_share(_without_rulings(darkness, px_per_mm), empty)
    cut = float(np.clip(1.2 * leak, 0.15, most_cut))
    ramp = np.clip((np.arange(256) / 255.0 - cut) / (0.9 - cut), 0.0, 1.0)
    return np.asarray(cv2.LUT(share, np.round(255 * ramp).astype(np.uint8)), dtype=np.uint8)


def _pen_share(darkness: ByteArray, empty_tiles: ByteArray) -> tuple[ByteArray, float]:
    """The pen's amount in every pixel, 255 for all, and how much of it the grid alone would be taken for, 0..1."""
    pixels = np.flatnonzero(empty_tiles)
    rows, columns = np.divmod(pixels[:: max(1, len(pixels) // SAMPLE_PX)], max(1, empty_tiles.shape[1]))
    empty = darkness[rows, columns] / 255.0
    grid = _direction(empty)
    step = max(1, int(np.sqrt(darkness.shape[0] * darkness.shape[1] / SAMPLE_PX)))
    sample = darkness[::step, ::step].reshape(-1, 3) / 255.0
    pen = _pen_colour(sample, grid, empty)
    if pen is None:
        return np.zeros(darkness.shape[:2], np.uint8), 0.0
    weights = _unmixing_weights(pen, grid)
    shares = [cv2.transform(darkness, row[None, :].astype(np.float32)) for row in weights]
    share = shares[0] if len(shares) == 1 else cv2.min(shares[0], shares[1])
    leak = float(np.quantile((empty @ weights.T).min(axis=1), 0.999)) if len(empty) else 0.0
    return np.asarray(share, dtype=np.uint8), leak


def _without_rulings(darkness: ByteArray, px_per_mm: float) -> ByteArray:
    """Subtract what runs straight on for ``RULING_MM``, across or down: the grid, not a beating trace."""
    length = round(RULING_MM * px_per_mm)
    across, down = (
        cv2.morphologyEx(darkness, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, length), (length, 1))
    )
    return np.asarray(cv2.subtract(darkness, cv2.max(across, down)), dtype=np.uint8)


def faint_ink(darkness: ByteArray, px_per_mm: float) -> ByteArray:
    """Read a pen by its form alone: what is left of the panel when everything that runs straight on is taken out.

    A hairline of half a pixel is lighter than the lines of many grids, and its colour cannot be told from theirs. It
    is softened a little, since where it passes from one row of pixels to the next both hold half of it, and closed
    where a grid line took a piece. Strength is then measured by rank, for traces fill a few percent of any page.

    Args:
        darkness: ``uint8 [h, w, 3]`` from :func:`darkness_rgb`, cut to the panel.
        px_per_mm: of the picture.

    Returns:
        ``uint8 [h, w]``: 0 paper, 255 full pen.
    """
    left = cv2.GaussianBlur(without_grid(darkness, px_per_mm, FAINT_RULING_MM), (0, 0), SOFT_MM * px_per_mm)
    side = round(GAP_MM * px_per_mm) | 1
    marks = cv2.transform(left, np.full((1, 3), 1 / 3, np.float32))
    marks = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    usual, strong = np.quantile(marks[::2, ::2], USUAL_RANKS)
    full = max(1.0, min(2 * usual, strong))
    ramp = np.clip((np.arange(256) / full - FAINT_CUT) / (1 - FAINT_CUT), 0.0, 1.0)
    return np.asarray(cv2.LUT(marks, np.round(255 * ramp).astype(np.uint8)), dtype=np.uint8)


def without_grid(darkness: ByteArray, px_per_mm: float, ruling_mm: float = RULING_MM / 2) -> ByteArray:
    """Take the printed grid out of a straightened photo, whose lines are nearly but not exactly straight.

    As :func:`_without_rulings`, but a line may waver by a pixel; and no more is taken than a grid line usually has, so
    that a trace that runs along a line keeps what it is darker.

    Args:
        darkness: ``uint8 [h, w, 3]``, 0 = paper.
        px_per_mm: of the picture.
        ruling_mm: what runs on for so long is a line.
    """
    length, waver = round(ruling_mm * px_per_mm), np.ones((3, 3), np.uint8)
    wide = cv2.dilate(darkness, waver)
    lines = cv2.max(
        *(cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, length), (length, 1)))
    )
    lines = cv2.min(lines, darkness)
    strongest = strongest_channel(np.asarray(lines[::3, ::3], dtype=np.uint8))
    printed = lines[::3, ::3][strongest > 255 * MARK_DARKNESS]
    if len(printed) == 0:
        return darkness
    usual = np.quantile(printed, 0.9, axis=0)
    return np.asarray(cv2.subtract(darkness, np.minimum(lines, usual.astype(np.uint8))), dtype=np.uint8)


def keep_strokes(raster: ByteArray) -> ByteArray:
    """Clear what is no pen stroke from the standard raster: faint remnants, specks and the panel's frame.

    Hysteresis: ink above ``KEPT_INK`` stays where it hangs on ink above ``KEPT_CORE_INK`` and reaches far enough.

    Args:
        raster: ``uint8 [h, w]``, 255 = full pen.

    Returns:
        The raster with zeros outside the strokes and their soft edges.
    """
    faint = (raster > KEPT_INK).astype(np.uint8)
    for side in (faint[:FRAME_PX], faint[-FRAME_PX:], faint[:, :FRAME_PX].T, faint[:, -FRAME_PX:].T):
        side[side.mean(axis=1) > 0.5] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(faint, connectivity=8)
    keep = np.zeros(count, np.uint8)
    keep[labels[(raster > KEPT_CORE_INK) & (faint > 0)]] = 1
    keep &= (stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1) >= MIN_STROKE_PX).astype(np.uint8)
    keep[0] = 0
    return np.asarray(raster * cv2.dilate(keep[labels], np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _empty_tiles(darkness: ByteArray, tile_px: int) -> ByteArray:
    """1 in the quarter of the marked tiles whose darkest pixel is lightest; ``[h, w]`` of whole tiles."""
    rows, columns = darkness.shape[0] // tile_px, darkness.shape[1] // tile_px
    nowhere = np.zeros((rows * tile_px, columns * tile_px), np.uint8)
    if rows == 0 or columns == 0:
        return nowhere
    mean = cv2.transform(darkness, np.full((1, 3), 1 / 3, np.float32))[: rows * tile_px, : columns * tile_px]
    tiles = mean.reshape(rows, tile_px, columns, tile_px).swapaxes(1, 2).reshape(rows * columns, -1)
    darkest = np.partition(tiles, -3, axis=1)[:, -3]
    marked = darkest > 255 * MARK_DARKNESS
    if marked.sum() < 4:
        return nowhere
    lightest = (marked & (darkest <= np.quantile(darkest[marked], 0.25))).reshape(rows, columns).astype(np.uint8)
    return np.asarray(cv2.resize(lightest, nowhere.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _direction(samples: FloatArray) -> FloatArray | None:
    """Unit colour of the marks among the samples, or None where there are none."""
    marks = samples[samples.max(axis=1) > MARK_DARKNESS] if len(samples) else samples
    if len(marks) < 20:
        return None
    colour = (marks * marks.sum(axis=1, keepdims=True)).sum(axis=0)
    unit: FloatArray = colour / np.linalg.norm(colour)
    return unit


def _pen_colour(sample: FloatArray, grid: FloatArray | None, empty: FloatArray) -> FloatArray | None:
    """Mean darkness of the pixels that are most unlike paper and grid; None where nothing stands out."""
    excess = sample
    if grid is not None:
        strongest = float(np.quantile(empty @ grid, 0.999))
        excess = sample - np.clip(sample @ grid, 0.0, strongest)[:, None] * grid
    strength = np.linalg.norm(excess, axis=1)
    strong = float(np.quantile(strength, 0.995))
    if strong < MIN_PEN:
        return None
    core = strength >= 0.8 * strong
    colour: FloatArray = np.maximum(sample[core].mean(axis=0), 1e-3)
    return colour


def _unmixing_weights(pen: FloatArray, grid: FloatArray | None) -> FloatArray:
    """Rows whose minimum over ``row @ colour`` is the pen's amount in the non-negative mixture, ``[1 or 2, 3]``."""
    alone = pen / (pen @ pen)
    if grid is None or grid @ pen / np.linalg.norm(pen) > COLLINEAR_COS:
        return alone[None, :]
    # where the grid's amount would be negative the pen alone is fitted, and that is then the smaller of the two
    both = np.linalg.pinv(np.column_stack([pen, grid]))[0]
    return np.stack([alone, both])
