"""The Screen page: ECG pictures in, one verdict with its reasons for each."""

import streamlit as st

from ecgcore.bundle import Bundle
from pages.parts.batch import choose_from_table, results_csv, results_jsonl
from pages.parts.beats import downloads, facts, heaviest_beats, one_beat
from pages.parts.bundles import active_bundle
from pages.parts.correct import correct_this
from pages.parts.heat import forget_maps
from pages.parts.inbox import empty, incoming
from pages.parts.keep_batch import keep_for_review
from pages.parts.measured import measured
from pages.parts.results import Screened, forget_results, screen_all, shelf
from pages.parts.straighten import STRAIGHTENED, straighten_box
from pages.parts.style import page_head
from pages.parts.verdict import picture_faults, verdict_banner
from pages.parts.view import page_view


def show_result(item: Screened, in_use: Bundle) -> None:
    """One page below its title: verdict, picture, reasons."""
    prediction, shown, bundle = item.prediction, item.shown, item.bundle
    if bundle.version != in_use.version:
        st.caption(f"Screened with {bundle.version}. {in_use.version} answers now: drop the picture again to ask it.")
    if item.synthetic:
        st.caption("An artificial page, drawn by this app. No patient's ECG.")
    if prediction.status != "ok" or shown is None:
        st.error(f"**Not screened.** {prediction.reason}", icon=":material/block:")
        if shown is not None:
            straighten_box(item, shown, in_use)
        return
    verdict_banner(prediction, bundle.operating.p_normal_below, bundle.operating.p_abnormal_from)
    picture_faults(prediction)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        page_view(item, shown, bundle)
        if st.toggle("Straightened", key="show-straight", persist_state="session", help=STRAIGHTENED):
            straighten_box(item, shown, bundle)
    with right:
        if prediction.beats:
            heaviest_beats(item, shown)
            one_beat(item, shown, bundle)
        measured(item)
        correct_this(item, shown)
        facts(prediction)
        downloads(item, shown)


def show_results(items: list[Screened]) -> Screened:
    """What stands above the open page: the table of a batch, the title, the files; returns the page to open."""
    opened = items[0] if len(items) == 1 else choose_from_table(items)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(opened.title, anchor=False, width="stretch")
        if len(items) > 1:
            keep_for_review(items)
            lines = results_jsonl(items)
            st.download_button("All (CSV)", results_csv(items), "ecg results.csv", "text/csv", on_click="ignore")
            st.download_button(
                "All (JSON Lines)", lines, "ecg results.jsonl", "application/x-ndjson", on_click="ignore"
            )
        st.button(
            "Remove all",
            key="remove-all",
            icon=":material/delete:",
            on_click=forget,
            help="Forget all pictures and results.",
        )
    return opened


def forget() -> None:
    """Drop every picture, result and map of this session."""
    forget_results()
    forget_maps()


page_head("Is this ECG page normal, abnormal, or one that a clinician should read first?")
active = active_bundle()
arrived = incoming()
if arrived:
    screen_all(arrived, active)
    empty()
    st.rerun()
results = list(shelf().values())
if results:
    show_result(show_results(results), active)
else:
    st.markdown("Drop ECG pictures above, one or many, or try a sample. Each page gets a verdict with its reasons.")
