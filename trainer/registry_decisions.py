"""Who lets which bundle answer, and how to go back; loads no network."""

from annotations.activations import Activation, activations, record_activation
from annotations.model import StoreError
from annotations.store import Store
from annotations.training_runs import RunState, move_run, runs_of_bundle
from ecgcore.manifest import check_files
from trainer.registry import BundleFacts, bundle, present_version


def activate(store: Store, version: str, by: str, reason: str) -> BundleFacts:
    """Let a bundle answer from now on.

    Args:
        version: the starter, an earlier active bundle, or the candidate of a run that compared it.
        by: the person who decides.
        reason: why; not empty.

    Raises:
        StoreError: name or reason is empty, there is no such bundle, it answers already, or nobody compared it with
            the bundle in use.
        BadBundle: a file of it is missing or altered.
    """
    chosen = bundle(store, version)
    if not (chosen.is_compared or chosen.origin == "starter" or _was_active(store, version)):
        raise StoreError(
            f"{version} was not compared with {present_version(store)}, the bundle in use.",
            "Compare it first; then a person can decide.",
        )
    _put_in_place(store, chosen, by, reason, is_rollback=False)
    return bundle(store, version)


def rollback(store: Store, by: str, reason: str = "Rolled back.") -> BundleFacts:
    """Go back to the bundle that answered before the present one was activated.

    Raises:
        StoreError: the name is empty, or there is nothing to go back to.
        BadBundle: that bundle is damaged.
    """
    target = rollback_target(store)
    if target is None:
        raise StoreError("There is no earlier bundle to go back to.", "Activate another bundle instead.")
    chosen = bundle(store, target)
    _put_in_place(store, chosen, by, reason, is_rollback=True)
    return bundle(store, target)


def rollback_target(store: Store) -> str | None:
    """The version that ``rollback`` goes back to; None where there is none."""
    present = present_version(store)
    for decision in activations(store):
        if decision.version == present and not decision.is_rollback:
            return decision.previous_version
    return None


def reject(store: Store, version: str, by: str, reason: str) -> None:
    """Say that a candidate will not be used; it stays where it is.

    Raises:
        StoreError: name or reason is empty, or it is no candidate.
    """
    by, reason = store.add_person(by), reason.strip()
    if not reason:
        raise StoreError("Rejecting a candidate needs a reason.", "Say in a few words why.")
    if not _move_runs(store, version, "candidate", "rejected", f"{by}: {reason}"):
        raise StoreError(f"{version} is no candidate.", "Only the bundle of a finished run can be rejected.")


def history(store: Store) -> list[Activation]:
    """Who made which bundle active, when and why; newest first."""
    return activations(store)


def _put_in_place(store: Store, chosen: BundleFacts, by: str, reason: str, *, is_rollback: bool) -> None:
    present = present_version(store)
    if chosen.version == present:
        raise StoreError(f"{present} answers already.", "Choose another bundle.")
    check_files(chosen.folder)
    record_activation(
        store,
        chosen.version,
        present,
        is_starter=chosen.origin == "starter",
        is_rollback=is_rollback,
        person=by,
        reason=reason,
    )
    words = f"{by}: {reason.strip()}"
    # What was taken back was rejected; what was only replaced may come back.
    _move_runs(store, present, "active", "rejected" if is_rollback else "candidate", words)
    for state in ("candidate", "rejected"):
        _move_runs(store, chosen.version, state, "active", words)


def _move_runs(store: Store, version: str, of: RunState, to: RunState, message: str) -> bool:
    """Move the runs that made or compared a bundle; whether there was one in the state ``of``."""
    moved = [move_run(store, run.id, to, of=(of,), message=message) for run in runs_of_bundle(store, version)]
    return any(moved)


def _was_active(store: Store, version: str) -> bool:
    return any(version in (decision.version, decision.previous_version) for decision in activations(store))
