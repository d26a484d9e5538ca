"""Matrices are multiplied in the thread that asks; work in several threads keeps its order and its bounds."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.threads import in_order

CODE = """
import numpy as np
from threadpoolctl import threadpool_info
from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
try:
    prepare_page(np.zeros((8, 8, 3), np.uint8))
except NotScreenableError:
    pass
print({library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"})
"""


def test_whoever_reads_a_page_multiplies_in_one_thread() -> None:
    asks_for_two = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=asks_for_two, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "{1}"


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_results_come_in_order_and_no_more_is_taken_than_is_worked_on(waits_ms: list[int], at_once: int) -> None:
    taken, handed_on, most = 0, 0, 0
    running, most_running, lock = 0, 0, threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken, most
        for number in range(len(waits_ms)):
            taken += 1
            most = max(most, taken - handed_on)
            yield number

    def work(number: int) -> int:
        nonlocal running, most_running
        with lock:
            running += 1
            most_running = max(most_running, running)
        time.sleep(waits_ms[number] / 1000)
        with lock:
            running -= 1
        return number

    results = []
    for result in in_order(work, items(), at_once):
        results.append(result)
        handed_on += 1
    assert results == list(range(len(waits_ms)))
    assert most <= at_once + 1
    assert most_running <= at_once


@pytest.mark.parametrize("at_once", [1, 3])
def test_an_error_comes_in_its_place_and_ends_the_work(at_once: int) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise ValueError("the third")
        return number

    results = in_order(work, range(100), at_once)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(results)
    assert len(begun) <= 3 + at_once


def test_whoever_stops_asking_begins_no_more() -> None:
    begun: list[int] = []
    results = in_order(begun.append, range(100), 2)
    next(results)
    results.close()
    so_far = len(begun)
    time.sleep(0.05)
    assert len(begun) == so_far <= 4
