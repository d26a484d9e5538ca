"""Puts a recording together from the stretches of lead that a file holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.recordings.lead_names import standard_lead
from ecgcore.recordings.limb_leads import missing_limb_leads
from ecgcore.recordings.recording import EXPORT, FEW_LEADS, FEW_LEADS_S, PAGE_S, Recording

FS_HZ = 50.0, 20_000.0
"""Slower sampling shows no QRS complex; faster is no ECG machine's."""
SHORTEST_S = 2.0
"""A median beat is 1.2 s; what is shorter than this holds no two beats of a usual rhythm."""
TALLEST_MV, LOWEST_MV = 50.0, 0.05
"""From lowest to highest value of the tallest lead; an ECG has some 0.5 to 10 mV, so these mean another unit."""
FLAT_MV = 1e-6
BRIDGED_S = 0.02
"""Samples that are missing for no longer are taken to lie on a straight line: a fifth of a QRS complex."""
READ_S = 600.0
"""Of a longer recording so much is looked at."""
ABOUT_S = 1.0
"""A recording that is no longer than this beyond what is shown counts as shown whole."""
MAX_UNNAMED = 3
"""Of channels that bear no lead's name."""


@dataclass(frozen=True)
class Stretch:
    """One lead's samples as a file holds them.

    Args:
        lead: as the file calls it.
        values_mv: millivolts, ``[n]``, NaN where not recorded.
        start_s: when it begins, on a clock that all stretches of the recording share.
    """

    lead: str
    values_mv: FloatArray
    start_s: float = 0.0


def assemble(stretches: Sequence[Stretch], fs_hz: float, format_: str, name: str) -> Recording:
    """Put a recording together from its leads' stretches, and cut out what a page shows.

    Limb leads that are missing are computed from two that are there. Flat leads were not recorded.

    Args:
        stretches: as read, of one sampling rate; several of one lead fill each other's gaps.
        fs_hz: the sampling rate.
        format_: as in ``Recording``.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: no lead, no signal, too short, or a sampling rate or heights that no ECG has.
    """
    if not FS_HZ[0] <= fs_hz <= FS_HZ[1]:
        cause = f"{name} states {fs_hz:g} samples a second; {FS_HZ[0]:g} to {FS_HZ[1]:g} can be read."
        raise UnreadablePictureError(cause, EXPORT)
    stretches, others = _of_leads(stretches)
    if not stretches:
        raise UnreadablePictureError(f"{name} is {format_}, but no lead in it holds a signal.", EXPORT)
    first_s = min(s.start_s for s in stretches)
    duration_s = max(s.start_s - first_s + len(s.values_mv) / fs_hz for s in stretches)
    if duration_s < SHORTEST_S:
        cause = f"{name} holds {duration_s:.1f} s of signal; {SHORTEST_S:g} s are needed at least."
        raise UnreadablePictureError(cause, "Export the whole recording, not its median beat.")
    by_lead = _on_one_axis(stretches, first_s, fs_hz)
    derived = missing_limb_leads(by_lead)
    order = sorted([*by_lead, *derived], key=lambda lead: LEADS.index(lead) if lead in LEADS else len(LEADS))
    leads_mv = np.stack([by_lead[lead] if lead in by_lead else derived[lead] for lead in order])
    start = _first(leads_mv)
    count = round((FEW_LEADS_S / len(order) if len(order) <= FEW_LEADS else PAGE_S) * fs_hz)
    part = leads_mv[:, start : start + count]
    _check_heights(part, name)
    notes = _notes(order, derived, others, part.shape[1] / fs_hz, duration_s)
    return Recording(
        format=format_, leads=tuple(order), leads_mv=part.astype(np.float32), fs_hz=float(fs_hz),
        duration_s=duration_s, start_s=start / fs_hz, notes=notes,
    )  # fmt: skip


def assemble_rates(by_rate: Mapping[float, Sequence[Stretch]], format_: str, name: str) -> Recording:
    """As ``assemble``, from files whose channels have rates of their own: those of the rate with most leads.

    Args:
        by_rate: the stretches by their sampling rate.
        format_: as in ``Recording``.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: as ``assemble``, or there is no rate.
    """
    if not by_rate:
        raise UnreadablePictureError(f"{name} is {format_} that does not say its sampling rate.", EXPORT)
    named = {rate: sum(standard_lead(s.lead) is not None for s in found) for rate, found in by_rate.items()}
    fs_hz = max(named, key=lambda rate: (named[rate], rate))
    return assemble(by_rate[fs_hz], fs_hz, format_, name)


def _of_leads(stretches: Sequence[Stretch]) -> tuple[list[Stretch], list[str]]:
    """The stretches of the twelve leads by their names, else of a few unnamed channels; and the channels left aside."""
    recorded = [s for s in stretches if np.ptp(_known(s.values_mv)) > FLAT_MV]
    chosen = [replace(s, lead=lead) for s in recorded if (lead := standard_lead(s.lead)) is not None]
    others = list(dict.fromkeys(s.lead for s in recorded if standard_lead(s.lead) is None))
    if chosen:
        return chosen, others
    return [s for s in recorded if s.lead in others[:MAX_UNNAMED]], others[MAX_UNNAMED:]


def _on_one_axis(stretches: list[Stretch], first_s: float, fs_hz: float) -> dict[str, FloatArray]:
    """Each lead from the recording's start, ``[n]``, NaN where not recorded, as far as ``READ_S``."""
    most = round(READ_S * fs_hz)
    placed = [(s.lead, round((s.start_s - first_s) * fs_hz), s.values_mv) for s in stretches]
    placed = [(lead, at, values[: most - at]) for lead, at, values in placed if at < most]
    n = max(at + len(values) for _, at, values in placed)
    by_lead: dict[str, FloatArray] = {}
    for lead, at, values in sorted(placed, key=lambda one: -len(one[2])):
        place = by_lead.setdefault(lead, np.full(n, np.nan))[at : at + len(values)]
        gap = np.isnan(place)
        place[gap] = values[gap]
    return {lead: _bridged(values, round(BRIDGED_S * fs_hz)) for lead, values in by_lead.items()}


def _bridged(values_mv: FloatArray, most: int) -> FloatArray:
    """A lead whose gaps of at most so many samples are closed."""
    known = np.flatnonzero(np.isfinite(values_mv))
    closed = values_mv.copy()
    for before in np.flatnonzero((np.diff(known) > 1) & (np.diff(known) <= most + 1)).tolist():
        first, last = known[before], known[before + 1]
        closed[first : last + 1] = np.linspace(values_mv[first], values_mv[last], last - first + 1)
    return closed


def _known(values: FloatArray) -> FloatArray:
    known = values[np.isfinite(values)]
    return known if len(known) else np.zeros(1)


def _first(leads_mv: FloatArray) -> int:
    """The first sample of a whole page of all leads, else of the recording."""
    together = np.flatnonzero(np.isfinite(leads_mv).all(axis=0))
    return int(together[0]) if len(together) else 0


def _check_heights(leads_mv: FloatArray, name: str) -> None:
    tallest_mv = max(float(np.ptp(_known(lead))) for lead in leads_mv)
    if not LOWEST_MV <= tallest_mv <= TALLEST_MV:
        cause = f"{name} has leads that span {tallest_mv:.3g} mV, which no heart makes: its unit is not known."
        raise UnreadablePictureError(cause, "Export it in mV or µV, with the unit said in the file.")


def _notes(
    order: list[str], derived: dict[str, FloatArray], others: list[str], shown_s: float, duration_s: float
) -> tuple[str, ...]:
    notes = []
    if duration_s > shown_s + ABOUT_S:
        notes.append(f"The recording lasts {duration_s:.0f} s; {shown_s:.0f} s of it are shown and judged.")
    if derived:
        notes.append(f"{_listed([lead for lead in order if lead in derived])} computed from two other limb leads.")
    if others:
        notes.append(f"{len(others)} further channels, which are none of the twelve leads, are left out.")
    return tuple(notes)


def _listed(words: list[str]) -> str:
    return f"{words[0]} was" if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]} were"
