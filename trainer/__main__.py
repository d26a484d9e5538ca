"""Command line: ``python -m trainer starter | crossval | fit | eval`` (contract 1)."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ecgcore.errors import EcgError
from trainer.config import RECIPES

EXIT_OK, EXIT_FAILED, EXIT_STOPPED = 0, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; wrong usage exits 2."""
    options = _parser().parse_args(arguments)
    from trainer import commands  # here, since it loads torch: --help and wrong usage answer at once

    run = {
        "starter": commands.starter,
        "crossval": commands.crossval,
        "fit": commands.fit,
        "eval": commands.evaluate,
    }
    try:
        run[options.command](options)
    except EcgError as error:
        print(f"trainer: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("trainer: stopped. Start the same command with --resume to go on.", file=sys.stderr)
        return EXIT_STOPPED
    except OSError as error:
        print(
            f"trainer: {error.filename or 'output'}: {error.strerror}. Choose another place to write.", file=sys.stderr
        )
        return EXIT_FAILED
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train and measure bundles.",
        epilog="Exit code: 0 done, 1 the data, bundle or folder cannot be used (the reason is told), 2 wrong usage.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    starter = commands.add_parser("starter", help="train the starter bundle from public data folders")
    for name, what in (("ludb", "LUDB"), ("ptbxl", "PTB-XL"), ("khan", "the Khan pages (Mendeley gwbz3fsgp8)")):
        starter.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"folder of {what}")
    starter.add_argument("--rendered-only", action="store_true", help="learn from rendered signals alone")
    starter.add_argument("--bundle", type=Path, metavar="DIR", help="go on from an earlier starter")
    starter.add_argument("--detector", type=Path, metavar="DIR", help="use this bundle's beat detector as it is")
    starter.add_argument("--fold", type=int, default=0, metavar="N", help="which fifth of the real pages is put aside")
    starter.add_argument("--cache", type=Path, metavar="DIR", help="keep prepared pages there, for several starters")
    crossval = commands.add_parser("crossval", help="train and judge all stages in grouped, stratified folds")
    crossval.add_argument("--folds", type=int, default=5, metavar="N")
    fit = commands.add_parser("fit", help="train a bundle on all rows")
    fit.add_argument("--version", metavar="NAME", help="the bundle's name; default: recipe and a hash of the rows")
    evaluate = commands.add_parser("eval", help="measure a bundle on rows that it has not seen")
    evaluate.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

    for command in (crossval, fit, evaluate):
        command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the pictures lie")
        command.add_argument("--csv", type=Path, required=True, metavar="FILE", help="columns file,label,group[,boxes]")
        command.add_argument("--cache", type=Path, metavar="DIR", help="keep prepared pages there, for several runs")
    for command in (crossval, fit):
        command.add_argument("--recipe", choices=sorted(RECIPES), default="quick")
        command.add_argument("--bundle", type=Path, metavar="DIR", help="start from it; default: the starter")
        command.add_argument(
            "--start", choices=("bundle", "imagenet", "random"), default="bundle", help="weights to start from"
        )
    for command, what in ((starter, "the new bundle"), (crossval, "the run"), (fit, "the new bundle")):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"folder of {what}")
        command.add_argument("--seed", type=int, default=0, metavar="N")
        command.add_argument("--resume", action="store_true", help="go on after a crash or a stop")
    for command in (starter, crossval, fit, evaluate):
        command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    return parser


if __name__ == "__main__":
    sys.exit(main())
