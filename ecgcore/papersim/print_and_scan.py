"""The printer and the scanner of papersim: grid, text, and the wear that a scan or an export adds."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray, FloatPixels
from ecgcore.papersim.style import PageStyle

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
_HEADER_WORDS = (
    "ID: {n}",
    "Name: ____",
    "{a} years",
    "Male",
    "Female",
    "HR {h} bpm",
    "PR {p} ms",
    "QRS {q} ms",
    "QT/QTc {t}/{t} ms",
    "Dept.",
    "Room No.:",
    "Technician:",
    "Confirmed by:",
    "Diagnosis Information:",
    "Sinus rhythm",
    "Unconfirmed",
)

_PATIENT_WORDS = (
    "ID: {n}",
    "Name: Rossi, Anna",
    "Smith John",
    "{a} years",
    "Male",
    "Female",
    "Age {a}",
    "Sex: F",
    "DOB 12.03.19{a}",
    "2026-03-{d:02d}  09:{d:02d}",
    "03/{d:02d}/2026",
    "Ward {d}",
    "HR {h} bpm",
    "Sinus rhythm",
    "Confirmed by: Dr. Lee",
)

TextBox = tuple[float, float, float, float]
"""Where a line of header or footer stands, xyxy in pixels of the page."""


def compose_grid(
    page_px: tuple[int, int], panel_mm: tuple[float, float, float, float], style: PageStyle
) -> FloatPixels:
    """Paper with its printed grid, ``float32 [H, W, 3]`` 0..255; lines are exact to fractions of a pixel.

    Args:
        page_px: width and height of the page's picture.
        panel_mm: what the grid covers: left, top, right, bottom.
        style: the page's looks.
    """
    width, height = page_px
    image = np.empty((height, width, 3), np.float32)
    image[:] = np.asarray(style.paper, np.float32)
    if style.grid == "none":
        return image
    left, top, right, bottom = (v * style.px_per_mm for v in panel_mm)
    x1, y1, x2, y2 = round(left), round(top), min(round(right), width), min(round(bottom), height)
    panel = image[y1:y2, x1:x2]
    minor_rgb, major_rgb = (np.asarray(c, np.float32) for c in style.grid_colours)
    scale = style.px_per_mm
    minor_x, minor_y = (_line_coverage(n, scale, style.minor_mm * scale) for n in (x2 - x1, y2 - y1))
    major_x, major_y = (_line_coverage(n, 5 * scale, style.major_mm * scale) for n in (x2 - x1, y2 - y1))
    if style.grid == "lines":
        _blend(panel, np.maximum(minor_x[None, :], minor_y[:, None]), minor_rgb)
    elif style.grid == "dots":
        wide_x, wide_y = (_line_coverage(n, scale, 0.3 * scale) for n in (x2 - x1, y2 - y1))
        _blend(panel, wide_x[None, :] * wide_y[:, None], minor_rgb)
    _blend(panel, np.maximum(major_x[None, :], major_y[:, None]), major_rgb)
    if style.frame:
        colour = tuple(float(c) for c in style.grid_colours[1])
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), colour, max(1, round(0.4 * scale)))
    return image


def _line_coverage(length_px: int, period_px: float, line_px: float) -> FloatPixels:
    """How much of each pixel is covered by lines of ``line_px`` width at multiples of ``period_px``."""
    edges = np.arange(length_px + 1) + line_px / 2
    covered = np.floor(edges / period_px) * line_px + np.minimum(edges % period_px, line_px)
    coverage: FloatPixels = np.clip(np.diff(covered), 0, 1).astype(np.float32)
    return coverage


def _blend(image: FloatPixels, coverage: FloatPixels, colour_rgb: FloatPixels) -> None:
    image += (colour_rgb - image) * coverage[..., None]


def print_text(
    ink: ByteArray,
    labels: list[tuple[str, float, float]],
    style: PageStyle,
    panel_mm: tuple[float, float, float, float],
    rng: np.random.Generator,
) -> list[TextBox]:
    """Print lead labels, header and footer into the ink, in place. The header is there to be cut off again.

    Args:
        ink: pen coverage ``uint8 [H, W]``; changed.
        labels: name, left end and baseline of each stretch of lead, millimetres.
        style: the page's looks.
        panel_mm: left, top, right, bottom.
        rng: draws what header and footer say.

    Returns:
        Where the words of header and footer stand.
    """
    scale = style.px_per_mm
    if style.labels:
        lift_mm = rng.uniform(-0.05, 0.3) * style.row_pitch_mm
        shift_mm = rng.uniform(-0.5, 1.5)
        if style.label_lift_mm is not None:
            lift_mm, shift_mm = style.label_lift_mm, 0.5
        for name, x_mm, baseline_mm in labels:
            _text(ink, name, x_mm + shift_mm, baseline_mm - lift_mm, style.label_mm, style.font, scale)
    left, _, right, bottom = panel_mm
    if style.ticks:
        for baseline_mm in sorted({baseline_mm for _, _, baseline_mm in labels}):
            for second in range(int((right - left) // style.paper_speed_mm_s)):
                x_mm = left + second * style.paper_speed_mm_s
                _text(ink, str(second), x_mm, baseline_mm + 0.45 * style.row_pitch_mm, 2.2, style.font, scale)
    printed = _header(ink, style, panel_mm, rng) if style.header and style.margin_mm[1] > 8 else []
    if style.footer:
        text = f"{style.paper_speed_mm_s:g} mm/s  {style.gain_mm_mv:g} mm/mV  0.05-{rng.choice([25, 40, 100, 150])} Hz"
        text = text if style.footer_words is None else style.footer_words
        if style.text_on_grid:
            text += "  " + _filled(str(rng.choice(_PATIENT_WORDS)), rng)
        inside = style.margin_mm[3] < 5
        x_mm, y_mm = left + rng.uniform(1, 30), bottom - 1.2 if inside else bottom + 4
        printed.append(_text(ink, text, x_mm, y_mm, 2.4, style.font, scale))
    return printed


def _header(
    ink: ByteArray, style: PageStyle, panel_mm: tuple[float, float, float, float], rng: np.random.Generator
) -> list[TextBox]:
    scale, (left, top, right, _) = style.px_per_mm, panel_mm
    words, printed = _PATIENT_WORDS if style.text_on_grid else _HEADER_WORDS, []
    for line in range(int((style.margin_mm[1] - 3) // 5)):
        x_mm = left + rng.uniform(0, 5)
        while x_mm < right - 30 and rng.random() < 0.85:
            word = _filled(str(rng.choice(words)), rng)
            printed.append(_text(ink, word, x_mm, 5 + 5 * line, 2.6, style.font, scale))
            x_mm += 2.4 * len(word) + rng.uniform(4, 40)
    if rng.random() < 0.4:
        y_px = round((top - 2) * scale)
        cv2.line(ink, (round(left * scale), y_px), (round(right * scale), y_px), 255, max(1, round(0.4 * scale)))
    return printed


def _filled(word: str, rng: np.random.Generator) -> str:
    number = int(rng.integers(10, 999999))
    return word.format(
        n=number, d=1 + number % 28, a=rng.integers(18, 95), h=rng.integers(40, 150),
        p=rng.integers(110, 220), q=rng.integers(70, 160), t=rng.integers(330, 480),
    )  # fmt: skip


def _text(
    ink: ByteArray, text: str, x_mm: float, y_mm: float, height_mm: float, font: int, px_per_mm: float
) -> TextBox:
    face = _FONTS[font % len(_FONTS)]
    (_, unit_height), _ = cv2.getTextSize("X", face, 1.0, 1)
    size = height_mm * px_per_mm / unit_height
    x, y = round(x_mm * px_per_mm), round(y_mm * px_per_mm)
    thickness = max(1, round(0.25 * px_per_mm))
    cv2.putText(ink, text, (x, y), face, size, 255, thickness, cv2.LINE_AA)
    (width, height), below = cv2.getTextSize(text, face, size, thickness)
    return float(x), float(y - height), float(x + width), float(y + below)


def turned(points_xy: FloatArray, page_px: tuple[int, int], rotation_deg: float) -> FloatArray:
    """Where points of the page ``[n, 2]`` come to lie as :func:`wear` rotates it.

    Args:
        points_xy: pixels of the page's picture.
        page_px: its width and height.
        rotation_deg: anticlockwise.
    """
    width, height = page_px
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rotation_deg, 1.0)
    return np.asarray(points_xy @ matrix[:, :2].T + matrix[:, 2], dtype=np.float64)


def wear(
    image: FloatPixels, boxes_xyxy: FloatArray, style: PageStyle, rng: np.random.Generator
) -> tuple[FloatArray, ByteArray]:
    """Shade, rotate, blur, add noise and compress; returns the boxes where they came to lie, and the picture.

    Args:
        image: ``float32 [H, W, 3]``, 0..255.
        boxes_xyxy: ``[n, 4]``, pixels.
        style: the page's looks.
        rng: draws shade and noise.
    """
    height, width = image.shape[:2]
    boxes = boxes_xyxy.reshape(-1, 4).astype(np.float64)
    if style.shade:
        across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(rng.uniform(-1, 1))
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(rng.uniform(-1, 1))
        image = np.asarray(image * (1 - style.shade * (across + down + 2)[..., None] / 4), dtype=np.float32)
    if style.rotation_deg:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), style.rotation_deg, 1.0)
        paper = tuple(float(c) for c in style.paper)
        turned = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper)
        image = np.asarray(turned, dtype=np.float32)
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
        middles = (corners + np.roll(corners, 1, axis=1)) / 2
        moved = middles @ matrix[:, :2].T + matrix[:, 2]
        # Edge middles, not corners: the trace touches the box along its edges, and a corner would swing out too far.
        boxes = np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1).reshape(-1, 4)
    if style.blur_px:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), style.blur_px), dtype=np.float32)
    if style.sensor_noise:
        grain = rng.standard_normal((height, width), dtype=np.float32)
        image = image + (style.sensor_noise * grain)[..., None]
    picture = np.clip(image, 0, 255).astype(np.uint8)
    if style.jpeg_quality is not None:
        ok, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, style.jpeg_quality])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert ok and decoded is not None, "cv2 encodes and decodes any uint8 picture"
        picture = np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8, copy=False)
    return boxes, picture
