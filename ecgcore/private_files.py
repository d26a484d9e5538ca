"""Files that hold what is a patient's are for the account alone that writes them."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def keep_private() -> None:
    """Close all that this process and its children write from now on to other accounts: files 0600, folders 0700."""
    os.umask(0o077)


def open_private(path: Path) -> TextIO:
    """A UTF-8 text file to write anew, closed to other accounts also where one of that name was open to them.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # and no terminal or pipe
        with suppress(PermissionError):
            os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")
