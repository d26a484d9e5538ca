"""The light on a photographed page, and what lens, sensor and file format make of it."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatPixels

_COARSE = 8


def light_up(
    photo_wh: tuple[int, int], shadows: int, shade: float, gradient: float, rng: np.random.Generator
) -> FloatPixels:
    """How much light falls where, ``float32 [H, W]``: a fall-off to one side and the shadows of hands and frames.

    Args:
        photo_wh: size of the photo.
        shadows: how many are cast; each is a polygon with a hard or a soft edge.
        shade: share of the light that a shadow takes.
        gradient: share of the light that is lost from one side to the other.
        rng: source of chance.
    """
    width, height = (max(2, n // _COARSE) for n in photo_wh)
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    light = (1 - gradient * (1 + np.cos(angle) * x + np.sin(angle) * y) / 2).astype(np.float32)
    for _ in range(shadows):
        mask = np.zeros((height, width), np.float32)
        middle = rng.uniform(0, 1, 2)
        arms = middle + rng.uniform(0.2, 0.7, (6, 1)) * _circle(6, rng.uniform(0, 6.28))
        cv2.fillPoly(mask, [np.round(arms * (width, height)).astype(np.int32)], 1.0, cv2.LINE_AA)
        softness = float(np.exp(rng.uniform(np.log(0.5), np.log(0.08 * width))))
        light *= 1 - shade * cv2.GaussianBlur(mask, (0, 0), softness)
    return np.asarray(cv2.resize(light, photo_wh, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _circle(n: int, start: float) -> np.ndarray:
    angles = start + np.arange(n) * 2 * np.pi / n
    return np.column_stack([np.cos(angles), np.sin(angles)])


def develop(
    photo: FloatPixels,
    blur_px: float,
    motion_px: float,
    noise: float,
    jpeg_quality: int | None,
    rng: np.random.Generator,
) -> ByteArray:
    """Blur, shake, add grain and compress: ``float32 [H, W, 3]`` to ``uint8 [H, W, 3]``.

    Args:
        photo: the light that fell in, 0..255.
        blur_px: sigma of a lens out of focus; 0 for none.
        motion_px: length of a shake; 0 for none.
        noise: sigma of the grain.
        jpeg_quality: 0 to 100; None leaves it uncompressed.
        rng: draws the shake's direction and the grain.
    """
    if blur_px:
        photo = np.asarray(cv2.GaussianBlur(photo, (0, 0), blur_px), dtype=np.float32)
    if motion_px:
        photo = np.asarray(cv2.filter2D(photo, -1, _shake(motion_px, rng.uniform(0, np.pi))), dtype=np.float32)
    if noise:
        # luminance and colour noise alike, at half the cost of one draw for each channel
        grain = rng.standard_normal(photo.shape[:2], dtype=np.float32)
        colour = cv2.resize(
            rng.standard_normal((photo.shape[0] // 2 + 1, photo.shape[1] // 2 + 1, 3), dtype=np.float32),
            photo.shape[1::-1],
        )
        photo = np.asarray(photo + noise * (grain[..., None] + 0.5 * colour), dtype=np.float32)
    picture = np.clip(photo, 0, 255).astype(np.uint8)
    if jpeg_quality is None:
        return picture
    ok, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert ok and decoded is not None, "cv2 encodes and decodes any uint8 picture"
    return np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8, copy=False)


def _shake(length_px: float, angle: float) -> FloatPixels:
    """Kernel of a straight movement of the hand."""
    half = int(np.ceil(length_px / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for step in np.linspace(-length_px / 2, length_px / 2, 4 * half + 1):
        x, y = half + step * np.cos(angle), half + step * np.sin(angle)
        kernel[round(y), round(x)] += 1
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)
