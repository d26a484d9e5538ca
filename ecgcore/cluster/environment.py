"""What Ray is told before it is loaded: to tell nobody, and to keep its own cluster to this machine and account."""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TypedDict

from ecgcore.errors import EcgError
from ecgcore.threads import cores

AUTO = "auto"
THIS_MACHINE = "127.0.0.1"
OBJECT_STORE_BYTES = 512 * 2**20
"""Results of pages are text, some kilobytes each; Ray would take a third of the memory."""

TELLS_NOBODY = {"RAY_USAGE_STATS_ENABLED": "0"}
"""By default Ray tells its makers what runs."""
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""Ports answer to this machine alone, as Ray does it on Windows and macOS, and to who has the token."""


class RayOptions(TypedDict, total=False):
    """Arguments of ``ray.init`` by their names there."""

    address: str
    num_cpus: int
    include_dashboard: bool
    object_store_memory: int
    _node_ip_address: str
    _temp_dir: str


def check_installed(*packages: str) -> None:
    """Raise EcgError where Ray, or what else is needed with it, is not installed."""
    if any(find_spec(package) is None for package in packages):
        raise EcgError("This is done by Ray, which is not installed.", "Install it by `make cluster`.")


@contextmanager
def ray_environment(address: str, workers: int | None) -> Iterator[RayOptions]:
    """The options of ``ray.init``, and the environment that they need: Ray reads it when it is imported, and later.

    Args:
        address: of a cluster that this machine belongs to, as ``10.0.0.1:6379``; ``AUTO`` for that of the variable
            ``RAY_ADDRESS``, else for one on this machine alone, which ends with the run.
        workers: processors of a cluster on this machine; None for all of them.
    """
    address = os.environ.get("RAY_ADDRESS", "") if address == AUTO else address
    if address:
        with _variables(TELLS_NOBODY):
            yield {"address": address}
        return
    with ExitStack() as stack:
        stack.enter_context(_variables({**TELLS_NOBODY, **ALONE, "RAY_AUTH_TOKEN": secrets.token_hex(32)}))
        yield {
            "address": "local",
            "num_cpus": workers or cores(),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_node_ip_address": THIS_MACHINE,
            "_temp_dir": stack.enter_context(
                tempfile.TemporaryDirectory(prefix="ecg-ray-", ignore_cleanup_errors=True)
            ),
        }


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
