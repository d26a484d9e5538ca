"""Tables whose rows are added and never changed, held by the database itself."""

from sqlite_utils import Database


def keep_insert_only(db: Database, *tables: str) -> None:
    """Refuse every change of a row, and every deletion but that of an erased patient's pictures.

    Args:
        db: the database, which holds the table ``erasing``.
        tables: names of its tables.
    """
    for table in tables:
        db.executescript(f"""
            CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
                BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END;
            CREATE TRIGGER {table}_never_goes BEFORE DELETE ON {table}
                WHEN NOT EXISTS (SELECT 1 FROM erasing)
                BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END;
        """)
