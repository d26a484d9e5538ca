"""The cheapest chain of vertical runs of ink from column to column, for every row of a page at once (Viterbi 1967).

Each column is a set of states: that a row has no ink there, and every run of ink in it. A jump between two runs costs
its height up to a limit, so where a column is crowded only the pairs of runs closer than it are looked at: there are
about as many of them as there are runs. The time grows with the runs, not with their square, as it must on a page full
of lines. Elsewhere, and that is nearly everywhere, all pairs at once take a third of the time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray, IndexArray

MISSING_COST = 6.0
"""Cost, in pixels of a jump, of a column in which the row has no ink."""

MAX_JUMP_COST_PX = 6.0
"""No jump costs more: the tip of a QRS whose steep strokes were too faint to stay is still the row's."""

AWAY_COST = 0.02
"""Cost of each pixel between the baseline and the ink that is taken for the row's."""

CROWDED_RUNS = 24
"""Up to so many runs all pairs are quicker than the near ones: 24 in 6, 13 and 35 rows take 0.4, 0.6 and 0.7 of their
time, 48 in 35 rows as long (random runs, one thread)."""


def cheapest_chains(columns: list[FloatArray], baseline_y: FloatArray) -> IndexArray:
    """Which run each row follows in each column.

    Args:
        columns: for each column its runs from top to bottom, upper and lower edge in pixels, ``[k, 2]``.
        baseline_y: of the rows, in pixels, ``[r]``.

    Returns:
        Numbers of the runs, from 1; 0 where a row has no ink. ``[r, w]``.
    """
    rows = np.arange(len(baseline_y))
    is_crowded = max(map(len, columns)) > CROWDED_RUNS
    pairs = near_pairs(columns) if is_crowded else repeat(None, len(columns))
    before = np.zeros((0, 2))
    cost, away_before = np.zeros((len(rows), 1)), np.zeros((len(rows), 0))
    came_from: list[npt.NDArray[np.int32]] = []  # half of the memory of the usual integers
    for runs, away, near in zip(columns, _away(columns, baseline_y), pairs, strict=True):
        if near is None or max(len(before), len(runs)) <= CROWDED_RUNS:
            now, states = _of_all_pairs(cost, away_before, away, _jumps(before, runs))
        else:
            now, states = _of_near_pairs(cost, away_before, away, near)
        now[:, 0] += MISSING_COST
        now[:, 1:] += AWAY_COST * away
        came_from.append(states.astype(np.int32))
        cost, away_before, before = now, away, runs
    chosen = np.empty((len(rows), len(columns)), np.intp)
    state = cost.argmin(axis=1)
    for x in range(len(columns) - 1, -1, -1):
        chosen[:, x] = state
        state = came_from[x][rows, state]
    return chosen


def _away(columns: list[FloatArray], baseline_y: FloatArray) -> list[FloatArray]:
    """How far the runs of each column are from each row's baseline, ``[r, k]``."""
    runs, base_y = np.concatenate(columns), baseline_y[:, None]
    away = np.maximum(runs[:, 0] - base_y, base_y - runs[:, 1]).clip(0)
    return np.split(away, np.cumsum([len(column) for column in columns])[:-1], axis=1)


def _jumps(before: FloatArray, runs: FloatArray) -> FloatArray:
    """Cost of the jump from each run of a column to each of the next, ``[k before, k]``."""
    gaps = np.maximum(runs[:, 0] - before[:, 1:], before[:, :1] - runs[:, 1])
    return np.minimum(np.maximum(gaps, 0.0), MAX_JUMP_COST_PX)


def _of_all_pairs(
    cost: FloatArray, away_before: FloatArray, away: FloatArray, jumps: FloatArray
) -> tuple[FloatArray, IndexArray]:
    """The least cost of being in each state and the state before it, ``[r, 1 + k]`` both; of equal ones the first."""
    total = np.empty((len(cost), 1 + jumps.shape[0], 1 + jumps.shape[1]))
    # without ink a row is a point on its baseline
    total[:, 0, 0] = 0.0
    total[:, 1:, 0] = np.minimum(away_before, MAX_JUMP_COST_PX)
    total[:, 0, 1:] = np.minimum(away, MAX_JUMP_COST_PX)
    total[:, 1:, 1:] = jumps
    total += cost[:, :, None]
    return total.min(axis=1), total.argmin(axis=1)


def _of_near_pairs(
    cost: FloatArray, away_before: FloatArray, away: FloatArray, near: "NearPairs"
) -> tuple[FloatArray, IndexArray]:
    """As :func:`_of_all_pairs`."""
    states = np.empty((len(cost), 1 + away.shape[1]), np.intp)
    now = np.empty(states.shape)
    total = cost.copy()
    total[:, 1:] += np.minimum(away_before, MAX_JUMP_COST_PX)
    states[:, 0] = total.argmin(axis=1)
    now[:, 0] = total.min(axis=1)
    now[:, 1:], states[:, 1:] = _to_runs(cost, away, near)
    return now, states


@dataclass(frozen=True)
class NearPairs:
    """Pairs of runs of two neighbouring columns closer than ``MAX_JUMP_COST_PX``, ordered by the second column's runs.

    Args:
        old: number of the first column's run in each pair, from 1 as states are, ``[p]``.
        jump: distance of the two, ``[p]``.
        new: numbers, from 0, of the second column's runs that are in any pair, ``[m]``.
        starts: where the pairs of each of these begin, ``[m]``.
        counts: how many pairs each of these has, ``[m]``.
    """

    old: IndexArray
    jump: FloatArray
    new: IndexArray
    starts: IndexArray
    counts: IndexArray


def _to_runs(cost: FloatArray, away: FloatArray, near: NearPairs) -> tuple[FloatArray, IndexArray]:
    """The least cost of being on each run, and the state before it, ``[r, k]`` both; of equal states the first."""
    total = cost[:, :1] + np.minimum(away, MAX_JUMP_COST_PX)
    state = np.zeros(total.shape, np.intp)
    cheapest = cost.argmin(axis=1)[:, None]  # from afar it does not matter how far
    from_afar = np.take_along_axis(cost, cheapest, axis=1) + MAX_JUMP_COST_PX
    is_better = from_afar < total
    total, state = np.where(is_better, from_afar, total), np.where(is_better, cheapest, state)
    if len(near.old) == 0:
        return total, state
    pairs = cost[:, near.old] + near.jump
    least = np.minimum.reduceat(pairs, near.starts, axis=1)
    is_least = pairs == np.repeat(least, near.counts, axis=1)
    first = np.minimum.reduceat(np.where(is_least, near.old, cost.shape[1]), near.starts, axis=1)
    others, other_states = total[:, near.new], state[:, near.new]
    is_better = (least < others) | ((least == others) & (first < other_states))
    total[:, near.new] = np.where(is_better, least, others)
    state[:, near.new] = np.where(is_better, first, other_states)
    return total, state


def near_pairs(columns: list[FloatArray]) -> Iterator[NearPairs]:
    """For each column, as :func:`cheapest_chains` takes it, the pairs of its runs with those of the column before."""
    runs_in = np.array([len(runs) for runs in columns])
    edges = np.concatenate(columns)
    # one column above the other, further apart than any jump, so that all are searched at once
    apart = float(edges.max(initial=0.0)) + 2 * MAX_JUMP_COST_PX
    above = (np.repeat(np.arange(len(columns)), runs_in) * apart)[:, None] + edges
    first = np.searchsorted(above[:, 1], above[:, 0] - apart - MAX_JUMP_COST_PX, side="right")
    last = np.searchsorted(above[:, 0], above[:, 1] - apart + MAX_JUMP_COST_PX, side="left")
    pairs_of = np.maximum(last - first, 0)
    new = np.repeat(np.arange(len(edges)), pairs_of)
    old = np.arange(len(new)) + np.repeat(first - np.cumsum(pairs_of) + pairs_of, pairs_of)
    jump = np.maximum(edges[new, 0] - edges[old, 1], edges[old, 0] - edges[new, 1]).clip(0)
    begin = before = pair = 0
    for count in runs_in.tolist():
        counts = pairs_of[begin : begin + count]
        reached = np.flatnonzero(counts)
        counts = counts[reached]
        ends = np.cumsum(counts)
        here = slice(pair, pair + (int(ends[-1]) if len(ends) else 0))
        yield NearPairs(old[here] - before + 1, jump[here], reached, ends - counts, counts)
        before, begin, pair = begin, begin + count, here.stop
