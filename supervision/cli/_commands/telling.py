"""The commands that do something: stop, restart, abort, cancel, reset, close.

Each tells the service one thing and prints what it did.  `actors stop` without a path
stays until the service is gone, and shows what it still waits for.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from argparse import Namespace

from supervision._drawing.text import clean, plural, span
from supervision._view.shapes import StatisticsShape
from supervision.client.asking import Client
from supervision.client.directory import CommandError, choose_client
from supervision.client.failures import (
    NobodyThereError,
    RefusedRequestError,
    SilentServiceError,
)
from supervision.service import ExitCode

from .printing import print_done, print_json


def stop(arguments: Namespace) -> int:
    """`actors stop`: stop an actor; or the service, and wait until it is gone."""
    client = choose_client(arguments.socket)
    if arguments.path is None:
        return _stop_service(client, arguments)
    if arguments.within is not None:
        text = "--within is for the service: an actor has its own grace"
        raise CommandError(text)
    return print_done(client.stop_actor(arguments.path), arguments)


def restart(arguments: Namespace) -> int:
    """`actors restart`: stop a supervisor's child if it runs, and start it again."""
    client = choose_client(arguments.socket)
    return print_done(client.restart_actor(arguments.path), arguments)


def abort(arguments: Namespace) -> int:
    """`actors abort`: abort a turn by its id."""
    client = choose_client(arguments.socket)
    result = client.abort_turn(
        arguments.turn,
        router=arguments.router,
        hard=arguments.soft is None,
        hint=arguments.soft,
        reason=arguments.reason,
    )
    return print_done(result, arguments)


def tell_session(arguments: Namespace) -> int:
    """`actors cancel`, `reset` and `close`: say that to a session."""
    verb = arguments.command
    if verb == "cancel" and arguments.all:
        verb = "cancel_all"
    client = choose_client(arguments.socket)
    result = client.session_verb(
        arguments.key, verb, router=arguments.router, reason=arguments.reason
    )
    return print_done(result, arguments)


def _stop_service(client: Client, arguments: Namespace) -> int:
    with contextlib.closing(_Process(client.pid())) as process:
        return _stop_and_wait(client, process, arguments)


def _stop_and_wait(client: Client, process: _Process, arguments: Namespace) -> int:
    began = time.monotonic()
    result = client.stop_service(within=arguments.within)
    if arguments.json:
        print_json(result)
    line = _Line(shown=not arguments.json)
    try:
        _wait(client, process, line)
    finally:
        line.end()
    # behind the socket there is only the end of the process
    if not process.gone(_LAST):
        text = f"the service has ended, but its process, {process.pid}, is still there"
        raise CommandError(text, ExitCode.LATE)
    if not arguments.json:
        took = span(time.monotonic() - began)
        sys.stdout.write(f"the service is gone, after {took}\n")
    return ExitCode.OK


def _wait(client: Client, process: _Process, line: _Line) -> None:
    """Show what a service still waits for, until it does not answer any more."""
    while not process.gone(_BETWEEN, otherwise=False):
        try:
            found = client.statistics()
        except RefusedRequestError:  # it has ended, and says so as long as it can
            continue
        except SilentServiceError:
            line.show("busy: the service does not answer, its end is waited for")
        except NobodyThereError:
            return
        else:
            line.show(_progress(found))


def _progress(found: StatisticsShape) -> str:
    """Say what a service that stops still waits for."""
    service = found["service"]
    running = sum(each["turns_running"] for each in found["routers"])
    queued = sum(each["queued"] for each in found["routers"])
    left = "" if service["left"] is None else f"; {span(service['left'])} left"
    return (
        f"{clean(service['state'])}: {plural(running, 'turn')} running, "
        f"{plural(queued, 'prompt')} waiting, "
        f"{plural(found['system']['actors'], 'actor')}{left}"
    )


class _Line:
    """One line of progress: rewritten on a terminal, elsewhere written when new."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._rewrite = sys.stdout.isatty()
        self._open = False
        self._state = ""

    def show(self, text: str) -> None:
        if not self._shown:
            return
        if self._rewrite:
            sys.stdout.write("\r\x1b[K" + text[: _columns() - 1])
            self._open = True
        elif (state := text.partition(":")[0]) != self._state:
            self._state = state
            sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def end(self) -> None:
        if self._open:
            sys.stdout.write("\r\x1b[K")


class _Process:
    """Whether a process is there, from the kernel."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self._file: int | None = None
        if pid is not None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # gone, or one that we may not see
                self._file = os.pidfd_open(pid)

    def gone(self, within: float, *, otherwise: bool = True) -> bool:
        """Wait for its end, so many seconds; whether that has come.

        Where the kernel does not tell: `otherwise`, and later if that is False.
        """
        if self._file is None:
            if not otherwise:
                time.sleep(within)
            return otherwise
        ready, _, _ = select.select([self._file], [], [], within)
        return bool(ready)

    def close(self) -> None:
        """Look no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 80


_BETWEEN = 0.25  # seconds between two looks
_LAST = 5.0  # seconds that a process may take to end behind its socket
