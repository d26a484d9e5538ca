"""Philips Sierra ECG XML, versions 1.03 to 1.04.02: 16-bit samples in base64, mostly packed by XLI.

XLI is LZW of second differences. It is unpacked by ``sierraecg`` (C. Watford's Sierra ECG Tools), which worked it out;
samples of the limb leads III, aVR, aVL and aVF are what their law, told I and II, leaves over.
"""

import base64
import struct
from xml.etree.ElementTree import Element

import numpy as np
from sierraecg.xli import xli_decode

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.limb_leads import LIMB_LEADS
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.xml_tree import text_of

FORMAT = "a Philips Sierra ECG file"
MAX_CHANNELS = 24
_USUAL_MICROVOLTS = 5.0
"""A step, where a file does not say it: all Philips cardiographs' (Philips, Sierra ECG schema 1.03)."""
_HEADER = struct.Struct("<i2xh")
"""Of each channel's chunk: bytes that follow, and the first difference."""


def sierra_recordings(root: Element, name: str) -> list[Recording]:
    """The recording of a ``restingecgdata`` document.

    Args:
        root: of the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without samples, or packed in another way.
    """
    waveforms, signal = root.find(".//parsedwaveforms"), root.find(".//signalcharacteristics")
    if waveforms is None or signal is None:
        raise UnreadablePictureError(f"{name} is {FORMAT} without samples.", EXPORT)
    packing = waveforms.get("compressmethod") or waveforms.get("compression") or ""
    if waveforms.get("compressflag", "").lower() == "false" or packing.lower() in {"", "uncompressed", "none"}:
        packing = ""
    if packing not in {"", "XLI"} or waveforms.get("dataencoding", "Base64") != "Base64":
        raise UnreadablePictureError(f"{name} is {FORMAT} whose samples are packed in a way that is not read.", EXPORT)
    data = base64.b64decode("".join(waveforms.itertext()))
    labels = _labels(waveforms, signal)
    fs_hz = float(text_of(signal, "samplingrate"))
    channels = _unpacked(data, labels) if packing else _plain(data, len(labels))
    microvolts = float(text_of(signal, "signalresolution") or text_of(signal, "resolution") or _USUAL_MICROVOLTS)
    count = min(len(channel) for channel in channels)
    steps = dict(zip(labels, (channel[:count] for channel in channels), strict=False))
    steps |= _limb_leads(steps, is_packed=bool(packing))
    stretches = [Stretch(lead, values * (microvolts / 1000)) for lead, values in steps.items()]
    return [assemble(stretches, fs_hz, FORMAT, name)]


def _labels(waveforms: Element, signal: Element) -> list[str]:
    """The channels' names: told in 1.04, the standard order in 1.03."""
    told = waveforms.get("leadlabels", "").split()
    count = (
        waveforms.get("numberofleads")
        or text_of(signal, "numberchannelsallocated")
        or text_of(signal, "numberchannelsvalid")
    )
    return (told or list(LEADS))[: min(int(count or len(LEADS)), MAX_CHANNELS)]


def _unpacked(data: bytes, labels: list[str]) -> list[FloatArray]:
    """XLI's chunks, one a channel.

    The library trusts the lengths that stand in the chunks, which would let it run in circles: they are checked here.
    """
    at = 0
    ends: list[int] = []
    while at + _HEADER.size <= len(data) and len(ends) < len(labels):
        size, _ = _HEADER.unpack_from(data, at)
        at += _HEADER.size + size
        if size < 0 or at > len(data):
            raise ValueError("a chunk is longer than the data")
        ends.append(at)
    if not ends:
        raise ValueError("no chunk")
    return [np.asarray(channel, dtype=np.float64) for channel in xli_decode(data[: ends[-1]], labels)]


def _plain(data: bytes, channels: int) -> list[FloatArray]:
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64)
    count = len(samples) // channels
    return list(samples[: count * channels].reshape(channels, count))


def _limb_leads(steps: dict[str, FloatArray], *, is_packed: bool) -> dict[str, FloatArray]:
    """III, aVR, aVL and aVF where the file holds what their law leaves over; nothing where it holds them as they are.

    Samples that are not packed may be either: what is left over is smaller than a lead.
    """
    if not all(lead in steps for lead in LIMB_LEADS):
        return {}
    one, two, three, left = (steps[lead] for lead in ("I", "II", "III", "aVL"))
    law = {"III": two - one, "aVR": -np.floor((one + two) / 2)}
    if not is_packed and np.abs(three).mean() >= np.abs(law["III"] - three).mean():
        return {}
    found = {lead: law[lead] - steps[lead] for lead in law}
    found["aVL"] = np.floor((one - found["III"]) / 2) - left
    found["aVF"] = np.floor((two + found["III"]) / 2) - steps["aVF"]
    return found
