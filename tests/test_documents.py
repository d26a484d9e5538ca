"""The documents are current: the command-line reference, every file that they name, and all that the contracts list."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotations.database.data_folder import connect
from annotations.database.upgrade import upgrade
from docs.generate_command_line import REFERENCE, commands_of, parser_of_annotations, parser_of_trainer, reference
from ecgcore.bundle.schema import ManifestSchema
from ecgcore.networks.configs import PARTS
from ecgcore.types import Beat, Box, Prediction
from trainer.runs.files import LATER_COLUMNS, PREDICTION_COLUMNS

ROOT = Path(__file__).parents[1]
CONTRACTS = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs/decisions"
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
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


def _exists(module: str) -> bool:
    """Whether there is such a module, or a module or package with such a name in it."""
    for count in range(len(words := module.split(".")), 0, -1):
        path = ROOT.joinpath(*words[:count])
        if path.with_suffix(".py").exists():
            return True
        if path.is_dir():
            face = path / "__init__.py"
            return count == len(words) or (face.exists() and words[count] in face.read_text(encoding="utf-8"))
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_every_file_and_module_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    words = list(_code_words(text))
    missing = [word for word in words if NAMED_PATH.fullmatch(word) and not (ROOT / word).exists()]
    missing += [found[1] for word in words if (found := NAMED_MODULE.match(word)) and not _exists(found[1])]
    missing += [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_every_place_in_a_document_that_is_linked_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text)
    missing = [
        f"{link}#{anchor}"
        for link, anchor in links
        if anchor not in _anchors((document.parent / link) if link else document)
    ]
    assert missing == []


def _anchors(document: Path) -> set[str]:
    text = document.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    words = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    return words | set(re.findall(r'<a id="([^"]+)"></a>', text))


def test_decisions_are_numbered_and_indexed() -> None:
    entry = r'<a id="d-(\d+)"></a>\n\n## D-(\d+) (.+)\n\n(\d{4}-\d\d-\d\d) · (.+?) · '
    told = {}
    for file in DECISIONS.glob("*.md"):
        for anchor, number, title, date, status in re.findall(entry, file.read_text(encoding="utf-8")):
            assert anchor == number and number not in told
            assert re.fullmatch(r"in force|record|superseded by \[D-\d+\]\(.*\)", status), number
            told[number] = (file.name, title, date, re.sub(r"\[(.+)\]\(.*\)", r"\1", status))
        assert len(re.findall(r"^## D-", file.read_text(encoding="utf-8"), re.M)) == sum(
            file.name == place for place, *_ in told.values()
        ), f"an entry of {file.name} has not the form of the others"
    assert sorted(map(int, told)) == list(range(1, len(told) + 1))
    row = r"^\| \[D-(\d+)\]\((.+)#d-\1\) \| (.+?) \| (.+) \| (.+) \|$"
    rows = re.findall(row, (DECISIONS / "README.md").read_text(encoding="utf-8"), re.M)
    assert {number: (place, title, date, status) for number, place, date, title, status in rows} == told


def test_decisions_name_what_implements_them() -> None:
    for file in DECISIONS.glob("*.md"):
        for path, name in re.findall(r"\]\(\.\./\.\./([^)]+)\) \(`(\w+)`\)", file.read_text(encoding="utf-8")):
            assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), f"{path} has no {name}"


def _section(title: str) -> str:
    return CONTRACTS.partition(f"\n## {title}")[2].partition("\n## ")[0]


def test_contract_1_lists_every_key_and_column() -> None:
    text = _section("Contract 1")
    result = Prediction("a.png", 1, "ok", beats=(Beat(Box(0, 0, 1, 1), 0.5),)).to_json()
    keys = re.findall(r"^\| (`.*?`) \|", text.partition("null where it has no value:")[2], re.M)
    assert [key for row in keys for key in re.findall(r"`(\w+)`", row)][: len(result)] == list(result)
    (beat,), seconds = result["beats"], result["seconds"]
    assert "{" + ", ".join(f'"{key}"' for key in beat).replace('"box"', '"box": [x1, y1, x2, y2]') + "}" in text
    assert "{" + ", ".join(f'"{key}"' for key in seconds) + "}" in text
    assert f"`{','.join(PREDICTION_COLUMNS)}`, then `{','.join(LATER_COLUMNS)}`" in text


def test_contract_2_lists_every_key() -> None:
    text = _section("Contract 2")
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == list(ManifestSchema.model_fields)
    assert all(f"`{part}`" in text for part in PARTS)


def test_contract_3_lists_every_table_and_which_are_append_only(tmp_path: Path) -> None:
    upgrade(tmp_path / "ecg.db")
    db = connect(tmp_path / "ecg.db")
    made = {name for name in db.table_names() if not name.startswith(("_", "sqlite_"))}
    rows = re.findall(r"^\| (`.*?`) \| .* \| ?(.*?) ?\|$", _section("Contract 3").partition("\n| table |")[2], re.M)
    told = {table: rule for names, rule in rows for table in re.findall(r"`(\w+)`", names)}
    assert told.keys() == made
    triggers = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()}
    kept = {table for table in made if {f"{table}_never_changes", f"{table}_never_goes"} <= triggers}
    assert {table for table, rule in told.items() if rule in ("append-only", "never changed or deleted")} == kept
