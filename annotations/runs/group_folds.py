"""The cross-validation fold of each group of pages, which never moves once it is set."""

from collections.abc import Mapping

from annotations.database.data_folder import DataFolder

STORE_FOLDS = 5


def folds_of_groups(store: DataFolder) -> dict[str, int]:
    """The fold, 0 to ``STORE_FOLDS`` - 1, of every group that has one."""
    return {row["key"]: int(row["fold"]) for row in store.rows("SELECT key, fold FROM page_group WHERE fold NOTNULL")}


def fix_folds(store: DataFolder, fold_of_group: Mapping[str, int]) -> None:
    """Set the fold of groups that have none; a group that has one keeps it.

    Args:
        store: where.
        fold_of_group: 0 to ``STORE_FOLDS`` - 1, by the groups' keys.
    """
    with store.writing() as connection:
        connection.executemany(
            "UPDATE page_group SET fold = ? WHERE key = ? AND fold IS NULL",
            [(fold, group) for group, fold in fold_of_group.items()],
        )
