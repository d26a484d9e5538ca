"""From a verdict to its correction: the page goes into the store as far as it may be kept, and Review opens it."""

import streamlit as st

from annotations.patients.keys import patient_group
from annotations.privacy.retention import Retention, save_result
from ecgcore.errors import EcgError
from ecgcore.page.crop import PanelCut
from pages.parts.common.actions import show_error
from pages.parts.common.page_cards import open_in_review
from pages.parts.common.patient_key import KEY_HELP, WHY_KEY
from pages.parts.common.session_store import known_person, store
from pages.parts.screen.keep.panel_cut import cut_of, kept_cuts
from pages.parts.screen.keep.preview import panel_preview, photo_preview
from pages.parts.screen.keep.retention import remember_retention, retention_choice, retention_line
from pages.parts.screen.keep.storing import known_picture, store_page
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

_ASKED = "keep-asked"


def correct_this(item: ScreenedPage, shown: DisplayedPage) -> None:
    """The button that stores the page and opens it in Review; until then nothing of it is on the disk.

    Args:
        item: the screened page.
        shown: its picture.
    """
    only_result = retention_line() == "result"
    st.button(
        "Store this result" if only_result else "Correct this",
        key=f"correct-{item.key}",
        type="primary",
        icon=":material/save:" if only_result else ":material/draw:",
        help="Stores the page, without metadata and file name, in the data folder and opens it for correction.",
        on_click=_ask,
        args=(item.key,),
    )
    if st.session_state.get(_ASKED) != item.key:
        return
    try:
        if only_result:
            _store_result(item)
        elif (known := known_picture(store(), shown)) is not None:
            _forget_question()
            is_cut = (known.width, known.height) != shown.wh
            cut = cut_of(item, shown, kept_cuts()).cut if is_cut else None
            open_in_review(store_page(store(), item, shown, cut=cut, group="", person=known_person()))
        else:
            _keep_dialog(item, shown)
    except EcgError as error:
        show_error(error)


def _ask(key: str) -> None:
    st.session_state[_ASKED] = key


def _forget_question() -> None:
    st.session_state.pop(_ASKED, None)


def _store_result(item: ScreenedPage) -> None:
    save_result(store(), item.prediction)
    _forget_question()
    st.toast("Result stored, without a picture.")


@st.dialog("Store this page", width="large", on_dismiss=_forget_question)
def _keep_dialog(item: ScreenedPage, shown: DisplayedPage) -> None:
    """What is stored, to the pixel, and whose it is."""
    retention, cut = retention_choice(), None
    if retention == "panel":
        cut = panel_preview(item, shown)
    elif retention == "photo":
        photo_preview(shown)
    with st.form("keep", border=False):
        asked = retention != "result" and not item.synthetic
        key = st.text_input("Patient or case key", key="keep-patient", help=KEY_HELP, max_chars=80) if asked else ""
        if asked:
            st.caption(WHY_KEY)
        with st.container(horizontal=True):
            words = "Store the result" if retention == "result" else "Store and correct"
            named = st.form_submit_button(words, key="keep-store", type="primary", icon=":material/save:")
            unknown = asked and st.form_submit_button("Unknown patient: store and correct", key="keep-unknown")
    if named and asked and not key.strip():
        st.error("Type the patient's key, or press **Unknown patient**: the page then counts as a patient of its own.")
    elif named or unknown:
        _go(item, shown, retention, cut, "" if unknown else key)


def _go(item: ScreenedPage, shown: DisplayedPage, retention: Retention, cut: PanelCut | None, key: str) -> None:
    """Store as was answered; what is refused is said in the dialog, which stays."""
    try:
        if retention == "result":
            _store_result(item)
        else:
            group = patient_group(store(), key) if key.strip() else ""
            image_id = store_page(store(), item, shown, cut=cut, group=group, person=known_person())
    except EcgError as error:
        show_error(error)
        return
    remember_retention(retention)
    _forget_question()
    if retention == "result":
        st.rerun()
    kept_cuts().pop(shown, None)
    open_in_review(image_id)
