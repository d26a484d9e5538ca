"""Straightening: a photo of a tilted, turned or bent page becomes a picture whose grid is upright and of one scale."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.geometry.warp import on_pixel_centres, resample
from ecgcore.page.grid import CELL_PX, GRID_PX_PER_MM
from ecgcore.page.grid.directions import TILE_PX, GridDirections, find_directions
from ecgcore.page.grid.displacement_fit import fit_grid
from ecgcore.page.grid.extent import find_sides
from ecgcore.page.grid.scale import MAX_SIDE_MM, compress_contrast, find_grid_scale
from ecgcore.page.ink import darkness_rgb, strongest_channel

WORK_PX = 1600
STRAIGHT_DEG, STRAIGHT_SPREAD_DEG = 1.7, 0.75
"""Below both a page counts as straight: scans and exports are, and go the short way. 60 Khan and rendered pages kept
their ink to the byte by it (D-082)."""
WAVY_DEG, WAVY_SPREAD_DEG = 0.15, 0.5
"""Above both it does not: its lines change direction, and other than by perspective."""
SCALE_SLACK_STEPS = 230
"""A tilted page is foreshortened: its two scales may differ by 2 * 230 * 4e-4 = 18 %."""
MAX_RESIDUAL_MM = 0.8
REACH_MM = 20
"""How far beyond the tiles or cells that surely hold a grid more of it is looked for."""
PX_PER_MM = 4.0, 8.0
"""Bounds of the straightened picture's scale, which follows the photo's between them."""


@dataclass(frozen=True)
class StraightPicture:
    """A photo's panel as if it had been scanned.

    Args:
        picture_rgb: ``uint8 [h, w, 3]``, all that the printed grid fills, upright but for quarter turns.
        in_photo: which of its pixels lie in the photo, ``bool [h, w]``.
        px_per_mm: of this picture, the same in both directions.
        frame: from its pixels (as panel) to those of the photo.
    """

    picture_rgb: ByteArray
    in_photo: BoolArray
    px_per_mm: float
    frame: PanelFrame


def straighten(photo_rgb: ByteArray) -> StraightPicture | None:
    """Undo perspective, rotation (but for quarter turns), lens and bending by the printed grid.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.

    Returns:
        The straightened panel, or None where the page is straight already or no grid tells.
    """
    work_scale = min(1.0, WORK_PX / max(photo_rgb.shape[:2]))
    work = (
        photo_rgb
        if work_scale == 1
        else np.asarray(
            cv2.resize(photo_rgb, None, fx=work_scale, fy=work_scale, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    )
    panel = _find_panel(work)
    if panel is None:
        return None
    to_photo = np.diag([photo_rgb.shape[1] / work.shape[1], photo_rgb.shape[0] / work.shape[0], 1.0])
    panel = replace(panel, photo_from_panel=to_photo @ panel.photo_from_panel)
    px_per_mm = float(np.clip(panel.photo_px_per_panel_px * GRID_PX_PER_MM, *PX_PER_MM))
    step = GRID_PX_PER_MM / px_per_mm
    width, height = (round(side / step) for side in panel.panel_wh)
    frame = panel.after(np.diag([step, step, 1.0]), (width, height))
    picture, in_photo = resample(photo_rgb, frame)
    return StraightPicture(picture, in_photo, px_per_mm, frame)


def _find_panel(work_rgb: ByteArray) -> PanelFrame | None:
    """From the printed grid, ``GRID_PX_PER_MM``, to the work picture; None as :func:`straighten` says."""
    compressed = compress_contrast(strongest_channel(darkness_rgb(work_rgb)))
    directions = find_directions(compressed)
    if directions is None or _is_straight(directions):
        return None
    grid_from_work = _grid_from_work(compressed, directions)
    if grid_from_work is None:
        return None
    matrix, grid_wh = grid_from_work
    upright = cv2.warpPerspective(compressed, on_pixel_centres(matrix), grid_wh, flags=cv2.INTER_LINEAR)
    grid = fit_grid(np.asarray(upright, dtype=np.uint8))
    if grid is None or grid.residual_mm > MAX_RESIDUAL_MM:
        return None
    reach = REACH_MM * GRID_PX_PER_MM
    ys, xs = np.nonzero(grid.present)
    low, high = (np.array([xs.min(), ys.min()]) * CELL_PX, np.array([xs.max() + 1, ys.max() + 1]) * CELL_PX)
    corner = low - reach - grid.displacement.at((low + high)[None] / 2.0)[0]
    width, height = (int(side) + 2 * reach for side in high - low)
    whole = PanelFrame(np.asarray(np.linalg.inv(matrix), dtype=np.float64), grid_wh, grid.displacement)
    around = whole.after(np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1]]), (width, height))
    x1, y1, x2, y2 = find_sides(*resample(work_rgb, around), (reach, reach, width - reach, height - reach))
    return around.after(np.array([[1.0, 0, x1], [0, 1.0, y1], [0, 0, 1]]), (x2 - x1, y2 - y1))


def _is_straight(directions: GridDirections) -> bool:
    turn = max(abs(directions.across), abs(directions.down))
    is_wavy = directions.residual_deg > WAVY_DEG and directions.spread_deg > WAVY_SPREAD_DEG
    return bool(np.degrees(turn) < STRAIGHT_DEG and directions.spread_deg < STRAIGHT_SPREAD_DEG and not is_wavy)


def _grid_from_work(compressed: ByteArray, directions: GridDirections) -> tuple[FloatArray, tuple[int, int]] | None:
    """Homography from the work picture to a nearly perfect grid of ``GRID_PX_PER_MM``, and that picture's size."""
    plane = directions.plane_from_picture
    half = TILE_PX / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    points = (directions.tiles_xy[:, None] + corners).reshape(-1, 2)
    depth = np.column_stack([points, np.ones(len(points))]) @ plane[2]
    if depth.min() < 0.2:
        return None
    flat = cv2.perspectiveTransform(points[None], plane)[0]
    low, high = flat.min(axis=0), flat.max(axis=0)
    size = tuple(int(n) for n in np.ceil(high - low))
    if max(size) > 3 * WORK_PX or min(size) < TILE_PX:
        return None
    plane = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ plane
    upright = cv2.warpPerspective(compressed, on_pixel_centres(plane), size, flags=cv2.INTER_LINEAR)
    scale = find_grid_scale(np.asarray(upright, dtype=np.uint8), SCALE_SLACK_STEPS)
    if scale is None or max(size) / scale.px_per_mm > MAX_SIDE_MM:
        return None
    across, down = GRID_PX_PER_MM / scale.px_per_mm_x, GRID_PX_PER_MM / scale.px_per_mm_y
    reach = REACH_MM * GRID_PX_PER_MM  # tiles that hold little of the grid were not among those that agree
    enlarge = np.array([[across, 0, reach], [0, down, reach], [0, 0, 1]])
    wide, high_ = (int(np.ceil(n * by)) + 2 * reach for n, by in zip(size, (across, down), strict=True))
    return enlarge @ plane, (wide, high_)
