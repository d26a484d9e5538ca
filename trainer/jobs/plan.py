"""What a training would learn from, whether that is enough, and how long it takes on this machine; no network."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from annotations.readings.snapshots import difference
from annotations.runs.training_runs import COMPARED, runs
from annotations.store import Store
from trainer.data.page import NAMES, PageItem
from trainer.data.store_pages import StorePages, folds_for, pages_of_store
from trainer.jobs.costs import MachineSpeed, machine_speed
from trainer.named_recipes import recipe_named
from trainer.registry.catalogue import lineage_of, present_version, trained_on_by
from trainer.workload import INFERENCE, STAGES, pages_shown

FEWEST_GROUPS = 2
"""Of each class outside a fold: one group learns, the other stops the training and sets the thresholds."""

SUGGESTED_NEW_PAGES = 30

_REPEATED_INFERENCE = {True: 0.15, False: 0.5}
"""Share of looking after the first training where the bundle's detector stays, by whether its trunks stay too."""
_RANGES = {"measured": (0.7, 1.4), "typical": (0.3, 3.0)}


@dataclass(frozen=True)
class Problem:
    """Why a training cannot start, and what would help."""

    cause: str
    next_step: str


@dataclass(frozen=True)
class PageCounts:
    """Pages of one kind.

    Args:
        pages: all of them.
        normal, abnormal: of these, with that label.
        boxed: of these, with all beats boxed.
        beats: boxes on them.
        groups: patients.
    """

    pages: int
    normal: int
    abnormal: int
    boxed: int
    beats: int
    groups: int


@dataclass(frozen=True)
class Plan:
    """What a run would use.

    Args:
        snapshot_id: None stands for what holds now, which the run then freezes.
        recipe, stages, folds: as in ``trainer.jobs.control.start``.
        train: pages that would train.
        folds_of: the same for each fold, as the pages that judge it.
        held_out: pages that would only measure, at the very end.
        skipped: pages that would do neither, by reason.
        problems: why it cannot start; empty when it can.
        notes: what weakens it, in plain words.
        fresh_folds: numbers, from 1, of the folds that begin with new networks, since the bundle in use and all that
            is here of its ancestors have learnt from pages that judge the fold.
        new_pages: pages that were read, or read anew, since the last finished run; None where there is none.
    """

    snapshot_id: int | None
    recipe: str
    stages: tuple[str, ...]
    folds: int
    train: PageCounts
    folds_of: tuple[PageCounts, ...]
    held_out: PageCounts
    skipped: dict[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    fresh_folds: tuple[int, ...]
    new_pages: int | None

    @property
    def is_suggested(self) -> bool:
        """Whether enough is new to make a training worth while."""
        return self.new_pages is not None and self.new_pages >= SUGGESTED_NEW_PAGES and not self.problems


@dataclass(frozen=True)
class Estimate:
    """How long a run takes here, in seconds.

    Args:
        low, likely, high: of the whole run.
        stages: the likely part of each: "detector", "local", "global", "fusion", "fusion-joint" and "looking" (finding
            beats and judging pages).
        trainings: the same of every fold, then of the final training.
        before, beside, after: of preparing the pages, of each training beside its stages, and of the comparison.
        source: "measured" on this machine in an earlier run, or "typical" of such machines: then the run measures
            itself when it starts.
    """

    low: float
    likely: float
    high: float
    stages: dict[str, float]
    trainings: tuple[dict[str, float], ...]
    before: float
    beside: float
    after: float
    source: Literal["measured", "typical"]


def make_plan(
    store: Store,
    *,
    snapshot_id: int | None = None,
    recipe: str = "quick",
    stages: Collection[str] = STAGES,
    folds: int = 5,
) -> Plan:
    """What a run would use; the arguments are those of ``trainer.jobs.control.start``.

    Raises:
        DataError: there is no such recipe.
    """
    recipe_named(recipe)
    pages = pages_of_store(store, snapshot_id)
    fold_of = folds_for(store, pages.train, folds)
    parts = [[item for item in pages.train if fold_of[item.group] == fold] for fold in range(folds)]
    return Plan(
        snapshot_id=snapshot_id,
        recipe=recipe,
        stages=tuple(stage for stage in STAGES if stage in stages),
        folds=folds,
        train=_count(pages.train),
        folds_of=tuple(_count(part) for part in parts),
        held_out=_count(pages.held_out),
        skipped=pages.skipped,
        problems=tuple(_problems(pages, parts)),
        notes=tuple(_notes(pages, parts, stages)),
        fresh_folds=_fresh_folds(store, parts),
        new_pages=_new_pages(store),
    )


def estimate(store: Store, plan: Plan, device: str = "auto") -> Estimate:
    """How long the planned run takes here: as earlier runs did on this machine, else as such machines do."""
    speed = machine_speed(store, plan.recipe, device)
    trainings = stage_seconds(plan, speed)
    stages = {stage: sum(training[stage] for training in trainings) for stage in trainings[0]}
    is_first = plan.new_pages is None
    unprepared = plan.train.pages + plan.held_out.pages if is_first else plan.new_pages or 0
    before, after = speed.preparing * unprepared, speed.inference * (2 * plan.held_out.pages or plan.train.pages)
    likely = before + sum(stages.values()) + speed.beside * len(trainings) + after
    low, high = _RANGES[speed.source]
    return Estimate(low * likely, likely, high * likely, stages, trainings, before, speed.beside, after, speed.source)


def stage_seconds(plan: Plan, speed: MachineSpeed) -> tuple[dict[str, float], ...]:
    """The expected seconds of each stage in every fold, then in the final training."""
    recipe = recipe_named(plan.recipe)
    trainings: list[dict[str, float]] = []
    for judged in (*plan.folds_of, None):
        counts = {name: getattr(plan.train, name) for name in ("boxed", "normal", "abnormal", "beats")}
        if judged is not None:
            counts = {name: n - getattr(judged, name) for name, n in counts.items()}
        learnt = {name: round(n * (1 - recipe.inner_share)) for name, n in counts.items()}
        shown = pages_shown(recipe, plan.stages, **learnt) | {INFERENCE: float(plan.train.pages)}
        seconds = {stage: pages * speed.stages.get(stage, 0.0) for stage, pages in shown.items()}
        # What a detector that is not trained finds is kept from one training to the next.
        if trainings and not shown.get("detector"):
            seconds[INFERENCE] *= _REPEATED_INFERENCE[not shown.keys() & {"local", "global"}]
        trainings.append(seconds)
    return tuple(trainings)


def _count(items: Sequence[PageItem]) -> PageCounts:
    labels = Counter(item.label for item in items)
    boxed = [item.boxes_photo_xyxy for item in items if item.boxes_photo_xyxy is not None]
    return PageCounts(
        len(items), labels[0], labels[1], len(boxed), sum(map(len, boxed)), len({item.group for item in items})
    )


def _problems(pages: StorePages, parts: Sequence[Sequence[PageItem]]) -> list[Problem]:
    if not pages.train:
        return [Problem("Nobody has read a page that may train.", "Label some pages on the Review page.")]
    for label, name in NAMES.items():
        groups = [{item.group for item in part if item.label == label} for part in parts]
        everywhere = set().union(*groups)
        if not everywhere:
            return [Problem(f"No page is labelled {name}.", "Label pages of both kinds, normal and abnormal.")]
        outside = min(len(everywhere - of_fold) for of_fold in groups)
        if outside < FEWEST_GROUPS:
            return [
                Problem(
                    f"The {name} pages come from {len(everywhere)} patient{'' if len(everywhere) == 1 else 's'}, of "
                    f"whom a fold leaves {outside} to learn from; {FEWEST_GROUPS} are needed.",
                    f"Label {name} pages of other patients.",
                )
            ]
    return []


def _notes(pages: StorePages, parts: Sequence[Sequence[PageItem]], stages: Collection[str]) -> list[str]:
    notes: list[str] = []
    if not pages.train:
        return notes
    if not any(item.boxes_photo_xyxy is not None for item in pages.train) and "detector" in stages:
        notes.append("No page has all its beats boxed, so the beat finder stays as it is.")
    labels = Counter(item.label for item in pages.train if item.label is not None)
    for label, n in sorted(labels.items()):
        if n < 10 * len(parts):
            notes.append(f"Only {n} pages are labelled {NAMES[label]}: the figures will be very uncertain.")
    for number, part in enumerate(parts, 1):
        missing = [name for label, name in NAMES.items() if not any(item.label == label for item in part)]
        if missing:
            notes.append(f"Fold {number} has no {' and no '.join(missing)} page; only the pooled figures count then.")
    largest = Counter(item.group for item in pages.train).most_common(1)
    if largest and len(pages.train) > 10 and largest[0][1] > 0.3 * len(pages.train):
        share = largest[0][1] / len(pages.train)
        notes.append(f"One patient has {share:.0%} of the pages, and they must stay together: its fold is that large.")
    if not pages.held_out:
        notes.append("There is no permanent test set: the models can only be compared on the test pages of the folds.")
    return notes


def _fresh_folds(store: Store, parts: Sequence[Sequence[PageItem]]) -> tuple[int, ...]:
    """Numbers of the folds that no bundle of the line in use is clean for (``trainer.crossval.lineage``)."""
    line = [trained_on_by(store, facts) for facts in lineage_of(store, present_version(store))]
    return tuple(
        number
        for number, part in enumerate(parts, 1)
        if all(any(seen.has(item.picture_hash, item.group, item.source_record) for item in part) for seen in line)
    )


def _new_pages(store: Store) -> int | None:
    for run in runs(store):
        if run.kind == "retrain" and run.state in COMPARED and run.snapshot_id is not None:
            changes = difference(store, run.snapshot_id, None)
            return len(changes.added) + len(changes.changed)
    return None
