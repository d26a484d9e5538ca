"""Tiny random networks and bundles: quick to build, shaped like the real ones."""

from collections.abc import Sequence
from pathlib import Path

import torch

from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.bundle.manifest import TrainedOnRow
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.build import Networks
from ecgcore.networks.configs import DetectorConfig, FusionConfig, GlobalConfig, LocalConfig, WaveformConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.operating_point import OperatingPoint
from trainer.recipes import FEWEST_STRIDED_1X1_CHANNELS

CONTRACT_KEYS = ["file", "page", "status", "reason", "p_abnormal", "decision", "beats", "panel"]
CONTRACT_KEYS += ["px_per_mm", "heart_rate_bpm", "rr_cv", "bundle", "seconds"]
CONTRACT_KEYS += [
    "p_normal_below",
    "p_abnormal_from",
    "leads_found",
    "measurements",
    "strategy",
    "recording",
    "leads",
    "printed",
    "part",
]

TINY_DETECTOR = DetectorConfig(width=0.03, px_per_mm=2.0, hidden=16, max_beats=12)
TINY_LOCAL = LocalConfig(px=32, width=FEWEST_STRIDED_1X1_CHANNELS)
TINY_GLOBAL = GlobalConfig(px_per_mm=0.5, growth_rate=4, block_config=(1, 1, 1, 1), init_features=8)
TINY_WAVEFORM = WaveformConfig(fs_hz=50.0, width=2, kernel=3)
TINY_OPERATING_POINT = OperatingPoint(min_score=0.0, temperature=1.0, p_normal_below=0.3, p_abnormal_from=0.7)


def tiny_networks(seed: int = 0, *, has_waveform: bool = True) -> Networks:
    """Random networks; at ``TINY_OPERATING_POINT`` the detector finds a handful of boxes on any page.

    Args:
        seed: of the weights.
        has_waveform: whether there is a waveform network, and measurements are told; the published method has neither.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        local, global_ = LocalNet(TINY_LOCAL), GlobalNet(TINY_GLOBAL)
        waveform = WaveformNet(TINY_WAVEFORM) if has_waveform else None
        waveform_dim = TINY_WAVEFORM.feature_dim if has_waveform else 0
        dims = {"global_dim": TINY_GLOBAL.feature_dim, "local_dim": TINY_LOCAL.feature_dim}
        measurements = MEASUREMENT_NAMES if has_waveform else ()
        head = FusionHead(FusionConfig("mean", 8, **dims, waveform_dim=waveform_dim, measurements=measurements))
        return Networks(BeatDetector(TINY_DETECTOR), local, global_, head, waveform)


def save_tiny_bundle(
    folder: Path,
    operating_point: OperatingPoint = TINY_OPERATING_POINT,
    version: str = "tiny-1",
    trained_on: Sequence[TrainedOnRow] = (),
    *,
    has_waveform: bool = True,
) -> Path:
    """Save a bundle of ``tiny_networks``, which has seen one page or these, and return its folder."""
    trained_on = list(trained_on) or [("0" * 64, "group-a", "record-a")]
    save_bundle(
        folder,
        tiny_networks(has_waveform=has_waveform),
        operating_point,
        Provenance(version=version, recipe={"name": "tiny"}, trained_on=trained_on),
    )
    return folder
