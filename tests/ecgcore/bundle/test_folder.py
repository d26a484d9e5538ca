"""A bundle comes back as it was saved, and one that was harmed is refused by the name of the file."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from ecgcore.bundle.folder import MANIFEST, Provenance, load_bundle, save_bundle
from ecgcore.errors import BundleError, EcgError
from ecgcore.operating_point import OperatingPoint
from tests.support.tiny import TINY_OPERATING_POINT, save_tiny_bundle, tiny_networks


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle that a test may harm."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def _edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    edit(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _replace_content(folder: Path, part: str, content: bytes) -> None:
    """Another file whose sha256 fits, so that only the later checks can object."""
    (folder / f"{part}.safetensors").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    _edit_manifest(folder, lambda manifest: manifest["weights"][part].update(sha256=sha256))


def test_round_trip(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle, "cpu")
    original = tiny_networks().by_part()
    for part, net in bundle.nets.by_part().items():
        assert not net.training
        for name, value in net.state_dict().items():
            assert value.dtype in (torch.float32, torch.int64)
            expected = original[part].state_dict()[name]
            assert torch.allclose(value, expected.half().to(value.dtype)), f"{part}: {name}"
    assert bundle.version == "tiny-1"
    assert bundle.operating_point == TINY_OPERATING_POINT
    assert bundle.nets.configs == tiny_networks().configs


def test_weights_are_float16_or_smaller(tiny_bundle: Path) -> None:
    for path in tiny_bundle.glob("*.safetensors"):
        assert all(t.element_size() <= 2 for t in safetensors.torch.load_file(path).values())


def test_values_beyond_float16_survive(tmp_path: Path) -> None:
    nets = tiny_networks()
    nets.local.trunk.bn1.running_var.fill_(1e6)
    save_bundle(tmp_path / "b", nets, TINY_OPERATING_POINT, Provenance(version="b", recipe={}, trained_on=[]))
    loaded = load_bundle(tmp_path / "b", "cpu").nets.local.trunk.bn1.running_var
    assert loaded.tolist() == pytest.approx([1e6] * len(loaded), rel=0.01)


def test_what_a_bundle_and_its_parent_have_seen(tiny_bundle: Path, tmp_path: Path) -> None:
    parent = load_bundle(tiny_bundle, "cpu")
    seen = [("1" * 64, "", "record-b")]
    save_bundle(
        tmp_path / "c",
        tiny_networks(),
        TINY_OPERATING_POINT,
        Provenance(version="c", recipe={}, trained_on=seen, parent=parent),
    )
    child = load_bundle(tmp_path / "c", "cpu")
    assert child.manifest.parent == "tiny-1"
    assert child.was_trained_on(picture_hash="0" * 64)
    assert child.was_trained_on(group="group-a")
    assert child.was_trained_on(picture_hash="2" * 64, source_record="record-b")
    assert not child.was_trained_on("2" * 64, "group-b", "record-c")
    assert not child.was_trained_on()


@pytest.mark.parametrize("part", ["detector", "local", "global", "fusion"])
def test_altered_byte_is_refused(copy: Path, part: str) -> None:
    path = copy / f"{part}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=f"{part}.safetensors was altered"):
        load_bundle(copy, "cpu")


@pytest.mark.parametrize("file", ["detector.safetensors", "fusion.safetensors", MANIFEST])
def test_missing_file_is_refused(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(BundleError, match=f"{file} cannot be read"):
        load_bundle(copy, "cpu")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(tmp_path / "nowhere", "cpu")


def _no_tensor(state: dict[str, torch.Tensor]) -> None:
    state.pop("fc1.bias")


def _wrong_shape(state: dict[str, torch.Tensor]) -> None:
    state["fc1.bias"] = torch.zeros(9)


def _one_too_many(state: dict[str, torch.Tensor]) -> None:
    state["fc3.bias"] = torch.zeros(1)


def _not_finite(state: dict[str, torch.Tensor]) -> None:
    state["fc1.bias"][0] = float("nan")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_no_tensor, "does not fit its network: fc1.bias"),
        (_wrong_shape, "does not fit its network: fc1.bias"),
        (_one_too_many, "does not fit its network: fc3.bias"),
        (_not_finite, "not finite"),
    ],
)
def test_wrong_weights_are_refused(copy: Path, harm: Callable[[dict[str, torch.Tensor]], None], message: str) -> None:
    path = copy / "fusion.safetensors"
    state = safetensors.torch.load_file(path)
    harm(state)
    _replace_content(copy, "fusion", safetensors.torch.save(state))
    with pytest.raises(BundleError, match=f"fusion.safetensors.*{message}"):
        load_bundle(copy, "cpu")


def test_no_safetensors_is_refused(copy: Path) -> None:
    _replace_content(copy, "local", b"not safetensors at all")
    with pytest.raises(BundleError, match=r"local\.safetensors is no safetensors file"):
        load_bundle(copy, "cpu")


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(format=99),
        lambda m: m.pop("format"),
        lambda m: m.pop("version"),
        lambda m: m["configs"].pop("global"),
        lambda m: m["configs"]["local"].update(depth=3),
        lambda m: m["configs"]["local"].update(width="wide"),
        lambda m: m["weights"].pop("local"),
        lambda m: m["thresholds"].update(p_normal_below=0.9),
        lambda m: m["thresholds"].update(temperature=0),
        lambda m: m.update(seen=[["only a hash"]]),
        lambda m: m.update(seen=None),
    ],
)
def test_garbled_manifest_is_refused(copy: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    _edit_manifest(copy, edit)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(copy, "cpu")


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_manifest_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / MANIFEST).write_text(text)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(copy, "cpu")


def test_not_finite_weights_are_not_saved(tmp_path: Path) -> None:
    nets = tiny_networks()
    torch.nn.init.constant_(nets.local.fc.bias, float("inf"))
    with pytest.raises(BundleError, match=r"local: fc\.bias"):
        save_bundle(tmp_path / "b", nets, TINY_OPERATING_POINT, Provenance(version="b", recipe={}, trained_on=[]))
    assert not (tmp_path / "b").exists()


def test_saving_replaces_only_when_asked(tmp_path: Path) -> None:
    folder = save_tiny_bundle(tmp_path / "b")
    with pytest.raises(BundleError, match="exists already"):
        save_tiny_bundle(folder)
    save_bundle(
        folder, tiny_networks(), TINY_OPERATING_POINT, Provenance(version="b-2", recipe={}, trained_on=[]), replace=True
    )
    assert load_bundle(folder, "cpu").version == "b-2"
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_unknown_device_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(EcgError, match="no device"):
        load_bundle(tiny_bundle, "abacus")


def test_decisions_at_the_thresholds() -> None:
    operating_point = OperatingPoint(min_score=0.5, temperature=1.0, p_normal_below=0.3, p_abnormal_from=0.7)
    answers = [operating_point.decide_probability(p) for p in (0.0, 0.2999, 0.3, 0.6999, 0.7, 1.0)]
    assert answers == ["normal", "normal", "refer", "refer", "abnormal", "abnormal"]
