"""Long work of the Dataset page: it runs in a thread of the server, and every session sees how far it is."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ecgcore.errors import EcgError
from pages.parts.common.words import plain, plain_lines

Report = Callable[[int, int], None]


@dataclass
class Job:
    """One piece of long work.

    Args:
        what: in words, for the bar.
        done, of: how far it is.
        stopped: what to say where somebody stopped it; empty where nobody can.
        result: what to say when it is finished, in lines of plain text; None while it runs.
        failed: whether ``result`` is bad news.
        is_stopping: whether somebody asked it to stop.
    """

    what: str
    done: int = 0
    of: int = 0
    stopped: str = ""
    result: str | None = None
    failed: bool = False
    is_stopping: bool = False

    def stop(self) -> None:
        """Let it end at its next step."""
        self.is_stopping = True


class JobStoppedError(EcgError):
    """Somebody stopped the work; ``Report`` raises it."""


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


def start(name: str, what: str, work: Callable[[Report], str], *, stopped: str = "") -> None:
    """Start work under a name unless it runs already.

    Args:
        name: of the work, of which there is one at a time.
        what: in words, for the bar.
        work: is given the progress to call, which ends it where somebody stopped it, and returns its result.
        stopped: what is said then, and what became of the work; empty where it cannot be stopped.
    """
    if running(name):
        st.toast(f"{plain(what)} is running already.")
        return
    job = _jobs()[name] = Job(what, stopped=stopped)

    def report(done: int, of: int) -> None:
        job.done, job.of = done, of
        if job.is_stopping:
            raise JobStoppedError(job.stopped)

    def run() -> None:
        try:
            job.result = work(report)
        except JobStoppedError:
            job.result = job.stopped
        except EcgError as error:
            job.failed, job.result = True, str(error)
        except Exception as error:  # a thread has nobody above it to tell
            job.failed, job.result = True, f"{what} stopped: {type(error).__name__}. See the server's log."
            raise

    threading.Thread(target=run, name=name, daemon=True).start()


def running(name: str) -> bool:
    """Whether work of this name is under way."""
    job = _jobs().get(name)
    return job is not None and job.result is None


def show(name: str) -> None:
    """The bar while it runs, refreshed every second, and the result afterwards."""
    st.fragment(_show, run_every=1.0 if running(name) else None)(name, running(name))


def _show(name: str, was_running: bool) -> None:
    job = _jobs().get(name)
    if job is None:
        return
    if job.result is None:
        share = job.done / job.of if job.of else 0.0
        words = "Stopping" if job.is_stopping else plain(job.what)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(share, text=f"{words}: {job.done} of {job.of}" if job.of else f"{words} ...", width="stretch")
            if job.stopped:
                st.button(
                    "Stop", key=f"stop-{name}", icon=":material/stop:", disabled=job.is_stopping, on_click=job.stop
                )
    elif was_running:
        st.rerun()
    elif job.failed:
        st.error(plain_lines(job.result))
    else:
        st.success(plain_lines(job.result))
