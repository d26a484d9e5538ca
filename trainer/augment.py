"""Harmless changes to a page's ink that a network must see through: scale, place, pen and a lost corner.

Nothing here mirrors an ECG, stretches one axis alone or touches its time order: those would make another ECG of it.
"""

import cv2
import numpy as np

from ecgcore.types import ByteArray, FloatArray


def vary_pen(ink: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Thicken, thin or soften the pen a little, and change its strength."""
    kind = rng.random()
    if kind < 0.25:
        thicker = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
        ink = cv2.addWeighted(ink, 0.5, thicker, 0.5, 0)
    elif kind < 0.4:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.4, 0.9)))
    strength = rng.uniform(0.75, 1.2)
    return np.clip(ink.astype(np.float32) * strength, 0, 255).astype(np.uint8)


def vary_page(ink: ByteArray, rng: np.random.Generator, *, crop_share: float = 0.04) -> ByteArray:
    """Rescale by up to 6 %, crop up to ``crop_share`` of each side, shift on the paper, sometimes lose a patch."""
    height, width = ink.shape
    left, right = (rng.uniform(0, crop_share, 2) * width).astype(int)
    top, bottom = (rng.uniform(0, crop_share, 2) * height).astype(int)
    scale = float(rng.uniform(0.94, 1.06))
    page = cv2.resize(
        ink[top : height - bottom, left : width - right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    page = vary_pen(np.asarray(page, dtype=np.uint8), rng)
    if rng.random() < 0.25:
        patch_h, patch_w = (int(v) for v in rng.uniform(0.08, 0.22, 2) * page.shape)
        y, x = rng.integers(page.shape[0] - patch_h), rng.integers(page.shape[1] - patch_w)
        page[y : y + patch_h, x : x + patch_w] = 0
    # Padding one side more than the other moves the page on the canvas, which centres what it is given.
    pads = rng.integers(0, 24, 4)
    return np.pad(page, ((pads[0], pads[1]), (pads[2], pads[3])))


def jitter_boxes(boxes_xyxy: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Move every edge by a normal deviate of ``share`` of the box's size, as an imperfect detector would."""
    sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    moved: FloatArray = boxes_xyxy + rng.normal(0, share, boxes_xyxy.shape) * np.tile(sizes, 2)
    # A box that turned inside out keeps its old place.
    broken = (moved[:, 2] - moved[:, 0] < 2) | (moved[:, 3] - moved[:, 1] < 2)
    moved[broken] = boxes_xyxy[broken]
    return moved


def balanced_order(labels: np.ndarray, rng: np.random.Generator, *, balance: bool = True) -> np.ndarray:
    """Shuffled indices in which copies bring the smaller class to the larger one's size (CN110731773A)."""
    order = np.arange(len(labels))
    if balance:
        classes = [np.flatnonzero(labels == value) for value in np.unique(labels)]
        largest = max(len(members) for members in classes)
        copies = [np.concatenate([m, rng.choice(m, largest - len(m))]) for m in classes]
        order = np.concatenate(copies)
    return rng.permutation(order)
