"""The demo's service from outside: a process, its files and its sockets.

It is started as anybody would start it, by `actors run`, and told to stop as an
orchestrator does, by SIGTERM.  It has a session of its own, so that Ctrl-C reaches the
command and not both; it ends by itself when the command is gone (`Plan.leash`).  One
that was killed is started again, with the same files.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socketpair
from typing import Any, Final, cast

import attrs
import trio

from supervision.demo.traffic.plan import VARIABLE, Plan
from supervision.demo.traffic.wire import Wire

NAME: Final = "demo"
"""What the service is called."""

TREE: Final = "supervision.demo:tree"
_TAIL: Final = 20  # lines of the log that are shown when something is wrong
_WATCHED: Final = ("starlette", "hypercorn")
_KEPT: Final = ("apsw", "msgspec")


def can_be_watched() -> bool:
    """Whether what a control socket needs is installed."""
    return all(importlib.util.find_spec(each) is not None for each in _WATCHED)


def can_be_kept() -> bool:
    """Whether what a store in a file needs is installed."""
    return all(importlib.util.find_spec(each) is not None for each in _KEPT)


@attrs.define(kw_only=True, eq=False)
class Outside:
    """The demo's service, seen from outside: one process after the other."""

    command: list[str]
    plan: Plan
    socket: Path | None
    """Its control socket; None: it has none."""
    report_file: Path
    """Of its final report."""
    log: Path
    process: trio.Process
    """The latest."""
    wire: Wire
    """From its senders to the latest process."""

    async def start_again(self, faults_before: int) -> None:
        """Start one more process; the one before must have ended.

        Args:
            faults_before: faults of the tree that there were.

        Raises:
            OSError: it cannot be started.
        """
        await self.close()
        self.plan = attrs.evolve(self.plan, faults_before=faults_before)
        self.process, self.wire = await _start(self.command, self.plan, self.log)

    @property
    def exit_code(self) -> int | None:
        """Its exit status, as shells count; None while it runs."""
        found = self.process.returncode
        return 128 - found if found is not None and found < 0 else found

    def ask_to_stop(self) -> None:
        """Send SIGTERM: it drains and stops; the second time it stops at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)

    async def kill(self) -> None:
        """Send SIGKILL, and wait until the process has ended."""
        self.process.kill()
        await self.process.wait()

    def report(self) -> dict[str, Any] | None:
        """Read the final report; None: there is none (yet)."""
        return _read(self.report_file)

    def last_words(self) -> str:
        """The end of its log."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-_TAIL:])

    async def close(self) -> None:
        """Kill the process if it still runs, and let go of what leads to it."""
        with trio.CancelScope(shield=True):
            assert self.process.stdin is not None
            await self.process.stdin.aclose()
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()  # a killed process ends
            await self.wire.aclose()


@asynccontextmanager
async def open_service(
    plan: Plan,
    folder: Path,
    *,
    budget: float,
    socket: Path | None,
    log: Path | None = None,
) -> AsyncGenerator[Outside]:
    """Run the service in a process of its own; leaving the block kills what is left.

    Args:
        plan: what it is to do; where its senders are is said here.
        folder: for its files.
        budget: seconds that it has to drain and stop.
        socket: where its control socket is to be; None: nowhere.
        log: where its log goes.  Default None: into the folder.

    Raises:
        OSError: the log cannot be written, or the process cannot be started.
    """
    report = folder / "report.json"
    log = log if log is not None else folder / "service.log"
    plan = attrs.evolve(plan, leash=True)
    command = [sys.executable, "-m", "supervision.cli", "run", TREE, "--name", NAME]
    command += ["--socket", str(socket) if socket is not None else "none"]
    command += ["--budget", f"{budget:g}", "--report", str(report)]
    command += ["--log-format", "plain"]
    log.write_text("", encoding="utf-8")
    process, wire = await _start(command, plan, log)
    service = Outside(
        command=command,
        plan=plan,
        socket=socket,
        report_file=report,
        log=log,
        process=process,
        wire=wire,
    )
    try:
        yield service
    finally:
        await service.close()  # noqa: ASYNC102 - it shields itself


async def _start(
    command: list[str], plan: Plan, log: Path
) -> tuple[trio.Process, Wire]:
    """Start a process that has one end of a socket; its log goes on."""
    ours, theirs = socketpair()
    try:
        with theirs, log.open("a", encoding="utf-8") as file:
            plan = attrs.evolve(plan, desk=theirs.fileno())
            process = await trio.lowlevel.open_process(
                command,
                stdin=-1,  # a pipe: its leash
                stdout=file,
                stderr=file,
                env={**os.environ, VARIABLE: plan.as_text()},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
    except OSError:
        ours.close()
        raise
    return process, Wire(ours)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    with contextlib.suppress(ValueError):  # it is being written
        found: object = json.loads(text)
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    return None
