"""A node's way to a store in memory that it shares: questions, one after the other.

They are answered from a task of Trio's, as batches are, and wait for none of these.
What is asked is carried out on tables that are not its own (`cluster`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import trio

from supervision.durable._sealing.asking import Asked
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import (
    Heard,
    Hint,
    Lease,
    NodeRow,
    Question,
    Reaction,
)
from supervision.durable._words.errors import StoreAwayError, StoreRefusedError

from .cluster import Cluster
from .faults import Faults

_CLAIMS: Final = 2**22  # openings have lower numbers


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class Hub:
    """The server: what nodes share, and which of them are there.

    Args:
        partitions: how many there are.
        policy: how nodes live together.
        clock: the server's.
    """

    def __init__(self, partitions: int, policy: SharingPolicy, clock: Clock) -> None:
        self.cluster = Cluster(partitions)
        self.policy = policy
        self.clock = clock
        self.is_down = False
        """It answers nobody."""
        self.there: list[MemorySharing] = []
        """Openings that have neither been closed nor killed."""
        self._openings = 0
        self._claims = 0

    def claims(self) -> int:
        """Give a number that no opening has, and no other claim."""
        self._claims += 1
        return _CLAIMS + self._claims

    def opens(self) -> int:
        """Give the number of an opening."""
        self._openings += 1
        return self._openings

    def hint(self, hint: Hint) -> None:
        """Pass a hint on."""
        for each in self.there:
            if each.node in hint.nodes:
                each.is_hinted()


class Way:
    """What one node is to the server.

    Args:
        hub: the server.
        name: the node's.
        address: where its clients find it.
        release: of its code.
        clock: of its machine.
    """

    def __init__(
        self, hub: Hub, name: str, address: str | None, release: int, clock: Clock
    ) -> None:
        self.hub = hub
        self.name = name
        self.address = address
        self.release = release
        self.clock = clock
        self.is_cut = False
        """It does not reach the server."""
        self.is_deaf = False
        """No hints come to it."""
        self.knows_it = False
        """And it knows that none do."""

    def unreached(self) -> str | None:
        """Say why nothing comes to the server; None: it does."""
        if self.hub.is_down:
            return "the server is down"
        return f"node {self.name} is cut off" if self.is_cut else None

    def holds(self, lease: Lease) -> bool:
        """Whether the node has this lease."""
        return self.hub.cluster.holds(self.name, lease)

    def listen(self) -> None:
        """Whether hints come has changed."""
        for each in self.hub.there:
            if each.way is self:
                each.listens()


class MemorySharing:
    """See `Sharing`.

    Args:
        way: of which node.
        opened: which opening of the store it is.
        faults: how it is to fail.
        asked: seals what is asked; None: there is no seal.
    """

    def __init__(
        self, way: Way, opened: int, faults: Faults, asked: Asked | None
    ) -> None:
        self.way = way
        self.node = way.name
        self.address = way.address
        self.release = way.release
        self.partitions = len(way.hub.cluster.partitions)
        self.hears = not way.knows_it
        self.hinted: Callable[[], None] | None = None
        self._me = NodeRow(
            way.name, way.address, way.release, opened, beat=0, leaving=False
        )
        self._faults = faults
        self._asked = asked
        self._line: deque[tuple[Question, Heard]] = deque()
        self._scope: trio.CancelScope | None = None  # of the task that answers
        self._is_closed = False
        self._is_dead = False
        way.hub.there.append(self)

    def ask(self, question: Question, heard: Heard) -> None:
        """Ask; see `Sharing`.  Raises RuntimeError: it is closed."""
        if self._is_dead:
            return  # so is who asks
        if self._is_closed:
            msg = "it is closed"
            raise RuntimeError(msg)
        self._line.append((question, heard))
        if self._scope is None:
            self._scope = trio.CancelScope()
            trio.lowlevel.spawn_system_task(
                self._answer, self._scope, name="questions to a memory store"
            )

    def close(self) -> None:
        """Nothing is told any more.  Idempotent."""
        if not self._is_closed:
            self._is_closed = True
            self.way.hub.there.remove(self)
            if self._scope is not None:
                self._scope.cancel()

    def kill(self) -> None:
        """Its process is gone."""
        self._is_dead = True
        self.close()

    def is_hinted(self) -> None:
        """A hint has come to the server for this node."""
        if not self.way.is_deaf and self.way.unreached() is None:
            trio.lowlevel.current_trio_token().run_sync_soon(self._tell_hint)

    def listens(self) -> None:
        """Whether hints come may have changed: look, and say so."""
        hears = not self.way.knows_it
        if hears != self.hears:
            self.hears = hears
            trio.lowlevel.current_trio_token().run_sync_soon(self._tell_hint)

    def _tell_hint(self) -> None:
        if self.hinted is not None and not self._is_closed:
            self.hinted()

    async def _answer(self, scope: trio.CancelScope) -> None:
        """Answer what is in line; after each step it may be closed, or dead."""
        faults = self._faults
        with scope:
            while self._line:
                question, heard = self._line[0]
                await faults.pause_question()
                faults.at("before question", (question,))
                if self._is_closed:
                    return
                reaction = self._react(question)
                faults.at("after question", (question,))
                await trio.lowlevel.checkpoint()  # not beyond it, if it was closed
                if not isinstance(reaction, Exception):
                    reaction = self._lost() or reaction
                self._line.popleft()
                heard(reaction)
                faults.at("after heard", (question,))
                if self._is_closed:
                    return
            self._scope = None

    def _lost(self) -> StoreAwayError | None:
        """Say why an answer gets lost on its way; None: it does not."""
        why = self.way.unreached()
        if why is None and self._faults.is_unheard():
            why = "its answer was told to be lost"
        return StoreAwayError(why) if why is not None else None

    def _react(self, question: Question) -> Reaction | Exception:
        why = self.way.unreached()
        if why is not None:
            return StoreAwayError(why)
        hub, asked = self.way.hub, self._asked
        if isinstance(question, Hint):
            hub.hint(question)
        try:
            sealed = asked.sealed(question) if asked is not None else question
        except StoreRefusedError as error:
            return error
        reaction = hub.cluster.react(self._me, sealed, hub.clock.now())
        return asked.opened(reaction) if asked is not None else reaction
