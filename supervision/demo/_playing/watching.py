"""What is shown while the demo runs: the live view, or a line now and then.

The live view is the one of `actors top`, drawn from what the control socket says; the
lines are made from the senders' account, and need no socket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import trio
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from supervision._drawing.frame import Extras, frame
from supervision._view.shapes import TopShape
from supervision._words.text import amount
from supervision.client.asking import Client, ClientError
from supervision.demo.traffic.book import BookShape

from .course import Course, Stage

LINE_EVERY: Final = 5.0
"""Seconds between two lines."""
FRAME_EVERY: Final = 1.0
"""Seconds between two frames."""
_SOON: Final = 0.1
_MILLI: Final = 1_000
_ANSWERS_WITHIN: Final = 3.0
_HISTORY: Final = 60
_STOPS: Final = "Ctrl-C stops early"


class Lines:
    """A line when something begins, and every five seconds.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    async def watch(self, course: Course) -> None:
        """Show a course until cancelled."""
        options = course.options
        self._say(f"starting the service as process {course.service.process.pid}")
        told: Stage | None = None
        lines = kills = 0
        while True:
            if course.stage is not told and course.stage is not Stage.STARTING:
                told = course.stage
                if told is Stage.PLAYING:
                    self._say(self._playing(course))
                else:
                    self._say(f"asked to stop, within {options.budget:g} s")
                lines = 0
            if course.book.kills["number"] > kills:
                kills += 1
                self._say(f"killed it (kill -9): {_left(course)}; it is started again")
            if told is not None and course.seconds >= LINE_EVERY * lines:
                lines += 1
                if course.account is not None:
                    self._say(line(course, course.account))
            await trio.sleep(_SOON)

    def _playing(self, course: Course) -> str:
        plan, socket = course.options.plan, course.options.socket
        text = f"it plays {plan.speed:g} s of the recording a second, "
        text += f"for {course.options.seconds:g} s at most; {_STOPS}"
        if socket is not None:
            text += f"; watch it with: actors top --socket {socket}"
        return text

    def _say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)


def _left(course: Course) -> str:
    return f"{amount(course.book.open, 'prompt')} had no outcome"


def line(course: Course, account: BookShape) -> str:
    """Say in one line how far it is."""
    ended = sum(account["outcomes"].values())
    text = f"{course.stage.value} {course.seconds:3.0f} s: "
    text += f"{account['accepted']:,} accepted, {ended:,} ended "
    text += f"({account['outcomes'].get('Completed', 0):,} completed), "
    text += f"{account['turns']} turns run, {account['waiting']} wait, "
    text += f"{account['sessions']} sessions, "
    text += f"p99 wait {account['waits']['p99'] * _MILLI:.0f} ms, "
    return text + f"{_faults(account['faults'])}"


def _faults(faults: Mapping[str, int]) -> str:
    number = sum(faults.values())
    return f"{number} fault{'' if number == 1 else 's'}"


class LiveView:
    """The view of `actors top`, full screen, with the demo's state at the foot.

    Args:
        console: a terminal.
        client: of the service's control socket.
    """

    def __init__(self, console: Console, client: Client) -> None:
        self.console = console
        self.client = client

    async def watch(self, course: Course) -> None:
        """Show a course until cancelled."""
        now: TopShape | None = None
        before: TopShape | None = None
        history: deque[float] = deque(maxlen=_HISTORY)
        with Live(
            console=self.console, screen=True, auto_refresh=False, redirect_stdout=False
        ) as live:
            while True:
                gone: str | None = None
                height = self.console.height
                try:
                    found = await trio.to_thread.run_sync(
                        self._top, height, abandon_on_cancel=True
                    )
                except ClientError as error:
                    gone = _gone(course) or str(error)
                else:
                    before, now = now, found
                    if before is not None:
                        history.append(_accepted(now, before))
                picture: RenderableType = foot(course)
                if now is not None:
                    extras = Extras(history=list(history), gone=gone, foot=foot(course))
                    picture = frame(now, before, self.console.width, height, extras)
                live.update(picture, refresh=True)
                await trio.sleep(_SOON if now is None else FRAME_EVERY)

    def _top(self, rows: int) -> TopShape:
        return self.client.top(rows=rows, sessions=rows)


def _gone(course: Course) -> str | None:
    """Why nobody answers, if the demo itself has seen to it."""
    if course.stage is Stage.STOPPING:
        return "it has stopped, as it was asked to"
    return "killed (kill -9), and started again" if course.killed else None


def foot(course: Course) -> Text:
    """The last line of the screen: what the demo is doing."""
    if course.stage is Stage.STARTING:
        return Text(" demo: starting the service")
    text = Text(" demo: ", "dim")
    text.append(course.stage.value, "bold")
    text.append(f" {course.seconds:.0f} s, {course.left:.0f} s left")
    if course.account is not None:
        text.append(f"   {_faults(course.account['faults'])}")
        if killed := course.account["kills"]["number"]:
            text.append(f", killed {amount(killed, 'time')}")
        away = course.account["waits"]["p99"] * _MILLI
        text.append(f"   p99 wait {away:.0f} ms")
    if course.stage is Stage.PLAYING:
        text.append("   Ctrl-C: stop", "dim")
    return text


def _accepted(now: TopShape, before: TopShape) -> float:
    """Prompts accepted a second between two frames."""
    seconds = (
        now["statistics"]["service"]["uptime"]
        - before["statistics"]["service"]["uptime"]
    )
    accepted = [
        sum(each["accepted"] for each in shape["statistics"]["routers"])
        for shape in (now, before)
    ]
    return max(0, accepted[0] - accepted[1]) / seconds if seconds > 0 else 0.0
