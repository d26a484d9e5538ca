"""Archives on a cluster of two machines, as far as one can play two: what ends, what is gone, what comes twice."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from ray.cluster_utils import Cluster

from ecgcore.archive.results import PARTS, Results, open_results
from ecgcore.archive.run import screen_archive
from ecgcore.archive.screener import MOST_TRIES, ArchiveSettings, screened
from ecgcore.bundle.manifest import check_files
from ecgcore.errors import BundleError
from ecgcore.types import ByteArray, Prediction

POISON = "poison.png"
NOTICED_SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


@dataclass(frozen=True)
class Deadly:
    """A folder of files of which one ends the process that opens it."""

    folder: Path

    def __truediv__(self, file: str) -> Path:
        if file == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.folder / file


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, ecg_page_rgb: ByteArray) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    cv2.imwrite(str(folder / "page.png"), cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR))
    for number in range(8):
        (folder / f"{number}.png").symlink_to(folder / "page.png")
    return folder


@pytest.fixture(scope="module")
def machines() -> Iterator[Cluster]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    size = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**size, "_system_config": NOTICED_SOON})
    cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    yield cluster
    cluster.shutdown()
    del os.environ["RAY_USAGE_STATS_ENABLED"]


def _results(folder: Path, files: list[str], files_a_part: int) -> Results:
    open_results(folder, {}, files)
    return Results(folder, len(files), files_a_part)


def _text(file: str) -> str:
    return json.dumps(Prediction(file, 1, "ok").to_json()) + "\n"


def _files(results: Results) -> list[tuple[str, str]]:
    parts = sorted((results.folder / PARTS).glob("*.jsonl"))
    pages = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    return [(page["file"], page["status"]) for page in pages]


def test_what_dies_loses_nothing_and_doubles_nothing(
    machines: Cluster, pictures: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    """A file that ends its process is listed, a machine dies in the middle, and a finished part is left as it is."""
    files = [*(f"{number}.png" for number in range(6)), POISON, "missing.png"]
    results = _results(tmp_path, files, 2)
    results.write(next(results.unfinished()), {place: _text(files[place]) for place in range(2)})
    finished = tmp_path / PARTS / "part-000000.jsonl"
    written = finished.stat().st_mtime_ns
    left_at_death = []

    def die() -> None:
        while len(list((tmp_path / PARTS).glob("*.jsonl"))) < 2:
            time.sleep(0.05)
        left_at_death.append(results.files_left())
        machines.remove_node(machines.worker_nodes.copy().pop(), allow_graceful=False)

    killer = threading.Thread(target=die)
    killer.start()
    settings = ArchiveSettings(tiny_bundle, check_files(tiny_bundle).fingerprint, Deadly(pictures))  # type: ignore[arg-type]
    screen_archive(results, settings, {"address": machines.address}, workers=2)
    killer.join()
    assert left_at_death[0] > 0, "it died after the work"
    assert _files(results) == [(file, "error" if file in (POISON, "missing.png") else "ok") for file in files]
    assert finished.stat().st_mtime_ns == written
    assert results.list_errors() == 2
    assert f"ended the process that screened it, {MOST_TRIES} times" in (tmp_path / "errors.jsonl").read_text()


def test_another_bundle_than_that_of_the_run_is_refused(tiny_bundle: Path, pictures: Path) -> None:
    batch = {"part": np.array([0]), "place": np.array([0]), "file": np.array(["0.png"])}
    with pytest.raises(BundleError, match="is another bundle than here"):
        next(screened(batch, ArchiveSettings(tiny_bundle, "0" * 64, pictures), None))
