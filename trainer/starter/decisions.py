"""Probabilities and thresholds of a starter: real paper is screened, so real pages decide where there are any."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ecgcore.networks.build import Networks
from trainer.metrics.calibration import Calibration, calibrate
from trainer.recipes import Recipe
from trainer.runs.files import PREDICTIONS
from trainer.runs.folder import read_predictions
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.predictions import fit_calibrations
from trainer.starter.figures import log_odds
from trainer.starter.pages import Split


def decisions(
    nets: Networks,
    min_score: float,
    rendered: Split,
    real: Split | None,
    recipe: Recipe,
    inference_cache: InferenceCache,
    decide_by: Sequence[Path],
    kept: Sequence[str],
) -> dict[str, Calibration]:
    """Probabilities and thresholds of each network and of the fused answer.

    Args:
        nets: the starter's.
        min_score: boxes from this score on are beats.
        rendered: drawn pages, which decide where there are no real ones.
        real: real pages; None where drawn ones alone teach.
        recipe: which sensitivity and specificity are wanted.
        inference_cache: how inference runs.
        decide_by: folders of starters of other folds, whose answers decide too.
        kept: networks whose files stay the same, byte by byte.
    """
    decisive = rendered.inner if real is None else [page for page in real.inner if page.has_grid]
    fitted = fit_calibrations(nets, min_score, decisive, recipe, inference_cache)
    if decide_by and real is not None:
        shown = {page.key for page in (*real.train, *real.inner, *real.test) if page.has_grid}
        others = _out_of_fold(decide_by, shown, recipe, fitted)
        fitted = {name: first.then(others[name]) for name, first in fitted.items()}
    return fitted | {name: fitted[name].on_own_probabilities() for name in kept}


def _out_of_fold(
    starters: Sequence[Path], shown: set[str], recipe: Recipe, names: Iterable[str]
) -> dict[str, Calibration]:
    """Decisions fitted on the answers of each starter to its own fold's pages, those of ``shown``, all put together."""
    answers = [a for folder in starters for a in read_predictions(folder / PREDICTIONS) if a.file in shown]
    labels = [answer.label for answer in answers]
    targets = recipe.sensitivity_target, recipe.specificity_target
    return {name: calibrate(log_odds(answers, name), labels, *targets) for name in names}
