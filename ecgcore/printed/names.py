"""Printed lead names on a panel: where they stand and what they say."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.geometry.warp import straightened
from ecgcore.ink_levels import MARK_INK
from ecgcore.printed.ocr import spelling_log_p
from ecgcore.traces.rows import Rows
from ecgcore.types import PageImage

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
LETTERS, STROKES = 4, 5
"""Places of a word's number of letters, and of strokes among them, behind its box."""
COUNTED = ("I", "II", "III")
OTHER_HEIGHT = 0.35
"""A stroke is as high as a page's names, but for this share."""
ABOVE, BELOW = 0.8, 0.4
"""Names stand so far above the first row's baseline and below the last row's, in distances of two rows."""
MOST_WORDS = 48
"""So many words at most are read, those first that stand below one another."""
COLUMN_MM = 2.5
"""Names that begin so near to one another along the page stand in one column."""
SURE_LOG_P, CLEAR_LOG_P = -2.5, -1.0
"""A name is read where its spellings are that probable, and of all names' spellings its own have the most. Set on the
drawn pages of ``benchmarks.page.leads``' first hundred; misread words have -8 and less."""
MARGIN_PX, READ_PX_PER_MM = 3, 16.0
"""Paper around a word that is read, in pixels of the raster, and the scale in which it is read."""


@dataclass(frozen=True)
class PrintedName:
    """A lead's name and its box in panel pixels, ``x1, y1, x2, y2``."""

    lead: str
    box_panel_xyxy: tuple[float, float, float, float]


def find_names(page: PageImage, rows: Rows) -> list[PrintedName]:
    """Read the lead names that stand free of traces.

    Args:
        page: the prepared page.
        rows: its rows of trace.
    """
    if len(rows.baseline_y) == 0:
        return []
    words = _words(page.ink, rows)
    is_stroke = (words[:, LETTERS] == 1) & (words[:, STROKES] == 1)
    read, strokes = _likeliest(words[~is_stroke]), words[is_stroke]
    found = []
    for word, lead in zip(read, _leads(page, read), strict=True):
        if lead is not None:
            # letters that stand apart are counted more surely than read
            is_counted = lead in COUNTED and word[STROKES] == word[LETTERS] <= len(COUNTED)
            found.append(PrintedName(COUNTED[int(word[LETTERS]) - 1] if is_counted else lead, _box(word)))
    return [*_in_columns(found), *_strokes_in_columns(strokes, found)]


def _leads(page: PageImage, words: FloatArray) -> list[str | None]:
    """What each word says; None where it is no lead's name."""
    names = list(SPELLINGS)
    owners = np.array([name for name in names for _ in SPELLINGS[name]])
    spellings = [spelling for name in names for spelling in SPELLINGS[name]]
    log_p = spelling_log_p([_crop(page, word) for word in words], spellings)
    by_name = np.stack([np.logaddexp.reduce(log_p[:, owners == name], axis=1) for name in names], axis=1)
    stroke_names = by_name[:, : len(COUNTED)]  # I, II and III are one answer here
    best = by_name.argmax(axis=1)
    best_p = np.where(best < len(COUNTED), np.logaddexp.reduce(stroke_names, axis=1), by_name.max(axis=1))
    is_read = (best_p >= SURE_LOG_P) & (best_p - np.logaddexp.reduce(by_name, axis=1) >= CLEAR_LOG_P)
    return [names[k] if read else None for k, read in zip(best, is_read, strict=True)]


def _box(word: FloatArray) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(edge) for edge in word[:LETTERS])
    return x1, y1, x2, y2


def _words(ink: ByteArray, rows: Rows) -> FloatArray:
    """Words as wide and high as lead names, ``[n, 6]``: a box, the number of letters, and how many are strokes."""
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
        is_narrow = own[:, 2] - own[:, 0] < STROKE * (own[:, 3] - own[:, 1])
        box = [*own[:, :2].min(axis=0), *own[:, 2:].max(axis=0), len(own), is_narrow.sum()]
        if box[2] - box[0] <= WIDTH_MM * STANDARD_PX_PER_MM and len(own) <= MOST_LETTERS:
            boxes.append(box)
    return np.array(boxes, dtype=np.float64).reshape(-1, 6)


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


def _crop(page: PageImage, word: FloatArray) -> ByteArray:
    """A word with a little paper around it, straight, from the photo: there it is sharper than in the raster."""
    x1, y1, x2, y2 = word[:4] + np.array([-1, -1, 1, 1]) * MARGIN_PX
    scale = STANDARD_PX_PER_MM / READ_PX_PER_MM
    panel_from_crop = np.array([[scale, 0, x1], [0, scale, y1], [0, 0, 1.0]])
    wh = max(1, round((x2 - x1) / scale)), max(1, round((y2 - y1) / scale))
    return straightened(page.photo_rgb, page.frame.after(panel_from_crop, wh))


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
    fits: BoolArray = np.abs((strokes[:, 3] - strokes[:, 1]) / usual_px - 1) <= OTHER_HEIGHT
    return [PrintedName("I", _box(stroke)) for stroke in strokes[fits] if _beside(stroke[0], sure[:, 0])]


def _beside(x: float, others_x: FloatArray) -> bool:
    return bool(np.any(np.abs(others_x - x) <= COLUMN_MM * STANDARD_PX_PER_MM))
