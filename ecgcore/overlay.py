"""A prediction drawn on its picture, as a PNG for the record."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray
from ecgcore.types import Prediction

NOTICE = "Research screening aid. Not a medical device. A clinician decides."

# Okabe and Ito 2008: tells apart with every kind of colour vision; RGB.
VERMILION = (213, 94, 0)
BLUE = (0, 114, 178)
ORANGE = (230, 159, 0)
GREY = (110, 110, 110)
GREEN = (0, 110, 80)
WHITE = (255, 255, 255)
DARK_VERMILION, DARK_BLUE, DARK_ORANGE = (150, 58, 0), (0, 90, 145), (125, 78, 0)
"""Of letters, where the colours of lines are too pale: WCAG asks for a contrast of 4.5 to the paper."""

NEUTRAL_BELOW = 0.1
"""A share under a tenth of the page's largest is drawn neutral."""


def share_color_rgb(share: float | None, largest: float) -> tuple[int, int, int]:
    """Vermilion toward abnormal, blue toward normal, grey for little or no share; paler the smaller it is.

    Args:
        share: of one beat, signed; None where it has none.
        largest: the largest share of the page's beats, without its sign.
    """
    if share is None or largest <= 0 or abs(share) < NEUTRAL_BELOW * largest:
        return GREY
    full = np.array(VERMILION if share > 0 else BLUE)
    strength = 0.45 + 0.55 * min(1.0, abs(share) / largest)
    red, green, blue = np.round(full * strength + 255 * (1 - strength)).astype(int).tolist()
    return red, green, blue


def draw_overlay(photo_rgb: ByteArray, prediction: Prediction) -> ByteArray:
    """Draw panel, handwriting, leads' names and beats by their share, and a strip with the verdict and the notice.

    Args:
        photo_rgb: the upright picture that was screened, ``uint8 [H, W, 3]``.
        prediction: what was said of it.

    Returns:
        ``uint8 [H + strip, W, 3]``.
    """
    canvas = np.ascontiguousarray(photo_rgb).copy()
    thickness = max(1, round(min(canvas.shape[:2]) / 600))
    if prediction.panel_photo_xy is not None:
        outline = np.round(prediction.panel_photo_xy).astype(np.int32)
        cv2.polylines(canvas, [outline], True, GREY, thickness, cv2.LINE_AA)
    for box in prediction.handwriting_photo_xyxy:
        x1, y1, x2, y2 = (round(edge) for edge in box.as_list())
        cv2.rectangle(canvas, (x1, y1), (x2, y2), ORANGE, thickness)
        cv2.putText(
            canvas, "handwriting", (x1, y1 - 2), cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thickness, DARK_ORANGE, thickness
        )
    largest = max((abs(beat.share or 0.0) for beat in prediction.beats), default=0.0)
    for beat in prediction.beats:
        x1, y1, x2, y2 = (round(edge) for edge in beat.box_photo_xyxy.as_list())
        color = share_color_rgb(beat.share, largest)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), color, thickness + 1)
        if color != GREY and beat.share is not None:  # never colour alone
            sign, ink = ("+", DARK_VERMILION) if beat.share > 0 else ("-", DARK_BLUE)
            cv2.putText(canvas, sign, (x1, y1 - 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5 + 0.3 * thickness, ink, thickness)
    for stretch in prediction.leads:
        at = round(stretch.box_photo_xyxy.x1), round(stretch.box_photo_xyxy.y1) - 2 * thickness
        cv2.putText(
            canvas, stretch.lead, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5 + 0.3 * thickness, GREEN, thickness, cv2.LINE_AA
        )
    return np.vstack([canvas, _strip(prediction, canvas.shape[1])])


def overlay_png(photo_rgb: ByteArray, prediction: Prediction) -> bytes:
    """``draw_overlay`` as the bytes of a PNG file.

    Args:
        photo_rgb: the upright picture, ``uint8 [H, W, 3]``.
        prediction: what a bundle said of it.
    """
    _, encoded = cv2.imencode(".png", cv2.cvtColor(draw_overlay(photo_rgb, prediction), cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def decision_line(prediction: Prediction) -> str:
    """The answer in one line of ASCII, which is all that OpenCV's fonts can write."""
    if prediction.status != "ok":
        return f"{prediction.status}: {prediction.reason}"
    if prediction.p_abnormal is None:
        return f"{prediction.decision}: {prediction.reason}"
    count = f"{len(prediction.beats)} beat{'' if len(prediction.beats) == 1 else 's'}"
    return f"{prediction.decision}, p(abnormal) {prediction.p_abnormal:.2f}, {count}, model {prediction.bundle}"


def _strip(prediction: Prediction, width: int) -> ByteArray:
    """The lines below the picture, in letters small enough for its width."""
    legend = "orange +: supports abnormal   blue -: supports normal   grey: little weight"
    faults = [(fault, (0, 0, 0)) for fault in prediction.faults]
    lines = [(decision_line(prediction), (0, 0, 0)), *faults, (legend, GREY), (NOTICE, GREY)]
    font, margin = cv2.FONT_HERSHEY_SIMPLEX, max(2, width // 100)
    unit_width = max(cv2.getTextSize(text, font, 1.0, 1)[0][0] for text, _ in lines)
    scale = min(1.0, (width - 2 * margin) / unit_width)
    line_height = max(4, round(36 * scale))
    strip: ByteArray = np.full((line_height * len(lines) + 2 * margin, width, 3), WHITE, dtype=np.uint8)
    for number, (text, color) in enumerate(lines):
        below = (margin, margin + round(line_height * (number + 0.75)))
        cv2.putText(strip, text, below, font, scale, color, max(1, round(scale * 1.5)), cv2.LINE_AA)
    return strip
