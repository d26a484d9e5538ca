"""What many tests share: one thread, a bundle of tiny random networks, a simulated page, a finished tiny training."""

import atexit
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from torch.nn.modules.module import register_module_forward_pre_hook
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from annotations.erasure.derived_files import CACHE
from annotations.store import Store
from ecgcore.networks.runtime.onnx_models import CACHE_VARIABLE
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import ByteArray
from tests.support.processes import BrowserApart, made_once, place_in_order, processes
from tests.support.strided_convolutions import refuse_unsound
from tests.support.tiny import save_tiny_bundle
from tests.support.training_store import make_training_store
from trainer import jobs
from trainer.data.prepare import prepare_pages
from trainer.data.store_pages import pages_of_store
from trainer.jobs.priority import YIELDS

# Sums depend on how many threads share them: this process and those that tests start need as many as each other.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # the processes that tests start
if CACHE_VARIABLE not in os.environ:  # one for all processes of this run, which go before this one
    os.environ[CACHE_VARIABLE] = tempfile.mkdtemp(prefix="ecg-onnx-")
    atexit.register(shutil.rmtree, os.environ[CACHE_VARIABLE], ignore_errors=True)
os.environ[YIELDS] = "0"  # nor shall they wait until nothing else works on this machine

# No test is timed: a machine may be as slow and as busy as it likes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Whatever network a test uses: one that some processors train wrongly must fail on all.
register_module_forward_pre_hook(refuse_unsound)

_MAIN = sys.modules["__main__"]


def pytest_xdist_auto_num_workers() -> int:
    """Of ``--numprocesses auto``."""
    return processes()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Whatever ``--dist`` says."""
    return BrowserApart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first."""
    items.sort(key=lambda item: place_in_order(item.nodeid))


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit's test harness leaves its script as this process's main module, which spawned processes would run."""
    yield
    sys.modules["__main__"] = _MAIN


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a saved bundle of tiny random networks; read only."""
    return save_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def ecg_page_rgb() -> ByteArray:
    """One simulated ECG page with a grid, ``uint8 [H, W, 3]``; read only."""
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=4)
    page_rgb = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 4, beats_s=beats_s).image_rgb
    page_rgb.flags.writeable = False
    return page_rgb


CLOSES_WITHIN_S = 60.0


def _untrained(folder: Path) -> None:
    store = make_training_store(folder)
    pages = pages_of_store(store)
    # Most of the time of a tiny training: once for all of them.
    prepare_pages([*pages.train, *pages.held_out], folder / CACHE / "pages")
    store.close()


def _trained(untrained: Path, folder: Path) -> None:
    shutil.copytree(untrained, folder)
    store = Store(folder)
    run = jobs.start(store, by="Ada", recipe="tiny", folds=2, device="cpu")
    ended = jobs.follow(store, run.id)
    assert ended.state == "candidate", f"{ended.message}\n{jobs.log_tail(store, run.id)}"
    store.close()
    gc.collect()
    # Whoever closes the database last, the training's process as a rule, takes the write-ahead log away: not while the
    # folder is copied.
    deadline = time.monotonic() + CLOSES_WITHIN_S
    while list(folder.glob("ecg.db-*")):
        assert time.monotonic() < deadline, "somebody keeps the database open"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which pages are prepared and nothing was trained yet; never opened, since others copy it."""
    return made_once(tmp_path_factory, "prepared", _untrained)


@pytest.fixture(scope="session")
def finished_folder(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after one undisturbed training by a process of its own."""
    return made_once(tmp_path_factory, "finished", partial(_trained, prepared_folder))


@pytest.fixture
def prepared(prepared_folder: Path, tmp_path: Path) -> Store:
    """A copy of ``prepared_folder`` for one test."""
    return Store(Path(shutil.copytree(prepared_folder, tmp_path / "data")))


@pytest.fixture
def finished(finished_folder: Path, tmp_path: Path) -> Store:
    """A copy of ``finished_folder`` for one test."""
    return Store(Path(shutil.copytree(finished_folder, tmp_path / "data")))
