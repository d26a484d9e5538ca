"""Splits that keep a patient's pages together: cross-validation folds and hold-outs, stratified by label."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ecgcore.errors import DataError
from ecgcore.geometry.arrays import BoolArray, IntArray
from trainer.data.page import PreparedPage


def assign_folds(labels: Sequence[int | None], groups: Sequence[str], n_folds: int, seed: int) -> IntArray:
    """Deal pages into folds of near-equal class counts without ever splitting a group.

    Args:
        labels: 0 normal, 1 abnormal, None unlabelled (dealt evenly too), one per page.
        groups: one per page; pages of one group share a fold. An empty group is a group of its own.
        n_folds: at least 2.
        seed: same seed, same pages: same folds, whatever the order of the rows (rows with an empty group are told
            apart by their place only).

    Returns:
        The fold of each page, ``int64 [n]`` in ``0..n_folds-1``.

    Raises:
        DataError: too few folds were asked for, or a class has too few groups to be in every fold.
    """
    if n_folds < 2:
        raise DataError(f"{n_folds} fold cannot be cross-validated.", "Ask for 2 folds or more.")
    return _deal(labels, groups, [1 / n_folds] * n_folds, seed)


def extend_folds(
    n_folds: int, labels: Sequence[int | None], groups: Sequence[str], seed: int, fold_of_group: Mapping[str, int]
) -> IntArray:
    """As ``assign_folds``, but around groups whose fold is fixed, and with as many pages as there happen to be.

    Args:
        n_folds: at least 2.
        labels: as in ``assign_folds``.
        groups: as in ``assign_folds``; none empty.
        seed: as in ``assign_folds``.
        fold_of_group: the fold of each group that has one.

    Returns:
        The fold of each page; a class of few groups is missing in some folds.
    """
    return _deal(labels, groups, [1 / n_folds] * n_folds, seed, fold_of_group)


def split_holdout(labels: Sequence[int | None], groups: Sequence[str], share: float, seed: int) -> BoolArray:
    """Put about ``share`` of every class aside, by whole groups.

    Args:
        labels: as in ``assign_folds``.
        groups: as in ``assign_folds``.
        share: of the pages to put aside, between 0 and 1.
        seed: as in ``assign_folds``.

    Returns:
        True for each page that was put aside, ``bool [n]``.

    Raises:
        DataError: the share is not between 0 and 1, or a class has fewer than two groups.
    """
    if not 0 < share < 1:
        raise DataError(f"A share of {share} cannot be put aside.", "Give a share between 0 and 1.")
    is_aside: BoolArray = _deal(labels, groups, [1 - share, share], seed) == 1
    return is_aside


def split_train_validation(
    pages: Sequence[PreparedPage], share: float, seed: int
) -> tuple[list[PreparedPage], list[PreparedPage]]:
    """Training pages, and about ``share`` of the groups for early stopping and calibration.

    Args:
        pages: labelled pages, and pages without a label.
        share: of the pages to put aside, between 0 and 1.
        seed: as in ``assign_folds``.

    Raises:
        DataError: a class has fewer than two groups.
    """
    aside = split_holdout([page.label for page in pages], [page.group_key for page in pages], share, seed)
    return (
        [page for page, is_aside in zip(pages, aside, strict=True) if not is_aside],
        [page for page, is_aside in zip(pages, aside, strict=True) if is_aside],
    )


def _deal(
    labels: Sequence[int | None],
    groups: Sequence[str],
    shares: list[float],
    seed: int,
    part_of: Mapping[str, int] | None = None,
) -> IntArray:
    """Give each group to the part whose chi-square distance from its share of every class shrinks most.

    Groups that hold most of a class come first, because nothing is left to make up for a late large one. The last
    groups of a class go where it is still missing. Groups of ``part_of`` are where it says before the others come;
    with it, parts may miss a class.
    """
    if len(labels) != len(groups):
        raise ValueError(f"{len(labels)} labels for {len(groups)} groups")
    keys = [group or f"\0{row}" for row, group in enumerate(groups)]
    names, group_of_row = np.unique(np.array(keys, dtype=object), return_inverse=True)
    classes = np.array([2 if label is None else int(label) for label in labels], dtype=np.int64)
    counts = np.zeros((len(names), 3))
    np.add.at(counts, (group_of_row, classes), 1)
    if part_of is None:
        _check_enough_groups(counts, len(shares))

    counts = counts[:, counts.sum(axis=0) > 0]
    class_shares = counts / counts.sum(axis=0)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-class_shares[shuffled].max(axis=1), kind="stable")]
    wanted = np.asarray(shares)[:, None]
    held = np.zeros((len(shares), class_shares.shape[1]))
    part_of_group = np.zeros(len(names), dtype=np.int64)
    groups_left = np.count_nonzero(class_shares, axis=0)
    fixed = {index: part_of[name] for index, name in enumerate(names) if name in part_of} if part_of else {}
    for group, part in fixed.items():
        part_of_group[group] = part
        held[part] += class_shares[group]
        groups_left -= class_shares[group] > 0
    for group in (index for index in order if index not in fixed):
        added = class_shares[group]
        growth = (added * (2 * (held - wanted) + added) / wanted).sum(axis=1)
        is_missing = held == 0
        is_last_chance = (added > 0) & is_missing & (groups_left <= is_missing.sum(axis=0))
        part = int(np.argmin(growth - 1e9 * is_last_chance.any(axis=1)))
        groups_left -= added > 0
        part_of_group[group] = part
        held[part] += added
    if part_of is None:
        _check_every_part(held[:, : np.count_nonzero(np.unique(classes) < 2)])
    result: IntArray = part_of_group[group_of_row]
    return result


def _check_enough_groups(counts: npt.NDArray[np.float64], n_parts: int) -> None:
    for column, name in enumerate(("normal", "abnormal")):
        n_groups = int(np.count_nonzero(counts[:, column]))
        if 0 < n_groups < n_parts:
            raise DataError(
                f"The {name} pages come from {n_groups} group(s), too few for {n_parts} parts.",
                "Add pages of other patients, or ask for fewer folds.",
            )


def _check_every_part(held: npt.NDArray[np.float64]) -> None:
    if np.any(held == 0):
        raise DataError(
            "The groups are too large or too mixed to give every part both classes.",
            "Ask for fewer folds, or check the column 'group': it should name the patient.",
        )
