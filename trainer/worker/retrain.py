"""The training that runs as a process of its own: from the store's readings to a candidate and its comparison.

queued -> snapshotting -> running (folds, final training) -> evaluating -> candidate. Whatever is finished is kept in
the run's folder and skipped when the run goes on; whatever goes wrong ends in a state and a message.
"""

import shutil
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from annotations.erasure.derived_files import CACHE, PREPARED
from annotations.erasure.mentions import forget_mentions, forget_mentions_left
from annotations.patients.keys import group_in_files
from annotations.readings.snapshots import snapshots, take_snapshot
from annotations.runs.training_runs import COMPARED, TrainingRun, move_run, note_candidate, note_snapshot, run_of
from annotations.store import Store
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.bundle.manifest import check_files, read_manifest
from ecgcore.errors import BundleError, DataError, EcgError
from ecgcore.networks.device import pick_device
from trainer.atomic_files import write_json_atomic
from trainer.crossval.final_training import NewBundle, fit_bundle
from trainer.crossval.lineage import Ancestor, StartOf, start_chooser
from trainer.crossval.out_of_fold import CrossValidation, cross_validate
from trainer.data.page import PageItem, PreparedPage
from trainer.data.page_file import load_pages, save_pages
from trainer.data.prepare import preparation_version, prepare_pages, signal_version
from trainer.data.store_pages import StorePages, fix_folds_for, folds_for, left_out_words, pages_of_store
from trainer.evaluation.compare import compare_on_folds, compare_on_held_out, fold_predictions, nothing_to_compare
from trainer.jobs.priority import threads_to_use
from trainer.named_recipes import recipe_named
from trainer.progress import PREPARING, counted
from trainer.recipes import Recipe, only_stages
from trainer.registry import bundle, bundles_folder, lineage_of
from trainer.runs.files import COMPARISON, DRY_RUN, ENVIRONMENT, LEFT_OUT, SUMMARY, read_json, run_folder
from trainer.runs.folder import RunFolder, inputs_table, open_run, write_left_out
from trainer.runs.results import Comparison
from trainer.stages.context import RunContext
from trainer.stages.start import choose_start
from trainer.worker.dry_run import dry_run
from trainer.worker.environment import environment
from trainer.worker.failures import how_it_ended
from trainer.worker.recorder import Recorder, estimate_of, recorder_of

_INNER_FOLD = 0
"""Pages of this fold stop and calibrate every final training and never train it, so that a bundle whose parent was
retrained on the same pages is still calibrated on pages that no network of its line has learnt from."""


def run_training(store: Store, run_id: int) -> bool:
    """Do what a queued run asks for, or go on with it; the caller holds the lock of its folder.

    Returns:
        Whether it came to its end; the run's state and message say how it ended.
    """
    folder = run_folder(store.folder, run_id)
    recorder: Recorder | None = None
    try:
        forget_mentions(store, run_id)
        run = run_of(store, run_id)
        recorder = recorder_of(store, run)
        _Training(store, run, folder, recorder).work()
        recorder.finish("candidate")
    except BaseException as error:  # noqa: BLE001 - whatever happens is told, in the run's state and in its log
        if not isinstance(error, EcgError):
            traceback.print_exc()
        state, message = how_it_ended(store, run_id, error)
        forget_mentions_left(store, run_id)
        if recorder is None:
            move_run(store, run_id, state, message=message)
        else:
            recorder.finish(state, message)
        return False
    forget_mentions_left(store, run_id)
    return True


@dataclass(frozen=True)
class _Pages:
    """The frozen pages of a run, prepared."""

    train: list[PreparedPage]
    held_out: list[PreparedPage]


class _Training:
    """One run at work."""

    def __init__(self, store: Store, run: TrainingRun, folder: Path, recorder: Recorder) -> None:
        self.store, self.run, self.folder, self.recorder = store, run, folder, recorder
        self.device = pick_device(run.device)
        self.name_group = group_in_files(store)

    def work(self) -> None:
        """All that is not finished yet."""
        self.recorder.move("snapshotting")
        known = read_json(self.folder / ENVIRONMENT)
        history = known if isinstance(known, list) else []
        write_json_atomic(self.folder / ENVIRONMENT, [*history, environment(self.device)])
        self._freeze()
        readings = pages_of_store(self.store, self.run.snapshot_id)
        pages = self._prepared(readings)
        if self.run.kind == "compare":
            self._compare(str(self.run.candidate_version), pages, None)
        else:
            folder = self._open(readings, pages)
            self.recorder.move("running")
            version = self._train(folder, pages)
            self._compare(version, pages, folder)
        (self.folder / PREPARED).unlink(missing_ok=True)
        for networks in self.folder.parent.glob("*/fold-*/bundle"):  # the newest run's may still be looked at
            if networks.parent.parent != self.folder and self._is_over(networks.parent.parent):
                shutil.rmtree(networks, ignore_errors=True)

    def _is_over(self, folder: Path) -> bool:
        return folder.name.isdecimal() and run_of(self.store, int(folder.name)).state in COMPARED

    def _freeze(self) -> None:
        """Take a snapshot where none was asked for, or was taken before the run was killed."""
        if self.run.snapshot_id is None:
            name = f"run {self.run.id}"
            known = next((snapshot for snapshot in snapshots(self.store) if snapshot.name == name), None)
            snapshot = known or take_snapshot(self.store, name, self.run.person, "Taken by the training.")
            note_snapshot(self.store, self.run.id, snapshot.id)
            self.run = run_of(self.store, self.run.id)

    def _prepared(self, readings: StorePages) -> _Pages:
        """Panels of all pages; kept in the run's folder until it ends, so that a resumed run sees the same."""
        is_held_out = {item.key for item in readings.held_out}
        kept = self.folder / PREPARED
        if kept.exists():
            try:
                pages = load_pages(kept)
                return _Pages(
                    [page for page in pages if page.key not in is_held_out],
                    [page for page in pages if page.key in is_held_out],
                )
            except DataError:
                self.recorder.say("prepare", PREPARING, f"{PREPARED} is damaged; the pages are prepared again.")
        for other in self.folder.parent.glob(f"*/{PREPARED}"):  # of runs that broke off; made again if they go on
            other.unlink()
        items = [*readings.train, *readings.held_out]
        if not items:
            raise DataError("Nobody has read a page that may train or measure.", "Label some pages on the Review page.")
        cache, counts = self.store.folder / CACHE / "pages", counted(self.recorder.part("prepare"), PREPARING)
        preparation = prepare_pages(items, cache, threads_to_use(), counts)
        write_left_out(self.folder / LEFT_OUT, preparation.left_out)
        for words in left_out_words(self.store, preparation.left_out):
            self.recorder.say("prepare", PREPARING, words)
        self.recorder.check()
        save_pages(kept, preparation.pages)
        return self._prepared(readings)

    def _open(self, readings: StorePages, pages: _Pages) -> RunFolder:
        """Freeze list and settings, or check that they are those of the run that goes on."""
        if not pages.train:
            raise DataError("No page that may train can be used.", "Look at the list of pages that were left out.")
        fix_folds_for(self.store, readings.train)
        before = read_json(self.folder / "config.json")
        line = before["line"] if isinstance(before, dict) else self._line()
        config: dict[str, JsonValue] = {
            "command": "retrain",
            "recipe": self._recipe().to_json(),
            "seed": self.run.seed,
            "folds": self.run.folds,
            "snapshot": self.run.snapshot_id,
            "line": line,
            "preparation": f"{preparation_version()}-{signal_version()}",
        }
        items: list[PageItem] = [*readings.train, *readings.held_out]
        return open_run(self.folder, config, inputs_table(items, pages.train), resume=True)

    def _line(self) -> list[JsonValue]:
        """Bundles that folds may start from: the one in use, its parent and so on."""
        line = lineage_of(self.store, self.run.parent_version)
        if not line:
            raise DataError(f"The model in use, {self.run.parent_version}, is missing or damaged.", "Activate another.")
        return [[facts.version, read_manifest(facts.folder).fingerprint] for facts in line]

    def _recipe(self) -> Recipe:
        return only_stages(recipe_named(self.run.recipe), self.run.stages)

    def _train(self, folder: RunFolder, pages: _Pages) -> str:
        """Cross-validation and final training; returns the candidate's version."""
        recipe, run = self._recipe(), self.run
        line = self._ancestors(folder)
        is_boxed = any(page.boxes_panel_xyxy is not None for page in pages.train)
        needs_bundle = not is_boxed or recipe.detector.epochs == 0
        fold_of = folds_for(self.store, _as_items(pages.train), run.folds)
        start_of = start_chooser(line, "bundle", recipe, run.device, needs_bundle=needs_bundle)
        self._measure_speed(pages.train, fold_of, start_of)
        folds = [fold_of[page.group] for page in pages.train]
        job = CrossValidation(pages.train, recipe, start_of, folder, run.folds, folds)
        summary = cross_validate(job, self._context("folds"))
        counts = {"snapshot": run.snapshot_id, "pages": len(pages.train), "held_out": len(pages.held_out)}
        write_json_atomic(folder.path / SUMMARY, summary.to_json() | counts)
        version = f"{run.recipe}-{run.id}-{folder.inputs_sha256[:8]}"
        place = bundles_folder(self.store.folder) / version
        note_candidate(self.store, run.id, version)
        if _is_sound(place):
            self.recorder.say("final", "final", f"{version} was finished before")
            return version
        shutil.rmtree(place, ignore_errors=True)
        fit_bundle(
            pages.train,
            recipe,
            choose_start("bundle", self._load(line[0].version), recipe),
            RunFolder(folder.path / "final", folder.inputs_sha256),
            NewBundle(place, version, {"cross_validation": summary.pooled}),
            self._context("final"),
            aside=self._aside(pages.train),
        )
        return version

    def _context(self, part: str) -> RunContext:
        return RunContext(
            self.device,
            self.run.seed,
            self.recorder.part(part),
            self.recorder.cancelled,
            cache=self.store.folder / CACHE / "seen",
        )

    def _load(self, version: str) -> Bundle:
        return load_bundle(bundle(self.store, version).folder, self.run.device, self.name_group)

    def _measure_speed(self, pages: Sequence[PreparedPage], fold_of: Mapping[str, int], start_of: StartOf) -> None:
        """Measure how fast this machine trains, where no earlier run of the recipe has told."""
        if estimate_of(self.store, self.run).source == "measured":
            return
        self.recorder.say("prepare", PREPARING, "measuring the speed of this computer")
        first = [page for page in pages if not fold_of[page.group]]
        rest = [page for page in pages if fold_of[page.group]]
        measure = partial(dry_run, seed=self.run.seed, device=self.device, cancelled=self.recorder.cancelled)
        write_json_atomic(self.folder / DRY_RUN, measure(rest, first, self._recipe(), start_of))
        takes = estimate_of(self.store, self.run)
        self.recorder.forecast.expect(takes.trainings, takes.after)

    def _ancestors(self, folder: RunFolder) -> list[Ancestor]:
        """The bundles that the run began with."""
        line = []
        for version, sha256 in read_json(folder.path / "config.json")["line"]:
            line.append(Ancestor.of(bundle(self.store, version).folder, self.name_group))
            if sha256 not in (line[-1].fingerprint, line[-1].manifest_sha256):
                raise DataError(f"Model {version} is not the one that the run began with.", "Start another run.")
        return line

    def _aside(self, pages: Sequence[PreparedPage]) -> list[bool] | None:
        """The inner split of the final training; None, drawn by chance, where fold ``_INNER_FOLD`` lacks a class."""
        fold_of = folds_for(self.store, _as_items(pages), 5)
        aside = [fold_of[page.group] == _INNER_FOLD for page in pages]
        for label in (0, 1):
            sides = {is_aside for page, is_aside in zip(pages, aside, strict=True) if page.label == label}
            if len(sides) < 2:
                return None
        return aside

    def _compare(self, version: str, pages: _Pages, folder: RunFolder | None) -> None:
        """Candidate and bundle in use on the same pages."""
        self.recorder.move("evaluating")
        self.recorder.say("comparison", "comparison", "comparing with the model in use")
        in_use = self._load(self.run.parent_version)
        if pages.held_out:
            found = compare_on_held_out(self._load(version), in_use, pages.held_out)
        elif folder is not None:
            predictions = fold_predictions(folder, self.run.folds, pages.train)
            found = compare_on_folds(version, predictions, in_use, pages.train)
        else:
            found = self._compare_on_unseen(version, in_use, pages.train)
        write_json_atomic(self.folder / COMPARISON, found.to_json())

    def _compare_on_unseen(self, version: str, in_use: Bundle, pages: Sequence[PreparedPage]) -> Comparison:
        """Without held-out patients a bundle from elsewhere is compared on whatever neither has seen."""
        if not pages:
            return nothing_to_compare(version, in_use.version, {"candidate": {}, "active": {}})
        return compare_on_held_out(self._load(version), in_use, pages)


def _as_items(pages: Sequence[PreparedPage]) -> list[PageItem]:
    return [PageItem(page.key, Path(page.key), page.label, page.group) for page in pages]


def _is_sound(folder: Path) -> bool:
    try:
        check_files(folder)
    except BundleError:
        return False
    return True
