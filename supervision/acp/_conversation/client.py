"""`AgentClient`: an agent with one conversation: opened, prompted, cancelled, answered.

What the agent says by itself goes where `sorting` says: to the prompt that is being
answered, to a turn before it, or nowhere; anything else is a stray.  What it says of
itself is kept.  Questions for a person have rooms of their own; all other calls are
refused, because nothing else was offered (no files, no terminals).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import trio

from supervision.acp._pipe.connection import Connection
from supervision.acp._pipe.errors import (
    AgentContentError,
    AgentRefusedError,
)
from supervision.acp._pipe.settings import AgentSettings
from supervision.acp._pipe.wire import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Call,
    Notice,
    WireError,
    call_line,
    error_line,
    notice_line,
    result_line,
)
from supervision.acp._words.agent import AgentInfo, with_options
from supervision.acp._words.chunks import (
    Chunk,
    CommandsChanged,
    ConfigChanged,
    HistoryLost,
    ModeChanged,
    PermissionAsked,
)
from supervision.acp._words.content import ContentBlock, not_taken, text_of
from supervision.acp._words.sorting import HELD, NOBODY, PAST, Sorter
from supervision.acp._words.updates import read_update, tool_asked_for
from supervision.acp._words.usage import Usages

from . import elicitation, permissions
from .opening import Opened, Opener, as_json
from .prompt import METHOD, Prompting
from .questions import Questions, StartSoon

STEER_METHOD = "_session/steering"


class AgentClient:
    """One agent process with one conversation.

    Args:
        settings: how it is run.
        decide: async_fn(request): what it may do; None: it may not.
        elicit: async_fn(asked): what it wants from a person; None: nobody answers.
        stray: fn(turn, chunk): takes chunks that belong to no prompt, or to one before.
    """

    def __init__(
        self,
        settings: AgentSettings,
        decide: permissions.Decide,
        elicit: elicitation.Elicit | None,
        stray: Callable[[int | None, Chunk], object],
    ) -> None:
        self.settings = settings
        self._decide = decide
        self._elicit = elicit
        self._stray = stray
        self.connection = Connection(settings, self)
        self._sorter = Sorter(settings.history_quiet)
        self._opener = Opener(
            self.connection, settings, self._sorter, elicits=elicit is not None
        )
        self.session = ""
        """The agent's id of the conversation; "": there is none yet."""
        self._prompting: Prompting | None = None
        self._questions = Questions(self.connection, settings.queue)
        self._settled_at = 0.0  # when the turn before is over, if it was cancelled
        self.usages = Usages(settings.usage_of, fresh=False)
        """What its counts of tokens are about."""

    @property
    def agent(self) -> AgentInfo:
        """What it says of itself."""
        return self._opener.agent

    # ----------------------------------------------------------------------- opening

    async def open(self, session: str | None) -> Opened:
        """Shake hands, and go on with a conversation, or begin one.

        Raises:
            AgentError: the agent fails.
        """
        await self._opener.shake_hands()
        opened = await self._opener.open(session)
        self.session = opened.session
        self.usages = Usages(self.settings.usage_of, fresh=opened.fresh)
        self._set_last_word()
        return opened

    async def open_again(self) -> HistoryLost | None:
        """Go on with the conversation, which the agent says it has lost.

        Returns:
            What is lost if it cannot be; then the process is of no more use.

        Raises:
            AgentError: the agent fails.
        """
        return await self._opener.go_on(self.session)

    async def ask(self, method: str, params: Any) -> Any:
        """Call it for something else, within `open_within`.

        Raises:
            AgentError: it fails, or refuses.
        """
        return await self._opener.ask(method, params)

    async def log_in(self) -> bool:
        """Log in as the settings say; False: they do not, or it was done before."""
        return await self._opener.log_in()

    # ------------------------------------------------------------------------ prompts

    async def prompt(
        self, blocks: Sequence[ContentBlock], turn: int, start_soon: StartSoon
    ) -> Prompting:
        """Put a prompt to it.  Cancelled means not put.

        Args:
            blocks: the prompt.
            turn: the id of the turn that it is of.
            start_soon: starts tasks that end before the turn does.

        Raises:
            AgentContentError: it does not take such content.
            AgentError: the connection has broken.
        """
        self._check(blocks)
        await trio.sleep_until(self._settled_at)
        settings = self.settings
        prompting = Prompting(self.connection, settings.program, settings.queue, turn)
        self._prompting = prompting
        self._sorter.begin(turn, text_of(blocks))
        params = {"sessionId": self.session, "prompt": [*map(as_json, blocks)]}
        try:
            prompting.number = await self.connection.call(METHOD, params, prompting)
        except BaseException:
            self.end_prompt(prompting)
            raise
        self._set_last_word()
        self._questions.open(start_soon)
        return prompting

    async def steer(self, blocks: Sequence[ContentBlock]) -> bool:
        """Put a prompt into the turn that runs; False: the agent has not taken it.

        Raises:
            AgentContentError: it does not take such content.
            AgentError: the connection has broken.
        """
        self._check(blocks)
        params = {
            "sessionId": self.session,
            "prompt": [*map(as_json, blocks)],
            "_meta": {"steering": {"idleBehavior": "promptRequired"}},
        }
        within = self.settings.open_within
        try:
            answer = await self.connection.ask(STEER_METHOD, params, within)
        except AgentRefusedError:
            return False
        match answer:
            case {"outcome": "injected"}:
                return True
            case {"outcome": "startedNewTurn"}:  # nobody would hear its end
                await self.connection.send(self._cancel_line())
                return False
            case _:
                return False

    def _check(self, blocks: Sequence[ContentBlock]) -> None:
        kind = not_taken(blocks, self.agent.capabilities)
        if kind is not None:
            raise AgentContentError(self.settings.program, kind)

    def take_held(self) -> list[Chunk]:
        """What the agent had said under ids of turns before, which are its answer."""
        return self._sorter.doubt()

    def end_prompt(
        self, prompting: Prompting, *, cancelled: bool = False
    ) -> list[Chunk]:
        """Forget a prompt; returns the chunks that came for it and were not taken."""
        self._prompting = None
        if cancelled:
            self._settled_at = trio.current_time() + self.settings.drain_window
        for turn, chunk in self._sorter.end():
            if turn != PAST:
                self._stray(None if turn == NOBODY else turn, chunk)
        self._set_last_word()
        self._questions.close()
        return prompting.close()

    async def cancel(self) -> None:
        """Ask it to end the turn; it may do nothing more that it has asked for.

        Raises:
            AgentError: the connection has broken.
        """
        self._questions.close()
        await self.connection.send(self._cancel_line())

    def _cancel_line(self) -> bytes:
        return notice_line("session/cancel", {"sessionId": self.session})

    def _set_last_word(self) -> None:
        """What the agent is told when we end: to end its turn, to let go what it has.

        One process may stand for many conversations, behind a launcher.
        """
        connection = self.connection
        word = self._cancel_line() if self._prompting is not None else b""
        connection.last_call = 0
        if self.agent.capabilities.close:
            connection.last_call = connection.number()
            params = {"sessionId": self.session}
            word += call_line(connection.last_call, "session/close", params)
        connection.last_word = word

    # -------------------------------------------------------------- what it says itself

    async def noticed(self, notice: Notice) -> None:
        """Take a notice."""
        match notice.method, notice.params:
            case "session/update", params:
                await self._updated(params)
            case "$/cancel_request", {"requestId": int() | str() as number}:
                self._questions.revoke(number)
            case _:
                pass  # an extension that we do not know: notices may be passed over

    async def _updated(self, params: object) -> None:
        try:
            update = read_update(params)
        except ValueError as error:
            raise WireError(str(error), b"") from None
        chunk = update.chunk
        if self.session and update.session != self.session:
            self._stray(None, chunk)
            return
        self._learn(chunk)
        prompting = self._prompting
        turn = self._sorter.owner(chunk, trio.current_time())
        if turn in (PAST, HELD) or self._opener.opening:
            return
        if prompting is None or turn != prompting.turn:
            self._stray(None if turn == NOBODY else turn, chunk)
        elif update.idle is not None:
            await prompting.end(update.idle)
        elif not await prompting.put(chunk):
            self._stray(None, chunk)

    def _learn(self, chunk: Chunk) -> None:
        """Keep what it says of itself."""
        opener = self._opener
        match chunk:
            case ModeChanged(mode=mode):
                opener.agent = attrs.evolve(opener.agent, mode=mode)
            case CommandsChanged(commands=commands):
                opener.agent = attrs.evolve(opener.agent, commands=commands)
            case ConfigChanged(options=options):
                opener.agent = with_options(opener.agent, options)
            case _:
                pass

    async def called(self, call: Call) -> None:
        """Take a call."""
        if self._prompting is None or self._prompting.ended:
            self._questions.close()
        match call.method:
            case permissions.METHOD:
                await self._asked_whether(call)
            case elicitation.METHOD:
                self._asked_for(call)
            case method:
                text = f"{method!r} is not offered by this client"
                self._answer(error_line(call.id, METHOD_NOT_FOUND, text))

    async def _asked_whether(self, call: Call) -> None:
        """It asks for permission: the tool call and the question are chunks too."""
        request = permissions.read_permission(call)
        if request is None:
            text = "the params are no request for permission"
            self._answer(error_line(call.id, INVALID_PARAMS, text))
            return
        question = permissions.permission_question(call, request, self._decide)
        prompting = self._prompting
        if (
            prompting is None
            or request.session_id != self.session
            or not self._questions.is_open
        ):
            self._questions.leave(question)
            return
        tool = tool_asked_for(request)
        chunks: list[Chunk] = [PermissionAsked(tool.id, tool.title, request)]
        if not self._sorter.knows_tool(tool.id):
            chunks.insert(0, tool)
        for chunk in chunks:
            self._sorter.owner(chunk, trio.current_time())
            await prompting.put(chunk)
        self._questions.ask(question)

    def _asked_for(self, call: Call) -> None:
        """It wants something from a person."""
        asked = elicitation.read_elicitation(call)
        if asked is None:
            text = "the params are no request for elicitation"
            self._answer(error_line(call.id, INVALID_PARAMS, text))
        elif self._elicit is None:
            self._answer(result_line(call.id, dict(elicitation.DECLINED)))
        else:
            question = elicitation.elicitation_question(call, asked, self._elicit)
            self._questions.ask(question)

    def _answer(self, line: bytes) -> None:
        self.connection.send_nowait(line)
