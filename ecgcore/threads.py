"""How many threads the libraries below compute with."""

import functools

from threadpoolctl import threadpool_limits


@functools.cache
def multiply_in_one_thread() -> None:
    """Let NumPy, SciPy and OpenCV multiply matrices in the thread that asks, for the rest of this process.

    Their matrices are small here, and OpenBLAS's threads wait for each other at full speed: where another reader or a
    training has the second core, finding which way up a page is took 1.2 s of processor instead of 0.02 s. The
    networks' threads are those of PyTorch and ONNX Runtime, which wait asleep.
    """
    threadpool_limits(limits=1, user_api="blas")
