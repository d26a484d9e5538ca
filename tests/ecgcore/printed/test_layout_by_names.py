"""Printed names -> which row and column shows which lead."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.lead_layout import CABRERA_ORDER, LAYOUTS, LEADS, STANDARD_ORDER, Layout, PrintedName
from ecgcore.printed.layout_by_names import layout_by_names
from ecgcore.traces.rows import Rows

WIDTH, PITCH = 1000, 100


def rows_of(count: int) -> Rows:
    baseline = 100.0 + PITCH * np.arange(count)
    y = np.repeat(baseline[:, None], WIDTH, axis=1)
    return Rows(y - 1, y + 1, np.ones(y.shape, dtype=bool), baseline, 2.0, int(baseline[-1]) + 100)


def names_of(layout: Layout, *, but: frozenset[tuple[int, int]] = frozenset()) -> list[PrintedName]:
    """A name 40 px above the baseline at the start of every stretch."""
    names = []
    for column in range(layout.columns):
        for row in range(layout.rows):
            if (row, column) not in but:
                x, y = 5.0 + column * WIDTH / layout.columns, 60.0 + PITCH * row
                names.append(PrintedName(LEADS[layout.lead_at(row, column)], (x, y - 8, x + 20, y + 4)))
    return names


def printed_layout(names: list[PrintedName], rows: Rows, columns_seen: int) -> Layout | None:
    return layout_by_names(names, rows, columns_seen)[0]


def row_count(layout: Layout) -> int:
    return layout.rows + layout.strips


@pytest.mark.parametrize("order", [STANDARD_ORDER, CABRERA_ORDER, tuple(reversed(STANDARD_ORDER))])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_is_told_by_its_names_in_any_order(layout: Layout, order: tuple[int, ...]) -> None:
    drawn = Layout(layout.rows, layout.columns, layout.strips, order)
    found = printed_layout(names_of(drawn), rows_of(row_count(drawn)), columns_seen=1)
    assert found is not None
    assert (found.rows, found.columns, found.strips, found.order) == (drawn.rows, drawn.columns, drawn.strips, order)


@pytest.mark.parametrize("order", [STANDARD_ORDER, CABRERA_ORDER])
def test_a_known_layout_is_told_though_names_are_missing(order: tuple[int, ...]) -> None:
    drawn = Layout(3, 4, 1, order)
    names = names_of(drawn, but=frozenset({(0, 0), (2, 1), (1, 3), (0, 2)}))
    found = printed_layout(names, rows_of(4), columns_seen=4)
    assert found is not None
    assert found.order == order


def test_specks_taken_for_names_hide_no_column_of_names() -> None:
    specks = [
        PrintedName("III", (x, y, x + 20.0, y + 12.0))
        for row in range(12)
        for x, y in ((90.0 + 37 * row, 55.0 + PITCH * row), (850.0 - 41 * row, 70.0 + PITCH * row))
    ]
    beside = PrintedName("aVF", (9.0, 75.0 + 2 * PITCH, 29.0, 87.0 + 2 * PITCH))
    names = [*names_of(Layout(12, 1), but=frozenset({(5, 0)})), beside, *specks]
    found = printed_layout(names, rows_of(12), columns_seen=1)
    assert found is not None
    assert (found.name, found.order) == ("12x1", STANDARD_ORDER)


def test_specks_make_no_half_of_a_whole_page() -> None:
    """Of the chest leads only two names were read."""
    specks = [
        PrintedName("III", (90.0 + 97 * n, 60.0 + PITCH * (n % 6), 120.0, 72.0 + PITCH * (n % 6))) for n in range(8)
    ]
    unread = frozenset((row, 1) for row in (0, 2, 3, 5))
    found = printed_layout([*names_of(Layout(6, 2), but=unread), *specks], rows_of(6), columns_seen=2)
    assert found is None or len(found.leads) == len(LEADS)


def test_a_column_whose_names_were_not_read_moves_no_other() -> None:
    names = names_of(Layout(3, 4, 1), but=frozenset((row, 0) for row in range(3)))
    found = printed_layout(names, rows_of(4), columns_seen=4)
    assert found is not None
    assert (found.name, found.order) == ("3x4+1", STANDARD_ORDER)


def test_many_doubtful_readings_tell_what_no_sure_one_does() -> None:
    """Names that lie on traces are read as this or that, the right one among them."""
    rng = np.random.default_rng(2)
    names = [
        PrintedName(lead, name.box_panel_xyxy, 0.45)
        for name in names_of(Layout(12, 1))
        for lead in {name.lead, str(rng.choice(LEADS))}
    ]
    found = printed_layout(names, rows_of(12), columns_seen=2)
    assert found is not None
    assert (found.name, found.order) == ("12x1", STANDARD_ORDER)


def test_chest_leads_misread_for_each_other_are_told_by_the_rest() -> None:
    misread = {"V3": "V2", "V6": "V5", "I": "II"}
    names = [replace(name, lead=misread.get(name.lead, name.lead)) for name in names_of(Layout(6, 2))]
    found = printed_layout(names, rows_of(6), columns_seen=2)
    assert found is not None
    assert (found.name, found.order) == ("6x2", STANDARD_ORDER)


def test_a_name_beside_its_column_names_no_strip() -> None:
    drawn = Layout(3, 4, 1)
    stray = PrintedName("aVL", (405.0, 352.0, 425.0, 364.0))
    found = printed_layout([*names_of(drawn), stray], rows_of(4), columns_seen=4)
    assert found is not None
    assert found.strip_order == (None,)


@pytest.mark.parametrize("half", [STANDARD_ORDER[:6], STANDARD_ORDER[6:]])
def test_half_an_ecg_shows_six_leads(half: tuple[int, ...]) -> None:
    found = printed_layout(names_of(Layout(6, 1, 0, half)), rows_of(6), columns_seen=2)
    assert found is not None
    assert found.leads == set(half)


def test_half_an_ecg_is_told_though_a_name_is_missing() -> None:
    names = names_of(Layout(6, 1, 0, STANDARD_ORDER[:6]), but=frozenset({(3, 0)}))
    found = printed_layout(names, rows_of(6), columns_seen=1)
    assert found is not None
    assert found.leads == set(range(6))


def test_columns_that_have_neither_names_nor_beats_of_their_own_are_not_there() -> None:
    """I to III beside V1 to V3 stand where a whole page has them too."""
    drawn = Layout(3, 4, 0, STANDARD_ORDER)
    names = names_of(drawn, but=frozenset((row, column) for row in range(3) for column in (1, 3)))
    assert printed_layout(names, rows_of(3), columns_seen=2) is None
    assert printed_layout(names, rows_of(3), columns_seen=4) == drawn, "two columns of names were not read"


def test_a_strips_name_is_taken() -> None:
    drawn = Layout(3, 4, 1)
    strip = PrintedName("V1", (5.0, 352.0, 25.0, 364.0))
    found = printed_layout([*names_of(drawn), strip], rows_of(4), columns_seen=4)
    assert found is not None
    assert found.strip_order == (LEADS.index("V1"),)


@pytest.mark.parametrize("names", [[], [PrintedName("V1", (5.0, 52.0, 25.0, 64.0))]])
def test_too_few_names_tell_nothing(names: list[PrintedName]) -> None:
    assert printed_layout(names, rows_of(3), columns_seen=4) is None


def test_names_that_contradict_each_other_tell_nothing() -> None:
    rng = np.random.default_rng(3)
    names = names_of(Layout(3, 4), but=frozenset({(0, 0), (1, 2)}))
    shuffled = [
        PrintedName(names[n].lead, name.box_panel_xyxy) for n, name in zip(rng.permutation(10), names, strict=True)
    ]
    assert layout_by_names(shuffled, rows_of(3), columns_seen=4) == (None, frozenset({Layout(3, 4)}))
    assert not layout_by_names(names, rows_of(3), columns_seen=4)[1]


def test_a_layout_survives_json() -> None:
    layout = Layout(3, 4, 2, CABRERA_ORDER, (1, None))
    assert Layout.from_json(layout.to_json()) == layout
