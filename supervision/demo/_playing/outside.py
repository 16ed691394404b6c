"""The demo's service from outside: a process, its files and its control socket.

It is started as anybody would start it, by `actors run`, and told to stop as an
orchestrator does, by SIGTERM.  It has a session of its own, so that Ctrl-C reaches the
command and not both; it ends by itself when the command is gone (`Plan.leash`).
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
from typing import Any, Final, cast

import attrs
import trio

from supervision.demo.traffic.book import BookShape
from supervision.demo.traffic.plan import VARIABLE, Plan

NAME: Final = "demo"
"""What the service is called."""

TREE: Final = "supervision.demo:tree"
_TAIL: Final = 20  # lines of the log that are shown when something is wrong
_NEEDED: Final = ("starlette", "hypercorn")


def can_be_watched() -> bool:
    """Whether what a control socket needs is installed."""
    return all(importlib.util.find_spec(each) is not None for each in _NEEDED)


@attrs.frozen(kw_only=True)
class Outside:
    """One process of the demo's service, seen from outside."""

    process: trio.Process
    budget: float
    """Seconds that it has to drain and stop."""
    socket: Path | None
    """Its control socket; None: it has none."""
    book: Path
    """Of the senders' account."""
    report_file: Path
    """Of its final report."""
    log: Path

    @property
    def exit_code(self) -> int | None:
        """Its exit status, as shells count; None while it runs."""
        found = self.process.returncode
        return 128 - found if found is not None and found < 0 else found

    def ask_to_stop(self) -> None:
        """Send SIGTERM: it drains and stops; the second time it stops at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)

    def account(self) -> BookShape | None:
        """Read the senders' account as it is now; None: there is none yet."""
        return cast("BookShape | None", _read(self.book))

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
        plan: what it is to do; where its account is kept is said here.
        folder: for its files.
        budget: seconds that it has to drain and stop.
        socket: where its control socket is to be; None: nowhere.
        log: where its log goes.  Default None: into the folder.

    Raises:
        OSError: the log cannot be written, or the process cannot be started.
    """
    book, report = folder / "account.json", folder / "report.json"
    log = log if log is not None else folder / "service.log"
    plan = attrs.evolve(plan, book=book, leash=True)
    command = [sys.executable, "-m", "supervision.cli", "run", TREE, "--name", NAME]
    command += ["--socket", str(socket) if socket is not None else "none"]
    command += ["--budget", f"{budget:g}", "--report", str(report)]
    command += ["--log-format", "plain"]
    with log.open("w", encoding="utf-8") as file:
        process = await trio.lowlevel.open_process(
            command,
            stdin=-1,  # a pipe: its leash
            stdout=file,
            stderr=file,
            env={**os.environ, VARIABLE: plan.as_text()},
            start_new_session=True,
        )
    try:
        yield Outside(
            process=process,
            budget=budget,
            socket=socket,
            book=book,
            report_file=report,
            log=log,
        )
    finally:
        with trio.CancelScope(shield=True):
            assert process.stdin is not None
            await process.stdin.aclose()
            if process.returncode is None:
                process.kill()
            await process.wait()  # a killed process ends


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
