"""Small pictures for a store, and what a bundle and a person say of them."""

import numpy as np

from annotations.model import LabelledBox, Origin, Reading
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


NORMAL = Reading(label="normal", boxes=(box("a"), box("b", 60.0)), boxes_complete=True)
ABNORMAL = Reading(label="abnormal", boxes=(box("a", 12.0),), flags=frozenset({"bad photo"}), comment="ST up, V2; „ok“")
