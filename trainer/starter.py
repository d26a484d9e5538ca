"""The starter bundle, from public data sets: rendered signals first, then real pages on top.

The detector learns from rendered LUDB records, whose waves cardiologists marked; the classifiers from rendered PTB-XL
records and, unless ``rendered_only``, from the Khan pages. A fifth of each set's groups is put aside before anything is
drawn and only measured; an inner part of the rest stops the training and fits thresholds. Which fifth of the real pages
is put aside is the fold: five starters that differ in it alone judge every real page out of fold.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ecgcore.bundle import Bundle, Networks, SeenRow, save_bundle
from ecgcore.detector import BeatDetector
from ecgcore.errors import BadData
from ecgcore.fusion import FusionHead
from ecgcore.global_model import GlobalNet
from ecgcore.local_model import LocalConfig, LocalNet
from ecgcore.types import FloatArray
from trainer.answers import apply_calibrations, fit_calibrations
from trainer.calibrate import Calibration, calibrate
from trainer.config import RECIPES, DetectorStage, FusionStage, GlobalStage, LocalStage, Recipe
from trainer.crossval import page_answers
from trainer.data import PreparedPage
from trainer.engine import Progress, StageContext
from trainer.looking import Looking
from trainer.run_files import PREDICTIONS
from trainer.runs import read_answers, seen_rows, write_answers
from trainer.stack import Trained
from trainer.stages.classifiers import train_global, train_local
from trainer.stages.detector import best_min_score, train_detector
from trainer.stages.fusion import train_fusion
from trainer.starter_figures import detector_figures, log_odds, real_figures, rendered_figures
from trainer.starter_lessons import Lessons, mixing_weights
from trainer.starter_pages import INNER_SHARE, Split, khan_pages, ludb_pages, ptbxl_pages


@dataclass(frozen=True)
class StarterPlan:
    """How long each part trains.

    Args:
        recipe: the training on rendered signals, and the rules for decisions.
        real_global, real_local: the further training with real and rendered pages together.
        styles: pages drawn of each LUDB record for training, early stopping and measuring.
        fusion_rendered: rendered pages that the head learns from beside the real ones.
    """

    recipe: Recipe
    real_global: GlobalStage
    real_local: LocalStage
    styles: tuple[int, int, int] = (10, 3, 4)
    fusion_rendered: int = 400


_GLOBAL = GlobalStage(epochs=3, steps_per_epoch=110, batch=16, lr=7e-4, patience=6, px_per_mm=1.5, frozen_blocks=1)
_LOCAL = LocalStage(epochs=4, steps_per_epoch=150, batch=64, lr=1e-3, patience=5, places=True)
STARTER = StarterPlan(
    recipe=replace(
        RECIPES["quick"],
        name="starter",
        inner_share=INNER_SHARE,
        detector=DetectorStage(epochs=5, steps_per_epoch=400, batch=2, lr=1e-3, patience=6, width=0.25),
        global_=_GLOBAL,
        local=_LOCAL,
        fusion=FusionStage(epochs=25, batch=64, lr=5e-4, patience=8, pool="mean", weight_decay=0.05),
    ),
    # Finer than the first part: an ST segment lifted by 1 mm is 2 pixels then.
    real_global=replace(_GLOBAL, epochs=6, lr=6e-4, px_per_mm=2.0),
    real_local=replace(_LOCAL, epochs=10, steps_per_epoch=300, lr=7e-4, patience=10),
)


def build_starter(
    *,
    ludb: Path | None,
    ptbxl: Path | None,
    khan: Path | None,
    out: Path,
    rendered_only: bool,
    seed: int,
    device: torch.device,
    resume: bool,
    progress: Progress,
    plan: StarterPlan = STARTER,
    start: Bundle | None = None,
    detector_from: Bundle | None = None,
    fold: int = 0,
    decide_by: Sequence[Path] = (),
    cache: Path | None = None,
    version: str | None = None,
) -> None:
    """Train, measure and save the starter bundle as ``out/bundle``; all in between is kept in ``out`` for a resume.

    With ``start``, an earlier starter, its networks are trained further instead of new ones; where real pages follow,
    the classifiers go to these at once. Every starter leaves the same groups aside, so figures stay honest.

    Args:
        ludb, ptbxl, khan: the data sets' folders; ``ludb`` is not needed with ``detector_from``, ``khan`` not with
            ``rendered_only``.
        out: the new folder.
        rendered_only: learn from rendered signals alone.
        seed: of the training; the pages are the same for all.
        device: where to train.
        resume: go on in ``out``.
        progress: told of every step.
        plan: how long each part trains.
        start: an earlier starter.
        detector_from: a bundle whose beat detector is used as it is.
        fold: which fifth of the real pages is only measured; starters of different folds may share a ``cache``.
        decide_by: folders of starters of other folds: their answers to the pages that they were not trained on, about
            eight hundred instead of a hundred, fit this one's probabilities and thresholds.
        cache: where prepared pages are kept; ``out`` by default.
        version: the bundle's name; what it learnt from, the seed and the fold by default.

    Raises:
        BadData: a data folder is missing or holds nothing usable, or ``out`` exists and ``resume`` was not asked for.
    """
    if ptbxl is None or (ludb is None and detector_from is None) or (khan is None and not rendered_only):
        raise BadData("The starter needs --ludb, --ptbxl and --khan.", "Name the folders, or add --rendered-only.")
    if out.exists() and any(out.iterdir()) and not resume:
        raise BadData(f"{out} is not empty.", "Choose another folder, or add --resume to go on.")

    def context(name: str) -> StageContext:
        return StageContext(out, name, device, seed, progress)

    cache = cache or out
    recipe = plan.recipe
    init = None if start is None else _to_train(start, plan, device)
    if detector_from is None:
        assert ludb is not None
        boxed = ludb_pages(ludb, cache / "pages", plan.styles)
        found = _train_finder(boxed, recipe.detector, context("detector"), init and init.detector)
    else:
        found = _finder_of(detector_from, device)
    rendered = ptbxl_pages(ptbxl, cache / "pages")
    real = None if rendered_only or khan is None else khan_pages(khan, cache / "pages", cache / "cache", fold)

    looking = Looking(cache / "looks", has_frozen_detector=True)  # by its weights, so that folds share what it saw

    def beats(pages: Sequence[PreparedPage]) -> list[FloatArray]:
        return [boxes[scores >= found.min_score] for boxes, scores in looking.found(found.detector, pages)]

    lessons = [Lessons(p.train, beats(p.train), p.inner, beats(p.inner)) for p in (rendered, real) if p]
    global_, local, fusion = _train_classifiers(lessons, plan, init, context)
    nets, min_score = Networks(found.detector, local, global_, fusion), found.min_score
    # What is screened is real paper, so real pages alone decide on probabilities and thresholds.
    decisive = rendered.inner if real is None else [page for page in real.inner if page.has_grid]
    fitted = fit_calibrations(nets, min_score, decisive, recipe, looking)
    if decide_by and real is not None:
        shown = {page.key for page in (*real.train, *real.inner, *real.test) if page.has_grid}
        others = _out_of_fold(decide_by, shown, recipe)
        fitted = {name: first.then(others[name]) for name, first in fitted.items()}
    operating, calibrations = apply_calibrations(nets, min_score, fitted)
    trained = Trained(nets, operating, calibrations, has_own_detector=True, parent=start, looking=looking)
    figures = {"ludb_rendered": {"detector": found.figures}}
    # The rendered pages put aside are the same in every fold: one of them is enough to measure them.
    figures |= rendered_figures(trained, [] if fold else rendered.test)
    if real is not None:
        answers = page_answers(fold, real.test, trained, trained.answer(real.test))
        write_answers(out / PREDICTIONS, answers)
        figures |= real_figures(real.test, answers, calibrations)
    learnt = [page for split in (rendered, real) if split for page in (*split.train, *split.inner)]
    rows = sorted({*seen_rows(learnt), *found.seen})
    save_bundle(
        out / "bundle",
        nets,
        trained.operating,
        version=(version or f"starter-{'rendered' if real is None else 'real'}-{seed}")
        + (f"-fold-{fold}" if fold else ""),
        recipe={
            **recipe.to_json(),
            "real": {"global": asdict(plan.real_global), "local": asdict(plan.real_local)},
            "seed": seed,
            "rendered_only": rendered_only,
            "fold": fold,
            "decided_by": [folder.name for folder in decide_by],
            "detector_from": None if detector_from is None else detector_from.version,
        },
        seen=rows,
        parent=start,
        snapshot_hash=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        metrics=figures,
        replace=True,
    )


@dataclass(frozen=True)
class _Finder:
    """The beat detector, its operating score, its figures on held-out pages, and what it has learnt from."""

    detector: BeatDetector
    min_score: float
    figures: dict[str, Any]
    seen: list[SeenRow]


def _train_finder(boxed: Split, stage: DetectorStage, context: StageContext, init: BeatDetector | None) -> _Finder:
    detector = train_detector(boxed.train, stage, context, init=init, val=boxed.inner)
    min_score = best_min_score(detector, boxed.inner)
    return _Finder(
        detector, min_score, detector_figures(detector, boxed.test, min_score), seen_rows(boxed.train + boxed.inner)
    )


def _finder_of(bundle: Bundle, device: torch.device) -> _Finder:
    """A starter's detector has learnt from LUDB alone, whatever its classifiers have seen."""
    seen = [
        (picture, group, record) for picture, group, record in bundle.manifest["seen"] if record.startswith("ludb:")
    ]
    figures = bundle.manifest["metrics"].get("ludb_rendered", {}).get("detector", {})
    return _Finder(bundle.nets.detector.to(device), bundle.operating.min_score, figures, seen)


def _train_classifiers(
    lessons: Sequence[Lessons], plan: StarterPlan, init: Networks | None, context: Callable[[str], StageContext]
) -> tuple[GlobalNet, LocalNet, FusionHead]:
    """Rendered pages first, unless ``init`` has learnt them; then, where there are any, real and rendered together."""
    rendered, real = lessons[0], lessons[1] if len(lessons) > 1 else None
    global_, local = (init.global_, init.local) if init is not None else (None, None)
    taught, recipe = rendered, plan.recipe
    if init is None or real is None:
        val = (rendered.inner, rendered.inner_beats)
        local = train_local(
            rendered.train, rendered.train_beats, recipe.local, context("local-rendered"), init=local, val=val
        )
        global_ = train_global(
            rendered.train, recipe.global_, context("global-rendered"), init=global_, val=rendered.inner
        )
    if real is not None:
        taught = real.gridded() + rendered
        weights, val = mixing_weights(taught.train), (taught.inner, taught.inner_beats)
        local = train_local(
            taught.train,
            taught.train_beats,
            plan.real_local,
            context("local-real"),
            init=local,
            val=val,
            weights=weights,
        )
        if global_ is not None:  # convolutions do not mind the size of what they see
            global_.config = replace(global_.config, px_per_mm=plan.real_global.px_per_mm)
        global_ = train_global(
            taught.train, plan.real_global, context("global-real"), init=global_, val=taught.inner, weights=weights
        )
    assert global_ is not None and local is not None
    if real is not None:  # the head decides on paper: a few rendered pages keep it from learning the paper by heart
        taught = real.gridded() + rendered.first(plan.fusion_rendered)
    name = "fusion-rendered" if real is None else "fusion-real"
    val = (taught.inner, taught.inner_beats)
    fusion = train_fusion(global_, local, taught.train, taught.train_beats, recipe.fusion, context(name), val=val)
    return global_, local, fusion


def _to_train(start: Bundle, plan: StarterPlan, device: torch.device) -> Networks:
    """A copy of the networks that may be trained; the local one with the window and inputs that the plan asks for."""
    nets = copy.deepcopy(start.nets)
    stage = plan.real_local
    wanted = LocalConfig(stage.crop_mm, stage.px, stage.width, stage.aspect, stage.places)
    if nets.local.config != wanted:
        local = LocalNet(wanted)
        local.load_state_dict(nets.local.state_dict(), strict=False)  # what tells the place starts as a zero
        nets = replace(nets, local=local)
    for net in nets.by_part().values():
        net.to(device).requires_grad_(True)
    return nets


def _out_of_fold(starters: Sequence[Path], shown: set[str], recipe: Recipe) -> dict[str, Calibration]:
    """Decisions fitted on the answers of each starter to its own fold's pages, those of ``shown``, all put together."""
    answers = [a for folder in starters for a in read_answers(folder / PREDICTIONS) if a.file in shown]
    labels = [answer.label for answer in answers]
    targets = recipe.sensitivity_target, recipe.specificity_target
    return {name: calibrate(log_odds(answers, name), labels, *targets) for name in ("global", "local", "fused")}
