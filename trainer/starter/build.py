"""The starter bundle, from public data sets: rendered signals first, then real pages on top.

The detector learns from rendered LUDB records, whose waves cardiologists marked; the classifiers from rendered PTB-XL
records and, unless ``rendered_only``, from the Khan pages. A fifth of the groups of LUDB and Khan is put aside before
anything is drawn and only measured, and PTB-XL's fold 9; an inner part of the rest, PTB-XL's fold 8, stops the training
and fits thresholds. Which fifth of the real pages is put aside is the fold: five starters that differ in it alone judge
every real page out of fold.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from pydantic import JsonValue

from ecgcore.bundle.folder import Bundle, Provenance, TrainedOnRow, save_bundle
from ecgcore.errors import DataError
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.build import Networks
from trainer.atomic_files import write_json_atomic
from trainer.crossval.trained import Trained, page_predictions
from trainer.data.page import PreparedPage
from trainer.metrics.figures import Block, plain_block
from trainer.runs.files import PREDICTIONS, read_json
from trainer.runs.folder import trained_on_rows, write_predictions
from trainer.stages.context import RunContext
from trainer.stages.head_features import Trunks
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.predictions import apply_calibrations
from trainer.starter.decisions import decisions
from trainer.starter.figures import real_figures, rendered_figures
from trainer.starter.options import DataFolders, StarterOptions
from trainer.starter.pages import RecordSplit, Split, khan_pages, ludb_pages, ptbxl_pages, ptbxl_records
from trainer.starter.plan import STARTER, StarterPlan
from trainer.starter.public_datasets import Record
from trainer.starter.stages import (
    StarterData,
    StarterDetector,
    frozen_copy,
    starter_detector_of,
    train_decision,
    train_signals,
    train_starter_detector,
    train_trunks,
    trainable_copy,
)
from trainer.starter.training_sets import TrainingSet

SETTINGS = "starter.json"
"""With what a starter's folder was begun."""
PICTURE_PARTS = ("global", "local")


def build_starter(
    data: DataFolders,
    out: Path,
    options: StarterOptions,
    context: RunContext,
    *,
    resume: bool,
    plan: StarterPlan = STARTER,
) -> None:
    """Train, measure and save the starter bundle as ``out/bundle``; all in between is kept in ``out`` for a resume.

    With a start, an earlier starter, its networks are trained further instead of new ones; where real pages follow,
    the classifiers go to these at once. Every starter leaves the same groups aside, so figures stay honest.

    Args:
        data: where the data sets lie.
        out: the new folder.
        options: what is learnt from, and where it starts.
        context: where to train and for whom; prepared pages are kept in its cache, ``out`` by default. Its seed is that
            of the training; the pages are the same for all.
        resume: go on in ``out``.
        plan: how long each part trains.

    Raises:
        DataError: a data folder is missing or holds nothing usable, or ``out`` exists and ``resume`` was not asked for.
    """
    _check_is_complete(data, options)
    cache, start = context.cache or out, options.start
    context = replace(context, workdir=out, cache=cache)
    settings = _settings(options, plan, context.seed)
    _open_folder(out, {**settings, "start": None if start is None else start.version}, resume=resume)
    init = _to_go_on_from(options, plan, context.device)
    found = _finder(data, options, plan, init, context)
    sets = _data_sets(data, options, plan, cache)
    # by the networks' weights, so that folds share what was seen
    inference_cache = InferenceCache(cache / "looks", has_frozen_detector=True, has_frozen_trunks=options.keeps_trunks)
    starter_data = _starter_data(sets, found, inference_cache, options)
    nets = _train(starter_data, found, options, plan, init, context)
    kept = PICTURE_PARTS if options.keeps_trunks and not starter_data.has_unseen_pictures else ()
    fitted = decisions(
        nets, found.min_score, sets.rendered, sets.real, plan.recipe, inference_cache, options.decide_by, kept
    )
    operating_point, calibrations = apply_calibrations(nets, found.min_score, fitted)
    trained = Trained(
        nets, operating_point, calibrations, has_own_detector=True, parent=start, inference_cache=inference_cache
    )
    measured = {name: plain_block(block) for name, block in _measured(trained, sets, options.fold, out).items()}
    signals = [] if nets.waveform is None else _trained_on_signals(sets.records.signals)
    rows = sorted({*sets.trained_on(), *found.trained_on, *signals})
    provenance = Provenance(
        version=_version(options, context.seed),
        recipe={**settings, "rendered_only": options.rendered_only},
        trained_on=rows,
        parent=start,
        snapshot_hash=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        metrics={"ludb_rendered": {"detector": found.figures}, **measured},
    )
    save_bundle(out / "bundle", nets, trained.operating_point, provenance, replace=True)


@dataclass(frozen=True)
class _DataSets:
    """Records, and the pages that were drawn of them; real pages, where they teach too."""

    records: RecordSplit
    rendered: Split
    real: Split | None

    def trained_on(self) -> list[TrainedOnRow]:
        """What a bundle remembers of the pages that teach and stop."""
        splits = (self.rendered,) if self.real is None else (self.rendered, self.real)
        return trained_on_rows([page for split in splits for page in (*split.train, *split.inner)])


def _check_is_complete(data: DataFolders, options: StarterOptions) -> None:
    """Raise DataError where a folder, or the bundle to start from, is missing."""
    has_boxes = data.ludb is not None or options.detector_from is not None
    has_pages = data.khan is not None or options.rendered_only
    if data.ptbxl is None or not has_boxes or not has_pages:
        raise DataError("The starter needs --ludb, --ptbxl and --khan.", "Name the folders, or add --rendered-only.")
    if options.keeps_trunks and options.start is None:
        raise DataError("There are no networks to keep.", "Name the bundle that has them with --bundle.")


def _settings(options: StarterOptions, plan: StarterPlan, seed: int) -> dict[str, JsonValue]:
    """All that shapes the results, to be compared when it is resumed; it stands in the bundle as its recipe."""
    return {
        **plan.recipe.to_json(),
        "real": {
            "global": asdict(plan.real_global),
            "local": asdict(plan.real_local),
            "waveform": asdict(plan.real_waveform),
        },
        "keeps_trunks": options.keeps_trunks,
        "seed": seed,
        "fold": options.fold,
        "decided_by": [folder.name for folder in options.decide_by],
        "detector_from": None if options.detector_from is None else options.detector_from.version,
    }


def _to_go_on_from(options: StarterOptions, plan: StarterPlan, device: torch.device) -> Networks | None:
    if options.start is None:
        return None
    return frozen_copy(options.start, device) if options.keeps_trunks else trainable_copy(options.start, plan, device)


def _finder(
    data: DataFolders, options: StarterOptions, plan: StarterPlan, init: Networks | None, context: RunContext
) -> StarterDetector:
    if options.detector_from is not None:
        return starter_detector_of(options.detector_from, context.device)
    assert data.ludb is not None and context.cache is not None
    boxed = ludb_pages(data.ludb, context.cache / "pages", plan.styles)
    first = None if init is None else init.detector
    return train_starter_detector(boxed, plan.recipe.detector, context.stage("detector"), first)


def _data_sets(data: DataFolders, options: StarterOptions, plan: StarterPlan, cache: Path) -> _DataSets:
    assert data.ptbxl is not None
    start, keeps_trunks, rendered_only = options.start, options.keeps_trunks, options.rendered_only
    records = ptbxl_records(data.ptbxl, start)
    of_head = records.unseen(start)[: plan.drawn_pages(rendered_only)] if keeps_trunks else None
    rendered = ptbxl_pages(records, cache / "pages", of_head)
    if rendered_only or data.khan is None:
        return _DataSets(records, rendered, None)
    real = khan_pages(data.khan, cache / "pages", cache / "cache", options.fold)
    if start is not None:
        _check_not_trained_on(start, real.test, options.fold)
    return _DataSets(records, rendered, real)


def _starter_data(
    sets: _DataSets, found: StarterDetector, inference_cache: InferenceCache, options: StarterOptions
) -> StarterData:
    def training_set(split: Split) -> TrainingSet:
        of_train, of_inner = (
            inference_cache.beats(found.detector, p, found.min_score) for p in (split.train, split.inner)
        )
        return TrainingSet(split.train, of_train, split.inner, of_inner)

    rendered, real = training_set(sets.rendered), None if sets.real is None else training_set(sets.real)
    has_unseen = options.keeps_trunks and not _count_trained_on(options.start, (sets.real or sets.rendered).train)
    return StarterData(
        rendered, real, sets.records.signals, sets.records.inner, inference_cache, has_unseen_pictures=has_unseen
    )


def _train(
    starter_data: StarterData,
    found: StarterDetector,
    options: StarterOptions,
    plan: StarterPlan,
    init: Networks | None,
    context: RunContext,
) -> Networks:
    """The networks that classify, and the head that fuses them, in eval mode beside the detector."""
    if options.keeps_trunks and init is not None:
        global_, local = init.global_, init.local
    else:
        global_, local = train_trunks(starter_data, plan, init, context)
    cross_fitted = train_signals(starter_data, plan, None if init is None else init.waveform, context)
    waveform = None if cross_fitted is None else cross_fitted.net
    told = MEASUREMENT_NAMES if plan.recipe.fusion.measures else ()
    fusion = train_decision(starter_data, Trunks(global_, local, waveform, told, cross_fitted), plan, context)
    nets = Networks(found.detector, local, global_, fusion, waveform)
    for net in nets.by_part().values():
        net.to(context.device).eval()
    return nets


def _measured(trained: Trained, sets: _DataSets, fold: int, out: Path) -> dict[str, Block]:
    """Figures on the pages that were put aside; the answers to the real ones are written down."""
    # The rendered pages put aside are the same in every fold: one of them is enough to measure them.
    figures = rendered_figures(trained, [] if fold else sets.rendered.test)
    if sets.real is not None:
        answers = page_predictions(fold, sets.real.test, trained, trained.predict(sets.real.test))
        write_predictions(out / PREDICTIONS, answers)
        figures |= real_figures(sets.real.test, answers, trained.calibrations)
    return figures


def _version(options: StarterOptions, seed: int) -> str:
    name = options.version or f"starter-{'rendered' if options.rendered_only else 'real'}-{seed}"
    return name + (f"-fold-{options.fold}" if options.fold else "")


def _open_folder(out: Path, settings: Mapping[str, JsonValue], *, resume: bool) -> None:
    """Begin in an empty folder, or go on in one that was begun with the same settings.

    Raises:
        DataError: it holds something else.
    """
    settings = json.loads(json.dumps(settings))
    if out.exists() and any(out.iterdir()) and not resume:
        raise DataError(f"{out} is not empty.", "Choose another folder, or add --resume to go on.")
    before = settings
    if out.exists() and any(out.iterdir()):
        before = read_json(out / SETTINGS)
        if not isinstance(before, dict):
            raise DataError(f"{out} was not begun by this version.", "Choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    changed = sorted(key for key in before.keys() | settings.keys() if before.get(key) != settings.get(key))
    if changed:
        raise DataError(
            f"{out} holds a starter with another {', '.join(changed)}.",
            "Resume with the same options, or choose another folder.",
        )
    write_json_atomic(out / SETTINGS, settings)


def _check_not_trained_on(start: Bundle, pages: Sequence[PreparedPage], fold: int) -> None:
    """Raise DataError where the bundle was trained on pages that are only to be measured."""
    seen = _count_trained_on(start, pages)
    if seen:
        raise DataError(
            f"Bundle {start.version} was trained on {seen} of the {len(pages)} pages that fold {fold} only measures.",
            "Go on with the fold that it was trained with, or from a bundle that has seen no real page.",
        )


def _count_trained_on(start: Bundle | None, pages: Sequence[PreparedPage]) -> int:
    """How many of the pages a bundle was trained on."""
    return sum(start is not None and start.was_trained_on(p.picture_hash, p.group, p.source_record) for p in pages)


def _trained_on_signals(records: Sequence[Record]) -> list[TrainedOnRow]:
    """What has taught the waveform network without a page of it having been drawn."""
    return [("", record.group, record.source_record) for record in records]
