from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.bundle.folder import Provenance, load_bundle, save_bundle
from ecgcore.bundle.schema import checked_manifest
from ecgcore.errors import BundleError
from ecgcore.explain.shares import measurement_shares, part_shares
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import FusionConfig
from ecgcore.networks.fusion import FusionHead, PageFeatures
from ecgcore.networks.measurement_embedding import PIECES, MeasurementEmbedding
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray
from tests.support.tiny import TINY_OPERATING_POINT, save_tiny_bundle, tiny_networks

NAMES = MEASUREMENT_NAMES[:3]
NUMBERS = st.one_of(st.just(float("nan")), st.floats(-1e4, 1e4, width=32))


def head() -> FusionHead:
    """A head that is told three measurements, with weights large enough for each to matter."""
    torch.manual_seed(0)
    made = FusionHead(FusionConfig("mean", 8, 5, 6, measurements=NAMES)).eval()
    for layer in (made.fc1, made.fc2):
        torch.nn.init.normal_(layer.weight)
    assert made.embedding is not None
    torch.nn.init.normal_(made.embedding.each)
    made.embedding.fit_edges(torch.randn(200, 3))
    return made


def pages(measured: torch.Tensor | None) -> PageFeatures:
    generator = torch.Generator().manual_seed(1)
    n = 1 if measured is None else len(measured)
    parts = (torch.rand(n, width, generator=generator) for width in (5, 6))
    return PageFeatures(*parts, torch.full((n,), 3), None, measured)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.lists(NUMBERS, min_size=30, max_size=60))
def test_any_number_is_a_way_through_its_pieces(asked: list[float], taught: list[float]) -> None:
    embedding = MeasurementEmbedding(1)
    embedding.fit_edges(torch.tensor(taught)[:, None])
    values = torch.tensor(sorted(asked, key=lambda number: (np.isnan(number), number)))[:, None]
    encoded = embedding.encoded(values)[:, 0]
    is_missing = values[:, 0].isnan()
    assert torch.equal(encoded[:, PIECES] == 1, is_missing)
    assert encoded.isfinite().all()
    assert 0 <= float(encoded.min()) <= float(encoded.max()) <= 1
    assert not encoded[is_missing, :PIECES].any()
    assert (encoded[~is_missing].diff(dim=0) >= 0).all(), "a larger number has come as far through every piece"


def test_pieces_hold_as_many_training_pages_each() -> None:
    embedding = MeasurementEmbedding(2)
    assert not embedding.knows_edges
    embedding.fit_edges(torch.stack([torch.arange(161.0), torch.full((161,), torch.nan)], dim=1))
    assert embedding.knows_edges
    assert embedding.edges[0].tolist() == pytest.approx(np.linspace(0, 160, PIECES + 1))
    assert embedding.edges[1].tolist() == pytest.approx(np.linspace(0, 1, PIECES + 1)), "never measured: as it was"


def test_shares_are_what_the_decision_loses_without_a_measurement() -> None:
    made, measured = head(), torch.tensor([[0.3, torch.nan, -1.2]])
    page = pages(measured)
    with torch.no_grad():
        whole = float(made(page))
        brute = []
        for number in range(3):
            left = measured.clone()
            left[0, number] = torch.nan
            brute.append(whole - float(made(pages(left))))
        without = float(made(pages(None)))
    shares = measurement_shares(made, page)
    assert shares.tolist() == pytest.approx(brute, abs=1e-5)
    assert float(shares[1]) == pytest.approx(0, abs=1e-5)
    assert min(abs(shares[0]), abs(shares[2])) > 1e-3
    assert part_shares(made, page) == pytest.approx((0.0, whole - without), abs=1e-5)


def test_measurements_have_their_say(tiny_bundle: Path, ecg_page_rgb: ByteArray) -> None:
    prediction = screen(ecg_page_rgb, load_bundle(tiny_bundle, "cpu"), file="x")
    assert prediction.measurements is not None
    known = {
        name
        for name, value in zip(MEASUREMENT_NAMES, prediction.measurements.vector(), strict=True)
        if np.isfinite(value)
    }
    assert known
    assert set(prediction.measurement_shares) == known
    assert prediction.measurements_share is not None


def test_a_bundle_that_is_told_no_measurement_screens_as_ever(tmp_path: Path, ecg_page_rgb: ByteArray) -> None:
    prediction = screen(
        ecg_page_rgb, load_bundle(save_tiny_bundle(tmp_path / "b", has_waveform=False), "cpu"), file="x"
    )
    assert prediction.p_abnormal is not None
    assert (prediction.measurements_share, dict(prediction.measurement_shares)) == (None, {})


def test_a_bundle_keeps_its_pieces(tmp_path: Path) -> None:
    nets = tiny_networks()
    assert nets.fusion.embedding is not None
    nets.fusion.embedding.fit_edges(torch.rand(50, len(MEASUREMENT_NAMES)) * 100)
    save_bundle(
        tmp_path / "b", nets, TINY_OPERATING_POINT, Provenance(version="x", recipe={"name": "tiny"}, trained_on=[])
    )
    loaded = load_bundle(tmp_path / "b", "cpu").nets.fusion.embedding
    assert loaded is not None
    torch.testing.assert_close(loaded.edges, nets.fusion.embedding.edges, rtol=1e-3, atol=1e-3)


def test_a_bundle_of_a_later_version_is_told(tmp_path: Path) -> None:
    folder = save_tiny_bundle(tmp_path / "b")
    text = (folder / "bundle.json").read_text().replace('"pr_ms"', '"pq_ms"')
    with pytest.raises(ValueError, match="pq_ms, which this version does not measure"):
        checked_manifest(text.encode())
    (folder / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match="pq_ms"):
        load_bundle(folder, "cpu")
