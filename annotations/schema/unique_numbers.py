"""Numbers that are never given twice, for the migration in ``annotations.schema``.

SQLite gives the number of the last row again once that row is deleted, so a page that came after an erased one could
bear its number, and a browser tab that still showed the erased page would have saved onto the new one.
"""

import re

from sqlite_utils import Database

from annotations.model import StoreError

_PLAIN_NUMBER = re.compile(r"\bid INTEGER PRIMARY KEY(?! AUTOINCREMENT)")
_ERASED_AT_MOST = 1_000_000
"""Rows of one table that earlier erasures may have taken: how many they were was noted of pictures alone."""


def never_reuse_numbers(db: Database) -> None:
    """Rebuild every table that numbers its rows, so that it counts on past all that was ever used.

    Runs outside a transaction, since foreign keys cannot be switched off within one, and opens its own. Tables that
    count on already are left alone, so that it may run again after a crash.

    Raises:
        StoreError: a row refers to nothing; the database stays as it was.
    """
    connection = db.conn
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        _rebuild(db)
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise StoreError("A row of the database refers to nothing.", "Restore a backup.")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _rebuild(db: Database) -> None:
    """The way of https://sqlite.org/lang_altertable.html#otheralter; triggers go first, as they name several tables."""
    connection = db.conn
    parts = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    triggers = [(name, sql) for kind, name, _, sql in parts if kind == "trigger"]
    for name, _ in triggers:
        connection.execute(f'DROP TRIGGER "{name}"')
    for kind, table, _, sql in parts:
        if kind == "table" and _PLAIN_NUMBER.search(sql):
            last = _last_number(db, table)
            body = _PLAIN_NUMBER.sub("id INTEGER PRIMARY KEY AUTOINCREMENT", sql[sql.index("(") :])
            connection.execute(f"CREATE TABLE rebuilt_{table} {body}")
            connection.execute(f"INSERT INTO rebuilt_{table} SELECT * FROM {table}")
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f"ALTER TABLE rebuilt_{table} RENAME TO {table}")
            connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last))
            for index in (sql for kind, _, of, sql in parts if kind == "index" and of == table):
                connection.execute(index)
    for _, sql in triggers:
        connection.execute(sql)


def _last_number(db: Database, table: str) -> int:
    """The largest number that a table may ever have used."""
    count, highest = db.execute(f"SELECT count(*), coalesce(max(id), 0) FROM {table}").fetchone()
    times, pictures = db.execute("SELECT count(*), coalesce(sum(pictures), 0) FROM erasure").fetchone()
    if table == "image":  # each was given the number after the highest at most
        return max(int(highest), int(count) + int(pictures))
    return int(highest) + (_ERASED_AT_MOST if times and table in _ERASABLE else 0)


_ERASABLE = {"annotation", "revision", "review", "prediction", "prediction_box", "blackening", "panel_corners"}
