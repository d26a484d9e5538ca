"""Digital ECGs written small, in every format that is read: what tests and benchmarks take for clinics' files."""

import base64
import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

from ecgcore.lead_layout import LEADS
from tests.support.scp_files import scp_file
from tests.support.xli import xli_packed

PATIENT = "Mustermann"
"""Stands in every file that can name a patient, and must come out of none."""
MICROVOLTS = 2.5
"""A step of all samples that are written as whole numbers."""
MUSE_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
Signals = npt.NDArray[np.floating]


def steps_of(signals_mv: Signals) -> npt.NDArray[np.int16]:
    """Millivolts as whole steps of ``MICROVOLTS``."""
    return np.round(np.asarray(signals_mv) * 1000 / MICROVOLTS).astype(np.int16)


def dicom_file(
    signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS, *, preamble: bool = True,
    label: str | None = "RHYTHM", unit: str = "uV",
) -> bytes:  # fmt: skip
    """A 12-lead ECG waveform (PS3.3 A.34.3), with the 128 bytes before it or without."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = TwelveLeadECGWaveformStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    content = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    content.SOPClassUID, content.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    content.Modality, content.PatientName, content.PatientID = "ECG", f"{PATIENT}^Erika", "4711"
    group = Dataset()
    if label is not None:
        group.MultiplexGroupLabel = label
    group.MultiplexGroupTimeOffset, group.WaveformOriginality = 0, "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = np.shape(signals_mv)
    group.SamplingFrequency = fs_hz
    group.ChannelDefinitionSequence = DicomSequence([_dicom_channel(lead, unit) for lead in leads])
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.add_new("WaveformData", "OW", steps_of(signals_mv).T.astype("<i2").tobytes())
    content.WaveformSequence = DicomSequence([group])
    file = io.BytesIO()
    content.save_as(file, enforce_file_format=True)
    return file.getvalue() if preamble else file.getvalue()[132:]


def _dicom_channel(lead: str, unit: str) -> Dataset:
    source, units, channel = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "5.6.3-9-1", "SCPECG", f"Lead {lead}"
    units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = unit, "UCUM", unit
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = (
        DicomSequence([source]), DicomSequence([units])
    )  # fmt: skip
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = MICROVOLTS, 1
    channel.ChannelBaseline, channel.WaveformBitsStored = 0, 16
    return channel


def aecg_file(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS) -> bytes:
    """An HL7 aECG with one rhythm series, and a derived one of one beat."""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value xsi:type="SLIST_PQ">'
        f'<origin value="0" unit="uV"/><scale value="{MICROVOLTS}" unit="uV"/>'
        f"<digits>{' '.join(map(str, steps))}</digits></value></sequence></component>"
        for lead, steps in zip(leads, steps_of(signals_mv).tolist(), strict=True)
    )
    time = (
        '<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS">'
        f'<head value="20250923103550.250"/><increment value="{1 / fs_hz:.9f}" unit="s"/></value>'
        "</sequence></component>"
    )
    beat = time + sequences.replace("<digits>", "<digits>0 ")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><componentOf><timepointEvent><componentOf>'
        f"<subjectAssignment><subject><trialSubject><subjectDemographicPerson><name>{PATIENT}</name>"
        "</subjectDemographicPerson></trialSubject></subject></subjectAssignment></componentOf></timepointEvent>"
        '</componentOf><component><series><code code="RHYTHM"/><component><sequenceSet>'
        f"{time}{sequences}</sequenceSet></component><derivation><derivedSeries>"
        f'<code code="REPRESENTATIVE_BEAT"/><component><sequenceSet>{beat}</sequenceSet></component>'
        "</derivedSeries></derivation></series></component></AnnotatedECG>"
    ).encode()


def sierra_file(signals_mv: Signals, fs_hz: float, *, version: str = "1.03", packed: bool = True) -> bytes:
    """A Philips Sierra ECG of twelve leads."""
    steps = steps_of(signals_mv).astype(np.int64)
    one, two, three, right, left, foot = steps[:6]
    stored = steps.copy()
    stored[2], stored[3] = two - one - three, -right - (one + two) // 2
    stored[4], stored[5] = (one - three) // 2 - left, (two + three) // 2 - foot
    data = b"".join(map(xli_packed, stored)) if packed else steps.astype("<i2").tobytes()
    duration_ms = round(steps.shape[1] / fs_hz * 1000)
    told = f'numberofleads="12" leadlabels="{" ".join(LEADS)}" compression="XLI"'
    how = 'compressflag="True" compressmethod="XLI"' if version == "1.03" else told
    how = how if packed else 'compressflag="False"'
    resolution = "signalresolution" if version == "1.03" else "resolution"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<restingecgdata xmlns="http://www3.medical.philips.com">'
        f"<documentinfo><documenttype>SierraECG</documenttype><documentversion>{version}</documentversion>"
        "</documentinfo><dataacquisition><signalcharacteristics>"
        f"<samplingrate>{fs_hz:g}</samplingrate><{resolution}>{MICROVOLTS}</{resolution}>"
        "<acquisitiontype>STD-12</acquisitiontype><numberchannelsallocated>12</numberchannelsallocated>"
        "</signalcharacteristics></dataacquisition><patient><generalpatientdata><name>"
        f"<lastname>{PATIENT}</lastname></name></generalpatientdata></patient><waveforms>"
        f'<parsedwaveforms {how} dataencoding="Base64" durationperchannel="{duration_ms}" nbitspersample="16">'
        f"{base64.encodebytes(data).decode()}</parsedwaveforms></waveforms></restingecgdata>"
    ).encode()


def schiller_file(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS) -> bytes:
    """A Schiller export with a rhythm and averaged beats."""

    def wave(kind: str, first: int) -> str:
        channels = "".join(
            f"<channel><name>{lead}</name><datastype>COMMASEPARATE</datastype>"
            f"<data>{','.join(map(str, steps[first:]))},</data></channel>"
            for lead, steps in zip(leads, steps_of(signals_mv).tolist(), strict=True)
        )
        return (
            f"<wavedata><type>{kind}</type><resolution><samplerate><value>{fs_hz:g}</value><exponent>1</exponent>"
            f"</samplerate><yres><unitperbit>{MICROVOLTS}</unitperbit><units>UV</units></yres></resolution>"
            f"{channels}</wavedata>"
        )

    root = "com.xiriuz.sema.xml.schillerEDI.SchillerEDI"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root}><patdata><lastname>{PATIENT}</lastname></patdata><eventdata>'
        f"<event>{wave('ECG_AVERAGES', -300)}{wave('ECG_RHYTHMS', 0)}</event></eventdata></{root}>"
    ).encode()


def muse_file(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = MUSE_LEADS) -> bytes:
    """A GE MUSE export: eight leads of twelve signals, a median beat first, and the DTD that MUSE names."""

    def wave(kind: str, first: int) -> str:
        data = "".join(
            f"<LeadData><LeadAmplitudeUnitsPerBit>{MICROVOLTS}</LeadAmplitudeUnitsPerBit>"
            f"<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>{lead}</LeadID><WaveFormData>\n"
            + base64.encodebytes(steps_of(signals_mv)[LEADS.index(lead), first:].astype("<i2").tobytes()).decode()
            + "</WaveFormData></LeadData>"
            for lead in leads
        )
        return (
            f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{fs_hz:g}</SampleBase>"
            f"<SampleExponent>0</SampleExponent>{data}</Waveform>"
        )

    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">\n<RestingECG>'
        f"<PatientDemographics><PatientLastName>{PATIENT}</PatientLastName></PatientDemographics>"
        f"{wave('Median', -600)}{wave('Rhythm', 0)}</RestingECG>"
    ).encode("latin-1")


def cardiosoft_file(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS) -> bytes:
    """A GE CardioSoft export."""
    waves = "".join(
        f'<WaveformData lead="{lead}">{",".join(map(str, steps))}</WaveformData>'
        for lead, steps in zip(leads, steps_of(signals_mv).tolist(), strict=True)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><CardiologyXML><PatientInfo><Name><FamilyName>{PATIENT}</FamilyName>'
        f'</Name></PatientInfo><StripData><SampleRate units="Hz">{fs_hz:g}</SampleRate>'
        f'<Resolution units="uVperLsb">{MICROVOLTS}</Resolution>{waves}</StripData></CardiologyXML>'
    ).encode()


def wfdb_files(
    signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS, *, form: str = "16"
) -> dict[str, bytes]:
    """A WFDB record ``ecg``, by the ``wfdb`` package: header and signals by their names."""
    with tempfile.TemporaryDirectory() as folder:
        wfdb.wrsamp(
            "ecg", fs=fs_hz, units=["mV"] * len(leads), sig_name=list(leads), p_signal=np.asarray(signals_mv).T,
            fmt=[form] * len(leads), write_dir=folder, comments=[PATIENT],
        )  # fmt: skip
        return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def wfdb_archive(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS) -> bytes:
    """The record's files in a folder of a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in wfdb_files(signals_mv, fs_hz, leads).items():
            archive.writestr(f"records/{name}", content)
    return packed.getvalue()


def csv_file(signals_mv: Signals, fs_hz: float, leads: Sequence[str] = LEADS) -> bytes:
    """A table with times."""
    rows = [
        ",".join(f"{value:.4f}" for value in (number / fs_hz, *values))
        for number, values in enumerate(np.asarray(signals_mv).T)
    ]
    return "\n".join([",".join(("time_s", *leads)), *rows, ""]).encode()


WRITERS: dict[str, tuple[str, Callable[[Signals, float], bytes]]] = {
    "DICOM": (".dcm", dicom_file),
    "HL7 aECG": (".xml", aecg_file),
    "SCP-ECG": (".scp", scp_file),
    "Philips Sierra": (".xml", sierra_file),
    "Schiller": (".xml", schiller_file),
    "GE MUSE": (".xml", muse_file),
    "GE CardioSoft": (".xml", cardiosoft_file),
    "WFDB": (".zip", wfdb_archive),
    "CSV": (".csv", csv_file),
}
"""By what users call the format: the ending, and what writes twelve leads in millivolts at a rate."""
