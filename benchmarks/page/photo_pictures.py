"""What the preparation makes of a folder of photos, to be looked at: the photo with its outline beside the ink.

    python -m benchmarks.page.photo_pictures FOLDER OUT.png [--columns 1]

Nothing is tuned by it and nothing learns from it.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from ecgcore.errors import EcgError
from ecgcore.page.decode.read import read_picture
from ecgcore.page.prepare import prepare_page
from ecgcore.types import ByteArray

CELL_WH = 760, 420


def main() -> None:
    """Write one row a photo, and print what was said of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    rows = []
    for path in sorted(p for p in options.folder.iterdir() if p.is_file())[options.first :][: options.count]:
        try:
            photo_rgb = read_picture(path, path.name)[0]
            page = prepare_page(photo_rgb)
            said = f"{page.px_per_mm or 0:.2f} px/mm; {' '.join(page.notes)}"
            photo_rgb = photo_rgb.copy()
            corners = np.round(page.frame.corners_photo_xy).astype(np.int32)
            cv2.polylines(photo_rgb, [corners], True, (255, 0, 0), max(2, max(photo_rgb.shape) // 300))
            cv2.circle(
                photo_rgb, tuple(int(v) for v in corners[0]), max(6, max(photo_rgb.shape) // 80), (0, 0, 255), -1
            )
            shown = cv2.cvtColor(255 - page.ink, cv2.COLOR_GRAY2RGB).astype(np.uint8)
        except EcgError as error:
            said, shown = f"refused: {error}", np.full((10, 10, 3), 200, np.uint8)
        print(f"{path.name}: {said}", flush=True)
        rows.append(np.hstack([_fit(photo_rgb, path.name), _fit(shown, said[:80])]))
    cv2.imwrite(str(options.out), np.vstack(rows)[..., ::-1])


def _fit(picture_rgb: ByteArray, caption: str) -> ByteArray:
    """The picture in a cell of fixed size, under its caption."""
    width, height = CELL_WH
    scale = min(width / picture_rgb.shape[1], (height - 24) / picture_rgb.shape[0])
    small = cv2.resize(picture_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell = np.full((height, width, 3), 255, np.uint8)
    cell[24 : 24 + small.shape[0], : small.shape[1]] = small
    cv2.putText(cell, caption, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 160), 1, cv2.LINE_AA)
    return cell


if __name__ == "__main__":
    main()
