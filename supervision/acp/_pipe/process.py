"""`AgentProcess`: a program with three pipes that lives exactly as long as a block.

It leads a process group and a session of its own.  However the block is left (its end,
an exception, cancellation), the whole family of the process has ended when it has been
left: see `family`.  What goes through the pipes, this room does not know.

Many programs are launchers: they start the real agent with the pipes they have got, and
wait.  If a launcher is killed and the agent goes on, the agent is the process: whoever
of the family still reads our pipe is its *heir*.
"""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio

from .errors import AgentStartError
from .family import MARK, Family
from .settings import AgentSettings
from .starting import Child, start_child

_NO_GROUPS: Final = (
    "this system has no groups of processes to end an agent by; WSL and containers do"
)
CHUNK = 16_384
"""Bytes that are read at once: few enough that nobody waits long for the rest."""


class AgentProcess:
    """One running program; made by `open_agent_process`."""

    def __init__(self, child: Child, family: Family, stderr_tail: int) -> None:
        self._child = child
        self._family = family
        self._stdin = child.stdin
        self._stdout = child.stdout
        self._stderr = child.stderr
        self._input = os.fstat(child.stdin.fileno()).st_ino
        self._heir: int | None = None
        self._tail = bytearray()
        self._tail_size = stderr_tail
        self.quiet = trio.Event()
        """Set when its stderr has ended."""

    @property
    def pid(self) -> int:
        """Its number, and that of its process group and session.

        After its end that of its heir, if it has one.
        """
        return self._heir if self._heir is not None else self._child.pid

    @property
    def code(self) -> int | None:
        """Its exit code, as `subprocess.Popen.returncode`; None: it runs.

        That of the process that we have started, even if it has had heirs.
        """
        return self._child.returncode

    @property
    def stderr(self) -> str:
        """The end of what it has written to its stderr so far."""
        return self._tail.decode(errors="replace")

    async def wait(self) -> None:
        """Wait for its end, and that of its heirs."""
        await self._child.wait()
        while (heir := await self._family.heir(self._input)) is not None:
            self._heir = heir
            await self._family.wait_one(heir)

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
            self._keep(data)
        self.quiet.set()

    def keep_noise(self, line: bytes) -> None:
        """Keep a line of its stdout that was no message, as if it had been on stderr.

        So whoever runs something that is no agent is told what it has said instead.
        """
        self._keep(line + b"\n")

    def _keep(self, data: bytes) -> None:
        self._tail += data
        del self._tail[: max(0, len(self._tail) - self._tail_size)]

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
        AgentStartError: it cannot be started; on Windows none can.
    """
    mark = uuid.uuid4().hex
    put = {**settings.env, MARK: mark}
    env = {
        name: value
        for name, value in {**os.environ, **put}.items()
        if value is not None
    }
    command = [os.fspath(word) for word in settings.command]
    if not hasattr(os, "killpg"):  # pragma: no cover - on Windows
        raise AgentStartError(settings.program, _NO_GROUPS)
    try:
        child = await start_child(command, cwd=Path(settings.cwd), env=env)
    except (OSError, ValueError) as error:
        why = _why(error, settings, env)
        raise AgentStartError(settings.program, why) from error
    family = Family(mark, child)
    agent = AgentProcess(child, family, settings.stderr_tail)
    try:
        yield agent
    finally:
        with trio.CancelScope(shield=True, deadline=math.inf):
            await family.look()  # some end with their input, and leave no trace
            await agent.close_stdin()
            await family.end(settings.end_within)
            await agent.close_pipes()


def _why(error: Exception, settings: AgentSettings, env: dict[str, str]) -> str:
    """Why it cannot be started, in words."""
    if not isinstance(error, OSError):
        return str(error)
    if error.filename == str(settings.cwd) or error.filename == settings.cwd:
        return f"its working directory {str(settings.cwd)!r}: {error.strerror}"
    if not isinstance(error, FileNotFoundError):
        return f"{error.strerror}"
    file = _found(settings.program, settings, env)
    if file is None:
        return "there is no such program (is it installed, and on the PATH?)"
    interpreter = _interpreter(file)
    if interpreter:
        where = f"(see line 1 of {str(file)!r})"
        return f"its interpreter {interpreter!r} is missing {where}"
    return f"{str(file)!r} is there, and the loader that it names is not"


def _found(program: str, settings: AgentSettings, env: dict[str, str]) -> Path | None:
    """The file that the program is; None: there is none."""
    if os.sep in program:
        places = [Path(settings.cwd) / program]
    else:
        places = [Path(each) / program for each in os.get_exec_path(env)]
    return next((each for each in places if each.is_file()), None)


def _interpreter(file: Path) -> str:
    """What the first line of a script names; "": it is no script, or unreadable."""
    try:
        with file.open("rb") as script:
            line = script.readline(256)
    except OSError:
        return ""
    words = line[2:].split() if line.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else ""
