"""Drawn pages of patients that somebody has read, for a store that is to be trained on."""

import numpy as np

from annotations import readings
from annotations.model import LabelledBox, Reading
from annotations.store import Store
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box


def add_training_page(
    store: Store, patient: int, number: int, *, px_per_mm: float, boxed: bool = True, by: str = "Ada"
) -> int:
    """Draw a page of a patient, normal for even ones, and read it.

    Args:
        store: where to.
        patient: whose page.
        number: which of the patient's pages.
        px_per_mm: of the picture.
        boxed: whether all of its beats are boxed.
        by: the reader, whom the store knows.

    Returns:
        The page's number in the store.
    """
    abnormal = [kind for kind in KINDS if kind != "normal"]
    kind = abnormal[number % len(abnormal)] if patient % 2 else "normal"
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, 100 * patient + number)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=px_per_mm), number, beats_s=beats_s)
    height, width = page.image_rgb.shape[:2]
    boxes = np.clip(page.boxes_xyxy, 0, [width, height, width, height])
    picture, _ = store.add_picture(page.image_rgb, group=f"patient {patient}", source="rendered")
    reading = Reading(
        label="abnormal" if patient % 2 else "normal",
        boxes=tuple(LabelledBox(f"b{i}", Box(*map(float, box))) for i, box in enumerate(boxes)) if boxed else (),
        boxes_complete=boxed,
    )
    readings.save(store, picture.id, by, reading, base_revision_id=None)
    return picture.id
