"""Matrices are multiplied in the thread that asks, whatever the environment says."""

import os
import subprocess
import sys

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
