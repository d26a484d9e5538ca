"""What the network that finds lead names is taught: every name's middle, and nothing where other words stand."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from ecgcore.printed.names import CELL_PX, NAMES
from fits.lead_names import weights


@pytest.fixture(autouse=True)
def _pens_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PENS_SHARE", 1.0)  # no font file is needed


def test_a_crop_shows_its_names_where_its_cells_say() -> None:
    blanks = [weights.BasePage(np.zeros((400, 400), np.uint8), px_per_mm) for px_per_mm in (3.2, 6.0, 8.0)]
    for seed in range(6):
        picture, cells = weights.crop(blanks, [], np.random.default_rng(seed))
        assert picture.shape == (weights.CROP_PX,) * 2
        named = np.argwhere((cells > 0) & (cells < 255))
        for row, column in named:
            y, x = row * CELL_PX, column * CELL_PX
            assert picture[max(0, y - 12) : y + 20, max(0, x - 30) : x + 38].max() > 0.15, "ink round the middle"
        assert set(cells[(cells > 0) & (cells < 255)].tolist()) <= set(range(1, len(NAMES) + 1))


def test_the_weights_go_on_from_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pages = [weights.BasePage(rng.integers(0, 60, (300, 300)).astype(np.uint8), 6.0)]
    first = weights.train(pages, [], 1, rng)
    save_file({name: value.contiguous() for name, value in first.state_dict().items()}, tmp_path / "a.safetensors")
    again = weights.train(pages, [], 1, rng, tmp_path / "a.safetensors")
    assert {name: value.shape for name, value in again.state_dict().items()} == {
        name: value.shape for name, value in first.state_dict().items()
    }
