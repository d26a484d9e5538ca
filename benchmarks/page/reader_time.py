"""The longest that any picture holds the reader, and the most memory: of pictures at hand and of adversarial ones.

python -m benchmarks.page.reader_time BUNDLE [PATH...] [--adversarial N] [--seed N] [--worst N]

Seconds are those that the processor computes in one thread, decoding left out; two cores take less. A busy machine
computes more slowly, so a picture over half of the limit is measured ``AGAIN`` more times and the least is taken.
*reader*: from the picture to its panel, ``prepare``. *screening*: the whole of it, with what follows the reader and
with the networks. Memory is the most that a picture and its screening take beside the program and its networks (told by
Linux alone).
"""

import argparse
import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import cv2
import torch
from tqdm import tqdm

from benchmarks.page.adversarial_pictures import adversarial
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.errors import EcgError, NotScreenableError
from ecgcore.page.decode.read import FILE_ENDINGS, read_picture
from ecgcore.page.prepare import prepare
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray

MOST_READER_S, MOST_MEMORY_GIB = 3.0, 1.5
AGAIN = 2
REPORT_SEED = 31


def pictures(paths: list[Path]) -> Iterator[tuple[str, ByteArray]]:
    """Every page of every file, as far as it can be opened."""
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.suffix.lower() in FILE_ENDINGS
    ]
    for file in files:
        try:
            pages = read_picture(file, file.name)
        except EcgError:
            continue
        for number, photo_rgb in enumerate(pages, start=1):
            height, width = photo_rgb.shape[:2]
            yield f"{file.name} page {number} {width}x{height}", photo_rgb


Measured = tuple[float, float, float, str]
"""Seconds of the reader, of the whole screening, memory in GiB, and what was answered."""


def measured(photo_rgb: ByteArray, bundle: Bundle) -> Measured:
    """The least of several runs where the first takes long."""
    runs = [_run(photo_rgb, bundle)]
    if runs[0][1] > MOST_READER_S / 2:
        runs += [_run(photo_rgb, bundle) for _ in range(AGAIN)]
    reader_s, screening_s, gib = (min(run[n] for run in runs) for n in (0, 1, 2))  # type: ignore[type-var]
    return float(reader_s), float(screening_s), float(gib), runs[0][3]


def _run(photo_rgb: ByteArray, bundle: Bundle) -> Measured:
    own_gib = photo_rgb.nbytes / 2**30
    _forget_peak()
    before_gib = _memory_gib("VmRSS") - own_gib
    begin = process_time()
    try:
        prepare(photo_rgb, None)
    except NotScreenableError as refusal:
        reader_s = process_time() - begin
        return reader_s, reader_s, _memory_gib("VmHWM") - before_gib, f"refused: {refusal.cause}"
    reader_s, begin = process_time() - begin, process_time()
    prediction = screen(photo_rgb, bundle, file="page")
    answer = prediction.decision or f"refused: {prediction.reason}"
    return reader_s, process_time() - begin, _memory_gib("VmHWM") - before_gib, answer


def _forget_peak() -> None:
    """Give back what is not used and let the highest memory begin anew (``man proc_pid_clear_refs``)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _memory_gib(name: str) -> float:
    """``VmRSS``: memory in use; ``VmHWM``: the highest of it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 2**20


def main() -> None:
    """Read them all and print the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("paths", type=Path, nargs="*", help="pictures, and folders of them")
    parser.add_argument("--adversarial", type=int, default=500, help="how many pictures are drawn to hold the reader")
    parser.add_argument("--seed", type=int, default=REPORT_SEED)
    parser.add_argument("--worst", type=int, default=12, help="how many are listed")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    bundle = load_bundle(options.bundle, "cpu")
    sets = {"at hand": pictures(options.paths), "adversarial": adversarial(options.adversarial, options.seed)}
    for name, of_set in sets.items():
        rows = [(*measured(photo_rgb, bundle), called) for called, photo_rgb in tqdm(of_set, desc=name)]
        if not rows:
            continue
        reader_s, screening_s, memory_gib, _, _ = (list(column) for column in zip(*rows, strict=True))
        late = sum(seconds > MOST_READER_S for seconds in reader_s)
        large = sum(gib > MOST_MEMORY_GIB for gib in memory_gib)
        print(f"{name}: {len(rows)} pictures; {late} over {MOST_READER_S:g} s, {large} over {MOST_MEMORY_GIB:g} GiB")
        print(f"  worst: reader {max(reader_s):.2f} s, screening {max(screening_s):.2f} s, {max(memory_gib):.2f} GiB")
        for reader, whole, gib, answer, called in sorted(rows, key=lambda row: -row[1])[: options.worst]:
            print(f"    {reader:6.2f} {whole:6.2f} s {gib:5.2f} GiB  {called}: {answer}")


if __name__ == "__main__":
    main()
