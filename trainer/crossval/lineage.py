"""The leak guard of fine-tuning: a fold goes on only from a bundle that has seen none of its test pages."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.bundle.manifest import MANIFEST, GroupName, TrainedOn, as_it_is, read_manifest
from ecgcore.errors import DataError
from trainer.data.page import PreparedPage
from trainer.recipes import Recipe
from trainer.runs.results import StartFacts
from trainer.stages.start import Start, StartFrom, choose_start


@dataclass(frozen=True)
class Ancestor:
    """A bundle that a training may start from, its networks not loaded yet.

    Args:
        version: its name.
        folder: where it lies.
        fingerprint: by which a training that goes on knows it again.
        manifest_sha256: the one of trainings that began under earlier versions.
        trained_on: what it has learnt from.
        name_group: how the pages of the training name groups.
        has_waveform: whether a waveform network is among its networks.
        measurements: those that its head is told.
    """

    version: str
    folder: Path
    fingerprint: str
    manifest_sha256: str
    trained_on: TrainedOn
    name_group: GroupName
    has_waveform: bool = False
    measurements: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path, name_group: GroupName = as_it_is) -> "Ancestor":
        """Read what a bundle says of itself.

        Raises:
            BundleError: it says nothing that can be read.
        """
        manifest = read_manifest(folder)
        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
        trained_on = TrainedOn.of(manifest.seen, name_group)
        return cls(
            manifest.version,
            folder,
            manifest.fingerprint,
            digest,
            trained_on,
            name_group,
            has_waveform="waveform" in manifest.weights,
            measurements=manifest.configs.fusion.measurements,
        )

    def count_trained_on(self, pages: Sequence[PreparedPage]) -> int:
        """How many of these pages it, or a bundle before it, was trained on, by picture, group or source record."""
        return sum(self.trained_on.has(page.picture_hash, page.group, page.source_record) for page in pages)


@dataclass(frozen=True)
class ChosenStart:
    """Where one training starts.

    Args:
        start: the weights.
        facts: the same in words, for the run's files.
    """

    start: Start
    facts: StartFacts


StartOf = Callable[[Sequence[PreparedPage]], ChosenStart]
"""From a fold's test pages to where the fold starts."""


def start_chooser(
    line: Sequence[Ancestor], start_from: StartFrom, recipe: Recipe, device: str, *, needs_bundle: bool
) -> StartOf:
    """How each fold finds its start.

    Args:
        line: bundles to start from, the best first, each an ancestor of the one before.
        start_from: "bundle" takes the first of ``line`` that has seen none of the fold's test pages, and networks with
            random weights where there is none; "imagenet" and "random" take none.
        recipe: shapes of networks that do not come from a bundle.
        device: where bundles are loaded.
        needs_bundle: whether a bundle's detector is needed, since no page is boxed.
    """

    @lru_cache(maxsize=2)
    def load(ancestor: Ancestor) -> Bundle:
        return load_bundle(ancestor.folder, device, ancestor.name_group)

    def choose(test: Sequence[PreparedPage]) -> ChosenStart:
        passed_over: dict[str, int] = {}
        clean: Ancestor | None = None
        for ancestor in line:
            seen_pages = ancestor.count_trained_on(test)
            if not seen_pages:
                clean = ancestor
                break
            passed_over[ancestor.version] = seen_pages
        # Without a clean one the oldest lends its detector: it has seen the fewest pages.
        lender = clean or (line[-1] if line else None)
        if start_from == "bundle" and clean is not None:
            facts = StartFacts(start_from, clean.version, clean.version, passed_over)
            return ChosenStart(choose_start("bundle", load(clean), recipe), facts)
        if start_from == "bundle" and not line:
            raise DataError("There is no bundle to start from.", "Name one with --bundle.")
        bundle = load(lender) if lender is not None and needs_bundle else None
        taken: StartFrom = "random" if start_from == "bundle" else start_from
        start = choose_start(taken, bundle, recipe, trains_detector=not needs_bundle)
        if start_from == "bundle":  # a fold has the same networks as the others, and as the final bundle
            start = replace(start, draws_waveform=line[0].has_waveform, measurements=line[0].measurements)
        return ChosenStart(start, StartFacts(taken, None, None if bundle is None else bundle.version, passed_over))

    return choose


def untrained_stages(recipe: Recipe) -> list[str]:
    """The stages that the recipe leaves as the starting bundle has them."""
    stages = {"local": recipe.local, "global": recipe.global_, "waveform": recipe.waveform, "fusion": recipe.fusion}
    return [name for name, stage in stages.items() if stage is not None and stage.epochs == 0]
