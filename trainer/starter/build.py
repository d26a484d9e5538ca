"""The starter bundle, from public data sets: rendered signals first, then real pages on top.

The detector learns from rendered LUDB records, whose waves cardiologists marked; the classifiers from rendered PTB-XL
records and, unless ``rendered_only``, from the Khan pages. A fifth of the groups of LUDB and Khan is put aside before
anything is drawn and only measured, and PTB-XL's fold 9; an inner part of the rest, PTB-XL's fold 8, stops the training
and fits thresholds. Which fifth of the real pages is put aside is the fold: five starters that differ in it alone judge
every real page out of fold.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ecgcore.bundle.folder import Bundle, Provenance, SeenRow, save_bundle
from ecgcore.errors import BadData
from ecgcore.measure.quantities import MEASUREMENT_NAMES
from ecgcore.networks.build import Networks
from ecgcore.types import FloatArray
from trainer.atomic_files import write_json_atomic
from trainer.crossval.out_of_fold import page_answers
from trainer.crossval.train_networks import Trained
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import Calibration, calibrate
from trainer.progress import Progress
from trainer.recipes import Recipe
from trainer.runs.files import PREDICTIONS, read_json
from trainer.runs.folder import read_answers, seen_rows, write_answers
from trainer.stages.answers import apply_calibrations, fit_calibrations
from trainer.stages.engine import StageContext
from trainer.stages.head_features import Trunks
from trainer.stages.inference_cache import Looking
from trainer.starter.figures import log_odds, real_figures, rendered_figures
from trainer.starter.pages import Split, khan_pages, ludb_pages, ptbxl_pages, ptbxl_records
from trainer.starter.plan import STARTER, StarterPlan
from trainer.starter.public_datasets import Record
from trainer.starter.stages import (
    Teaching,
    finder_of,
    kept_copy,
    to_train,
    train_decision,
    train_finder,
    train_signals,
    train_trunks,
)
from trainer.starter.training_sets import Lessons

SETTINGS = "starter.json"
"""With what a starter's folder was begun."""
PICTURE_PARTS = ("global", "local")


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
    keeps_trunks: bool = False,
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
        keeps_trunks: with ``start``, whether its beat and page networks stay as they are too, so that signal and
            measurements alone are new: minutes instead of hours.
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

    def context(name: str) -> StageContext:
        return StageContext(out, name, device, seed, progress)

    if keeps_trunks and start is None:
        raise BadData("There are no networks to keep.", "Name the bundle that has them with --bundle.")
    cache = cache or out
    recipe = plan.recipe
    settings = {
        **recipe.to_json(),
        "real": {
            "global": asdict(plan.real_global),
            "local": asdict(plan.real_local),
            "waveform": asdict(plan.real_waveform),
        },
        "keeps_trunks": keeps_trunks,
        "seed": seed,
        "fold": fold,
        "decided_by": [folder.name for folder in decide_by],
        "detector_from": None if detector_from is None else detector_from.version,
    }
    _open_folder(out, {**settings, "start": None if start is None else start.version}, resume=resume)
    init = None if start is None else kept_copy(start, device) if keeps_trunks else to_train(start, plan, device)
    if detector_from is None:
        assert ludb is not None
        boxed = ludb_pages(ludb, cache / "pages", plan.styles)
        found = train_finder(boxed, recipe.detector, context("detector"), None if init is None else init.detector)
    else:
        found = finder_of(detector_from, device)
    records = ptbxl_records(ptbxl, start)
    of_head = records.unseen(start)[: plan.fusion_rendered] if keeps_trunks and not rendered_only else None
    rendered = ptbxl_pages(records, cache / "pages", of_head)
    real = None if rendered_only or khan is None else khan_pages(khan, cache / "pages", cache / "cache", fold)
    if start is not None and real is not None:
        _check_unseen(start, real.test, fold)
    # by the networks' weights, so that folds share what was seen
    looking = Looking(cache / "looks", has_frozen_detector=True, has_frozen_trunks=keeps_trunks)

    def beats(pages: Sequence[PreparedPage]) -> list[FloatArray]:
        return [boxes[scores >= found.min_score] for boxes, scores in looking.found(found.detector, pages)]

    lessons = [Lessons(p.train, beats(p.train), p.inner, beats(p.inner)) for p in (rendered, real) if p]
    taught = Teaching(
        *(lessons[0], lessons[1] if real else None, records.signals, records.inner, looking),
        has_unseen_pictures=keeps_trunks and real is not None and not _seen(start, real.train),
    )
    if keeps_trunks and init is not None:
        global_, local = init.global_, init.local
    else:
        global_, local = train_trunks(taught, plan, init, context)
    cross_fitted = train_signals(taught, plan, None if init is None else init.waveform, context)
    waveform = None if cross_fitted is None else cross_fitted.net
    trunks = Trunks(global_, local, waveform, MEASUREMENT_NAMES if recipe.fusion.measures else (), cross_fitted)
    fusion = train_decision(taught, trunks, plan, context)
    nets = Networks(found.detector, local, global_, fusion, waveform)
    for net in nets.by_part().values():
        net.to(device).eval()
    kept = PICTURE_PARTS if keeps_trunks and not taught.has_unseen_pictures else ()
    fitted = _decisions(nets, found.min_score, rendered, real, recipe, looking, decide_by, kept)
    operating, calibrations = apply_calibrations(nets, found.min_score, fitted)
    trained = Trained(nets, operating, calibrations, has_own_detector=True, parent=start, looking=looking)
    figures = {"ludb_rendered": {"detector": found.figures}}
    # The rendered pages put aside are the same in every fold: one of them is enough to measure them.
    figures |= rendered_figures(trained, [] if fold else rendered.test)
    if real is not None:
        answers = page_answers(fold, real.test, trained, trained.answer(real.test))
        write_answers(out / PREDICTIONS, answers)
        figures |= real_figures(real.test, answers, calibrations)
    learnt = [page for split in (rendered, real) if split for page in (*split.train, *split.inner)]
    rows = sorted({*seen_rows(learnt), *found.seen, *([] if waveform is None else _seen_signals(records.signals))})
    save_bundle(
        out / "bundle",
        nets,
        trained.operating,
        Provenance(
            version=(version or f"starter-{'rendered' if real is None else 'real'}-{seed}")
            + (f"-fold-{fold}" if fold else ""),
            recipe={**settings, "rendered_only": rendered_only},
            seen=rows,
            parent=start,
            snapshot_hash=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
            metrics=figures,
        ),
        replace=True,
    )


def _open_folder(out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    """Begin in an empty folder, or go on in one that was begun with the same settings.

    Raises:
        BadData: it holds something else.
    """
    settings = json.loads(json.dumps(settings))
    if out.exists() and any(out.iterdir()) and not resume:
        raise BadData(f"{out} is not empty.", "Choose another folder, or add --resume to go on.")
    before = settings
    if out.exists() and any(out.iterdir()):
        before = read_json(out / SETTINGS)
        if not isinstance(before, dict):
            raise BadData(f"{out} was not begun by this version.", "Choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    changed = sorted(key for key in before.keys() | settings.keys() if before.get(key) != settings.get(key))
    if changed:
        raise BadData(
            f"{out} holds a starter with another {', '.join(changed)}.",
            "Resume with the same options, or choose another folder.",
        )
    write_json_atomic(out / SETTINGS, settings)


def _check_unseen(start: Bundle, pages: Sequence[PreparedPage], fold: int) -> None:
    """Raise BadData where the bundle was trained on pages that are only to be measured."""
    seen = _seen(start, pages)
    if seen:
        raise BadData(
            f"Bundle {start.version} was trained on {seen} of the {len(pages)} pages that fold {fold} only measures.",
            "Go on with the fold that it was trained with, or from a bundle that has seen no real page.",
        )


def _seen(start: Bundle | None, pages: Sequence[PreparedPage]) -> int:
    """How many of the pages a bundle was trained on."""
    return sum(start is not None and start.has_seen(p.picture_hash, p.group, p.source_record) for p in pages)


def _seen_signals(records: Sequence[Record]) -> list[SeenRow]:
    """What has taught the waveform network without a page of it having been drawn."""
    return [("", record.group, record.source_record) for record in records]


def _decisions(
    nets: Networks,
    min_score: float,
    rendered: Split,
    real: Split | None,
    recipe: Recipe,
    looking: Looking,
    decide_by: Sequence[Path],
    kept: Sequence[str],
) -> dict[str, Calibration]:
    """Probabilities and thresholds: what is screened is real paper, so real pages alone decide, where there are any.

    The files of the networks of ``kept`` stay the same, byte by byte.
    """
    decisive = rendered.inner if real is None else [page for page in real.inner if page.has_grid]
    fitted = fit_calibrations(nets, min_score, decisive, recipe, looking)
    if decide_by and real is not None:
        shown = {page.key for page in (*real.train, *real.inner, *real.test) if page.has_grid}
        others = _out_of_fold(decide_by, shown, recipe, fitted)
        fitted = {name: first.then(others[name]) for name, first in fitted.items()}
    return fitted | {name: fitted[name].on_own_probabilities() for name in kept}


def _out_of_fold(
    starters: Sequence[Path], shown: set[str], recipe: Recipe, names: Iterable[str]
) -> dict[str, Calibration]:
    """Decisions fitted on the answers of each starter to its own fold's pages, those of ``shown``, all put together."""
    answers = [a for folder in starters for a in read_answers(folder / PREDICTIONS) if a.file in shown]
    labels = [answer.label for answer in answers]
    targets = recipe.sensitivity_target, recipe.specificity_target
    return {name: calibrate(log_odds(answers, name), labels, *targets) for name in names}
