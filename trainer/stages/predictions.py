"""What networks say of pages, and the decisions that are fitted to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecgcore.networks.build import Networks
from ecgcore.operating_point import OperatingPoint
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import Calibration, calibrate
from trainer.recipes import Recipe
from trainer.stages.inference import (
    fused_logits,
    logits_of_pages,
    mean_logits_of_beats,
    measured_values,
    page_features,
    waveform_features,
)
from trainer.stages.inference_cache import NO_CACHE, Detections, InferenceCache, beats_from


@dataclass(frozen=True)
class NetworkOutputs:
    """What the networks say of N pages.

    Args:
        detections: boxes and scores of each page.
        logits: "global", "local" (mean over beats), "waveform" and "fused", each ``[N]``; NaN without a beat ("local",
            "fused") or a lead that was read ("waveform", which bundles of the published method do not have).
    """

    detections: list[Detections]
    logits: dict[str, FloatArray]


def predict_pages(
    nets: Networks, min_score: float, pages: Sequence[PreparedPage], inference_cache: InferenceCache = NO_CACHE
) -> NetworkOutputs:
    """Find the beats of pages and judge them.

    Args:
        nets: in eval mode.
        min_score: boxes from this score on are beats.
        pages: any, labelled or not.
        inference_cache: how inference runs.
    """
    found = inference_cache.detections(nets.detector, pages)
    beats = beats_from(found, min_score)
    f_global, f_beats = inference_cache.features(nets.global_, nets.local, pages, beats)
    logits = {
        "global": logits_of_pages(nets.global_, f_global),
        "local": mean_logits_of_beats(nets.local, f_beats),
    }
    f_waveform = None
    if nets.waveform is not None:
        f_waveform = waveform_features(nets.waveform, pages)
        logits["waveform"] = logits_of_pages(nets.waveform, f_waveform)
    measured = measured_values(pages, nets.fusion.config.measurements)
    logits["fused"] = fused_logits(nets.fusion, page_features(f_global, f_beats, f_waveform, measured))
    return NetworkOutputs(found, logits)


def calibrate_networks(
    nets: Networks,
    min_score: float,
    val: Sequence[PreparedPage],
    recipe: Recipe,
    inference_cache: InferenceCache = NO_CACHE,
) -> tuple[OperatingPoint, dict[str, Calibration]]:
    """Fit the decisions on ``val`` and fold them into the networks.

    Args:
        nets: in eval mode; their last layers are changed.
        min_score: boxes from this score on are beats.
        val: labelled pages that trained nothing.
        recipe: which sensitivity and specificity are wanted.
        inference_cache: how the networks look at the pages.
    """
    return apply_calibrations(nets, min_score, fit_calibrations(nets, min_score, val, recipe, inference_cache))


def fit_calibrations(
    nets: Networks,
    min_score: float,
    val: Sequence[PreparedPage],
    recipe: Recipe,
    inference_cache: InferenceCache = NO_CACHE,
) -> dict[str, Calibration]:
    """Decisions of each network and of the fused answer, fitted on ``val``; the networks stay as they are.

    Args:
        nets: in eval mode.
        min_score: boxes from this score on are beats.
        val: labelled pages that trained nothing.
        recipe: which sensitivity and specificity are wanted.
        inference_cache: how the networks look at the pages.
    """
    labels = [int(page.label == 1) for page in val]
    return {
        name: calibrate(logits, labels, recipe.sensitivity_target, recipe.specificity_target)
        for name, logits in predict_pages(nets, min_score, val, inference_cache).logits.items()
    }


def apply_calibrations(
    nets: Networks, min_score: float, fitted: dict[str, Calibration]
) -> tuple[OperatingPoint, dict[str, Calibration]]:
    """Fold biases, and the unfused temperatures, into the networks' last layers; returns what is left to apply.

    Args:
        nets: their last layers are changed in place.
        min_score: the detector's operating score.
        fitted: of each network and of "fused", as ``fit_calibrations`` gives them.
    """
    operating_point = OperatingPoint(
        min_score, fitted["fused"].temperature, fitted["fused"].p_normal_below, fitted["fused"].p_abnormal_from
    )
    calibrations: dict[str, Calibration] = {}
    layers = {"global": nets.global_.fc, "local": nets.local.fc, "fused": nets.fusion.fc2}
    layers |= {} if nets.waveform is None else {"waveform": nets.waveform.fc}
    for name, layer in layers.items():
        fit = fitted[name]
        kept, folded = (fit.temperature, 1.0) if name == "fused" else (1.0, fit.temperature)
        with torch.no_grad():
            layer.weight.div_(folded)
            layer.bias.add_(fit.bias).div_(folded)
        calibrations[name] = Calibration(kept, 0.0, fit.p_normal_below, fit.p_abnormal_from)
    return operating_point, calibrations
