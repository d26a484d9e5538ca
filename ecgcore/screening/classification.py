"""What the classifying networks say of one panel: from the whole, from its beats and from its signal."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ecgcore.explain.shares import beat_shares, measurement_shares, part_shares
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.measurements import Measurements
from ecgcore.networks.build import Networks
from ecgcore.networks.fusion import FusionHead, PageFeatures
from ecgcore.networks.global_net import GlobalNet, page_canvas
from ecgcore.networks.local_net import LocalNet, cut_beats
from ecgcore.networks.runtime.trunks import Trunks
from ecgcore.networks.waveform_net import WaveformNet, leads_for_network
from ecgcore.screening.answer import Classification
from ecgcore.waveform.page_signal import PageSignal

CROPS_AT_ONCE = 128


@torch.inference_mode()
def classify(
    ink: ByteArray,
    boxes_panel_xyxy: FloatArray,
    nets: Networks,
    trunks: Trunks,
    signal: PageSignal | None = None,
    measurements: Measurements | None = None,
) -> Classification:
    """Judge one panel from the whole, from its beats and from its signal.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: its beats, ``[n, 4]``, ``n >= 1``.
        nets: a bundle's networks.
        trunks: what computes their feature maps.
        signal: its leads; None where they were not read.
        measurements: of that signal; None where it was not measured.
    """
    device = nets.device
    f_global, logit_global = _features(nets.global_, trunks.global_(page_canvas(ink, nets.global_.config)[None]))
    crops = cut_beats(ink, boxes_panel_xyxy, nets.local.config)
    chunks = [_features(nets.local, trunks.local(chunk)) for chunk in torch.split(crops, CROPS_AT_ONCE)]
    f_beats = torch.cat([features for features, _ in chunks])
    logits_local = torch.cat([logits for _, logits in chunks])
    f_waveform, logit_waveform = _of_signal(signal, nets.waveform, device)
    measured = _of_measurements(measurements, nets.fusion.config.measurements, device)
    n_beats = torch.tensor([len(f_beats)], device=device)
    page = PageFeatures(f_global, f_beats.sum(dim=0, keepdim=True), n_beats, f_waveform, measured)
    of_waveform, of_measurements = part_shares(nets.fusion, page)
    return Classification(
        logit_fused=float(nets.fusion(page)),
        logit_global=float(logit_global),
        logits_local=_numpy(logits_local),
        shares=_numpy(beat_shares(nets.fusion, page, f_beats)),
        logit_waveform=logit_waveform,
        waveform_share=None if f_waveform is None else of_waveform,
        measurements_share=None if measured is None else of_measurements,
        measurement_shares={} if measured is None else _by_name(nets.fusion, page),
    )


def _by_name(head: FusionHead, page: PageFeatures) -> dict[str, tuple[float, float]]:
    """Value and share of each measurement that was taken."""
    assert page.measured is not None
    values_and_shares = zip(
        head.config.measurements, page.measured[0].tolist(), measurement_shares(head, page).tolist(), strict=True
    )
    return {name: (value, share) for name, value, share in values_and_shares if np.isfinite(value)}


def _of_measurements(measurements: Measurements | None, names: Sequence[str], device: torch.device) -> Tensor | None:
    """The named measurements of a page, ``[1, m]``; None where none of them could be taken."""
    if measurements is None or not names:
        return None
    values = torch.from_numpy(measurements.vector(names)).float()[None]
    return values.to(device) if values.isfinite().any() else None


def _of_signal(
    signal: PageSignal | None, net: WaveformNet | None, device: torch.device
) -> tuple[Tensor | None, float | None]:
    """Features ``[1, D]`` and logit of a page's leads; None where there is no network, or no lead was read."""
    leads = None if signal is None or net is None else leads_for_network(signal.leads_mv, signal.fs_hz, net.config)
    if leads is None or net is None:
        return None, None
    maps = net.feature_maps(torch.from_numpy(leads)[None].to(device))
    return net.pool(maps), float(net.classify(maps))


def _features(net: GlobalNet | LocalNet, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Features ``[n, D]`` and logits ``[n]`` from a network's last maps."""
    return net.pool(maps), net.classify(maps)


def _numpy(values: Tensor) -> FloatArray:
    result: FloatArray = values.cpu().double().numpy()
    return result
