"""`actors top`: the live view, on the screen of a terminal or as one picture.

One task asks the service (in a thread, so that keys work while it is slow), one reads
the keyboard, one hears the terminal's signals; all draw the same `Panel`.  However it
ends, the terminal is as it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import attrs
import trio
from rich.console import Console, RenderableType
from rich.text import Text

from supervision._drawing.frame import frame
from supervision._drawing.head import HEAD_LINES
from supervision._drawing.panel import AbortWish, Panel, Wish
from supervision._drawing.picture import save_picture
from supervision._view.shapes import StackShape, TopShape
from supervision.cli._commands.early import ENDS, known_signals
from supervision.cli._commands.printing import make_console, print_json, print_lines
from supervision.client.asking import Client
from supervision.client.directory import CommandError, choose_client
from supervision.client.failures import ClientError, RefusedRequestError
from supervision.service import ExitCode

from .keyboard import Keyboard
from .screen import Screen


def watch(arguments: Namespace) -> int:
    """`actors top`: until `q`, or one frame if there is no terminal to draw on."""
    client = choose_client(arguments.socket)
    if arguments.json:
        print_json(client.top(**_rows(arguments, _LINES)))
        return ExitCode.OK
    console = make_console()
    if arguments.once or arguments.svg is not None or not console.is_terminal:
        return _once(client, console, arguments)
    if console.is_dumb_terminal:
        return _snapshots(client, console, arguments)
    client.service()  # who is not there from the beginning is an error
    client.timeout = _PATIENCE
    return trio.run(_live, client, console, arguments)


def _once(client: Client, console: Console, arguments: Namespace) -> int:
    width, height = _COLUMNS, _LINES
    if console.is_terminal and arguments.svg is None:
        width, height = console.width, console.height - 1
    drawing = frame(client.top(**_rows(arguments, height)), None, width, height)
    if arguments.svg is None:
        console.print(drawing)
        return ExitCode.OK
    try:
        save_picture(drawing, arguments.svg, width, height, "actors top")
    except OSError as error:
        text = f"--svg: {arguments.svg} cannot be written: {error.strerror}"
        raise CommandError(text) from error
    return ExitCode.OK


def _snapshots(client: Client, console: Console, arguments: Namespace) -> int:
    """One frame after the other, for a terminal that can only write lines."""
    while True:
        width, height = console.width, console.height - 1
        drawing = frame(client.top(**_rows(arguments, height)), None, width, height)
        print_lines([*_lines_of(drawing), Text()])
        time.sleep(arguments.interval)


def _lines_of(drawing: RenderableType) -> list[Text]:
    return list(drawing.split("\n")) if isinstance(drawing, Text) else []


def _rows(arguments: Namespace, height: int) -> dict[str, int]:
    """How much can be shown: nobody is asked for more."""
    fits = max(height - HEAD_LINES - 1, 1)
    return {"rows": min(arguments.rows or fits, fits), "sessions": fits}


class Display(Protocol):
    """Where the view is drawn: a `Screen`, or a test's."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        ...

    def draw(self, drawing: RenderableType) -> None:
        """Show this."""
        ...


@attrs.frozen
class View:
    """One live view: a panel, where it is drawn, and whom it asks.

    Args:
        panel: what is shown.
        display: where.
        ask: gives a frame: `ask(lines, panel)`, with the order and the filter of that.
        look: gives where the session stands that is opened: `look(router, key)`.
        abort: aborts a turn and says in words what came of it.
        interval: seconds between two frames.
    """

    panel: Panel
    display: Display
    ask: Callable[[int, Panel], Awaitable[TopShape]]
    look: Callable[[str, str], Awaitable[StackShape]]
    abort: Callable[[AbortWish], Awaitable[str]]
    interval: float
    _wake: list[trio.Event] = attrs.field(init=False, factory=lambda: [trio.Event()])

    def draw(self) -> None:
        """Draw it, now."""
        width, height = self.display.size
        self.display.draw(self.panel.draw(width, height, trio.current_time()))

    async def poll(self) -> None:
        """Ask and draw, for ever; while nobody answers, too."""
        while True:
            if not self.panel.paused:
                await self._look()
            self.draw()
            with trio.move_on_after(self.interval):
                await self._wake[0].wait()
            self._wake[0] = trio.Event()

    async def type(self, read: Callable[[], Awaitable[list[str]]]) -> None:
        """Do what keys are for, until one means the end."""
        while True:
            for key in await read():
                match self.panel.press(key, trio.current_time()):
                    case Wish.QUIT:
                        return
                    case Wish.LOOK:
                        self._wake[0].set()
                    case AbortWish() as wish:
                        await self._abort(wish)
                    case None:
                        pass
            self.draw()

    async def _look(self) -> None:
        _, height = self.display.size
        try:
            self.panel.seen(await self.ask(height, self.panel))
            opened = self.panel.opened
            if opened is not None:
                self.panel.looked_into(opened, await self.look(*opened))
        except RefusedRequestError as error:  # it starts, or has ended; or the session
            self.panel.note(str(error), trio.current_time(), bad=True)
        except ClientError:
            self.panel.lost(trio.current_time())

    async def _abort(self, wish: AbortWish) -> None:
        try:
            done = await self.abort(wish)
        except ClientError as error:
            self.panel.note(str(error), trio.current_time(), bad=True)
        else:
            self.panel.note(done, trio.current_time())
        self._wake[0].set()


async def _live(client: Client, console: Console, arguments: Namespace) -> int:
    """Run the view on a terminal; returns the exit status."""

    async def ask(lines: int, panel: Panel) -> TopShape:
        order, match = panel.order, panel.match or None
        return await trio.to_thread.run_sync(
            lambda: _ask(client, _rows(arguments, lines), order, match),
            abandon_on_cancel=True,
        )

    async def look(router: str, key: str) -> StackShape:
        return await trio.to_thread.run_sync(
            lambda: client.session_stack(key, router=router), abandon_on_cancel=True
        )

    async def abort(wish: AbortWish) -> str:
        result = await trio.to_thread.run_sync(
            lambda: client.abort_turn(wish.turn, router=wish.router),
            abandon_on_cancel=True,
        )
        return result["done"]

    status: int = ExitCode.OK
    screen = Screen(console)
    keyboard = Keyboard(sys.stdin.fileno()) if sys.stdin.isatty() else None
    panel = Panel(arguments.interval)
    view = View(panel, screen, ask, look, abort, arguments.interval)
    with (
        trio.open_signal_receiver(*ENDS, *_OTHERS) as signals,
        keyboard or contextlib.nullcontext(),
        screen,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(view.poll)
            nursery.start_soon(_read, view, keyboard, nursery.cancel_scope)
            status = await _hear(view, screen, keyboard, signals)
            nursery.cancel_scope.cancel()
    return status


def _ask(
    client: Client, rows: dict[str, int], order: str, match: str | None
) -> TopShape:
    """Ask for one frame; only the worst of all sessions come with it."""
    if order == "worst" and match is None:
        return client.top(**rows)
    now = client.top(rows=rows["rows"], sessions=0)
    limit = rows["sessions"]
    now["sessions"] = client.sessions(order=order, match=match, limit=limit)
    return now


async def _read(
    view: View, keyboard: Keyboard | None, everything: trio.CancelScope
) -> None:
    """Do what keys are for; the last one ends it all, as does a terminal that goes."""
    if keyboard is not None:
        with contextlib.suppress(EOFError):
            await view.type(keyboard.read)
        everything.cancel()


async def _hear(
    view: View,
    screen: Screen,
    keyboard: Keyboard | None,
    signals: AsyncIterator[int],
) -> int:
    """Obey the terminal's signals: another size, Ctrl-Z; returns when one ends it."""
    async for number in signals:
        if number in ENDS:
            return 128 + number
        if number == signal.SIGTSTP:
            _sleep(screen, keyboard)
        view.draw()
    raise AssertionError


def _sleep(screen: Screen, keyboard: Keyboard | None) -> None:
    """Give the terminal back and stop, as Ctrl-Z does; returns when we are woken."""
    screen.give_back()
    if keyboard is not None:
        keyboard.give_back()
    os.kill(os.getpid(), signal.SIGSTOP)
    if keyboard is not None:
        keyboard.take()
    screen.take()


_OTHERS = known_signals("SIGWINCH", "SIGTSTP")
_PATIENCE = 3.0  # seconds after which a service that hangs is said to be gone
_COLUMNS, _LINES = 120, 40  # without a terminal
