"""Names that try to be something else than a name, and a page that shows them in everything that reads Markdown.

streamlit run tests/browser/hostile_texts.py
"""

import random

import streamlit as st

from pages.parts.common.words import plain

FRAGMENTS = (
    "![x](https://evil.example/a.png)", "![x](https:evil.example?b)", "[y](https://evil.example)", "<https://evil.example>",
    "https://evil.example", "HTTP://evil.example", "www.evil.example", "WWW.evil.example", "a@evil.example",
    "mailto:a@evil.example", "[z]: https://evil.example", "[^1]", ":red[r]", ":red-background[r]", ":small[r]",
    ":material/home:", ":smile:", ":+1:", ":streamlit:", "::note[r]", ":::note", ":blue-badge[r]", "$x^2$", "$$y$$",
    "**bold**", "*em*", "__b__", "_e_", "~~gone~~", "~s~", "`code`", "``", "```", "<b>h</b>", "<img src=x>", "&amp;",
    "&#33;", "->", "<-", "<->", "--", "---", ">=", "<=", "~=", "# h", "## h", "- item", "+ item", "* item", "1. item",
    "2) item", "> quote", "|a|b|", "|-|-|", "\\", "\\*", "- [ ] task", "Ada", "O'Neil", "Zoë", "山田", "7", ".", " ",
    "===", ":", "@", "\t", "\n", "\r", "\x1b[31m", "\u202e", "\u2066", "\u2028", "\x00",
)  # fmt: skip
COUNT = 240
KINDS = ("markdown", "caption", "button", "checkbox", "error", "expander", "bold", "progress")


def hostile_texts() -> list[str]:
    """Every fragment alone, and mixtures of some."""
    mixed = random.Random(16)
    texts = [text for text in FRAGMENTS if text.strip()]
    while len(texts) < COUNT:
        text = mixed.choice(("", " ")).join(mixed.choices(FRAGMENTS, k=mixed.randint(2, 6)))
        texts += [text] if text.strip() else []
    return texts


def _show(kind: str, number: int, text: str) -> None:
    shown = plain(text)
    with st.container(key=f"text-{number}"):
        if kind == "button":
            st.button(shown, key=f"button-{number}")
        elif kind == "checkbox":
            st.checkbox(shown, key=f"checkbox-{number}")
        elif kind == "expander":
            st.expander(shown)
        elif kind == "bold":
            st.markdown(f"**Kept:** a  \n{shown}")
        elif kind == "progress":
            st.progress(0.5, text=shown)
        else:
            getattr(st, kind)(shown)


if __name__ == "__main__":
    for place, hostile in enumerate(hostile_texts()):
        _show(KINDS[place % len(KINDS)], place, hostile)
    st.html('<p id="all-shown"></p>')
