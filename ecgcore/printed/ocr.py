"""Optical character recognition: PaddleOCR's small networks (PP-OCRv6, Apache-2.0), from the files of RapidOCR's wheel.

They run on ONNX Runtime; RapidOCR's own pipeline takes twice the time (D-228). Nothing is ever downloaded.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files

import cv2
import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.onnx_sessions import start_session

DETECTOR, RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
LINE_PX = 48
"""Height of a line of text that the recogniser was trained on."""
NARROWEST_PX = 64
DETECTOR_STEP_PX = 32
"""The detector takes pictures of so many pixels and its multiples."""
TEXT_FROM, LINE_FROM = 0.3, 0.5
"""Probability from which a pixel belongs to text, and mean from which its patch is a line: PaddleOCR's own."""
GROWN_SHARE = 0.45
"""The detector shows the middle of each line: a line is so much of that patch's height larger on each side."""
AT_ONCE_PX = 4096
"""Width of all crops that are read in one go."""
ALIKE = 0.8
"""Crops this share as wide as the widest are padded to it and read with it: a date beside a line of settings would be
padded to three times its width, a third of the whole time on Khan's pages."""
SURE = 0.6
"""A line whose letters are less sure than this on average is none."""


@dataclass(frozen=True)
class TextLine:
    """A line of text, and its upright box in pixels of the picture, ``[4]``."""

    text: str
    box_xyxy: FloatArray


def find_lines(picture_rgb: ByteArray) -> FloatArray:
    """Boxes round the upright lines of text in a picture, ``float64 [n, 4]``, top to bottom.

    Args:
        picture_rgb: ``uint8 [h, w, 3]``, its letters some 8 to 40 pixels high.
    """
    height, width = picture_rgb.shape[:2]
    padded = np.full((3, *(-(-side // DETECTOR_STEP_PX) * DETECTOR_STEP_PX for side in (height, width))), 1, np.float32)
    padded[:, :height, :width] = picture_rgb[:, :, ::-1].transpose(2, 0, 1) / 127.5 - 1
    is_text = _run(DETECTOR, padded[None])[0, 0, :height, :width]
    count, patches, stats, _ = cv2.connectedComponentsWithStats((is_text > TEXT_FROM).astype(np.uint8))
    sums = np.bincount(patches.ravel(), weights=is_text.ravel(), minlength=count)
    x, y, wide, high, area = stats.T.astype(np.float64)
    grown = np.maximum(1.0, GROWN_SHARE * np.minimum(wide, high))
    boxes = np.column_stack([x - grown, y - grown, x + wide + grown, y + high + grown])
    boxes = np.clip(boxes, 0, [width, height, width, height])
    is_line = (sums / area >= LINE_FROM) & (wide >= high) & (high >= 3)
    is_line[0] = False
    return np.asarray(boxes[is_line], dtype=np.float64)


def read_words(crops: Sequence[ByteArray]) -> list[str]:
    """What each crop says; empty where nothing is sure.

    Args:
        crops: pictures ``uint8 [h, w]`` or ``[h, w, 3]`` of one line each.
    """
    alphabet = np.array(["", *_alphabet(), " "])
    read = []
    for letters in _letter_probabilities(crops):
        best = letters.argmax(axis=1)
        is_new = (best != 0) & np.concatenate([[True], best[1:] != best[:-1]])
        is_sure = is_new.any() and letters.max(axis=1)[is_new].mean() >= SURE
        read.append("".join(alphabet[best[is_new]]) if is_sure else "")
    return read


def _letter_probabilities(crops: Sequence[ByteArray]) -> list[npt.NDArray[np.float32]]:
    """Of each crop ``[steps, letters]``, the first letter the blank; crops of like widths are read together."""
    widths = np.array([max(1, round(LINE_PX * crop.shape[1] / crop.shape[0])) for crop in crops], dtype=np.intp)
    found: list[npt.NDArray[np.float32]] = [np.zeros((1, 1), np.float32)] * len(crops)
    left = np.argsort(-widths, kind="stable")
    while len(left):
        width = max(NARROWEST_PX, int(widths[left[0]]))
        alike = int((widths[left] >= ALIKE * width).sum())
        numbers, left = np.split(left, [max(1, min(alike, AT_ONCE_PX // width))])
        batch = np.zeros((len(numbers), 3, LINE_PX, width), np.float32)
        for place, number in zip(batch, numbers, strict=True):
            resized = cv2.resize(crops[number], (int(widths[number]), LINE_PX), interpolation=cv2.INTER_LINEAR)
            bgr = resized[:, :, ::-1] if resized.ndim == 3 else np.repeat(resized[:, :, None], 3, axis=2)
            place[:, :, : widths[number]] = bgr.transpose(2, 0, 1) / 127.5 - 1
        for number, letters in zip(numbers, _run(RECOGNISER, batch), strict=True):
            found[number] = letters
    return found


@functools.cache
def _alphabet() -> list[str]:
    return str(_session(RECOGNISER).get_modelmeta().custom_metadata_map["character"]).splitlines()


def _run(network: str, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    session = _session(network)
    (result,) = session.run(None, {session.get_inputs()[0].name: batch})
    return np.asarray(result, dtype=np.float32)


@functools.cache
def _session(network: str) -> InferenceSession:
    with as_file(files("rapidocr") / "models" / network) as path:
        return start_session(path)
