"""`Child`: a process, started by a thread that lives as long as it does.

A program may ask to be killed when its parent ends (`PR_SET_PDEATHSIG`; agents that
clean up after themselves do, and sandboxes).  The kernel takes "parent" for the
*thread* that has started it, and a worker thread of Trio ends when it was idle for ten
seconds.  So each process has a thread of its own, which starts it and then waits for
its end.  It only looks: whoever owns the child reaps it, so that its number is nobody
else's as long as `Child.returncode` is None.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import trio

_LOOK = getattr(os, "WNOWAIT", None)  # None: this system cannot look without reaping


class Child:
    """One process that we have started; made by `start_child`."""

    def __init__(self, popen: subprocess.Popen[bytes], over: trio.Event) -> None:
        self._popen = popen
        self._over = over
        assert popen.stdin is not None
        assert popen.stdout is not None
        assert popen.stderr is not None
        self.stdin = _stream(popen.stdin.fileno())
        """Write to it."""
        self.stdout = _stream(popen.stdout.fileno())
        """Read from it."""
        self.stderr = _stream(popen.stderr.fileno())
        """Read from it."""
        for file in (popen.stdin, popen.stdout, popen.stderr):
            file.close()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """As that of `subprocess.Popen`; None: it runs, or has not been reaped yet."""
        return self._popen.returncode

    async def wait(self) -> int:
        """Wait for its end, and reap it."""
        await self._over.wait()
        return self._popen.wait()  # at once


def _stream(handle: int) -> trio.lowlevel.FdStream:
    return trio.lowlevel.FdStream(os.dup(handle))


async def start_child(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> Child:
    """Start a program with three pipes, as the leader of a session of its own.

    Not cancelled in the middle.

    Raises:
        OSError, ValueError: as `subprocess.Popen`; there is no room for a thread.
    """
    begun, over = trio.Event(), trio.Event()
    token = trio.lowlevel.current_trio_token()
    popens: list[subprocess.Popen[bytes]] = []
    errors: list[Exception] = []

    def live() -> None:
        try:
            popen = subprocess.Popen(  # noqa: S603 - the command is the user's
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            errors.append(error)
            token.run_sync_soon(begun.set)
            return
        popens.append(popen)
        token.run_sync_soon(begun.set)
        _wait_for(popen)
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(over.set)

    thread = threading.Thread(target=live, name=f"starts {command[0]}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, str(error)) from error
    with trio.CancelScope(shield=True):
        await begun.wait()
    if errors:
        raise errors.pop()
    return Child(popens.pop(), over)


def _wait_for(popen: subprocess.Popen[bytes]) -> None:
    """Block until it has ended; do not reap it, if that can be had."""
    if _LOOK is None:
        popen.wait()
        return
    with contextlib.suppress(ChildProcessError):  # a stranger has reaped it
        os.waitid(os.P_PID, popen.pid, os.WEXITED | _LOOK)
