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
from supervision.durable._sealing.sealing import limits_behind, sealing_of
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.errors import StoreError, StoreInUseError
from supervision.durable._words.histories import HistoryRow
from supervision.durable._words.policy import StorePolicy, policy_of
from supervision.durable._words.records import (
    Answer,
    Record,
    SessionRow,
)
from supervision.durable._words.reminders import ReminderRow

from .faults import Faults, Hook
from .opening import WHERE, MemoryOpening
from .prompts import StoredPrompt
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
        self.clock = Wall(virtual=True)
        self.sharing = None
        self._tables = Tables()
        self._faults = Faults(self.policy)
        self._claim: MemoryClaim | None = None

    def __repr__(self) -> str:
        return f"<MemoryStore at {id(self):#x}, opening {self.opened}>"

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
        self._claim = MemoryClaim(self, self.opened + 1)
        return self._claim

    # ---------------------------------------------------------------- what goes wrong

    @property
    def latency(self) -> float:
        """Seconds on Trio's clock that each batch takes before it is carried out."""
        return self._faults.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._faults.latency = seconds

    def stand_still(self) -> None:
        """From now on batches wait, and nothing is carried out, until `go_on`."""
        self._faults.stand_still()

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

    def refuse(self, predicate: Callable[[Record], bool] | None) -> None:
        """Records of which this is true are answered `Refused`; None: none are."""
        self._faults.refuses = predicate

    def at_point(self, hook: Hook | None) -> None:
        """Call `hook(point, batch)` at each point of every batch; None: do not.

        The points are "before carry", "after carry", "before told" and "after told". A
        batch that fails has only those that it comes to.  The hook may `kill`.
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
        return self._tables.prompts()

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
        """Say what time it is for reminders: it goes as Trio's clock does."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    # ------------------------------------------------------------------ what parts do

    def _open(self, claim: MemoryClaim) -> MemoryOpening:
        self.opened = claim.number
        sealing = sealing_of(self.encoding, self.policy)
        self._faults.policy = limits_behind(sealing, self.policy)
        carry = self._carry

        def seals(batch: Sequence[Record]) -> list[Answer]:
            return sealing.carry(batch, carry) if sealing is not None else carry(batch)

        return MemoryOpening(
            claim.number, seals, self._faults, lambda: self._leave(claim)
        )

    def _leave(self, claim: MemoryClaim) -> None:
        if self._claim is claim:
            self._claim = None

    def _carry(self, batch: Sequence[Record]) -> list[Answer]:
        answers = self._tables.apply(batch, self._faults.refused)
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
            StoreError: its process was killed, or it was released.
            RuntimeError: it is open.
        """
        if self._opening is not None:
            msg = "this claim has been opened"
            raise RuntimeError(msg)
        await trio.lowlevel.checkpoint()
        if self._void:
            msg = "the store is not claimed any more"
            raise StoreError(msg)
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
