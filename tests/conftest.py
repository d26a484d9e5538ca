"""What many tests share: one thread, a bundle of tiny random networks, a simulated page."""

from pathlib import Path

import pytest
import torch

from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import ByteArray
from tests.tiny import save_tiny_bundle

torch.set_num_threads(1)


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
