"""Waiting until what was written is on the disk, wherever this runs.

For every file of ours that promises to be there after a power cut.  On macOS `fsync`
does not wait for the disk, F_FULLFSYNC does; some network file systems know only the
former.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - not there on Windows
    fcntl = None  # type: ignore[assignment]

_WHOLE: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
_FOLDERS: Final = os.name != "nt"  # whether a folder can be waited for


def wait_for_disk(file: int) -> None:
    """Wait until what an open file has is on the disk.

    Args:
        file: its descriptor; on Windows open for writing.

    Raises:
        OSError: it cannot be written.
    """
    if fcntl is not None and _WHOLE is not None:
        try:
            fcntl.fcntl(file, _WHOLE)
        except OSError:  # this file system does not know it; if it is broken: below
            pass
        else:
            return
    os.fsync(file)


def wait_for_path(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: it cannot be opened, or written.
    """
    is_folder = path.is_dir()
    if is_folder and not _FOLDERS:
        return
    # Windows waits for no file that is open for reading only
    file = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        wait_for_disk(file)
    finally:
        os.close(file)
