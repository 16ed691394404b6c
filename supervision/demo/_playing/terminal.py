"""The demo on a terminal, or without one: who shows it, and what is said in the end."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from supervision._words.text import printable
from supervision.client import Client
from supervision.client.directory import (
    CommandError,
    default_socket,
    make_directory,
    runtime_directory,
)
from supervision.demo.traffic.plan import Plan
from supervision.service import ExitCode

from .course import DemoError, Options, Watcher, demonstrate
from .outside import NAME, can_be_kept, can_be_watched
from .watching import Lines, LiveView

_NO_UNIX: Final = (
    "the demo starts and kills processes as only Unix can: run it in WSL or a container"
)


def show(plan: Plan, given: argparse.Namespace) -> int:
    """Run the demo as it was asked for; returns the exit status.

    Raises:
        CommandError: there is no place for the control socket; or this is Windows.
    """
    if not hasattr(os, "fork"):  # pragma: no cover - on Windows
        raise CommandError(_NO_UNIX)
    console = Console(highlight=False)
    socket = choose_socket(given.socket)
    durable = can_be_kept()
    options = Options(
        plan=plan,
        seconds=given.seconds,
        budget=given.budget,
        kills=given.kills if durable and plan.faults else 0,
        durable=durable,
        socket=socket,
        log=given.log,
    )
    if not durable:
        text = "no store, so it runs in memory and is not killed: "
        console.print(Text(f"{text}pip install 'trio-actors[durable]'"), soft_wrap=True)
    watcher: Watcher = Lines(console)
    if socket is None and given.socket is None:
        text = "no control socket, so no live view: pip install 'trio-actors[control]'"
        console.print(Text(text), soft_wrap=True)
    elif socket is not None and not given.plain and _can_draw(console):
        watcher = LiveView(console, Client(socket, timeout=3.0))
    try:
        summary = demonstrate(options, watcher)
    except DemoError as error:
        if error.log:
            sys.stderr.write(f"{printable(error.log, lines=True)}\n")
        raise CommandError(str(error), ExitCode(error.exit_code)) from error
    except OSError as error:
        raise CommandError(str(error), ExitCode.CRASHED) from error
    console.print(summary)
    console.print()
    console.print(summary.verdict)
    return summary.exit_code


def choose_socket(asked: str | None) -> Path | None:
    """Settle where the control socket is; None: nowhere.

    Args:
        asked: a path, "none", or None: where `actors` looks, if it can be served.

    Raises:
        CommandError: it cannot be served, or there is no place for it.
    """
    if asked == "none":
        return None
    able = can_be_watched()
    if asked is not None:
        if not able:
            text = "--socket: it needs the extra 'control': "
            raise CommandError(f"{text}pip install 'trio-actors[control]'")
        return Path(asked).absolute()
    if not able:
        return None
    directory = runtime_directory()
    make_directory(directory)
    return default_socket(NAME, directory)


def _can_draw(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal
