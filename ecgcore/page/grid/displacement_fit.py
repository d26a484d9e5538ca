"""How a printed grid departs from a perfect one: its local phase, and the smooth displacement that explains it."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import csr_matrix, eye_array, kron

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, FloatPixels, IndexArray
from ecgcore.geometry.displacement import DisplacementField
from ecgcore.page.grid import CELL_PX, GRID_PX_PER_MM

_PERIODS_PX = 5 * GRID_PX_PER_MM, GRID_PX_PER_MM
_KNOT_CELLS = 5
_FULL, _FAINT = 100.0, 15.0
"""A mark's weight, and the difference in darkness at which it has half of it."""
_MIN_LOCK, _MIN_PHASE = 0.12, 0.1
_SMOOTH_CELLS, _MIN_CONTRAST = 0.7, 5.0
_STIFFNESS = 0.02
_ROUNDS = 3


@dataclass(frozen=True)
class GridFit:
    """What :func:`fit_grid` found.

    Args:
        displacement: from the perfect grid's coordinates to where it lies in the picture, in pixels of
            ``GRID_PX_PER_MM``.
        present: cells where a grid is printed, ``bool [rows, columns]``, in the picture's coordinates.
        residual_mm: median distance of the grid's lines from where the displacement puts them.
    """

    displacement: DisplacementField
    present: np.ndarray
    residual_mm: float


def fit_grid(compressed: ByteArray) -> GridFit | None:
    """Fit a smooth displacement to a nearly upright grid of nearly ``GRID_PX_PER_MM``.

    Cell by cell the picture is multiplied by the grid's wave and averaged (lock-in detection). The phase is the line's
    displacement; differences of neighbouring phases need no unwrapping and give its slope, then what is left its place.

    Args:
        compressed: darkness with faint marks lifted, ``uint8 [H, W]``; 0 outside the photo.

    Returns:
        The fit, or None where too few cells hold a grid, or none whose lines run on as one displacement has them.
    """
    rows, columns = (n // CELL_PX for n in compressed.shape)
    if min(rows, columns) < 4:
        return None
    picture = _lines_alike(compressed[: rows * CELL_PX, : columns * CELL_PX])
    # smoothed as the waves are: else a blank cell beside a strong edge would seem to be all wave
    power = cv2.GaussianBlur(_cells(picture**2) - _cells(picture) ** 2, (0, 0), _SMOOTH_CELLS)
    contrast = np.sqrt(np.maximum(power, _MIN_CONTRAST**2))
    waves = []
    for axis in (0, 1):
        locked = [_lock_in(picture, axis, period) / contrast for period in _PERIODS_PX]
        strength = [float(np.quantile(np.abs(z), 0.6)) for z in locked]
        best = 0 if strength[0] > 0.4 * strength[1] else 1
        waves.append((locked[best], _PERIODS_PX[best]))
    clear = np.minimum(np.abs(waves[0][0]), np.abs(waves[1][0]))
    present = _largest((clear > _MIN_LOCK).astype(np.uint8))
    if present.sum() < 16:
        return None
    ys, xs = np.nonzero(present)
    middles = np.asarray((np.column_stack([xs, ys]) + 0.5) * CELL_PX, dtype=np.float64)
    blank = _zero_displacement(rows, columns)
    shifts = np.stack([_displacement(z, period, present, middles, blank) for z, period in waves], axis=1)
    perfect = middles - shifts
    weight = clear[ys, xs].astype(np.float64)
    for _ in range(_ROUNDS):
        displacement = _fit_spline(_design(blank, perfect), shifts, weight, blank)
        misses = np.linalg.norm(shifts - displacement.at(perfect), axis=1)
        scale = max(0.2, 2.0 * float(np.median(misses)))
        weight = clear[ys, xs] / (1 + (misses / scale) ** 2)
    in_phase = _in_phase(waves, displacement)
    return GridFit(displacement, in_phase, float(np.median(misses)) / GRID_PX_PER_MM) if in_phase.any() else None


def _lines_alike(compressed: ByteArray) -> FloatPixels:
    """What is darker or lighter than its surroundings, faint or strong nearly alike: else rules and QRS complexes that
    stand above each other pull the lines' phase, up to a whole period."""
    values = compressed.astype(np.float32)
    detail = values - cv2.blur(values, (CELL_PX, CELL_PX))
    return np.asarray(_FULL * detail / (np.abs(detail) + _FAINT), dtype=np.float32)


def _in_phase(waves: list[tuple[np.ndarray, int]], displacement: DisplacementField) -> BoolArray:
    """Cells whose lines run on where the displacement has them: a desk's texture and text do not."""
    rows, columns = waves[0][0].shape
    xs, ys = (np.asarray((np.arange(n) + 0.5) * CELL_PX, dtype=np.float64) for n in (columns, rows))
    shifts = displacement.on_grid(xs, ys)
    agreement = []
    for axis, (z, period_px) in enumerate(waves):
        expected = np.exp(-2j * np.pi * shifts[..., axis] / period_px)
        agreement.append(cv2.GaussianBlur((z * np.conj(expected)).real, (0, 0), 0.8))
    both = np.minimum(*agreement)
    return _largest((both > max(_MIN_PHASE, 0.3 * float(np.quantile(both, 0.8)))).astype(np.uint8)) > 0


def _cells(values: np.ndarray) -> np.ndarray:
    """Mean over every cell."""
    rows, columns = (n // CELL_PX for n in values.shape)
    return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA))


def _lock_in(picture: np.ndarray, axis: int, period_px: int) -> np.ndarray:
    """Complex amplitude of the wave of lines along an axis in every cell, lightly smoothed, ``[rows, columns]``."""
    at = np.arange(picture.shape[1 - axis], dtype=np.float32) + 0.5
    turn = 2 * np.pi / period_px * at
    wave = [np.cos(turn), -np.sin(turn)]
    parts = [_cells(picture * (w[None, :] if axis == 0 else w[:, None])) for w in wave]
    soft = [cv2.GaussianBlur(part, (0, 0), _SMOOTH_CELLS) for part in parts]
    return np.asarray(2 * (soft[0] + 1j * soft[1]))


def _largest(mask: ByteArray) -> ByteArray:
    """The largest connected area, with small holes filled."""
    padded = cv2.copyMakeBorder(mask, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=0)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))[4:-4, 4:-4]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), dtype=np.uint8)


def _zero_displacement(rows: int, columns: int) -> DisplacementField:
    """No displacement anywhere, with knots over all cells and one knot beyond."""
    step = float(_KNOT_CELLS * CELL_PX)
    count = [int(np.ceil(n / _KNOT_CELLS)) + 5 for n in (rows, columns)]
    return DisplacementField((-step, -step), (step, step), np.zeros((*count, 2)))


def _design(displacement: DisplacementField, points_xy: FloatArray) -> csr_matrix:
    """Weight of every coefficient at every point, ``[n, rows * columns]``: 16 in a row, since the spline is cubic."""
    rows, columns = displacement.shifts_xy.shape[:2]
    (across, by_across), (down, by_down) = (_weights_of_four(displacement, axis, points_xy[:, axis]) for axis in (0, 1))
    places = (down[:, :, None] * columns + across[:, None, :]).ravel()
    weights = (by_down[:, :, None] * by_across[:, None, :]).ravel()
    return csr_matrix((weights, places, np.arange(len(points_xy) + 1) * 16), shape=(len(points_xy), rows * columns))


def _weights_of_four(displacement: DisplacementField, axis: int, values: FloatArray) -> tuple[IndexArray, FloatArray]:
    """The four coefficients along an axis that count at each place, and their weights, ``[n, 4]`` both."""
    weights = displacement.weights(axis, values)
    first = np.minimum((weights > 0).argmax(axis=1), weights.shape[1] - 4)
    numbers = first[:, None] + np.arange(4)
    return numbers, np.take_along_axis(weights, numbers, axis=1)


def _displacement(
    z: np.ndarray, period_px: int, present: ByteArray, middles: FloatArray, blank: DisplacementField
) -> FloatArray:
    """Displacement of the lines in every present cell, in pixels, ``[n]``, up to a whole number of periods for all."""
    number = np.full(present.shape, -1)
    ys, xs = np.nonzero(present)
    number[ys, xs] = np.arange(len(ys))
    pairs, slopes, weights = [], [], []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        both = (number[here] >= 0) & (number[there] >= 0)
        turn = (z[there] * np.conj(z[here]))[both]
        pairs.append(np.column_stack([number[here][both], number[there][both]]))
        slopes.append(-np.angle(turn) * period_px / (2 * np.pi))
        weights.append(np.sqrt(np.abs(turn)))
    pair, slope, weight = np.concatenate(pairs), np.concatenate(slopes), np.concatenate(weights)
    design = _design(blank, middles)
    steps = design[pair[:, 1]] - design[pair[:, 0]]
    robust = weight.copy()
    for _ in range(_ROUNDS):
        coefficients = _solve(steps, slope[:, None], robust, blank)
        misses = np.abs(steps @ coefficients[:, 0] - slope)
        robust = weight / (1 + (misses / max(0.2, 2.0 * float(np.median(misses)))) ** 2)
    smooth = design @ coefficients[:, 0]
    rest = z[ys, xs] * np.exp(2j * np.pi * smooth / period_px)
    common = rest.sum()
    left_over = -np.angle(rest * np.conj(common)) * period_px / (2 * np.pi)
    return np.asarray(smooth + left_over - np.angle(common) * period_px / (2 * np.pi), dtype=np.float64)


def _fit_spline(
    design: csr_matrix, shifts: FloatArray, weight: FloatArray, blank: DisplacementField
) -> DisplacementField:
    coefficients = _solve(design, shifts, weight, blank)
    return DisplacementField(blank.origin_xy, blank.step_xy, coefficients.reshape(blank.shifts_xy.shape))


def _solve(design: csr_matrix, targets: FloatArray, weight: FloatArray, blank: DisplacementField) -> FloatArray:
    """Weighted least squares with a penalty on bending, which runs on straight where nothing is seen."""
    rows, columns = blank.shifts_xy.shape[:2]
    bend = [np.diff(np.eye(n), n=2, axis=0) for n in (rows, columns)]
    slope = [np.diff(np.eye(n), axis=0) for n in (rows, columns)]
    penalty = sum(
        p.T @ p
        for p in (
            kron(bend[0], eye_array(columns)),
            kron(eye_array(rows), bend[1]),
            np.sqrt(2) * kron(slope[0], slope[1]),
        )
    ).toarray()
    weighted = design.multiply(weight[:, None]).tocsr()
    normal = (weighted.T @ design).toarray()
    stiffness = _STIFFNESS * float(np.trace(normal)) / len(normal)
    normal = normal + stiffness * penalty + 1e-6 * stiffness * np.eye(len(normal))
    return np.asarray(np.linalg.solve(normal, weighted.T @ targets), dtype=np.float64)
