"""Which way the printed grid runs in every part of a picture, and the perspective that makes it run so."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import csr_matrix

from ecgcore.geometry.arrays import ByteArray, FloatArray, IndexArray

TILE_PX, HOP_PX = 128, 72
_RADII = 4, 58
"""Spectral radii, in cycles per tile, that tell a direction; below is shade, above is noise."""
_ANGLES = 360
"""Half degrees of half a turn."""
_REACH_DEG = 22.0
"""Perspective turns the grid by no more than this against its usual direction."""
_CAP = 3.0
_MIN_CONTRAST = 0.25
_OF_CLEAREST = 0.5
"""A tile of wood or of a lined sheet shows its second direction far less than the tiles of the grid: 12 of 12 small
pages that such tiles had turned came right (D-091)."""
MIN_TILES = 12


@dataclass(frozen=True)
class GridDirections:
    """The perspective of a plane with two families of parallel lines, in picture coordinates about ``middle_xy``.

    Plane coordinate u grows along ``(cos across, sin across)``, v a quarter turn further, each divided by
    ``1 + horizon @ (x, y)``.

    Args:
        across, down: angles in radians along which u grows, and v less a quarter turn, at the middle; about -45 to 45
            degrees.
        horizon: per pixel.
        middle_xy: the picture's middle.
        tiles_xy: middles of the tiles that agree, ``[n, 2]``.
        residual_deg: median absolute deviation of these tiles' directions from the plane's.
        spread_deg: how much the direction changes over these tiles.
    """

    across: float
    down: float
    horizon: FloatArray
    middle_xy: FloatArray
    tiles_xy: FloatArray
    residual_deg: float
    spread_deg: float

    @property
    def plane_from_picture(self) -> FloatArray:
        """3x3 homography to (u, v), whose origin is the middle and whose scale there is one pixel."""
        turn = np.array(
            [
                [np.cos(self.across), np.sin(self.across), 0],
                [-np.sin(self.down), np.cos(self.down), 0],
                [*self.horizon, 1.0],
            ]
        )
        to_middle = np.array([[1, 0, -self.middle_xy[0]], [0, 1, -self.middle_xy[1]], [0, 0, 1]])
        return np.asarray(turn @ to_middle, dtype=np.float64)


def find_directions(compressed: ByteArray) -> GridDirections | None:
    """Find the grid's two directions all over a picture and the perspective that explains them.

    In a tile's spectrum all harmonics of a family of parallel lines lie on one ray; traces and text spread over all.

    Args:
        compressed: darkness with faint marks lifted, ``uint8 [H, W]``.

    Returns:
        The directions, or None where too few tiles show two.
    """
    middles, rays = _ray_powers(compressed)
    if len(middles) < MIN_TILES:
        return None
    usual = _usual_crossing(rays)
    if usual >= _ANGLES // 4:
        usual -= _ANGLES // 2
    (first, clear_u), (second, clear_v) = (_peaks(rays, usual + turn) for turn in (0, _ANGLES // 2))
    middle = np.array(compressed.shape[::-1]) / 2
    return _fit_plane(middles, first, second, np.minimum(clear_u, clear_v), middle, usual * np.pi / _ANGLES)


def _ray_powers(compressed: ByteArray) -> tuple[FloatArray, FloatArray]:
    """Middle of every marked tile and its power by direction, ``[n, 2]`` and ``[n, _ANGLES]``."""
    height, width = compressed.shape
    tops, lefts = (range(0, max(1, n - TILE_PX + 1), HOP_PX) for n in (height, width))
    places = [(y, x) for y in tops for x in lefts if min(height - y, width - x) >= TILE_PX]
    if not places:
        return np.zeros((0, 2)), np.zeros((0, _ANGLES))
    tiles = np.stack([compressed[y : y + TILE_PX, x : x + TILE_PX] for y, x in places]).astype(np.float32)
    tiles -= tiles.mean(axis=(1, 2), keepdims=True)
    taper = np.hanning(TILE_PX).astype(np.float32)
    spectra = np.fft.rfft2(tiles * (taper[:, None] * taper))
    log_power = np.log(np.abs(spectra).reshape(len(tiles), -1).astype(np.float32) + 1.0)
    used, rings, to_angles = _rays()
    excess = log_power[:, used]
    for ring in rings:
        excess[:, ring] -= np.median(excess[:, ring], axis=1, keepdims=True)
    powers = np.asarray(to_angles @ np.clip(excess, 0, _CAP).T).T
    middles = np.array(places)[:, ::-1] + TILE_PX / 2
    return middles.astype(np.float64), powers.astype(np.float64)


@cache
def _rays() -> tuple[IndexArray, list[IndexArray], csr_matrix]:
    """Used bins of a half spectrum, their rings of like radius, and the matrix from bins to the mean along each ray."""
    columns = TILE_PX // 2 + 1
    fy = np.fft.fftfreq(TILE_PX, 1 / TILE_PX)[:, None] + np.zeros((1, columns))
    fx = np.arange(columns)[None, :] + np.zeros((TILE_PX, 1))
    radius = np.hypot(fx, fy).ravel()
    used = np.flatnonzero((radius >= _RADII[0] - 2) & (radius <= _RADII[1] + 2))
    number = np.full(radius.size, -1)
    number[used] = np.arange(len(used))
    rings = [np.flatnonzero((radius[used] >= r) & (radius[used] < r + 2)) for r in range(0, _RADII[1] + 4, 2)]
    along = np.arange(*_RADII)
    angle = np.arange(_ANGLES)[:, None] * np.pi / _ANGLES
    x, y = along * np.cos(angle), along * np.sin(angle)
    rows, bins, weights = [], [], []
    for dx in (0, 1):
        for dy in (0, 1):
            column, row = np.floor(x).astype(int) + dx, np.floor(y).astype(int) + dy
            share = (1 - np.abs(x - column)) * (1 - np.abs(y - row)) / len(along)
            mirrored = column < 0  # a real picture's spectrum is the same at the opposite point
            column, row = np.where(mirrored, -column, column), np.where(mirrored, -row, row)
            rows.append(np.broadcast_to(np.arange(_ANGLES)[:, None], x.shape).ravel())
            bins.append(number[(row % TILE_PX) * columns + column].ravel())
            weights.append(share.ravel())
    matrix = csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(bins))),
        shape=(_ANGLES, len(used)),
        dtype=np.float32,
    )
    return used, [ring for ring in rings if len(ring)], matrix


def _usual_crossing(rays: FloatArray) -> int:
    """First of the two square directions, 0 up to a quarter turn, that most tiles show both at once."""
    smooth = np.asarray(cv2.GaussianBlur(np.tile(rays, (1, 3)), (0, 0), 6, sigmaY=1e-3))[:, _ANGLES : 2 * _ANGLES]
    smooth = np.maximum(smooth - np.median(smooth, axis=1, keepdims=True), 0)
    return int(np.argmax(np.minimum(smooth, np.roll(smooth, -_ANGLES // 2, axis=1)).sum(axis=0)[: _ANGLES // 2]))


def _peaks(rays: FloatArray, about: int) -> tuple[FloatArray, FloatArray]:
    """Each tile's strongest direction near a given one: radians, and how clearly it stands out."""
    reach = round(_REACH_DEG * _ANGLES / 180)
    window = rays[:, (about + np.arange(-reach, reach + 1)) % _ANGLES]
    soft = np.asarray(cv2.GaussianBlur(window, (0, 0), 1.2, sigmaY=1e-3), dtype=np.float64)
    best = soft.argmax(axis=1)
    near = np.clip(best[:, None] + np.arange(-4, 5), 0, 2 * reach)
    level = np.median(soft, axis=1)
    height = np.maximum(np.take_along_axis(soft, near, axis=1) - level[:, None], 0) ** 2
    centre = (height * near).sum(axis=1) / np.maximum(height.sum(axis=1), 1e-9)
    clear = (soft.max(axis=1) - level) / np.maximum(level, 0.1)
    return (about - reach + centre) * np.pi / _ANGLES, np.where((best > 1) & (best < 2 * reach - 1), clear, 0.0)


def _fit_plane(
    tiles_xy: FloatArray, across: FloatArray, down: FloatArray, clear: FloatArray, middle: FloatArray, usual: float
) -> GridDirections | None:
    """Least squares over the four angles and slopes that turn a square grid into what the tiles show."""
    marked = clear > max(_MIN_CONTRAST, _OF_CLEAREST * float(np.quantile(clear, 0.9)))
    if marked.sum() < MIN_TILES:
        return None
    size = float(np.linalg.norm(middle))
    points, weight = (tiles_xy[marked] - middle) / size, np.sqrt(np.minimum(clear[marked], 1.0))
    seen = np.stack([across[marked], down[marked] - np.pi / 2])

    def misses(parameters: FloatArray) -> FloatArray:
        return _wrap(seen - _normals(parameters, points))

    start = np.array([usual, usual, 0.0, 0.0])
    keep = np.ones(len(points), bool)
    for _ in range(3):
        fit = least_squares(
            lambda p, keep=keep: (misses(p)[:, keep] * weight[keep]).ravel(), start, loss="soft_l1", f_scale=0.01
        )
        start = fit.x
        keep = np.abs(misses(start)).max(axis=0) < np.radians(3.0)
        if keep.sum() < MIN_TILES:
            return None
    inliers = points[keep]
    predicted = _wrap(_normals(start, inliers) - start[:2, None])
    return GridDirections(
        across=float(start[0]),
        down=float(start[1]),
        horizon=start[2:] / size,
        middle_xy=middle,
        tiles_xy=inliers * size + middle,
        residual_deg=float(np.degrees(np.median(np.abs(misses(start)[:, keep])))),
        spread_deg=float(np.degrees((predicted.max(axis=1) - predicted.min(axis=1)).max())),
    )


def _normals(parameters: FloatArray, points: FloatArray) -> FloatArray:
    """Angles at which u grows, and v less a quarter turn, at points; ``[2, n]``."""
    across, down, *horizon = parameters
    depth = 1 + points @ horizon
    angles = []
    for normal, turn in (((np.cos(across), np.sin(across)), 0.0), ((-np.sin(down), np.cos(down)), np.pi / 2)):
        gradient = np.outer(depth, normal) - np.outer(points @ normal, horizon)
        angles.append(np.arctan2(gradient[:, 1], gradient[:, 0]) - turn)
    return np.stack(angles)


def _wrap(angle: FloatArray) -> FloatArray:
    """To the nearest of equal directions: a line has no head."""
    result: FloatArray = (angle + np.pi / 2) % np.pi - np.pi / 2
    return result
