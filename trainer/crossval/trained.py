"""Networks that one training made, and what they say of pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecgcore.bundle.folder import Bundle
from ecgcore.networks.build import Networks
from ecgcore.operating_point import OperatingPoint
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import Calibration
from trainer.runs.folder import PagePrediction
from trainer.stages.inference_cache import NO_CACHE, InferenceCache
from trainer.stages.predictions import NetworkOutputs, predict_pages


@dataclass(frozen=True)
class Trained:
    """Networks with their calibration folded in: ``sigmoid`` of the global, waveform and mean local logit is a
    probability, and so is ``sigmoid`` of the fused logit over ``operating_point.temperature``.

    Args:
        nets: on the training device, in eval mode.
        operating_point: of the fused answer.
        calibrations: of each network and of the fused answer, as they apply to ``nets`` now.
        has_own_detector: whether there were boxed pages; without them the bundle's detector has no figures here.
        parent: the bundle whose weights went in, if any.
        inference_cache: how inference runs.
    """

    nets: Networks
    operating_point: OperatingPoint
    calibrations: dict[str, Calibration]
    has_own_detector: bool
    parent: Bundle | None
    inference_cache: InferenceCache = NO_CACHE

    def predict(self, pages: Sequence[PreparedPage]) -> NetworkOutputs:
        """Find the beats and judge the pages."""
        return predict_pages(self.nets, self.operating_point.min_score, pages, self.inference_cache)


def page_predictions(
    fold: int, pages: Sequence[PreparedPage], trained: Trained, answers: NetworkOutputs
) -> list[PagePrediction]:
    """What a fold's networks say of its test pages: calibrated probabilities, and decisions.

    Args:
        fold: number of the fold that the pages judge.
        pages: the test pages, N; those without a label are left out.
        trained: the fold's networks.
        answers: what these say of the pages.
    """
    p = {name: trained.calibrations[name].probabilities(logits) for name, logits in answers.logits.items()}
    decisions = trained.calibrations["fused"].decisions(p["fused"])
    return [
        PagePrediction(
            file=page.key,
            label=page.label,
            group=page.group,
            fold=fold,
            p_global=float(p["global"][row]),
            p_local=float(p["local"][row]),
            p_abnormal=float(p["fused"][row]),
            decision=decisions[row],
            p_waveform=float(p["waveform"][row]) if "waveform" in p else math.nan,
        )
        for row, page in enumerate(pages)
        if page.label is not None
    ]
