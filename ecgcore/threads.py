"""What is computed in how many threads."""

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def multiply_in_one_thread() -> None:
    """Let NumPy, SciPy and OpenCV multiply matrices in the thread that asks, for the rest of this process.

    Their matrices are small here, and OpenBLAS's threads wait for each other at full speed: where another reader or a
    training has the second core, finding which way up a page is took 1.2 s of processor instead of 0.02 s. The
    networks' threads are those of PyTorch and ONNX Runtime, which wait asleep.
    """
    threadpool_limits(limits=1, user_api="blas")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> Iterator[Result]:
    """Do the work on several items at once and hand the results on in the items' order.

    At most one item more than is worked on has been taken from ``items``, in the thread that asks for results; whoever
    stops asking waits for what is being worked on, and no more is begun.

    Args:
        work: may run in several threads.
        items: as they come.
        at_once: threads; with 1 nothing is begun before it is asked for.
    """
    if at_once <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(at_once) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
