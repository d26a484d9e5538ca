"""The tabs of the Dataset page that bring pages in and out, and keep backups."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from annotations.exchange.drawn_records import DESCRIPTION, import_records
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.exchange.import_report import ImportReport
from annotations.exchange.zip_archives import unpacked
from annotations.maintenance.backup import backup
from annotations.maintenance.check_and_erase import check
from annotations.readings.snapshots import snapshots
from annotations.store import Store
from pages.parts.common import background_jobs
from pages.parts.common.style import FIELD_PX
from pages.parts.common.typed_paths import typed_path, where_to
from pages.parts.common.words import counted, plain
from pages.parts.dataset.zip_transfer import download, dropped_archive, empty_drop_zone

_REFUSALS_SHOWN = 200
_REPORTS = "import-reports"
_STOPPED = "Stopped. Nothing was imported."
_STOPPED_RECORDS = "Stopped. The records that were drawn before stay."


def import_tab(store: Store, person: str) -> None:
    """Take pages over from an archive of this browser, or from a folder of the computer that runs the app.

    Args:
        store: where.
        person: under whose name readings are saved.
    """
    described = {key: form.description for key, form in FORMATS.items()} | {"wfdb": DESCRIPTION}
    name = st.selectbox("Format", described, format_func=described.__getitem__, key="import-format", width=FIELD_PX)
    archive = dropped_archive()
    path = st.text_input(
        "Or a folder (or its main file) on the computer that runs this app",
        key="import-path",
        width=FIELD_PX,
        disabled=archive is not None,
        help=where_to(store),
    )
    whole = st.toggle("All or nothing: cancel the import if any file fails", key="import-whole")
    named = st.toggle(
        "Keep file names",
        key="import-names",
        help="File names often contain a person's name; without them a page is called by its day and a hash.",
    )
    patient = st.text_input(
        "Patient key, if all pages are one patient's",
        key="import-patient",
        width=FIELD_PX,
        max_chars=80,
        help="For pages whose file names no patient. A CSV's group column and the group field of the other formats are "
        "patient keys too. Only keyed hashes of keys are stored.",
    )
    if st.button("Import", disabled=archive is None and not path.strip(), key="import-go"):

        def take(source: Path, report: background_jobs.Report) -> ImportReport:
            if name == "wfdb":
                return import_records(store, source, progress=report)
            return import_from(
                store, FORMATS[name], source, person, whole_or_nothing=whole, keep_names=named, patient_key=patient,
                progress=report,
            )  # fmt: skip

        _start_import(store, path, archive, take, stopped=_STOPPED_RECORDS if name == "wfdb" else _STOPPED)
        st.rerun()
    background_jobs.show("import")
    last: ImportReport | None = st.session_state.get(_REPORTS, {}).get("last")
    if last is not None:
        _show_report(last)
    for loss in FORMATS[name].losses if name in FORMATS else ():
        st.caption(f"Lost in this format: {loss}")


def _start_import(
    store: Store,
    path: str,
    archive: UploadedFile | None,
    take: Callable[[Path, background_jobs.Report], ImportReport],
    *,
    stopped: str,
) -> None:
    """Import in the background: the archive where there is one, else what lies at the typed path."""
    reports: dict[str, ImportReport] = st.session_state.setdefault(_REPORTS, {})

    def work(report: background_jobs.Report) -> str:
        reports.clear()
        if archive is None:
            found = take(typed_path(store, path), report)
        else:
            with unpacked(archive, store) as folder:
                found = take(folder, report)
        reports["last"] = found
        return (
            f"{counted(found.pictures_added, 'page')} and {counted(found.readings_added, 'reading')} added, "
            f"{found.unchanged} unchanged, {len(found.refusals)} refused."
        )

    background_jobs.start("import", "Importing", work, stopped=stopped)
    empty_drop_zone([] if archive is None else [archive])


def _show_report(report: ImportReport) -> None:
    """What was refused, and which pages look like others."""
    if report.refusals:
        st.dataframe(
            [
                {"file": r.file, "line": "" if r.line is None else str(r.line), "reason": r.reason}
                for r in report.refusals[:_REFUSALS_SHOWN]
            ],
            hide_index=True,
        )
    for near_duplicate in report.near_duplicates[:_REFUSALS_SHOWN]:
        st.caption(plain(near_duplicate))


def export_tab(store: Store) -> None:
    """Write the current labels, or a snapshot: into a new folder of the computer that runs the app, or to download."""
    name = st.selectbox(
        "Format", FORMATS, format_func=lambda key: FORMATS[key].description, key="export-format", width=FIELD_PX
    )
    chosen = st.selectbox(
        "Pages",
        [None, *snapshots(store)],
        format_func=lambda s: "Current labels" if s is None else f"Snapshot {s.name}",
        key="export-snapshot",
        width=FIELD_PX,
    )
    path = st.text_input(
        "New or empty folder on the computer that runs this app",
        key="export-path",
        width=FIELD_PX,
        help=where_to(store),
    )
    if st.button("Export", disabled=not path.strip(), key="export-go"):
        snapshot_id = None if chosen is None else chosen.id

        def work(report: background_jobs.Report) -> str:
            folder = typed_path(store, path)
            count = export_to(store, FORMATS[name], folder, snapshot_id=snapshot_id, progress=report)
            return f"{counted(count, 'page')} written to {folder}."

        background_jobs.start("export", "Exporting", work)
    background_jobs.show("export")
    download(store, name, None if chosen is None else chosen.id)
    for loss in FORMATS[name].losses:
        st.caption(f"Lost in this format: {loss}")


def care_tab(store: Store) -> None:
    """Backup and integrity check."""
    st.caption(
        "A backup contains the database, all pages, all models, training results and the secret behind the patient "
        "keys: keep it as safe as the pages themselves."
    )
    path = st.text_input(
        "New backup file on the computer that runs this app",
        key="backup-path",
        width=FIELD_PX,
        help=f"{where_to(store)} A backup beside the data does not survive a broken disk.",
    )
    if st.button("Back up", disabled=not path.strip(), key="backup-go"):

        def save(report: background_jobs.Report) -> str:
            file = typed_path(store, path)
            backup(store, file, report)
            return f"Backup written to {file}. Restore it with: python -m annotations restore FILE"

        background_jobs.start("backup", "Backing up", save)
    background_jobs.show("backup")
    st.divider()
    st.caption("Checks the database, every page and every model against their checksums.")
    if st.button("Check integrity", key="check-go"):

        def look(report: background_jobs.Report) -> str:
            return "\n".join(check(store, report)) or "No damage found."

        background_jobs.start("check", "Checking integrity", look)
    background_jobs.show("check")
