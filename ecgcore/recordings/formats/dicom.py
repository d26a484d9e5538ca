"""ECG waveforms in DICOM files: 12-lead, general, ambulatory (PS3.3 A.34 and C.10.9), read by pydicom.

Only the waveform is parsed; the elements that name a patient are skipped in the file.
"""

import io
import logging
import struct
import warnings

import numpy as np
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.waveforms.numpy_handler import multiplex_array

from ecgcore.errors import UnreadablePictureError
from ecgcore.recordings.assemble import Stretch, assemble_rates
from ecgcore.recordings.lead_names import standard_lead
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.units import mv_per

FORMAT = "a DICOM waveform"
DICOM_ERRORS = (InvalidDicomError, BytesLengthException, AttributeError, RuntimeError)
"""What pydicom raises on damaged files besides what all decoders do; NotImplementedError and RecursionError are
RuntimeErrors, a missing element is an AttributeError."""
MAX_GROUPS, MAX_CHANNELS = 16, 64
"""PS3.3 A.34.3 allows a 12-lead ECG 5 multiplex groups of 13 channels; other ECGs have 4 of 24."""
_MAGIC_AT = 128
_NO_RHYTHM = ("MEDIAN", "AVERAGE", "TEMPLATE", "REPRESENTATIVE")
"""In the labels of groups that hold one beat made of all."""
_FIRST_ELEMENTS = {2: range(0x0100), 8: range(0x0020)}
"""Groups with which a file without a preamble may begin, and the elements of each that may come first."""
_FIRST_VRS = frozenset({b"UL", b"OB", b"UI", b"CS", b"DA"})
_LONGEST_FIRST = 64

# What the library remarks about a damaged file quotes it, in the worst case with the patient's name.
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


def is_dicom(data: bytes) -> bool:
    """Whether the bytes bear the mark of PS3.10 behind the preamble, or are a data set that begins without one."""
    return data[_MAGIC_AT : _MAGIC_AT + 4] == b"DICM" or _is_bare(data)


def open_dicom(data: bytes, name: str, keywords: list[str]) -> FileDataset:
    """Parse a DICOM file's elements of these keywords, and no others.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.
        keywords: of the elements.

    Raises:
        UnreadablePictureError: its content is deflated.
    """
    # A deflated data set is inflated as a whole, whatever its size, so it must be refused before it is opened.
    if str(DeflatedExplicitVRLittleEndian).encode() in data:
        raise not_read(name, DeflatedExplicitVRLittleEndian)
    content = dcmread(io.BytesIO(data), specific_tags=list(keywords), force=_is_bare(data))
    if "TransferSyntaxUID" not in content.get("file_meta", {}):
        content.file_meta = FileMetaDataset()
        content.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if content.is_implicit_VR else ExplicitVRLittleEndian
        )
    return content


def dicom_recording(data: bytes, name: str) -> Recording | None:
    """The ECG of a DICOM file that holds waveforms; None of one that does not, which may hold a picture.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is deflated, damaged, or its waveforms are no ECG's.
    """
    content = open_dicom(data, name, ["WaveformSequence"])
    if "WaveformSequence" not in content:
        return None
    if not content.file_meta.TransferSyntaxUID.is_little_endian:
        raise not_read(name, content.file_meta.TransferSyntaxUID)
    groups = list(content.WaveformSequence)[:MAX_GROUPS]
    rhythm = [number for number, group in enumerate(groups) if not _is_one_beat(group)]
    if not rhythm:
        raise UnreadablePictureError(f"{name} is {FORMAT}, but holds no rhythm, only single beats.", EXPORT)
    by_rate: dict[float, list[Stretch]] = {}
    for number in rhythm:
        by_rate.setdefault(float(groups[number].SamplingFrequency), []).extend(_stretches(content, number))
    return assemble_rates(by_rate, FORMAT, name)


def not_read(name: str, syntax: UID) -> UnreadablePictureError:
    """The refusal of a file that is packed in a way that is not read.

    Args:
        name: how to call the file in messages.
        syntax: its transfer syntax.
    """
    kind = syntax.name if not syntax.is_private and syntax.name != str(syntax) else "an unknown way"
    return UnreadablePictureError(
        f"{name} is a DICOM file whose content is packed as {kind}, which is not read.", EXPORT
    )


def _is_bare(data: bytes) -> bool:
    """Whether the bytes are a data set at once: an element of group 0002 or 0008 with its VR, or without and short."""
    if len(data) < 8:
        return False
    group, element, length = struct.unpack_from("<HHI", data)
    if element not in _FIRST_ELEMENTS.get(group, ()):
        return False
    return data[4:6] in _FIRST_VRS or (group == 8 and length % 2 == 0 and 0 < length <= _LONGEST_FIRST)


def _is_one_beat(group: Dataset) -> bool:
    label = str(group.get("MultiplexGroupLabel") or "").upper()
    return any(word in label for word in _NO_RHYTHM)


def _stretches(content: FileDataset, number: int) -> list[Stretch]:
    """The channels of one multiplex group that are voltages, in millivolts."""
    group = content.WaveformSequence[number]
    raw = multiplex_array(content, number)
    padding = group.get("WaveformPaddingValue")
    missing = None if not padding else np.frombuffer(bytes(padding)[: raw.itemsize], raw.dtype)[0]
    start_s = float(group.get("MultiplexGroupTimeOffset") or 0) / 1000
    found = []
    for channel, samples in zip(list(group.ChannelDefinitionSequence)[:MAX_CHANNELS], raw.T, strict=False):
        scale = _mv_per_step(channel)
        if scale is not None:
            values_mv = samples.astype(np.float64) * scale[0] + scale[1]
            if missing is not None:
                values_mv[samples == missing] = np.nan
            found.append(Stretch(_lead(channel), values_mv, start_s))
    return found


def _lead(channel: Dataset) -> str:
    """The channel's name: what its source means, else its label."""
    sources = list(channel.get("ChannelSourceSequence") or [])
    meanings = [str(source.get("CodeMeaning") or "") for source in sources]
    label = str(channel.get("ChannelLabel") or "")
    named = [word for word in (*meanings, label) if standard_lead(word) is not None]
    return (named or [word for word in (*meanings, label) if word] or ["a channel"])[0]


def _mv_per_step(channel: Dataset) -> tuple[float, float] | None:
    """Millivolts a step and at step 0; None where the channel is no voltage.

    PS3.3 C.10.9.1.4: a channel without a sensitivity is in arbitrary units, which nobody can draw to scale.
    """
    units = list(channel.get("ChannelSensitivityUnitsSequence") or [])
    mv = mv_per(str(units[0].get("CodeValue") or "")) if units else None
    sensitivity = channel.get("ChannelSensitivity")
    if mv is None or sensitivity is None:
        return None
    correction = float(channel.get("ChannelSensitivityCorrectionFactor") or 1.0)
    return float(sensitivity) * correction * mv, float(channel.get("ChannelBaseline") or 0.0) * mv
