"""One page that is being read: what it says now, what the canvas was given, and the way into the database."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from annotations import readings
from annotations.database.stored_json import DamagedRowError
from annotations.model import (
    UNKNOWN_PROVENANCE,
    LabelledBox,
    Picture,
    Provenance,
    Reading,
    SaveConflictError,
    StoreError,
)
from annotations.readings.predictions import latest_prediction_id, proposals
from annotations.store import Store
from ecgcore.types import Box

LONGEST_PAUSE_S = 60.0
"""Time between two actions counts up to here; longer is a break."""


@dataclass
class ReviewSession:
    """A page that is being read.

    Args:
        picture: the page.
        person: who reads.
        reader: whose line of revisions it belongs to.
        reading: as it stands.
        base_revision_id: the head when the work began.
        provenance: whose boxes were proposed, and what the reading took so far.
        draft_saved_at: when the draft was last written; None while nothing changed.
        seeded: what the canvas was given; ``seeded_pending`` are the uids of what a helper proposed then,
            ``seeded_untouched`` those of the bundle's proposals.
        set_aside: rejected proposals, which the canvas does not show.
        pending: what a helper proposes.
        last_drawn: uid of the box drawn last, from which helpers start.
        zoom: at which the canvas was given its boxes.
        asking: how the reader wanted to go on from a save that waits for a label; "" while none does.
        trouble: why the draft could not be kept; it then lives in this session alone and is tried again.
        warning: what the reader must know of how the page was opened.
    """

    picture: Picture
    person: str
    reader: str
    reading: Reading
    base_revision_id: int | None
    provenance: Provenance = UNKNOWN_PROVENANCE
    draft_saved_at: str | None = None
    earlier: list[Reading] = field(default_factory=list)
    seed: int = 0
    seeded: tuple[LabelledBox, ...] = ()
    set_aside: tuple[LabelledBox, ...] = ()
    pending: tuple[LabelledBox, ...] = ()
    seeded_pending: frozenset[str] = frozenset()
    seeded_untouched: frozenset[str] = frozenset()
    last_drawn: str | None = None
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    last_action: float = field(default_factory=time.monotonic)
    conflict: SaveConflictError | None = None
    zoom: int = 1
    asking: Literal["", "stay", "next"] = ""
    trouble: StoreError | None = None
    warning: str = ""

    def __post_init__(self) -> None:
        self.reseed()

    @property
    def view(self) -> str:
        """Names what the reader sees, so that a press that was meant for something else is known."""
        return f"{self.token}q" if self.asking else self.token

    @property
    def needs_label(self) -> bool:
        """Whether nothing has been said of the page; of what is no ECG nothing can be."""
        return self.reading.label is None and "not an ECG" not in self.reading.flags

    def widget_key(self, name: str) -> str:
        """The key of a widget that shows the boxes or the answers; after new boxes it is another widget."""
        return f"{name}-{self.token}-{self.seed}"

    def reseed(self) -> None:
        """Give the canvas the boxes as they are now."""
        self.seed += 1
        self.seeded = (*self.reading.beats, *self.pending)
        self.seeded_pending = frozenset(box.uid for box in self.pending)
        # Once somebody has saved a page, the proposals that were left alone are that person's word too.
        accepted = [box.uid for box in self.seeded if box.origin == "accepted"]
        self.seeded_untouched = frozenset(accepted if self.base_revision_id is None else ())
        self.set_aside = tuple(box for box in self.reading.boxes if box.origin == "rejected")

    def change(self, store: Store, reading: Reading) -> None:
        """Take a changed reading over and keep it as a draft; the one before can be undone.

        Args:
            store: where.
            reading: as it is now.
        """
        self.earlier.append(self.reading)
        self._take(store, reading)

    def propose(self, boxes: tuple[LabelledBox, ...]) -> None:
        """Show a helper's boxes on the canvas; they belong to the reading only once they are accepted."""
        self.pending = boxes
        self.reseed()

    def accept_pending(self, store: Store) -> None:
        """Take all of a helper's boxes over."""
        accepted, self.pending = self.pending, ()
        self.change(store, replace(self.reading, boxes=(*self.reading.boxes, *accepted)))
        self.reseed()

    def undo(self, store: Store) -> None:
        """Go one change back."""
        if self.earlier:
            self._take(store, self.earlier.pop())
            self.reseed()

    def take_boxes(self, store: Store, shown: Sequence[LabelledBox]) -> None:
        """Take over what the canvas shows; boxes that differ are one more change.

        Args:
            store: keeps the draft.
            shown: the seeded boxes as they are now, and those that were drawn.
        """
        # A helper's box that nobody touched waits still; one that was moved has become the reader's own.
        waiting = set(self.pending)
        self.pending = tuple(box for box in shown if box in waiting)
        boxes = (*(box for box in shown if box not in waiting), *self.set_aside)
        known = {box.uid for box in self.reading.boxes}
        self.last_drawn = next((b.uid for b in boxes if b.origin == "drawn" and b.uid not in known), self.last_drawn)
        if set(boxes) != set(self.reading.boxes):  # their order means nothing
            self.change(store, replace(self.reading, boxes=boxes))

    def save(self, store: Store) -> bool:
        """Submit; false where someone else was first, who then stands in ``conflict``."""
        try:
            readings.save(
                store,
                self.picture.id,
                self.person,
                self.reading,
                base_revision_id=self.base_revision_id,
                provenance=self.provenance,
                reader=self.reader,
                picture_hash=self.picture.picture_hash,
            )
        except SaveConflictError as conflict:
            self.conflict = conflict
            return False
        return True

    def skip(self, store: Store) -> None:
        """Leave the page to other readers."""
        readings.skip(
            store,
            self.picture.id,
            self.person,
            base_revision_id=self.base_revision_id,
            provenance=self.provenance,
            reader=self.reader,
            picture_hash=self.picture.picture_hash,
        )

    def _take(self, store: Store, reading: Reading) -> None:
        now = time.monotonic()
        spent = self.provenance
        seconds = spent.seconds + min(now - self.last_action, LONGEST_PAUSE_S)
        self.provenance = replace(spent, seconds=seconds, actions=spent.actions + 1)
        self.last_action = now
        self.reading = reading
        self.save_draft(store)

    def save_draft(self, store: Store) -> None:
        """Keep the reading as a draft; where the store cannot be written, note why."""
        try:
            self.draft_saved_at = readings.save_draft(
                store,
                self.picture.id,
                self.person,
                self.reading,
                base_revision_id=self.base_revision_id,
                provenance=self.provenance,
                reader=self.reader,
                picture_hash=self.picture.picture_hash,
            )
            self.trouble = None
        except StoreError as error:
            self.trouble = error


def open_review_session(store: Store, person: str, image_id: int, reader: str) -> ReviewSession:
    """Open a page: the reader's draft, else what holds, else the newest bundle's proposals.

    A draft that cannot be read back is told, and stays until something is changed.

    Args:
        store: where.
        person: who reads.
        image_id: number of the page.
        reader: ``SHARED``, or the blind second reader.

    Raises:
        StoreError: there is no such page, or its reading is damaged.
    """
    picture = store.picture(image_id)
    try:
        draft = readings.draft_of(store, image_id, person, reader)
    except DamagedRowError as error:
        session = _without_draft(store, picture, person, reader)
        session.warning = f"{error.cause} {error.next_step}"
        return session
    if draft is not None:
        return ReviewSession(
            picture, person, reader, draft.reading, draft.base_revision_id, draft.provenance, draft.updated_at
        )
    return _without_draft(store, picture, person, reader)


def _without_draft(store: Store, picture: Picture, person: str, reader: str) -> ReviewSession:
    image_id = picture.id
    head = readings.head(store, image_id, reader)
    if head is not None:
        return ReviewSession(
            picture, person, reader, head.reading, head.id, Provenance(head.provenance.base_prediction_id)
        )
    prediction_id = latest_prediction_id(store, image_id)
    if prediction_id is None:
        return ReviewSession(picture, person, reader, Reading(), None)
    boxes = tuple(
        LabelledBox(f"p{box_id}", beat.box_photo_xyxy, None, "accepted", box_id)
        for box_id, beat in proposals(store, prediction_id).items()
    )
    return ReviewSession(picture, person, reader, Reading(boxes=boxes), None, Provenance(prediction_id))


def replace_box(reading: Reading, uid: str, place: Box) -> Reading:
    """The reading with one box elsewhere.

    Args:
        reading: with the box.
        uid: of the box.
        place: where it is now, in photo pixels.
    """
    return replace(reading, boxes=tuple(replace(b, box_photo_xyxy=place) if b.uid == uid else b for b in reading.boxes))
