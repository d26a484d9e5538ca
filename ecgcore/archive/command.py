"""The command ``screen --ray``: what is asked, checked, done and said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import JsonValue

from ecgcore.archive.part_files import ERRORS
from ecgcore.archive.results import lock_results, open_results
from ecgcore.archive.screener import ArchiveSettings
from ecgcore.archive.sources import files_of
from ecgcore.bundle.manifest import check_files, starter_folder
from ecgcore.cluster.environment import ray_environment
from ecgcore.output.printable import print_escaped
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.paper import PaperSettings


@dataclass(frozen=True, kw_only=True)
class ArchiveCommand:
    """What was typed.

    Args:
        places: folders, files, lists and addresses.
        out: folder of the results.
        address: of the cluster, or ``auto``.
        workers: pages at once; None for as many as the cluster has processors.
        bundle: its folder; None for the starter.
        min_score: as in ``ecgcore.pipeline.screen``, as are the others.
        paper: of the pages.
        choice: which pages of each file.
    """

    places: Sequence[str]
    out: Path
    address: str
    workers: int | None = None
    bundle: Path | None = None
    min_score: float | None = None
    paper: PaperSettings | None = None
    choice: PageChoice | None = None

    def run(self) -> int:
        """Screen the archive or go on with it; returns how many pages are an error.

        Raises:
            EcgError: bundle, list, cluster or results cannot be used.
            KeyboardInterrupt: it was stopped; finished parts are kept.
            OSError: results cannot be written.
        """
        manifest = check_files(self.bundle or starter_folder())
        bundle = None if self.bundle is None else self.bundle.absolute()
        settings = ArchiveSettings(bundle, manifest.fingerprint, Path.cwd(), self.min_score, self.paper, self.choice)
        with lock_results(self.out), ray_environment(self.address, self.workers) as options:
            from ecgcore.archive.run import screen_archive  # only now: Ray reads the environment when it is imported

            results = open_results(self.out, self._facts(manifest.fingerprint), self._files())
            try:
                screen_archive(results, settings, options, self.workers)
            finally:
                errors = results.list_errors()
                done = results.file_count - results.files_left()
                said = f"{done:,} of {results.file_count:,} files are done."
                listed = f"Pages that are an error: {errors:,}, listed in {self.out / ERRORS}."
                print_escaped(f"{said} {listed}", to_stderr=True)
        return errors

    def _files(self) -> Iterator[str]:
        return chain.from_iterable(map(files_of, self.places))

    def _facts(self, fingerprint: str) -> dict[str, JsonValue]:
        """What the answers rest on."""
        return {
            "paths": list(self.places),
            "bundle": fingerprint,
            "min_score": self.min_score,
            "paper_speed": None if self.paper is None else self.paper.speed_mm_s,
            "gain": None if self.paper is None else self.paper.gain_mm_mv,
            "pages": None if self.choice is None else str(self.choice),
        }
