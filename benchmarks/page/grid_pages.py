"""Pages on every kind of paper at a known scale; each grid is drawn here, not by papersim, which the program knows.

The traces are papersim's, on white and without a grid; paper and grid are laid under them as a filter under a print.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatPixels
from ecgcore.papersim import draw_page, random_style
from ecgcore.papersim.style import Rgb
from trainer.starter.public_datasets import Record

SHORTEST_PX, LONGEST_PX = 600, 2400
"""Of the picture's longer side; the green thermal page of the field is 621 wide."""
SMALLEST_PX_PER_MM = 2.2


@dataclass(frozen=True)
class Paper:
    """A kind of paper.

    Args:
        paper: its colour.
        minor, major: colours of the 1 mm and the 5 mm lines; None where it has none.
        widths_mm: of both lines.
        pattern: how lines are drawn: whole, as dots at every crossing of 1 mm, or with pieces missing.
        noise: of the scanner, in levels.
    """

    paper: Rgb
    minor: Rgb | None
    major: Rgb | None
    widths_mm: tuple[float, float] = (0.12, 0.25)
    pattern: str = "whole"
    noise: float = 1.5


PAPERS: dict[str, Paper] = {
    "green": Paper((222, 243, 228), (150, 208, 172), (84, 172, 128), (0.2, 0.3), noise=3.0),
    "green, dark": Paper((190, 225, 195), (90, 160, 110), (40, 120, 70), (0.25, 0.4), noise=3.0),
    "yellowed": Paper((232, 210, 158), (214, 168, 120), (196, 132, 92), (0.15, 0.3), noise=3.0),
    "yellowed, green": Paper((226, 218, 160), (170, 196, 128), (118, 164, 96), (0.2, 0.3), noise=3.0),
    "blue": Paper((218, 230, 246), (166, 192, 232), (112, 150, 214)),
    "blue, dark": Paper((196, 214, 240), (120, 150, 214), (70, 100, 190), (0.2, 0.4)),
    "red": Paper((255, 240, 238), (246, 180, 176), (232, 110, 106)),
    "grey": Paper((250, 250, 250), (170, 170, 170), (110, 110, 110)),
    "dotted": Paper((255, 252, 250), (205, 150, 150), (205, 150, 150), (0.25, 0.3), "dots"),
    "dots alone": Paper((252, 252, 252), (150, 150, 150), None, (0.3, 0.3), "dots"),
    "dots and lines": Paper((252, 252, 252), (170, 140, 140), (220, 120, 120), (0.3, 0.2), "minor dots"),
    "broken": Paper((250, 246, 242), (214, 170, 160), (200, 120, 110), (0.12, 0.25), "broken", 3.0),
    "broken, one kind": Paper((248, 248, 248), (150, 150, 150), None, (0.15, 0.15), "broken", 3.0),
    "faint": Paper((250, 250, 250), (244, 240, 240), (236, 226, 226), noise=2.0),
    "faint, coarse": Paper((245, 245, 240), None, (232, 226, 222), (0.1, 0.3), noise=2.0),
    "1 mm alone": Paper((255, 250, 250), (236, 170, 170), None),
    "5 mm alone": Paper((255, 250, 250), None, (226, 130, 130)),
    "none": Paper((248, 247, 244), None, None),
}


@dataclass(frozen=True)
class GridPage:
    """A drawn page and its truth.

    Args:
        kind: a key of ``PAPERS``.
        image_rgb: ``uint8 [H, W, 3]``.
        px_per_mm: of its picture.
    """

    kind: str
    image_rgb: ByteArray
    px_per_mm: float


def grid_page(kind: str, record: Record, seed: list[int]) -> GridPage:
    """Draw a record on a kind of paper, in a style and a size that depend on the seed alone."""
    rng = np.random.default_rng(seed)
    style = dataclasses.replace(
        random_style(rng),
        paper_speed_mm_s=25.0,
        grid="none",
        frame=False,
        paper=(255, 255, 255),
        rotation_deg=0.0,
        blur_px=0.0,
        sensor_noise=0.0,
        shade=0.0,
        jpeg_quality=None,
        px_per_mm=4.0,
        pen_mm=float(rng.uniform(0.2, 0.5)),
    )
    longest_mm = max(draw_page(record.signals_mv, record.fs_hz, style, 0).image_rgb.shape[:2]) / style.px_per_mm
    longest_px = float(np.exp(rng.uniform(np.log(SHORTEST_PX), np.log(LONGEST_PX))))
    style = dataclasses.replace(style, px_per_mm=max(SMALLEST_PX_PER_MM, longest_px / longest_mm))
    page = draw_page(record.signals_mv, record.fs_hz, style, int(rng.integers(2**31)))
    left, top, right, bottom = (round(edge) for edge in page.panel_xyxy)
    image = np.empty(page.image_rgb.shape, np.float32)
    image[:] = PAPERS[kind].paper
    height, width = image.shape[:2]
    inside = np.s_[top : min(bottom, height), left : min(right, width)]
    lay_grid(image[inside], PAPERS[kind], style.px_per_mm, rng)
    image *= page.image_rgb.astype(np.float32) / 255
    return GridPage(kind, worn(image, PAPERS[kind].noise, rng), style.px_per_mm)


def lay_grid(panel: FloatPixels, paper: Paper, px_per_mm: float, rng: np.random.Generator) -> None:
    """Draw a paper's grid over all of a picture ``float32 [h, w, 3]``, in place."""
    for colour, step_mm, width_mm in zip((paper.minor, paper.major), (1.0, 5.0), paper.widths_mm, strict=True):
        if colour is None:
            continue
        down, across = (_lines(side, step_mm * px_per_mm, width_mm * px_per_mm) for side in panel.shape[:2])
        as_dots = paper.pattern == "dots" or (paper.pattern == "minor dots" and step_mm == 1)
        if as_dots:  # at the crossings with the lines of 1 mm
            dots = [_lines(side, px_per_mm, 0.3 * px_per_mm) for side in panel.shape[:2]]
            cover = np.maximum(down[:, None] * dots[1][None, :], dots[0][:, None] * across[None, :])
        else:
            keeps = _keeps_broken if paper.pattern == "broken" else _keeps_all
            cover = np.maximum(
                down[:, None] * keeps(panel.shape[:2], px_per_mm, rng),
                across[None, :] * keeps(panel.shape[1::-1], px_per_mm, rng).T,
            )
        panel += (np.asarray(colour, np.float32) - panel) * cover[..., None]


def _lines(length_px: int, period_px: float, line_px: float) -> FloatPixels:
    """How much of each pixel lines at multiples of a period cover, exact to fractions of a pixel."""
    edges = np.arange(length_px + 1) + line_px / 2
    covered = np.floor(edges / period_px) * line_px + np.minimum(edges % period_px, line_px)
    return np.asarray(np.clip(np.diff(covered), 0, 1), dtype=np.float32)


Keeps = Callable[[tuple[int, int], float, np.random.Generator], FloatPixels]


def _keeps_all(_shape: tuple[int, int], _px_per_mm: float, _rng: np.random.Generator) -> FloatPixels:
    return np.ones((1, 1), np.float32)


def _keeps_broken(shape: tuple[int, int], px_per_mm: float, rng: np.random.Generator) -> FloatPixels:
    """1 where level lines kept their ink, 0 along the half of them that wore off, piece by piece, ``float32 shape``."""
    height, width = shape
    cells = rng.standard_normal((max(2, round(height / px_per_mm)), max(2, round(width / (6 * px_per_mm)))))
    smooth = cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(smooth > 0, dtype=np.float32)


def worn(image: FloatPixels, noise: float, rng: np.random.Generator) -> ByteArray:
    """The scan: uneven light, the paper's own clouds, a soft lens, noise, and mostly JPEG."""
    height, width = image.shape[:2]
    clouds = rng.normal(0, rng.uniform(0, 0.05), (4, 5)).astype(np.float32)
    image = image * (1 + cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC))[..., None]
    if rng.random() < 0.6:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 0.8)))
    grain = rng.standard_normal((height, width, 1)).astype(np.float32)
    image_rgb = np.clip(image + noise * grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(50, 96))
        _, data = cv2.imencode(".jpg", image_rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        image_rgb = np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])
    return np.asarray(image_rgb, dtype=np.uint8)
