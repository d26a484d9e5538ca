"""Which way up a page is, told from its ink alone."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d

from ecgcore.page import orientation
from ecgcore.page.orientation import STRIDES, find_quarter_turns, uprightness
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import LAYOUT_ROWS, PageStyle, draw_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray
from fits.orientation.weights import OrientationNet, folded, without_letters

PITCH_MM = {3: 30.0, 4: 28.0, 6: 20.0, 7: 18.0, 12: 13.0}


def ink_of(kind: str, amplitude: float, style: PageStyle) -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg(kind, 3)
    return prepare_page(draw_page(amplitude * signals_mv, fs_hz, style, 5).image_rgb).ink


@pytest.fixture(scope="module")
def inks() -> dict[str, ByteArray]:
    """A page of every layout."""
    return {
        layout: ink_of("normal", 1.0, PageStyle(layout=layout, px_per_mm=4.0, row_pitch_mm=PITCH_MM[len(rows)]))
        for layout, rows in LAYOUT_ROWS.items()
    }


def test_rows_of_tall_beats_that_touch_do_not_lay_a_page_on_its_side() -> None:
    ink = ink_of("tachycardia", 3.0, PageStyle(layout="6x2", row_pitch_mm=13.0, pen_mm=0.5))
    assert find_quarter_turns(ink) == 0


@pytest.mark.parametrize("turned", range(4))
@pytest.mark.parametrize("layout", LAYOUT_ROWS)
def test_a_turned_page_is_turned_back(inks: dict[str, ByteArray], layout: str, turned: int) -> None:
    assert find_quarter_turns(np.ascontiguousarray(np.rot90(inks[layout], turned))) == turned


@pytest.mark.parametrize("turned", range(4))
def test_traces_alone_tell(inks: dict[str, ByteArray], turned: int) -> None:
    bare = without_letters(inks["3x4+1"])
    assert (bare != inks["3x4+1"]).any()
    assert find_quarter_turns(np.ascontiguousarray(np.rot90(bare, turned))) == turned


@pytest.mark.parametrize("seed", range(4))
def test_an_upright_page_of_any_style_stays(seed: int) -> None:
    style = replace(random_style(np.random.default_rng(70 + seed)), px_per_mm=4.0, pen_mm=0.3)
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed)
    notes = prepare_page(draw_page(signals_mv, fs_hz, style, seed).image_rgb).notes
    assert not [note for note in notes if "turned" in note]


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_size_and_content_is_answered_and_always_alike(height: int, width: int, seed: int) -> None:
    ink = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    turns = find_quarter_turns(ink)
    assert turns in range(4)
    assert find_quarter_turns(ink.copy()) == turns


def test_the_page_preparation_computes_what_was_fitted(inks: dict[str, ByteArray], tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = OrientationNet()
    for _ in range(3):  # norms that are not the identity
        net.train()(torch.rand(2, 1, 64, 64))
    np.savez_compressed(tmp_path / "fitted.npz", **folded(net.eval()))
    small = inks["3x4"][::2, ::2]
    orientation._layers.cache_clear()
    with patch.object(orientation, "WEIGHTS", tmp_path / "fitted.npz"), torch.no_grad():
        computed = uprightness(small)
    orientation._layers.cache_clear()
    wanted = net(torch.from_numpy(small.astype(np.float32) / 255)[None, None]).item()
    assert computed == pytest.approx(wanted, abs=0.02 * max(1, abs(wanted)))


def test_the_kept_weights_are_those_of_a_convolutional_network(inks: dict[str, ByteArray]) -> None:
    small = np.ascontiguousarray(inks["6x2"][::2, ::2])
    maps = torch.from_numpy(small.astype(np.float32) / 255)[None, None]
    with np.load(orientation.WEIGHTS, allow_pickle=False) as file:
        for number, stride in enumerate((*STRIDES, 1)):
            bias = torch.from_numpy(file[f"bias_{number}"].astype(np.float32))
            weights = torch.from_numpy(file[f"weights_{number}"].astype(np.float32))
            size = 3 if number < len(STRIDES) else 1
            kernel = weights.reshape(size, size, -1, len(bias)).permute(3, 2, 0, 1)
            maps = conv2d(maps, kernel, bias, stride, size // 2)
            maps = torch.relu(maps) if number < len(STRIDES) else maps
    evidence, attention_weight = maps.flatten(2)[0]
    assert uprightness(small) == pytest.approx(float((torch.softmax(attention_weight, 0) * evidence).sum()), abs=1e-3)
    assert uprightness(small) == uprightness(small.copy())


def test_the_weights_stay_small() -> None:
    assert orientation.WEIGHTS.stat().st_size < 300_000


@pytest.mark.parametrize("turned", range(4))
def test_pulses_tell_where_the_beats_do_not(inks: dict[str, ByteArray], turned: int) -> None:
    with patch.object(orientation, "uprightness", return_value=0.0):
        assert find_quarter_turns(np.ascontiguousarray(np.rot90(inks["6x2"], turned))) == turned
