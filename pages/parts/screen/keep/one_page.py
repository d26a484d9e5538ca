"""From a verdict to its correction: the page goes into the store as far as it may be kept, and Review opens it."""

import streamlit as st

from annotations.patients.keys import patient_group
from annotations.privacy.retention import Keep, keep_result
from ecgcore.errors import EcgError
from ecgcore.page.crop import PanelCut
from pages.parts.common.actions import tell
from pages.parts.common.page_cards import open_in_review
from pages.parts.common.patient_key import KEY_HELP, WHY_KEY
from pages.parts.common.session_store import known_person, store
from pages.parts.screen.keep.panel_cut import cut_of, kept_cuts
from pages.parts.screen.keep.preview import panel_preview, photo_preview
from pages.parts.screen.keep.retention import choice_of_keeping, keeping_line, remember_keeping
from pages.parts.screen.keep.storing import known_picture, store_page
from pages.parts.screen.screened import Screened, Shown

_ASKED = "keep-asked"


def correct_this(item: Screened, shown: Shown) -> None:
    """The button that stores the page and opens it in Review; until then nothing of it is on the disk.

    Args:
        item: the screened page.
        shown: its picture.
    """
    only_result = keeping_line() == "result"
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
        tell(error)


def _ask(key: str) -> None:
    st.session_state[_ASKED] = key


def _forget_question() -> None:
    st.session_state.pop(_ASKED, None)


def _store_result(item: Screened) -> None:
    keep_result(store(), item.prediction)
    _forget_question()
    st.toast("Result stored, without a picture.")


@st.dialog("Store this page", width="large", on_dismiss=_forget_question)
def _keep_dialog(item: Screened, shown: Shown) -> None:
    """What is stored, to the pixel, and whose it is."""
    keep, cut = choice_of_keeping(), None
    if keep == "panel":
        cut = panel_preview(item, shown)
    elif keep == "photo":
        photo_preview(shown)
    with st.form("keep", border=False):
        asked = keep != "result" and not item.synthetic
        key = st.text_input("Patient or case key", key="keep-patient", help=KEY_HELP, max_chars=80) if asked else ""
        if asked:
            st.caption(WHY_KEY)
        with st.container(horizontal=True):
            words = "Store the result" if keep == "result" else "Store and correct"
            named = st.form_submit_button(words, key="keep-store", type="primary", icon=":material/save:")
            unknown = asked and st.form_submit_button("Unknown patient: store and correct", key="keep-unknown")
    if named and asked and not key.strip():
        st.error("Type the patient's key, or press **Unknown patient**: the page then counts as a patient of its own.")
    elif named or unknown:
        _go(item, shown, keep, cut, "" if unknown else key)


def _go(item: Screened, shown: Shown, keep: Keep, cut: PanelCut | None, key: str) -> None:
    """Store as was answered; what is refused is said in the dialog, which stays."""
    try:
        if keep == "result":
            _store_result(item)
        else:
            group = patient_group(store(), key) if key.strip() else ""
            image_id = store_page(store(), item, shown, cut=cut, group=group, person=known_person())
    except EcgError as error:
        tell(error)
        return
    remember_keeping(keep)
    _forget_question()
    if keep == "result":
        st.rerun()
    kept_cuts().pop(shown, None)
    open_in_review(image_id)
