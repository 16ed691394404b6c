"""`Driver`: one prompt, put to an agent and followed to its end, for one turn.

What the agent says goes to the turn as it comes.  An abort is passed on to the agent,
which has its grace to obey.  Steering prompts that come meanwhile are put into its turn
if it offers that; those that it does not take, because it had ended already, are put to
it as another prompt of the same turn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import trio

from actors import Turn, TurnOverError
from supervision.acp._pipe.errors import (
    AgentCancelledError,
    AgentContentError,
    AgentError,
    AgentStuckError,
)
from supervision.acp._words.chunks import Chunk
from supervision.acp._words.content import ContentBlock, PromptLike, content_of

from .answering import Answering
from .client import AgentClient
from .prompt import Ended, Prompting

_TICK = 0.5  # seconds between two looks at what no event tells


class Driver:
    """Puts prompts of one turn to one agent.

    Args:
        turn: whose.
        client: the agent.
        answering: takes what comes.
        deliver: fn(turn, chunk): takes what comes too late for that.
    """

    def __init__(
        self,
        turn: Turn[PromptLike, Chunk],
        client: AgentClient,
        answering: Answering,
        deliver: Callable[[int | None, Chunk], object],
    ) -> None:
        self._turn = turn
        self._client = client
        self._answering = answering
        self._deliver = deliver
        self._steering = 0  # prompts that are being put into the agent's turn
        self._untaken: list[ContentBlock] = []  # of those that it has not taken
        self.said = False
        """The agent has said something, or done something."""

    async def drive(self, blocks: Sequence[ContentBlock]) -> str:
        """Put the prompt; the text of the answer.

        Raises:
            AgentError: it fails, or refuses.
        """
        while True:
            ended = await self._put(blocks)
            if not self._untaken:
                return await self._settle(ended)
            blocks, self._untaken = self._untaken, []

    async def _put(self, blocks: Sequence[ContentBlock]) -> Ended:
        turn, client = self._turn, self._client
        prompting = await client.prompt(blocks, turn.id, turn.start_soon)
        cancelled = False
        try:
            return await self._follow(prompting)
        except trio.Cancelled:
            cancelled = True
            await self._cancel(prompting)  # noqa: ASYNC102 - shielded
            raise
        finally:
            self.said = self.said or prompting.said
            for chunk in client.end_prompt(prompting, cancelled=cancelled):
                self._deliver(None, chunk)

    async def _follow(self, prompting: Prompting) -> Ended:
        """Hand on what comes, to the end and for the drain window after it."""
        turn, client, answering = self._turn, self._client, self._answering
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
            if turn.steering and client.agent.capabilities.steering:
                await self._steer()
        await self._drain(prompting)
        if not answering.text and item.reason != "cancelled":
            for chunk in client.take_held():
                await answering.take(chunk)
        return item

    async def _drain(self, prompting: Prompting) -> None:
        """Hand on what comes late, and let steering prompts be answered."""
        window = trio.current_time() + self._client.settings.drain_window
        with contextlib.suppress(AgentError):  # it has answered: let it go
            while self._steering or trio.current_time() < window:
                late: Chunk | Ended | None = None
                until = trio.current_time() + _TICK if self._steering else window
                with trio.CancelScope(deadline=until):
                    late = await prompting.take()
                if isinstance(late, Ended):
                    break
                if late is not None:
                    await self._answering.take(late)

    async def _cancel(self, prompting: Prompting) -> None:
        """Have the agent end the turn; end the agent if it does not."""
        turn, client, answering = self._turn, self._client, self._answering
        grace = client.settings.cancel_grace
        with (
            trio.move_on_after(grace, shield=True) as scope,
            contextlib.suppress(AgentError, TurnOverError),
        ):
            if not prompting.ended:
                await client.cancel()
            while not prompting.over:
                item = await prompting.take()
                if isinstance(item, Ended):
                    turn.note(stop_reason=item.reason)
                    break
                answering.hear(item)
                self._deliver(turn.id, item)
        if scope.cancelled_caught:
            why = f"has not ended a cancelled turn within {grace:g} s"
            client.connection.fail(AgentStuckError(client.settings.program, why))
        for update in answering.close_tools("cancelled"):
            self._deliver(turn.id, update)

    async def _settle(self, ended: Ended) -> str:
        """What the end means for the turn."""
        turn, client, answering = self._turn, self._client, self._answering
        turn.note(stop_reason=ended.reason, **client.usages.notes(ended.usage))
        if answering.cut:
            turn.note(cut=True)
        if answering.denied:
            turn.note(denied=tuple(answering.denied))
        if ended.reason == "refusal":
            turn.reject(answering.text or "the agent refuses")
        if ended.reason == "cancelled":
            for update in answering.close_tools("cancelled"):
                await turn.emit(update)
            if turn.interrupted is None and not answering.denied:
                program, stderr = client.settings.program, client.connection.stderr
                raise AgentCancelledError(program, stderr=stderr)
        if not answering.text:
            turn.note(empty=True)
        return answering.text

    # ----------------------------------------------------------------------- steering

    async def _steer(self) -> None:
        """Take the prompts that wait, and put them into the turn of the agent."""
        for receipt in await self._turn.checkpoint():
            self._steering += 1
            self._turn.start_soon(self._put_in, receipt.prompt)

    async def _put_in(self, prompt: PromptLike) -> None:
        """Put one into the turn of the agent; what is wrong with it is noted."""
        try:
            blocks = content_of(prompt)
            if not await self._client.steer(blocks):
                self._untaken.extend(blocks)
        except (TypeError, AgentContentError) as error:
            self._turn.note(steering_refused=str(error))
        except AgentError:
            return  # the turn will hear it
        finally:
            self._steering -= 1
