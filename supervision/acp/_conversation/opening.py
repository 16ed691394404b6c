"""`Opener`: how a conversation with an agent begins, or is gone on with.

Hands are shaken; a login is done if it is wanted; a conversation is resumed or loaded,
whichever the agent really can, or made; what the settings say of it is set, each time
anew, because agents forget it.
"""

from __future__ import annotations

import functools
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import attrs
import trio
from acp.schema import (
    ClientCapabilities,
    Implementation,
    InitializeRequest,
    LoadSessionRequest,
    NewSessionRequest,
    ResumeSessionRequest,
)
from pydantic import BaseModel

from supervision.acp._pipe.connection import Connection
from supervision.acp._pipe.errors import (
    AgentAuthError,
    AgentError,
    AgentOptionError,
    AgentProtocolError,
    AgentRefusedError,
    AgentVersionError,
)
from supervision.acp._pipe.settings import AgentSettings
from supervision.acp._pipe.wire import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    NOT_FOUND,
    shown,
)
from supervision.acp._words.agent import AgentInfo, read_agent, with_session
from supervision.acp._words.chunks import HistoryLost
from supervision.acp._words.sorting import Sorter

PROTOCOL_VERSION = 1
"""The version of the protocol that we speak."""

_LOST = re.compile(
    r"\b(session|thread|conversation)\b.*"
    r"\b(not found|unknown|not exist|no longer|expired|closed|gone|invalid)\b"
    r"|\b(unknown|no such|invalid|missing|expired|no active|no)\s+"
    r"(session|thread|conversation)\b"
    r"|(process|transport|query)\b.*"
    r"\b(exited|closed|terminated|died|not ready|not running|ended|killed)\b",
    re.IGNORECASE | re.DOTALL,
)


def means_lost(error: AgentRefusedError) -> bool:
    """Whether a refused prompt says that the agent has lost the conversation.

    There is one code that says so; agents also say it in the words of others.
    """
    if error.code == NOT_FOUND:
        return True
    if error.code not in (INVALID_PARAMS, INTERNAL_ERROR):
        return False
    return _LOST.search(f"{error.text} {shown(error.data, 500)}") is not None


@attrs.frozen
class Opened:
    """A conversation that can be prompted."""

    session: str
    """The agent's id of it."""
    lost: HistoryLost | None = None
    """It is a new one, and there was another."""
    fresh: bool = False
    """It is a new one."""


class Opener:
    """Opens conversations with one agent.

    Args:
        connection: to it.
        settings: how it is run.
        sorter: is told of the history.
        elicits: somebody answers what it asks a person for.
    """

    def __init__(
        self,
        connection: Connection,
        settings: AgentSettings,
        sorter: Sorter,
        *,
        elicits: bool,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._sorter = sorter
        self._elicits = elicits
        self._logged_in = False
        self._native: set[str] = set()  # what it has as the protocol once had it
        self.agent = AgentInfo()
        """What it says of itself."""
        self.opening = True
        """A conversation is being opened: what the agent says is not said in it."""

    async def shake_hands(self) -> None:
        """Begin to talk.

        Raises:
            AgentError: the agent fails.
        """
        can = ClientCapabilities()
        if self._elicits:
            can = ClientCapabilities.model_validate(
                {"elicitation": {"form": {}, "url": {}}}
            )
        ours = InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=can,
            client_info=Implementation(name="trio-actors", version=_version()),
        )
        within = self._settings.start_within
        refused: AgentRefusedError | None = None
        answer: Any = None
        try:
            answer = await self._connection.ask("initialize", as_json(ours), within)
        except AgentAuthError:
            raise
        except AgentRefusedError as error:
            refused = error
        if refused is not None:
            if (other := await self._other_version()) is not None:
                raise self._wrong_version(other) from refused
            raise refused
        match answer:
            case {"protocolVersion": int() as theirs}:
                pass
            case _:
                raise self._nonsense("initialize", answer)
        if theirs != PROTOCOL_VERSION:
            raise self._wrong_version(theirs)
        self.agent = read_agent(cast("dict[str, Any]", answer))
        self._connection.auth_methods = self.agent.auth_methods
        if self._settings.auth_method is not None:
            await self._login({"methodId": self._settings.auth_method})

    async def _other_version(self) -> int | None:
        """Ask as the next version of the protocol does; None: it is not that."""
        ours = {
            "protocolVersion": PROTOCOL_VERSION + 1,
            "capabilities": {},
            "info": {"name": "trio-actors", "version": _version()},
        }
        within = self._settings.start_within
        try:
            answer = await self._connection.ask("initialize", ours, within)
        except AgentError:
            return None
        match answer:
            case {"protocolVersion": int() as theirs} if theirs != PROTOCOL_VERSION:
                return theirs
            case _:
                return None

    def _wrong_version(self, theirs: int) -> AgentVersionError:
        error = AgentVersionError(self._settings.program, theirs, PROTOCOL_VERSION)
        self._connection.fail(error)
        return error

    def _nonsense(self, method: str, answer: object) -> AgentProtocolError:
        why = f"its answer to {method!r} is none: {shown(answer)}"
        error = AgentProtocolError(self._settings.program, why)
        self._connection.fail(error)
        return error

    # ---------------------------------------------------------------- a conversation

    async def open(self, session: str | None) -> Opened:
        """Go on with a conversation, or begin one.

        Raises:
            AgentError: the agent fails.
        """
        lost = None
        if session is not None:
            lost = await self.go_on(session)
            if lost is None:
                return Opened(session)
        self.opening = True
        answer = await self._ask_session("session/new", NewSessionRequest, None)
        match answer:
            case {"sessionId": str(session)}:
                pass
            case _:
                raise self._nonsense("session/new", answer)
        await self._set_up(session, answer)
        return Opened(session, lost, fresh=True)

    async def go_on(self, session: str) -> HistoryLost | None:
        """Resume or load; returns what is lost if the agent can do neither.

        Raises:
            AgentError: the agent fails, or wants a login.
        """
        why = "the agent can go on with no conversation"
        can = self.agent.capabilities
        ways: list[tuple[str, type[BaseModel]]] = []
        if can.resume:
            ways.append(("session/resume", ResumeSessionRequest))
        if can.load:
            ways.append(("session/load", LoadSessionRequest))
        for method, make in ways:
            self.opening = True
            if make is LoadSessionRequest:
                self._sorter.load()
            try:
                answer = await self._ask_session(method, make, session)
            except AgentAuthError:
                raise
            except AgentRefusedError as error:
                self._sorter.not_loaded()
                why = error.what()
                continue
            await self._let_history_end()
            await self._set_up(session, answer)
            return None
        return HistoryLost(session, why)

    async def _ask_session(
        self, method: str, make: type[BaseModel], session: str | None
    ) -> Any:
        settings = self._settings
        given: dict[str, Any] = {
            "cwd": str(settings.cwd),
            "mcp_servers": list(settings.mcp_servers),
        }
        if session is not None:
            given["session_id"] = session
        if settings.meta:
            given["field_meta"] = dict(settings.meta)
        if settings.additional_directories and self.agent.capabilities.directories:
            given["additional_directories"] = [
                str(each) for each in settings.additional_directories
            ]
        return await self.ask(method, as_json(make(**given)), then=self._opened)

    def _opened(self) -> None:
        """It has answered; not one word after the answer has been read yet."""
        self.opening = False
        self._sorter.loaded(trio.current_time())

    async def _let_history_end(self) -> None:
        """Wait until it is quiet: some answer before they have told the history."""
        with trio.move_on_after(self._settings.open_within):
            while (left := self._sorter.past_for(trio.current_time())) > 0:
                await trio.sleep(left)
                for _ in range(3):  # what came meanwhile is read before the clock is
                    await trio.lowlevel.checkpoint()

    # ---------------------------------------------------------------- what is set

    async def _set_up(self, session: str, answer: object) -> None:
        """Set what the settings say.  Raises AgentError: it cannot be."""
        said = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        self._native = {name for name in ("mode", "model") if said.get(f"{name}s")}
        self.agent = with_session(self.agent, said)
        settings = self._settings
        for name, value in (("model", settings.model), ("mode", settings.mode)):
            if value is not None:
                await self._choose(session, name, value)
        for name, each in settings.config.items():
            await self._set_option(session, name, each)

    async def _choose(self, session: str, name: str, value: str) -> None:
        """Set the mode or the model: by a method of its own, or as an option."""
        option = self.agent.option(name)
        if option is not None and name not in self._native:
            await self._set_option(session, option.id, value, shown_as=name)
            return
        offered = [each.id for each in getattr(self.agent, f"{name}s")]
        program = self._settings.program
        if offered and value not in offered:
            raise AgentOptionError(program, name, value, offered)
        params = {"sessionId": session, f"{name}Id": value}
        try:
            await self.ask(f"session/set_{name}", params)
        except AgentRefusedError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            raise AgentOptionError(program, name, value, ()) from error
        chosen: Any = {name: value}  # of two fields of the same type
        self.agent = attrs.evolve(self.agent, **chosen)

    async def _set_option(
        self, session: str, name: str, value: object, *, shown_as: str = ""
    ) -> None:
        option = self.agent.option(name)
        offered: list[object] = []
        if option is not None:
            name = option.id
            offered.extend(each.id for each in option.choices)
            if not option.choices and isinstance(option.value, bool):
                offered = [True, False]
        if value not in offered and (offered or option is None):
            shown_as = shown_as or name
            raise AgentOptionError(self._settings.program, shown_as, value, offered)
        params: dict[str, Any] = {"sessionId": session, "configId": name}
        if isinstance(value, bool):
            params["type"] = "boolean"
        answer = await self.ask("session/set_config_option", {**params, "value": value})
        self.agent = with_session(self.agent, answer)

    # ---------------------------------------------------------------- to ask it

    async def ask(self, method: str, params: Any, *, then: Any = None) -> Any:
        """Call it within `open_within`; log in first if it wants that.

        Raises:
            AgentError: it fails, or refuses.
        """
        within = self._settings.open_within
        try:
            return await self._connection.ask(method, params, within, then=then)
        except AgentAuthError as error:
            refused = error
        if not await self.log_in():
            raise refused
        return await self._connection.ask(method, params, within, then=then)

    async def log_in(self) -> bool:
        """Log in as the settings say; False: they do not, or it was done before.

        Raises:
            AgentError: it fails, or refuses.
        """
        given = self._settings.authenticate
        if given is None or self._logged_in:
            return False
        self._logged_in = True
        params = {"methodId": given} if isinstance(given, str) else dict(given)
        await self._login(params)
        return True

    async def _login(self, params: dict[str, Any]) -> None:
        within = self._settings.open_within
        await self._connection.ask("authenticate", params, within)


def as_json(model: BaseModel) -> Any:
    """A value of the protocol as JSON."""
    return model.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_unset=True
    )


@functools.cache  # it reads files, and an agent starts while others talk
def _version() -> str:
    try:
        return version("trio-actors")
    except PackageNotFoundError:  # run from a checkout
        return "0"
