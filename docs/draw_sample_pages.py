"""Draws docs/papersim.jpg: what the page simulator can do, one sample for each choice.

python -m docs.draw_sample_pages          # or: make samples
"""

from pathlib import Path

import cv2
import numpy as np

from ecgcore.papersim import LAYOUT_ROWS, PageStyle, SimPage, draw_page, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph
from ecgcore.papersim.style import GRID_COLOURS
from ecgcore.types import ByteArray

PICTURE = Path(__file__).with_name("papersim.jpg")
TILE_WH, CAPTION_PX = (310, 215), 22
JPEG_QUALITY = 72
"""Which keeps the picture below 400 kB."""

_GREY, _GREEN, _ORANGE = GRID_COLOURS[5], GRID_COLOURS[6], GRID_COLOURS[8]
STYLES = {
    "Layouts": {name: PageStyle(layout=name, row_pitch_mm=15 if "12" in name else 24) for name in LAYOUT_ROWS},
    "Grids": {
        "lines": PageStyle(),
        "dots": PageStyle(grid="dots"),
        "coarse": PageStyle(grid="coarse"),
        "none": PageStyle(grid="none"),
        "grey": PageStyle(grid_colours=_GREY),
        "green, tinted paper": PageStyle(grid_colours=_GREEN, paper=(245, 250, 235)),
    },
    "Pens and marks": {
        "hairline": PageStyle(pen_mm=0.12),
        "broad": PageStyle(pen_mm=0.6),
        "blue": PageStyle(pen=(0, 0, 178)),
        "pulse right, gaps": PageStyle(pulse="right", separators="gap"),
        "seconds, borders": PageStyle(ticks=True, separators="line", pulse="none"),
        "50 mm/s, 5 mm/mV": PageStyle(paper_speed_mm_s=50, gain_mm_mv=5, column_s=1.25),
    },
    "Signal and scan": {
        "baseline wander": PageStyle(wander_mv=0.3),
        "muscle noise": PageStyle(noise_mv=0.03),
        "50 Hz mains": PageStyle(mains_mv=0.05),
        "askew": PageStyle(rotation_deg=2.5),
        "blurred": PageStyle(blur_px=2.5),
        "shaded, noisy, JPEG": PageStyle(shade=0.25, sensor_noise=12, jpeg_quality=25, grid_colours=_ORANGE),
    },
}
"""For each row of the sheet, what is written below a page and how it is drawn."""

PHOTOS = {
    "tilted": PhotoDamage(tilt_deg=(22, -14), rotation_deg=4, fill=0.8),
    "folded": PhotoDamage(folds=((0.35, 0.25, True), (0.6, 0.2, False)), desk="wood"),
    "curled": PhotoDamage(curl=0.3, curl_deg=20, desk="cloth", fill=0.8),
    "lens, shadow": PhotoDamage(barrel=-0.06, shadows=2, shade=0.5, gradient=0.3),
    "shaken, cluttered desk": PhotoDamage(motion_px=9, noise=0.03, desk="clutter", fill=0.75, warmth=0.1),
    "cut off": PhotoDamage(fill=1.25, offset=(0.1, 0.05), rotation_deg=-3),
}
"""Photographs of the first page."""


def main() -> None:
    """Write the sheet."""
    rows = [_row(title, {name: _drawn(style) for name, style in styles.items()}) for title, styles in STYLES.items()]
    page = _page(PageStyle())
    photos = {name: photograph(page, damage, seed).image_rgb for seed, (name, damage) in enumerate(PHOTOS.items())}
    sheet = np.vstack([*rows, _row("Photographs", photos)])
    cv2.imwrite(str(PICTURE), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _page(style: PageStyle) -> SimPage:
    signals_mv, fs_hz, _ = synthetic_ecg("t_inversion", seed=3)
    return draw_page(signals_mv, fs_hz, style, seed=3)


def _drawn(style: PageStyle) -> ByteArray:
    return _page(style).image_rgb


def _row(title: str, pictures: dict[str, ByteArray]) -> ByteArray:
    """A title above tiles of one size, each with its caption, uint8 [H, W, 3]."""
    tiles = [np.vstack([_fitted(picture), _line(name, TILE_WH[0])]) for name, picture in pictures.items()]
    row = np.hstack(tiles)
    return np.vstack([_line(title, row.shape[1], 0.7), row])


def _fitted(picture_rgb: ByteArray) -> ByteArray:
    """As large as a tile allows, on white."""
    height, width = picture_rgb.shape[:2]
    scale = min((TILE_WH[0] - 8) / width, (TILE_WH[1] - 8) / height)
    small = cv2.resize(picture_rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    tile = np.full((TILE_WH[1], TILE_WH[0], 3), 255, np.uint8)
    top, left = (TILE_WH[1] - small.shape[0]) // 2, (TILE_WH[0] - small.shape[1]) // 2
    tile[top : top + small.shape[0], left : left + small.shape[1]] = small
    return tile


def _line(text: str, width_px: int, size: float = 0.5) -> ByteArray:
    line = np.full((CAPTION_PX + round(20 * (size - 0.5)), width_px, 3), 255, np.uint8)
    cv2.putText(line, text, (6, line.shape[0] - 7), cv2.FONT_HERSHEY_SIMPLEX, size, (30, 30, 30), 1, cv2.LINE_AA)
    return line


if __name__ == "__main__":
    main()
