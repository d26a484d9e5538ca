"""Files that were dropped together and are one ECG: a WFDB record's header and its signals."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from ecgcore.recordings.formats.wfdb_files import HEADER, is_wfdb_header, signal_files, wfdb_zip
from pages.parts.screen.screened import Picture


def joined(pictures: Sequence[Picture]) -> list[Picture]:
    """The files with each header and the signal files that it names as one; all others as they came.

    Args:
        pictures: what was dropped at once.
    """
    by_name = {PurePath(picture.name).name: picture for picture in pictures if picture.refusal is None}
    records: dict[str, Picture] = {}
    taken: set[str] = set()
    for name, picture in by_name.items():
        if name.lower().endswith(HEADER) and is_wfdb_header(picture.content):
            beside = {file: by_name[file].content for file in signal_files(picture.content) if file in by_name}
            if beside:
                records[picture.name] = replace(picture, content=wfdb_zip(picture.content, name, beside))
                taken |= beside.keys()
    left = [picture for picture in pictures if PurePath(picture.name).name not in taken]
    return [records.get(picture.name, picture) for picture in left]
