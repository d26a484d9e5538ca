"""Data folders for trainings, made once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from annotations.store import Store
from tests.trainer.training_store import make_training_store
from trainer import jobs


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which nothing was trained yet; read only."""
    folder = tmp_path_factory.mktemp("training") / "data"
    make_training_store(folder).close()
    return folder


@pytest.fixture(scope="session")
def finished_folder(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after one undisturbed training by a process of its own; read only."""
    folder = tmp_path_factory.mktemp("training") / "finished"
    shutil.copytree(prepared_folder, folder)
    store = Store(folder)
    run = jobs.start(store, by="Ada", recipe="tiny", folds=2, device="cpu")
    ended = jobs.follow(store, run.id)
    assert ended.state == "candidate", f"{ended.message}\n{jobs.log_tail(store, run.id)}"
    store.close()
    return folder


@pytest.fixture
def prepared(prepared_folder: Path, tmp_path: Path) -> Store:
    """A copy of ``prepared_folder`` for one test."""
    return Store(Path(shutil.copytree(prepared_folder, tmp_path / "data")))


@pytest.fixture
def finished(finished_folder: Path, tmp_path: Path) -> Store:
    """A copy of ``finished_folder`` for one test."""
    return Store(Path(shutil.copytree(finished_folder, tmp_path / "data")))
