"""The Dataset page's gallery: stored pages with filters, and what can be done with those that are ticked."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from annotations.erasure.mentions import runs_to_begin_again
from annotations.maintenance.check_and_erase import erase_group, pages_of_group
from annotations.model import StoreError
from annotations.patients.keys import find_patient, group_code, group_words, name_patient, patient_group
from annotations.readings.counts_and_agreement import SHOWS, GalleryPage, gallery, gallery_size
from annotations.store import Store
from pages.parts.common.actions import attempt, show_error
from pages.parts.common.page_cards import open_in_review
from pages.parts.common.patient_key import KEY_HELP
from pages.parts.common.stored_images import thumbnail
from pages.parts.common.words import counted, plain

_COLUMNS, _ROWS = 4, 3
_DONE = "gallery-done"
_WORDS = {"test set": "permanent test set", "flagged": "flagged or returned"}


def gallery_tab(store: Store, person: str) -> None:
    """Thumbnails with filters; what is ticked can be opened, binned, restored, put into the test set or erased.

    Args:
        store: where.
        person: who erases, if somebody does.
    """
    if done := st.session_state.pop(_DONE, ""):
        st.success(done)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        show = st.selectbox("Show", SHOWS, format_func=lambda show: _WORDS.get(show, show), key="gallery-show")
        search = st.text_input("Page name, patient key or code", key="gallery-search", max_chars=80, help=KEY_HELP)
    patient = _patient(store, search)
    total = gallery_size(store, show, search=search, group=patient)
    ticked: list[GalleryPage] = []
    if not total:
        empty = show == "all" and not search.strip()
        st.info(
            "No pages yet. Screen a page and choose **Correct this**, or import a data set."
            if empty
            else "No pages match this filter."
        )
    else:
        size = _COLUMNS * _ROWS
        pages = -(-total // size)
        turned = st.number_input("Page", 1, pages, key=f"gallery-page-{show}-{search}") if pages > 1 else 1
        st.caption(counted(total, "page"))
        shown = gallery(store, show, search=search, group=patient, first=(turned - 1) * size, size=size)
        for start in range(0, len(shown), _COLUMNS):
            for column, page in zip(_columns(start), shown[start : start + _COLUMNS], strict=False):
                with column:
                    ticked += [page] if _card(store, page, in_bin=show == "bin") else []
    _actions(store, ticked, person, in_bin=show == "bin")


def _columns(start: int) -> list[DeltaGenerator]:
    """A row of the gallery; the style sheet gives its pictures one shape, so that what stands below is in line."""
    with st.container(key=f"gallery-row-{start}"):
        return st.columns(_COLUMNS)


def _patient(store: Store, typed: str) -> str | None:
    try:
        return find_patient(store, typed)
    except StoreError as error:
        show_error(error)
        return None


def _card(store: Store, page: GalleryPage, *, in_bin: bool) -> bool:
    """One page; returns whether it is ticked."""
    label = page.label or ("no label" if page.person else "unread")
    thumbnail(store.folder / page.file, alt=f"ECG page {page.id}, {label}")
    is_ticked = st.checkbox(plain(page.name), key=f"tick-{page.id}")
    read = f" · {counted(page.beats, 'beat')} · {plain(page.person)}" if page.person else ""
    patient = f"{'' if page.is_known else 'unknown '}patient {group_code(store, page.group_key)}"
    st.caption(f"{label}{read}  \n{patient}{' · test set' if page.is_holdout else ''}")
    if st.button(f"Open page {page.id}", key=f"open-{page.id}", icon=":material/draw:", disabled=in_bin):
        open_in_review(page.id)
    return is_ticked


def _actions(store: Store, ticked: list[GalleryPage], person: str, *, in_bin: bool) -> None:
    ids, groups = [page.id for page in ticked], sorted({page.group_key for page in ticked})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button("Restore from bin" if in_bin else "Move to bin", disabled=not ids, key="gallery-bin"):
            store.bin(ids, restore=in_bin)
            st.rerun()
        with st.popover("Permanent test set", disabled=not ids):
            st.markdown(
                f"**All pages of {counted(len(groups), 'patient')}** would only measure models and never train one."
            )
            if st.button("Add to the permanent test set (cannot be undone)", key="gallery-hold", type="primary"):
                store.hold_out(groups)
                st.rerun()
        with st.popover("Name the patient", disabled=not ids):
            _name(store, ticked)
        with st.popover("Erase a patient"):
            _erase(store, groups, person)


def _name(store: Store, ticked: list[GalleryPage]) -> None:
    st.markdown(
        f"Whose {counted(len(ticked), 'ticked page')}? Pages of an unknown patient bring their near-duplicates along; "
        "a page of another patient moves alone."
    )
    key = st.text_input("Patient key", key="gallery-patient", max_chars=80, help=KEY_HELP)
    if st.button("Same patient", key="gallery-join", type="primary", disabled=not key.strip()):
        attempt(lambda: _assign(store, ticked, key))


def _assign(store: Store, ticked: list[GalleryPage], key: str) -> None:
    group = patient_group(store, key)
    name_patient(store, [page.id for page in ticked if not page.is_known], group)
    store.join_group([page.id for page in ticked if page.is_known], group)


def _erase(store: Store, ticked: list[str], person: str) -> None:
    turn = st.session_state.setdefault("erased", 0)
    typed = st.text_input("Patient key, or the code below a page", key=f"erase-typed-{turn}", max_chars=80)
    group = _patient(store, typed)
    pages = [] if group is None else pages_of_group(store, group)
    is_other = group is not None and ticked not in ([], [group])
    if typed.strip() and not pages:
        st.caption("No pages of this patient are stored.")
    elif is_other:
        st.caption("The ticked pages belong to another patient: untick them, or type their patient's key or code.")
    elif group is not None:
        st.markdown(
            f"**{counted(len(pages), 'page')} of {group_words(store, group)}** ({', '.join(map(str, pages[:20]))}"
            f"{' ...' if len(pages) > 20 else ''}) would be erased for good, with every reading and prediction. Only a "
            "note remains that pages were erased. Backups made before still contain them."
        )
        st.caption(
            "Models and trainings here will not list these pages any more, but keep what they learnt from them. Models "
            "that were exported to other computers cannot be reached and still list them: delete those files there."
        )
        if begun := runs_to_begin_again(store, group):
            st.caption(
                f"Training {', '.join(map(str, begun))} is not finished and learns from these pages: it stops, and "
                "begins again without them when it is resumed."
            )

    def erase() -> None:
        assert group is not None
        count = erase_group(store, group, person)
        st.session_state["erased"] = turn + 1
        st.session_state[_DONE] = f"{counted(count, 'page')} erased for good."

    if st.button("Erase (cannot be undone)", key="gallery-erase", type="primary", disabled=not pages or is_other):
        attempt(erase)
