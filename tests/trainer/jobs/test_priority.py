"""A training computes only when nobody else wants the processor, and leaves a core to the app."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from annotations.store import Store
from trainer import jobs
from trainer.jobs.priority import YIELDS, threads_to_use
from trainer.runs.files import lock_holder, run_folder

TELL = """
import contextlib, json, os, pathlib
from trainer.jobs.priority import lower_priority
lower_priority()
found = [os.nice(0), os.sched_getscheduler(0)]
with contextlib.suppress(OSError):  # seen enough: on a busy machine it would take minutes to leave
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    pathlib.Path("/proc/self/autogroup").write_text("0")
print(json.dumps([*found, int(os.environ["OMP_NUM_THREADS"])]))
"""


def after_giving_way(**environment: str) -> list[int]:
    """Niceness, scheduler and threads, as PyTorch is told them, of a process that has given way."""
    own = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", YIELDS)}
    # In a session of its own: Linux would keep the niceness for all that runs in this one, and for its terminal.
    done = subprocess.run(
        [sys.executable, "-c", TELL], env=own | environment, capture_output=True, check=True, start_new_session=True
    )
    found: list[int] = json.loads(done.stdout)
    return found


def test_one_core_is_left_to_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(YIELDS)
    monkeypatch.delenv("OMP_NUM_THREADS")
    for cores, threads in ((1, 1), (2, 1), (16, 15)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert threads_to_use() == threads
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_to_use() == 3


def test_a_process_gives_way() -> None:
    cores = len(os.sched_getaffinity(0))
    assert after_giving_way() == [19, os.SCHED_IDLE, max(1, cores - 1)]
    assert after_giving_way(OMP_NUM_THREADS="1") == [19, os.SCHED_IDLE, 1]
    assert after_giving_way(**{YIELDS: "0"}) == [os.nice(0), os.SCHED_OTHER, cores]


def test_a_training_gives_way(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(YIELDS)
    run = jobs.start(prepared, by="Ada", recipe="tiny", folds=2, device="cpu")
    deadline = time.monotonic() + 60
    while (pid := lock_holder(run_folder(prepared.folder, run.id))) is None or os.sched_getscheduler(pid) == 0:
        assert time.monotonic() < deadline, jobs.log_tail(prepared, run.id)
        time.sleep(0.05)
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    os.kill(pid, signal.SIGKILL)
    assert jobs.follow(prepared, run.id).state == "interrupted"
