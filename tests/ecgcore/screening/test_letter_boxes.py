"""Boxes round letters are no beats; beats that somebody wrote across are."""

import cv2
import numpy as np
import pytest

from benchmarks.page.written_boxes import counts
from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.page.prepare import prepare_page
from ecgcore.page.printed_text import find_text
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.screening.letter_boxes import in_letters
from ecgcore.traces.rows import Rows
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import ByteArray, FloatArray

WORD_AT = (620, 400)
"""Between two rows of the page, in its pixels."""


def _page() -> tuple[ByteArray, Rows, FloatArray, FloatArray]:
    """Ink and rows of a page with a word between two rows, its beats' boxes and the word's, in panel pixels."""
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 4)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=6.0), 4, beats_s=beats_s)
    picture = page.image_rgb.copy()
    cv2.putText(picture, "Prof P", WORD_AT, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.4, (20, 20, 90), 3, cv2.LINE_AA)
    sheet = prepare_page(picture)
    (width, height), below = cv2.getTextSize("Prof P", cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.4, 3)
    x, y = WORD_AT
    word = sheet.frame.boxes_to_panel([[x, y - height, x + width, y + below]])
    return sheet.ink, trace_rows(sheet.ink), sheet.frame.boxes_to_panel(page.boxes_xyxy), word


def test_a_letter_is_no_beat_and_beats_across_writing_stay() -> None:
    _, rows, beats, word = _page()
    x1, y1, x2, y2 = word[0]
    letter = np.array([[x1, y1, x1 + (x2 - x1) / 4, y2]])
    assert in_letters(letter, word, rows).tolist() == [True]
    assert not in_letters(beats, word, rows).any()
    # a patch as large as the page: somebody has written across everything, and the traces run on below
    everywhere = np.array([[0.0, 0.0, rows.panel_w, rows.panel_h]])
    assert not in_letters(beats, everywhere, rows).any()


def test_without_letters_nothing_is_dropped() -> None:
    ink, rows, beats, _ = _page()
    assert not in_letters(beats, np.zeros((0, 4)), rows).any()
    assert in_letters(np.zeros((0, 4)), np.zeros((0, 4)), rows).shape == (0,)
    assert find_text(np.zeros_like(ink), trace_rows(np.zeros_like(ink))).rows_y is None


@pytest.mark.parametrize(("number", "on_word"), [(2, 1), (38, 0)])
def test_a_box_on_a_word_is_dropped_and_no_beat_with_it(number: int, on_word: int) -> None:
    """On page 38 a ruled line hides rows and traces are in pieces, which are as high as no line of print."""
    before, after, beats_before, beats_after, _ = counts(number, load_bundle(starter_folder())).tolist()
    assert (before, after) == (on_word, 0)
    assert beats_after == beats_before > 30
