"""`AgentSession`: a conversation whose answers come from an agent in its own process.

A prompt flows like this: the router gives it to a turn; the turn puts it to the client,
which queues it for the process; what the process says comes back through the reader
into the prompt's line, and the turn takes it from there and emits it.  So a reader of
the answer that is slow slows the agent, and nobody else.

The process is started before the session is ready, and lives in a child task of the
session: it ends with it, however that ends.  When it breaks, the turn fails; the next
one gets a new process, with the same conversation if the agent can.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
from collections.abc import Generator, Mapping
from typing import Any, ClassVar

import attrs
import trio
from acp.schema import PermissionOption, RequestPermissionRequest

from actors import (
    PromptPolicy,
    Session,
    ToolSkippedError,
    Turn,
    TurnOverError,
    TurnPolicy,
    WhileBusy,
)
from actors.hosting import hold_limits
from supervision._routing.limits import Limits

from ._conversation import others
from ._conversation.answering import Answering
from ._conversation.client import AgentClient
from ._conversation.driving import Driver
from ._conversation.elicitation import Elicitation
from ._conversation.opening import means_lost
from ._conversation.permissions import allows
from ._pipe.errors import (
    AgentAuthError,
    AgentError,
    AgentExitedError,
    AgentRefusedError,
    AgentStuckError,
)
from ._pipe.settings import AgentSettings
from ._words.agent import AgentInfo, Conversation
from ._words.chunks import Chunk, HistoryLost, PermissionAsked
from ._words.content import ContentBlock, PromptLike, content_of

_WAYS = 2  # to find a conversation again: in the same process, in a new one

_log = logging.getLogger("supervision.acp")


class AgentSession(Session[PromptLike, Chunk]):
    """One conversation with an agent that speaks the Agent Client Protocol.

    Start a router with it: `start_router(system, AgentSession, AgentSettings([...]))`.
    Subclass it for permissions, or for settings that depend on the key.

    An agent that cannot be started fails the prompts that wait for it with a
    `SessionStartError`, whose cause is an `AgentError`.  Later, what its `stopReason`
    is becomes of the prompt: `refusal` is `Rejected`, `cancelled` without our doing is
    `Failed`, all others are `Completed` with the text as `result`.  Our doing is also
    that it was not allowed to do something (`permission`).

    An abort sends `session/cancel` and waits for `AgentSettings.cancel_grace`; the
    outcome is `Aborted` (or `TimedOut`) whatever the agent then says.  A soft abort
    asks the agent to end its turn, and keeps what it said.  An agent that exits, prints
    rubbish, or does not react fails the turn with an `AgentError` and is ended with all
    its processes; the next prompt gets a new one, whose start does not count in the
    limits of its turn: it has `AgentSettings.start_within` and `open_within`.

    The outcome's `notes`: `stop_reason`; `usage`, the tokens of this turn as the agent
    counts them; `usage_total`, its count if that is of the conversation, or may be;
    `denied`, the titles of what it was not allowed to do; `empty`, it has said nothing;
    `partial`, the text of a turn that did not come to its end; `cut`, the result is
    only the beginning; `history_lost`; `steering_refused`.

    The agent's id of the conversation is bound as the session's token, so a successor
    resumes or loads it; if that fails, the next turn begins with a `HistoryLost`.  So
    it is when the agent says that it has lost the conversation: it goes on with it in
    the same process, else in a new one.  What is told of the past is heard by nobody.

    Steering prompts are put into the agent's turn if it offers that (within half a
    second; `AgentSession.agent.capabilities`); else they become turns of their own.  A
    side question is `Rejected` (an agent answers one prompt at a time).

    Args:
        settings: how the agent is run.
    """

    grace: ClassVar[float] = 0.5
    """As any actor's, and shorter: an agent that is still being started when its
    session is stopped is not waited for.  Default 0.5."""
    limits: ClassVar[Limits] = Limits(sessions=10, turns=10)
    """Each has a process, of some hundred MiB: a router has 10 of them, and 10 turns,
    unless it is told otherwise."""
    turns: ClassVar[TurnPolicy] = TurnPolicy(abort_grace=120.0)
    """How long its turns may take.  They have 120 seconds to end: the agent has its
    `cancel_grace`, then its processes are ended."""
    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.NEVER_STEER)
    """How its prompts wait.  With `NEVER_STEER`, the default, those that are to steer
    wait for their own turn, unless the agent offers to be steered."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for hook in (cls.permission, cls.elicitation):
            if not inspect.iscoroutinefunction(hook):
                msg = f"{cls.__name__}.{hook.__name__} must be `async def`"
                raise TypeError(msg)
        if inspect.iscoroutinefunction(cls.configure):
            msg = f"{cls.__name__}.configure must be a plain `def`"
            raise TypeError(msg)

    def __init__(self, settings: AgentSettings) -> None:
        given: object = settings
        if not isinstance(given, AgentSettings):
            msg = f"{type(self).__name__} takes AgentSettings, got {settings!r}"
            raise TypeError(msg)
        self.settings = settings
        """What it was given."""
        self._client: AgentClient | None = None
        self._answering: Answering | None = None
        self._lost: HistoryLost | None = None

    # ------------------------------------------------------------- what you may define

    def configure(self, settings: AgentSettings) -> AgentSettings:
        """Say how the agent of this session is run; before each start of a process.

        By default as given.  `self.key` is known:
        `attrs.evolve(settings, cwd=root / self.key)`.
        """
        return settings

    async def permission(
        self, request: RequestPermissionRequest
    ) -> PermissionOption | None:
        """Decide whether the agent may do something; while a turn runs.

        Return one of `request.options`; None: cancelled.  It may wait for a person: the
        clock of silence stands still.  It is cancelled when the turn is; an exception
        is logged and answered as None.  By default it may not: the option to reject
        this once, else the one to reject always, else None.

        The turn's reader has the tool call and a `PermissionAsked` before.  The clock
        of the tool begins with the answer.
        """
        for kind in ("reject_once", "reject_always"):
            for option in request.options:
                if option.kind == kind:
                    return option
        return None

    async def elicitation(self, asked: Elicitation) -> Mapping[str, Any] | None:
        """Answer what the agent wants from a person; while a turn runs.

        Return the fields of the form, `{}` for a page that was visited; None: declined.
        As `permission` it may wait, and is cancelled with the turn; an exception is
        logged and answered as "cancel".  By default it is declined, and the agent is
        told at its start that nobody answers.
        """
        del asked
        await trio.lowlevel.checkpoint()
        return None

    # ------------------------------------------------------------------ as a session

    @property
    def pid(self) -> int | None:
        """The number of its process; None: it has none.

        Of its process group too, unless that was started by a launcher that has ended.
        """
        client = self._client
        if client is None or client.connection.ended.is_set():
            return None
        return client.connection.pid

    @property
    def agent(self) -> AgentInfo:
        """What the agent says of itself: a value, anew when it says something new.

        While its process is replaced, what the one before has said.
        """
        return self._client.agent if self._client is not None else AgentInfo()

    async def list_conversations(
        self, cwd: str | os.PathLike[str] | None = None
    ) -> tuple[Conversation, ...]:
        """Ask the agent which conversations it has kept; of all, or of one directory.

        The list is whole.  This and the next two are for hooks and turns of a subclass,
        when it has started.

        Raises:
            AgentNotOfferedError: the agent does not offer it (`agent.capabilities`).
            AgentError: it fails, refuses, or has not come to an end in 1000 pages.
        """
        return await others.list_all(self._need_client(), cwd)

    async def fork_conversation(self) -> str:
        """Have the agent begin another one with what was said in this; give its id.

        It is kept, and led by whoever binds that id before it starts.  That the agent
        has not let go of it (`close`) is logged, and no error.  Raises as
        `list_conversations`.
        """
        return await others.fork(self._need_client(), self.key)

    async def delete_conversation(self, conversation: str) -> None:
        """Have the agent forget one of those that it has kept.

        Raises:
            ValueError: it is the one that is led here.
            AgentError: as `list_conversations`.
        """
        await others.delete(self._need_client(), conversation)

    async def started(self) -> None:
        """Start the agent and open the conversation."""
        await self._connect()

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> str:
        """Put the prompt to the agent; its text is the result."""
        blocks = [block for prompt in turn.prompts for block in content_of(prompt)]
        client = await self._connected()
        answering = Answering(turn, client.settings.result_limit)
        self._answering = answering
        try:
            return await self._put(turn, client, blocks, answering)
        except trio.Cancelled:
            with contextlib.suppress(TurnOverError):
                turn.note(partial=answering.text)
            raise
        except AgentError:
            turn.note(partial=answering.text)
            for update in answering.close_tools("failed"):
                self.deliver(turn.id, update)
            raise
        finally:
            answering.close()
            self._answering = None

    async def answer_aside(self, turn: Turn[PromptLike, Chunk]) -> object:
        """Reject it: an agent answers one prompt at a time."""
        await trio.lowlevel.checkpoint()
        turn.reject("an agent answers one prompt at a time: send it as a follow-up")

    # ----------------------------------------------------------------------- its turn

    async def _put(
        self,
        turn: Turn[PromptLike, Chunk],
        client: AgentClient,
        blocks: list[ContentBlock],
        answering: Answering,
    ) -> str:
        """Put it to the agent; again when that has logged in, or is itself again."""
        found_again = 0
        while True:
            if self._lost is not None:
                turn.note(history_lost=True)
                await answering.take(self._lost)
                self._lost = None
            driver = Driver(turn, client, answering, self.deliver)
            try:
                return await driver.drive(blocks)
            except AgentRefusedError as error:
                if driver.said:
                    raise
                refused = error
            if isinstance(refused, AgentAuthError) and await client.log_in():
                continue
            if found_again == _WAYS or not means_lost(refused):
                raise refused
            _log.warning("%s", refused, extra={"key": self.key})
            found_again, client = await self._find_again(client, found_again)

    async def _decide(
        self, request: RequestPermissionRequest
    ) -> PermissionOption | None:
        call = request.tool_call
        asked = PermissionAsked(call.tool_call_id, call.title or "", request)
        answering = self._answering
        allowed: bool | None = None
        if answering is not None:
            answering.asking(asked)
        try:
            with self._waiting("permission"):
                option = await self.permission(request)
            allowed = allows(option) and option in request.options
        except Exception:
            allowed = False
            raise
        finally:
            if answering is not None:
                answering.answered(asked, allowed=allowed)
        return option

    async def _elicited(self, asked: Elicitation) -> Mapping[str, Any] | None:
        with self._waiting("elicitation"):
            return await self.elicitation(asked)

    @contextlib.contextmanager
    def _waiting(self, what: str) -> Generator[None]:
        """The turn waits for a person: the clock of silence stands still."""
        turn = self.turn
        with contextlib.ExitStack() as clock:
            if turn is not None:
                with contextlib.suppress(ToolSkippedError, TurnOverError):
                    clock.enter_context(turn.tool(what))
            yield

    # -------------------------------------------------------------------- its process

    def _need_client(self) -> AgentClient:
        if self._client is None or not self._client.session:
            msg = f"the agent of {self.key!r} has not started: await super().started()"
            raise RuntimeError(msg)
        return self._client

    @contextlib.contextmanager
    def _starting(self) -> Generator[None]:
        """The turn waits for its agent, which has limits of its own for its start."""
        turn = self.turn
        held = hold_limits(turn) if turn is not None else contextlib.nullcontext()
        with self._waiting("start of the agent"), held:
            yield

    async def _connected(self) -> AgentClient:
        """The client; a new one if the one before has broken, and is gone."""
        client = self._client
        if client is not None and client.connection.broken is None:
            return client
        with self._starting():
            if client is not None:
                await client.connection.ended.wait()
            return await self._connect()

    async def _find_again(
        self, client: AgentClient, tried: int
    ) -> tuple[int, AgentClient]:
        """The agent has lost the conversation: go on with it, in its process or anew.

        Returns:
            How many of the ways have been tried, and who has it now.
        """
        with self._starting():
            if not tried:
                with contextlib.suppress(AgentError):
                    if await client.open_again() is None:
                        return 1, client
            why = "has lost its conversation, and cannot go on with it"
            client.connection.fail(AgentStuckError(client.settings.program, why))
            await client.connection.ended.wait()
            return _WAYS, await self._connect()

    async def _connect(self) -> AgentClient:
        settings = self.configure(self.settings)
        given: object = settings
        if not isinstance(given, AgentSettings):
            name = type(self).__name__
            msg = f"{name}.configure() must return AgentSettings, got {settings!r}"
            raise TypeError(msg)
        hooked = type(self).elicitation is not AgentSession.elicitation
        elicit = self._elicited if hooked else None
        client = AgentClient(settings, self._decide, elicit, self.deliver)
        self._client = client
        self.start_soon(self._live, client)
        session = self.token if isinstance(self.token, str) else None
        try:
            opened = await client.open(session)
        except BaseException:
            why = "was ended before its conversation was open"
            client.connection.fail(AgentStuckError(settings.program, why))
            raise
        self._lost = opened.lost or self._lost
        if opened.session != session:
            self.bind(opened.session)
        policy = type(self).prompts
        if policy.busy is WhileBusy.NEVER_STEER and client.agent.capabilities.steering:
            policy = attrs.evolve(policy, busy=WhileBusy.QUEUE)
        vars(self)["prompts"] = policy  # of this session: the router looks there
        return client

    async def _live(self, client: AgentClient) -> None:
        """Run the process for as long as it, or the session, lives."""
        await client.connection.run()
        broken = client.connection.broken
        if isinstance(broken, AgentExitedError):
            _log.warning("%s", broken, extra={"key": self.key, "code": broken.code})
