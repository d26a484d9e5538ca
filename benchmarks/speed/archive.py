"""What Ray costs and brings: drawn pages by 1, 2, ... workers of one thread, beside the same function in a loop.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.archive [--pages N] [--workers N ...]

Each number of workers screens six pages each before, which loads all bundles. A page's time is that between results;
what Ray needs to plan and to end a dataset, once in some thousand pages, is told beside it. The loop is timed in this
process.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import torch

from ecgcore.archive.results import Part
from ecgcore.archive.screener import ArchiveSettings
from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.cluster.environment import AUTO, RayOptions, ray_environment
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen_files


def main() -> None:
    """Print seconds a page, the speed-up to one worker and the overhead to the loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    bundle = load_bundle(starter_folder(), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        files = tuple(str(_drawn(Path(folder), seed)) for seed in range(options.pages))
        pages = [(Path(file), file) for file in files]
        list(screen_files(pages[:2], bundle))
        start = perf_counter()
        list(screen_files(pages, bundle))
        alone = (perf_counter() - start) / len(files)
        print(f"loop: {alone:.3f} s a page")
        settings = ArchiveSettings(None, bundle.manifest.fingerprint, Path(folder))
        with ray_environment(AUTO, max(options.workers)) as how:
            spent = {workers: _timed(files, settings, how, workers) for workers in options.workers}
    first, _ = spent[options.workers[0]]
    for workers, (seconds, once) in spent.items():
        overhead_ms = 1000 * (seconds * workers - alone)
        print(
            f"{workers} workers: {seconds:.3f} s a page, {first / seconds:.2f}x, overhead {overhead_ms:.0f} ms a page, "
            f"and {once:.1f} s once"
        )


def _drawn(folder: Path, seed: int) -> Path:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=seed)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=8.0), seed, beats_s=beats_s)
    path = folder / f"{seed}.png"
    cv2.imwrite(str(path), cv2.cvtColor(np.asarray(page.image_rgb), cv2.COLOR_RGB2BGR))
    return path


def _timed(files: tuple[str, ...], settings: ArchiveSettings, how: RayOptions, workers: int) -> tuple[float, float]:
    """Seconds a page between the first results and the last ones, and those that the start and the end cost besides.

    Bundles are loaded before; each number of workers has a cluster of its own.
    """
    from ecgcore.archive.run import screened_texts
    from ecgcore.cluster.connection import connected

    with connected({**how, "num_cpus": workers}):
        list(screened_texts([Part(0, files[: 6 * workers])], settings, workers))
        start = perf_counter()
        ends = np.array([perf_counter() - start for _ in screened_texts([Part(0, files)], settings, workers)])
        whole = perf_counter() - start
    among = np.arange(2 * workers, len(files) - 2 * workers)
    page = float(np.polyfit(among, ends[among], 1)[0])
    return page, whole - page * len(files)


if __name__ == "__main__":
    main()
