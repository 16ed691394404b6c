"""A double of an agent behind a pipe, and a session that puts its prompts to it.

The protocol is the Agent Client Protocol in small.  The agent is a puppet: it notes
what it hears, and says what a test has it say.  Only opening and loading a session it
does by itself, and, if it `obeys`, ending a turn that is cancelled.

The client is what an application would write: a reader task for as long as the session
lives, updates by the turn that runs, answers by the id of their request.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar, TypeAlias

import attrs
import trio

from actors import ActorSystem, Exit, Outcome, Session, Turn, TurnPolicy, open_system
from actors.testing import TurnLog
from supervision import Limits, RouterRef, start_router
from tests.conformance.sessions.diaries import A_DAY


class AgentGoneError(Exception):
    """The pipe has ended: the agent is dead."""


# ----------------------------------------------------------------- what a client says


@attrs.frozen
class Open:
    """Make a session, or load one and replay its history first."""

    id: int
    session: str | None


@attrs.frozen
class Prompt:
    """Take a turn."""

    id: int
    text: str


@attrs.frozen
class Cancel:
    """End the turn; there is no answer but the prompt's."""


@attrs.frozen
class Decide:
    """The answer to an `Ask`."""

    id: int
    decision: str


# ----------------------------------------------------------------- what an agent says


@attrs.frozen
class Opened:
    """The answer to `Open`; a replay comes before it."""

    id: int
    session: str


@attrs.frozen
class Update:
    """A piece of an answer; few agents say to which prompt."""

    text: str
    prompt: int | None = None


@attrs.frozen
class Ask:
    """May it?  It waits for `Decide`."""

    id: int


@attrs.frozen
class Reply:
    """The answer to `Prompt`: the turn has ended."""

    id: int
    reason: str


@attrs.frozen
class State:
    """What the next version of the protocol says instead: "idle" is the end."""

    what: str
    reason: str = ""


Request: TypeAlias = Open | Prompt | Cancel | Decide
Message: TypeAlias = Opened | Update | Ask | Reply | State


class Agent:
    """One agent process."""

    obeys = False
    """Whether it answers a `Cancel` by itself."""

    def __init__(self, history: dict[str, list[str]]) -> None:
        self.heard: list[Request] = []
        self.gone = False
        self.deaf = False  # its pipe is full: whoever writes waits
        self._history = history
        self._mouth, self.mouth = trio.open_memory_channel[Message](math.inf)

    def say(self, *messages: Message) -> None:
        """Say something."""
        for message in messages:
            self._mouth.send_nowait(message)

    def die(self) -> None:
        """The process ends: what it has said can still be read."""
        self.gone = True
        self._mouth.close()

    async def write(self, request: Request) -> None:
        """Tell it something.  Raises `AgentGoneError`."""
        await trio.lowlevel.checkpoint()
        if self.deaf:
            await trio.sleep_forever()
        if self.gone:
            raise AgentGoneError
        self.heard.append(request)
        match request:
            case Open(id=number, session=session):
                past = self._history.get(session or "", [])
                self.say(*(Update(text) for text in past))
                self.say(Opened(number, session or "s1"))
            case Cancel() if self.obeys:
                self.say(Reply(self.prompts()[-1], "cancelled"))
            case _:
                pass

    def prompts(self) -> list[int]:
        """The ids of the prompts it was given."""
        return [each.id for each in self.heard if isinstance(each, Prompt)]


class Host:
    """What the test holds: all agents, and what users see."""

    def __init__(self) -> None:
        self.agents: list[Agent] = []
        self.clients: list[Client] = []
        self.history: dict[str, list[str]] = {}  # {session of agents: its replay}
        self.finals: list[tuple[int, Outcome]] = []  # (turn, how its message ended)

    @property
    def agent(self) -> Agent:
        """The latest one."""
        return self.agents[-1]

    def spawn(self) -> Agent:
        """Start an agent."""
        self.agents.append(Agent(self.history))
        return self.agent


class Answer:
    """What a request waits for."""

    def __init__(self) -> None:
        self._came = trio.Event()
        self._message: Opened | Reply | None = None

    def settle(self, message: Opened | Reply | None) -> None:
        """Set it; None: there will be none."""
        self._message = message
        self._came.set()

    async def wait(self) -> Opened | Reply:
        """Wait for it.  Raises `AgentGoneError`."""
        await self._came.wait()
        if self._message is None:
            raise AgentGoneError
        return self._message


class Client(Session[str, str]):
    """Puts its prompts to an agent."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(drain_window=0.2)
    cancel_grace: ClassVar[float] = 5.0
    """Seconds for the agent to answer a cancelled prompt; then it is killed."""
    kills: ClassVar[bool] = True
    """Whether it is."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.clients.append(self)
        self.agent: Agent
        self.waiting: dict[int, Answer] = {}  # {id of request: who waits}
        self.asked: list[int] = []  # permissions that nobody has decided
        self.replayed: list[str] = []
        self._numbers = itertools.count(1)
        self._turn_of: dict[int, int] = {}  # {prompt: turn}
        self._opening = False
        self._text = ""

    async def started(self) -> None:
        """Start an agent; load what the session's predecessor has left."""
        await self._connect()

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        """End the agent."""
        del exit
        await trio.lowlevel.checkpoint()
        self.agent.die()

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Prompt the agent; the answer's text is what it has said by its end."""
        if self.agent.gone:
            await self._connect()
        number = next(self._numbers)
        answer = self.waiting[number] = Answer()
        self._turn_of[number] = turn.id
        self._text = ""
        try:
            await self.agent.write(Prompt(number, turn.prompt))
            reply = await answer.wait()
        except trio.Cancelled:
            with trio.move_on_after(self.cancel_grace, shield=True) as scope:
                await self._cancel(turn, answer)
            if scope.cancelled_caught and self.kills:
                self.agent.die()
            raise
        except AgentGoneError:
            turn.note(partial=self._text)
            raise
        finally:
            self.waiting.pop(number, None)
        assert isinstance(reply, Reply)
        turn.note(stop_reason=reply.reason)
        return self._text

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Finish the message that users see."""
        await trio.lowlevel.checkpoint()
        self.host.finals.append((turn.id, outcome))

    async def _cancel(self, turn: Turn[str, str], answer: Answer) -> None:
        with suppress(AgentGoneError):
            while self.asked:
                await self.agent.write(Decide(self.asked.pop(0), "cancelled"))
            await self.agent.write(Cancel())
            reply = await answer.wait()
            assert isinstance(reply, Reply)
            turn.note(stop_reason=reply.reason)

    async def _connect(self) -> None:
        self.agent = self.host.spawn()
        self.waiting, self.asked = {}, []
        self.start_soon(self._read, self.agent, self.waiting)
        number = next(self._numbers)
        answer = self.waiting[number] = Answer()
        session = self.token if isinstance(self.token, str) else None
        self._opening = True
        await self.agent.write(Open(number, session))
        opened = await answer.wait()
        assert isinstance(opened, Opened)
        self.bind(opened.session)

    async def _read(self, agent: Agent, waiting: dict[int, Answer]) -> None:
        try:
            with agent.mouth:
                async for message in agent.mouth:
                    if agent is self.agent:
                        self._take(message)
        finally:  # its end, or the session's
            for answer in waiting.values():
                answer.settle(None)

    def _take(self, message: Message) -> None:
        match message:
            case Opened(id=number):
                self._opening = False
                self._settle(number, message)
            case Reply(id=number):
                self._settle(number, message)
            case State(what="idle", reason=reason):
                for number in list(self.waiting):
                    self._settle(number, Reply(number, reason))
            case State():
                if message.what == "quiet" and self.turn is not None:
                    self.turn.end_drain()
            case Ask(id=number):
                self.asked.append(number)
            case Update():
                self._update(message)

    def _update(self, update: Update) -> None:
        if self._opening:
            self.replayed.append(update.text)
            return
        turn = self.turn.id if self.turn is not None else None
        if update.prompt is not None:
            turn = self._turn_of.get(update.prompt)
        if self.deliver(turn, update.text):
            self._text += update.text

    def _settle(self, number: int, message: Opened | Reply) -> None:
        """A request was answered; one that was given up has nobody who waits."""
        answer = self.waiting.pop(number, None)
        if answer is not None:
            answer.settle(message)


@asynccontextmanager
async def open_host(
    make: type[Client] = Client, *, limits: Limits | None = None
) -> AsyncGenerator[tuple[Host, RouterRef[str, str], TurnLog, ActorSystem]]:
    """Open a system with one router of clients; its log is checked at the end.

    Raises:
        trio.TooSlowError: a day has passed.
    """
    host = Host()
    with trio.fail_after(A_DAY):
        async with open_system() as system:
            log = TurnLog(system)
            wide = limits if limits is not None else Limits(sessions=100, turns=100)
            router = start_router(system, make, host, limits=wide)
            yield host, router, log, system
    log.check()
