"""The pictures of the documentation, taken of a running demo.

`python -m supervision.demo.pictures FOLDER` plays the demo for a while, takes the live
view, the tree and the list of sessions through the control socket, lets the service
drain, and draws the summary: `top.svg`, `tree.svg`, `sessions.svg`, `summary.svg`.
Traffic and faults are those of the seed, so the pictures are much the same each time.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Final

import attrs
import trio
from rich.console import Console
from rich.text import Text

from supervision._drawing.panel import Panel
from supervision._drawing.picture import save_picture
from supervision._view.shapes import TopShape
from supervision.client import Client, ClientError
from supervision.service import ExitCode

from ._playing.course import Course, DemoError, Options, demonstrate
from ._playing.outside import can_be_kept, can_be_watched
from .traffic.plan import Plan

WIDTH: Final = 112
HEIGHT: Final = 34
"""Of the live view; the others are as high as they must be."""
_LISTS: Final = 92  # columns of the tree and of the sessions
_SESSIONS: Final = 20
_SUMMARY_WIDTH: Final = 80
_CHILDREN: Final = 6  # of each actor in the tree
_TERMINAL: Final = {
    "COLORTERM": "truecolor",
    "FORCE_COLOR": "1",
    "TERM": "xterm-256color",
}
"""Of the environment: what a command takes for a terminal with colours."""
_FRAME_EVERY: Final = 1.0  # seconds
_AGAIN_AFTER: Final = 0.1  # seconds, when there was nothing to see
_PATIENCE: Final = 30.0  # seconds for something to see; then what there is is taken


@attrs.frozen
class Photographer:
    """Waits for the moment, takes the pictures, and has the service stopped.

    A moment at which nothing runs is not the one: then it waits on, for a while.

    Args:
        client: of its control socket.
        folder: where the pictures go.
        after: seconds of play until the moment.
    """

    client: Client
    folder: Path
    after: float

    async def watch(self, course: Course) -> None:
        """Take the pictures; then nothing, until cancelled."""
        await course.playing.wait()
        panel = Panel(_FRAME_EVERY)
        busy = False
        for _ in range(max(2, round(self.after / _FRAME_EVERY))):
            await trio.sleep(min(self.after, _FRAME_EVERY))
            busy = await self._look(panel)
        with trio.move_on_after(_PATIENCE):
            while not busy:
                await trio.sleep(_AGAIN_AFTER)
                busy = await self._look(panel)
        drawn = panel.draw(WIDTH, HEIGHT, trio.current_time())
        save_picture(drawn, self.folder / "top.svg", WIDTH, HEIGHT, "actors top")
        await self._save("tree", "--width", f"{_CHILDREN}")
        await self._save("sessions", "--limit", f"{_SESSIONS}", wanted="running")
        course.enough.set()
        await trio.sleep_forever()

    async def _look(self, panel: Panel) -> bool:
        """Look once more; tell whether a turn runs: a demo may rest at its start."""
        top = await self._top()
        panel.seen(top)
        return any(each["turns_running"] for each in top["statistics"]["routers"])

    async def _top(self) -> TopShape:
        return await trio.to_thread.run_sync(self._ask_for_top)

    def _ask_for_top(self) -> TopShape:
        return self.client.top(rows=HEIGHT, sessions=HEIGHT)

    async def _save(self, command: str, *options: str, wanted: str = "") -> None:
        """Save what a command writes, once it has the wanted word in it."""
        text = await self._told(command, *options)
        with trio.move_on_after(_PATIENCE):
            while wanted not in text.plain:
                await trio.sleep(_AGAIN_AFTER)
                text = await self._told(command, *options)
        lines = text.plain.count("\n") + 1
        title = f"actors {command}"
        save_picture(text, self.folder / f"{command}.svg", _LISTS, lines, title)

    async def _told(self, command: str, *options: str) -> Text:
        """Give what a command writes on a terminal."""
        words = [sys.executable, "-m", "supervision.cli", command, *options]
        done = await trio.run_process(
            [*words, "--socket", str(self.client.path)],
            capture_stdout=True,
            env={**os.environ, **_TERMINAL, "COLUMNS": f"{_LISTS}"},
        )
        return Text.from_ansi(done.stdout.decode().rstrip("\n"))


def take_pictures(folder: Path, plan: Plan, after: float) -> ExitCode:
    """Play the demo and take the pictures.

    Args:
        folder: where they go; made if it is not there.
        plan: what is played.
        after: seconds of play until they are taken; longer while no turn runs.

    Raises:
        DemoError, ClientError: the service could not be played with, or did not answer.
        CalledProcessError: a command could not say what it was asked.
        OSError: a picture cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="actors-pictures-") as place:
        socket = Path(place) / "demo.sock"
        options = Options(
            plan=plan, seconds=math.inf, socket=socket, durable=can_be_kept()
        )
        photographer = Photographer(Client(socket), folder, after)
        summary = demonstrate(options, photographer)
    console = Console(width=_SUMMARY_WIDTH, height=HEIGHT)
    lines = len(console.render_lines(summary))
    save_picture(summary, folder / "summary.svg", _SUMMARY_WIDTH, lines, "actors demo")
    return ExitCode(summary.exit_code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures, as the command line says; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m supervision.demo.pictures")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument(
        "--after",
        type=float,
        default=20.0,
        help="seconds of play until they are taken (default: %(default)g)",
    )
    given = parser.parse_args(arguments)
    if not 0 < given.after < math.inf:
        parser.error("--after must be a number of seconds above 0")
    if not can_be_watched():
        parser.error("it needs the extra 'control': pip install 'trio-actors[control]'")
    plan = Plan(fault_every=min(2.0, given.after / 10))
    try:
        return take_pictures(given.folder, plan, given.after)
    except (DemoError, ClientError, OSError, CalledProcessError) as error:
        sys.stderr.write(f"{parser.prog}: error: {error}\n")
        return ExitCode.CRASHED


if __name__ == "__main__":
    sys.exit(main())
