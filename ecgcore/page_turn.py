"""Which way up a page is: traces run across, calibration pulses stand on the baseline, and time runs to the right."""

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

_RUN_MM = 12.0
_SIDEWAYS = 1.5
"""How much more of the panel traces must cover the other way before a page counts as lying on its side."""
_STEEP_MM = 0.8
_P_WAVE_MM, _T_WAVE_MM = (1.8, 6.5), (2.6, 9.5)
"""Where P and T lie before and after a QRS complex at 25 mm/s."""
_MIN_BEATS = 8
UPSIDE_DOWN = -3.0
"""Evidence (in deviations) below which a page is turned by half a turn; upright pages lie above 0 as a rule."""


def find_quarter_turns(ink: ByteArray) -> int:
    """How many quarter turns clockwise bring a panel upright; 0 unless the evidence for another way is strong.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    turns = 1 if _lies_on_its_side(ink) else 0
    if turns:
        ink = np.ascontiguousarray(np.rot90(ink, -1))
    return turns + (2 if upright_evidence(ink) < UPSIDE_DOWN else 0)


def _lies_on_its_side(ink: ByteArray) -> bool:
    """Whether traces run down a tall panel; rows of tall beats that touch run down wide ones too (3 pages of 479)."""
    height, width = ink.shape
    if height <= width:
        return False
    down = _running_share(np.ascontiguousarray(ink.T))
    return down > 0.3 and down > _SIDEWAYS * _running_share(ink)


def _strokes(ink: ByteArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Connected strokes: the number of each pixel's, 0 for paper, and what OpenCV measures of each."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 80).astype(np.uint8), connectivity=8)
    return np.asarray(labels, dtype=np.int32), np.asarray(stats, dtype=np.int32)


def _running_share(ink: ByteArray) -> float:
    """Share of the columns under strokes that run on across for ``_RUN_MM`` and are no taller than they are wide."""
    labels, stats = _strokes(ink)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    running = (width > _RUN_MM * STANDARD_PX_PER_MM) & (height < width)
    running[0] = False
    lines = running[labels].sum(axis=0)
    return float(np.minimum(lines, 3).mean() / 3)


def upright_evidence(ink: ByteArray) -> float:
    """How surely a panel with traces across is upright rather than upside down, in deviations; negative is turned.

    A P wave is small and short, a T wave is large and long: after a QRS complex the trace leaves its baseline more than
    before it, whatever its sign. Pulses are open at the bottom.
    """
    labels, stats = _strokes(ink)
    differences = [_t_less_p(trace) for trace in _traces(labels, stats)]
    values = np.concatenate(differences) if differences else np.zeros(0)
    beats = float(np.mean(np.sign(values)) * np.sqrt(len(values))) if len(values) >= _MIN_BEATS else 0.0
    return beats + 4.0 * _pulse_side(labels, stats)


def _traces(labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32]) -> list[FloatArray]:
    """Height of each long stroke above its median, in mm by column."""
    traces = []
    for number in range(1, len(stats)):
        x, y, width, height, _ = stats[number]
        if width < 25 * STANDARD_PX_PER_MM or height > 60 * STANDARD_PX_PER_MM:
            continue
        mask = labels[y : y + height, x : x + width] == number
        rows = np.arange(height)[:, None]
        middle = (mask * rows).sum(axis=0) / np.maximum(mask.sum(axis=0), 1)
        traces.append((np.median(middle) - middle) / STANDARD_PX_PER_MM)
    return traces


def _t_less_p(height_mm: FloatArray) -> FloatArray:
    """For each QRS complex: deviation of the trace after it less that before it, mm."""
    slope = np.abs(np.gradient(height_mm))
    steep = cv2.dilate(slope[None].astype(np.float32), np.ones((1, 17), np.uint8))[0]
    peaks = np.flatnonzero((slope >= steep - 1e-6) & (slope > max(0.3, 0.4 * float(np.quantile(slope, 0.995)))))
    found = []
    for at in peaks:
        before, after = (
            np.array([at + sign * round(a * STANDARD_PX_PER_MM) for a in span])
            for sign, span in ((-1, _P_WAVE_MM[::-1]), (1, _T_WAVE_MM))
        )
        if before[0] < 0 or after[1] >= len(height_mm):
            continue
        early, late = height_mm[before[0] : before[1]], height_mm[after[0] : after[1]]
        found.append(float(np.ptp(late) - np.ptp(early)))
    return np.array(found)


def _pulse_side(labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32]) -> float:
    """1 where shapes like a calibration pulse are open below, -1 where above, 0 where there are none."""
    votes = 0
    for number in range(1, len(stats)):
        x, y, width, height, _ = stats[number]
        if not (6 < height / STANDARD_PX_PER_MM < 24 and 2.5 < width / STANDARD_PX_PER_MM < 14):
            continue
        mask = labels[y : y + height, x : x + width] == number
        top, bottom = (_is_roof(mask), _is_roof(mask[::-1]))
        votes += int(top) - int(bottom)
    return float(np.sign(votes))


def _is_roof(mask: np.ndarray) -> bool:
    """Whether a mask is two uprights under one flat roof, as a pulse is."""
    height = len(mask)
    middle = mask[int(0.3 * height) : int(0.7 * height)]
    uprights = np.flatnonzero(middle.mean(axis=0) > 0.8)
    if len(uprights) < 2 or uprights[-1] - uprights[0] < 9:
        return False
    left, right = uprights[0], uprights[-1]
    inside = middle[:, left + 4 : right - 3]
    roof = mask[: max(3, height // 6), left : right + 1].any(axis=0).mean()
    floor = mask[-max(3, height // 6) :, left + 4 : right - 3].any(axis=0).mean()
    return bool(inside.mean() < 0.1 and roof > 0.9 and floor < 0.4)
