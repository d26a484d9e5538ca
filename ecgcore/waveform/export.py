"""A page's leads as files for other programs: CSV, WFDB and a DICOM waveform. Nothing in them names a patient."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

from ecgcore.lead_layout import LEADS
from ecgcore.waveform.page_signal import PageSignal

MICROVOLTS_PER_MV = 1000
NOT_READ = -32768
"""Marks a sample that was not read, in WFDB's format 16 and as DICOM's padding value."""
_LEAD_CODES = dict(
    zip(LEADS, ("2:1", "2:2", "2:61", "2:62", "2:63", "2:64", *(f"2:{n}" for n in range(3, 9))), strict=True)
)
"""Codes of the leads in ISO/IEEE 11073-10102 (MDC), as DICOM's context group 3001 lists them."""


def write_all(signal: PageSignal, folder: Path, stem: str) -> None:
    """Write ``STEM.csv``, ``STEM.hea`` with ``STEM.dat``, and ``STEM.dcm``.

    Args:
        signal: of a page whose layout is known.
        folder: where; it must exist.
        stem: of the files' names.
    """
    write_csv(signal, folder / f"{stem}.csv")
    write_wfdb(signal, folder, stem)
    write_dicom(signal, folder / f"{stem}.dcm")


def write_csv(signal: PageSignal, path: Path) -> None:
    """Write ``time_s`` along the page and every lead in mV, a line a sample; empty where not read.

    Args:
        signal: of a page whose layout is known.
        path: of the file.
    """
    path.write_bytes(csv_bytes(signal))


def csv_bytes(signal: PageSignal) -> bytes:
    """The table of ``write_csv``."""
    time_s = np.arange(signal.leads_mv.shape[1]) / signal.fs_hz
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("time_s", *LEADS))
    for second, values_mv, read in zip(time_s, signal.leads_mv.T, signal.is_read.T, strict=True):
        values = (f"{value:.3f}" if is_read else "" for value, is_read in zip(values_mv, read, strict=True))
        writer.writerow((f"{second:.3f}", *values))
    return table.getvalue().encode()


def write_wfdb(signal: PageSignal, folder: Path, stem: str) -> None:
    """Write ``STEM.hea`` and ``STEM.dat`` (format 16, 1 µV a step); samples that were not read are WFDB's invalid ones.

    Letters that WFDB forbids in a record's name become ``_``.

    Args:
        signal: of a page whose layout is known.
        folder: where; it must exist.
        stem: of the files' names.
    """
    wfdb.wrsamp(
        re.sub(r"[^A-Za-z0-9_-]", "_", stem),
        fs=signal.fs_hz,
        units=["mV"] * len(LEADS),
        sig_name=list(LEADS),
        d_signal=_microvolts(signal).astype(np.int64),
        fmt=["16"] * len(LEADS),
        adc_gain=[float(MICROVOLTS_PER_MV)] * len(LEADS),
        baseline=[0] * len(LEADS),
        comments=[f"Read off a photo of paper; layout {signal.layout_name or 'not known'}."],
        write_dir=str(folder),
    )


def write_dicom(signal: PageSignal, path: Path) -> None:
    """Write a 12-lead ECG waveform (PS3.3, A.34.3) without a patient; 1 µV a step.

    Args:
        signal: of a page whose layout is known.
        path: of the file.
    """
    path.write_bytes(dicom_bytes(signal))


def dicom_bytes(signal: PageSignal) -> bytes:
    """The file of ``write_dicom``."""
    microvolts = _microvolts(signal)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = TwelveLeadECGWaveformStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Modality, data.SeriesNumber, data.InstanceNumber = "ECG", 1, 1
    for empty in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
                  "AccessionNumber", "ReferringPhysicianName", "Manufacturer", "AcquisitionDateTime", "ContentDate",
                  "ContentTime"):  # fmt: skip
        setattr(data, empty, "")
    wave = Dataset()
    wave.MultiplexGroupTimeOffset = 0
    wave.WaveformOriginality = "DERIVED"
    wave.NumberOfWaveformChannels, wave.NumberOfWaveformSamples = microvolts.shape[::-1]
    wave.SamplingFrequency = signal.fs_hz
    wave.ChannelDefinitionSequence = Sequence([_channel(lead) for lead in LEADS])
    wave.WaveformBitsAllocated, wave.WaveformSampleInterpretation = 16, "SS"
    wave.add_new("WaveformPaddingValue", "OW", np.int16(NOT_READ).tobytes())
    wave.add_new("WaveformData", "OW", microvolts.astype("<i2").tobytes())
    data.WaveformSequence = Sequence([wave])
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _channel(lead: str) -> Dataset:
    channel = Dataset()
    channel.ChannelSourceSequence = Sequence([_code(_LEAD_CODES[lead], "MDC", f"Lead {lead}")])
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = 1, 1
    channel.ChannelSensitivityUnitsSequence = Sequence([_code("uV", "UCUM", "microvolt")])
    channel.ChannelBaseline, channel.ChannelSampleSkew, channel.WaveformBitsStored = 0, 0, 16
    return channel


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _microvolts(signal: PageSignal) -> npt.NDArray[np.int16]:
    """Samples ``[n, 12]``, ``NOT_READ`` where a lead was not read."""
    known = np.where(signal.is_read, signal.leads_mv, 0.0)
    steps = np.clip(np.round(known * MICROVOLTS_PER_MV), NOT_READ + 1, -NOT_READ - 1)
    return np.where(signal.is_read, steps, NOT_READ).T.astype(np.int16)
