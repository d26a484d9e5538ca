"""A real store in a temporary folder, with small pictures in it."""

from pathlib import Path

import pytest

from annotations.model import Picture
from annotations.store import Store
from tests.support.stored_pictures import picture_rgb


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store that knows two people."""
    store = Store(tmp_path / "data")
    for name in ("Ada", "Ben"):
        store.add_person(name)
    return store


@pytest.fixture
def page(store: Store) -> Picture:
    """One stored picture."""
    return store.add_picture(picture_rgb(0), group="patient-1")[0]
