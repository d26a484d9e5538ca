from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.bundle.folder import load_bundle
from ecgcore.explain.gradcam import grad_cam
from ecgcore.networks.configs import FusionConfig, WaveformConfig
from ecgcore.networks.fusion import FusionHead, PageFeatures
from ecgcore.networks.waveform_net import HIGHEST_MV, WaveformNet, leads_for_network
from ecgcore.page.prepare import prepare_page
from ecgcore.pipeline import screen
from ecgcore.screening.classification import classify
from ecgcore.types import ByteArray
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import FS_HZ
from ecgcore.waveform.read_signal import read_signal
from tests.support.tiny import TINY_WAVEFORM, save_tiny_bundle


@given(seed=st.integers(0, 10_000), offset_mv=st.floats(-2, 2), length=st.integers(5, 3000))
@settings(max_examples=40)
def test_what_was_not_read_is_zero_and_height_on_the_page_says_nothing(
    seed: int, offset_mv: float, length: int
) -> None:
    rng = np.random.default_rng(seed)
    leads_mv = rng.normal(0, 1, (12, length)).astype(np.float32)
    leads_mv[rng.random((12, length)) < rng.random()] = np.nan
    leads = leads_for_network(leads_mv, FS_HZ, TINY_WAVEFORM)
    higher = leads_for_network(leads_mv + np.float32(offset_mv), FS_HZ, TINY_WAVEFORM)
    if leads is None:
        assert higher is None
        return
    values, is_read = leads[:12], leads[12:]
    assert set(np.unique(is_read)) <= {0.0, 1.0}
    assert not values[is_read == 0].any()
    assert np.abs(values).max() <= HIGHEST_MV
    np.testing.assert_allclose(leads, higher, atol=1e-4)


def test_a_page_without_a_lead_has_no_input() -> None:
    assert leads_for_network(np.full((12, 2500), np.nan), FS_HZ, TINY_WAVEFORM) is None
    assert leads_for_network(np.zeros((12, 0)), FS_HZ, TINY_WAVEFORM) is None


def test_time_keeps_its_place() -> None:
    leads_mv = np.full((12, 2500), np.nan, np.float32)
    leads_mv[3, 1250:] = 0
    leads_mv[3, 1300:1305] = 1  # a spike 5.2 s from the left
    leads = leads_for_network(leads_mv, FS_HZ, TINY_WAVEFORM)
    assert leads is not None
    assert np.argmax(leads[3]) == round(5.2 * TINY_WAVEFORM.fs_hz)
    assert np.flatnonzero(leads[12:].any(axis=0))[0] == round(5 * TINY_WAVEFORM.fs_hz)


def test_one_page_answers_as_among_others() -> None:
    torch.manual_seed(0)
    net = WaveformNet(TINY_WAVEFORM).eval()
    pages = torch.randn(3, 24, TINY_WAVEFORM.samples)
    with torch.inference_mode():
        together = net(pages)
        alone = torch.cat([net(page[None]) for page in pages])
        assert net.features(pages).shape == (3, TINY_WAVEFORM.feature_dim)
    torch.testing.assert_close(together, alone)


def test_grad_cam_looks_along_time() -> None:
    net = WaveformNet(TINY_WAVEFORM).eval()
    heat = grad_cam(net, torch.randn(2, 24, TINY_WAVEFORM.samples))
    assert heat.shape[0] == 2
    assert heat.ndim == 2
    assert 0 <= float(heat.min()) <= float(heat.max()) <= 1


def test_the_head_does_without_a_signal() -> None:
    torch.manual_seed(0)
    head = FusionHead(FusionConfig("mean", 8, 5, 6, waveform_dim=4)).eval()
    f_waveform = torch.rand(2, 4)
    f_waveform[1] = torch.nan
    pages = PageFeatures(torch.rand(2, 5), torch.rand(2, 6), torch.tensor([3, 4]), f_waveform)
    with torch.inference_mode():
        without, mixed = head(pages.without_signal()), head(pages)
    assert mixed.isfinite().all()
    assert mixed[1] == without[1], "a row of NaN is a page without a signal"
    assert mixed[0] != without[0]


def test_the_signal_has_its_say(tiny_bundle: Path, ecg_page_rgb: ByteArray) -> None:
    bundle = load_bundle(tiny_bundle, "cpu")
    prediction = screen(ecg_page_rgb, bundle, file="x")
    assert prediction.p_waveform is not None
    page = prepare_page(ecg_page_rgb)
    boxes = page.frame.boxes_to_panel([beat.box_photo_xyxy.as_list() for beat in prediction.beats])
    signal = read_signal(PageRows(page.ink), prediction.paper, page.scale_source)
    with_signal, without = (classify(page.ink, boxes, bundle.nets, bundle.trunks, heard) for heard in (signal, None))
    assert prediction.waveform_share == pytest.approx(with_signal.logit_fused - without.logit_fused, abs=1e-4)
    assert without.logit_waveform is None


def test_a_bundle_of_the_published_method_screens_as_ever(tmp_path: Path, ecg_page_rgb: ByteArray) -> None:
    bundle = load_bundle(save_tiny_bundle(tmp_path / "published", has_waveform=False), "cpu")
    assert bundle.manifest.configs.waveform is None
    prediction = screen(ecg_page_rgb, bundle, file="x")
    assert prediction.p_abnormal is not None
    assert (prediction.p_waveform, prediction.waveform_share) == (None, None)


def test_the_network_of_the_recipe_is_small_enough() -> None:
    weights = sum(p.numel() for p in WaveformNet(WaveformConfig()).parameters())
    assert weights < 1.3e6  # 2.6 MB of the bundle's 60
