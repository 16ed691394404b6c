"""Lines of the source of a service: read here, so that the service reads no file.

The service says file and line; whoever looks may be on another machine, or see another
version of the file.  What is not surely the text that runs is left out.
"""

from __future__ import annotations

import linecache
import stat
from pathlib import Path

_LARGEST = 2 * 1024 * 1024  # bytes of a file that is read


class Source:
    """Gives lines of files that have not changed since a service has begun.

    Args:
        since: when that was, as Unix time.
    """

    def __init__(self, since: float) -> None:
        self._since = since
        self._files: dict[str, bool] = {}  # {file: it may be read}

    def line(self, file: str, number: int) -> str | None:
        """That line; None: it cannot be read, or is perhaps another by now."""
        readable = self._files.get(file)
        if readable is None:
            readable = self._files[file] = self._may_read(file)
        return linecache.getline(file, number) or None if readable else None

    def _may_read(self, file: str) -> bool:
        # a name is what a service says: no device, pipe or secret is read for it
        path = Path(file)
        if not path.is_absolute() or path.suffix != ".py":
            return False
        try:
            found = path.stat()
        except (OSError, ValueError):
            return False
        fine = stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST
        return fine and found.st_mtime <= self._since
