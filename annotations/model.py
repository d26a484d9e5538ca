"""What a person says of a page: the values that travel between the store, the pages and the exchange formats."""

from dataclasses import dataclass, field
from typing import Literal

from ecgcore.errors import EcgError
from ecgcore.types import Box

PageLabel = Literal["normal", "abnormal", "unsure"]
BeatLabel = Literal["normal", "abnormal"]
Origin = Literal["drawn", "accepted", "adjusted", "propagated", "rejected"]
RevisionStatus = Literal["submitted", "skipped"]

PAGE_LABELS: tuple[PageLabel, ...] = ("normal", "abnormal", "unsure")
BEAT_LABELS: tuple[BeatLabel, ...] = ("normal", "abnormal")
ORIGINS: tuple[Origin, ...] = ("drawn", "accepted", "adjusted", "propagated", "rejected")
FLAGS = ("bad photo", "not an ECG", "second reader")
SHARED = ""
"""The reader of a page's shared reading; any other reader is a person who reads it a second time, blind."""


class StoreError(EcgError):
    """The store, or a file that goes in or out of it, cannot be used as asked."""


class DatabaseUnusableError(StoreError):
    """The database takes nothing: the disk is full, others keep it busy, or it is damaged."""


class SaveConflictError(StoreError):
    """Someone saved the page first; both versions are kept, and the loser chooses.

    Args:
        head_revision_id: the revision that won.
        head_person: who saved it.
    """

    def __init__(self, head_revision_id: int, head_person: str) -> None:
        self.head_revision_id = head_revision_id
        self.head_person = head_person
        super().__init__(f"{head_person} saved this page while you worked on it.", "Compare both versions and choose.")


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One beat box of a reading.

    Args:
        uid: identity across revisions, unique within a page.
        box_photo_xyxy: pixel edges of the upright picture.
        label: the beat's own label, where a person gave one.
        origin: "accepted" as proposed, "adjusted" from a proposal, "drawn" by hand, "propagated" by find alike and
            accepted, or "rejected": a proposal that a person removed, kept so that nobody proposes it again.
        prediction_box_id: the proposal that it came from, if any.
    """

    uid: str
    box_photo_xyxy: Box
    label: BeatLabel | None = None
    origin: Origin = "drawn"
    prediction_box_id: int | None = None


MAX_BOXES = 2000
"""Of a page: a hundred times what the busiest shows in a row, and few enough that every page of the app stays quick."""


@dataclass(frozen=True)
class Reading:
    """All that one person says of one page at one time.

    Args:
        label: of the page; None where the reader gave none.
        boxes: beats, and rejected proposals.
        boxes_complete: whether every complete beat is boxed; only then is a missing box a negative.
        flags: some of ``FLAGS``.
        comment: free text.
    """

    label: PageLabel | None = None
    boxes: tuple[LabelledBox, ...] = ()
    boxes_complete: bool = False
    flags: frozenset[str] = field(default_factory=frozenset)
    comment: str = ""

    @property
    def beats(self) -> tuple[LabelledBox, ...]:
        """The boxes that are beats: all but the rejected."""
        return tuple(box for box in self.boxes if box.origin != "rejected")


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a reading came about.

    Args:
        base_prediction_id: the prediction whose boxes were proposed, if any.
        seconds: spent on the page.
        actions: user actions counted on the page.
    """

    base_prediction_id: int | None = None
    seconds: float = 0.0
    actions: int = 0


UNKNOWN_PROVENANCE = Provenance()
"""Of a reading that no proposal preceded and nobody timed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the store, as the pages and the formats see it.

    Args:
        id: row number.
        picture_hash: sha256 of the decoded upright RGB pixels and the size (contract 2).
        file: path relative to the data folder.
        name: what people call it: the file name that it came with, or the first letters of its hash.
        width, height: pixels of the upright picture.
        group_key: pages that must stay on one side of a split; the picture's own hash where nothing is known.
        is_holdout: whether its group is kept out of training for ever.
        source: where it came from ("upload", "import", "rendered").
        source_record: of a rendered signal, its record.
        created_at: UTC, ISO 8601.
        deleted_at: when it was put into the bin, None while it is not.
    """

    id: int
    picture_hash: str
    file: str
    name: str
    width: int
    height: int
    group_key: str
    is_holdout: bool
    source: str
    source_record: str
    created_at: str
    deleted_at: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved version of a reading; never changed.

    Args:
        id: row number; later is larger.
        image_id: the page.
        reader: ``SHARED``, or the blind second reader.
        number: 1, 2, ... within the page and reader.
        parent_id: the revision it was made from, None for the first.
        person: who saved it.
        status: submitted, or skipped (nothing said).
        reading: what was said.
        provenance: how it came about.
        bundle_version: the bundle whose boxes were proposed, if any.
        created_at: UTC, ISO 8601.
    """

    id: int
    image_id: int
    reader: str
    number: int
    parent_id: int | None
    person: str
    status: RevisionStatus
    reading: Reading
    provenance: Provenance
    bundle_version: str | None
    created_at: str
