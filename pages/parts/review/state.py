"""The state of Review for one reader: which page is open, and what each press does to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import streamlit as st

from annotations.model import PAGE_LABELS, DatabaseUnusableError, PageLabel, StoreError
from annotations.readings import work_queue
from annotations.store import Store, now
from ecgcore.errors import UnreadablePictureError
from pages.parts.common.browser.messages import is_page_number
from pages.parts.common.local_time import local_clock
from pages.parts.common.stored_images import photo
from pages.parts.review.buttons import Press, Presses
from pages.parts.review.session import ReviewSession, open_review_session

RESEEDS = ("undo", "help-alike", "help-snap", "help-accept", "help-reject")
"""Presses that give the canvas its boxes anew."""
_TURNS = {
    "save-next": "Saving …",
    "save": "Saving …",
    "only-boxes": "Saving …",
    "skip": "Skipping …",
}
_LABELS = {f"label-{label}": "Saving …" for label in PAGE_LABELS}
_SPOKEN = {"save-next": "Save and next", "only-boxes": "Save boxes only", "open": "Back"}

Tool = Callable[[Store, ReviewSession], None]


@dataclass
class ReviewState:
    """What one browser session has before it.

    It is one plain object, and a press changes it without a call of Streamlit's, so that no run that is cut short
    leaves a page saved and not turned.

    Args:
        person: who reads.
        order: the queue that the page came from.
        session: the page; None where there is none.
        presses: what was pressed.
        tools: what the presses do that belong to one part of the page, by their names.
        done: what was done last, as "Saved 14:02:11"; empty once anything else happens.
        notice: what went wrong with the last press or address.
        named: the page that the address was given last.
        passed: pages of the queue that could not be opened in this session; they are not given again.
    """

    person: str
    order: work_queue.Order
    session: ReviewSession | None = None
    presses: Presses = field(default_factory=Presses)
    tools: dict[str, Tool] = field(default_factory=dict)
    done: str = ""
    notice: str = ""
    named: str = ""
    passed: set[int] = field(default_factory=set)

    def handle_presses(self, store: Store) -> None:
        """Do all that was pressed since, in order."""
        self.presses.handle_presses(lambda press: self._act(store, press))

    def choose(self, store: Store, order: work_queue.Order) -> None:
        """Bring the next page of another queue; what was done on the one at hand stays as its draft.

        Args:
            store: where.
            order: the queue.
        """
        if order != self.order:
            self.order = order
            self.open(store, "")

    def put(self, store: Store, image_id: int | None) -> None:
        """Open a page, as the same reader's if it is open already, or close it.

        Args:
            store: where.
            image_id: number of the page; None clears the desk.

        Raises:
            StoreError: there is no such page, or its reading or its picture is damaged.
        """
        if image_id is None:
            self.session = None
            return
        same = self.session if self.session is not None and self.session.picture.id == image_id else None
        reader = work_queue.reader_of(self.order, self.person) if same is None else same.reader
        session = open_review_session(store, self.person, image_id, reader)
        try:
            photo(store.picture_path(session.picture).as_posix())
        except UnreadablePictureError as error:
            raise StoreError(
                "Its picture is missing or damaged.",
                "Restore it from a backup; python -m annotations check lists all that is damaged.",
            ) from error
        self.session = session
        self.notice = session.warning or self.notice

    def open(self, store: Store, address: str) -> None:
        """Open the page that an address names, else the queue's next; where it is gone, say so and go on.

        Args:
            store: where.
            address: the number as it stands there; empty for the queue's next.
        """
        self.done = ""
        try:
            if is_page_number(address):
                self.put(store, int(address))
                work_queue.lease(store, int(address), self.person)
                return
        except StoreError as error:
            self.passed.add(int(address))
            self.notice = f"Page {address} cannot be opened. {error.cause} {error.next_step}"
        self._next(store)

    def save(self, store: Store, then: Literal["stay", "next"], *, without_label: bool = False) -> None:
        """Save, or ask for the label first; where someone else was first, both versions are shown.

        Args:
            store: where.
            then: stay on the page, or bring the next.
            without_label: the reader was asked, and means the boxes alone.
        """
        session = self.session
        assert session is not None
        if session.needs_label and not without_label:
            session.asking = then
            return
        session.asking = ""
        if not session.save(store):
            return
        saved = f"Saved {local_clock(now())}"
        if then == "next":
            saved = f"Saved page {session.picture.id}, {saved.removeprefix('Saved ')}"
            self._next(store, after=session.picture.id)
        else:
            self.put(store, session.picture.id)
        self.done = saved

    def _next(self, store: Store, after: int = 0) -> None:
        """Open the queue's next page; one that cannot be opened is told, and passed over."""
        while True:
            image_id = work_queue.next_page(store, self.person, self.order, after=after, without=self.passed)
            try:
                self.put(store, image_id)
            except DatabaseUnusableError:
                raise
            except StoreError as error:
                assert image_id is not None
                self.passed.add(image_id)
                self.notice = f"Page {image_id} was passed over. {error.cause} {error.next_step}"
            else:
                return

    def _act(self, store: Store, press: Press) -> None:
        self.notice = ""
        session = self.session
        if press.what == "open":
            self.named = ""
            if session is None or press.page != str(session.picture.id):
                self.open(store, press.page)
            return
        if session is None or press.view != session.view:
            words = _SPOKEN.get(press.what, press.what.removeprefix("label-").replace("-", " ").capitalize())
            self.presses.notify(f"{words} was not heard: it was meant for the page before.")
            return
        self.done = ""
        try:
            self._do(store, session, press.what)
        except StoreError as error:
            session.trouble = error

    def _do(self, store: Store, session: ReviewSession, what: str) -> None:
        if what.startswith("label-"):
            self._label(store, session, what.removeprefix("label-"))
        elif what in ("save", "save-next"):
            self.save(store, "next" if what == "save-next" else "stay")
        elif what == "only-boxes":
            self.save(store, session.asking or "stay", without_label=True)
        elif what == "not-yet":
            session.asking = ""
        elif what == "undo":
            session.undo(store)
        elif what == "skip":
            session.skip(store)
            self._next(store, after=session.picture.id)
        elif what in self.tools:
            self.tools[what](store, session)

    def _label(self, store: Store, session: ReviewSession, word: str) -> None:
        """Set the label, or clear it; an answer to the question of a save goes on with the save."""
        label: PageLabel | None = next((known for known in PAGE_LABELS if known == word), None)
        if label != session.reading.label:
            session.change(store, replace(session.reading, label=label))
        if session.asking and label is not None:
            self.save(store, session.asking)


def turns_of(session: ReviewSession | None) -> dict[str, str]:
    """Presses that freeze the page until what comes next is there, with what is said meanwhile."""
    return _TURNS | _LABELS if session is not None and session.asking else _TURNS


def review_state(person: str, order: work_queue.Order) -> ReviewState:
    """This browser session's state of Review; another reader gets another.

    Args:
        person: who reads.
        order: the queue.
    """
    state: ReviewState | None = st.session_state.get("desk")
    if state is None or state.person != person:
        state = st.session_state["desk"] = ReviewState(person, order)
    return state
