"""Photographs papersim's pages - bent, on a desk, tilted, badly lit - with the exact way of every point."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.papersim.draw import SimPage
from ecgcore.papersim.photo.desk import DESKS, draw_desk
from ecgcore.papersim.photo.light import develop, light_up
from ecgcore.papersim.photo.sheet_and_camera import Camera, Framing, Sheet

_COARSE_PX = 8
"""The way back from photo to page is solved every so many pixels; between them it is as good as straight."""
_SUN = 2.5
"""How much brighter or darker a slope of 1 towards the light makes the paper."""


@dataclass(frozen=True, slots=True)
class PhotoDamage:
    """Everything that a phone, a hand and a desk do to one page; angles in degrees, lengths as the name says.

    Attributes:
        quarter_turns: how often the phone was turned by 90 degrees.
        rotation_deg, tilt_deg: turn within the picture, and tilt about the picture's x and y axis.
        distance: of the camera, in diagonals of the page; nearer is stronger perspective.
        barrel: radial distortion at the picture's corner, as a share of its half diagonal; negative is barrel.
        curl, curl_deg: steepest slope of a sheet bent like a cylinder, and its direction.
        folds: up to four of (place along the page 0..1, slope, whether across), as folded in a pocket.
        long_px, aspect: longer side of the photo; width over height, None to fit the page.
        fill: how much of the photo the page takes; above 1 it is cut off.
        desk: one of ``DESKS``.
        shadows: number of cast shadows; ``shade`` is their depth, ``gradient`` that of the light's fall-off.
        exposure, warmth: gain of the exposure; red against blue.
        blur_px, motion_px, noise, moire: as seen in the photo; ``jpeg_quality`` None leaves it out.
    """

    quarter_turns: int = 0
    rotation_deg: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    distance: float = 1.4
    barrel: float = 0.0
    curl: float = 0.0
    curl_deg: float = 0.0
    folds: tuple[tuple[float, float, bool], ...] = ()
    long_px: int = 2000
    aspect: float | None = None
    fill: float = 0.9
    offset: tuple[float, float] = (0.0, 0.0)
    desk: str = "plain"
    shadows: int = 0
    shade: float = 0.3
    gradient: float = 0.0
    exposure: float = 0.95
    warmth: float = 0.0
    blur_px: float = 0.0
    motion_px: float = 0.0
    noise: float = 0.0
    moire: float = 0.0
    jpeg_quality: int | None = None


def random_damage(rng: np.random.Generator, *, long_px: int | None = None) -> PhotoDamage:
    """Draw damage as varied as what clinicians send; the same state of ``rng`` gives the same damage.

    Args:
        rng: source of chance.
        long_px: longer side of the photo; drawn at random by default.
    """
    turns = int(rng.choice(4, p=[0.7, 0.1, 0.1, 0.1]))
    folds = tuple(
        (float(rng.uniform(0.15, 0.85)), float(rng.normal(0, 0.06)), bool(rng.random() < 0.6))
        for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.1])))
    )
    on_screen = rng.random() < 0.1
    aspect = (None, 4 / 3, 3 / 4, 16 / 9)[rng.choice(4, p=[0.55, 0.25, 0.1, 0.1])]
    return PhotoDamage(
        quarter_turns=turns,
        rotation_deg=float(rng.choice([rng.normal(0, 4), rng.uniform(-20, 20)], p=[0.8, 0.2])),
        tilt_deg=(float(rng.normal(0, 9)), float(rng.normal(0, 9))),
        distance=float(rng.uniform(1.0, 2.2)),
        barrel=float(rng.uniform(-0.04, 0.01) * (rng.random() < 0.6)),
        curl=float(abs(rng.normal(0, 0.1)) * (rng.random() < 0.5) * (not on_screen)),
        curl_deg=float(rng.choice([0.0, 90.0, rng.uniform(0, 180)])),
        folds=() if on_screen else folds,
        long_px=long_px or int(rng.integers(1500, 3001)),
        aspect=aspect,
        fill=float(rng.uniform(0.75, 1.0) if rng.random() < 0.8 else rng.uniform(1.0, 1.25)),
        offset=(float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))),
        desk="screen" if on_screen else str(rng.choice([d for d in DESKS if d != "screen"])),
        shadows=int(rng.choice([0, 1, 2], p=[0.4, 0.4, 0.2])),
        shade=float(rng.uniform(0.1, 0.5)),
        gradient=float(rng.uniform(0, 0.4)),
        exposure=float(rng.uniform(0.6, 1.05)),
        warmth=float(rng.normal(0, 0.05)),
        blur_px=float(rng.uniform(0.3, 1.3)),
        motion_px=float(rng.uniform(1, 4) * (rng.random() < 0.15)),
        noise=float(rng.uniform(0.5, 6)),
        moire=float(rng.uniform(0.05, 0.2) * on_screen),
        jpeg_quality=int(rng.integers(55, 96)),
    )


@dataclass(frozen=True)
class SimPhoto:
    """A photographed page and its truth, in photo pixels on pixel edges.

    Args:
        image_rgb: ``uint8 [H, W, 3]``.
        corners_photo_xy: the panel's corners, clockwise from the page's top left, ``[4, 2]``; some may lie outside.
        boxes_photo_xyxy: upright boxes that enclose the page's beat boxes, ``[n, 4]``, of those wholly in the picture.
        box_index: which boxes of the page these are, ``[n]``.
        sheet, camera: together the mapping, exact: see :meth:`points_to_photo`.
    """

    image_rgb: ByteArray
    corners_photo_xy: FloatArray
    boxes_photo_xyxy: FloatArray
    box_index: np.ndarray
    sheet: Sheet
    camera: Camera

    def points_to_photo(self, points_page_xy: FloatArray) -> FloatArray:
        """Where points of the page (pixels of its picture) came to lie in the photo, ``[n, 2]`` to ``[n, 2]``."""
        return self.camera.project(self.sheet.lift(points_page_xy))


def photograph(page: SimPage, damage: PhotoDamage, seed: int) -> SimPhoto:
    """Photograph a page; the same arguments give the same pixels.

    Args:
        page: a page of ``draw_page``; its picture is the sheet. Its style's ``rotation_deg`` must be 0, since the
            panel's place is known without it only.
        damage: what happens to it.
        seed: seeds desk, shadows and noise.
    """
    rng = np.random.default_rng(seed)
    height, width = page.image_rgb.shape[:2]
    sheet = Sheet.bent((width, height), damage.curl, damage.curl_deg, damage.folds)
    camera = Camera.aimed(
        sheet,
        Framing(damage.long_px, damage.aspect, damage.fill, damage.offset),
        turn_deg=90.0 * damage.quarter_turns + damage.rotation_deg,
        tilt_deg=damage.tilt_deg,
        distance=damage.distance,
        barrel=damage.barrel,
    )
    page_xy = _page_points(sheet, camera)
    photo = draw_desk(damage.desk, camera.photo_wh, rng)
    on_sheet, slope = _coverage(page_xy, (width, height)), sheet.slope_towards_light(page_xy)
    seen = cv2.remap(
        _at_photo_resolution(page.image_rgb, page_xy),
        *_for_remap(page_xy, page.image_rgb.shape, camera.photo_wh),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    if damage.moire:
        seen *= _screen_pixels(page_xy, camera.photo_wh, page.px_per_mm, damage.moire)
    lit = 1 + np.clip(_SUN * _enlarge(slope, camera.photo_wh), -0.5, 0.5)
    paper = _enlarge(on_sheet, camera.photo_wh)
    photo += (seen * lit[..., None] - photo) * paper[..., None]
    photo *= light_up(camera.photo_wh, damage.shadows, damage.shade, damage.gradient, rng)[..., None]
    photo *= damage.exposure * np.array([1 + damage.warmth, 1.0, 1 - damage.warmth], np.float32)
    image_rgb = develop(photo, damage.blur_px, damage.motion_px, damage.noise, damage.jpeg_quality, rng)
    return _with_truth(image_rgb, page, sheet, camera)


def _with_truth(image_rgb: ByteArray, page: SimPage, sheet: Sheet, camera: Camera) -> SimPhoto:
    x1, y1, x2, y2 = page.panel_xyxy
    corners = camera.project(sheet.lift(np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])))
    boxes = page.boxes_xyxy.reshape(-1, 4)
    steps = np.linspace(0, 1, 5)
    left, top, right, bottom = (boxes[:, i : i + 1] for i in range(4))
    across, down = left + (right - left) * steps, top + (bottom - top) * steps
    still = np.zeros_like(across)
    outline_x = np.concatenate([across, across, left + still, right + still], axis=1)
    outline_y = np.concatenate([top + still, bottom + still, down, down], axis=1)
    points = np.stack([outline_x, outline_y], axis=-1)
    outline = camera.project(sheet.lift(points.reshape(-1, 2))).reshape(points.shape)
    hulls = np.concatenate([outline.min(axis=1), outline.max(axis=1)], axis=1).reshape(-1, 4)
    width, height = camera.photo_wh
    inside = np.flatnonzero(np.all((hulls >= 0) & (hulls <= (width, height, width, height)), axis=1))
    return SimPhoto(image_rgb, corners, hulls[inside], inside, sheet, camera)


def _page_points(sheet: Sheet, camera: Camera) -> FloatArray:
    """Page point under every ``_COARSE_PX``-th photo pixel, ``[h, w, 2]``, by fixed-point iteration on a homography."""
    lattice = sheet.lattice()
    matrix, _ = cv2.findHomography(lattice, camera.project(sheet.lift(lattice)))
    back = np.linalg.inv(matrix)
    width, height = camera.photo_wh
    xs = np.arange(0, width + _COARSE_PX, _COARSE_PX) + 0.5
    ys = np.arange(0, height + _COARSE_PX, _COARSE_PX) + 0.5
    target = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    aim = target
    for _ in range(15):
        points = cv2.perspectiveTransform(aim[None], back)[0]
        aim = aim + 0.9 * (target - camera.project(sheet.lift(points)))
    return np.asarray(cv2.perspectiveTransform(aim[None], back)[0].reshape(len(ys), len(xs), 2), dtype=np.float64)


def _enlarge(coarse: FloatArray, photo_wh: tuple[int, int]) -> np.ndarray:
    """Bilinear from every ``_COARSE_PX``-th pixel to every pixel, ``float32 [H, W]`` or ``[H, W, n]``."""
    matrix = np.array([[1 / _COARSE_PX, 0, 0], [0, 1 / _COARSE_PX, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(coarse.astype(np.float32), matrix, photo_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _coverage(page_xy: FloatArray, page_wh: tuple[int, int]) -> FloatArray:
    """How far inside the sheet each point lies, as coverage 0..1 with an edge of one coarse step."""
    step = np.linalg.norm(np.diff(page_xy, axis=1).mean(axis=(0, 1)))
    depth = np.minimum(page_xy, np.asarray(page_wh) - page_xy).min(axis=-1)
    return np.asarray(np.clip(depth / step + 0.5, 0, 1))


def _at_photo_resolution(image_rgb: ByteArray, page_xy: FloatArray) -> ByteArray:
    """The page's picture, area-averaged where the photo shows it smaller."""
    scale = _COARSE_PX / float(np.linalg.norm(np.diff(page_xy, axis=1).mean(axis=(0, 1))))
    if scale >= 1:
        return image_rgb
    return np.asarray(cv2.resize(image_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _for_remap(
    page_xy: FloatArray, page_shape: tuple[int, ...], photo_wh: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Maps for ``cv2.remap`` from photo pixels to pixel centres of the (perhaps shrunken) page picture."""
    scale = min(1.0, _COARSE_PX / float(np.linalg.norm(np.diff(page_xy, axis=1).mean(axis=(0, 1)))))
    height, width = page_shape[:2]
    fx, fy = (max(1, round(n * scale)) / n if scale < 1 else 1.0 for n in (width, height))
    dense = _enlarge(page_xy * (fx, fy) - 0.5, photo_wh)
    return dense[..., 0], dense[..., 1]


def _screen_pixels(page_xy: FloatArray, photo_wh: tuple[int, int], px_per_mm: float, depth: float) -> np.ndarray:
    """Red, green and blue stripes of a monitor, 0.27 mm apart; sampled without a filter, they make the moire."""
    page_mm = _enlarge(page_xy / px_per_mm, photo_wh)
    across = 2 * np.pi / 0.27 * page_mm[..., :1] + 2 * np.pi / 3 * np.arange(3, dtype=np.float32)
    down = np.cos(2 * np.pi / 0.27 * page_mm[..., 1:])
    return np.asarray(1 + depth * (np.cos(across) + 0.5 * down), dtype=np.float32)
