"""Whose pages these are: a patient's or case's key, of which the data folder holds a keyed hash alone.

The hash is HMAC-SHA-256 with a random secret of this data folder, so that a key that is read nowhere can be typed
again and found again, and a copy of the database alone cannot be searched for known patient numbers.
"""

import hashlib
import hmac
import os
import re
import secrets
import sqlite3
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from annotations.database.data_folder import DataFolder, now
from annotations.model import StoreError
from annotations.patients.groups import OWN_GROUP, PATIENT, RECORD, is_named, merge_groups, stored_group

HMAC_KEY_FILE = "patient-hmac.key"
"""The file of the secret in the data folder, readable by its owner alone; backups hold it too."""
LONGEST_KEY = 200

_CHECK = "patient-hmac-check"
_STORED_GROUP = re.compile(
    r"(?P<record>wfdb:.+)|(?P<kind>picture|patient)[:_](?P<hash>(?<=picture.)[0-9a-f]{16}|(?<=patient.)[0-9a-f]{64})"
)
"""A group as an export wrote it; folder names cannot hold the colon."""
_HASHED_GROUP = re.compile(rf"(?:{PATIENT}|{OWN_GROUP})([0-9a-f]{{16,}})")
_IN_FILES = "group:"
_CODE_SIGNS = 8


def normal_key(key: str) -> str:
    """A key as it is compared: without case, blanks and invisible signs, wide letters as plain ones.

    Raises:
        StoreError: nothing is left, or it is longer than ``LONGEST_KEY``.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).casefold())
    plain = "".join(sign for sign in folded if sign.isprintable() and not sign.isspace())
    if not 1 <= len(plain) <= LONGEST_KEY:
        raise StoreError(f"A patient key has 1 to {LONGEST_KEY} characters.", "Enter the patient or case number.")
    return plain


def patient_group(store: DataFolder, key: str) -> str:
    """The group of a patient's key, for ``Store.add_picture`` and ``name_patient``.

    A group that bears the key itself, from an older import, answers to it.

    Args:
        store: where.
        key: as somebody typed it.

    Raises:
        StoreError: the key is empty or too long, or the folder's secret is lost.
    """
    plain = normal_key(key)
    digest = _hmac(hmac_key_of(store), f"patient {plain}")
    if store.row("SELECT 1 FROM patient_key WHERE key_hash = ?", (digest,)) is None:
        older = store.rows("SELECT key FROM page_group WHERE key NOT LIKE ? AND key NOT LIKE ? AND key NOT LIKE ?",
                           tuple(f"{start}%" for start in (OWN_GROUP, PATIENT, RECORD)))  # fmt: skip
        for group in (row["key"] for row in older if _same(row["key"], plain)):
            with store.writing() as connection:
                connection.execute(
                    "INSERT INTO patient_key VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (digest, group, now())
                )
    return f"{PATIENT}{digest}"


def imported_group(store: DataFolder, text: str) -> str:
    """What a file calls a page's group, as the store keeps it; empty where it says nothing.

    A group that an export wrote comes back as it is, anything else is a patient's key.

    Args:
        store: where.
        text: as the file has it.
    """
    if not text.strip():
        return ""
    stored = _STORED_GROUP.fullmatch(text)
    if stored is None:
        return patient_group(store, text)
    return text if stored["record"] else f"{stored['kind']}:{stored['hash']}"


def find_patient(store: DataFolder, typed: str) -> str | None:
    """The group of a patient's key, or of the short code that the pages show; None where there is none.

    Args:
        store: where.
        typed: a key, or a code.
    """
    if not typed.strip():
        return None
    key_hash = patient_group(store, typed).removeprefix(PATIENT)
    row = store.row("SELECT group_key FROM patient_key WHERE key_hash = ?", (key_hash,))
    if row is not None:
        return str(row["group_key"])
    code, secret = typed.strip().casefold(), hmac_key_of(store)
    groups = [str(row["key"]) for row in store.rows("SELECT DISTINCT group_key AS key FROM image")]
    found = [group for group in groups if _code(group, lambda: secret) == code]
    return found[0] if len(found) == 1 else None


def name_patient(store: DataFolder, image_ids: Iterable[int], group: str) -> None:
    """Say whose stored pictures these are; whatever shares a group with them comes along.

    Args:
        store: where.
        image_ids: pictures of which no patient is known yet.
        group: of ``patient_group``.

    Raises:
        StoreError: a picture belongs to another patient, or its group and the patient's are both in the permanent test
            set or have a fold; nothing was changed.
    """
    with store.writing() as connection:
        for image_id in image_ids:
            join_patient(connection, image_id, group)


def join_patient(connection: sqlite3.Connection, image_id: int, group: str) -> None:
    """One picture of ``name_patient``, as part of a transaction.

    Args:
        connection: with the transaction.
        image_id: the picture.
        group: of ``patient_group``.
    """
    (old,) = connection.execute("SELECT group_key FROM image WHERE id = ?", (image_id,)).fetchone()
    new = stored_group(connection, group, now())
    other_patient = old != new and is_named(connection, old)
    if other_patient or merge_groups(connection, new, old) is None:
        raise StoreError(
            f"Page {image_id} belongs to another patient here, or it and this patient's pages are in different parts "
            "of earlier trainings.",
            "Compare both on the Dataset page.",
        )


def group_in_files(store: DataFolder) -> Callable[[str], str]:
    """How files of trainings and models name a group: by a keyed hash, so that a patient's key never leaves the store.

    Returns:
        From a group's key to its name, the same for good in this data folder.

    Raises:
        StoreError: of that function, the folder's secret is lost.
    """
    secret = cache(lambda: hmac_key_of(store))

    def name(group: str) -> str:
        is_hashed = not group or _HASHED_GROUP.fullmatch(group) or group.startswith(_IN_FILES)
        return group if is_hashed else f"{_IN_FILES}{_hmac(secret(), f'group {group}')}"

    return name


def names_of_group(store: DataFolder, group: str) -> set[str]:
    """All names that files may give a group: its own, which older ones bear, its hashed one, its patients' keys'.

    Args:
        store: where.
        group: its key.
    """
    keys = store.rows("SELECT key_hash FROM patient_key WHERE group_key = ?", (group,))
    names = {group, *(f"{PATIENT}{row['key_hash']}" for row in keys)}
    with suppress(StoreError):  # without the folder's secret nobody finds the group by its hashed name
        names.add(group_in_files(store)(group))
    return names


def group_code(store: DataFolder, group: str) -> str:
    """A group's short code for the pages: eight signs from which nobody learns the key.

    Args:
        store: where.
        group: its key.
    """
    return _code(group, lambda: hmac_key_of(store))


def group_words(store: DataFolder, group: str) -> str:
    """A group as the pages call it: "patient 3f9a12cd", or "unknown patient 77ab01ff" where nobody named one.

    Args:
        store: where.
        group: its key.
    """
    is_known = not group.startswith(OWN_GROUP) or store.row("SELECT 1 FROM patient_key WHERE group_key = ?", (group,))
    return f"{'' if is_known else 'unknown '}patient {group_code(store, group)}"


def hmac_key_of(store: DataFolder) -> bytes:
    """The data folder's secret, made when it is first needed.

    Raises:
        StoreError: it is lost or another one, so that no key would be found again.
    """
    path = store.folder / HMAC_KEY_FILE
    check = store.row("SELECT value FROM setting WHERE name = ?", (_CHECK,))
    try:
        if check is None and not path.exists():
            _make_hmac_key(path)
        secret = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The file {HMAC_KEY_FILE} of the data folder is missing or damaged, so no patient key can be matched.",
            "Copy it from a backup of this data folder.",
        ) from error
    if check is None:
        with store.writing() as connection:
            connection.execute(
                "INSERT INTO setting VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (_CHECK, _hmac(secret, "check"), now())
            )
    elif not hmac.compare_digest(check["value"], _hmac(secret, "check")):
        raise StoreError(
            f"The file {HMAC_KEY_FILE} does not belong to this data folder.", "Copy the right one from a backup of it."
        )
    return secret


def _make_hmac_key(path: Path) -> None:
    """Write a new secret; of several processes that do so at once the first one's stays."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()


def _code(group: str, secret: Callable[[], bytes]) -> str:
    known = _HASHED_GROUP.fullmatch(group)
    return (known[1] if known else _hmac(secret(), f"group {group}"))[:_CODE_SIGNS]


def _hmac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _same(group: str, plain: str) -> bool:
    try:
        return normal_key(group) == plain
    except StoreError:
        return False
