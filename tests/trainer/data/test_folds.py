"""Folds and hold-outs never split a group, keep the class ratios, and do not depend on the order of the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import DataError
from trainer.data.folds import assign_folds, split_holdout


@st.composite
def grouped_labels(draw: st.DrawFn) -> tuple[list[int | None], list[str]]:
    """Rows whose classes both have at least 8 groups of one to four pages."""
    labels: list[int | None] = []
    groups: list[str] = []
    for label in (0, 1, None):
        for group in range(draw(st.integers(8, 30))):
            size = draw(st.integers(1, 4))
            labels += [label] * size
            groups += [f"{label}-{group}"] * size
    return labels, groups


@settings(max_examples=40)
@given(rows=grouped_labels(), n_folds=st.integers(2, 5), seed=st.integers(0, 99))
def test_folds_keep_groups_whole_and_ratios_near(
    rows: tuple[list[int | None], list[str]], n_folds: int, seed: int
) -> None:
    labels, groups = rows
    folds = assign_folds(labels, groups, n_folds, seed)
    for group in set(groups):
        assert len({int(f) for f, g in zip(folds, groups, strict=True) if g == group}) == 1
    for label in (0, 1):
        counts = np.bincount(folds[[x == label for x in labels]], minlength=n_folds)
        assert counts.max() - counts.min() <= 4


@settings(max_examples=20)
@given(rows=grouped_labels(), seed=st.integers(0, 99))
def test_folds_ignore_row_order(rows: tuple[list[int | None], list[str]], seed: int) -> None:
    labels, groups = rows
    order = np.random.default_rng(seed).permutation(len(labels))
    folds = assign_folds(labels, groups, 5, seed)
    shuffled = assign_folds([labels[i] for i in order], [groups[i] for i in order], 5, seed)
    assert np.array_equal(folds[order], shuffled)


@settings(max_examples=20)
@given(rows=grouped_labels(), share=st.floats(0.15, 0.5), seed=st.integers(0, 99))
def test_holdout_has_its_share_of_whole_groups(
    rows: tuple[list[int | None], list[str]], share: float, seed: int
) -> None:
    labels, groups = rows
    held = split_holdout(labels, groups, share, seed)
    assert not {g for g, h in zip(groups, held, strict=True) if h} & {
        g for g, h in zip(groups, held, strict=True) if not h
    }
    for label in (0, 1):
        of_class = held[[x == label for x in labels]]
        assert abs(of_class.sum() - share * len(of_class)) <= 4


def test_seed_changes_folds() -> None:
    labels = [0, 1] * 50
    groups = [f"g{i}" for i in range(100)]
    assert not np.array_equal(assign_folds(labels, groups, 5, 0), assign_folds(labels, groups, 5, 1))


def test_empty_group_is_its_own() -> None:
    folds = assign_folds([0, 1] * 10, [""] * 20, 5, 0)
    assert set(folds.tolist()) == {0, 1, 2, 3, 4}


def test_rare_class_in_mixed_groups_reaches_every_fold() -> None:
    labels = [0] * 200 + [1] * 5
    groups = [f"g{i // 4}" for i in range(200)] + ["g0", "g7", "g13", "g21", "g40"]
    folds = assign_folds(labels, groups, 5, 3)
    assert sorted(folds[200:].tolist()) == [0, 1, 2, 3, 4]


def test_two_groups_of_a_class_are_enough_for_a_holdout() -> None:
    held = split_holdout([0, 0, 1, 1], ["a", "b", "c", "d"], 0.2, 0)
    assert held[:2].sum() == held[2:].sum() == 1


def test_too_few_groups_is_told() -> None:
    with pytest.raises(DataError, match=r"abnormal pages come from 2 group"):
        assign_folds([0] * 10 + [1] * 4, [f"n{i}" for i in range(10)] + ["a", "a", "b", "b"], 5, 0)
    with pytest.raises(DataError, match="2 folds"):
        assign_folds([0, 1], ["a", "b"], 1, 0)
    with pytest.raises(DataError, match="between 0 and 1"):
        split_holdout([0, 1], ["a", "b"], 1.5, 0)
