"""A whole batch into Review's queue: cut in the background, looked at once, then stored in the background."""

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from annotations.model import StoreError
from annotations.patients.keys import patient_group
from annotations.privacy.retention import Retention, retention_setting, save_result
from ecgcore.errors import EcgError
from ecgcore.page.crop import PanelCut
from pages.parts.common import background_jobs
from pages.parts.common.actions import show_error
from pages.parts.common.session_store import known_person, store
from pages.parts.common.words import counted, plain
from pages.parts.screen.keep.confirm_batch import BatchChoices, confirm_batch
from pages.parts.screen.keep.panel_cut import cut_of, kept_cuts
from pages.parts.screen.keep.retention import remember_retention, retention_choice
from pages.parts.screen.keep.storing import known_picture, store_page
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

_BATCH = "keep-batch"


@dataclass
class _Batch:
    """Pages on their way into the store.

    Args:
        pages: those that were screened when it began.
        retention: what may be kept of them.
        cuts: of the panel by the page's key, where only that is kept.
        known: keys of pages that are stored already.
        phase: what is under way, and before it "ask".
        name: of its work in the background.
        stop: set to end that work after the page at hand.
        trouble: why single pages could not be taken.
    """

    pages: list[tuple[ScreenedPage, DisplayedPage]]
    retention: Retention = "panel"
    cuts: dict[str, PanelCut] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    phase: str = "ask"
    name: str = field(default_factory=lambda: f"keep-{uuid.uuid4().hex[:8]}")
    stop: threading.Event = field(default_factory=threading.Event)
    trouble: list[str] = field(default_factory=list)


def queue_all_button(items: Sequence[ScreenedPage], on_begin: Callable[[], None]) -> None:
    """The button that puts every screened page of a batch into Review's queue.

    Args:
        items: the session's pages.
        on_begin: called once it is pressed, before ``keep_dialog`` opens.
    """
    pages = [(item, item.shown) for item in items if item.shown is not None and item.prediction.status == "ok"]
    st.button(
        "Queue all for Review",
        key="keep-all",
        icon=":material/playlist_add:",
        disabled=not pages,
        help="Stores these pages, without metadata, in the data folder; Review asks for the most uncertain first.",
        on_click=_begin,
        args=(pages, on_begin),
        width="stretch",
    )


def keep_dialog() -> None:
    """The dialog of a batch that is on its way into the store; nothing where there is none."""
    batch: _Batch | None = st.session_state.get(_BATCH)
    if batch is not None:
        _dialog(batch)


def _begin(pages: list[tuple[ScreenedPage, DisplayedPage]], on_begin: Callable[[], None]) -> None:
    on_begin()
    st.session_state[_BATCH] = _Batch(pages)


def _close() -> None:
    batch: _Batch | None = st.session_state.pop(_BATCH, None)
    if batch is not None:
        batch.stop.set()


@st.dialog("Queue pages for Review", width="large", on_dismiss=_close)
def _dialog(batch: _Batch) -> None:
    """One step after the other; work in the background leads to the next by itself."""
    if batch.phase == "ask":
        _ask(batch)
    elif background_jobs.running(batch.name):
        background_jobs.show(batch.name)
        st.button("Stop", key="keep-stop", icon=":material/stop_circle:", on_click=batch.stop.set)
    elif batch.phase == "prepare":
        answer = confirm_batch(
            [page for page in batch.pages if page[0].key not in batch.known], batch.cuts, batch.known
        )
        _say_troubles(batch)
        if answer is not None:
            _store(batch, answer)
    else:
        background_jobs.show(batch.name)
        _say_troubles(batch)
        if st.button("Close", key="keep-close", type="primary"):
            _close()
            st.rerun()


def _ask(batch: _Batch) -> None:
    """What may be kept, where nobody has chosen yet; then the pages are prepared."""
    is_chosen = retention_setting(store()) is not None
    batch.retention = retention_choice()
    if not is_chosen and not st.button("Continue", key="keep-continue", type="primary"):
        return
    remember_retention(batch.retention)
    if batch.retention == "result":
        for item, _ in batch.pages:
            save_result(store(), item.prediction)
        st.toast(f"{counted(len(batch.pages), 'result')} stored, without pictures.")
        _close()
    else:
        _prepare(batch)
    st.rerun()


def _prepare(batch: _Batch) -> None:
    """Look up what is stored already, and cut the panels of the rest."""
    data, cuts = store(), kept_cuts()

    def prepare(item: ScreenedPage, shown: DisplayedPage) -> None:
        known = known_picture(data, shown)
        if known is not None:
            batch.known.add(item.key)
        if (batch.retention == "panel") if known is None else (known.width, known.height) != shown.wh:
            batch.cuts[item.key] = cut_of(item, shown, cuts).cut

    def work(report: background_jobs.Report) -> str:
        done = _each(batch, report, prepare)
        batch.pages = batch.pages[:done]
        return "Stopped." if batch.stop.is_set() else "Prepared."

    batch.phase = "prepare"
    background_jobs.start(batch.name, "Preparing", work)


def _store(batch: _Batch, answer: BatchChoices) -> None:
    """Store the pages as was answered."""
    data, person = store(), known_person()
    try:
        groups = {key: patient_group(data, typed) for key, typed in answer.keys.items() if typed.strip()}
    except StoreError as error:
        show_error(error)
        return

    def retention(item: ScreenedPage, shown: DisplayedPage) -> None:
        cut = batch.cuts.get(item.key)
        if cut is not None and answer.redact_print:
            cut = cut.redacted(cut.text_boxes)
        store_page(data, item, shown, cut=cut, group=groups.get(item.key, ""), person=person)

    batch.pages = [page for page in batch.pages if page[0].key not in answer.left_out]

    def work(report: background_jobs.Report) -> str:
        refused = len(batch.trouble)
        done = _each(batch, report, retention)
        stored = counted(done - len(batch.trouble) + refused, "page")
        return f"{stored} queued for Review." + (
            f" Stopped after {done} of {len(batch.pages)}." if done < len(batch.pages) else ""
        )

    batch.stop.clear()
    batch.phase = "store"
    background_jobs.start(batch.name, "Storing", work)
    st.rerun()


def _each(batch: _Batch, report: background_jobs.Report, action: Callable[[ScreenedPage, DisplayedPage], None]) -> int:
    """Do something with one page after the other until it is stopped; returns with how many it was done."""
    for number, (item, shown) in enumerate(batch.pages):
        if batch.stop.is_set():
            return number
        report(number, len(batch.pages))
        try:
            action(item, shown)
        except EcgError as error:
            batch.trouble.append(f"{item.title}: {error}")
    return len(batch.pages)


def _say_troubles(batch: _Batch) -> None:
    for reason in batch.trouble:
        st.warning(plain(reason))
