"""What the process takes of the machine, read from the operating system.

Cheap enough to be asked once a second.  Linux tells all of it; where a platform does
not, there is None.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from .shapes import ProcessShape

_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


def process_shape() -> ProcessShape:
    """Tell CPU seconds, resident bytes and open descriptors of this process, now."""
    return ProcessShape(cpu=time.process_time(), rss=_resident(), files=_open_files())


def _resident() -> int | None:
    # AttributeError: there is no such call on Windows
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        pages = int(_STATM.read_bytes().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return None


def _open_files() -> int | None:
    with contextlib.suppress(OSError):
        # Since Linux 6.2 this is their number, which spares the list of them.
        return _DESCRIPTORS.stat().st_size or len(list(_DESCRIPTORS.iterdir())) - 1
    return None
