"""Hand-made messages of every component, through the app's own pages: how many end in a traceback.

python -m benchmarks.hostile.messages --count 1000

A message is put where the browser's would arrive, as JSON under the component's id, so that Streamlit's reading of it
and the pages' callbacks take part. After each the page must have no traceback, and the reading on the desk must be what
it was, but for what an honest drawing of the same shape would change.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from ecgcore.bundle.manifest import starter_folder
from tests.support.browser_messages import Session, review_messages, screen_messages, served
from tests.support.hostile_values import mutated


def main() -> int:
    """Print what each component made of its messages; 1 where one ended in a traceback or changed a reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, began = random.Random(options.seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "data", starter_folder()):
        session = Session()
        for number in range(options.count):
            if number < options.count // 2:
                session.show_review()
                messages = review_messages(session.app)
            else:
                session.show_screen()
                messages = screen_messages()
            key, honest, event = draw.choice(messages)
            said = mutated(honest, draw)
            session.hear(key, said.get("value") if event == "remove" and isinstance(said, dict) else said, event)
    print(f"messages by component: {dict(session.sent)}")
    print(
        f"of {session.sent.total()} in {time.monotonic() - began:.0f} s: tracebacks {session.failures}, "
        f"readings changed by an ignored message {session.losses}"
    )
    return int(session.failures + session.losses > 0)


if __name__ == "__main__":
    sys.exit(main())
