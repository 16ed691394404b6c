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
from typing import Any, ClassVar

import trio
from acp.schema import PermissionOption, RequestPermissionRequest

from actors import (
    PromptPolicy,
    Session,
    ToolSkippedError,
    Turn,
    TurnOverError,
    WhileBusy,
)

from ._conversation.answering import Answering
from ._conversation.chunks import Chunk, HistoryLost
from ._conversation.client import AgentClient
from ._conversation.content import PromptLike, content_of
from ._conversation.prompt import Ended, Prompting
from ._pipe.errors import (
    AgentCancelledError,
    AgentError,
    AgentExitedError,
    AgentStuckError,
)
from ._pipe.settings import AgentSettings

_TICK = 0.5  # seconds between two looks at what no event tells

_log = logging.getLogger("supervision.acp")


class AgentSession(Session[PromptLike, Chunk]):
    """One conversation with an agent that speaks the Agent Client Protocol.

    Start a router with it: `start_router(system, AgentSession, AgentSettings([...]))`.
    Subclass it for permissions, or for settings that depend on the key.

    An agent that cannot be started fails the prompts that wait for it with a
    `SessionStartError`, whose cause is an `AgentError`.  Later, what its `stopReason`
    is becomes of the prompt: `end_turn`, `max_tokens` and `max_turn_requests` are
    `Completed` with the text as `result`, `refusal` is `Rejected`, `cancelled` without
    our doing is `Failed`.  An abort sends `session/cancel` and waits for
    `AgentSettings.cancel_grace`; the outcome is `Aborted` (or `TimedOut`) whatever the
    agent then says.  A soft abort asks the agent to end its turn, and keeps what it
    said.  An agent that exits, prints rubbish, or does not react fails the turn with an
    `AgentError` and is ended with all its processes; the next prompt gets a new one.

    The outcome's `notes`: `stop_reason`; `usage`; `partial`, the text of a turn that
    did not come to its end; `cut`, the result is only the beginning; `history_lost`.

    The agent's id of the conversation is bound as the session's token, so a successor
    resumes or loads it; if that fails, the next turn begins with a `HistoryLost`.

    Steering prompts become turns of their own (the protocol has no steering); a side
    question is `Rejected` (an agent answers one prompt at a time).

    Args:
        settings: how the agent is run.
    """

    grace: ClassVar[float] = 0.5
    """As any actor's, and shorter: an agent that is still being started when its
    session is stopped is not waited for.  Default 0.5."""
    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.NEVER_STEER)
    """How its prompts wait: also those that are to steer wait for their own turn."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not inspect.iscoroutinefunction(cls.permission):
            msg = f"{cls.__name__}.permission must be `async def`"
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
        """
        for kind in ("reject_once", "reject_always"):
            for option in request.options:
                if option.kind == kind:
                    return option
        return None

    # ------------------------------------------------------------------ as a session

    @property
    def pid(self) -> int | None:
        """The number of its process and of its process group; None: it has none."""
        client = self._client
        if client is None or client.connection.ended.is_set():
            return None
        return client.connection.pid

    async def started(self) -> None:
        """Start the agent and open the conversation."""
        await self._connect()

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> str:
        """Put the prompt to the agent; its text is the result."""
        blocks = [block for prompt in turn.prompts for block in content_of(prompt)]
        client = await self._connected()
        answering = Answering(turn, client.settings.result_limit)
        if self._lost is not None:
            turn.note(history_lost=True)
            await answering.take(self._lost)
            self._lost = None
        prompting = await client.prompt(blocks, turn.start_soon)
        try:
            ended = await self._follow(turn, client, prompting, answering)
        except trio.Cancelled:
            await self._cancel(turn, client, prompting)  # noqa: ASYNC102 - shielded
            with contextlib.suppress(TurnOverError):
                turn.note(partial=answering.text)
            raise
        except AgentError:
            turn.note(partial=answering.text)
            raise
        finally:
            answering.close()
            for chunk in client.end_prompt(prompting):
                self._stray(chunk)
        return self._settle(turn, client, answering, ended)

    async def answer_aside(self, turn: Turn[PromptLike, Chunk]) -> object:
        """Reject it: an agent answers one prompt at a time."""
        await trio.lowlevel.checkpoint()
        turn.reject("an agent answers one prompt at a time: send it as a follow-up")

    # ----------------------------------------------------------------------- its turn

    async def _follow(
        self,
        turn: Turn[PromptLike, Chunk],
        client: AgentClient,
        prompting: Prompting,
        answering: Answering,
    ) -> Ended:
        """Hand on what comes, to the end and for the drain window after it."""
        asked = False
        while True:
            item: Chunk | Ended | None = None
            with trio.move_on_after(_TICK):
                item = await prompting.take()
            answering.tick()
            if turn.interrupted is not None and not asked:
                asked = True
                await client.cancel()
            if isinstance(item, Ended):
                break
            if item is not None:
                await answering.take(item)
        window = trio.current_time() + client.settings.drain_window
        with contextlib.suppress(AgentError):  # it has answered: let it go
            while True:
                late: Chunk | Ended | None = None
                with trio.CancelScope(deadline=window):
                    late = await prompting.take()
                if late is None or isinstance(late, Ended):
                    break
                await answering.take(late)
        return item

    async def _cancel(
        self, turn: Turn[PromptLike, Chunk], client: AgentClient, prompting: Prompting
    ) -> None:
        """Have the agent end the turn; end the agent if it does not."""
        if prompting.over:
            return
        grace = client.settings.cancel_grace
        with (
            trio.move_on_after(grace, shield=True) as scope,
            contextlib.suppress(AgentError, TurnOverError),
        ):
            if not prompting.ended:
                await client.cancel()
            while True:
                item = await prompting.take()
                if isinstance(item, Ended):
                    turn.note(stop_reason=item.reason)
                    break
                self.deliver(turn.id, item)
        if scope.cancelled_caught:
            why = f"has not ended a cancelled turn within {grace:g} s"
            client.connection.fail(AgentStuckError(client.settings.program, why))

    def _settle(
        self,
        turn: Turn[PromptLike, Chunk],
        client: AgentClient,
        answering: Answering,
        ended: Ended,
    ) -> str:
        turn.note(stop_reason=ended.reason)
        if ended.usage is not None:
            turn.note(usage=ended.usage)
        if answering.cut:
            turn.note(cut=True)
        if ended.reason == "refusal":
            turn.reject(answering.text or "the agent refuses")
        if ended.reason == "cancelled" and turn.interrupted is None:
            turn.note(partial=answering.text)
            raise AgentCancelledError(
                client.settings.program, stderr=client.connection.stderr
            )
        return answering.text

    def _stray(self, chunk: Chunk) -> None:
        """A chunk that belongs to no turn."""
        self.deliver(None, chunk)

    async def _decide(
        self, request: RequestPermissionRequest
    ) -> PermissionOption | None:
        turn = self.turn
        with contextlib.ExitStack() as clock:
            if turn is not None:
                with contextlib.suppress(ToolSkippedError, TurnOverError):
                    clock.enter_context(turn.tool("permission"))
            return await self.permission(request)

    # -------------------------------------------------------------------- its process

    async def _connected(self) -> AgentClient:
        """The client; a new one if the one before has broken, and is gone."""
        client = self._client
        if client is not None and client.connection.broken is None:
            return client
        if client is not None:
            await client.connection.ended.wait()
        return await self._connect()

    async def _connect(self) -> AgentClient:
        settings = self.configure(self.settings)
        given: object = settings
        if not isinstance(given, AgentSettings):
            name = type(self).__name__
            msg = f"{name}.configure() must return AgentSettings, got {settings!r}"
            raise TypeError(msg)
        client = AgentClient(settings, self._decide, self._stray)
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
        return client

    async def _live(self, client: AgentClient) -> None:
        """Run the process for as long as it, or the session, lives."""
        await client.connection.run()
        broken = client.connection.broken
        if isinstance(broken, AgentExitedError):
            _log.warning("%s", broken, extra={"key": self.key, "code": broken.code})
