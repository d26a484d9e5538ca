"""Boxes that the detector draws round handwriting, and whether they are dropped without a beat.

    python -m benchmarks.page.written_boxes [--pages N] [--first N] [--bundle DIR]

Words are written on drawn pages where no trace runs, and some across the traces. A box on a word that meets no beat is
counted before and after boxes in letters are dropped, and so are the beats that are boxed.
"""

import argparse

import cv2
import numpy as np

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.errors import NotScreenableError
from ecgcore.networks.detector import detect_beats
from ecgcore.networks.handwriting import find_handwriting
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.screening.letter_boxes import in_letters, letter_patches
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import ByteArray, FloatArray

WORDS = "Prof P.", "Milan", "AF ?", "ok", "Dr Hall", "repeat", "LBBB", "seen 9/3", "normal", "K 5.1"
FONTS = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX
PENS = (20, 20, 90), (10, 10, 10), (150, 20, 30)
ACROSS_SHARE = 0.25
TRIES = 40
WORDS_ON_PAGE, LETTER_MM, PEN_MM = (2, 6), (4.0, 9.0), (0.3, 0.6)
CAPITAL_PX = 21
"""Height of a capital letter of cv2's fonts at scale 1."""
SAME_BEAT, OTHER, ON_WORD = 0.5, 0.3, 0.5
"""Overlap of a box with a beat's from which, and up to which, it is that beat's or none's; its share in a word."""


def written_page(number: int) -> tuple[SimPage, ByteArray, FloatArray]:
    """A drawn page, the same written on, and a box round each word, ``[n, 4]`` in pixels of the page."""
    rng = np.random.default_rng([53, number])
    style = random_style(rng)
    signals_mv, fs_hz, beats_s = synthetic_ecg(list(KINDS)[number % len(KINDS)], number)
    page = draw_page(signals_mv, fs_hz, style, number, beats_s=beats_s)
    picture_rgb, words = page.image_rgb.copy(), []
    left, top, right, bottom = (round(edge) for edge in page.panel_xyxy)
    for _ in range(int(rng.integers(*WORDS_ON_PAGE))):
        word, font, pen = str(rng.choice(WORDS)), int(rng.choice(FONTS)), PENS[rng.integers(len(PENS))]
        scale = rng.uniform(*LETTER_MM) * page.px_per_mm / CAPITAL_PX
        thick = max(1, round(rng.uniform(*PEN_MM) * page.px_per_mm))
        (width, height), below = cv2.getTextSize(word, font, scale, thick)
        is_across = rng.random() < ACROSS_SHARE
        for _ in range(TRIES):
            x = int(rng.integers(left, max(left + 1, right - width)))
            y = int(rng.integers(top + height, max(top + height + 1, bottom - below)))
            box = np.array([x, y - height, x + width, y + below], dtype=np.float64)
            if is_across or not _meets(box, page.boxes_xyxy):
                cv2.putText(picture_rgb, word, (x, y), font, scale, pen, thick, cv2.LINE_AA)
                words.append(box)
                break
    return page, picture_rgb, np.array(words).reshape(-1, 4)


def counts(number: int, bundle: Bundle) -> np.ndarray:
    """Of one page: boxes on words that are no beat's, before and after; beats boxed, before and after; all beats.

    Raises:
        NotScreenableError: the page cannot be read.
    """
    page, picture_rgb, words = written_page(number)
    sheet, written = find_handwriting(prepare_page(picture_rgb))
    rows = trace_rows(sheet.ink)
    boxes, _ = detect_beats(bundle.nets.detector, sheet.ink, bundle.operating_point.min_score)
    kept = boxes[~in_letters(boxes, letter_patches(sheet.ink, rows, written), rows)]
    beats, words = (sheet.frame.boxes_to_panel(found) for found in (page.boxes_xyxy, words))
    on_words = [_on_words(some, words, beats) for some in (boxes, kept)]
    boxed = [int((_overlap(some, beats).max(axis=0) >= SAME_BEAT).sum()) for some in (boxes, kept)]
    return np.array([*on_words, *boxed, len(beats)])


def _on_words(boxes: FloatArray, words: FloatArray, beats: FloatArray) -> int:
    is_none = _overlap(boxes, beats)[:-1].max(axis=1) < OTHER
    return int((is_none & (_share_in(boxes, words) >= ON_WORD)).sum())


def _meets(box: FloatArray, others: FloatArray) -> bool:
    return bool((_common(box[None], others) > 0).any())


def _share_in(boxes: FloatArray, words: FloatArray) -> FloatArray:
    """Largest share of each box that lies in one word, ``[n]``."""
    share: FloatArray = (_common(boxes, words) / _area(boxes)[:, None]).max(axis=1, initial=0.0)
    return share


def _overlap(boxes: FloatArray, beats: FloatArray) -> FloatArray:
    """Intersection over union, ``[n + 1, m + 1]``; the last are of no box and no beat."""
    common = _common(boxes, beats)
    overlap = common / (_area(boxes)[:, None] + _area(beats)[None] - common)
    return np.pad(overlap, ((0, 1), (0, 1)))


def _common(boxes: FloatArray, others: FloatArray) -> FloatArray:
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common: FloatArray = (high - low).clip(0).prod(axis=2)
    return common


def _area(boxes: FloatArray) -> FloatArray:
    area: FloatArray = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return area


def main() -> None:
    """Write, detect and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first page: other pages for a last look")
    parser.add_argument("--bundle", default=None)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle or starter_folder())
    total, pages = np.zeros(5, dtype=int), 0
    for number in range(options.first, options.first + options.pages):
        try:
            found = counts(number, bundle)
        except NotScreenableError:
            continue
        if found[0] or found[2] > found[3]:
            print(
                f"{number}: {found[1]} of {found[0]} boxes on words stay, {found[2] - found[3]} beats lost", flush=True
            )
        total, pages = total + found, pages + 1
    words_before, words_after, beats_before, beats_after, beats = total.tolist()
    print(
        f"{pages} pages written on: {words_before} boxes on words, {words_after} after; "
        f"{beats_before} of {beats} beats boxed, {beats_after} after"
    )


if __name__ == "__main__":
    main()
