"""The tab of the Dataset page that lists suspected label errors: labels that cross-validated networks contradict."""

import streamlit as st

from annotations import readings
from annotations.readings.snapshots import which_pages
from annotations.runs.training_runs import TrainingRun, runs
from annotations.store import Store
from pages.parts.common.local_time import local_day
from pages.parts.common.page_cards import BOXES, PageCard, page_cards
from pages.parts.common.runs.page_words import page_words
from pages.parts.common.words import counted, plain
from trainer.jobs.results import PageResult, out_of_fold

_A_SCREEN = 12


def label_check_tab(store: Store) -> None:
    """Pages of the newest run that contradict their label, the farthest first, until somebody re-reads them."""
    run, pages = _newest_answers(store)
    if run is None:
        st.info(
            "No training has finished yet. Each training predicts every page with networks that did not see its "
            "patient; pages whose label contradicts that prediction are then listed here."
        )
        st.page_link("pages/training.py", label="Open Training", icon=":material/model_training:")
        return
    least = st.slider(
        "Least distance between label and prediction", 0.5, 1.0, 0.7, 0.05, key="look-again-least",
        help="0.5: the networks were undecided. 1: they were certain of the opposite.",
    )  # fmt: skip
    far = [page for page in pages if page.distance >= least and page.image_id is not None]
    trained_on = which_pages(store, run.snapshot_id)
    waiting = [(page, words) for page in far if (words := _waiting(store, trained_on, page)) is not None]
    st.caption(
        f"Run {run.id}, {local_day(run.created_at)}: {len(far)} of {counted(len(pages), 'page')} contradict their "
        f"label; {len(far) - len(waiting)} of these were re-read since and are left out. Either the label or the "
        f"prediction is wrong: re-read the page. {BOXES}"
    )
    if not waiting:
        st.success("No suspected label errors left.")
        return
    screens = -(-len(waiting) // _A_SCREEN)
    turned = int(st.number_input("Page of the list", 1, screens, key="look-again-screen")) if screens > 1 else 1
    shown = waiting[(turned - 1) * _A_SCREEN : turned * _A_SCREEN]
    page_cards(store, [PageCard(page.image_id, words) for page, words in shown], "look-again")


def _newest_answers(store: Store) -> tuple[TrainingRun | None, list[PageResult]]:
    for run in runs(store):
        pages = out_of_fold(store, run.id)
        if pages:
            return run, pages
    return None, []


def _waiting(store: Store, trained_on: dict[int, int], page: PageResult) -> str | None:
    """What is said of a page; None where somebody read it again since the revision that the run was trained on."""
    assert page.image_id is not None
    head = readings.head(store, page.image_id)
    if head is None or head.reading.label != page.label or head.id != trained_on.get(page.image_id):
        return None
    read = f"read by {plain(head.person)}, {local_day(head.created_at)}"
    return f"{page_words(page)} · distance {page.distance:.2f}  \n{read}"
