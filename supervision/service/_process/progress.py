"""How far a drain has come, while it lasts: one line, for a person or for the log.

On a terminal whose log is in colour the line stands below it and is written over; else
it is a record at growing distances.  Knows the service by the facts that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

import attrs
import trio

from supervision._log.safe import Log
from supervision._words.text import amount

from .logging import terminal

logger = Log("supervision")

_EARLY = (1.0, 2.0, 5.0, 10.0)  # seconds; then every ten


@attrs.frozen(kw_only=True)
class DrainFacts:
    """What there is to say at one instant."""

    turns: int
    """Turns that run."""
    waiting: int
    """Prompts that wait."""
    actors: int
    """Actors that have not ended."""
    left: float
    """Seconds of the budget."""
    state: str
    """Of the service: `draining`, `stopping`; `ended`: there is no more to say."""

    @property
    def words(self) -> str:
        """The line: `draining: 12 turns run, 30 prompts wait; 17 s left`."""
        time = f"{max(self.left, 0):.0f} s left"
        if self.state != "draining":
            verb = "is" if self.actors == 1 else "are"
            return f"{self.state}: {amount(self.actors, 'actor')} {verb} left; {time}"
        run = amount(self.turns, "turn runs", "turns run")
        wait = amount(self.waiting, "prompt waits", "prompts wait")
        return f"{self.state}: {run}, {wait}; {time}"


async def show_progress(
    facts: Callable[[], DrainFacts],
    *,
    every: float = 1.0,
    stream: TextIO | None = None,
) -> None:
    """Show how far the drain has come, until the service has ended.

    Start it when the drain begins, and cancel it when nothing is to be shown any more;
    then the line is gone from the terminal.  Where it cannot be written over, it is
    logged (logger `supervision`, INFO) at once, if anybody is waited for, after 1, 2, 5
    and 10 seconds, and every 10 from then on.

    Args:
        facts: tells how things are; a quick plain function.
        every: seconds between two looks on a terminal.  Default 1.
        stream: where the log goes.  Default None: `sys.stderr`.
    """
    console = terminal(stream)
    if console is None:
        await _log(facts)
    else:
        await _draw(facts, every, console)


async def _log(facts: Callable[[], DrainFacts]) -> None:
    began = trio.current_time()
    steps = iter(_EARLY)
    after = 0.0
    while True:
        now = facts()
        if now.state == "ended":
            return
        if after or now.turns or now.waiting:  # who is idle is gone before one can read
            logger.info("%s", now.words, extra=attrs.asdict(now))
        after = next(steps, after + _EARLY[-1])
        await trio.sleep_until(began + after)


async def _draw(
    facts: Callable[[], DrainFacts],
    every: float,
    console: Any,  # a rich.console.Console, which is loaded only for a terminal
) -> None:
    # There is a console, so it is loaded already.
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    # It has no thread of its own, and nothing but this line is its.
    with Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as line:
        console.show_cursor()  # the process may be ended right here
        while (now := facts()).state != "ended":
            text = Text(now.words, "bold", no_wrap=True, overflow="ellipsis")
            line.update(text, refresh=True)
            await trio.sleep(every)
