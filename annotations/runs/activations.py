"""Which bundle answers, and who decided that, when and why; every decision is kept."""

from dataclasses import dataclass

from annotations.model import StoreError
from annotations.store import Store, now


@dataclass(frozen=True, slots=True)
class Activation:
    """One decision.

    Args:
        id: row number; later is larger.
        version: the bundle that was made active.
        previous_version: the one that was active until then.
        is_rollback: whether it went back to an earlier bundle.
        person: who decided.
        reason: why.
        at: UTC, ISO 8601.
    """

    id: int
    version: str
    previous_version: str
    is_rollback: bool
    person: str
    reason: str
    at: str


def active_version(store: Store) -> str | None:
    """The bundle that was made active; None where it is the starter."""
    row = store.row("SELECT version FROM bundle WHERE is_active = 1")
    return None if row is None else str(row["version"])


def record_activation(
    store: Store, version: str, previous_version: str, *, is_starter: bool, is_rollback: bool, person: str, reason: str
) -> None:
    """Make a bundle active.

    Args:
        store: where.
        version: the bundle.
        previous_version: the one that is active until now.
        is_rollback: whether it goes back to an earlier bundle.
        person: who decides.
        reason: why.
        is_starter: it is the bundle that ships with the program; it is active where no other is.

    Raises:
        StoreError: name or reason is empty, or another bundle was activated in the meantime.
    """
    person, reason = store.add_person(person), reason.strip()
    if not reason:
        raise StoreError("Activating a model needs a reason.", "Say in a few words why.")
    with store.writing() as connection:
        before = active_version(store)
        if before is not None and before != previous_version:
            raise StoreError(f"{before} was activated in the meantime.", "Look at the list of models again.")
        connection.execute("UPDATE bundle SET is_active = 0 WHERE is_active = 1")
        if not is_starter:
            connection.execute(
                "INSERT INTO bundle (version, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (version, now())
            )
            connection.execute("UPDATE bundle SET is_active = 1 WHERE version = ?", (version,))
        connection.execute(
            """INSERT INTO activation (version, previous_version, is_rollback, person, reason, at)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (version, previous_version, is_rollback, person, reason, now()),
        )


def activations(store: Store) -> list[Activation]:
    """All decisions, newest first."""
    rows = store.rows(
        "SELECT id, version, previous_version, is_rollback, person, reason, at FROM activation ORDER BY id DESC"
    )
    return [Activation(**{**row, "is_rollback": bool(row["is_rollback"])}) for row in rows]
