"""A folder of weights and facts -> the networks ready to screen, and back (contract 2)."""

import hashlib
import os
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn

from ecgcore.bundle.manifest import (
    ERASED_PAGES,
    GET_ANOTHER,
    MANIFEST,
    GroupName,
    Seen,
    SeenRow,
    as_it_is,
    manifest_text,
    read_manifest,
    starter_folder,
    weight_files,
)
from ecgcore.bundle.schema import FORMAT, MAX_WEIGHT_BYTES
from ecgcore.errors import BadBundle
from ecgcore.networks.configs import (
    DetectorConfig,
    FusionConfig,
    GlobalConfig,
    LocalConfig,
    Operating,
    WaveformConfig,
    config_of,
)
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.device import pick_device
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import STANDARD_PX_PER_MM

__all__ = ["MANIFEST", "Bundle", "Networks", "Operating", "SeenRow", "load_bundle", "save_bundle", "starter_folder"]


@dataclass(frozen=True)
class Networks:
    """The networks of a bundle; each holds its own ``config``. The published method has no waveform network."""

    detector: BeatDetector
    local: LocalNet
    global_: GlobalNet
    fusion: FusionHead
    waveform: WaveformNet | None = None

    def by_part(self) -> dict[str, nn.Module]:
        """The networks under the names that their files and configs bear."""
        parts = {"detector": self.detector, "local": self.local, "global": self.global_, "fusion": self.fusion}
        return parts if self.waveform is None else {**parts, "waveform": self.waveform}

    @classmethod
    def build(cls, configs: Mapping[str, Mapping[str, Any]]) -> "Networks":
        """Networks with random weights; ``configs`` as ``configs_json`` gives them."""
        return cls(
            detector=BeatDetector(config_of(DetectorConfig, configs["detector"])),
            local=LocalNet(config_of(LocalConfig, configs["local"])),
            global_=GlobalNet(config_of(GlobalConfig, configs["global"])),
            fusion=FusionHead(config_of(FusionConfig, configs["fusion"])),
            waveform=WaveformNet(config_of(WaveformConfig, configs["waveform"])) if "waveform" in configs else None,
        )

    def configs_json(self) -> dict[str, dict[str, Any]]:
        """Each network's config as plain values."""
        return {part: asdict(net.config) for part, net in self.by_part().items()}  # type: ignore[call-overload]


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle: its networks in eval mode, all that bundle.json says, and how its user's pages name groups."""

    version: str
    folder: Path
    manifest: dict[str, Any]
    nets: Networks
    operating: Operating
    device: torch.device
    name_group: GroupName = as_it_is

    @cached_property
    def seen(self) -> Seen:
        """What the bundle and its ancestors were trained on."""
        return Seen.of(self.manifest["seen"], self.name_group)

    def seen_rows(self) -> list[SeenRow]:
        """What a bundle that goes on from this one lists: groups by their name, but for those of public records."""
        return [(p, group if record else self.name_group(group), record) for p, group, record in self.manifest["seen"]]

    def has_seen(self, picture_hash: str = "", group: str = "", source_record: str = "") -> bool:
        """Whether the bundle or an ancestor was trained on this picture, its group or its source record."""
        return self.seen.has(picture_hash, group, source_record)


def save_bundle(
    folder: Path,
    nets: Networks,
    operating: Operating,
    *,
    version: str,
    recipe: Mapping[str, Any],
    seen: Iterable[SeenRow],
    parent: Bundle | None = None,
    snapshot_hash: str | None = None,
    metrics: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> None:
    """Write a bundle; the folder appears whole or not at all.

    Args:
        folder: where; must not exist yet unless ``replace``.
        nets: the trained networks.
        operating: thresholds and temperature fitted for them.
        version: the name that every prediction will bear.
        recipe: the training's settings, JSON-able.
        seen: pages of this training; those of ``parent`` are added.
        parent: the bundle that training started from.
        snapshot_hash: sha256 of the frozen list of training pages.
        metrics: figures with intervals, JSON-able.
        replace: put the new bundle in an old one's place.

    Raises:
        BadBundle: the folder exists already, or a weight is not finite.
    """
    if folder.exists() and not replace:
        raise BadBundle(f"{folder} exists already.", "Choose another folder for the new bundle.")
    inherited = [] if parent is None else parent.seen_rows()
    all_seen = sorted({tuple(row) for row in inherited} | {tuple(row) for row in seen})
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    weights = {part: _write_weights(partial, part, net) for part, net in nets.by_part().items()}
    manifest = {
        "format": FORMAT,
        "version": version,
        "class_names": ["normal", "abnormal"],
        "preprocessing": {"raster_px_per_mm": STANDARD_PX_PER_MM, "ink": "0 paper, 1 full pen; grid flattened"},
        "thresholds": asdict(operating),
        "configs": nets.configs_json(),
        "weights": weights,
        "recipe": dict(recipe),
        "parent": None if parent is None else parent.version,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "snapshot_hash": snapshot_hash,
        "metrics": dict(metrics or {}),
        "libraries": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "numpy": np.__version__,
            "safetensors": safetensors.__version__,
        },
    }
    if parent is not None and ERASED_PAGES in parent.manifest:
        manifest[ERASED_PAGES] = parent.manifest[ERASED_PAGES]
    _write_synced(partial / MANIFEST, manifest_text(manifest, all_seen).encode())
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def load_bundle(folder: Path, device: str = "auto", name_group: GroupName = as_it_is) -> Bundle:
    """Read a bundle and check it: format, files, sha256, configs, shapes, kinds of numbers, finiteness.

    Args:
        folder: the bundle's folder.
        device: auto, cpu or cuda.
        name_group: how the data folder names groups whose pages are compared with those that the bundle has seen.

    Raises:
        BadBundle: anything is missing, altered or does not fit; the message names the file.
        EcgError: no such device.
    """
    place = pick_device(device)
    manifest = read_manifest(folder)
    try:
        nets = Networks.build(manifest["configs"])
    except (ValueError, RuntimeError) as error:
        raise BadBundle(f"{folder / MANIFEST} names networks that cannot be built: {error}.", GET_ANOTHER) from error
    operating = config_of(Operating, manifest["thresholds"])
    files = weight_files(manifest)
    for part, net in nets.by_part().items():
        _read_weights(folder, *files[part], net)
        net.to(place).eval().requires_grad_(False)
        if place.type == "cpu":
            net.to(memory_format=torch.channels_last)
    return Bundle(manifest["version"], folder, manifest, nets, operating, place, name_group)


_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32)


def _stored_state(net: nn.Module) -> dict[str, Tensor]:
    """The tensors that a bundle keeps: all but batch norm's step counters, which inference never reads."""
    return {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}


def _write_weights(folder: Path, part: str, net: nn.Module) -> dict[str, object]:
    tensors = {}
    for name, value in _stored_state(net).items():
        half = value.detach().cpu().to(torch.float16)
        if not torch.isfinite(half).all():  # beyond 65,504, a large batch norm variance: coarser, but as small
            half = value.detach().cpu().to(torch.bfloat16)
        if not torch.isfinite(half).all():
            raise BadBundle(f"{part}: {name} holds a value that is not finite.", "Train again at a lower rate.")
        tensors[name] = half.contiguous()
    content = safetensors.torch.save(tensors)
    file = f"{part}.safetensors"
    _write_synced(folder / file, content)
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _read_weights(folder: Path, file: str, sha256: str, net: nn.Module) -> None:
    path = folder / Path(file).name
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_WEIGHT_BYTES + 1)
    except OSError as error:
        raise BadBundle(f"{path} cannot be read ({error.strerror}).", GET_ANOTHER) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BadBundle(f"{path} was altered: its sha256 is not the one in {MANIFEST}.", GET_ANOTHER)
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise BadBundle(f"{path} is no safetensors file.", GET_ANOTHER) from error
    expected = _stored_state(net)
    misfits: Sequence[str] = [
        name
        for name in expected.keys() | tensors.keys()
        if name not in expected or name not in tensors or expected[name].shape != tensors[name].shape
    ]
    if misfits:
        raise BadBundle(f"{path} does not fit its network: {min(misfits)} (of {len(misfits)}).", GET_ANOTHER)
    if not all(value.dtype in _WEIGHT_TYPES for value in tensors.values()):
        raise BadBundle(f"{path} holds numbers of another kind than weights are.", GET_ANOTHER)
    if not all(torch.isfinite(value).all() for value in tensors.values()):
        raise BadBundle(f"{path} holds a weight that is not finite.", GET_ANOTHER)
    net.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
