"""A node's other way to the store: one question after the other, in their order.

They have a thread and a connection of their own: they wait for no batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import trio

from supervision.durable._postgres.ending import end
from supervision.durable._postgres.link import Link, RefusedByServerError
from supervision.durable._postgres.rows.message import Message, Place, settings
from supervision.durable._sealing.asking import Asked
from supervision.durable._sharing.words import (
    Heard,
    Lease,
    Post,
    Question,
    Reaction,
    Take,
    Taken,
)
from supervision.durable._threads.thread import StoreThread
from supervision.durable._words.errors import StoreAwayError, StoreRefusedError
from supervision.durable._words.rules import unwritable

from .asking import LOCK, Asking
from .listening import Listening


class PostgresSharing:
    """See `Sharing`.  Made in Trio's thread, with its threads.

    Args:
        target: makes links to the server.
        place: the tables, and the name of this node.
        asking: makes messages.
        address: where clients of this node find it.
        release: of its code.
        channel: of hints.
        asked: seals what is asked; None: there is no seal.
    """

    def __init__(
        self,
        target: Callable[[], Link],
        place: Place,
        asking: Asking,
        *,
        address: str | None,
        release: int,
        channel: str,
        asked: Asked | None,
    ) -> None:
        self.node = place.node
        self.address = address
        self.release = release
        self.partitions = place.partitions
        self.hears = False
        self.hinted: Callable[[], None] | None = None
        self._place = place
        self._asking = asking
        self._asked = asked
        self._closed = False
        self._token = trio.lowlevel.current_trio_token()
        self._link = target()
        self._thread = StoreThread(f"the questions of {place.node}")
        self.listening = Listening(
            target(),
            channel=channel,
            node=place.node,
            send=self._send,
            heard=lambda: self._soon(self._hint),
            hears=lambda hears: self._soon(self._hear, hears),
        )
        self.listening.begin()

    def ask(self, question: Question, heard: Heard) -> None:
        """See `Sharing.ask`.

        Told instead of a reaction:

            StoreAwayError      not now; perhaps it was done
            StoreRefusedError   it cannot be: a text that PostgreSQL does not take
            StoreError          the store is of no use any more

        Raises:
            RuntimeError: the store is closed.
        """
        if self._closed:
            msg = "the store is closed"
            raise RuntimeError(msg)

        def told(reaction: Reaction | None, error: Exception | None) -> None:
            if not self._closed:
                heard(reaction if reaction is not None else error)

        self._thread.do(lambda: self._ask(question), told)

    async def close(self) -> None:
        """Nothing is told any more; both threads end, now or when the server lets them.

        Once; a checkpoint.
        """
        self._closed = True
        self.listening.end()
        await end(self._thread, self._link)

    def _ask(self, question: Question) -> Reaction:
        """Ask; in the thread."""
        asked = self._asked
        if asked is not None:
            question = asked.sealed(question)
        if isinstance(question, Post):
            key, verb = question.key, question.verb
            why = unwritable(key, verb)
            if why is None and "\0" in key + verb:
                why = f"{key!r:.100} has a zero: PostgreSQL takes no such text"
            if why is not None:
                raise StoreRefusedError(key, why)
        message, heard = self._asking.asked(question)
        self._carry(message)
        reaction = heard()
        if isinstance(question, Take) and isinstance(reaction, Taken):
            reaction = self._take_rest(question, reaction)
        return reaction if asked is None else asked.opened(reaction)

    def _carry(self, message: Message) -> None:
        try:
            message.heard(self._link.carry(message.written()))
        except RefusedByServerError as error:
            raise StoreRefusedError("", str(error)) from None

    def _take_rest(self, take: Take, taken: Taken) -> Taken:
        """Take those whose rows were locked: wait a while for their batches to end."""
        there = [*taken.leases]
        for wait in (True, False):
            got = {each.partition for each in there}
            rest = tuple(each for each in take.leases if each.partition not in got)
            if not rest:
                break
            with contextlib.suppress(StoreAwayError):
                there += self._take(rest, wait=wait).leases
                break
        return Taken(tuple(sorted(there, key=lambda each: each.partition)))

    def _take(self, rest: tuple[Lease, ...], *, wait: bool) -> Taken:
        message = Message(self._place)
        message.say(settings(lock=LOCK))
        heard = self._asking.take(message, rest, wait=wait)
        self._carry(message)
        return heard()

    # ------------------------------------------------------------------------- hints

    def _send(self, word: str) -> None:
        """Send a word; from any thread."""
        message = Message(self._place)
        self._asking.notify(message, (word,))

        def go() -> None:
            with contextlib.suppress(Exception):
                self._link.carry(message.written())

        self._thread.do_unheard(go)

    def _soon(self, call: Callable[..., None], *values: Any) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(call, *values, idempotent=not values)

    def _hear(self, hears: bool) -> None:  # noqa: FBT001 - as it is told
        self.hears = hears
        self._hint()

    def _hint(self) -> None:
        if not self._closed and self.hinted is not None:
            self.hinted()
