"""GE's XML: MUSE (``RestingECG``, 16-bit samples in base64) and CardioSoft (``CardiologyXML``, numbers between commas).

MUSE stores I, II and V1 to V6; the other limb leads are computed. Element names as in GE's MUSE XML Developer's Guide.
"""

import base64
from xml.etree.ElementTree import Element

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.units import mv_per
from ecgcore.recordings.xml_tree import numbers_of, text_of

MUSE, CARDIOSOFT = "a GE MUSE file", "a GE CardioSoft file"
_USUAL_MICROVOLTS = "4.88"
"""A step of all MUSE recordings."""


def muse_recordings(root: Element, name: str) -> list[Recording]:
    """The rhythm of a ``RestingECG`` document.

    Args:
        root: of the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without rhythm, or in another unit than a voltage.
    """
    rhythm = [wave for wave in root.iter("Waveform") if text_of(wave, "WaveformType", "Rhythm").upper() == "RHYTHM"]
    if not rhythm:
        raise UnreadablePictureError(f"{name} is {MUSE} without a rhythm, as one with the median beat alone.", EXPORT)
    fs_hz = float(text_of(rhythm[0], "SampleBase")) * 10 ** float(text_of(rhythm[0], "SampleExponent", "0"))
    stretches = []
    for lead in rhythm[0].findall("LeadData"):
        mv = mv_per(text_of(lead, "LeadAmplitudeUnits", "uV"))
        if mv is None:
            raise UnreadablePictureError(f"{name} is {MUSE} whose unit is no voltage.", EXPORT)
        step_mv = float(text_of(lead, "LeadAmplitudeUnitsPerBit", _USUAL_MICROVOLTS)) * mv
        stretches.append(Stretch(text_of(lead, "LeadID"), _samples(text_of(lead, "WaveFormData")) * step_mv))
    return [assemble(stretches, fs_hz, MUSE, name)]


def cardiosoft_recordings(root: Element, name: str) -> list[Recording]:
    """The rhythm of a ``CardiologyXML`` document.

    Args:
        root: of the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without rhythm, or in another unit than a voltage.
    """
    strip = next(root.iter("StripData"), None)
    resolution = None if strip is None else strip.find("Resolution")
    if strip is None or resolution is None:
        raise UnreadablePictureError(f"{name} is {CARDIOSOFT} without a rhythm.", EXPORT)
    mv = mv_per(resolution.get("units", "uV").lower().removesuffix("perlsb"))
    if mv is None:
        raise UnreadablePictureError(f"{name} is {CARDIOSOFT} whose unit is no voltage.", EXPORT)
    step_mv = float(text_of(strip, "Resolution")) * mv
    stretches = [
        Stretch(wave.get("lead", ""), numbers_of("".join(wave.itertext())) * step_mv)
        for wave in strip.iter("WaveformData")
    ]
    return [assemble(stretches, float(text_of(strip, "SampleRate")), CARDIOSOFT, name)]


def _samples(text: str) -> FloatArray:
    """Samples of one lead: in base64, or as numbers between commas, as small cardiographs write them."""
    if "," in text:
        return numbers_of(text)
    data = base64.b64decode(text)
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64)
