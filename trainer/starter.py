"""The starter bundle, from public data sets: rendered signals first, then real pages on top.

The detector learns from rendered LUDB records, whose waves cardiologists marked; the classifiers from rendered PTB-XL
records and, unless ``rendered_only``, from the Khan pages. A fifth of each set's groups is put aside before anything is
drawn and only measured; an inner part of the rest stops the training and fits thresholds.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.numpy import load_file, save

from ecgcore.bundle import Bundle, Networks, save_bundle
from ecgcore.errors import BadData
from ecgcore.types import FloatArray
from trainer.config import RECIPES, DetectorStage, FusionStage, GlobalStage, LocalStage, Recipe
from trainer.data import PreparedPage, prepare_pages
from trainer.engine import Progress, StageContext
from trainer.files import write_bytes_atomic
from trainer.folds import split_holdout
from trainer.pagefile import load_pages, save_pages
from trainer.rendered import boxed_pages, labelled_pages
from trainer.runs import seen_rows
from trainer.sources import Record, load_khan, load_ludb, load_ptbxl
from trainer.stack import Trained, calibrate_networks
from trainer.stage_detector import best_min_score, detect_pages, train_detector
from trainer.stage_fusion import train_fusion
from trainer.stages import train_global, train_local
from trainer.starter_figures import held_out_figures
from trainer.table import PageItem

HOLDOUT_SHARE, INNER_SHARE = 0.2, 0.12
SPLIT_SEED = 2026
"""Fixed, so that every starter, whatever its training seed, leaves the same groups aside."""


@dataclass(frozen=True)
class StarterPlan:
    """How long each part trains.

    Args:
        recipe: the training on rendered signals, and the rules for decisions.
        real_global, real_local: the further training with real and rendered pages together.
        styles: pages drawn of each LUDB record for training, early stopping and measuring.
    """

    recipe: Recipe
    real_global: GlobalStage
    real_local: LocalStage
    styles: tuple[int, int, int] = (12, 3, 4)


_GLOBAL = GlobalStage(epochs=5, steps_per_epoch=100, batch=16, lr=1e-3, patience=6, px_per_mm=1.5)
_LOCAL = LocalStage(epochs=4, steps_per_epoch=200, batch=64, lr=1e-3, patience=5)
STARTER = StarterPlan(
    recipe=replace(
        RECIPES["quick"],
        name="starter",
        inner_share=INNER_SHARE,
        detector=DetectorStage(epochs=6, steps_per_epoch=400, batch=2, lr=1e-3, patience=6, width=0.25),
        global_=_GLOBAL,
        local=_LOCAL,
        fusion=FusionStage(epochs=25, batch=64, lr=5e-4, patience=8, pool="mean", weight_decay=0.05),
    ),
    real_global=replace(_GLOBAL, epochs=11, steps_per_epoch=100, lr=7e-4),
    real_local=replace(_LOCAL, epochs=6, steps_per_epoch=200, lr=7e-4),
)

KHAN_SHARE = 0.7
"""Share of real pages among those drawn in the second part, the same in both classes, so that looks tell nothing."""
DIAGNOSIS_WEIGHTS = {"mi": 3.0}
"""Acute infarctions are 51 of 541 abnormal Khan pages, and must not get lost among the others."""

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Split:
    """One data set in three parts that share no group."""

    train: list[PreparedPage]
    inner: list[PreparedPage]
    test: list[PreparedPage]


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
) -> None:
    """Train, measure and save the starter bundle as ``out/bundle``; all in between is kept in ``out`` for a resume.

    With ``start``, an earlier starter, its networks are trained further instead of new ones; where real pages follow,
    the classifiers go to these at once. Every starter leaves the same groups aside, so figures stay honest.

    Raises:
        BadData: a data folder is missing or holds nothing usable, or ``out`` exists and ``resume`` was not asked for.
    """
    if ludb is None or ptbxl is None or (khan is None and not rendered_only):
        raise BadData("The starter needs --ludb, --ptbxl and --khan.", "Name the folders, or add --rendered-only.")
    if out.exists() and any(out.iterdir()) and not resume:
        raise BadData(f"{out} is not empty.", "Choose another folder, or add --resume to go on.")

    def context(name: str) -> StageContext:
        return StageContext(out, name, device, seed, progress)

    recipe = plan.recipe
    init = None if start is None else copy.deepcopy(start.nets)
    if init is not None:
        for net in init.by_part().values():
            net.to(device).requires_grad_(True)
    boxed = ludb_pages(ludb, out / "pages", seed, plan.styles)
    detector = train_detector(
        boxed.train, recipe.detector, context("detector"), init=init and init.detector, val=boxed.inner
    )
    min_score = best_min_score(detector, boxed.inner)
    rendered = ptbxl_pages(ptbxl, out / "pages", seed)

    def beats(pages: Sequence[PreparedPage], name: str) -> list[FloatArray]:
        """Found once: a resumed training reads them back."""
        file = out / "beats" / f"{name}.safetensors"
        if not file.exists():
            found = [boxes for boxes, _ in detect_pages(detector, pages, min_score)]
            write_bytes_atomic(file, save({str(number): boxes for number, boxes in enumerate(found)}))
        kept = load_file(file)
        return [kept[str(number)] for number in range(len(pages))]

    train, train_beats = rendered.train, beats(rendered.train, "ptbxl-train")
    inner, inner_beats = rendered.inner, beats(rendered.inner, "ptbxl-inner")
    real = None if rendered_only or khan is None else khan_pages(khan, out / "pages", out / "cache")
    kind = "rendered" if real is None else "real"
    global_, local = (init.global_, init.local) if init is not None else (None, None)
    if init is None or real is None:
        global_ = train_global(train, recipe.global_, context("global-rendered"), init=global_, val=inner)
        local = train_local(
            train, train_beats, recipe.local, context("local-rendered"), init=local, val=(inner, inner_beats)
        )
    if real is not None:
        shown = [page for page in real.train if page.has_grid]
        shown_inner = [page for page in real.inner if page.has_grid]
        inner, inner_beats = [*shown_inner, *inner], [*beats(shown_inner, "khan-inner"), *inner_beats]
        train, train_beats = [*shown, *train], [*beats(shown, "khan-train"), *train_beats]
        weights = mixing_weights(train)
        global_ = train_global(
            train, plan.real_global, context("global-real"), init=global_, val=inner, weights=weights
        )
        local = train_local(
            train,
            train_beats,
            plan.real_local,
            context("local-real"),
            init=local,
            val=(inner, inner_beats),
            weights=weights,
        )
    assert global_ is not None and local is not None
    fusion = train_fusion(
        global_, local, train, train_beats, recipe.fusion, context(f"fusion-{kind}"), val=(inner, inner_beats)
    )
    nets = Networks(detector, local, global_, fusion)
    # What is screened is real paper, so real pages alone decide on probabilities and thresholds.
    decisive = inner if real is None else [page for page in real.inner if page.has_grid]
    operating, calibrations = calibrate_networks(nets, min_score, decisive, recipe)
    trained = Trained(nets, operating, calibrations, has_own_detector=True, parent=start)
    figures = held_out_figures(trained, boxed.test, rendered.test, [] if real is None else real.test)
    splits = [boxed, rendered] + ([] if real is None else [real])
    learnt = [page for split in splits for page in (*split.train, *split.inner)]
    rows = seen_rows(learnt)
    save_bundle(
        out / "bundle",
        nets,
        trained.operating,
        version=f"starter-{kind}-{seed}",
        recipe={
            **recipe.to_json(),
            "real": {"global": asdict(plan.real_global), "local": asdict(plan.real_local)},
            "seed": seed,
            "rendered_only": rendered_only,
        },
        seen=rows,
        parent=start,
        snapshot_hash=hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest(),
        metrics=figures,
        replace=True,
    )


def ludb_pages(folder: Path, pages_dir: Path, seed: int, styles: tuple[int, int, int]) -> Split:
    """Boxed pages, so many styles of each record for training, early stopping and measuring."""
    parts = split_records(load_ludb(folder))
    jobs = zip(("train", "inner", "test"), styles, (1, 2, 3), parts, strict=True)
    return Split(
        *(
            _kept(
                pages_dir / f"ludb-{name}.pages",
                lambda name=name, part=part, n=n, salt=salt: boxed_pages(part, n, seed + salt, varied=name == "train"),
            )
            for name, n, salt, part in jobs
        )
    )


def ptbxl_pages(folder: Path, pages_dir: Path, seed: int) -> Split:
    """Labelled pages: one style of each record."""
    parts = split_records([record for record in load_ptbxl(folder) if record.label is not None])
    return Split(
        *(
            _kept(pages_dir / f"ptbxl-{name}.pages", lambda part=part, salt=salt: labelled_pages(part, 1, seed + salt))
            for (name, salt), part in zip((("train", 1), ("inner", 2), ("test", 3)), parts, strict=True)
        )
    )


def khan_pages(folder: Path, pages_dir: Path, cache_dir: Path) -> Split:
    """Real pages, divided by the machine's patient ID."""
    items = khan_items(folder)
    parts = _split([item.label for item in items], [item.group for item in items], items)
    return Split(
        *(
            _kept(pages_dir / f"khan-{name}.pages", lambda part=part: prepare_pages(part, cache_dir).pages)
            for name, part in zip(("train", "inner", "test"), parts, strict=True)
        )
    )


def khan_items(folder: Path) -> list[PageItem]:
    """The Khan pages as items to prepare; a key is diagnosis and file name."""
    return [
        PageItem(f"{p.diagnosis}/{p.path.name}", p.path, p.label, p.group, source="khan", source_record=p.group)
        for p in load_khan(folder)
    ]


def split_records(records: list[Record]) -> tuple[list[Record], list[Record], list[Record]]:
    return _split([r.label for r in records], [r.group for r in records], records)


def _split(labels: list[int | None], groups: list[str], rows: list[_Row]) -> tuple[list[_Row], list[_Row], list[_Row]]:
    held = split_holdout(labels, groups, HOLDOUT_SHARE, SPLIT_SEED)
    kept = np.flatnonzero(~held)
    aside = split_holdout([labels[i] for i in kept], [groups[i] for i in kept], INNER_SHARE, SPLIT_SEED)
    return (
        [rows[i] for i in kept[~aside]],
        [rows[i] for i in kept[aside]],
        [rows[i] for i in np.flatnonzero(held)],
    )


def _kept(path: Path, make: Callable[[], Iterable[PreparedPage]]) -> list[PreparedPage]:
    if not path.exists():
        save_pages(path, make())
    return load_pages(path)


def diagnosis_of(page: PreparedPage) -> str:
    """A Khan page's diagnosis, which is the first part of its key; empty for other pages."""
    return page.key.split("/")[0] if page.source == "khan" else ""


def mixing_weights(pages: Sequence[PreparedPage]) -> FloatArray:
    """How often each page is drawn relative to its class: real pages ``KHAN_SHARE`` of it, rare diagnoses more."""
    weights = np.array([DIAGNOSIS_WEIGHTS.get(diagnosis_of(page), 1.0) for page in pages])
    is_real = np.array([page.source == "khan" for page in pages])
    labels = np.array([page.label for page in pages])
    for label in (0, 1):
        for real, share in ((True, KHAN_SHARE), (False, 1 - KHAN_SHARE)):
            rows = (labels == label) & (is_real == real)
            weights[rows] *= share / weights[rows].sum()
    return weights
