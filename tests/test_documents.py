"""The written documents are current: the command-line reference, and every file and module that they name."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate_command_line import REFERENCE, commands_of, parser_of_annotations, parser_of_trainer, reference

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md", "docs/command-line.md", *Path(ROOT).glob("docs/how-to/*.md"))
FOLDERS = "ecgcore|annotations|trainer|pages|benchmarks|fits|tests|docs"
NAMED_PATH = re.compile(rf"(?:{FOLDERS})/[\w./-]*")
NAMED_MODULE = re.compile(rf"(?:python -m )?((?:{FOLDERS})(?:\.\w+)+)")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def _code_words(text: str) -> Iterator[str]:
    """What stands between single backticks, outside of blocks of code."""
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def test_the_command_line_reference_is_current() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run: make reference"


def test_neither_terminal_nor_data_folder_changes_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_DATA_DIR", "/somewhere/else")
    monkeypatch.setenv("COLUMNS", "30")
    assert reference() == REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("parser", [parser_of_annotations(), parser_of_trainer()], ids=lambda parser: parser.prog)
def test_every_command_and_option_is_in_the_reference(parser: argparse.ArgumentParser) -> None:
    for name, (line, command) in commands_of(parser).items():
        assert line, f"{name} says in no list what it does"
        _, _, rest = reference().partition(f'<a id="{parser.prog.split()[-1]}-{name}"></a>')
        section = rest.partition("<a id=")[0]
        options = [option for action in command._actions for option in action.option_strings]
        assert [option for option in options if option not in section] == ["-h", "--help"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: Path(document).name)
def test_every_file_and_module_that_is_named_exists(document: str | Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    missing = [word for word in _code_words(text) if NAMED_PATH.fullmatch(word) and not (ROOT / word).exists()]
    for module in (found[1] for word in _code_words(text) if (found := NAMED_MODULE.match(word))):
        path = ROOT / module.replace(".", "/")
        # the last word may be a name in the module, or the ending of a file
        if not any(p.exists() for p in (path, path.with_suffix(".py"), path.parent.with_suffix(".py"), path.parent)):
            missing.append(module)
    missing += [link for link in LINK.findall(text) if not ((ROOT / document).parent / link).exists()]
    assert missing == []
