"""`actors stack --pid`: a process that hangs, looked into from outside.

The process itself runs a few lines of ours (`sys.remote_exec`, of Python 3.14 and
newer), in its main thread at its next step, which write where everybody stands to a
file.  One that sleeps in the kernel takes no step, so it is woken.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from supervision._view.shapes import WholeShape
from supervision.client.answers import ShapeError, checked
from supervision.client.directory import CommandError
from supervision.service import ExitCode

_WITHIN = 10.0  # seconds for the process to take a step
_BETWEEN = 0.05  # seconds between two looks
_CODE = """\
try:
    from supervision.service.whole import write
except ImportError as error:
    import json, pathlib
    pathlib.Path({path!r}).write_text(json.dumps({{"error": str(error)}}))
else:
    write({path!r})
"""


def look_into(pid: int) -> WholeShape:
    """Have a process say where everybody in it stands.

    Raises:
        CommandError: this Python is too old, there is no such process, or it may not
            or does not answer.
    """
    remote_exec: Any = getattr(sys, "remote_exec", None)
    if remote_exec is None:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        text = "--pid needs Python 3.14 or newer, here and in that process; this is "
        text += f"{here}. Ask over the control socket instead: 'actors stack KEY'. "
        text += f"'py-spy dump --pid {pid}' shows threads, but no suspended tasks"
        raise CommandError(text)
    with tempfile.TemporaryDirectory(prefix="actors-stack-") as folder:
        answer, script = Path(folder, "answer"), Path(folder, "look.py")
        script.write_text(_CODE.format(path=str(answer)), encoding="utf-8")
        # of the process's user, which may be another one's that root looks into
        with contextlib.suppress(OSError):
            owner = Path(f"/proc/{pid}").stat()
            for each in (folder, script):
                os.chown(each, owner.st_uid, owner.st_gid)
        try:
            remote_exec(pid, str(script))
            _wake(pid)
        except (OSError, RuntimeError) as error:
            why = f"process {pid} cannot be looked into: {error}"
            raise CommandError(why, ExitCode.SOCKET) from error
        return _read(pid, answer)


def _wake(pid: int) -> None:
    """Have it leave the kernel for a moment, with no signal that it would hear."""
    if not hasattr(signal, "SIGSTOP"):  # pragma: no cover - Windows has nothing like it
        return
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGCONT)


def _read(pid: int, answer: Path) -> WholeShape:
    end = time.monotonic() + _WITHIN
    while not answer.exists():
        if time.monotonic() > end:
            text = f"process {pid} has not taken a step in {_WITHIN:g} s: it is in a "
            text += "call that does not come back to Python"
            raise CommandError(text, ExitCode.SOCKET)
        time.sleep(_BETWEEN)
    found: Any = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise CommandError(f"process {pid}: {found['error']}", ExitCode.REFUSED)
    try:
        return checked(found, WholeShape)
    except ShapeError as error:
        raise CommandError(f"process {pid}: {error}", ExitCode.REFUSED) from error
