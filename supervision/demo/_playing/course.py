"""The course of the demo: start the service, watch it, ask it to stop, account for it.

    STARTING   until the senders' first account is there
    PLAYING    until the time is over, everything has been sent, or somebody says stop
    STOPPING   from SIGTERM to the end of the process

The first Ctrl-C (or SIGTERM) ends the playing and begins the stopping, the next one is
handed on to the service, which then stops at once.  A service that does not end after
its budget and a while is killed.
"""

from __future__ import annotations

import enum
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from actors.hosting import Whole
from supervision.demo.traffic.book import BookShape
from supervision.demo.traffic.plan import Plan
from supervision.service import ExitCode

from .outside import Outside, open_service
from .summary import Summary

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the service."""
STARTS_WITHIN: Final = 30.0
"""Seconds that the service has to be ready."""
PATIENCE: Final = 10.0
"""Seconds over its budget after which it is killed."""


class DemoError(Whole, Exception):
    """The service could not be played with; the text is for the user.

    Args:
        text: what went wrong.
        log: the end of the service's log.
        exit_code: what the command ends with.
    """

    def __init__(self, text: str, log: str, exit_code: int) -> None:
        super().__init__(text)
        self.log = log
        """The end of the service's log."""
        self.exit_code = exit_code
        """What the command ends with."""


class Stage(enum.Enum):
    """How far the demo is."""

    STARTING = "starting"
    PLAYING = "playing"
    STOPPING = "stopping"


@attrs.frozen(kw_only=True)
class Options:
    """What was asked for."""

    plan: Plan
    seconds: float = 45.0
    """For how long it plays.  Default 45."""
    budget: float = 10.0
    """Seconds for the service to drain and stop.  Default 10."""
    socket: Path | None = None
    """Where its control socket is to be; None: it has none."""
    log: Path | None = None
    """Where its log is kept.  Default None: nowhere."""


@attrs.define(kw_only=True)
class Course:
    """One run of the demo, as whoever shows it sees it."""

    options: Options
    service: Outside
    stage: Stage = Stage.STARTING
    account: BookShape | None = None
    """The latest that was read; None: there is none yet."""
    began: float = attrs.field(factory=trio.current_time)
    """When the stage began."""
    enough: trio.Event = attrs.field(factory=trio.Event)
    """Somebody wants it to stop."""
    playing: trio.Event = attrs.field(factory=trio.Event)
    """The playing has begun."""

    @property
    def seconds(self) -> float:
        """Since the stage began."""
        return trio.current_time() - self.began

    @property
    def left(self) -> float:
        """Seconds that the stage may still take."""
        whole = {
            Stage.STARTING: STARTS_WITHIN,
            Stage.PLAYING: self.options.seconds,
            Stage.STOPPING: self.options.budget,
        }[self.stage]
        return max(0.0, whole - self.seconds)

    def enter(self, stage: Stage) -> None:
        """Begin a stage."""
        self.stage = stage
        self.began = trio.current_time()

    async def run(self) -> Summary:
        """Go through the stages; returns when the process has ended.

        Raises:
            DemoError: it ended, or was not ready in time, before there was anything to
                account for.
        """
        await self._start()
        await self._play()
        await self._stop()
        self.account = self.service.account() or self.account
        code = self.service.exit_code
        assert code is not None
        return Summary(
            plan=self.options.plan,
            account=self.account,
            report=self.service.report(),
            service_exit=code,
        )

    async def _start(self) -> None:
        with trio.move_on_after(STARTS_WITHIN):
            while await self._lives():
                if self.account is not None:
                    return
        code = self.service.exit_code
        if code is None:
            text = f"the service was not ready within {STARTS_WITHIN:g} s"
        else:
            text = f"the service ended before it was ready, with exit code {code}"
        log = self.service.last_words()
        raise DemoError(text, log, code or ExitCode.CRASHED)

    async def _play(self) -> None:
        self.enter(Stage.PLAYING)
        self.playing.set()
        with trio.move_on_after(self.options.seconds):
            while await self._lives():
                done = self.account is not None and self.account["done"]
                if done or self.enough.is_set():
                    return

    async def _stop(self) -> None:
        self.enter(Stage.STOPPING)
        self.service.ask_to_stop()
        with trio.move_on_after(self.options.budget + PATIENCE):
            while await self._lives():
                pass
        if self.service.exit_code is None:
            self.service.process.kill()
            await self.service.process.wait()

    async def _lives(self) -> bool:
        """Wait a moment, and read the account; False: the process has ended."""
        with trio.move_on_after(LOOK_EVERY):
            await self.service.process.wait()
        self.account = self.service.account() or self.account
        return self.service.exit_code is None


class Watcher(Protocol):
    """Shows a course to a person."""

    async def watch(self, course: Course) -> None:
        """Show it until cancelled."""
        ...


def demonstrate(options: Options, watcher: Watcher) -> Summary:
    """Run the demo, and say how it went.

    Args:
        options: what was asked for.
        watcher: shows it meanwhile.

    Raises:
        DemoError: the service did not get so far that there is anything to say.
        OSError: a file cannot be written, or a process cannot be started.
        Exception: what the watcher has raised.
    """
    try:
        return trio.run(_demonstrate, options, watcher)
    except BaseExceptionGroup as errors:  # of the nursery around the watcher
        raise _first_of(errors) from None


def _first_of(error: BaseException) -> BaseException:
    """What is in a group of one, at any depth."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _first_of(inner[0]) if len(inner) == 1 else error


async def _demonstrate(options: Options, watcher: Watcher) -> Summary:
    with (
        tempfile.TemporaryDirectory(prefix="actors-demo-") as folder,
        trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
    ):
        async with (
            open_service(
                options.plan,
                Path(folder),
                budget=options.budget,
                socket=options.socket,
                log=options.log,
            ) as service,
            trio.open_nursery() as nursery,
        ):
            course = Course(options=options, service=service)
            nursery.start_soon(_listen, course, signals)
            nursery.start_soon(watcher.watch, course)
            try:
                summary = await course.run()
            finally:
                nursery.cancel_scope.cancel()
        return summary


async def _listen(course: Course, signals: AsyncIterator[int]) -> None:
    """Hand signals on: the first one begins the end, the others hurry it."""
    async for _ in signals:
        if course.enough.is_set():
            course.service.ask_to_stop()
        course.enough.set()
