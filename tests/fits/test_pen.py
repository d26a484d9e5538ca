"""The network that follows the pen: it learns from drawn pages, and runs without torch as it was trained."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.papersim import synthetic_ecg
from ecgcore.waveform.pen import network
from fits.pen import error_db, fit, pen_pages, stretches, write
from trainer.starter.public_datasets import Record


def test_a_few_steps_learn_and_what_is_written_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 1)
    pages = list(pen_pages([Record("synthetic:1", "1", None, signals_mv, fs_hz)], 2))
    assert pages
    untaught, taught = fit(pages, 1), fit(pages, 40)
    batch = stretches(pages, np.random.default_rng(5))
    with torch.no_grad():
        assert error_db(taught, batch).mean() < error_db(untaught, batch).mean() - 1
        expected = taught(torch.from_numpy(pages[0].features.astype(np.float32))).numpy()
    write(taught, tmp_path / "pen.safetensors")
    monkeypatch.setattr(network, "WEIGHTS", tmp_path / "pen.safetensors")
    network.pen_weights.cache_clear()
    try:
        found = network.places_in_ink(pages[0].features.astype(np.float32))
    finally:
        network.pen_weights.cache_clear()
    assert np.abs(found - expected).max() < 0.02, "weights are written in half precision"
