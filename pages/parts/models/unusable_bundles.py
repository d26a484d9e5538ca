"""Models that lie in the data folder and cannot be used: a row each with its reason, and Delete."""

import streamlit as st

from annotations.store import Store
from pages.parts.common.actions import attempt
from pages.parts.common.words import counted
from trainer.registry.unusable import UnusableBundle, delete_unusable, unusable_bundles

_SHOWN = 20


def unusable_box(store: Store) -> None:
    """Nothing where every model can be used."""
    bad = unusable_bundles(store)
    if not bad:
        return
    with st.expander(f"{counted(len(bad), 'damaged model')}", expanded=True, icon=":material/warning:"):
        for bundle in bad[:_SHOWN]:
            _row(store, bundle)
        if len(bad) > _SHOWN:
            st.caption(f"{len(bad) - _SHOWN} more.")


def _row(store: Store, bundle: UnusableBundle) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        in_use = " It is in use: roll back to another model." if bundle.is_active else ""
        st.text(f"{bundle.name}: {bundle.reason}{in_use}", width="stretch")
        if st.button(
            "Delete", key=f"delete-{bundle.name}", icon=":material/delete:", disabled=bundle.is_active,
            help="Deletes this model's files. Trainings and pages stay.",
        ):  # fmt: skip
            attempt(lambda: delete_unusable(store, bundle.name))
