"""Schiller's XML (SEMA data exchange): samples as numbers between commas, in events with rhythm and averaged beats.

There is no published standard; element names as in the exports of SEMA and of the devices AT-102 and CS-200.
"""

from xml.etree.ElementTree import Element

from ecgcore.errors import UnreadablePictureError
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.units import mv_per
from ecgcore.recordings.xml_tree import numbers_of, text_of

FORMAT = "a Schiller ECG file"
MAX_EVENTS = 20
_NUMBERS = {"", "COMMASEPARATE", "COMMASEPARATED"}
_USUAL_EXPONENTS = {"", "0", "1"}


def schiller_recordings(root: Element, name: str) -> list[Recording]:
    """The recordings of a ``SchillerEDI`` document: the rhythm of each event.

    Args:
        root: of the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without rhythm, or its samples are written in a way that is not read.
    """
    rhythms = [wave for wave in root.iter("wavedata") if text_of(wave, "type").upper().startswith("ECG_RHYTHM")]
    if not rhythms:
        raise UnreadablePictureError(f"{name} is {FORMAT} without a rhythm.", EXPORT)
    return [_recording(wave, name) for wave in rhythms[:MAX_EVENTS]]


def _recording(wave: Element, name: str) -> Recording:
    if text_of(wave, "resolution/samplerate/exponent") not in _USUAL_EXPONENTS:
        raise UnreadablePictureError(f"{name} is {FORMAT} whose sampling rate is written in an unknown way.", EXPORT)
    fs_hz = float(text_of(wave, "resolution/samplerate/value") or text_of(wave, "resolution/samplerate"))
    per_step = float(text_of(wave, "resolution/yres/unitperbit") or text_of(wave, "resolution/yres"))
    mv = mv_per(text_of(wave, "resolution/yres/units", "uV"))
    if mv is None:
        raise UnreadablePictureError(f"{name} is {FORMAT} whose unit is no voltage.", EXPORT)
    stretches = []
    for channel in wave.findall("channel"):
        if text_of(channel, "datastype").upper() not in _NUMBERS:
            raise UnreadablePictureError(f"{name} is {FORMAT} whose samples are packed, which is not read.", EXPORT)
        stretches.append(Stretch(text_of(channel, "name"), numbers_of(text_of(channel, "data")) * (per_step * mv)))
    return assemble(stretches, fs_hz, FORMAT, name)
