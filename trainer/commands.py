"""What each command of ``python -m trainer`` does with its options: read, prepare, train or measure, report."""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgcore.bundle import MANIFEST, Bundle, load_bundle, starter_folder
from ecgcore.device import pick_device
from ecgcore.errors import BadData
from trainer.config import Recipe, recipe_named
from trainer.crossval import cross_validate
from trainer.data import PreparedPage, preparation_version, prepare_pages
from trainer.evaluate import evaluate_bundle, figures_table, leave_out_seen
from trainer.files import write_json_atomic
from trainer.fit import fit_bundle
from trainer.runs import PAGES, inputs_table, locked, open_run, write_left_out
from trainer.stack import StartFrom, choose_start
from trainer.table import PageItem, read_table


@dataclass(frozen=True)
class _Data:
    """The table's rows and the pages that they became."""

    items: list[PageItem]
    pages: list[PreparedPage]
    left_out: dict[str, str]
    skipped_labels: dict[str, int]

    def counts(self) -> dict[str, Any]:
        """What went in and what did not, for a report."""
        return {"pages": len(self.pages), "left_out": len(self.left_out), "skipped_labels": self.skipped_labels}


def starter(options: argparse.Namespace) -> None:
    """``starter``: see ``trainer.starter``."""
    from trainer.starter import build_starter  # here, since it loads readers that the other commands do not need

    build_starter(
        ludb=options.ludb,
        ptbxl=options.ptbxl,
        khan=options.khan,
        out=options.out,
        rendered_only=options.rendered_only,
        seed=options.seed,
        device=pick_device(options.device),
        resume=options.resume,
        progress=show_progress,
        start=None if options.bundle is None else load_bundle(options.bundle, options.device),
        detector_from=None if options.detector is None else load_bundle(options.detector, options.device),
        fold=options.fold,
        cache=options.cache,
    )


def crossval(options: argparse.Namespace) -> None:
    """``crossval``: figures of a recipe on the user's pages, and the run's folder."""
    recipe = recipe_named(options.recipe)
    with _working_in(options.out, options) as data:
        bundle = _bundle_to_start(options, data.pages)
        start_from: StartFrom = options.start
        seen = 0 if bundle is None else len(data.pages) - len(leave_out_seen(bundle, data.pages).pages)
        if bundle is not None and start_from == "bundle" and seen:
            start_from = "random"
            _tell(
                f"Bundle {bundle.version} was trained on {seen} of these {len(data.pages)} pages; to stay honest the "
                "networks are drawn anew. Name a bundle that has not seen them with --bundle."
            )
        config = _config(options, recipe, bundle, start_from)
        run = open_run(
            options.out, config | {"folds": options.folds}, inputs_table(data.items, data.pages), resume=options.resume
        )
        write_left_out(run.path / "left_out.csv", data.left_out)
        summary = cross_validate(
            data.pages,
            recipe,
            choose_start(start_from, bundle, recipe),
            run,
            n_folds=options.folds,
            seed=options.seed,
            device=pick_device(options.device),
            progress=show_progress,
        )
        summary |= data.counts() | {"start": config["start"], "pages_seen_by_bundle": seen}
        write_json_atomic(run.path / "summary.json", summary)
    print(figures_table(summary["pooled"]))


def fit(options: argparse.Namespace) -> None:
    """``fit``: a bundle trained on the user's pages; checkpoints and the frozen inputs lie beside it."""
    if options.out.exists():
        raise BadData(f"{options.out} exists already.", "Choose another folder for the new bundle.")
    recipe = recipe_named(options.recipe)
    run_path = options.out.with_name(options.out.name + ".run")
    with _working_in(run_path, options) as data:
        bundle = _bundle_to_start(options, data.pages)
        config = _config(options, recipe, bundle, options.start)
        run = open_run(run_path, config, inputs_table(data.items, data.pages), resume=options.resume)
        write_left_out(run.path / "left_out.csv", data.left_out)
        figures = fit_bundle(
            data.pages,
            recipe,
            choose_start(options.start, bundle, recipe),
            run,
            options.out,
            version=options.version or f"{recipe.name}-{run.inputs_sha256[:8]}",
            seed=options.seed,
            device=pick_device(options.device),
            progress=show_progress,
        )
    print(figures_table(figures["inner_split"]))
    _tell(f"{options.out} holds the bundle. The figures above flatter: its own inner split stopped and tuned it.")


def evaluate(options: argparse.Namespace) -> None:
    """``eval``: figures of a bundle on rows that it has not seen."""
    bundle = load_bundle(options.bundle, options.device)
    with tempfile.TemporaryDirectory(prefix="ecg-pages-") as temporary:
        data = _prepare(options, options.cache or Path(temporary))
        report = evaluate_bundle(bundle, data.pages) | {"rows": data.counts()}
    seen = ", ".join(f"{count} {reason}" for reason, count in report["left_out_as_seen"].items()) or "none"
    print(f"bundle {report['bundle']}: {report['pages']} pages judged; left out as seen before: {seen}")
    print(figures_table({part: report[part] for part in ("detector", "local", "global", "fused")}))
    if options.json is not None:
        write_json_atomic(options.json, report)


def _prepare(options: argparse.Namespace, cache: Path) -> _Data:
    """Read the table and prepare its pages, and tell what cannot be used."""
    table = read_table(options.csv, options.data)
    preparation = prepare_pages(table.items, cache, os.cpu_count() or 1, show_progress)
    for file, reason in list(preparation.left_out.items())[:5]:
        _tell(f"left out {file}: {reason}")
    skipped = ", ".join(f"{count} {label}" for label, count in table.skipped_labels.items()) or "none"
    _tell(f"{len(preparation.pages)} pages, {len(preparation.left_out)} left out; rows with another label: {skipped}")
    return _Data(table.items, preparation.pages, preparation.left_out, table.skipped_labels)


@contextmanager
def _working_in(run_path: Path, options: argparse.Namespace) -> Iterator[_Data]:
    """Hold the run's folder; without ``--cache`` the prepared pages lie in it until the run ends well."""
    own_cache = run_path / PAGES
    with locked(run_path):
        yield _prepare(options, options.cache or own_cache)
        shutil.rmtree(own_cache, ignore_errors=True)


def _bundle_to_start(options: argparse.Namespace, pages: list[PreparedPage]) -> Bundle | None:
    """The bundle, where its weights are wanted or its detector is needed."""
    is_boxed = any(page.boxes_panel_xyxy is not None for page in pages)
    if options.start != "bundle" and is_boxed and options.bundle is None:
        return None
    return load_bundle(options.bundle or starter_folder(), options.device)


def _config(
    options: argparse.Namespace, recipe: Recipe, bundle: Bundle | None, start_from: StartFrom
) -> dict[str, Any]:
    """All that shapes the results, to be compared when a run is resumed."""
    manifest = None if bundle is None else hashlib.sha256((bundle.folder / MANIFEST).read_bytes()).hexdigest()
    return {
        "command": options.command,
        "recipe": recipe.to_json(),
        "seed": options.seed,
        "start": start_from,
        "bundle": None if bundle is None else {"version": bundle.version, "manifest_sha256": manifest},
        "preparation": preparation_version(),
    }


def show_progress(event: dict[str, Any]) -> None:
    """One line an epoch on standard error, and each step in place where that is a terminal."""
    is_step = "step" in event
    if is_step and not sys.stderr.isatty():
        return
    words = [f"fold {event['fold']}"] if "fold" in event else []
    words.append(event["stage"])
    for name in ("epoch", "step"):
        if name in event:
            words.append(f"{name} {event[name]}" + (f"/{event[name + 's']}" if name + "s" in event else ""))
    words += [f"{key} {value:.4f}" for key, value in event.items() if isinstance(value, float)]
    words += [event["message"]] if "message" in event else []
    if is_step:
        print("\r" + " ".join(words) + "\x1b[K", end="", file=sys.stderr, flush=True)
    else:
        _tell(" ".join(words))


def _tell(text: str) -> None:
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}{text}", file=sys.stderr, flush=True)
