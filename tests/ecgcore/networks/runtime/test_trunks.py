"""ONNX Runtime and PyTorch compute the same; the converted networks lie in a cache that cannot lie."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.runtime import onnx_models, trunks
from ecgcore.networks.runtime.trunks import FeatureMaps, Trunks, best_runtime, onnx_trunks, torch_trunks
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray, Prediction
from tests.support.tiny import TINY_DETECTOR, TINY_GLOBAL, TINY_LOCAL

CPU = torch.device("cpu")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(onnx_models.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def networks(seed: int = 0, neck: str = "fuse8", *, places: bool = False) -> tuple[BeatDetector, LocalNet, GlobalNet]:
    torch.manual_seed(seed)
    detector, local = replace(TINY_DETECTOR, neck=neck), replace(TINY_LOCAL, places=places)
    built = BeatDetector(detector), LocalNet(local), GlobalNet(TINY_GLOBAL)
    for network in built:
        network.eval().requires_grad_(False)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):  # as after a training
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.5, 2)
    if local.places:
        torch.nn.init.normal_(built[1].place[-1].weight)
    return built


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("neck", "places"), [("fuse8", False), ("none", True)])
def test_both_compute_the_same_for_pages_of_any_size_and_any_number_of_beats(neck: str, places: bool) -> None:
    built = networks(1, neck, places=places)
    by_torch, by_onnx = torch_trunks(*built, CPU), onnx_trunks(*built)

    def check(of_torch: FeatureMaps, of_onnx: FeatureMaps, *shape: int) -> None:
        pictures = torch.rand(shape)
        expected = of_torch(pictures)
        torch.testing.assert_close(of_onnx(pictures), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))

    for height, width in ((64, 64), (96, 224), (480, 832)):
        check(by_torch.detector, by_onnx.detector, 1, 1, height, width)
    for beats in (1, 2, 7, 128):
        check(by_torch.local, by_onnx.local, beats, built[1].config.channels, *built[1].config.crop_wh_px[::-1])
    check(by_torch.global_, by_onnx.global_, 1, 1, *built[2].config.canvas_wh_px[::-1])


def answers(made: Trunks, built: tuple[BeatDetector, LocalNet, GlobalNet]) -> list[torch.Tensor]:
    canvas_wh = built[2].config.canvas_wh_px
    return [made.detector(torch.ones(1, 1, 64, 96)), made.global_(torch.ones(1, 1, *canvas_wh[::-1]))]


def test_networks_are_converted_once_and_anew_when_a_weight_changes(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = networks(2)
    before = answers(onnx_trunks(*built), built)
    assert len(list(cache.iterdir())) == 3
    assert {path.stat().st_mode & 0o777 for path in cache.iterdir()} == {0o600}

    conversions: list[torch.nn.Module] = []
    convert = onnx_models.to_onnx
    monkeypatch.setattr(
        onnx_models, "to_onnx", lambda network, *rest: conversions.append(network) or convert(network, *rest)
    )
    again = answers(onnx_trunks(*built), built)
    assert not conversions
    for first, second in zip(before, again, strict=True):
        assert torch.equal(first, second)

    with torch.no_grad():
        built[0].trunk_to_conv4[0].bias += 1
    changed, _ = answers(onnx_trunks(*built), built)
    assert len(conversions) == 1
    torch.testing.assert_close(
        changed, torch_trunks(*built, CPU).detector(torch.ones(1, 1, 64, 96)), rtol=1e-3, atol=1e-3
    )
    assert not torch.allclose(changed, before[0])


@pytest.mark.parametrize("harm", ["a bit", "cut", "empty", "another network"])
def test_a_harmed_file_of_the_cache_is_made_again(cache: Path, harm: str) -> None:
    built = networks(3)
    expected = answers(onnx_trunks(*built), built)
    files = sorted(cache.iterdir())
    contents = [path.read_bytes() for path in files]
    for path, content, other in zip(files, contents, contents[1:] + contents[:1], strict=True):
        middle = len(content) // 2
        harmed = {
            "a bit": content[:middle] + bytes([content[middle] ^ 64]) + content[middle + 1 :],
            "cut": content[:middle],
            "empty": b"",
            "another network": other,
        }
        path.write_bytes(harmed[harm])
    for value, wanted in zip(answers(onnx_trunks(*built), built), expected, strict=True):
        assert torch.equal(value, wanted)
    assert [path.read_bytes() for path in sorted(cache.iterdir())] == contents


def test_a_cache_that_cannot_be_written_costs_time_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache.write_text("a file in the folder's place")
    built = networks(4)
    with caplog.at_level(logging.WARNING):
        maps, _ = answers(onnx_trunks(*built), built)
    assert "cannot be kept" in caplog.text
    torch.testing.assert_close(maps, torch_trunks(*built, CPU).detector(torch.ones(1, 1, 64, 96)), rtol=1e-3, atol=1e-3)


def test_the_cache_keeps_the_models_used_last(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_models, "MOST_KEPT", 4)
    first = networks(5)
    onnx_trunks(*first)
    kept = set(cache.iterdir())
    onnx_trunks(*networks(6))
    assert len(set(cache.iterdir())) == 4
    assert len(kept & set(cache.iterdir())) == 1


def test_pytorch_computes_where_it_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunks, "computes_bfloat16", lambda device: False)
    assert best_runtime(CPU) == "onnx"
    monkeypatch.setattr(trunks, "computes_bfloat16", lambda device: True)
    assert best_runtime(CPU) == "torch"
    assert best_runtime(torch.device("cuda")) == "torch"


@pytest.mark.usefixtures("cache")
def test_a_network_that_cannot_be_converted_still_screens(
    tiny_bundle: Path, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*arguments: object, **named: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(trunks, "computes_bfloat16", lambda device: False)
    monkeypatch.setattr(torch.onnx, "export", fails)
    with caplog.at_level(logging.WARNING):
        prediction = screen(ecg_page_rgb, load_bundle(tiny_bundle, "cpu"), file="page")
    assert prediction.status == "ok"
    assert "no such operator" in caplog.text


def test_the_shipped_bundle_answers_the_same_by_either(ecg_page_rgb: ByteArray) -> None:
    nets = load_bundle(starter_folder(), "cpu").nets
    parts = nets.detector, nets.local, nets.global_
    first, second = (_screened(ecg_page_rgb, made) for made in (torch_trunks(*parts, CPU), onnx_trunks(*parts)))
    assert first.decision == second.decision
    assert first.p_abnormal == pytest.approx(second.p_abnormal, abs=0.005)
    assert len(first.beats) == len(second.beats) > 10
    boxes, others = (np.array([beat.box_photo_xyxy.as_list() for beat in found.beats]) for found in (first, second))
    np.testing.assert_allclose(boxes, others, atol=0.5)


def _screened(photo_rgb: ByteArray, made: Trunks) -> Prediction:
    bundle = load_bundle(starter_folder(), "cpu")
    vars(bundle)["trunks"] = made  # where the cached property keeps it
    return screen(photo_rgb, bundle, file="page")
