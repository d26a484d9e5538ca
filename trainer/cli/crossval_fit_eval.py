"""What each command of ``python -m trainer`` does with its options: read, prepare, train or measure, report."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from annotations.erasure.derived_files import CACHE
from annotations.patients.keys import group_in_files
from annotations.runs.group_folds import STORE_FOLDS
from annotations.store import Store
from ecgcore.bundle.folder import load_bundle
from ecgcore.bundle.manifest import GroupName, as_it_is, starter_folder
from ecgcore.errors import DataError
from ecgcore.networks.device import pick_device
from ecgcore.output.printable import print_escaped
from trainer.atomic_files import write_json_atomic
from trainer.cli.on_cluster import do_there
from trainer.crossval.final_training import NewBundle, fit_bundle
from trainer.crossval.lineage import Ancestor, start_chooser
from trainer.crossval.out_of_fold import CrossValidation, cross_validate, train_fold
from trainer.data.csv_table import read_table
from trainer.data.page import PageItem, PreparedPage
from trainer.data.prepare import preparation_version, prepare_pages, signal_version
from trainer.data.store_pages import find_snapshot, fix_folds_for, folds_for, pages_of_store
from trainer.evaluation.evaluate import evaluate_bundle, figures_table
from trainer.metrics.figures import Block
from trainer.named_recipes import recipe_named
from trainer.progress import PREPARING, Progress, counted, print_message, show_progress
from trainer.recipes import Recipe
from trainer.registry import lineage_of, present_version
from trainer.runs.files import LEFT_OUT, SUMMARY, locked
from trainer.runs.folder import PAGES, RunFolder, inputs_table, open_run, write_left_out
from trainer.stages.context import RunContext
from trainer.stages.start import StartFrom, choose_start, imagenet_parts


@dataclass(frozen=True)
class _Data:
    """The rows of a table, or of the store, and the pages that they became."""

    items: list[PageItem]
    pages: list[PreparedPage]
    left_out: dict[str, str]
    skipped_labels: dict[str, int]
    fold_of_group: dict[str, int] | None

    @property
    def is_boxed(self) -> bool:
        """Whether all beats of any page are boxed."""
        return any(page.boxes_panel_xyxy is not None for page in self.pages)

    def folds(self, n_folds: int) -> list[int] | None:
        """The store's fold of each page; None for a table, whose folds are dealt anew."""
        if self.fold_of_group is None:
            return None
        return [self.fold_of_group[page.group] % n_folds for page in self.pages]

    def counts(self) -> dict[str, JsonValue]:
        """What went in and what did not, for a report."""
        return {"pages": len(self.pages), "left_out": len(self.left_out), "skipped_labels": {**self.skipped_labels}}


def starter(options: argparse.Namespace) -> None:
    """``starter``: see ``trainer.starter``."""
    from trainer.starter.build import build_starter  # here, since it loads readers that the other commands do not need
    from trainer.starter.options import DataFolders, StarterOptions

    build_starter(
        DataFolders(ludb=options.ludb, ptbxl=options.ptbxl, khan=options.khan),
        options.out,
        StarterOptions(
            rendered_only=options.rendered_only,
            start=None if options.bundle is None else load_bundle(options.bundle, options.device),
            detector_from=None if options.detector is None else load_bundle(options.detector, options.device),
            keeps_trunks=options.keep_trunks,
            fold=options.fold,
            decide_by=options.decide_by,
            version=options.version,
        ),
        RunContext(pick_device(options.device), options.seed, show_progress, cache=options.cache),
        resume=options.resume,
    )


def crossval(options: argparse.Namespace) -> None:
    """``crossval``: figures of a recipe on the user's pages, and the run's folder."""
    with _working_in(options.out, options) as data:
        line = _line_of_bundles(options, data)
        _warn_what_was_trained_on(line, options.start, data)
        _print_what_is_from_imagenet(options.start, recipe_named(options.recipe), data)
        run = _open_crossval(options, data, line, resume=options.resume)
        write_left_out(run.path / LEFT_OUT, data.left_out)
        summary = cross_validate(
            _what_trains(options, data, line, run),
            _context(options, show_progress),
            None if options.ray is None else partial(do_there, options, _train_fold),
        )
        write_json_atomic(run.path / SUMMARY, summary.to_json() | data.counts() | {"start": options.start})
    print_escaped(*figures_table(summary.pooled).splitlines())


def _train_fold(options: argparse.Namespace, number: int, progress: Progress) -> None:
    """One fold of ``crossval``, on a machine of a cluster."""
    data = _prepare(options, options.cache or options.out / PAGES)
    line = _line_of_bundles(options, data)
    run = _open_crossval(options, data, line, resume=True)
    train_fold(number, _what_trains(options, data, line, run), _context(options, progress))


def _open_crossval(options: argparse.Namespace, data: _Data, line: Sequence[Ancestor], *, resume: bool) -> RunFolder:
    config = _config(options, recipe_named(options.recipe), line) | {"folds": options.folds}
    return open_run(options.out, config, inputs_table(data.items, data.pages), resume=resume)


def _what_trains(options: argparse.Namespace, data: _Data, line: Sequence[Ancestor], run: RunFolder) -> CrossValidation:
    recipe = recipe_named(options.recipe)
    start_of = start_chooser(line, options.start, recipe, options.device, needs_bundle=not data.is_boxed)
    return CrossValidation(data.pages, recipe, start_of, run, options.folds, data.folds(options.folds))


def fit(options: argparse.Namespace) -> None:
    """``fit``: a bundle trained on the user's pages; checkpoints and the frozen inputs lie beside it."""
    if options.out.exists():
        raise DataError(f"{options.out} exists already.", "Choose another folder for the new bundle.")
    run_path = _fit_folder(options)
    with _working_in(run_path, options) as data:
        _print_what_is_from_imagenet(options.start, recipe_named(options.recipe), data)
        run = _open_fit(options, data, resume=options.resume)
        write_left_out(run.path / LEFT_OUT, data.left_out)
        if options.ray is None:
            figures = _fit(options, data, run, show_progress)
        else:
            figures = do_there(options, _fit_there, [0])[0]
    print_escaped(*figures_table(figures["inner_split"]).splitlines())
    print_message(f"Wrote {options.out}. The figures above are optimistic: validation pages, used for early stopping.")


def _fit_folder(options: argparse.Namespace) -> Path:
    out: Path = options.out
    return out.with_name(out.name + ".run")


def _open_fit(options: argparse.Namespace, data: _Data, *, resume: bool) -> RunFolder:
    config = _config(options, recipe_named(options.recipe), _line_of_bundles(options, data))
    return open_run(_fit_folder(options), config, inputs_table(data.items, data.pages), resume=resume)


def _fit_there(options: argparse.Namespace, _: int, progress: Progress) -> dict[str, Block]:
    """``fit`` on a machine of a cluster."""
    data = _prepare(options, options.cache or _fit_folder(options) / PAGES)
    return _fit(options, data, _open_fit(options, data, resume=True), progress)


def _fit(options: argparse.Namespace, data: _Data, run: RunFolder, progress: Progress) -> dict[str, Block]:
    recipe = recipe_named(options.recipe)
    line = _line_of_bundles(options, data)
    needs_bundle = options.start == "bundle" or not data.is_boxed
    bundle = load_bundle(line[0].folder, options.device, line[0].name_group) if needs_bundle else None
    return fit_bundle(
        data.pages,
        recipe,
        choose_start(options.start, bundle, recipe, trains_detector=data.is_boxed),
        run,
        NewBundle(options.out, options.version or f"{recipe.name}-{run.inputs_sha256[:8]}"),
        _context(options, progress),
    )


def evaluate(options: argparse.Namespace) -> None:
    """``eval``: figures of a bundle on rows that it has not seen."""
    bundle = load_bundle(options.bundle, options.device, _group_name(options))
    with tempfile.TemporaryDirectory(prefix="ecg-pages-") as temporary:
        data = _prepare(options, options.cache or Path(temporary))
        found = evaluate_bundle(bundle, data.pages)
    seen = ", ".join(f"{count} {reason}" for reason, count in found.left_out_as_seen.items()) or "none"
    print_escaped(f"bundle {found.bundle}: {found.pages} pages judged; left out as seen before: {seen}")
    parts = [part for part in ("detector", "local", "global", "waveform", "fused") if part in found.figures]
    print_escaped(*figures_table({part: found.figures[part] for part in parts}).splitlines())
    if options.json is not None:
        write_json_atomic(options.json, found.to_json() | {"rows": data.counts()})


def _prepare(options: argparse.Namespace, cache: Path) -> _Data:
    """Read the table, or the store's snapshot, and prepare its pages; tell what cannot be used."""
    fold_of_group: dict[str, int] | None = None
    if options.csv is None:
        store = Store(options.data_dir)
        readings = pages_of_store(store, find_snapshot(store, options.snapshot).id)
        if not readings.train:
            raise DataError(f"Snapshot {options.snapshot} holds no page that may train.", "Take another snapshot.")
        fix_folds_for(store, readings.train)
        items, skipped = readings.train, readings.skipped
        fold_of_group = folds_for(store, items, STORE_FOLDS)
        cache = store.folder / CACHE / "pages"
    else:
        table = read_table(options.csv, options.data)
        items, skipped = table.items, table.skipped_labels
    preparation = prepare_pages(items, cache, os.cpu_count() or 1, counted(show_progress, PREPARING))
    for file, reason in list(preparation.left_out.items())[:5]:
        print_message(f"left out {file}: {reason}")
    words = ", ".join(f"{count} {label}" for label, count in skipped.items()) or "none"
    print_message(
        f"{len(preparation.pages)} pages, {len(preparation.left_out)} left out; rows with another label: {words}"
    )
    return _Data(items, preparation.pages, preparation.left_out, skipped, fold_of_group)


def _context(options: argparse.Namespace, progress: Progress) -> RunContext:
    cache = options.cache and options.cache / "seen"
    return RunContext(pick_device(options.device), options.seed, progress, cache=cache)


@contextmanager
def _working_in(run_path: Path, options: argparse.Namespace) -> Iterator[_Data]:
    """Hold the run's folder; without ``--cache`` the prepared pages lie in it until the run ends well."""
    own_cache = run_path / PAGES
    with locked(run_path):
        yield _prepare(options, options.cache or own_cache)
        shutil.rmtree(own_cache, ignore_errors=True)


def _line_of_bundles(options: argparse.Namespace, data: _Data) -> list[Ancestor]:
    """The bundles that may be started from, newest first; none where no bundle is wanted or needed."""
    if options.bundle:
        return [Ancestor.of(folder, _group_name(options)) for folder in options.bundle]
    if options.start != "bundle" and data.is_boxed:
        return []
    if options.csv is None:
        store = Store(options.data_dir)
        return [Ancestor.of(facts.folder, _group_name(options)) for facts in lineage_of(store, present_version(store))]
    return [Ancestor.of(starter_folder())]


def _group_name(options: argparse.Namespace) -> GroupName:
    """How the pages name their groups: those of the store by keyed hashes, those of a table as it does."""
    return as_it_is if options.csv is not None else group_in_files(Store(options.data_dir))


def _warn_what_was_trained_on(line: Sequence[Ancestor], start_from: StartFrom, data: _Data) -> None:
    seen = line[0].count_trained_on(data.pages) if line and start_from == "bundle" else 0
    if seen:
        print_message(
            f"Bundle {line[0].version} was trained on {seen} of these {len(data.pages)} pages; to stay honest, folds "
            "that test such a page start from an ancestor that was not, or with new networks. Name ancestors with "
            "further --bundle."
        )


def _print_what_is_from_imagenet(start_from: StartFrom, recipe: Recipe, data: _Data) -> None:
    """Of the recipe's networks those alone that are as large as torchvision's."""
    if start_from == "imagenet" and data.is_boxed and "detector" not in imagenet_parts(recipe):
        print_message(
            f"The beat detector of recipe {recipe.name} is drawn anew: it has {recipe.detector.width:g} of VGG16's "
            "width, for which there are no ImageNet weights. Recipe patent has the whole of it."
        )


def _config(options: argparse.Namespace, recipe: Recipe, line: Sequence[Ancestor]) -> dict[str, JsonValue]:
    """All that shapes the results, to be compared when a run is resumed."""
    return {
        "command": options.command,
        "recipe": recipe.to_json(),
        "seed": options.seed,
        "start": options.start,
        "line": [[ancestor.version, ancestor.fingerprint] for ancestor in line],
        "preparation": f"{preparation_version()}-{signal_version()}",
    }
