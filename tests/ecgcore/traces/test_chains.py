"""The chains of runs are the cheapest ones, and found in a time that grows with the runs alone."""

import numpy as np
import pytest

from ecgcore.traces.chains import AWAY_COST, CROWDED_RUNS, MAX_JUMP_COST_PX, MISSING_COST, cheapest_chains, near_pairs
from ecgcore.types import FloatArray


def _by_every_pair(columns: list[FloatArray], baseline_y: float) -> list[int]:
    """The same by its definition, for one row."""
    cost, before, came_from = np.zeros(1), np.array([[baseline_y, baseline_y]]), []
    for runs in columns:
        now = np.vstack([[baseline_y, baseline_y], runs])
        jump = np.maximum(now[None, :, 0] - before[:, None, 1], before[:, None, 0] - now[None, :, 1])
        total = cost[:, None] + jump.clip(0, MAX_JUMP_COST_PX)
        own = AWAY_COST * np.maximum(now[:, 0] - baseline_y, baseline_y - now[:, 1]).clip(0)
        own[0] = MISSING_COST
        came_from.append(total.argmin(axis=0))
        cost, before = total.min(axis=0) + own, now
    state, chosen = int(cost.argmin()), []
    for states in reversed(came_from):
        chosen.append(state)
        state = int(states[state])
    return chosen[::-1]


@pytest.mark.parametrize("most_runs", [8, 2 * CROWDED_RUNS])
@pytest.mark.parametrize("seed", range(8))
def test_the_chains_are_the_cheapest(seed: int, most_runs: int) -> None:
    """Where columns are crowded, where none is, and from one kind to the other."""
    rng = np.random.default_rng(seed)
    columns = []
    for _ in range(40):
        count = int(rng.integers(0, most_runs + 1))
        edges = np.sort(rng.choice(20 * most_runs, 2 * count, replace=False)).astype(np.float64)
        columns.append(edges.reshape(-1, 2))
    baseline_y = np.array([20.5, 80.5, 130.5])
    found = cheapest_chains(columns, baseline_y)
    assert found.tolist() == [_by_every_pair(columns, float(y)) for y in baseline_y]


def test_a_page_full_of_lines_takes_no_longer_than_its_ink() -> None:
    """Every pair of 250 runs a column in 35 rows took 10 s: of 250 by 250 pairs only neighbours are looked at."""
    lines_y = np.arange(0, 1500, 6, dtype=np.float64)
    columns = [np.column_stack([lines_y, lines_y + 1])] * 300
    pairs = sum(len(near.old) for near in near_pairs(columns))
    assert pairs <= 3 * len(lines_y) * len(columns)
