"""A page that a training judged, in words."""

from pages.parts.common.style import DECISION_SHAPE
from pages.parts.common.words import plain
from trainer.jobs.results import PageResult


def page_words(page: PageResult) -> str:
    """Label against result, as Markdown."""
    p = "no beat was found" if page.p_abnormal is None else f"probability of abnormal {page.p_abnormal:.2f}"
    said = f"{DECISION_SHAPE.get(page.decision, '')} {plain(page.decision)}"
    return f"label **{plain(page.label)}**, called **{said}**  \n{p} · fold {page.fold + 1}"
