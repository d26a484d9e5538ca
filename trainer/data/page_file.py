"""Prepared pages in one file, so that a set is rendered once and read back in a second."""

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from ecgcore.errors import DataError
from trainer.atomic_files import write_bytes_atomic
from trainer.data.page import BeatLabels, PreparedPage

_AS_TENSORS = {"ink", "boxes_panel_xyxy", "beat_labels_panel", "leads_mv", "measured"}
_PLAIN_FIELDS = tuple(f.name for f in fields(PreparedPage) if f.name not in _AS_TENSORS)


def save_pages(path: Path, pages: Iterable[PreparedPage]) -> None:
    """Write pages, inks as PNG, atomically.

    Args:
        path: of the new file.
        pages: written in this order.
    """
    tensors: dict[str, np.ndarray] = {}
    rows = []
    for index, page in enumerate(pages):
        tensors[f"ink/{index}"] = cv2.imencode(".png", page.ink)[1].reshape(-1)
        if page.boxes_panel_xyxy is not None:
            tensors[f"boxes/{index}"] = np.ascontiguousarray(page.boxes_panel_xyxy, dtype=np.float64)
        if page.beat_labels_panel is not None:
            labelled = page.beat_labels_panel
            tensors[f"beat_labels/{index}"] = np.column_stack([labelled.boxes_xyxy, labelled.labels])
        if page.leads_mv is not None:
            tensors[f"leads/{index}"] = page.leads_mv
        if page.measured is not None:
            tensors[f"measured/{index}"] = page.measured
        rows.append([getattr(page, name) for name in _PLAIN_FIELDS])
    write_bytes_atomic(path, save(tensors, metadata={"rows": json.dumps(rows)}))


def load_pages(path: Path) -> list[PreparedPage]:
    """Read pages back in order.

    Raises:
        DataError: the file is no such file.
    """
    try:
        tensors = load_file(path)
        with safe_open(str(path), framework="np") as handle:
            rows = json.loads(handle.metadata()["rows"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise DataError(f"{path} holds no prepared pages: {error}.", "Delete it; it is made again.") from error
    pages = []
    for index, row in enumerate(rows):
        ink = cv2.imdecode(tensors[f"ink/{index}"], cv2.IMREAD_GRAYSCALE)
        if ink is None:
            raise DataError(f"{path} holds a page that is no picture.", "Delete it; it is made again.")
        boxes = tensors.get(f"boxes/{index}")
        labelled = tensors.get(f"beat_labels/{index}")
        pages.append(
            PreparedPage(
                **dict(zip(_PLAIN_FIELDS, row, strict=True)),
                ink=np.asarray(ink, dtype=np.uint8),
                boxes_panel_xyxy=boxes,
                leads_mv=tensors.get(f"leads/{index}"),
                measured=tensors.get(f"measured/{index}"),
                beat_labels_panel=None if labelled is None else BeatLabels(labelled[:, :4], labelled[:, 4]),
            )
        )
    return pages
