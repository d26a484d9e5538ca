"""What the commands on runs and bundles do: they look after the data folder and load no network."""

import argparse
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType

from annotations.model import StoreError
from annotations.runs.training_runs import COMPARED, TrainingRun, run_of, runs, unfinished_run
from annotations.store import Store
from ecgcore.errors import DataError, StageCancelledError
from ecgcore.output.printable import print_escaped
from trainer import jobs, registry
from trainer.data.store_pages import find_snapshot
from trainer.jobs.plan import Estimate, Plan, estimate, make_plan
from trainer.jobs.priority import lower_priority
from trainer.registry.activation import UnconfirmedError
from trainer.registry.activation import activate as activate_bundle
from trainer.registry.activation import rollback as rollback_bundle
from trainer.registry.bundle_file import export_bundle, import_bundle
from trainer.runs.files import run_folder, sign_lock, take_lock


def start(options: argparse.Namespace) -> None:
    """``start``: a retraining as a process of its own; with ``--dry-run`` only what it would use."""
    store = Store(options.data_dir)
    snapshot_id = None if options.snapshot is None else find_snapshot(store, options.snapshot).id
    plan = make_plan(store, snapshot_id=snapshot_id, recipe=options.recipe, stages=options.stages, folds=options.folds)
    _print_plan(plan, estimate(store, plan))
    if options.dry_run:
        return
    run = jobs.start(
        store,
        by=options.by,
        recipe=options.recipe,
        stages=options.stages,
        folds=options.folds,
        seed=options.seed,
        device=options.device,
        snapshot_id=snapshot_id,
    )
    _follow(store, run, options.wait)


def compare(options: argparse.Namespace) -> None:
    """``compare``: a bundle beside the one in use, on pages that neither has seen."""
    store = Store(options.data_dir)
    _follow(store, jobs.compare(store, options.version, by=options.by, device=options.device), options.wait)


def run(options: argparse.Namespace) -> None:
    """``run``: the work itself, in this process; ``start`` and ``resume`` call it detached."""
    store = Store(options.data_dir)
    run_row = run_of(store, options.id)
    folder = run_folder(store.folder, run_row.id)
    with _holding(folder, options.lock):
        if not run_row.is_unfinished:
            raise StoreError(f"Run {run_row.id} is {run_row.state}.", "Use resume to continue an interrupted one.")
        lower_priority()
        signal.signal(signal.SIGTERM, _end_now)
        from trainer.worker.retrain import run_training  # only now: it loads PyTorch

        if not run_training(store, run_row.id):
            raise DataError(run_of(store, run_row.id).message)


def status(options: argparse.Namespace) -> None:
    """``status``: where the run at work, or a given one, stands, and the list of runs."""
    store = Store(options.data_dir)
    run_status = jobs.status(store, options.id)
    if run_status is None:
        print_escaped("There was no training yet.")
        return
    for row in runs(store)[:10]:
        print_escaped(_line(row))
    print_escaped(_where(run_status))
    if options.log:
        print_escaped(*run_status.log.splitlines())


def stop(options: argparse.Namespace) -> None:
    """``stop``: ask the run at work to stop, and wait until it has."""
    store = Store(options.data_dir)
    jobs.reconcile(store)
    at_work = unfinished_run(store)
    if at_work is None:
        raise StoreError("No training is at work.", "There is nothing to stop.")
    jobs.stop(store, at_work.id, by=options.by)
    print_escaped(_line(jobs.follow(store, at_work.id)))


def resume(options: argparse.Namespace) -> None:
    """``resume``: continue an interrupted run, the newest by default."""
    store = Store(options.data_dir)
    known = runs(store)
    if not known:
        raise StoreError("There was no training yet.", "Start one.")
    run_id = known[0].id if options.id is None else options.id
    _follow(store, jobs.resume(store, run_id, by=options.by), options.wait)


def bundles(options: argparse.Namespace) -> None:
    """``bundles``: what there is, and which one is in use."""
    store = Store(options.data_dir)
    for facts in registry.bundles(store):
        sign, recipe = "*" if facts.is_active else " ", facts.recipe or "unknown"
        parent = f"from {facts.parent}" if facts.parent else "from no bundle here"
        words = f"{facts.status}, {facts.origin}, recipe {recipe}, {parent}, {facts.size_mb:.0f} MB"
        print_escaped(f"{sign} {facts.version}  {words}")
    override = os.environ.get(registry.OVERRIDE)
    if override:
        print_escaped(f"{registry.OVERRIDE} is set: the bundle in {override} is in use, whatever was activated.")


def activate(options: argparse.Namespace) -> None:
    """``activate``: use a bundle from now on."""
    store = Store(options.data_dir)
    try:
        facts = activate_bundle(store, options.version, options.by, options.reason, is_confirmed=options.confirm)
    except UnconfirmedError as error:
        raise StoreError(error.cause, "Add --confirm to use it all the same.") from error
    print_escaped(f"{facts.version} is now in use.")


def rollback(options: argparse.Namespace) -> None:
    """``rollback``: go back to the bundle before."""
    facts = rollback_bundle(Store(options.data_dir), options.by, options.reason)
    print_escaped(f"{facts.version} is in use again.")


def export(options: argparse.Namespace) -> None:
    """``export-bundle``: one file."""
    export_bundle(Store(options.data_dir), options.version, options.file)
    print_escaped(f"{options.version} was written to {options.file}.")


def import_(options: argparse.Namespace) -> None:
    """``import-bundle``: from one file."""
    facts = import_bundle(Store(options.data_dir), options.file)
    print_escaped(f"{facts.version} was imported. Compare it with the model in use before it is activated.")


@contextmanager
def _holding(folder: Path, handed: int | None) -> Iterator[None]:
    """Hold the run's lock: the one that the starting process handed over, or one taken here."""
    if handed is not None and not os.path.samestat(os.fstat(handed), (folder / ".lock").stat()):
        raise DataError(
            "The lock that was handed over is another run's.", "Start the run with: python -m trainer resume"
        )
    descriptor = take_lock(folder) if handed is None else handed
    if descriptor is None:
        raise DataError(f"Another process works on {folder}.", "Look at: python -m trainer status")
    os.set_inheritable(descriptor, False)
    sign_lock(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def _end_now(number: int, _frame: FrameType | None) -> None:
    """A signal ends the run wherever it is: everything on disk is whole at any moment."""
    signal.signal(number, signal.SIG_IGN)  # once is enough: what follows writes down how it ended
    raise StageCancelledError(
        "The training was ended by a signal.", "Let it go on when you like; what is finished is kept."
    )


def _follow(store: Store, row: TrainingRun, wait: bool) -> None:
    print_escaped(f"Run {row.id} has started. Follow it with: python -m trainer status")
    if wait:
        ended = jobs.follow(store, row.id)
        print_escaped(_line(ended))
        if ended.state != "candidate":
            raise DataError(ended.message)


def _line(row: TrainingRun) -> str:
    when = datetime.fromisoformat(row.created_at).astimezone().strftime("%Y-%m-%d %H:%M")
    # What became of a finished run's bundle is told by ``bundles``.
    state = "finished" if row.state in COMPARED else row.state
    words = f"run {row.id}  {state}  {row.kind} {row.recipe}  {when} by {row.person}"
    return (
        words
        + (f"  {row.message}" if row.message else "")
        + (f"  bundle {row.candidate_version}" if row.candidate_version else "")
    )


def _where(run_status: jobs.Status) -> str:
    stands, step = run_status.progress, run_status.progress.newest
    if not run_status.is_alive or stands.seconds is None:
        return f"Run {run_status.run.id} is {'at work' if run_status.is_alive else 'over'}: {run_status.run.state}."
    words = [f"Run {run_status.run.id}: {stands.share:.0%} done, {_minutes(stands.seconds)} so far"]
    if stands.seconds_left is not None:
        words.append(f"about {_minutes(stands.seconds_left)} left")
    if step.fold is not None:
        words.append(f"fold {step.fold + 1} of {step.folds}")
    words.append(step.stage + (f" epoch {step.epoch} of {step.epochs}" if step.epoch is not None else ""))
    return ", ".join(words) + "."


def _print_plan(plan: Plan, takes: Estimate) -> None:
    train, held = plan.train, plan.held_out
    print_escaped(
        f"It would learn from {train.pages} pages of {train.groups} patients: {train.normal} normal, {train.abnormal} "
        f"abnormal, {train.boxed} with all {train.beats} beats boxed. Held out: {held.pages} pages of {held.groups}."
    )
    for reason, n in plan.skipped.items():
        print_escaped(f"Left out: {n} pages, {reason}.")
    for note in plan.notes:
        print_escaped(f"Note: {note}")
    for problem in plan.problems:
        print_escaped(f"Not yet: {problem.cause} {problem.next_step}")
    print_escaped(
        f"It takes {_minutes(takes.low)} to {_minutes(takes.high)} here, as "
        + ("earlier runs did." if takes.source == "measured" else "such machines typically do.")
    )


def _minutes(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
