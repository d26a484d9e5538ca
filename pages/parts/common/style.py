"""Colours, shapes and words that mean the same on every page."""

from html import escape
from pathlib import Path

import streamlit as st

from ecgcore.overlay import BLUE as BLUE_RGB
from ecgcore.overlay import DARK_ORANGE as DARK_ORANGE_RGB
from ecgcore.overlay import NOTICE
from ecgcore.overlay import ORANGE as ORANGE_RGB
from ecgcore.overlay import VERMILION as VERMILION_RGB

# Okabe and Ito's colour-blind-safe palette (Color Universal Design, 2008).
VERMILION, BLUE, ORANGE = f"rgb{VERMILION_RGB}", f"rgb{BLUE_RGB}", f"rgb{ORANGE_RGB}"
GREEN, GREY = "rgb(0, 158, 115)", "rgb(138, 143, 148)"
# Of letters on paper, where the colours of lines are too pale.
DARK_ORANGE, DARK_GREEN = f"rgb{DARK_ORANGE_RGB}", "rgb(0, 100, 72)"
PURPLE, SKY = "rgb(204, 121, 167)", "rgb(86, 180, 233)"
MAGENTA = "rgb(214, 0, 147)"
"""Of the signal over the ink: no paper, pen or box has it."""

DECISION_COLOUR = {"normal": BLUE, "refer": ORANGE, "abnormal": VERMILION}
# A shape says what the colour says, so that nothing rests on colour alone.
DECISION_SHAPE = {"normal": "●", "refer": "◆", "abnormal": "▲"}

FIELD_PX = 640
"""Width of a field for a name or a path, on a screen that is wider."""

STYLE_SHEET = Path(__file__).with_name("style.css")
"""What the theme's options cannot say."""


def page_head(question: str) -> None:
    """The question that the page answers, and the notice that is always there."""
    _insist_on_the_app()
    st.html(STYLE_SHEET)
    st.title(question, anchor=False)
    st.caption(NOTICE)


def _insist_on_the_app() -> None:
    """Start again by way of app.py where a fresh server was first asked for a page by its own address.

    Streamlit takes the folder ``pages`` for its older kind of app until ``st.navigation`` is first called.
    """
    if "navigated" not in st.session_state:
        st.session_state["navigated"] = False
        names = ("screen", "review", "dataset", "training", "models")
        st.navigation([f"pages/{name}.py" for name in names], position="hidden")
        st.rerun()


def banner(colour: str, shape: str, word: str, meaning: str, small: str, beside: str = "") -> None:
    """A verdict: the word, large, with its shape and colour, and what it means.

    Args:
        colour: says the same as the word.
        shape: says it too, for those who do not see the colour.
        word: the verdict.
        meaning: one or two sentences.
        small: a line below, in small letters.
        beside: HTML of a scale or the like that stands to its right, or below on a phone.
    """
    st.html(
        f'<div style="border-left:8px solid {colour};padding:2px 0 2px 16px;display:flex;flex-wrap:wrap;gap:6px 32px">'
        f'<div style="flex:1 1 260px"><div style="font-size:1.9rem;font-weight:700;line-height:1.25">'
        f'<span style="color:{colour}">{shape}</span> {escape(word)}</div>'
        f"<div>{escape(meaning)}</div>"
        f'<div style="opacity:.65;font-size:.85rem">{escape(small)}</div>'
        f"</div>{beside}</div>"
    )


def signed(share: float | None) -> str:
    """A share of the decision with its sign and its direction: "▲ +0.42 supports abnormal"."""
    if share is None:
        return "unknown"
    if abs(share) < 0.005:
        return "0.00"
    return f"▲ +{share:.2f} supports abnormal" if share > 0 else f"● −{-share:.2f} supports normal"
