"""Networks -> logits and features of many prepared pages, without gradients."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import WaveformConfig
from ecgcore.networks.detector import BeatDetector, detect_beats
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.fusion import FusionHead, PageFeatures
from ecgcore.networks.global_net import GlobalNet, page_canvas
from ecgcore.networks.local_net import LocalNet, cut_beats
from ecgcore.networks.waveform_net import LeadsOfNetwork, WaveformNet, leads_for_network
from ecgcore.types import FloatArray
from ecgcore.waveform.page_signal import FS_HZ
from trainer.data.page import PreparedPage

LOWEST_SCORE = 0.05
"""Boxes down to here are kept for average precision; the later stages use those from the operating score on."""

_PAGES_AT_ONCE = 8
_BEATS_AT_ONCE = 128
_SIGNALS_AT_ONCE = 64


def detect_pages(
    model: BeatDetector, pages: Sequence[PreparedPage], min_score: float
) -> list[tuple[FloatArray, FloatArray]]:
    """Boxes ``[n, 4]`` in panel pixels and scores ``[n]`` of every page.

    Args:
        model: the detector; put into eval mode.
        pages: N pages.
        min_score: boxes scored lower are left out.
    """
    model.eval()
    return [detect_beats(model, page.ink, min_score) for page in pages]


@torch.inference_mode()
def global_features(model: GlobalNet, pages: Sequence[PreparedPage]) -> Tensor:
    """Features ``[N, 1024]`` on the CPU.

    Args:
        model: the page network; put into eval mode.
        pages: N pages.
    """
    model.eval()
    device = next(model.parameters()).device
    parts = [torch.zeros(0, model.config.feature_dim)]
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        canvases = torch.stack([page_canvas(p.ink, model.config) for p in pages[start : start + _PAGES_AT_ONCE]])
        with mixed_precision(device):
            parts.append(model.features(canvases.to(device, memory_format=torch.channels_last)).float().cpu())
    return torch.cat(parts)


@torch.inference_mode()
def beat_features(model: LocalNet, pages: Sequence[PreparedPage], beats: Sequence[FloatArray]) -> list[Tensor]:
    """For each page the features ``[n, 1024]`` of its beats, on the CPU.

    Args:
        model: the beat network; put into eval mode.
        pages: N pages.
        beats: boxes of each, ``[n, 4]`` in panel pixels.
    """
    model.eval()
    device = next(model.parameters()).device
    result = []
    for page, boxes in zip(pages, beats, strict=True):
        parts = [torch.zeros(0, model.config.feature_dim)]
        crops = cut_beats(page.ink, boxes, model.config)
        for start in range(0, len(crops), _BEATS_AT_ONCE):
            some = crops[start : start + _BEATS_AT_ONCE]
            with mixed_precision(device):
                parts.append(model.features(some.to(device, memory_format=torch.channels_last)).float().cpu())
        result.append(torch.cat(parts))
    return result


def network_leads(page: PreparedPage, config: WaveformConfig) -> LeadsOfNetwork | None:
    """A page's leads as the network takes them; None where none was read.

    Args:
        page: the page.
        config: of the waveform network.
    """
    return None if page.leads_mv is None else leads_for_network(page.leads_mv, FS_HZ, config)


def waveform_features(model: WaveformNet, pages: Sequence[PreparedPage]) -> Tensor:
    """Features ``[N, D]`` of the pages' leads, on the CPU; a row of NaN where none was read.

    Args:
        model: the waveform network; put into eval mode.
        pages: N pages.
    """
    return features_of_leads(model, [network_leads(page, model.config) for page in pages])


@torch.inference_mode()
def features_of_leads(model: WaveformNet, leads: Sequence[LeadsOfNetwork | None]) -> Tensor:
    """As ``waveform_features``, of leads as the network takes them.

    Args:
        model: the waveform network; put into eval mode.
        leads: of N pages; None where none was read.
    """
    model.eval()
    device = next(model.parameters()).device
    features = torch.full((len(leads), model.config.feature_dim), torch.nan)
    read = [(row, one) for row, one in enumerate(leads) if one is not None]
    for start in range(0, len(read), _SIGNALS_AT_ONCE):
        rows, some = zip(*read[start : start + _SIGNALS_AT_ONCE], strict=True)
        features[list(rows)] = model.features(torch.from_numpy(np.stack(some)).to(device)).cpu()
    return features


def measured_values(pages: Sequence[PreparedPage], names: Sequence[str]) -> Tensor | None:
    """The named measurements of the pages, ``[N, m]``, NaN where not measured; None where none are named.

    Args:
        pages: N pages.
        names: m of ``MEASUREMENT_NAMES``.
    """
    if not names:
        return None
    columns = [MEASUREMENT_NAMES.index(name) for name in names]
    unmeasured = np.full(len(MEASUREMENT_NAMES), np.nan)
    rows = [unmeasured if page.measured is None else page.measured for page in pages]
    return torch.from_numpy(np.reshape(rows, (len(pages), len(MEASUREMENT_NAMES)))[:, columns]).float()


def page_features(
    f_global: Tensor, f_beats: Sequence[Tensor], f_waveform: Tensor | None = None, measured: Tensor | None = None
) -> PageFeatures:
    """Pool the beats' features of each page.

    Args:
        f_global: features of N pages, ``[N, D]``.
        f_beats: of each page's beats, ``[n, D]``.
        f_waveform: of the pages' signals, ``[N, D]``; None without a waveform network.
        measured: the measurements, ``[N, m]``; None for a head that is told none.
    """
    sums = torch.stack([beats.sum(dim=0) for beats in f_beats])
    return PageFeatures(f_global, sums, torch.tensor([len(beats) for beats in f_beats]), f_waveform, measured)


@torch.inference_mode()
def page_logits(model: GlobalNet, pages: Sequence[PreparedPage]) -> FloatArray:
    """Global logits ``[N]``.

    Args:
        model: the page network.
        pages: N pages.
    """
    return logits_of_pages(model, global_features(model, pages))


@torch.inference_mode()
def waveform_logits(model: WaveformNet, pages: Sequence[PreparedPage]) -> FloatArray:
    """Logits ``[N]`` of the pages' signals; NaN where no lead was read.

    Args:
        model: the waveform network.
        pages: N pages.
    """
    return logits_of_pages(model, waveform_features(model, pages))


@torch.inference_mode()
def logits_of_pages(model: GlobalNet | WaveformNet, features: Tensor) -> FloatArray:
    """Logits ``[N]`` of page or waveform features ``[N, D]``.

    Args:
        model: the network that the features are of.
        features: on any device.
    """
    device = next(model.parameters()).device
    logits: FloatArray = model.fc(features.to(device)).squeeze(1).double().cpu().numpy()
    return logits


@torch.inference_mode()
def local_logits(model: LocalNet, pages: Sequence[PreparedPage], beats: Sequence[FloatArray]) -> FloatArray:
    """Mean beat logit of each page ``[N]``; NaN where a page has no beat.

    Args:
        model: the beat network.
        pages: N pages.
        beats: boxes of each, ``[n, 4]`` in panel pixels.
    """
    return mean_logits_of_beats(model, beat_features(model, pages, beats))


@torch.inference_mode()
def mean_logits_of_beats(model: LocalNet, features: Sequence[Tensor]) -> FloatArray:
    """Mean beat logit of each page ``[N]``, from the features ``[n, D]`` of its beats; NaN where it has none.

    Args:
        model: the beat network.
        features: of N pages.
    """
    device = next(model.parameters()).device
    means = [float(model.fc(f.to(device)).mean()) if len(f) else np.nan for f in features]
    return np.array(means, dtype=np.float64)


@torch.inference_mode()
def fused_logits(head: FusionHead, features: PageFeatures) -> FloatArray:
    """Fused logits ``[N]``; NaN where a page has no beat, since such a page is referred.

    Args:
        head: put into eval mode.
        features: of N pages.
    """
    head.eval()
    device = next(head.parameters()).device
    logits = head(features.on(device))
    values: FloatArray = logits.double().cpu().numpy()
    values[features.n_beats.numpy() == 0] = np.nan
    return values
