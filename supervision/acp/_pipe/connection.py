"""`Connection`: one agent process and the calls that go to and fro.

Four tasks for as long as the process lives: one reads its output, line by line, and
waits for whoever takes what is read (so that a slow taker slows the agent, through its
full pipe); one writes what is queued for it, and nobody else writes; one keeps the end
of its stderr; one waits for its end.  The reader never waits for the writer: with two
full pipes both sides would.

What an agent writes between its messages (a banner, a status line) is passed over, in
bounds; half a message never is.

It *breaks* once, with the first error; then every call that waits gets that error, and
the process and its family are ended.  What the methods mean is said in `_conversation`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import trio

from .errors import (
    AgentAuthError,
    AgentError,
    AgentExitedError,
    AgentProtocolError,
    AgentRefusedError,
    AgentStuckError,
    AgentTimeoutError,
)
from .noise import Noise
from .process import AgentProcess, open_agent_process
from .settings import AgentSettings
from .wire import (
    AUTH_REQUIRED,
    Answer,
    Call,
    Incoming,
    Lines,
    NoiseError,
    Notice,
    WireError,
    call_line,
    glued,
    parse,
)

SETTLE = 0.5
"""Seconds in which the end of the output, of stderr and of the process come together;
what has not come by then is not waited for.  And for a last word to the agent."""


class Pending(Protocol):
    """A call of ours that waits for its answer."""

    async def answered(self, answer: Answer) -> None:
        """Take the answer; the reader waits."""
        ...

    def broke(self) -> None:
        """There will be none: the connection has broken."""
        ...


class Listener(Protocol):
    """Who takes what the agent says by itself."""

    async def noticed(self, notice: Notice) -> None:
        """Take a notice; the reader waits.  Raises WireError: it makes no sense."""
        ...

    async def called(self, call: Call) -> None:
        """Take a call, and see to it that it is answered; the reader waits."""
        ...


class Connection:
    """One process; `run` it as a task of whoever owns it.

    Args:
        settings: how it is run.
        listener: who takes what it says by itself.
    """

    def __init__(self, settings: AgentSettings, listener: Listener) -> None:
        self._settings = settings
        self._listener = listener
        self._outbox, self._to_write = trio.open_memory_channel[bytes](settings.queue)
        self._numbers = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._scope = trio.CancelScope()
        self._process: AgentProcess | None = None
        self._ended_output = trio.Event()
        self._reads = 0
        self._handling = False  # what was read is being taken
        self._writing = False
        self._noise = Noise(settings)
        self.broken: AgentError | None = None
        """Why it is of no more use; None: it is."""
        self.ended = trio.Event()
        """Set when the process and its family have ended."""
        self.last_word = b""
        """What to write if we end it without its fault."""
        self.last_call = 0
        """The number of the call that the last word is; 0: it is none."""
        self.auth_methods: Sequence[object] = ()
        """How it lets one log in, for the error that says that one has to."""

    @property
    def pid(self) -> int | None:
        """The number of the process; None: it has not been started."""
        return self._process.pid if self._process is not None else None

    @property
    def stderr(self) -> str:
        """The end of what it has written to its stderr."""
        return self._process.stderr if self._process is not None else ""

    # ------------------------------------------------------------------------ its life

    async def run(self) -> None:
        """Run the process to its end, whoever wants it.  Raises nothing of its own."""
        try:
            with self._scope:
                async with open_agent_process(self._settings) as process:
                    self._process = process
                    try:
                        await self._serve(process)
                    finally:
                        await self._say_last_word(process)  # noqa: ASYNC102 - shielded
        except AgentError as error:
            self.fail(error)
        finally:
            self.fail(AgentStuckError(self._settings.program, "was ended by us"))
            self._to_write.close()
            self.ended.set()

    async def _serve(self, process: AgentProcess) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(process.keep_stderr)
            nursery.start_soon(self._write, process)
            nursery.start_soon(self._watch, process)
            await self._read(process)
            with trio.move_on_after(SETTLE):
                await process.wait()
                await process.quiet.wait()
            self._fail_by_its_end(process)

    async def _say_last_word(self, process: AgentProcess) -> None:
        if self.last_word and self.broken is None and not self._writing:
            with trio.move_on_after(SETTLE, shield=True):
                with contextlib.suppress(trio.BrokenResourceError, WireError):
                    await process.write(self.last_word)
                    await self._hear_last_answer(process)

    async def _hear_last_answer(self, process: AgentProcess) -> None:
        """Read on until the last word is answered, if it was a call."""
        lines = Lines(self._settings.line_limit)
        while self.last_call and (data := await process.read()):
            for line in lines.feed(data):
                with contextlib.suppress(WireError):  # it may begin in the middle
                    match parse(line):
                        case Answer(id=self.last_call):
                            return
                        case _:
                            pass

    def fail(self, error: AgentError) -> None:
        """Break with this error, if it is the first, and end the process."""
        if self.broken is not None:
            return
        error.stderr = error.stderr or self.stderr
        self.broken = error
        for pending in tuple(self._pending.values()):
            pending.broke()
        self._pending.clear()
        self._scope.cancel()

    def _fail_by_its_end(self, process: AgentProcess) -> None:
        self.fail(AgentExitedError(self._settings.program, process.code))

    # ------------------------------------------------------------------------ its tasks

    async def _read(self, process: AgentProcess) -> None:
        """Read its output to the end."""
        lines = Lines(self._settings.line_limit)
        try:
            while data := await process.read():
                self._reads += 1
                self._handling = True
                for line in lines.feed(data):
                    await self._take(line)
                self._handling = False
            self._ended_output.set()
            lines.end()
        except WireError as error:
            self.fail(AgentProtocolError(self._settings.program, error.why))

    async def _take(self, line: bytes) -> None:
        await trio.lowlevel.checkpoint()  # a flood is not to hold up others
        message: Incoming | None
        try:
            message = parse(line)
        except NoiseError as error:
            message = self._pass_over(line, error)
        else:
            self._noise.heard()
        match message:
            case None:
                return
            case Answer() as answer:
                number = answer.id
                pending = None
                if type(number) is int:  # True would find call 1
                    pending = self._pending.pop(number, None)
                if pending is not None:  # else: we have given it up
                    await pending.answered(answer)
            case Notice() as notice:
                await self._listener.noticed(notice)
            case Call() as call:
                await self._listener.called(call)

    def _pass_over(self, line: bytes, error: NoiseError) -> Incoming | None:
        """Take a line of noise; give the message at its end.  Raises WireError."""
        message = glued(line)
        self._noise.take(len(line) - len(message), error)
        assert self._process is not None
        self._process.keep_noise(line[: len(line) - len(message)])
        return parse(message) if message else None

    async def _write(self, process: AgentProcess) -> None:
        async for line in self._to_write:
            self._writing = True
            try:
                await process.write(line)
            except trio.BrokenResourceError:
                await trio.sleep(SETTLE)  # it has ended, most likely: the reader knows
                self.fail(self._stuck("has closed its input"))
                return
            self._writing = False

    async def _watch(self, process: AgentProcess) -> None:
        """Notice its end also if somebody else holds its output open."""
        await process.wait()
        while True:
            reads = self._reads
            with trio.move_on_after(SETTLE):
                await self._ended_output.wait()
                return
            if reads == self._reads and not self._handling:
                self._fail_by_its_end(process)

    # ------------------------------------------------------------------------ calls

    async def ask(
        self,
        method: str,
        params: Any,
        within: float,
        *,
        then: Callable[[], object] | None = None,
    ) -> Any:
        """Call it and wait for the answer, which is any JSON.

        Args:
            method: what to call.
            params: with what.
            within: seconds.
            then: done when it has answered well, before what it says next is read.

        Raises:
            AgentRefusedError: it has answered with an error.
            AgentError: it has not answered; the connection has broken.
        """
        reply = Reply(self, then)
        number = -1
        with trio.move_on_after(within):
            try:
                number = await self.call(method, params, reply)
                answer = await reply.wait()
            finally:
                self.forget(number)
            if answer.error is not None:
                raise self.refused(method, answer.error)
            return answer.result
        error = AgentTimeoutError(self._settings.program, method, within)
        self.fail(error)
        raise error

    def number(self) -> int:
        """A number for a call that is not made here."""
        return next(self._numbers)

    async def call(self, method: str, params: Any, pending: Pending) -> int:
        """Call it; returns the call's number.  Cancelled means not called.

        Raises:
            AgentError: the connection has broken.
        """
        number = next(self._numbers)
        self._pending[number] = pending
        try:
            await self.send(call_line(number, method, params))
        except BaseException:
            self.forget(number)
            raise
        return number

    def forget(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._pending.pop(number, None)

    async def send(self, line: bytes) -> None:
        """Queue a line, waiting for room.  Cancelled means not queued.

        Raises:
            AgentError: the connection has broken.
        """
        if self.broken is not None:
            raise self.broken
        try:
            await self._outbox.send(line)
        except trio.BrokenResourceError:
            raise self.why_broken() from None

    def send_nowait(self, line: bytes) -> None:
        """Queue a line; if there is no room the connection breaks."""
        try:
            self._outbox.send_nowait(line)
        except trio.WouldBlock:
            many = self._settings.queue
            self.fail(self._stuck(f"reads nothing: {many} messages wait for it"))
        except trio.BrokenResourceError:
            return

    def why_broken(self) -> AgentError:
        """The error that it has broken with."""
        return self.broken or self._stuck("was ended by us")

    def refused(self, method: str, error: dict[str, Any]) -> AgentRefusedError:
        """What an answer with an error is to us."""
        given: object = error.get("code")
        text: object = error.get("message")
        code = given if isinstance(given, int) else 0
        said = (self._settings.program, method, code, f"{text!s:.500}")
        data: object = error.get("data")
        if code == AUTH_REQUIRED:
            ways = self.auth_methods
            return AgentAuthError(*said, data, methods=ways, stderr=self.stderr)
        return AgentRefusedError(*said, data, stderr=self.stderr)

    def _stuck(self, why: str) -> AgentStuckError:
        return AgentStuckError(self._settings.program, why)


class Reply:
    """A call of ours whose answer is waited for by one task."""

    def __init__(
        self, connection: Connection, then: Callable[[], object] | None
    ) -> None:
        self._connection = connection
        self._then = then
        self._came = trio.Event()
        self._answer: Answer | None = None

    async def answered(self, answer: Answer) -> None:
        """Take the answer."""
        self._answer = answer
        if self._then is not None and answer.error is None:
            self._then()
        self._came.set()

    def broke(self) -> None:
        """There will be none."""
        self._came.set()

    async def wait(self) -> Answer:
        """Wait for the answer.  Raises AgentError: the connection has broken."""
        await self._came.wait()
        if self._answer is None:
            raise self._connection.why_broken()
        return self._answer
