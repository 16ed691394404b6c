"""The code that blocks the event loop is named, once, while it does."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest
import trio

from supervision import Settings
from supervision._words.traceback import user_stack
from supervision.service._process.blocked import Watch, watch_loop


class World:
    """A loop, a clock and a processor that do as the test says."""

    def __init__(self, *, waits: list[float], busy: float = 0.0) -> None:
        self.at = 100.0
        self.cpu = 0.0
        self.busy = busy  # share of the processor that the process has
        self.waits = waits  # what each wait takes; the sign comes with the last one
        self.asked: list[Callable[[], object]] = []
        self.running = True
        self.shown: FrameType | None = sys._getframe()

    def ask(self, call: Callable[[], object]) -> None:
        """Remember it."""
        if not self.running:
            raise RuntimeError
        self.asked.append(call)

    def over(self, seconds: float) -> bool:
        """Wait, as said."""
        took = self.waits.pop(0)
        self.at += took
        self.cpu += took * self.busy
        return not self.waits or (took < seconds and not math.isinf(seconds))

    def look(self, after: float = 1.0) -> bool:
        """Look once."""
        watch = Watch(
            self.ask,
            after,
            7,
            now=lambda: self.at,
            used=lambda: self.cpu,
            frame=lambda thread: self.shown if thread == 7 else None,
        )
        return watch.look(threading.Event(), self.over)


def test_a_loop_that_gives_a_sign_is_not_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is asked once."""
    world = World(waits=[0.1])

    assert world.look()
    assert len(world.asked) == 1
    assert caplog.records == []


def test_a_loop_that_gives_none_is_named_with_what_blocks_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One record while it does, one when it is over."""
    world = World(waits=[1.0, 5.0])

    assert world.look()
    begun, ended = caplog.records
    assert "blocked, for at least 1.0 s" in begun.getMessage()
    assert "in __init__" in begun.getMessage()
    assert "test_blocked.py" in begun.getMessage()
    assert ended.getMessage() == "the event loop was blocked for at least 6.0 s"
    assert (begun.__dict__["blocked"], ended.__dict__["blocked"]) == (1.0, 6.0)


@pytest.mark.parametrize(("busy", "records"), [(0.0, 0), (1.0, 2)])
def test_a_gap_of_the_whole_process_is_a_block_only_if_it_was_busy(
    busy: float, records: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Stopped and continued, or held by code that lets no other thread run."""
    world = World(waits=[60.0, 0.0], busy=busy)

    assert world.look()
    assert len(caplog.records) == records


def test_a_loop_that_is_over_is_not_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor is it blocked."""
    world = World(waits=[])
    world.running = False

    assert not world.look()
    assert caplog.records == []


def test_a_thread_without_frames_is_named_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It may be between two of them."""
    world = World(waits=[1.0, 5.0])
    world.shown = None
    world.look()

    assert "(nothing to be seen)" in caplog.text


def test_a_stack_has_the_users_frames_only() -> None:
    """From the outermost on; what is no frame is said so."""
    found: list[str] = []

    def inner() -> None:
        found.append(user_stack(sys._getframe()))

    async def main() -> None:
        inner()

    trio.run(main)
    wrong: FrameType = "no frame"  # type: ignore[assignment]

    assert "/trio/" not in found[0]
    assert found[0].index("in main") < found[0].index("in inner")
    assert "AttributeError" in user_stack(wrong)


async def test_the_loop_of_a_block_is_watched_by_a_thread() -> None:
    """It ends with the block; nobody watches for ever, or with an infinite time."""

    def watchers() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t.name == "supervision watch"]

    with watch_loop(math.inf):
        assert watchers() == []
    with watch_loop(0.001):
        (thread,) = watchers()
        await trio.lowlevel.checkpoint()
    await trio.to_thread.run_sync(thread.join)
    assert watchers() == []


def test_the_time_is_checked() -> None:
    """As the others."""
    assert Settings(blocked_after=math.inf).blocked_after == math.inf
    with pytest.raises(ValueError, match="blocked_after"):
        Settings(blocked_after=0)


PROGRAM = """
import os, sys
from actors import Actor
from supervision import Settings, run
from supervision.service import LogFormat

class Blocking(Actor[str]):
    def started(self):
        self.after(0, "x")

    def receive(self, message):
        os.read(int(sys.argv[1]), 1)  # the test's
        self.finish()

settings = Settings(blocked_after=0.05, log_format=LogFormat.JSON)
sys.exit(run(Blocking, settings=settings))
"""


def test_a_process_says_so_while_it_is_blocked() -> None:
    """The log comes although the loop stands still, with the line that blocks it."""
    reader, writer = os.pipe()
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, str(reader)],
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[reader],
    ) as process:
        os.close(reader)
        try:
            assert process.stderr is not None
            found: list[str] = []
            for line in process.stderr:
                found.append(json.loads(line)["message"])
                if "is blocked" in found[-1] and "in receive" in found[-1]:
                    os.close(writer)
                    writer = -1
        finally:
            if writer >= 0:
                os.close(writer)
                process.kill()
        code = process.wait(100)

    assert code == 0
    assert any("in receive" in text for text in found)
