"""Command line: ``python -m trainer starter | crossval | fit | eval | start | status | ...`` (contract 1)."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from annotations.store import data_dir
from ecgcore.errors import EcgError
from ecgcore.output.files import keep_private
from ecgcore.output.printable import print_escaped
from trainer.named_recipes import RECIPES
from trainer.workload import STAGES

EXIT_OK, EXIT_FAILED, EXIT_STOPPED = 0, 1, 130
_Command = Callable[[argparse.Namespace], None]


class _Commands(Protocol):
    """What ``add_subparsers`` returns, for which argparse has no public name."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; wrong usage exits 2."""
    parser = argument_parser()
    options = parser.parse_args(arguments)
    if options.command in ("crossval", "fit") and (options.snapshot is None) == (options.csv is None):
        parser.error("give either --snapshot, or --data and --csv")
    if getattr(options, "csv", None) is not None and options.data is None:
        parser.error("--csv needs --data, the folder where the pictures lie")
    try:
        options.run(options)
    except EcgError as error:
        print_escaped(f"trainer: {error}", to_stderr=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print_escaped("trainer: stopped. Start the same command with --resume to go on.", to_stderr=True)
        return EXIT_STOPPED
    except OSError as error:
        place = error.filename or "output"
        print_escaped(f"trainer: {place}: {error.strerror}. Choose another place to write.", to_stderr=True)
        return EXIT_FAILED
    return EXIT_OK


def program() -> None:
    """The program, whose files are closed to other accounts; installed as ``ecg-train``."""
    keep_private()
    sys.exit(main())


def _later(module: str, name: str, options: argparse.Namespace) -> None:
    """Do a command of ``trainer.cli``; those that compute load PyTorch, for which the others need not wait.

    Args:
        module: in which it stands.
        name: of its function.
        options: what it is told.
    """
    command: _Command = getattr(importlib.import_module(f"trainer.cli.{module}"), name)
    command(options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's options, which docs/command-line.md lists."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train and measure bundles.",
        epilog="Exit code: 0 done, 1 the data, bundle or folder cannot be used (the reason is told), 2 wrong usage.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_starter(commands)
    _add_crossval_fit_eval(commands)
    _add_run_commands(commands)
    _add_bundle_commands(commands)
    return parser


def _add_starter(commands: _Commands) -> None:
    """The bundle that ships."""
    starter = commands.add_parser("starter", help="train the starter bundle from public data folders")
    for name, what in (("ludb", "LUDB"), ("ptbxl", "PTB-XL"), ("khan", "the Khan pages (Mendeley gwbz3fsgp8)")):
        starter.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"folder of {what}")
    starter.add_argument("--rendered-only", action="store_true", help="learn from rendered signals alone")
    starter.add_argument("--bundle", type=Path, metavar="DIR", help="go on from an earlier starter")
    starter.add_argument("--detector", type=Path, metavar="DIR", help="use this bundle's beat detector as it is")
    starter.add_argument(
        "--keep-trunks", action="store_true", help="with --bundle: its beat and page networks stay as they are"
    )
    starter.add_argument("--version", metavar="NAME", help="the bundle's name")
    starter.add_argument("--fold", type=int, default=0, metavar="N", help="which fifth of the real pages is put aside")
    starter.add_argument(
        "--decide-by", type=Path, nargs="*", default=[], metavar="DIR", help="fit thresholds to these folds"
    )
    starter.add_argument("--cache", type=Path, metavar="DIR", help="keep prepared pages there, for several starters")
    _add_training(starter, "the new bundle")
    _add_device(starter)
    starter.set_defaults(run=partial(_later, "crossval_fit_eval", "starter"))


def _add_crossval_fit_eval(commands: _Commands) -> None:
    """What learns from, or measures on, the rows of a table or the pages of a store."""
    crossval = commands.add_parser("crossval", help="train and judge all stages in grouped, stratified folds")
    crossval.add_argument("--folds", type=int, default=5, metavar="N")
    fit = commands.add_parser("fit", help="train a bundle on all rows")
    fit.add_argument("--version", metavar="NAME", help="the bundle's name; default: recipe and a hash of the rows")
    for command, what in ((crossval, "the run"), (fit, "the new bundle")):
        _add_table(command, is_needed=False)
        _add_start(command)
        _add_training(command, what)
        _add_data_dir(command)
        _add_device(command)
        command.add_argument(
            "--ray",
            metavar="auto|ADDRESS",
            help="train on the Ray cluster at this address, the folds at the same time; all its machines must see the "
            "folders. auto: that of RAY_ADDRESS, else one on this machine. Needs `make cluster`",
        )
    evaluate = commands.add_parser("eval", help="measure a bundle on rows that it has not seen")
    evaluate.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    _add_table(evaluate, is_needed=True)
    _add_device(evaluate)
    crossval.set_defaults(run=partial(_later, "crossval_fit_eval", "crossval"))
    fit.set_defaults(run=partial(_later, "crossval_fit_eval", "fit"))
    evaluate.set_defaults(run=partial(_later, "crossval_fit_eval", "evaluate"))


def _add_table(command: argparse.ArgumentParser, *, is_needed: bool) -> None:
    command.add_argument("--data", type=Path, required=is_needed, metavar="FOLDER", help="where the pictures lie")
    command.add_argument(
        "--csv", type=Path, required=is_needed, metavar="FILE", help="columns file,label,group[,boxes]"
    )
    command.add_argument("--cache", type=Path, metavar="DIR", help="keep prepared pages there, for several runs")


def _add_start(command: argparse.ArgumentParser) -> None:
    command.add_argument("--snapshot", metavar="ID", help="learn from this snapshot of the store, by number or name")
    command.add_argument("--recipe", choices=sorted(RECIPES), default="quick")
    command.add_argument(
        "--bundle",
        type=Path,
        action="append",
        metavar="DIR",
        help="start from it; default: the one in use, or the starter; again for its ancestors, newest first",
    )
    command.add_argument(
        "--start",
        "--from",  # what it was called beside torchrun, which has a --start of its own
        dest="start",
        choices=("bundle", "imagenet", "random"),
        default="bundle",
        help="weights to start from; imagenet: the beat detector's too with recipe patent, whose trunk is a whole "
        "VGG16",
    )


def _add_training(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"folder of {what}")
    command.add_argument("--seed", type=int, default=0, metavar="N")
    command.add_argument("--resume", action="store_true", help="go on after a crash or a stop")


def _add_data_dir(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data-dir", type=Path, default=data_dir(), metavar="DIR", help="default: ECG_DATA_DIR")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def _add_run_commands(commands: _Commands) -> None:
    """Trainings on the store, as processes of their own."""
    start = commands.add_parser("start", help="retrain on the store's readings, as a process that goes on by itself")
    start.add_argument(
        "--snapshot", metavar="ID", help="train on this one; default: a new snapshot of the current labels"
    )
    start.add_argument("--recipe", choices=sorted(RECIPES), default="quick")
    start.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="train these only; default: all")
    start.add_argument("--folds", type=int, choices=range(2, 6), default=5, metavar="N", help="2 to 5")
    start.add_argument("--seed", type=int, default=0, metavar="N")
    start.add_argument("--dry-run", action="store_true", help="only show what it would use and how long it would take")
    compare = commands.add_parser("compare", help="compare a bundle with the one in use, as start does at last")
    compare.add_argument("version", metavar="VERSION")
    resume = commands.add_parser("resume", help="continue a run that was interrupted or stopped, or that failed")
    resume.add_argument("id", type=int, nargs="?", metavar="RUN", help="default: the newest")
    for command in (start, compare, resume):
        command.add_argument("--by", required=True, metavar="NAME", help="who asks for it")
        command.add_argument("--wait", action="store_true", help="come back when it has ended")
    run = commands.add_parser("run", help="the work of a queued run, in this process; start and resume call it")
    run.add_argument("id", type=int, metavar="RUN")
    run.add_argument("--lock", type=int, metavar="FD", help="the run's lock, held by the process that starts this one")
    status = commands.add_parser("status", help="where the run at work, or the newest, stands")
    status.add_argument("id", type=int, nargs="?", metavar="RUN")
    status.add_argument("--log", action="store_true", help="show the end of its log too")
    stop = commands.add_parser("stop", help="stop the run at work; what is finished is kept")
    stop.add_argument("--by", required=True, metavar="NAME")
    _on_data_folder(start=start, compare=compare, resume=resume, run=run, status=status, stop=stop)
    for command in (start, compare):
        _add_device(command)


def _add_bundle_commands(commands: _Commands) -> None:
    """The bundles of the data folder."""
    bundles = commands.add_parser("bundles", help="list the bundles; * marks the one in use")
    activate = commands.add_parser("activate", help="use a bundle from now on")
    activate.add_argument("version", metavar="VERSION")
    activate.add_argument("--reason", required=True, metavar="TEXT")
    activate.add_argument("--confirm", action="store_true", help="also where the comparison is inconclusive or missing")
    rollback = commands.add_parser("rollback", help="go back to the bundle that was in use before")
    rollback.add_argument("--reason", default="Rolled back.", metavar="TEXT")
    for command in (activate, rollback):
        command.add_argument("--by", required=True, metavar="NAME", help="who decides")
    export = commands.add_parser("export-bundle", help="write a bundle as one file")
    export.add_argument("version", metavar="VERSION")
    export.add_argument("file", type=Path, metavar="FILE.zip")
    coming = commands.add_parser("import-bundle", help="import a bundle from one file")
    coming.add_argument("file", type=Path, metavar="FILE.zip")
    _on_data_folder(bundles=bundles, activate=activate, rollback=rollback, export=export, import_=coming)


def _on_data_folder(**commands: argparse.ArgumentParser) -> None:
    """Commands of ``trainer.cli.runs_and_bundles``, by the name of their function."""
    for name, command in commands.items():
        _add_data_dir(command)
        command.set_defaults(run=partial(_later, "runs_and_bundles", name))


if __name__ == "__main__":
    program()
