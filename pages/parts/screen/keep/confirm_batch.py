"""One look at all pages of a batch before they are stored, and whose they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ecgcore.output.previews import jpeg
from ecgcore.page.crop import PanelCut
from pages.parts.common.patient_key import KEY_HELP, WHY_KEY
from pages.parts.common.words import counted, plain
from pages.parts.screen.keep.panel_cut import outlined
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

UNKNOWN, ONE, EACH = "Patients unknown: each page counts as one", "All pages are of one patient", "One key per page"
_COLUMNS, _CARD_WIDTH_PX = 3, 560


@dataclass(frozen=True)
class BatchChoices:
    """What somebody said of a batch.

    Args:
        keys: the patient's key of each page by the page's own key; none for an unknown patient.
        left_out: keys of pages that are not to be stored.
        redact_print: whether all print and handwriting that was found becomes black.
    """

    keys: Mapping[str, str]
    left_out: frozenset[str]
    redact_print: bool


def confirm_batch(
    pages: Sequence[tuple[ScreenedPage, DisplayedPage]], cuts: Mapping[str, PanelCut], known: Collection[str]
) -> BatchChoices | None:
    """Show each page as it would be stored; returns what was answered once the button is pressed.

    Args:
        pages: those that are new.
        cuts: of the panel by the page's key, where only that is stored.
        known: keys of pages that are stored already.
    """
    if known:
        st.caption(f"{counted(len(known), 'page')} of this batch {'is' if len(known) == 1 else 'are'} stored already.")
    st.markdown("**This will be stored**, without file names and metadata:")
    redact_print = _redact_print_toggle([cuts[item.key] for item, _ in pages if item.key in cuts])
    with st.form("keep-look", border=False):
        whose, one_key = _whose(pages)
        left_out, each_key = _cards(pages, cuts, redact_print=redact_print)
        if not st.form_submit_button("Store and queue", key="keep-store-all", type="primary", icon=":material/save:"):
            return None
    if whose is None:
        st.error("Choose whose pages these are first.")
        return None
    if whose == ONE and not one_key.strip():
        st.error("Type the key of the patient, or choose another option.")
        return None
    keys = {item.key: one_key if whose == ONE else each_key[item.key] for item, _ in pages} if whose != UNKNOWN else {}
    return BatchChoices(keys, frozenset(left_out), redact_print)


def _redact_print_toggle(cuts: Sequence[PanelCut]) -> bool:
    found = [len(cut.text_boxes) for cut in cuts if cut.text_boxes]
    if not found:
        return False
    st.warning(
        f"{counted(sum(found), 'place')} of print or handwriting found on {counted(len(found), 'page')} (outlined).",
        icon=":material/visibility:",
    )
    return st.toggle("Black out everything outlined", key="keep-black")


def _whose(pages: Sequence[tuple[ScreenedPage, DisplayedPage]]) -> tuple[str | None, str]:
    """The answer, None before it was given, and the key of the one patient."""
    if all(item.synthetic for item, _ in pages):
        return UNKNOWN, ""
    whose = st.radio("Whose pages are these?", (UNKNOWN, ONE, EACH), None, key="keep-whose", help=WHY_KEY)
    return whose, st.text_input("Patient or case key, if they are of one patient", key="keep-one", help=KEY_HELP)


def _cards(
    pages: Sequence[tuple[ScreenedPage, DisplayedPage]], cuts: Mapping[str, PanelCut], *, redact_print: bool
) -> tuple[set[str], dict[str, str]]:
    """The pages in a grid; returns the keys of those that are left out, and each one's patient key."""
    left_out, typed = set(), {}
    for start in range(0, len(pages), _COLUMNS):
        for column, (item, shown) in zip(st.columns(_COLUMNS), pages[start : start + _COLUMNS], strict=False):
            with column:
                cut = cuts.get(item.key)
                if cut is not None and redact_print:
                    cut = cut.redacted(cut.text_boxes)
                picture = shown.view_jpeg if cut is None else jpeg(outlined(cut, _CARD_WIDTH_PX))
                st.image(picture, width="stretch", alt=f"{item.title} as it will be stored")
                if not st.checkbox(plain(item.title), value=True, key=f"keep-take-{item.key}"):
                    left_out.add(item.key)
                typed[item.key] = st.text_input(
                    "Patient or case key", key=f"keep-key-{item.key}", placeholder="Patient or case key",
                    label_visibility="collapsed",
                )  # fmt: skip
    return left_out, typed
