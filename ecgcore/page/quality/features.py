"""What tells an ECG from other drawings, measured on the ink of the standard panel raster.

An ECG runs on as a few long traces, flat for most of its way, with short steep strokes - the QRS complexes - that stand
at the same columns in rows that were recorded together and come again at the next beat. Text is short, charts are
smooth, brain waves and earthquakes are steep for long stretches, and none of them is steep in several rows at once.
Charts of an ECG's own leads are: these are told by the frames of their axes and by the many numbers between them.
"""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.ink_levels import STROKE_INK

RULING_ACROSS_MM, RULING_DOWN_MM = 60.0, 30.0
"""Nothing of an ECG runs dead straight for longer, across or down."""
BREAK_PX = 5
"""The steep strokes of a thin pen are faint and break: over less than this they are joined."""
TRACE_MM = 8.0
STEEP_PENS = 3.0
"""A vertical run of ink of so many pens' height is steep."""
STEEP_MM = 1.2
JOIN_MM = 1.25
WIDE_MM = 6.0
BIN_MM = 2.5
LAGS_MM = (7.0, 65.0)
"""A beat every 0.28 s to 2.6 s at 25 mm/s."""
LETTER_MM = (0.8, 5.0)
"""How high and wide letters are, at a few percent more or less than the paper's true scale."""
FRAME_MM = (18.0, 9.0)
"""The least that axes enclose, across and down."""
FRAME_FILLED = 0.8
"""Share of a box that what lies between straight lines fills."""

NAMES = (
    "columns_with_trace",
    "ink_in_traces",
    "ink_in_rulings",
    "rows",
    "flat",
    "steep",
    "steep_height_mm",
    "steep_width_mm",
    "steep_wide",
    "columns_quiet",
    "steep_stroke_dispersion",
    "periodicity",
    "baseline_concentration",
    "letters",
    "frames",
)


def trace_features(ink: ByteArray) -> FloatArray:
    """Measure a panel's ink.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.

    Returns:
        ``float64 [15]`` in the order of ``NAMES``; every value between about 0 and 5, all 0 where there is no trace.
    """
    strokes, rulings, stats, traces = _parts_of_ink(ink)
    columns, top, height = vertical_runs(traces)
    if len(columns) == 0:
        return np.zeros(len(NAMES))
    pen = float(np.median(height))
    steep = height >= max(STEEP_PENS * pen, STEEP_MM * STANDARD_PX_PER_MM)
    flat = height <= 1.7 * pen
    width_px = ink.shape[1]
    inked = np.bincount(columns, minlength=width_px) > 0
    widths_mm, heights_mm = _strokes_mm(columns[steep], top[steep], height[steep], ink.shape)
    per_bin = _binned(columns[steep], width_px)
    covered = _binned(np.flatnonzero(inked), width_px) > 0
    per_bin = per_bin[covered]
    spread = float(per_bin.var() / per_bin.mean()) if per_bin.sum() else 0.0
    return np.array(
        [
            inked.mean(),
            traces.sum() / max(1, strokes.sum()),
            rulings.sum() / max(1, strokes.sum()),
            np.log1p(len(columns) / inked.sum()),
            flat.mean(),
            np.log1p(20 * steep.mean()),
            np.log1p(np.median(heights_mm)) if len(heights_mm) else 0.0,
            np.log1p(np.quantile(widths_mm, 0.8)) if len(widths_mm) else 0.0,
            (widths_mm * (widths_mm > WIDE_MM)).sum() / max(1e-9, widths_mm.sum()),
            (per_bin == 0).mean(),
            np.log1p(spread),
            _periodicity(np.bincount(columns[steep], minlength=width_px)),
            _baseline_concentration(top[flat] + height[flat] / 2, ink.shape[0]),
            np.log1p(_letters(stats) / (width_px / STANDARD_PX_PER_MM / 100)),
            np.log1p(_frames(strokes)),
        ]
    )


def steep_share(ink: ByteArray) -> float:
    """Share of a panel's trace that is steep.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    return float(np.expm1(trace_features(ink)[NAMES.index("steep")]) / 20)


def running_traces(ink: ByteArray) -> ByteArray:
    """What runs on for longer than letters do, rulings aside, ``uint8 [h, w]``, 1 = trace."""
    return _parts_of_ink(ink)[3]


def _parts_of_ink(ink: ByteArray) -> tuple[ByteArray, ByteArray, np.ndarray, ByteArray]:
    """Strokes, rulings, OpenCV's statistics of the components of all but the rulings, and the traces among these."""
    strokes = (ink > STROKE_INK).astype(np.uint8)
    across, down = (round(mm * STANDARD_PX_PER_MM) for mm in (RULING_ACROSS_MM, RULING_DOWN_MM))
    rulings: ByteArray = np.maximum(
        cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((1, across), np.uint8)),
        cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((down, 1), np.uint8)),
    )
    drawn = cv2.morphologyEx(cv2.subtract(strokes, rulings), cv2.MORPH_CLOSE, np.ones((BREAK_PX, 1), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    running = np.zeros(count, np.uint8)
    running[1:] = stats[1:, cv2.CC_STAT_WIDTH] > TRACE_MM * STANDARD_PX_PER_MM
    return strokes, rulings, np.asarray(stats), running[labels]


def vertical_runs(mask: ByteArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column, upper edge and height of every vertical run of ink."""
    steps = np.diff(np.pad(np.ascontiguousarray(mask.T).view(np.int8), ((0, 0), (1, 1))), axis=1)
    columns, top = np.nonzero(steps == 1)
    return columns, top, np.nonzero(steps == -1)[1] - top


def _strokes_mm(
    columns: np.ndarray, top: np.ndarray, height: np.ndarray, shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Width and height of what the steep runs form when neighbours within ``JOIN_MM`` are joined."""
    steps = np.zeros((shape[0] + 1, shape[1]), np.int16)
    steps[top, columns] = 1
    steps[top + height, columns] -= 1
    mask = np.cumsum(steps, axis=0)[:-1].astype(np.uint8)
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, round(JOIN_MM * STANDARD_PX_PER_MM) | 1), np.uint8))
    stats = cv2.connectedComponentsWithStats(joined, connectivity=8)[2][1:].astype(np.float64)
    return stats[:, cv2.CC_STAT_WIDTH] / STANDARD_PX_PER_MM, stats[:, cv2.CC_STAT_HEIGHT] / STANDARD_PX_PER_MM


def _letters(stats: np.ndarray) -> int:
    """How many of the components of ink have the size of letters and figures."""
    low, high = (mm * STANDARD_PX_PER_MM for mm in LETTER_MM)
    across, down = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    return int(((down >= low) & (down <= high) & (across <= high)).sum())


def _frames(strokes: ByteArray) -> int:
    """How many rectangles of straight lines, as axes are, enclose a part of the panel."""
    across, down = (round(mm * STANDARD_PX_PER_MM) for mm in FRAME_MM)
    lines = cv2.max(
        cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((1, across), np.uint8)),
        cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((down, 1), np.uint8)),
    )
    stats = cv2.connectedComponentsWithStats(1 - lines, connectivity=4)[2]
    x, y, width, height, area = stats[1:, : cv2.CC_STAT_AREA + 1].T
    inside = (x > 0) & (y > 0) & (x + width < strokes.shape[1]) & (y + height < strokes.shape[0])
    is_box = (width >= across) & (height >= down) & (area >= FRAME_FILLED * width * height)
    return int((inside & is_box).sum())


def _binned(columns: np.ndarray, width_px: int) -> FloatArray:
    """How many of the columns fall into each ``BIN_MM``."""
    bins = (columns / (BIN_MM * STANDARD_PX_PER_MM)).astype(int)
    return np.bincount(bins, minlength=int(np.ceil(width_px / (BIN_MM * STANDARD_PX_PER_MM)))).astype(np.float64)


def _periodicity(steep_per_column: np.ndarray) -> float:
    """The highest autocorrelation of the steep strokes' columns at a beat's distance, 0 to 1."""
    profile = cv2.GaussianBlur(steep_per_column.astype(np.float32)[None], (0, 0), STANDARD_PX_PER_MM)[0]
    profile = profile - cv2.blur(profile[None], (round(40 * STANDARD_PX_PER_MM), 1))[0]
    profile = profile - profile.mean()
    n = len(profile)
    power = np.abs(np.fft.rfft(profile, 2 * n)) ** 2
    again = np.fft.irfft(power)[:n]
    low, high = (round(mm * STANDARD_PX_PER_MM) for mm in LAGS_MM)
    high = min(high, n // 2)
    if high <= low or again[0] <= 0:
        return 0.0
    lags = np.arange(low, high)
    return float(np.clip((again[low:high] / again[0] * n / (n - lags)).max(), 0.0, 1.0))


def _baseline_concentration(middle_y: FloatArray, height_px: int) -> float:
    """Share of the flat trace within a tenth of the panel's height: near the rows' baselines on an ECG."""
    counted = np.bincount((middle_y / 2).astype(int), minlength=height_px // 2 + 1)
    tenth = max(1, len(counted) // 10)
    return float(np.sort(counted)[-tenth:].sum() / max(1, counted.sum()))
