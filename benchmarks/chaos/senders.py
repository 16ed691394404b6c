"""Senders: they send prompts, again if need be, and wait for what becomes of them.

Each sends one after the other, and goes on when its prompt is stored.  A node that does
not answer in time is left, and another one is asked, with the same id.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

import attrs
import trio

from .book import Book, Sent, Told
from .fleet import Call, Fleet, GoneError, Node, OrderError

# Any in this file: answers are JSON
KEYS: Final = 60
# how many of a hundred prompts, or pauses, on average
_ASKS, _OWN, _STEERS, _FAILS, _JOURNALS, _SENDS, _REPEATS, _READS = (
    *(4, 50, 8, 5),
    *(10, 10, 15, 70),
)
WAITING: Final = 300
"""Prompts of which somebody waits for the outcome, at once: no more are sent."""
_PAUSE: Final = 0.2  # seconds before it is tried again


@attrs.define(eq=False)
class Senders:
    """All that send.

    Args:
        fleet: the nodes.
        book: what is written down.
        dice: what is sent, and where.
        nursery: of those who wait.
        pace: seconds between two prompts of a sender, on average.
    """

    fleet: Fleet
    book: Book
    dice: Random
    nursery: trio.Nursery
    pace: float = 0.2
    over: bool = False
    """No more prompts are sent."""
    _room: trio.CapacityLimiter = attrs.Factory(lambda: trio.CapacityLimiter(WAITING))
    _next: int = 0

    async def send(self, sender: int) -> None:
        """Send prompts until it is over."""
        while not self.over:
            await trio.sleep(self.dice.expovariate(1 / self.pace))
            if self.over:
                return
            if self._by_chance(_ASKS):
                self.nursery.start_soon(self._ask)
                continue
            prompt, say = self._make(sender)
            token = object()
            await self._room.acquire_on_behalf_of(token)
            call = await self._deliver(prompt, say)
            self.nursery.start_soon(self._follow, prompt, call, token)
            if self._by_chance(_REPEATS):
                self.nursery.start_soon(self._repeat, prompt, say)

    # ------------------------------------------------------------------ what is sent

    def _make(self, sender: int) -> tuple[Sent, dict[str, Any]]:
        """Make up a prompt."""
        dice, name = self.dice, self._name()
        # half of the keys are a sender's own, the others all senders'
        own = self._by_chance(_OWN)
        key = f"own{sender}-{dice.randrange(4)}" if own else f"k{dice.randrange(KEYS)}"
        steers = self._by_chance(_STEERS)
        prompt = Sent(name, key, steers=steers, called=trio.current_time())
        say: dict[str, Any] = {
            "id": name,
            "seconds": dice.choice((0.0, 0.0, 0.0, 0.02, 0.2, 1.0, 2.0)),
        }
        if not steers:
            prompt.attempts = dice.choice((1, 1, 2, 3))
            prompt.fails = self._by_chance(_FAILS)
            prompt.chunks = 5 if self._by_chance(_JOURNALS) else 0
            say |= {"fails": prompt.fails, "chunks": prompt.chunks}
            if self._by_chance(_SENDS):
                child = Sent(self._name(), f"k{dice.randrange(KEYS)}", sent_by=name)
                self.book.sent[child.id] = child
                say["sends"] = (child.key, child.id)
        self.book.sent[name] = prompt
        return prompt, say

    def _by_chance(self, of_a_hundred: int) -> bool:
        return self.dice.random() * 100 < of_a_hundred

    def _name(self) -> str:
        self._next += 1
        return f"p{self._next}"

    def _order(self, node: Node, prompt: Sent, say: dict[str, Any]) -> Call:
        prompt.calls += 1
        if prompt.steers:
            return node.order("steer", key=prompt.key, say=say)
        return node.order(
            "accept",
            key=prompt.key,
            say=say,
            attempts=prompt.attempts,
            journal=prompt.chunks > 0,
        )

    async def _somebody(self) -> Node:
        """Choose a node that lives, as far as anybody can see."""
        while not (living := self.fleet.living()):  # noqa: ASYNC110 - nobody tells
            await trio.sleep(_PAUSE)
        return self.dice.choice(living)

    async def _deliver(
        self, prompt: Sent, say: dict[str, Any]
    ) -> tuple[Node, Call] | None:
        """Send it, again and again, until it is stored."""
        while True:
            node = await self._somebody()
            call = self._order(node, prompt, say)
            with trio.move_on_after(self.dice.uniform(1.0, 6.0)):
                try:
                    await call.next()
                except GoneError:
                    continue
                except OrderError as error:
                    self.book.refuse(str(error))
                    await trio.sleep(_PAUSE)
                    continue
                if prompt.accepted is None:
                    prompt.accepted = trio.current_time()
                return node, call

    # ------------------------------------------------------------- what becomes of it

    async def _follow(
        self, prompt: Sent, at: tuple[Node, Call] | None, token: object
    ) -> None:
        """Wait for its outcome, at one node or another."""
        try:
            while at is None or not await self._hear(prompt, *at):
                at = await self._find(prompt)
            if prompt.chunks and self._by_chance(_READS):
                await self._read(prompt)
        finally:
            self._room.release_on_behalf_of(token)

    async def _find(self, prompt: Sent) -> tuple[Node, Call] | None:
        node = await self._somebody()
        call = node.order("find", key=prompt.key, id=prompt.id)
        with trio.move_on_after(self.dice.uniform(1.0, 6.0)):
            try:
                answer = await call.next()
            except GoneError:
                return None
            except OrderError as error:
                self.book.refuse(str(error))
                await trio.sleep(_PAUSE)
                return None
            if answer["found"]:
                return node, call
            self.book.refuse("NotFound")
            await trio.sleep(_PAUSE)
        return None

    async def _hear(self, prompt: Sent, node: Node, call: Call) -> bool:
        """Wait for what this node tells of it; False: in vain."""
        with trio.move_on_after(self.dice.uniform(5.0, 20.0)):
            try:
                answer = await call.next()
            except GoneError:
                return False
            except OrderError as error:
                self.book.refuse(str(error))
                await trio.sleep(_PAUSE)
                return False
            told = Told(answer["told"], answer["turn"], node.name)
            if told.kind == "Lost":
                return False  # its node has ended: another one knows
            prompt.told.append(told)
            return True
        return False

    async def _repeat(self, prompt: Sent, say: dict[str, Any]) -> None:
        """Send it once more, to whichever node, and hear what that has to say."""
        await trio.sleep(self.dice.choice((0.0, 0.5, 5.0)))
        for _ in range(3):
            node = await self._somebody()
            call = self._order(node, prompt, say)
            with trio.move_on_after(10.0):
                try:
                    await call.next()
                except (GoneError, OrderError):
                    continue
                if await self._hear(prompt, node, call):
                    self.book.count("prompts sent again")
                    return

    async def _read(self, prompt: Sent) -> None:
        """Read its answer, from wherever."""
        node = await self._somebody()
        with trio.move_on_after(20.0):
            try:
                answer = await node.order("read", key=prompt.key, id=prompt.id).next()
            except (GoneError, OrderError):
                return
            prompt.read = answer["chunks"]
            self.book.count("answers read")

    async def _ask(self) -> None:
        """Have something done, or looked at, by the owner of a key."""
        node, key = await self._somebody(), f"k{self.dice.randrange(KEYS)}"
        verb = self.dice.choice(("cancel", "inspect"))
        if verb == "cancel":
            self.book.cancelled.add(key)
        with trio.move_on_after(20.0):
            try:
                await node.order(verb, key=key).next()
                self.book.count(f"answers to {verb}")
            except (GoneError, OrderError) as error:
                self.book.refuse(str(error) or "Gone")
