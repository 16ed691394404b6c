"""`MemoryStore`: what it keeps outlives the processes that a test simulates.

It holds the tables, the script of faults, and at most one opening; each is a part with
a file of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import trio

from supervision.durable._keeping.ground.wall import Wall
from supervision.durable._keeping.making import make_keeping
from supervision.durable._sealing.asking import Asked
from supervision.durable._sealing.sealing import limits_behind, sealing_of
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import Back, Sent
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.errors import (
    StoreAwayError,
    StoreError,
    StoreInUseError,
)
from supervision.durable._words.histories import HistoryRow
from supervision.durable._words.policy import StorePolicy, policy_of
from supervision.durable._words.records import Record, SessionRow
from supervision.durable._words.reminders import ReminderRow

from .faults import Faults, Hook
from .opening import WHERE, MemoryOpening
from .prompts import StoredPrompt
from .questions import Clock, MemorySharing, Way
from .tables import Tables


class MemoryStore:
    """A store in memory, for tests: it can be made to fail, and its process to die.

    It outlives the routers that open it, one after the other, as a file would.  A test
    says how it is to fail; nothing happens by chance, and all waiting is on Trio's
    clock.  Everything is called in Trio's thread.

    Args:
        types: attrs classes, dataclasses and enums that are known by name in values
            whose type is not declared: by `Session[P, C, S]`, say.
        state: the type of states, in place of what the session class says.
        upcasters: `{n: fn}`: builtin values of a state of version n to those of n + 1;
            the class says which it has (`state_version`).
        entry_upcasters: the same for entries of `Turn.history` (`entry_version`).
        seal: an object with `seal(data, context)` and `open(data, context)`, both to
            bytes, for all bodies; keys, ids and times are not sealed.
        policy: how much and how long.

    Raises:
        TypeError: an argument that is not what it should be.

    Example:
        >>> store = MemoryStore()
        >>> def die(point, batch):
        ...     if point == "after carry":  # durable, and nobody has been told
        ...         store.kill()
        >>> store.at_point(die)
    """

    def __init__(
        self,
        *,
        types: Sequence[type] = (),
        state: Any = None,
        upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        entry_upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        seal: Any = None,
        policy: StorePolicy | None = None,
    ) -> None:
        self.policy = policy_of(policy)
        """How much and how long."""
        self.encoding = Encoding(types, state, upcasters, entry_upcasters, seal)
        """How values become bytes."""
        self.batches = 0
        """How many batches have been carried out."""
        self.records = 0
        """How many records have been, those that were refused not counted out."""
        self.opened = 0
        """The latest opening; 0: there was none."""
        self.clock: Clock = Wall(virtual=True)
        self.sharing: SharingPolicy | None = None
        """How nodes live together; None: it is one router's alone."""
        self._way: Way | None = None  # to the server, of a node
        self._tables = Tables()
        self._faults = Faults(self.policy)
        self._claim: MemoryClaim | None = None

    def __repr__(self) -> str:
        whose = f" of node {self._way.name}" if self._way is not None else ""
        return f"<MemoryStore{whose} at {id(self):#x}, opening {self.opened}>"

    def bind(self, way: Way) -> None:
        """Make it a node's; `MemoryServer.node` does."""
        self._way = way
        self._tables = way.hub.cluster.tables
        self._faults.unreached = way.unreached
        self.clock = way.clock
        self.sharing = way.hub.policy

    # ------------------------------------------------------------ what a router does

    # Any: what a router has of it
    def keep(self, make: type[Any], crash: Callable[[Exception], None]) -> Any:
        """See `Durable`; a router calls it."""
        return make_keeping(self, make, crash)

    def claim(self) -> MemoryClaim:
        """Make it this router's.

        Raises:
            StoreInUseError: it is another's.
        """
        if self._claim is not None:
            raise StoreInUseError(WHERE, os.getpid())
        way = self._way
        number = self.opened + 1 if way is None else way.hub.claims()
        self._claim = MemoryClaim(self, number)
        return self._claim

    # ---------------------------------------------------------------- what goes wrong

    @property
    def latency(self) -> float:
        """Seconds on Trio's clock that each batch takes before it is carried out."""
        return self._faults.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._faults.latency = seconds

    def stand_still(self, *, questions: bool = False) -> None:
        """From now on batches wait, and nothing is carried out, until `go_on`.

        Args:
            questions: so do the questions of this node, its beats among them: the
                others hear as little of it as if its process were stopped.
        """
        self._faults.stand_still(questions=questions)

    def go_on(self) -> None:
        """Take back `stand_still`: what waits is carried out."""
        self._faults.go_on()

    def away(self, times: int = 1) -> None:
        """So many batches are not carried out: `StoreAwayError` instead of answers."""
        self._faults.away(times)

    def lose_answers(self, times: int = 1) -> None:
        """So many batches are carried out, and `StoreAwayError` is all that is told.

        Batches that `away` takes are not counted.
        """
        self._faults.lose_answers(times)

    @property
    def question_latency(self) -> float:
        """The same as `latency` of each question of a node, before it is answered."""
        return self._faults.question_latency

    @question_latency.setter
    def question_latency(self, seconds: float) -> None:
        self._faults.question_latency = seconds

    def lose_reactions(self, times: int = 1) -> None:
        """So many questions are carried out, and `StoreAwayError` is all that is told.

        Beats and what else a node asks beside its batches.
        """
        self._faults.lose_reactions(times)

    def cut_off(self) -> None:
        """This node does not reach the server, until `join_again`.

        Its batches and questions come to nothing, or are carried out without an answer
        if they are there already; the other nodes see nothing of it.

        Raises:
            RuntimeError: it is no node of a `MemoryServer`.
        """
        self._need_way().is_cut = True

    def join_again(self) -> None:
        """Take back `cut_off`.  Raises RuntimeError: as there."""
        self._need_way().is_cut = False

    def hold_hints(self, *, silently: bool = False) -> None:
        """No hint comes to this node, until `pass_hints`; those held are lost.

        Args:
            silently: and it does not know: as a connection that is dead and open.

        Raises:
            RuntimeError: it is no node of a `MemoryServer`.
        """
        way = self._need_way()
        way.is_deaf, way.knows_it = True, not silently
        way.listen()

    def pass_hints(self) -> None:
        """Take back `hold_hints`.  Raises RuntimeError: as there."""
        way = self._need_way()
        way.is_deaf = way.knows_it = False
        way.listen()

    def refuse(self, predicate: Callable[[Record], bool] | None) -> None:
        """Records of which this is true are answered `Refused`; None: none are."""
        self._faults.refuses = predicate

    def at_point(self, hook: Hook | None) -> None:
        """Call `hook(point, batch)` at each point of every batch; None: do not.

        The points are "before carry", "after carry", "before told" and "after told". A
        batch that fails has only those that it comes to.  The hook may `kill`.  Of each
        question of a node: "before question", "after question", "after heard".
        """
        self._faults.hook = hook

    def kill(self) -> None:
        """The process that has the store is gone, as by `kill -9`; none has it then.

        Nothing more of it is carried out, and nothing is told to it: what its router
        sends later goes nowhere.  Whoever claims the store next finds what had been
        carried out.  The tasks of that router are the test's to cancel.
        """
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.kill()

    # --------------------------------------------------------------- what a test sees

    def prompts(self) -> tuple[StoredPrompt, ...]:
        """List all prompts that it has, by number."""
        return self._tables.stored()

    def session(self, key: str) -> SessionRow | None:
        """Give what is kept of a key; None: nothing."""
        return self._tables.sessions().get(key)

    def sessions(self) -> dict[str, SessionRow]:
        """Give `{key: what is kept of it}`."""
        return self._tables.sessions()

    def history(self, key: str) -> tuple[HistoryRow, ...]:
        """Give the entries of a key's history, by number."""
        return self._tables.histories.of(key)

    def journal(self, number: int) -> tuple[tuple[int, bytes], ...]:
        """Give the blocks of a prompt's journal: (number of its last chunk, body)."""
        return self._tables.journals.of(number)

    def reminders(self) -> tuple[ReminderRow, ...]:
        """List all reminders, by (due, key, name)."""
        return self._tables.reminders.all()

    @property
    def time(self) -> datetime:
        """Say what time it is for reminders: it goes as Trio's clock does.

        Of a node: the server's.
        """
        clock = self.clock if self._way is None else self._way.hub.clock
        return datetime.fromtimestamp(clock.now(), UTC)

    # ------------------------------------------------------------------ what parts do

    def _open(self, claim: MemoryClaim) -> MemoryOpening:
        way = self._way
        self.opened = claim.number if way is None else way.hub.opens()
        sealing = sealing_of(self.encoding, self.policy)
        self._faults.policy = limits_behind(sealing, self.policy)
        carry = self._carry

        def seals(batch: Sequence[Sent]) -> list[Back]:
            return sealing.carry(batch, carry) if sealing is not None else carry(batch)

        sharing = None
        if way is not None:
            asked = Asked(sealing) if sealing is not None else None
            sharing = MemorySharing(way, self.opened, self._faults, asked)
        return MemoryOpening(
            self.opened, seals, self._faults, lambda: self._leave(claim), sharing
        )

    def _need_way(self) -> Way:
        if self._way is None:
            msg = "this store is shared with nobody: it is no node of a MemoryServer"
            raise RuntimeError(msg)
        return self._way

    def _unreached(self) -> str | None:
        return self._faults.unreached()

    def _leave(self, claim: MemoryClaim) -> None:
        if self._claim is claim:
            self._claim = None

    def _carry(self, batch: Sequence[Sent]) -> list[Back]:
        way = self._way
        if way is None:
            answers = self._tables.apply(batch, self._faults.refused)
        else:
            answers = self._tables.apply(batch, self._faults.refused, way.holds)
        self.batches += 1
        self.records += len(batch)
        return answers


class MemoryClaim:
    """A store in memory that is one router's; `MemoryStore.claim` makes it."""

    def __init__(self, store: MemoryStore, number: int) -> None:
        self.path = WHERE
        self.number = number
        """Which opening it will be."""
        self._store = store
        self._opening: MemoryOpening | None = None
        self._void = False

    async def open(self) -> MemoryOpening:
        """Open it; a checkpoint.

        Raises:
            StoreError: its process was killed, or it was released; of a node: it does
                not reach the server.
            RuntimeError: it is open.
        """
        if self._opening is not None:
            msg = "this claim has been opened"
            raise RuntimeError(msg)
        await trio.lowlevel.checkpoint()
        if self._void:
            msg = "the store is not claimed any more"
            raise StoreError(msg)
        if (why := self._store._unreached()) is not None:
            raise StoreAwayError(why)
        self._opening = self._store._open(self)
        return self._opening

    def release(self) -> None:
        """Let go of it without opening it.  Idempotent."""
        if self._opening is None:
            self._void = True
            self._store._leave(self)

    def kill(self) -> None:
        """Its process is gone."""
        self._void = True
        if self._opening is not None:
            self._opening.kill()
