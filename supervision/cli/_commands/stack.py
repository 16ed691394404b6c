"""`actors stack`: where a session stands, or an actor, and what it waits for."""

from __future__ import annotations

import contextlib
import time
from argparse import Namespace
from pathlib import Path

from supervision._drawing.stack_lines import stack_lines, whole_lines
from supervision._view.shapes import StackShape
from supervision.client.asking import Client
from supervision.client.directory import CommandError, choose_client
from supervision.client.failures import RefusedRequestError
from supervision.service import ExitCode

from .printing import print_json, print_lines
from .process import look_into
from .source import Source

_UNKNOWN = 404


def show_stack(arguments: Namespace) -> int:
    """`actors stack`: of the session with this key; else of the actor at this path."""
    if arguments.pid is not None:
        return _show_process(arguments)
    if arguments.key is None:
        text = "say whose stack: a key, the path of an actor, or --pid"
        raise CommandError(f"{text}; see 'actors stack --help'")
    client = choose_client(arguments.socket)
    stack = _asked(client, arguments.key, arguments.router)
    if arguments.json:
        print_json(stack)
    else:
        print_stack(client, stack, everything=arguments.all)
    return ExitCode.OK


def _show_process(arguments: Namespace) -> int:
    if arguments.key is not None or arguments.socket is not None:
        raise CommandError("--pid is for all of a process: no key, no --socket")
    found = look_into(arguments.pid)
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    with contextlib.suppress(OSError):
        began = Path(f"/proc/{arguments.pid}").stat().st_mtime
        print_lines(whole_lines(found, Source(began).line, everything=arguments.all))
    return ExitCode.OK


def print_stack(client: Client, stack: StackShape, *, everything: bool = False) -> None:
    """Write a stack, with the lines of source that can be read here."""
    source = Source(time.time() - client.service()["uptime"])
    print_lines(stack_lines(stack, source.line, everything=everything))


def _asked(client: Client, key: str, router: str | None) -> StackShape:
    """A key may look like a path: sessions are asked for first."""
    try:
        return client.session_stack(key, router=router)
    except RefusedRequestError as error:
        if error.status != _UNKNOWN or router is not None or not key.startswith("/"):
            raise
    return client.actor_stack(key)
