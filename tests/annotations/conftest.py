"""A real store in a temporary folder, with small pictures in it."""

from pathlib import Path

import numpy as np
import pytest

from annotations.model import LabelledBox, Origin, Picture, Reading
from annotations.store import Store
from ecgcore.types import Beat, Box, ByteArray, Prediction

WIDTH, HEIGHT = 120, 80


def picture_rgb(number: int) -> ByteArray:
    """A small picture unlike any other number's."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def box(uid: str, x1: float = 10.0, origin: Origin = "drawn", proposal: int | None = None) -> LabelledBox:
    """A box 20 wide and 30 high."""
    return LabelledBox(uid, Box(x1, 20.5, x1 + 20.0, 50.25), None, origin, proposal)


def prediction(p: float = 0.7, bundle: str = "starter", beats: int = 2) -> Prediction:
    """What a bundle might say of such a picture."""
    found = tuple(Beat(Box(30.0 * i, 10.0, 30.0 * i + 25.0, 40.0), 0.9, 0.6, 0.1) for i in range(beats))
    return Prediction(
        "ecg.png", 1, "ok", p_abnormal=p, decision="abnormal", beats=found, bundle=bundle, p_global=p, p_local=p
    )


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


NORMAL = Reading(label="normal", boxes=(box("a"), box("b", 60.0)), boxes_complete=True)
ABNORMAL = Reading(label="abnormal", boxes=(box("a", 12.0),), flags=frozenset({"bad photo"}), comment="ST up, V2; „ok“")
