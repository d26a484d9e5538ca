"""HL7 annotated ECG (aECG), the form in which the FDA takes ECGs: HL7 V3, release 1, 2003; ANSI/HL7 V3 ECG, R1-2004.

A series holds sequence sets, a set one sequence of times and one for each lead: digits, times a scale, from an origin.
"""

from datetime import datetime
from xml.etree.ElementTree import Element

from ecgcore.errors import UnreadablePictureError
from ecgcore.recordings.assemble import Stretch, assemble_rates
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.units import mv_per
from ecgcore.recordings.xml_tree import numbers_of, text_of

FORMAT = "an HL7 aECG file"
MAX_SERIES = 20
_RHYTHM = "RHYTHM"
_S_PER = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


def aecg_recordings(root: Element, name: str) -> list[Recording]:
    """The recordings of an ``AnnotatedECG`` document: one for each rhythm series.

    Args:
        root: of the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it holds no rhythm that can be read.
    """
    series = [s for s in root.findall("component/series") if _code(s).upper() == _RHYTHM]
    series = series or root.findall("component/series")
    found = [_recording(one, name) for one in series[:MAX_SERIES]]
    if not found:
        raise UnreadablePictureError(f"{name} is {FORMAT} without a series of samples.", EXPORT)
    return found


def _recording(series: Element, name: str) -> Recording:
    by_rate: dict[float, list[Stretch]] = {}
    for sequences in series.findall("component/sequenceSet"):
        step_s, start_s, stretches = _sequences(sequences)
        if step_s > 0:
            by_rate.setdefault(round(1 / step_s, 6), []).extend(
                Stretch(s.lead, s.values_mv, start_s) for s in stretches
            )
    return assemble_rates(by_rate, FORMAT, name)


def _sequences(sequences: Element) -> tuple[float, float, list[Stretch]]:
    """Seconds between samples, when the first was taken, and the leads."""
    step_s, start_s, stretches = 0.0, 0.0, []
    for sequence in sequences.findall("component/sequence"):
        value = sequence.find("value")
        if value is None:
            continue
        if _code(sequence).startswith("TIME_"):
            step_s, start_s = _seconds(value.find("increment")), _seconds(value.find("head"))
            continue
        origin, scale = value.find("origin"), value.find("scale")
        mv = None if scale is None else mv_per(scale.get("unit", ""))
        if scale is None or mv is None:  # neither a voltage nor a lead
            continue
        first_mv = 0.0 if origin is None else float(origin.get("value", 0)) * (mv_per(origin.get("unit", "")) or mv)
        values_mv = numbers_of(text_of(value, "digits")) * (float(scale.get("value", 1)) * mv) + first_mv
        stretches.append(Stretch(_code(sequence), values_mv))
    return step_s, start_s, stretches


def _code(element: Element) -> str:
    code = element.find("code")
    return "" if code is None else code.get("code", "")


def _seconds(quantity: Element | None) -> float:
    """A physical quantity of time, or a point in time (``YYYYMMDDHHMMSS.fff``), in seconds."""
    if quantity is None or not quantity.get("value"):
        return 0.0
    value = quantity.get("value", "")
    whole, _, fraction = value.partition(".")
    if len(whole) == 14 and whole.isdigit():
        return datetime.strptime(whole, "%Y%m%d%H%M%S").timestamp() + float(f"0.{fraction[:6] or 0}")
    return float(value) * _S_PER.get(quantity.get("unit", "s"), 1.0)
