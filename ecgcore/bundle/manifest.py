"""What a bundle says of itself in bundle.json, read and checked without loading a network (contract 2)."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import JsonValue

from ecgcore.bundle.schema import FORMAT, MAX_BYTES, checked_manifest
from ecgcore.bundle.weights import check_weights
from ecgcore.errors import BundleError
from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.networks.configs import NetworkConfigs, config_of
from ecgcore.operating_point import OperatingPoint

MANIFEST = "bundle.json"
ERASED_PAGES = "erased_pages"
"""Its entry of how many pages that it has seen were erased since, and stand in its list no more."""
GET_ANOTHER = "Fetch the bundle again or use another one."

TrainedOnRow = tuple[str, str, str]
"""Picture hash, group and source record of one page that a bundle was trained on; empty where unknown."""

Figures = Mapping[str, "Figures | float | None"]
"""By data set, network and metric, nested at will; the leaves are numbers."""

GroupName = Callable[[str], str]
"""How files of a data folder name a group; others name it as it is."""

_CHUNK_BYTES = 1 << 20


def as_it_is(group: str) -> str:
    """The name of a group outside of a data folder."""
    return group


@dataclass(frozen=True)
class TrainedOn:
    """Everything that a bundle and its parents were trained on, but for pages that were erased since."""

    picture_hashes: frozenset[str]
    groups: frozenset[str]
    source_records: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]], name_group: GroupName = as_it_is) -> "TrainedOn":
        """The three columns of ``bundle.json``'s list; empty cells know nothing.

        Args:
            rows: the list.
            name_group: how the pages to be compared name groups, which older bundles list as they are.
        """
        columns = [frozenset(column) - {""} for column in zip(*rows, strict=True)]
        if not columns:
            return cls(frozenset(), frozenset(), frozenset())
        pictures, groups, records = columns
        return cls(pictures, groups | {name_group(group) for group in groups}, records)

    def has(self, picture_hash: str = "", group: str = "", source_record: str = "") -> bool:
        """Whether this picture, its group or its source record is among them.

        Args:
            picture_hash: of the page; empty where unknown, as are the others.
            group: its patient or machine.
            source_record: the public record that it shows.
        """
        return picture_hash in self.picture_hashes or group in self.groups or source_record in self.source_records


def starter_folder() -> Path:
    """The bundle that ships with the program."""
    return Path(__file__).parents[1] / "starter"


@dataclass(frozen=True)
class WeightFile:
    """The file of one network beside ``bundle.json``: its name, sha256 and length."""

    file: str
    sha256: str
    bytes: int = 0


@dataclass(frozen=True)
class TrainingRecipe:
    """The training's name, and all of its settings as that version of the program wrote them."""

    name: str
    settings: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Manifest:
    """All that a bundle says of itself.

    Args:
        version: the name that every prediction bears.
        thresholds: how its outputs become answers.
        configs: the shapes of its networks.
        weights: their files, by network.
        recipe: of its training.
        parent: the version that the training started from; None where it started anew.
        created_at: ISO 8601, UTC; None where an early version did not note it.
        snapshot_hash: sha256 of the frozen list of training pages.
        metrics: figures with intervals.
        libraries: versions of what it was made with.
        seen: the pages that it and its ancestors were trained on.
        erased_pages: how many of them were erased since and stand in ``seen`` no more; None before the first.
        fingerprint: as ``fingerprint`` makes it of the file, whatever version wrote that; empty for a new bundle.
    """

    version: str
    thresholds: OperatingPoint
    configs: NetworkConfigs
    weights: Mapping[str, WeightFile]
    recipe: TrainingRecipe
    parent: str | None
    created_at: str | None
    snapshot_hash: str | None
    metrics: Figures
    libraries: Mapping[str, JsonValue]
    seen: tuple[TrainedOnRow, ...]
    erased_pages: int | None = None
    fingerprint: str = ""

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """What a ``bundle.json`` of any version says.

        Raises:
            ValueError: anything in it is of another type or out of range; the message says what.
        """
        checked, facts = checked_manifest(content)
        return cls(
            version=checked.version,
            thresholds=config_of(OperatingPoint, checked.thresholds),
            configs=NetworkConfigs.from_json(checked.configs),
            weights={
                part: WeightFile(weight_file.file, weight_file.sha256, weight_file.bytes)
                for part, weight_file in checked.weights.items()
            },
            recipe=TrainingRecipe(checked.recipe.name, _below(facts, "recipe")),
            parent=checked.parent,
            created_at=checked.created_at,
            snapshot_hash=checked.snapshot_hash,
            metrics=_figures(_below(facts, "metrics")),
            libraries=checked.libraries,
            seen=tuple(checked.seen),
            erased_pages=checked.erased_pages if ERASED_PAGES in facts else None,
            fingerprint=fingerprint(facts),
        )

    def to_json(self) -> str:
        """The content of ``bundle.json``: keys in the order that every version has written them in."""
        facts: dict[str, JsonValue] = {
            "format": FORMAT,
            "version": self.version,
            "class_names": ["normal", "abnormal"],
            "preprocessing": {"raster_px_per_mm": STANDARD_PX_PER_MM, "ink": "0 paper, 1 full pen; grid flattened"},
            "thresholds": asdict(self.thresholds),
            "configs": {**self.configs.to_json()},
            "weights": {part: asdict(weight_file) for part, weight_file in self.weights.items()},
            "recipe": {**self.recipe.settings},
            "parent": self.parent,
            "created_at": self.created_at,
            "snapshot_hash": self.snapshot_hash,
            "metrics": _plain(self.metrics),
            "libraries": {**self.libraries},
        }
        if self.erased_pages is not None:
            facts[ERASED_PAGES] = self.erased_pages
        return manifest_text(facts, self.seen)


def _below(facts: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    """An entry as it was written; empty where an early version left it out."""
    value = facts.get(name)
    return value if isinstance(value, dict) else {}


def _figures(weight_file: Mapping[str, JsonValue]) -> Figures:
    """Checked figures with their numbers as they were written: a count stays a whole number."""
    return {
        name: _figures(value) if isinstance(value, dict) else value if isinstance(value, int | float) else None
        for name, value in weight_file.items()
    }


def _plain(figures: Figures) -> dict[str, JsonValue]:
    return {name: _plain(value) if isinstance(value, Mapping) else value for name, value in figures.items()}


def figures_in(figures: Figures, *names: str) -> Figures:
    """The figures below names of data set, network and so on; none where there are none."""
    for name in names:
        below = figures.get(name)
        figures = below if isinstance(below, Mapping) else {}
    return figures


def read_manifest(folder: Path) -> Manifest:
    """The bundle's own account of itself.

    Raises:
        BundleError: ``bundle.json`` is missing, no JSON, or anything in it is of another type or out of range.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            return Manifest.from_json(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}).", "Give the folder of a bundle.") from error
    except ValueError as error:
        raise BundleError(f"{path} cannot be used: {error}.", GET_ANOTHER) from error


def manifest_text(facts: Mapping[str, JsonValue], seen: Iterable[Iterable[str]]) -> str:
    """The content of ``bundle.json``: a row of ``seen`` a line, so that thousands of them stay readable.

    Args:
        facts: all of its entries but the last.
        seen: the last.
    """
    head = json.dumps(dict(facts), indent=1)
    rows = ",\n  ".join(json.dumps(list(row)) for row in seen)
    return f'{head[:-2]},\n "seen": [\n  {rows}\n ]\n}}\n'


def fingerprint(facts: Mapping[str, JsonValue]) -> str:
    """What makes a bundle this one and no other: all of its entries but the seen pages, which shrink by erased ones."""
    lasting = {key: value for key, value in facts.items() if key not in ("seen", ERASED_PAGES)}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def check_files(folder: Path) -> Manifest:
    """Read the manifest, compare the sha256 of every file with it, and check that the files hold weights.

    Returns:
        The manifest.

    Raises:
        BundleError: a file is missing, altered or no weights; the message names it.
    """
    manifest = read_manifest(folder)
    for weights in manifest.weights.values():
        path = folder / weights.file
        try:
            if _sha256(path) != weights.sha256:
                raise BundleError(f"{path} was altered: its sha256 is not the one in {MANIFEST}.", GET_ANOTHER)
            check_weights(path)
        except OSError as error:
            raise BundleError(f"{path} cannot be read ({error.strerror}).", GET_ANOTHER) from error
        except ValueError as error:
            raise BundleError(f"{path} cannot be used: {error}.", GET_ANOTHER) from error
    return manifest


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
