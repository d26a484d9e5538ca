"""Are copies of a page found, and are different pages left apart?

    python -m benchmarks.store.near_duplicates [--pages 50] [--khan DATA]

Copies are encoded anew, scaled by 0.5 to 1.5, cropped by up to 3 % on each side, brightened or darkened, and all of
that at once. Different pages: every two of a set, and for each rendered page one of another record in the same style.
Another stretch of the same record, three seconds later, is counted apart: it belongs into the same group anyhow. The
limits of ``annotations.pictures.perceptual_hash`` were chosen on the first sets and are reported on the second. With
``--khan``, a folder that holds khan.csv and khan/, real pages are used too, in two halves; copies are made of some, and
every two pages of a half are compared. The limits lie below the closest pair of both halves, so that their false pairs
are no proof; the rendered pages that report took no part.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from annotations.pictures.perceptual_hash import distances, perceptual_hash
from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import KINDS, draw_page, plan_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray

FIRST_SEEDS = {"choosing": 810_000, "reporting": 820_000}
FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5)
"""Of the limits; the program uses 1."""
CROP = 0.03
PAGE_S, LATER_S = 10.0, 3.0


@dataclass
class PageHashes:
    """Perceptual hashes of pages, of their copies by kind of change, and of different pages that are like them."""

    pages: list[str] = field(default_factory=list)
    copies: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    same_style: list[tuple[str, str]] = field(default_factory=list)
    same_record: list[tuple[str, str]] = field(default_factory=list)

    def add_copies(self, photo_rgb: ByteArray, rng: np.random.Generator) -> str:
        """The page's hash; its copies' are noted."""
        phash = perceptual_hash(photo_rgb)
        for kind, copy_rgb in changed(photo_rgb, rng):
            self.copies.setdefault(kind, []).append((phash, perceptual_hash(copy_rgb)))
        return phash


def encoded(photo_rgb: ByteArray, quality: int) -> ByteArray:
    """Through a JPEG and back."""
    _, data = cv2.imencode(".jpg", photo_rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def scaled(photo_rgb: ByteArray, scale: float) -> ByteArray:
    """Smaller or larger."""
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def cropped(photo_rgb: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Without a strip on each side."""
    height, width = photo_rgb.shape[:2]
    left, top, right, bottom = (int(v) for v in rng.uniform(0, CROP, 4) * (width, height, width, height))
    return np.ascontiguousarray(photo_rgb[top : height - bottom, left : width - right])


def brightened(photo_rgb: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Another gamma, contrast and brightness."""
    light = (photo_rgb / 255.0) ** rng.uniform(0.7, 1.4) * rng.uniform(0.7, 1.1) + rng.uniform(-0.1, 0.1)
    return np.asarray(255 * np.clip(light, 0, 1), np.uint8)


def changed(photo_rgb: ByteArray, rng: np.random.Generator) -> Iterator[tuple[str, ByteArray]]:
    """Copies of a page by the kind of change."""
    yield "encoded", encoded(photo_rgb, int(rng.integers(40, 91)))
    yield "scaled", encoded(scaled(photo_rgb, rng.uniform(0.5, 1.5)), 85)
    yield "cropped", cropped(photo_rgb, rng)
    yield "brightened", encoded(brightened(photo_rgb, rng), 90)
    every = brightened(cropped(scaled(photo_rgb, rng.uniform(0.5, 1.5)), rng), rng)
    yield "all at once", encoded(every, int(rng.integers(50, 91)))


def rendered(first_seed: int, pages: int) -> PageHashes:
    """Artificial records on pages of every style."""
    found = PageHashes()
    for seed in range(first_seed, first_seed + pages):
        rng = np.random.default_rng(seed)
        style, kind = random_style(rng), list(KINDS)[seed % len(KINDS)]
        signals_mv, fs_hz, _ = synthetic_ecg(kind, seed, seconds=PAGE_S + LATER_S)
        other_mv, _, _ = synthetic_ecg(kind, seed + 500_000, seconds=PAGE_S)
        whole, later = round(PAGE_S * fs_hz), round(LATER_S * fs_hz)
        page, after, other = (
            draw_page(mv, fs_hz, style, seed + number, plan=plan_page(style, PAGE_S)).image_rgb
            for number, mv in enumerate((signals_mv[:, :whole], signals_mv[:, later : later + whole], other_mv))
        )
        phash = found.add_copies(page, rng)
        found.pages.append(phash)
        found.same_style.append((phash, perceptual_hash(other)))
        found.same_record.append((phash, perceptual_hash(after)))
    return found


def real(files: Sequence[Path], copied: int) -> PageHashes:
    """Pages of one machine, copies of the first ones."""
    found, rng = PageHashes(), np.random.default_rng(0)
    for number, file in enumerate(files):
        (photo_rgb,) = read_picture(file, file.name)
        found.pages.append(found.add_copies(photo_rgb, rng) if number < copied else perceptual_hash(photo_rgb))
    return found


def report(name: str, hashes: PageHashes) -> None:
    """Print shares and counts for some factors of the limits."""
    across = np.concatenate([distances(phash, hashes.pages[:i]) for i, phash in enumerate(hashes.pages)])
    style, record = (_pairwise(pairs) for pairs in (hashes.same_style, hashes.same_record))
    copies = {kind: _pairwise(pairs) for kind, pairs in hashes.copies.items()}
    print(f"\n{name}: {len(hashes.pages)} pages, {len(next(iter(copies.values())))} of them copied, "
          f"{len(across)} pairs of different pages, the closest {across.min():.2f}")  # fmt: skip
    print(f"{'limits times':14}" + "".join(f"{kind:>13}" for kind in copies)
          + f"{'false pairs':>13}{'same style':>12}{'same record':>13}")  # fmt: skip
    for factor in FACTORS:
        shares = "".join(f"{(far < factor).mean():13.3f}" for far in copies.values())
        print(f"{factor:<14}{shares}{(across < factor).sum():13}{_of(style, factor):>12}{_of(record, factor):>13}")


def _pairwise(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    return np.array([distances(phash, [other])[0] for phash, other in pairs])


def _of(far: np.ndarray, factor: float) -> str:
    return f"{(far < factor).sum()} of {len(far)}" if len(far) else "-"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=50, help="pages of each set that are copied")
    parser.add_argument("--khan", type=Path, metavar="DATA")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for name, seed in FIRST_SEEDS.items():
        report(f"rendered, {name}", rendered(seed, options.pages))
    if options.khan is not None:
        with (options.khan / "khan.csv").open(newline="", encoding="utf-8") as table:
            files = [options.khan / "khan" / row["file"] for row in csv.DictReader(table)]
        for number, name in enumerate(FIRST_SEEDS):
            report(f"real, {name}", real(files[number::2], options.pages))


if __name__ == "__main__":
    main()
