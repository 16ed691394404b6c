"""`AgentProcess`: a program with three pipes that lives exactly as long as a block.

It leads a process group and a session of its own.  However the block is left (its end,
an exception, cancellation), the whole family of the process has ended when it has been
left: see `family`.  What goes through the pipes, this room does not know.
"""

from __future__ import annotations

import math
import os
import subprocess
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from .errors import AgentStartError
from .family import MARK, Family
from .settings import AgentSettings

CHUNK = 16_384
"""Bytes that are read at once: few enough that nobody waits long for the rest."""


class AgentProcess:
    """One running program; made by `open_agent_process`."""

    def __init__(self, process: trio.Process, stderr_tail: int) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._stderr = process.stderr
        self._tail = bytearray()
        self._tail_size = stderr_tail
        self.quiet = trio.Event()
        """Set when its stderr has ended."""

    @property
    def pid(self) -> int:
        """Its number, and that of its process group and session."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, as `subprocess.Popen.returncode`; None: it runs."""
        return self._process.returncode

    @property
    def stderr(self) -> str:
        """The end of what it has written to its stderr so far."""
        return self._tail.decode(errors="replace")

    async def wait(self) -> int:
        """Wait for it to end; returns its exit code."""
        return await self._process.wait()

    async def write(self, data: bytes) -> None:
        """Write to its stdin, waiting until it has room.

        Raises:
            trio.BrokenResourceError: nobody reads it any more.
        """
        await self._stdin.send_all(data)

    async def read(self) -> bytes:
        """Read what it has written to its stdout; nothing: the end."""
        return bytes(await self._stdout.receive_some(CHUNK))

    async def keep_stderr(self) -> None:
        """Read its stderr to its end, and keep the last of it."""
        while data := await self._stderr.receive_some(CHUNK):
            self._tail += data
            del self._tail[: max(0, len(self._tail) - self._tail_size)]
        self.quiet.set()

    async def close_stdin(self) -> None:
        """Let it know that nothing more comes."""
        await self._stdin.aclose()

    async def close_pipes(self) -> None:
        """Close our ends."""
        for stream in (self._stdin, self._stdout, self._stderr):
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def open_agent_process(
    settings: AgentSettings,
) -> AsyncGenerator[AgentProcess]:
    """Start the program of `settings`; end it and all it has started after the block.

    Leaving the block takes up to `AgentSettings.end_within` seconds and a moment,
    shielded from cancellation.

    Raises:
        AgentStartError: it cannot be started.
    """
    mark = uuid.uuid4().hex
    try:
        process = await trio.lowlevel.open_process(
            [os.fspath(word) for word in settings.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=settings.cwd,
            env={**os.environ, **settings.env, MARK: mark},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise AgentStartError(settings.program, _why(error, settings)) from error
    agent = AgentProcess(process, settings.stderr_tail)
    try:
        yield agent
    finally:
        with trio.CancelScope(shield=True, deadline=math.inf):
            await agent.close_stdin()
            await Family(mark, process).end(settings.end_within)
            await agent.close_pipes()


def _why(error: Exception, settings: AgentSettings) -> str:
    """Why it cannot be started, in words."""
    if not isinstance(error, OSError):
        return str(error)
    if error.filename == str(settings.cwd) or error.filename == settings.cwd:
        return f"its working directory {str(settings.cwd)!r}: {error.strerror}"
    if isinstance(error, FileNotFoundError):
        return "there is no such program (is it installed, and on the PATH?)"
    return f"{error.strerror}"
