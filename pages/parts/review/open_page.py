"""The page that is open in Review: its canvas, its answers and its versions."""

import streamlit as st

from annotations.store import Store
from ecgcore.errors import EcgError
from pages.parts.common.images import photo
from pages.parts.review.beat_tools import helper_keys
from pages.parts.review.canvas_view import canvas
from pages.parts.review.label_panel import answer_box, narrow_box, save_box
from pages.parts.review.more import below_the_page
from pages.parts.review.returned import review_note
from pages.parts.review.session import Work
from pages.parts.review.turns import Desk
from pages.parts.review.versions import conflict_box

STYLE = """<style>
/* The page takes the focus by a click and would be framed after any key; controls keep their outlines. */
[data-testid="stMain"]:focus-visible::before { content: none; }
@media (min-width: 641px) { .st-key-narrow-answers { display: none; } }
</style>"""


def open_page(data: Store, desk: Desk, work: Work) -> EcgError | None:
    """Show the page; where somebody else was first, both versions instead.

    Returns:
        Why the draft could not be kept, None where it was.
    """
    picture_path = data.picture_path(work.picture).as_posix()
    if work.conflict is not None:
        conflict_box(data, desk, work, photo(picture_path))
        return None
    with st.sidebar:
        answer_box(desk, work)
        save_box(desk, work)
    review_note(data, work)
    canvas(data, work)
    narrow_box(desk, work)
    helper_keys(desk, work)
    below_the_page(data, desk, work)
    return work.trouble
