"""A folder of weights and facts -> the networks ready to screen, and back (contract 2)."""

import hashlib
import logging
import os
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from pydantic import JsonValue
from torch import Tensor, nn

from ecgcore.bundle.manifest import (
    GET_ANOTHER,
    MANIFEST,
    Figures,
    GroupName,
    Manifest,
    TrainedOn,
    TrainedOnRow,
    TrainingRecipe,
    WeightFile,
    as_it_is,
    read_manifest,
    starter_folder,
)
from ecgcore.bundle.weights import MAX_WEIGHT_BYTES
from ecgcore.errors import BundleError
from ecgcore.networks.build import Networks
from ecgcore.networks.device import pick_device
from ecgcore.networks.runtime.trunks import Trunks, best_runtime, onnx_trunks, torch_trunks
from ecgcore.networks.vision import torchvision_version
from ecgcore.operating_point import OperatingPoint

__all__ = ["MANIFEST", "Bundle", "Provenance", "TrainedOnRow", "load_bundle", "save_bundle", "starter_folder"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle: its networks in eval mode, all that bundle.json says, and how its user's pages name groups."""

    version: str
    folder: Path
    manifest: Manifest
    nets: Networks
    operating_point: OperatingPoint
    device: torch.device
    name_group: GroupName = as_it_is

    @cached_property
    def trunks(self) -> Trunks:
        """What computes the networks' feature maps: the faster of the runtimes here, or PyTorch where that fails."""
        networks = self.nets.detector, self.nets.local, self.nets.global_
        if best_runtime(self.device) == "onnx":
            try:
                return onnx_trunks(*networks)
            except RuntimeError as error:
                _log.warning("PyTorch computes in the place of ONNX Runtime: %s", error)
        return torch_trunks(*networks, self.device)

    @cached_property
    def trained_on(self) -> TrainedOn:
        """What the bundle and its ancestors were trained on."""
        return TrainedOn.of(self.manifest.seen, self.name_group)

    def trained_on_rows(self) -> list[TrainedOnRow]:
        """What a bundle that goes on from this one lists: groups by their name, but for those of public records."""
        return [(p, group if record else self.name_group(group), record) for p, group, record in self.manifest.seen]

    def was_trained_on(self, picture_hash: str = "", group: str = "", source_record: str = "") -> bool:
        """Whether the bundle or an ancestor was trained on this picture, its group or its source record.

        Args:
            picture_hash: of the page; empty where unknown, as are the others.
            group: its patient or machine.
            source_record: the public record that it shows.
        """
        return self.trained_on.has(picture_hash, group, source_record)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a new bundle is called and where it comes from.

    Args:
        version: the name that every prediction will bear.
        recipe: the training's settings, JSON-able, among them its ``name``.
        trained_on: pages of this training; those of ``parent`` are added.
        parent: the bundle that training started from.
        snapshot_hash: sha256 of the frozen list of training pages.
        metrics: figures with intervals.
    """

    version: str
    recipe: Mapping[str, JsonValue]
    trained_on: Iterable[TrainedOnRow]
    parent: Bundle | None = None
    snapshot_hash: str | None = None
    metrics: Figures = field(default_factory=dict)

    def all_trained_on(self) -> tuple[TrainedOnRow, ...]:
        """The pages of this training and of all before it, each once and in order."""
        inherited = [] if self.parent is None else self.parent.trained_on_rows()
        return tuple(sorted({*inherited, *self.trained_on}))


def save_bundle(
    folder: Path, nets: Networks, operating_point: OperatingPoint, provenance: Provenance, *, replace: bool = False
) -> None:
    """Write a bundle; the folder appears whole or not at all.

    Args:
        folder: where; must not exist yet unless ``replace``.
        nets: the trained networks.
        operating_point: thresholds and temperature fitted for them.
        provenance: the bundle's name and where it comes from.
        replace: put the new bundle in an old one's place.

    Raises:
        BundleError: the folder exists already, or a weight is not finite.
    """
    if folder.exists() and not replace:
        raise BundleError(f"{folder} exists already.", "Choose another folder for the new bundle.")
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    parent = provenance.parent
    manifest = Manifest(
        version=provenance.version,
        thresholds=operating_point,
        configs=nets.configs,
        weights={part: _write_weights(partial, part, net) for part, net in nets.by_part().items()},
        recipe=TrainingRecipe(str(provenance.recipe.get("name", "")), provenance.recipe),
        parent=None if parent is None else parent.version,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        snapshot_hash=provenance.snapshot_hash,
        metrics=provenance.metrics,
        libraries=_libraries(),
        seen=provenance.all_trained_on(),
        erased_pages=None if parent is None else parent.manifest.erased_pages,
    )
    _write_synced(partial / MANIFEST, manifest.to_json().encode())
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def _libraries() -> dict[str, JsonValue]:
    """Versions of what a bundle is made with."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision_version,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
    }


def load_bundle(folder: Path, device: str = "auto", name_group: GroupName = as_it_is) -> Bundle:
    """Read a bundle and check it: format, files, sha256, configs, shapes, kinds of numbers, finiteness.

    Args:
        folder: the bundle's folder.
        device: auto, cpu or cuda.
        name_group: how the data folder names groups whose pages are compared with those that the bundle has seen.

    Raises:
        BundleError: anything is missing, altered or does not fit; the message names the file.
        EcgError: no such device.
    """
    place = pick_device(device)
    manifest = read_manifest(folder)
    try:
        nets = Networks.build(manifest.configs)
    except (ValueError, RuntimeError) as error:
        raise BundleError(f"{folder / MANIFEST} names networks that cannot be built: {error}.", GET_ANOTHER) from error
    for part, net in nets.by_part().items():
        _read_weights(folder, manifest.weights[part], net)
        net.to(place).eval().requires_grad_(False)
        if place.type == "cpu":
            net.to(memory_format=torch.channels_last)
    return Bundle(manifest.version, folder, manifest, nets, manifest.thresholds, place, name_group)


_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32)


def _stored_state(net: nn.Module) -> dict[str, Tensor]:
    """The tensors that a bundle keeps: all but batch norm's step counters, which inference never reads."""
    return {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}


def _write_weights(folder: Path, part: str, net: nn.Module) -> WeightFile:
    tensors = {}
    for name, value in _stored_state(net).items():
        half = value.detach().cpu().to(torch.float16)
        if not torch.isfinite(half).all():  # beyond 65,504, a large batch norm variance: coarser, but as small
            half = value.detach().cpu().to(torch.bfloat16)
        if not torch.isfinite(half).all():
            raise BundleError(f"{part}: {name} holds a value that is not finite.", "Train again at a lower rate.")
        tensors[name] = half.contiguous()
    content = safetensors.torch.save(tensors)
    file = f"{part}.safetensors"
    _write_synced(folder / file, content)
    return WeightFile(file, hashlib.sha256(content).hexdigest(), len(content))


def _read_weights(folder: Path, weight_file: WeightFile, net: nn.Module) -> None:
    path = folder / Path(weight_file.file).name
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_WEIGHT_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}).", GET_ANOTHER) from error
    if hashlib.sha256(content).hexdigest() != weight_file.sha256:
        raise BundleError(f"{path} was altered: its sha256 is not the one in {MANIFEST}.", GET_ANOTHER)
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise BundleError(f"{path} is no safetensors file.", GET_ANOTHER) from error
    expected = _stored_state(net)
    misfits: Sequence[str] = [
        name
        for name in expected.keys() | tensors.keys()
        if name not in expected or name not in tensors or expected[name].shape != tensors[name].shape
    ]
    if misfits:
        raise BundleError(f"{path} does not fit its network: {min(misfits)} (of {len(misfits)}).", GET_ANOTHER)
    if not all(value.dtype in _WEIGHT_TYPES for value in tensors.values()):
        raise BundleError(f"{path} holds numbers of another kind than weights are.", GET_ANOTHER)
    if not all(torch.isfinite(value).all() for value in tensors.values()):
        raise BundleError(f"{path} holds a weight that is not finite.", GET_ANOTHER)
    net.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
