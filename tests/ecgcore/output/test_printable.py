"""Text from outside in a terminal and in a spreadsheet: shown as text, and read back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.output.csv_cells import from_cell, to_cell
from ecgcore.output.printable import print_escaped, printable

COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HOSTILE = st.text(st.sampled_from("'=+-@\t\r\nab ＝"), max_size=8) | st.text(max_size=20)


@given(st.text())
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not set(shown) & {chr(code) for code in (*range(32), *range(127, 160))}
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\ufeff"
    )
    shown.encode("utf-8")


@pytest.mark.parametrize("name", ["Zoë", "山田\u3000太郎", "O'Neil (b.) #3", "مریم\u200cبانو", "Page 2 · x.png"])
def test_names_of_all_languages_stay(name: str) -> None:
    assert printable(name) == name


def test_a_name_gives_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    print_escaped("\x1b]0;owned\x07\x1b[2Ja\rb\u202egnp.exe\udc80", to_stderr=True)
    assert capsys.readouterr().err == r"\x1b]0;owned\x07\x1b[2Ja\rb\u202egnp.exe\udc80" + "\n"


@given(HOSTILE)
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    assert from_cell(to_cell(text)) == text


@given(HOSTILE)
def test_no_cell_is_computed(text: str) -> None:
    assert not to_cell(text).startswith(COMPUTED)


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\0"), max_size=20))
def test_a_cell_comes_back_through_a_file(text: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow([to_cell(text)])
    assert [from_cell(cell) for cell in next(csv.reader(io.StringIO(stream.getvalue(), newline="")))] == [text]
