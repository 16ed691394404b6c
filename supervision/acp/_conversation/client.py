"""`AgentClient`: an agent with one conversation: opened, prompted, cancelled, answered.

What the agent says by itself is sorted here: an update goes to the prompt that is being
answered, if it is of this conversation; while one is loaded, its history is repeated to
us and goes nowhere; anything else is a stray.  Questions for permission have a room of
their own; all other calls are refused, because nothing else was offered (no files, no
terminals).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import attrs
from acp.schema import (
    AuthenticateRequest,
    ClientCapabilities,
    Implementation,
    InitializeRequest,
    InitializeResponse,
    LoadSessionRequest,
    NewSessionRequest,
    NewSessionResponse,
    ResumeSessionRequest,
)
from pydantic import BaseModel, ValidationError

from supervision.acp._pipe.connection import Connection
from supervision.acp._pipe.errors import (
    AgentError,
    AgentProtocolError,
    AgentRefusedError,
    AgentVersionError,
)
from supervision.acp._pipe.settings import AgentSettings
from supervision.acp._pipe.wire import (
    METHOD_NOT_FOUND,
    Call,
    Notice,
    WireError,
    error_line,
    notice_line,
    shown,
)

from .chunks import Chunk, HistoryLost, read_update
from .permissions import Decide, Permissions, StartSoon
from .prompt import METHOD, Prompting

PROTOCOL_VERSION = 1
"""The version of the protocol that we speak."""

M = TypeVar("M", bound=BaseModel)


@attrs.frozen
class Opened:
    """A conversation that can be prompted."""

    session: str
    """The agent's id of it."""
    lost: HistoryLost | None = None
    """It is a new one, and there was another."""


class AgentClient:
    """One agent process with one conversation.

    Args:
        settings: how it is run.
        decide: async_fn(request): what it may do; None: it may not.
        stray: takes chunks that belong to no prompt.
    """

    def __init__(
        self,
        settings: AgentSettings,
        decide: Decide,
        stray: Callable[[Chunk], object],
    ) -> None:
        self.settings = settings
        self._stray = stray
        self.connection = Connection(settings, self)
        self._session = ""
        self._opening = True
        self._prompting: Prompting | None = None
        self._permissions = Permissions(self.connection, decide, settings.queue)

    # ----------------------------------------------------------------------- opening

    async def open(self, session: str | None) -> Opened:
        """Shake hands, and go on with a conversation, or begin one.

        Raises:
            AgentError: the agent fails.
        """
        ours = InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=ClientCapabilities(),
            client_info=Implementation(name="trio-actors", version=_version()),
        )
        start = self.settings.start_within
        answer = await self._ask("initialize", ours, start)
        agent = self._read(InitializeResponse, "initialize", answer)
        if agent.protocol_version != PROTOCOL_VERSION:
            error = AgentVersionError(
                self.settings.program, agent.protocol_version, PROTOCOL_VERSION
            )
            raise self._break(error)
        if self.settings.auth_method is not None:
            login = AuthenticateRequest(method_id=self.settings.auth_method)
            await self._ask("authenticate", login, self.settings.open_within)
        lost = None
        if session is not None:
            lost = await self._go_on(agent, session)
        if session is None or lost is not None:
            session = await self._begin()
        self._session = session
        return Opened(session, lost)

    async def _go_on(
        self, agent: InitializeResponse, session: str
    ) -> HistoryLost | None:
        """Resume or load; returns what is lost if it cannot be done."""
        can = agent.agent_capabilities
        kept = can.session_capabilities if can is not None else None
        make: type[ResumeSessionRequest | LoadSessionRequest]
        if kept is not None and kept.resume is not None:
            method, make = "session/resume", ResumeSessionRequest
        elif can is not None and can.load_session:
            method, make = "session/load", LoadSessionRequest
        else:
            return HistoryLost(session, "the agent can go on with no conversation")
        request = make(
            session_id=session,
            cwd=str(self.settings.cwd),
            mcp_servers=list(self.settings.mcp_servers),
        )
        try:
            await self._ask_session(method, request)
        except AgentRefusedError as error:
            return HistoryLost(session, error.what())
        return None

    async def _begin(self) -> str:
        request = NewSessionRequest(
            cwd=str(self.settings.cwd), mcp_servers=list(self.settings.mcp_servers)
        )
        answer = await self._ask_session("session/new", request)
        return self._read(NewSessionResponse, "session/new", answer).session_id

    async def _ask_session(self, method: str, params: BaseModel) -> Any:
        """Ask for the conversation; the history ends with the answer."""
        within = self.settings.open_within
        return await self.connection.ask(
            method, _json(params), within, then=self._opened
        )

    def _opened(self) -> None:
        self._opening = False

    async def _ask(self, method: str, params: BaseModel, within: float) -> Any:
        return await self.connection.ask(method, _json(params), within)

    def _read(self, model: type[M], method: str, answer: object) -> M:
        try:
            return model.model_validate(answer)
        except (ValidationError, RecursionError):
            why = f"its answer to {method!r} is none: {shown(answer)}"
            raise self._break(AgentProtocolError(self.settings.program, why)) from None

    def _break(self, error: AgentError) -> AgentError:
        self.connection.fail(error)
        return error

    # ------------------------------------------------------------------------ prompts

    async def prompt(
        self, blocks: Sequence[BaseModel], start_soon: StartSoon
    ) -> Prompting:
        """Put a prompt to it.  Cancelled means not put.

        Args:
            blocks: the prompt.
            start_soon: starts tasks that end before the turn does.

        Raises:
            AgentError: the connection has broken.
        """
        settings = self.settings
        prompting = Prompting(self.connection, settings.program, settings.queue)
        self._prompting = prompting
        params = {
            "sessionId": self._session,
            "prompt": [_json(block) for block in blocks],
        }
        try:
            prompting.number = await self.connection.call(METHOD, params, prompting)
        except BaseException:
            self.end_prompt(prompting)
            raise
        self.connection.last_word = self._cancel_line()
        self._permissions.open(start_soon)
        return prompting

    def end_prompt(self, prompting: Prompting) -> list[Chunk]:
        """Forget a prompt; returns the chunks that came for it and were not taken."""
        self._prompting = None
        self.connection.last_word = b""
        self._permissions.close()
        return prompting.close()

    async def cancel(self) -> None:
        """Ask it to end the turn; it may do nothing more that it has asked for.

        Raises:
            AgentError: the connection has broken.
        """
        self._permissions.close()
        await self.connection.send(self._cancel_line())

    def _cancel_line(self) -> bytes:
        return notice_line("session/cancel", {"sessionId": self._session})

    # -------------------------------------------------------------- what it says itself

    async def noticed(self, notice: Notice) -> None:
        """Take a notice."""
        match notice.method, notice.params:
            case "session/update", params:
                await self._updated(params)
            case "$/cancel_request", {"requestId": int() | str() as number}:
                self._permissions.revoke(number)
            case _:
                pass  # an extension that we do not know: notices may be passed over

    async def _updated(self, params: object) -> None:
        try:
            update = read_update(params)
        except ValueError as error:
            raise WireError(str(error), b"") from None
        if self._opening:
            return  # the history, told again
        prompting = self._prompting
        if prompting is None or update.session != self._session:
            self._stray(update.chunk)
        elif update.idle is not None:
            await prompting.end(update.idle)
        elif not await prompting.put(update.chunk):
            self._stray(update.chunk)

    def called(self, call: Call) -> None:
        """Take a call."""
        if call.method != "session/request_permission":
            text = f"{call.method!r} is not offered by this client"
            self._answer(error_line(call.id, METHOD_NOT_FOUND, text))
            return
        if self._prompting is None or self._prompting.ended:
            self._permissions.close()
        self._permissions.ask(call, self._session)

    def _answer(self, line: bytes) -> None:
        self.connection.send_nowait(line)


def _json(model: BaseModel) -> Any:
    return model.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_unset=True
    )


@functools.cache  # it reads files, and an agent starts while others talk
def _version() -> str:
    try:
        return version("trio-actors")
    except PackageNotFoundError:  # run from a checkout
        return "0"
