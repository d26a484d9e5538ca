"""What a person or another program has named goes through ``plain`` before Streamlit reads it as Markdown."""

import ast
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "pages"
READ_AS_MARKDOWN = {
    "badge", "button", "caption", "checkbox", "download_button", "error", "expander", "form_submit_button", "header",
    "info", "markdown", "metric", "page_link", "pills", "popover", "progress", "radio", "segmented_control", "spinner",
    "subheader", "success", "tabs", "text_area", "text_input", "title", "toast", "toggle", "warning", "write",
}  # fmt: skip
"""Methods of Streamlit's that take Markdown in their first argument, ``text``, ``help`` or ``format_func``."""
NOT_SHOWN = {
    "key", "args", "kwargs", "on_click", "on_change", "icon", "alt", "file_name", "mime", "data", "value", "options",
    "disabled",
}  # fmt: skip
FROM_OUTSIDE = {
    "name", "title", "person", "reviewer", "note", "notes", "faults", "reason", "cause", "next_step", "message",
    "version", "candidate_version", "parent", "recipe", "comment", "label_of", "file", "result", "notice", "done_text",
    "bundle_version", "same_as", "origin_name", "group_key", "source_record",
}  # fmt: skip
"""Attributes that hold what a person or another program wrote."""
THEIR_NAMES = {"error", "conflict", "name", "person", "reader", "version", "title", "path", "reason", "note", "file"}
"""Variables that do, where they stand in an f-string."""
SHOWS_PLAIN = {"plain", "plain_lines", "error_text", "counted", "local_time", "local_day", "len", "local_clock"}
OWN_WORDS = {
    ("bundle_info.py", "name"), ("findings.py", "name"), ("findings.py", "title"), ("plan.py", "name"),
}  # fmt: skip
"""Looks like one of these and is this program's own."""


LABEL_ALONE = {"text_area", "text_input", "download_button", "selectbox"}
"""Of these only the first argument without a name is read as Markdown."""


def _arguments(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    unnamed = call.args[:1] if name in LABEL_ALONE else call.args
    return unnamed + [keyword.value for keyword in call.keywords if keyword.arg not in NOT_SHOWN]


def unshown(node: ast.AST) -> list[str]:
    """What of it comes from outside and goes through no function that shows it plainly."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in SHOWS_PLAIN:
            return []
        case ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=name)) if name in FROM_OUTSIDE:
            return [ast.unparse(node)]
        case ast.Name(id=name) if name in THEIR_NAMES:
            return [name]
    shown: list[ast.AST] = list(ast.iter_child_nodes(node))
    match node:
        case ast.Call():
            shown = [node.func, *_arguments(node)]
        case ast.IfExp():
            shown = [node.body, node.orelse]
        case ast.GeneratorExp() | ast.ListComp():
            shown = [node.elt]
        case ast.Lambda():
            shown = [node.body]
        case ast.Compare():
            shown = []
    return [found for child in shown for found in unshown(child)]


def violations(source: str) -> list[str]:
    """The lines that hand something from outside to Streamlit as it is."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="work_queue" | "logger"))):
                pass  # work_queue.progress draws nothing, nor does logger.error
            case ast.Call(func=ast.Attribute(attr=name)) if name in READ_AS_MARKDOWN:
                found += [f"{node.lineno}: {what}" for value in _arguments(node) for what in unshown(value)]
    return found


@pytest.mark.parametrize("path", sorted(PAGES.rglob("*.py")), ids=lambda path: path.name)
def test_no_name_is_read_as_markdown(path: Path) -> None:
    own = {name for file, name in OWN_WORDS if file == path.name}
    assert [line for line in violations(path.read_text(encoding="utf-8")) if line.split(": ")[1] not in own] == []


@pytest.mark.parametrize(
    "line",
    ['st.error(f"**{error.cause}** {error.next_step}")', "st.subheader(item.title)", 'told.caption(row["name"])',
     "st.error(error)", 'st.button(f"Keep {theirs.person}\'s", key="k")', 'left.progress(0.5, text=f"{file.name}")',
     'st.pills("Readers", people, format_func=lambda who: who.name)'],
)  # fmt: skip
def test_the_rule_sees_names(line: str) -> None:
    assert violations(line)
