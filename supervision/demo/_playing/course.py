"""The course of the demo: start the service, watch it, ask it to stop, account for it.

    STARTING   until the service says its first word
    PLAYING    until the time is over, everything has been sent, or somebody says stop
    STOPPING   from SIGTERM to the end of the process

Meanwhile it is killed (`kill -9`), once so many prompts have their outcome, and started
again; the senders are here, and go on.  In the end their book is held against the
service's report, and against the store.

The first Ctrl-C (or SIGTERM) ends the playing and begins the stopping, the next one is
handed on to the service, which then stops at once.  A service that does not end after
its budget and a while is killed.
"""

from __future__ import annotations

import enum
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from actors.hosting import Whole
from supervision.demo.traffic.book import Book, BookShape
from supervision.demo.traffic.plan import Plan
from supervision.demo.traffic.recording import Prompt, planned, recorded
from supervision.demo.traffic.senders import Senders
from supervision.service import ExitCode

from .audit import Audit, look_into
from .calling import FarLine
from .outside import Outside, open_service
from .summary import Summary

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the service."""
STARTS_WITHIN: Final = 60.0
"""Seconds that the service has to be ready, and to be back when it was killed."""
PATIENCE: Final = 10.0
"""Seconds over its budget after which it is killed."""


_ELSEWHERE: Final = "say --socket PATH for another socket, or --socket none"


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
    budget: float = 20.0
    """Seconds for the service to drain and stop.  Default 20."""
    kills: int = 0
    """How often it is killed; more than 0 only with a store.  Default 0."""
    durable: bool = False
    """Whether it has a store, in a temporary file.  Default False."""
    socket: Path | None = None
    """Where its control socket is to be; None: it has none."""
    log: Path | None = None
    """Where its log is kept.  Default None: nowhere."""


@attrs.define(kw_only=True)
class Course:
    """One run of the demo, as whoever shows it sees it."""

    options: Options
    service: Outside
    line: FarLine = attrs.field(factory=FarLine)
    """From the senders to the service."""
    book: Book = attrs.field(factory=Book)
    """The senders' account."""
    stage: Stage = Stage.STARTING
    account: BookShape | None = None
    """The book as it was looked at last; None: nothing has been sent yet."""
    began: float = attrs.field(factory=trio.current_time)
    """When the stage began."""
    enough: trio.Event = attrs.field(factory=trio.Event)
    """Somebody wants it to stop."""
    playing: trio.Event = attrs.field(factory=trio.Event)
    """The playing has begun."""
    killed: bool = False
    """It was killed, and is not back yet."""

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

    async def run(self, nursery: trio.Nursery) -> Summary:
        """Go through the stages; returns when the process has ended.

        Args:
            nursery: for what runs beside it; cancel it afterwards.

        Raises:
            DemoError: it ended, or was not ready in time, before there was anything to
                account for; or it did not come back.
        """
        plan = self.options.plan
        prompts = planned(recorded()[: plan.turns], plan.seed)
        senders = Senders(plan, self.book, prompts, self.line)
        await self._start(nursery, senders, "was ready", "was not ready")
        nursery.start_soon(senders.run)
        await self._play(nursery, senders)
        await self._stop()
        await self.line.wait_broken()
        self.book.close()
        self.account = self.book.as_json(trio.current_time())
        code = self.service.exit_code
        assert code is not None
        audit: Audit | None = None
        if plan.store is not None:
            audit = await look_into(plan.store, self.book.prompts)
        return Summary(
            plan=plan,
            account=self.account,
            report=self.service.report(),
            service_exit=code,
            audit=audit,
        )

    async def _start(
        self, nursery: trio.Nursery, senders: Senders, done: str, failed: str
    ) -> None:
        """Wait for the first word of the process."""
        nursery.start_soon(self.line.hold, self.service.wire, senders)
        with trio.move_on_after(STARTS_WITHIN):
            async with trio.open_nursery() as waiting:
                waiting.start_soon(_first, self.service.process.wait, waiting)
                waiting.start_soon(_first, self.line.wait_there, waiting)
            if self.service.exit_code is None:
                return
        code = self.service.exit_code
        if code is None:
            text = f"the service {failed} within {STARTS_WITHIN:g} s"
        else:
            text = f"the service ended before it {done}, with exit code {code}"
            if code == ExitCode.SOCKET and self.options.socket is not None:
                text += f"; {_ELSEWHERE}"
        if self.book.kills["number"]:  # whatever it says of itself
            code = ExitCode.CRASHED
        raise DemoError(text, self.service.last_words(), code or ExitCode.CRASHED)

    async def _play(self, nursery: trio.Nursery, senders: Senders) -> None:
        self.enter(Stage.PLAYING)
        self.playing.set()
        marks = self._marks(senders.prompts)
        while await self._lives():
            if self.book.finished.is_set() or self.enough.is_set():
                return
            over = self.seconds >= self.options.seconds
            if self._is_due(marks, over=over):
                marks.pop(0)
                await self._kill(nursery, senders)
            elif over:
                return

    def _marks(self, prompts: Sequence[Prompt]) -> list[float]:
        """After how many outcomes it is killed: in the first half of what there is."""
        options = self.options
        last = options.seconds * options.plan.speed
        number = sum(each.at <= last for each in prompts)
        kills = options.kills
        return [number * each / (2 * kills) for each in range(1, kills + 1)]

    def _is_due(self, marks: list[float], *, over: bool) -> bool:
        """Whether it is killed now: under load, and if the time is over anyway."""
        book = self.book
        if not marks or not book.open:
            return False
        return over or (book.ended >= marks[0] and book.turns > 0)

    async def _kill(self, nursery: trio.Nursery, senders: Senders) -> None:
        """Kill the process, and wait until another one is there in its place."""
        begun = trio.current_time()
        self.killed = True
        await self.service.kill()
        if self.service.exit_code != 128 + signal.SIGKILL:
            return  # it had ended by itself
        await self.line.wait_broken()  # it may have said something
        self.book.kill()
        self.account = self.book.as_json(trio.current_time())
        await self.service.start_again(self.book.faults.total())
        was = "after kill -9"
        await self._start(nursery, senders, f"was back {was}", f"was not back {was}")
        self.killed = False
        self.book.back(trio.current_time() - begun)

    async def _stop(self) -> None:
        self.enter(Stage.STOPPING)
        self.service.ask_to_stop()
        with trio.move_on_after(self.options.budget + PATIENCE):
            while await self._lives():
                pass
        if self.service.exit_code is None:
            await self.service.kill()

    async def _lives(self) -> bool:
        """Wait a moment, and look at the book; False: the process has ended."""
        with trio.move_on_after(LOOK_EVERY):
            await self.service.process.wait()
        self.account = self.book.as_json(trio.current_time())
        return self.service.exit_code is None


async def _first(wait: Callable[[], Awaitable[object]], nursery: trio.Nursery) -> None:
    """Wait, and end the waiting of the others."""
    await wait()
    nursery.cancel_scope.cancel()


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
        if options.durable:
            plan = attrs.evolve(options.plan, store=Path(folder) / "demo.db")
            options = attrs.evolve(options, plan=plan)
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
                summary = await course.run(nursery)
            finally:
                nursery.cancel_scope.cancel()
        return summary


async def _listen(course: Course, signals: AsyncIterator[int]) -> None:
    """Hand signals on: the first one begins the end, the others hurry it."""
    async for _ in signals:
        if course.enough.is_set():
            course.service.ask_to_stop()
        course.enough.set()
