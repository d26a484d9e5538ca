"""Who puts which bundle in use, and how to go back; loads no network."""

from collections.abc import Sequence

from annotations.model import StoreError
from annotations.runs.activations import Activation, activations, record_activation
from annotations.runs.training_runs import RunState, move_run, runs_of_bundle
from annotations.store import Store
from ecgcore.bundle.manifest import check_files
from trainer.registry.catalogue import BundleFacts, bundle, present_version
from trainer.registry.comparisons import comparison_of

_NO_REASON = "Making a model active needs a reason."


class UnconfirmedError(StoreError):
    """It is not known whether a bundle is better than the one in use, and nobody said to use it all the same."""


def activate(store: Store, version: str, by: str, reason: str, *, is_confirmed: bool = False) -> BundleFacts:
    """Use a bundle from now on.

    Args:
        store: the data folder.
        version: the starter, an earlier active bundle, or the candidate of a run that compared it.
        by: the person who decides.
        reason: why; not empty.
        is_confirmed: the person has heard that the comparison with the bundle in use is inconclusive or missing.

    Raises:
        StoreError: name or reason is empty, there is no such bundle, it is in use already, or nobody compared it with
            the bundle in use.
        UnconfirmedError: all that is right, but the comparison tells nothing, and that was not confirmed.
        BundleError: a file of it is missing or altered.
    """
    chosen, present = bundle(store, version), present_version(store)
    if chosen.version == present:
        raise StoreError(f"{present} is in use already.", "Choose another model.")
    if not (chosen.is_compared or chosen.origin == "starter" or _was_active(store, version)):
        raise StoreError(
            f"{version} was not compared with {present}, the model in use.",
            "Compare it first; then a person can decide.",
        )
    if not reason.strip():
        raise StoreError(_NO_REASON, "Say in a few words why.")
    comparison = comparison_of(store, version, present)
    if not is_confirmed and (comparison is None or comparison.verdict == "unknown"):
        raise UnconfirmedError(
            f"{version} was not compared with {present}, the model in use."
            if comparison is None
            else f"The comparison of {version} with {present} is inconclusive: it may be better or worse.",
            "Confirm that it shall be used all the same.",
        )
    _put_in_place(store, chosen, by, reason, is_rollback=False)
    return bundle(store, version)


def rollback(store: Store, by: str, reason: str = "Rolled back.") -> BundleFacts:
    """Go back to the bundle that was in use before the present one was activated.

    Args:
        store: the data folder.
        by: the person who decides.
        reason: why.

    Raises:
        StoreError: the name is empty, or there is nothing to go back to.
        BundleError: that bundle is damaged.
    """
    target = rollback_target(store)
    if target is None:
        raise StoreError("There is no earlier model to go back to.", "Activate another model instead.")
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

    Args:
        store: the data folder.
        version: the candidate.
        by: the person who decides.
        reason: why; not empty.

    Raises:
        StoreError: name or reason is empty, or it is no candidate.
    """
    by, reason = store.add_person(by), reason.strip()
    if not reason:
        raise StoreError("Rejecting a candidate needs a reason.", "Say in a few words why.")
    is_open = bundle(store, version).status not in ("in use", "being compared", "rejected")
    # A run that a roll back once called rejected was not rejected by anybody yet.
    if not is_open or not _move_runs(store, version, ("candidate", "rejected"), "rejected", f"{by}: {reason}"):
        raise StoreError(f"{version} is no candidate.", "Only the model of a finished run can be rejected.")


def history(store: Store) -> list[Activation]:
    """Who made which bundle active, when and why; newest first."""
    return activations(store)


def _put_in_place(store: Store, chosen: BundleFacts, by: str, reason: str, *, is_rollback: bool) -> None:
    present = present_version(store)
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
    # What was replaced or taken back may come back: only a person who rejects it says otherwise.
    _move_runs(store, present, ("active",), "candidate", words)
    _move_runs(store, chosen.version, ("candidate", "rejected"), "active", words)


def _move_runs(store: Store, version: str, of: Sequence[RunState], to: RunState, message: str) -> bool:
    """Move the runs that made or compared a bundle; whether there was one in a state of ``of``."""
    moved = [move_run(store, run.id, to, of=of, message=message) for run in runs_of_bundle(store, version)]
    return any(moved)


def _was_active(store: Store, version: str) -> bool:
    return any(version in (decision.version, decision.previous_version) for decision in activations(store))
