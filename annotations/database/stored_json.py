"""Values that rows of the database keep as JSON: read back, or named as damaged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import JsonValue

from annotations.model import StoreError


class DamagedRowError(StoreError):
    """A row of the database holds something else than this program wrote."""


@contextmanager
def stored(what: str) -> Iterator[None]:
    """Say of which row the values cannot be understood.

    Args:
        what: names the row in the message, as in "The draft of page 3".

    Raises:
        DamagedRowError: what is done in the block does not fit the values.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # of whatever else the JSON may hold
        raise DamagedRowError(
            f"{what} is damaged in the database.", "Run python -m annotations check, and restore a backup."
        ) from error


def stored_object(text: str, what: str) -> dict[str, JsonValue]:
    """A row's JSON object.

    Args:
        text: of the row.
        what: names the row in the message.

    Raises:
        DamagedRowError: it is none.
    """
    with stored(what):
        return dict(json.loads(text))
