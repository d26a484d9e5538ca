"""Printed lead names on a panel: where they stand and what they say."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.ink_levels import MARK_INK
from ecgcore.printed.ocr import spelling_log_p
from ecgcore.traces.rows import Rows

SPELLINGS: dict[str, tuple[str, ...]] = {
    "I": ("I", "l", "|", "DI", "D1"),
    "II": ("II", "ll", "Il", "lI", "||", "DII", "D2"),
    "III": ("III", "lll", "Ill", "lII", "|||", "DIII", "D3"),
    "aVR": ("aVR", "AVR", "aVr", "VR"),
    "-aVR": ("-aVR", "-AVR"),
    "aVL": ("aVL", "AVL", "aVl", "VL"),
    "aVF": ("aVF", "AVF", "aVf", "VF"),
    **{f"V{k}": (f"V{k}", f"v{k}", f"C{k}") for k in range(1, 7)},
}
"""How the twelve leads are written: AHA, IEC (C1), and the D of Latin countries; strokes as letters that look alike.
Cabrera's order has aVR upside down."""
HEIGHT_MM, WIDTH_MM = (1.3, 6.0), 13.0
"""Heights of letters; no name is wider."""
APART_MM = 1.6
"""Letters of one name are no further apart."""
MOST_LETTERS = 6
STROKE = 0.45
"""A single letter narrower than this share of its height is a stroke: I, or a piece of a trace."""
ABOVE, BELOW = 0.8, 0.4
"""Names stand so far above the first row's baseline and below the last row's, in distances of two rows."""
MOST_WORDS = 48
"""So many words at most are read, those first that stand below one another."""
COLUMN_MM = 2.5
"""Names that begin so near to one another along the page stand in one column."""
SURE_LOG_P, CLEAR_LOG_P = -2.5, -1.0
"""A name is read where its spellings are that probable, and of all names' spellings its own have the most. Set on the
drawn pages of ``benchmarks.page.leads``' first hundred; misread words have -8 and less."""
MARGIN_PX, ENLARGED = 3, 4
"""Paper around a word that is read, and how much larger than the standard raster it is shown."""


@dataclass(frozen=True)
class PrintedName:
    """A lead's name and its box in panel pixels, ``x1, y1, x2, y2``."""

    lead: str
    box_panel_xyxy: tuple[float, float, float, float]


def find_names(ink: ByteArray, rows: Rows) -> list[PrintedName]:
    """Read the lead names that stand free of traces.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        rows: its rows of trace.
    """
    if len(rows.baseline_y) == 0:
        return []
    boxes = _words(ink, rows)
    is_stroke = (boxes[:, 4] == 1) & (boxes[:, 2] - boxes[:, 0] < STROKE * (boxes[:, 3] - boxes[:, 1]))
    words, strokes = _likeliest(boxes[~is_stroke]), boxes[is_stroke]
    names = list(SPELLINGS)
    owners = [name for name in names for _ in SPELLINGS[name]]
    log_p = spelling_log_p([_crop(ink, box) for box in words], [s for name in names for s in SPELLINGS[name]])
    by_name = np.stack([np.logaddexp.reduce(log_p[:, [o == name for o in owners]], axis=1) for name in names], axis=1)
    found = []
    for box, of_names in zip(words, by_name, strict=True):
        best = int(of_names.argmax())
        if of_names[best] >= SURE_LOG_P and of_names[best] - np.logaddexp.reduce(of_names) >= CLEAR_LOG_P:
            found.append(PrintedName(names[best], (float(box[0]), float(box[1]), float(box[2]), float(box[3]))))
    return [*_in_columns(found), *_strokes_in_columns(strokes, found)]


def _words(ink: ByteArray, rows: Rows) -> FloatArray:
    """Boxes of words as wide and high as lead names, with the number of their letters, ``[n, 5]``."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink > MARK_INK).astype(np.uint8), connectivity=8)
    x, y, width, height, _ = stats[1:].T
    lowest, highest = (mm * STANDARD_PX_PER_MM for mm in HEIGHT_MM)
    baselines = rows.baseline_y
    pitch = float(np.median(np.diff(baselines))) if len(baselines) > 1 else 120.0
    fits = (height >= lowest) & (height <= highest) & (width <= WIDTH_MM * STANDARD_PX_PER_MM)
    fits &= (y + height >= baselines[0] - ABOVE * pitch) & (y <= baselines[-1] + BELOW * pitch)
    letters = np.column_stack([x, y, x + width, y + height])[fits].astype(np.float64)
    boxes = []
    for members in _groups(letters):
        own = letters[members]
        box = [*own[:, :2].min(axis=0), *own[:, 2:].max(axis=0), len(own)]
        if box[2] - box[0] <= WIDTH_MM * STANDARD_PX_PER_MM and len(own) <= MOST_LETTERS:
            boxes.append(box)
    return np.array(boxes, dtype=np.float64).reshape(-1, 5)


def _groups(letters: FloatArray) -> list[list[int]]:
    """Letters of one word each: side by side on one line, a little apart."""
    group = np.arange(len(letters))
    for number, (x1, y1, x2, y2) in enumerate(letters):
        shared = np.minimum(letters[:, 3], y2) - np.maximum(letters[:, 1], y1)
        least = 0.5 * np.minimum(letters[:, 3] - letters[:, 1], y2 - y1)
        gap = np.maximum(letters[:, 0] - x2, x1 - letters[:, 2])
        near = np.flatnonzero((shared >= least) & (gap <= APART_MM * STANDARD_PX_PER_MM))
        joined = np.isin(group, group[near])
        group[joined] = group[joined].min(initial=number)
    return [np.flatnonzero(group == g).tolist() for g in np.unique(group)]


def _likeliest(words: FloatArray) -> FloatArray:
    """The words with most others below one another, where there are too many to read."""
    if len(words) <= MOST_WORDS:
        return words
    beside = np.abs(words[:, 0] - words[:, 0, None]) <= COLUMN_MM * STANDARD_PX_PER_MM
    chosen = np.argsort(-beside.sum(axis=1), kind="stable")[:MOST_WORDS]
    return np.asarray(words[np.sort(chosen)], dtype=np.float64)


def _crop(ink: ByteArray, word: FloatArray) -> ByteArray:
    """A word dark on light, enlarged."""
    x1, y1, x2, y2 = (int(v) for v in word[:4])
    margin = MARGIN_PX
    padded = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    crop = 255 - padded[y1 : y2 + 2 * margin, x1 : x2 + 2 * margin]
    return np.asarray(cv2.resize(crop, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _in_columns(names: list[PrintedName]) -> list[PrintedName]:
    """Without an I that no other name stands above or below: pieces of traces look like it."""
    left = np.array([name.box_panel_xyxy[0] for name in names])
    is_sure = np.array([name.lead != "I" for name in names], dtype=bool)
    return [name for name, x in zip(names, left, strict=True) if name.lead != "I" or _beside(x, left[is_sure])]


def _strokes_in_columns(strokes: FloatArray, names: list[PrintedName]) -> list[PrintedName]:
    """Upright strokes as high as the names and in a column of theirs: the name of lead I."""
    sure = np.array([name.box_panel_xyxy for name in names if name.lead != "I"]).reshape(-1, 4)
    if len(sure) == 0:
        return []
    usual_px = float(np.median(sure[:, 3] - sure[:, 1]))
    fits: BoolArray = np.abs((strokes[:, 3] - strokes[:, 1]) / usual_px - 1) <= 0.35
    return [
        PrintedName("I", (float(x1), float(y1), float(x2), float(y2)))
        for x1, y1, x2, y2, _ in strokes[fits]
        if _beside(x1, sure[:, 0])
    ]


def _beside(x: float, others_x: FloatArray) -> bool:
    return bool(np.any(np.abs(others_x - x) <= COLUMN_MM * STANDARD_PX_PER_MM))
