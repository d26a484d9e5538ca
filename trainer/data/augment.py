"""Harmless changes to a page's ink that a network must see through: scale, place, pen, wear and a lost corner.

Nothing here mirrors an ECG, stretches one axis alone or touches its time order: those would make another ECG of it.
"""

import cv2
import numpy as np

from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

WORN_SHARE = 0.4
"""How many pages look as if they had come from a photo: faded, specked, soft and not quite flat."""
BOX_JITTER = 0.05
"""Share of a box's size by which training moves its edges."""
_CROP_SHARE = 0.04
_PATCH_MM = 30.0
"""Size over which a photo's light and the paper's curl change."""
_CURL_MM = 0.4
"""Standard deviation of what is left of the curl once a page is straightened."""


def augment_pen(ink: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Thicken, thin or soften the pen a little, change its strength, and wear some pages as photos do.

    Args:
        ink: ``uint8 [h, w]``, 0 paper, 255 pen.
        rng: draws the changes.
    """
    if rng.random() < WORN_SHARE:
        ink = _wear(ink, rng)
    kind = rng.random()
    if kind < 0.25:
        thicker = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
        ink = np.asarray(cv2.addWeighted(ink, 0.5, thicker, 0.5, 0), dtype=np.uint8)
    elif kind < 0.4:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.4, 0.9))), dtype=np.uint8)
    strength = rng.uniform(0.75, 1.2)
    result: ByteArray = np.clip(ink.astype(np.float32) * strength, 0, 255).astype(np.uint8)
    return result


def _wear(ink: ByteArray, rng: np.random.Generator) -> ByteArray:
    """What straightening and flattening leave of a photo's faults: curl, blur, uneven strength, specks."""
    height, width = ink.shape
    rows, columns = np.indices(ink.shape, dtype=np.float32)
    curl_px = _CURL_MM * STANDARD_PX_PER_MM * float(rng.uniform(0, 1.5))
    bent = cv2.remap(
        ink,
        columns + curl_px * _smooth_field(ink.shape, rng),
        rows + curl_px * _smooth_field(ink.shape, rng),
        cv2.INTER_LINEAR,
    )
    soft = cv2.GaussianBlur(bent, (0, 0), float(rng.uniform(0.2, 1.4))).astype(np.float32)
    soft *= np.clip(1 + 0.25 * _smooth_field(ink.shape, rng), 0.3, 1.6)
    grain = cv2.resize(rng.standard_normal((height // 2 + 1, width // 2 + 1)).astype(np.float32), (width, height))
    soft *= 1 + float(rng.uniform(0, 0.4)) * grain
    specks = rng.random(ink.shape, dtype=np.float32) < float(rng.uniform(0, 0.0008))
    soft[specks] = float(rng.uniform(60, 255))
    return np.clip(soft, 0, 255).astype(np.uint8)


def _smooth_field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Standard normal values that change over ``_PATCH_MM``, ``float32 [h, w]``."""
    coarse = [max(2, round(side / _PATCH_MM / STANDARD_PX_PER_MM)) for side in shape]
    field = cv2.resize(
        rng.standard_normal(coarse).astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(field)


def augment_page(ink: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Rescale by up to 6 %, crop up to 4 % of each side, shift on the paper, sometimes lose a patch.

    Args:
        ink: ``uint8 [h, w]``, 0 paper, 255 pen; the result has another size.
        rng: draws the changes.
    """
    height, width = ink.shape
    left, right = (rng.uniform(0, _CROP_SHARE, 2) * width).astype(int)
    top, bottom = (rng.uniform(0, _CROP_SHARE, 2) * height).astype(int)
    scale = float(rng.uniform(0.94, 1.06))
    page = cv2.resize(
        ink[top : height - bottom, left : width - right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    page = augment_pen(np.asarray(page, dtype=np.uint8), rng)
    if rng.random() < 0.25:
        patch_h, patch_w = (int(v) for v in rng.uniform(0.08, 0.22, 2) * page.shape)
        y, x = rng.integers(page.shape[0] - patch_h), rng.integers(page.shape[1] - patch_w)
        page[y : y + patch_h, x : x + patch_w] = 0
    # Padding one side more than the other moves the page on the canvas, which centres what it is given.
    pads = rng.integers(0, 24, 4)
    return np.pad(page, ((pads[0], pads[1]), (pads[2], pads[3])))


def jitter_boxes(boxes_xyxy: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Move every edge by a normal deviate of ``share`` of the box's size, as an imperfect detector would.

    Args:
        boxes_xyxy: ``[n, 4]``, in pixels of whichever frame.
        share: standard deviation, as a share of the box's width or height.
        rng: draws the moves.
    """
    sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    moved: FloatArray = boxes_xyxy + rng.normal(0, share, boxes_xyxy.shape) * np.tile(sizes, 2)
    # A box that turned inside out keeps its old place.
    broken = (moved[:, 2] - moved[:, 0] < 2) | (moved[:, 3] - moved[:, 1] < 2)
    moved[broken] = boxes_xyxy[broken]
    return moved


def balanced_order(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffled indices in which copies bring the smaller class to the larger one's size (CN110731773A).

    Args:
        labels: ``[N]``, of any number of classes.
        rng: draws copies and order.
    """
    classes = [np.flatnonzero(labels == value) for value in np.unique(labels)]
    largest = max(len(members) for members in classes)
    copies = [np.concatenate([m, rng.choice(m, largest - len(m))]) for m in classes]
    return rng.permutation(np.concatenate(copies))
