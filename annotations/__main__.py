"""Command line: ``python -m annotations import | export | backup | restore | check`` (contract 1)."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from annotations.duplicate_review import compare_older, count_unhashed
from annotations.exchange.drawn_records import import_records
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.maintenance.backup import backup, restore
from annotations.maintenance.check_and_erase import check
from annotations.readings.snapshots import snapshots
from annotations.store import Store, data_dir
from ecgcore.errors import EcgError
from ecgcore.output.files import keep_private
from ecgcore.output.printable import print_escaped
from ecgcore.output.progress import Progress

EXIT_OK, EXIT_FAILED, EXIT_STOPPED = 0, 1, 130
_REFUSALS_SHOWN = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; wrong usage exits 2."""
    options = argument_parser().parse_args(arguments)
    run = {"import": _import, "export": _export, "backup": _backup, "restore": _restore, "check": _check}
    try:
        return run[options.command](options)
    except EcgError as error:
        print_escaped(f"annotations: {error}", to_stderr=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print_escaped("annotations: stopped; nothing was changed.", to_stderr=True)
        return EXIT_STOPPED


def program() -> None:
    """The program, whose files are closed to other accounts; installed as ``ecg-data``."""
    keep_private()
    sys.exit(main())


def argument_parser() -> argparse.ArgumentParser:
    """The command's options, which docs/command-line.md lists."""
    parser = argparse.ArgumentParser(
        prog="python -m annotations",
        description="Bring annotated pages into the store and out of it, and look after it.",
        epilog="Exit code: 0 done, 1 it cannot be done, something was refused or damage was found, 2 wrong usage.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    coming = commands.add_parser("import", help="take annotated pages over from other programs' files")
    coming.add_argument("path", type=Path, metavar="PATH", help="the folder, or its main file")
    coming.add_argument("--by", default="import", metavar="NAME", help="under whose name; default: import")
    coming.add_argument("--whole", action="store_true", help="all or nothing: cancel the import if any file fails")
    coming.add_argument(
        "--keep-names",
        action="store_true",
        help="name pages after their files; such names may be a person's",
    )
    going = commands.add_parser("export", help="write the current labels, or a snapshot, for other programs")
    going.add_argument("path", type=Path, metavar="PATH", help="a new or empty folder")
    going.add_argument("--snapshot", metavar="NAME", help="write this snapshot instead of the current labels")
    coming.add_argument("--format", required=True, choices=sorted([*FORMATS, "wfdb"]), help="wfdb: signals, drawn")
    going.add_argument("--format", required=True, choices=sorted(FORMATS))
    kept = commands.add_parser(
        "backup", help="write database, pages, models, results and the patient keys' secret as one file"
    )
    kept.add_argument("path", type=Path, metavar="FILE")
    back = commands.add_parser("restore", help="unpack a backup into an empty data folder")
    back.add_argument("path", type=Path, metavar="FILE")
    checked = commands.add_parser("check", help="check integrity, and compare pages that never were")
    for command in (coming, going, kept, back, checked):
        command.add_argument("--data-dir", type=Path, default=data_dir(), metavar="DIR", help="default: ECG_DATA_DIR")
    return parser


def _import(options: argparse.Namespace) -> int:
    store = Store(options.data_dir)
    if options.format == "wfdb":
        report = import_records(store, options.path, progress=Progress().at)
    else:
        person = store.add_person(options.by)
        report = import_from(
            store,
            FORMATS[options.format],
            options.path,
            person,
            whole_or_nothing=options.whole,
            keep_names=options.keep_names,
            progress=Progress().at,
        )
    for refusal in report.refusals[:_REFUSALS_SHOWN]:
        place = "" if refusal.line is None else f":{refusal.line}"
        print_escaped(f"refused {refusal.file}{place}: {refusal.reason}", to_stderr=True)
    if len(report.refusals) > _REFUSALS_SHOWN:
        print_escaped(f"... and {len(report.refusals) - _REFUSALS_SHOWN} more", to_stderr=True)
    print_escaped(
        f"pages added: {report.pictures_added}, readings added: {report.readings_added}, "
        f"unchanged: {report.unchanged}, refused: {len(report.refusals)}"
    )
    for near_duplicate in report.near_duplicates:
        print_escaped(f"near-duplicate: {near_duplicate}")
    for loss in report.losses:
        print_escaped(f"lost in this format: {loss}", to_stderr=True)
    return EXIT_FAILED if report.refusals else EXIT_OK


def _export(options: argparse.Namespace) -> int:
    store = Store(options.data_dir)
    chosen = [s.id for s in snapshots(store) if s.name == options.snapshot]
    if options.snapshot is not None and not chosen:
        raise EcgError(f"There is no snapshot named {options.snapshot}.", "Look the names up on the Dataset page.")
    count = export_to(
        store, FORMATS[options.format], options.path, snapshot_id=chosen[0] if chosen else None, progress=Progress().at
    )
    print_escaped(f"pages written to {options.path}: {count}")
    for loss in FORMATS[options.format].losses:
        print_escaped(f"lost in this format: {loss}", to_stderr=True)
    return EXIT_OK


def _backup(options: argparse.Namespace) -> int:
    backup(Store(options.data_dir), options.path, Progress().at)
    print_escaped(f"backup written to {options.path}")
    return EXIT_OK


def _restore(options: argparse.Namespace) -> int:
    restore(options.path, options.data_dir, Progress().at)
    print_escaped(f"{options.path} restored into {options.data_dir}")
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    store = Store(options.data_dir)
    for file in store.finished:
        print_escaped(f"{file} is deleted: a program was killed while it took it in or out")
    findings = check(store, Progress().at)
    print_escaped(*findings or ["no damage found"])
    older = count_unhashed(store)
    if older:
        found = compare_older(store, Progress().at)
        print_escaped(f"{older} older pages compared; near-duplicate pairs (see the Dataset page): {found}")
    return EXIT_FAILED if findings else EXIT_OK


if __name__ == "__main__":
    program()
