"""`show_progress`: a line in the log now and then, or one that is written over."""

from __future__ import annotations

import io
import logging
import re

import pytest
import trio
from trio.testing import MockClock

from supervision.service._process.logging import configure_logging
from supervision.service._process.progress import DrainFacts, show_progress
from supervision.service._terms.settings import LogFormat, Settings


class Drain:
    """A drain that takes 25 seconds, then a stop of 5."""

    def __init__(self) -> None:
        self.looks: list[float] = []
        self.began = trio.current_time()

    def facts(self) -> DrainFacts:
        """How it is now."""
        now = trio.current_time() - self.began
        self.looks.append(now)
        state = "draining" if now < 25 else "stopping" if now < 30 else "ended"
        left = max(0, 30 - int(now))
        return DrainFacts(
            turns=left, waiting=10 * left, actors=1000 * left, left=left, state=state
        )


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            DrainFacts(turns=12, waiting=30, actors=9, left=17.4, state="draining"),
            "draining: 12 turns run, 30 prompts wait; 17 s left",
        ),
        (
            DrainFacts(turns=1, waiting=1, actors=9, left=-0.2, state="draining"),
            "draining: 1 turn runs, 1 prompt waits; 0 s left",
        ),
        (
            DrainFacts(turns=0, waiting=0, actors=1234, left=4, state="stopping"),
            "stopping: 1,234 actors are left; 4 s left",
        ),
        (
            DrainFacts(turns=0, waiting=0, actors=1, left=4, state="stopping"),
            "stopping: 1 actor is left; 4 s left",
        ),
    ],
)
def test_the_line_says_what_is_waited_for(facts: DrainFacts, words: str) -> None:
    """Turns and prompts while it drains, actors when it stops."""
    assert facts.words == words


async def test_the_log_has_a_line_at_growing_distances(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Often at the beginning, when a person looks; it ends by itself."""
    del autojump_clock
    drain = Drain()

    with caplog.at_level(logging.INFO, logger="supervision"):
        await show_progress(drain.facts)

    assert drain.looks == [0, 1, 2, 5, 10, 20, 30]
    assert [record.getMessage() for record in caplog.records] == [
        "draining: 30 turns run, 300 prompts wait; 30 s left",
        "draining: 29 turns run, 290 prompts wait; 29 s left",
        "draining: 28 turns run, 280 prompts wait; 28 s left",
        "draining: 25 turns run, 250 prompts wait; 25 s left",
        "draining: 20 turns run, 200 prompts wait; 20 s left",
        "draining: 10 turns run, 100 prompts wait; 10 s left",
    ]
    assert caplog.records[0].__dict__["waiting"] == 300


async def test_a_service_without_work_ends_without_a_word(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is gone before anybody can read; unless it is not."""
    del autojump_clock
    states = iter(["stopping", "stopping", "ended"])

    def facts() -> DrainFacts:
        return DrainFacts(turns=0, waiting=0, actors=1, left=9, state=next(states))

    with caplog.at_level(logging.INFO, logger="supervision"):
        await show_progress(facts)

    assert trio.current_time() == 2
    assert [record.getMessage() for record in caplog.records] == [
        "stopping: 1 actor is left; 9 s left"
    ]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """One that the log is written to in colour."""
    monkeypatch.setenv("TERM", "xterm")
    found = Screen()
    configure_logging(Settings(log_format=LogFormat.RICH), found)
    return found


def seen(text: str) -> list[str]:
    """The lines that a person sees at the end."""
    text = re.sub(r"\x1b\[\??[\d;]*[mhl]", "", text)
    lines = [""]
    for part in re.split(r"(\r|\n|\x1b\[2K|\x1b\[1A)", text):
        match part:
            case "\x1b[2K" | "\r":
                lines[-1] = "" if part == "\x1b[2K" else lines[-1]
            case "\x1b[1A":
                lines.pop()
            case "\n":
                lines.append("")
            case _:
                lines[-1] += part
    return [line for line in lines if line]


async def test_a_terminal_has_one_line_which_is_gone_at_the_end(
    autojump_clock: MockClock, screen: Screen
) -> None:
    """It is written over each second."""
    del autojump_clock
    drain = Drain()

    await show_progress(drain.facts, stream=screen)

    assert drain.looks == list(range(31))
    assert "draining: 30 turns run, 300 prompts wait; 30 s left" in screen.getvalue()
    assert "stopping: 1,000 actors are left; 1 s left" in screen.getvalue()
    assert seen(screen.getvalue()) == []


async def test_the_log_goes_on_above_the_line(
    autojump_clock: MockClock, screen: Screen
) -> None:
    """Nothing of it is written over."""
    del autojump_clock
    drain = Drain()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: show_progress(drain.facts, stream=screen))
        await trio.sleep(1.5)
        logging.getLogger("tests").info("hello")
        logging.getLogger("tests").error("a\nb")
        nursery.cancel_scope.cancel()

    lines = [line.split(maxsplit=1)[-1].rstrip() for line in seen(screen.getvalue())]
    assert lines == ["INFO     tests hello", "ERROR    tests a", "b"]


async def test_it_can_be_cancelled(autojump_clock: MockClock, screen: Screen) -> None:
    """The line is gone then."""
    del autojump_clock
    drain = Drain()

    with trio.move_on_after(2.5):
        await show_progress(drain.facts, stream=screen, every=0.5)

    assert drain.looks == [0, 0.5, 1, 1.5, 2]
    assert seen(screen.getvalue()) == []


async def test_the_cursor_is_never_hidden(
    autojump_clock: MockClock, screen: Screen
) -> None:
    """A third signal ends the process wherever it is, and a person goes on typing."""
    del autojump_clock

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: show_progress(Drain().facts, stream=screen))
        await trio.sleep(2.5)
        during = screen.getvalue()
        nursery.cancel_scope.cancel()

    assert "draining: 28" in during
    assert during.rindex("\x1b[?25h") > during.rindex("\x1b[?25l")
