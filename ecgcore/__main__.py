"""Command line: ``python -m ecgcore screen PATH...`` writes one JSON line a page (contract 1)."""

import argparse
import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ecgcore.errors import EcgError
from ecgcore.output.files import keep_private, open_private
from ecgcore.output.printable import print_escaped
from ecgcore.output.progress import Progress
from ecgcore.overlay import NOTICE, overlay_png
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.limits import MAX_PAGES
from ecgcore.paper import USUAL_PAPER, PaperSettings
from ecgcore.threads import cores
from ecgcore.types import Prediction

if TYPE_CHECKING:
    from ecgcore.bundle.folder import Bundle

MOST_AT_ONCE = 4
"""So that a machine of many cores does not fill its memory with pictures."""

EXIT_OK, EXIT_PAGE_ERROR, EXIT_USAGE, EXIT_STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = argument_parser().parse_args(arguments)
    if options.ray is not None or options.out is not None:
        return _screen_archive(options)
    from ecgcore.bundle.folder import load_bundle, starter_folder  # only now: PyTorch takes seconds, --help should not

    with _told_errors():
        bundle = load_bundle(options.bundle or starter_folder(), options.device)
        for folder in (options.overlay, options.signal):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        with _open_output(options.json) as output:
            return _screen_all(options, bundle, output)
    return EXIT_USAGE


@contextlib.contextmanager
def _told_errors() -> Iterator[None]:
    """Errors are said on standard error, and end what is done here."""
    try:
        yield
    except EcgError as error:
        print_escaped(f"ecgcore: {error}", to_stderr=True)
    except OSError as error:
        place = error.filename or "output"
        print_escaped(f"ecgcore: {place}: {error.strerror}. Choose another place to write.", to_stderr=True)


def program() -> None:
    """The installed command ``ecg-screen PATH...``: as ``python -m ecgcore screen PATH...``."""
    keep_private()
    sys.exit(main(["screen", *sys.argv[1:]]))


def argument_parser() -> argparse.ArgumentParser:
    """The command's options, which docs/command-line.md lists."""
    parser = argparse.ArgumentParser(prog="python -m ecgcore", description="Screen pictures of ECG pages. " + NOTICE)
    screen = parser.add_subparsers(dest="command", required=True).add_parser(
        "screen",
        help="screen pictures, PDFs, digital ECGs or folders of them",
        description="Write one JSON object a page, in order. " + NOTICE,
        epilog="Exit code: 0 every page is ok or rejected, 1 a page is an error, "
        "2 wrong usage, an unusable bundle, cluster or output; 130 an archive was stopped from the keyboard.",
    )
    screen.add_argument(
        "paths", nargs="+", metavar="PATH",
        help="picture, PDF, digital ECG, or folder (searched whole); with --ray also a list (.txt, one path a line) or "
        "an address as s3://bucket/folder",
    )  # fmt: skip
    screen.add_argument("--bundle", type=Path, metavar="DIR", help="default: the starter")
    screen.add_argument("--json", type=Path, metavar="OUT.jsonl", help="write there instead of to standard output")
    screen.add_argument("--overlay", type=Path, metavar="DIR", help="write a PNG a page with its beats drawn in")
    screen.add_argument(
        "--signal", type=Path, metavar="DIR",
        help="write the leads of every page in mV at 250 Hz: CSV, WFDB and DICOM, empty where nothing could be read",
    )  # fmt: skip
    screen.add_argument(
        "--pages", type=_pages, metavar="PAGES",
        help=f"which pages of the files, as 1-3,7 or 12-; default: all. A file of over {MAX_PAGES} is read only so, "
        f"{MAX_PAGES} at once",
    )  # fmt: skip
    screen.add_argument("--min-score", type=_score, metavar="S", help="least score of a beat, 0..1; default: bundle's")
    screen.add_argument(
        "--paper-speed", type=_positive, metavar="MM/S",
        help="of the paper; the page is judged as if it had run at 25. Default: as printed, else 25",
    )  # fmt: skip
    screen.add_argument(
        "--gain", type=_positive, metavar="MM/MV",
        help="height of the calibration pulse, which tells the scale of pages without a grid; "
        "default: as a pulse on the grid shows, else as printed, else 10",
    )  # fmt: skip
    screen.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    screen.add_argument(
        "--at-once", type=_count, metavar="N",
        help=f"pages screened at the same time; default: as many as there are cores, at most {MOST_AT_ONCE}; "
        "with --ray as many as the cluster has cores",
    )  # fmt: skip
    screen.add_argument(
        "--ray", metavar="auto|ADDRESS",
        help="screen an archive on the Ray cluster at this address; auto: that of RAY_ADDRESS, else one on this "
        "machine alone. Needs `make cluster`",
    )  # fmt: skip
    screen.add_argument(
        "--out", type=Path, metavar="DIR",
        help="with --ray: results in parts, as JSON Lines and Parquet; the same command goes on where it was stopped",
    )  # fmt: skip
    return parser


def _score(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
    return value


def _pages(text: str) -> PageChoice:
    try:
        return PageChoice.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _open_output(path: Path | None) -> contextlib.AbstractContextManager[TextIO]:
    return contextlib.nullcontext(sys.stdout) if path is None else open_private(path)


def _screen_all(options: argparse.Namespace, bundle: "Bundle", output: TextIO) -> int:
    from ecgcore.page.decode.read import files_at
    from ecgcore.pipeline import screen_files

    files = [file for path in options.paths for file in files_at(Path(path))]
    exit_code, written, done = EXIT_OK, set[str](), set[str]()
    progress = Progress(len(files), unit="files")
    progress.at(0)
    screened = screen_files(
        [(file, str(file)) for file in files],
        bundle,
        min_score=options.min_score,
        paper=_paper(options),
        choice=options.pages,
        at_once=options.at_once or min(cores(), MOST_AT_ONCE),
    )
    for prediction, photo_rgb in screened:
        file = Path(prediction.file)
        progress.clear()
        output.write(json.dumps(prediction.to_json()) + "\n")
        output.flush()
        for fault in prediction.faults:
            print_escaped(f"{file}, page {prediction.page_name}: {fault}", to_stderr=True)
        if prediction.status == "error":
            exit_code = EXIT_PAGE_ERROR
        if options.overlay is not None and photo_rgb is not None:
            target = options.overlay / _overlay_name(file, prediction.page_name)
            target.write_bytes(overlay_png(photo_rgb, prediction))
        if options.signal is not None:
            _write_signal(prediction, file, options.signal, written)
        done.add(prediction.file)
        progress.at(min(len(done), len(files) - 1))
    progress.at(len(files))
    return exit_code


def _screen_archive(options: argparse.Namespace) -> int:
    """Screen an archive on a cluster, or go on with it; its results lie in ``--out``."""
    with _told_errors():
        if options.ray is None or options.out is None:
            raise EcgError("An archive needs both --ray and --out.", "Give both, or neither.")
        if options.json or options.overlay or options.signal or options.device == "cuda":
            cause = "--ray writes to --out alone and screens on processors."
            raise EcgError(cause, "Leave out --json, --overlay, --signal and --device.")
        from ecgcore.cluster.environment import check_installed

        check_installed("ray", "pyarrow", "pandas", "fsspec")
        from ecgcore.archive.command import ArchiveCommand

        command = ArchiveCommand(
            places=options.paths,
            out=options.out,
            address=options.ray,
            workers=options.at_once,
            bundle=options.bundle,
            min_score=options.min_score,
            paper=_paper(options),
            choice=options.pages,
        )
        try:
            return EXIT_PAGE_ERROR if command.run() else EXIT_OK
        except KeyboardInterrupt:
            print_escaped("Stopped. The same command goes on.", to_stderr=True)
            return EXIT_STOPPED
    return EXIT_USAGE


def _paper(options: argparse.Namespace) -> PaperSettings | None:
    """What was said of the paper; None where nothing was, so that the page itself may tell."""
    if options.paper_speed is None and options.gain is None:
        return None
    return PaperSettings(options.paper_speed or USUAL_PAPER.speed_mm_s, options.gain or USUAL_PAPER.gain_mm_mv)


def _write_signal(prediction: Prediction, file: Path, folder: Path, written: set[str]) -> None:
    """Write what was read of a page's leads under its file's name; nothing where the leads are not known."""
    from ecgcore.waveform.export import write_all
    from ecgcore.waveform.screened_signal import signal_of

    signal = signal_of(prediction)
    if signal is None:
        return
    if signal.layout_name is None:
        print_escaped(
            f"{file}, page {prediction.page_name}: the layout is not known, so no lead was written.", to_stderr=True
        )
        return
    stem = file.stem if prediction.page_name == "1" else f"{file.stem}-p{prediction.page_name}"
    if stem in written:  # of another folder
        stem = Path(_overlay_name(file, prediction.page_name)).stem
    written.add(stem)
    write_all(signal, folder, stem)


def _overlay_name(file: Path, page: str) -> str:
    """A name that no other page has: the path's hash keeps files of one name in two folders apart."""
    path_hash = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    return f"{file.stem}-p{page}-{path_hash}.png"


if __name__ == "__main__":
    keep_private()
    sys.exit(main())
