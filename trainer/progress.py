"""What a training tells whoever sits before a terminal, or reads its log."""

import sys
from typing import Any

from ecgcore.printable import printable


def show_progress(event: dict[str, Any]) -> None:
    """One line an epoch on standard error, and each step in place where that is a terminal."""
    is_step = "step" in event and "message" not in event
    if is_step and not sys.stderr.isatty():
        return
    words = [f"fold {event['fold']}"] if "fold" in event else []
    words += ["final"] if event.get("part") == "final" else []
    words += [event["stage"]] if event["stage"] != "fold" else []
    words += ["finished"] if event.get("finished") else []
    for name in ("epoch", "step"):
        if name in event:
            words.append(f"{name} {event[name]}" + (f"/{event[name + 's']}" if name + "s" in event else ""))
    words += [f"{key} {value:.4f}" for key, value in event.items() if isinstance(value, float)]
    words += [event["message"]] if "message" in event else []
    if is_step:
        sys.stderr.write(f"\r{printable(' '.join(words))}\x1b[K")
        sys.stderr.flush()
    else:
        tell(" ".join(words))


def tell(text: str) -> None:
    """One line on standard error, in the place of an unfinished one."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{printable(text)}\n")
    sys.stderr.flush()
