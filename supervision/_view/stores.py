"""What routers have in their stores, as shapes: keys, prompts, the stores themselves.

Unlike everything else here this asks somebody: the store, behind what is on its way to
it.  A store that does not answer is said to, and is not waited for.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any, Final, TypedDict, TypeVar, cast

import attrs
import trio

from actors import ActorSystem
from supervision._routing.census import counts_of, routers_of
from supervision._routing.core.core import Core
from supervision._routing.core.keeping import Stored
from supervision._routing.handle import RouterRef
from supervision._routing.limits import KeyInfo, PromptInfo
from supervision._trees.errors import SupervisionError
from supervision._words.plain import outcome_text

from .errors import AmbiguousKeyError, BadQueryError, CannotError, UnknownSessionError
from .sessions import GLANCES, chosen, passivated_shape, shape_of
from .shapes import ResultShape, SessionShape, StoreShape

PAGE: Final = 1000
"""Keys that are given at most."""
T = TypeVar("T")


class KeyShape(TypedDict):
    """A key, as a router and its store have it."""

    session: SessionShape
    """Its phase is `passivated` if only the store has it."""
    memory: bool
    """The router has it in memory."""
    open: int
    """Prompts in the store that have no outcome, those that run included."""
    state: int | None
    """Bytes of its state; null: it has none."""
    token: bool
    """A token is bound."""


class KeysShape(TypedDict):
    """A page of keys, in their order."""

    keys: list[KeyShape]
    after: str | None
    """The next page is behind this key; null: there is none."""


class OutcomeShape(TypedDict):
    """A prompt, as a store has it."""

    router: str
    """Path of its router."""
    key: str
    id: str
    number: int
    """`Receipt.id`."""
    outcome: str | None
    """Name of the outcome's class; null: it has none yet."""
    text: str | None
    """Its result, error or reason, cut; null: it has none."""
    turn: int | None
    """The turn that gave it."""
    age: float
    """Since it was accepted."""
    ended: float | None
    """Since it got its outcome."""
    held: str | None
    """Why it waits: what is kept of its key cannot be read; null: it can."""


class RouterStoreShape(TypedDict):
    """The store of a router."""

    router: str
    """Its path."""
    kept: int
    """Prompts that its incarnations have left there."""
    store: StoreShape


class ReminderShape(TypedDict):
    """A reminder."""

    key: str
    name: str
    due: float
    """Seconds until it comes next; negative: it is on its way, or waits for room."""
    every: float | None
    """Seconds from one due time to the next; null: it comes once."""


class RemindersShape(TypedDict):
    """Reminders of one router, those that come first before the others."""

    router: str
    """Its path."""
    reminders: list[ReminderShape]
    more: bool
    """There are others, which come later."""


class StoresShape(TypedDict):
    """The stores of routers, in the order of their paths."""

    stores: list[RouterStoreShape]


class Stores:
    """What is in the stores of the routers of a system.

    Each method raises UnknownSessionError if there is no such router, and CannotError
    if it has no store, or if the store does not answer or refuses.

    Args:
        system: whose routers.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system

    # ------------------------------------------------------------------------- looking

    def any(self, router: str | None = None) -> bool:
        """Whether there is one; not a checkpoint."""
        routers = chosen(routers_of(self._system), router).values()
        return not all(each.keeping.store is None for each in routers)

    def list(self, router: str | None = None) -> StoresShape:
        """What each store does, or that of one router; not a checkpoint, from memory.

        Raises:
            CannotError: it has none, or no router has one.
        """
        counts = counts_of(self._system)
        found: list[RouterStoreShape] = []
        for path in self._stored(router):
            _, each = counts[path]
            if each.store is not None:
                store = cast("StoreShape", attrs.asdict(each.store))
                shape = RouterStoreShape(router=path, kept=each.kept, store=store)
                found.append(shape)
        return StoresShape(stores=found)

    async def keys(
        self,
        *,
        router: str | None = None,
        after: str = "",
        held: bool = False,
        limit: int = 100,
    ) -> KeysShape:
        """A page of the keys of one router: those in memory and those in its store.

        Args:
            router: its path; default None: the only one that has a store.
            after: those behind this key, in the order of keys.
            held: only those that are held.
            limit: how many, from 1 to 1000.

        Raises:
            CannotError: several routers have a store, and none was named.
            BadQueryError: a limit out of range.
        """
        _check(limit)
        core = self._only(router)
        with _asking(core.ref.path):
            rows = await _store_of(core).keys(after, limit, held=held)
        infos = {each.key: each for each in rows}
        names = [key async for key in _in_memory(core, held=held) if key > after]
        keys = sorted({*infos, *heapq.nsmallest(limit, names)})
        more = len(keys) > limit or len(rows) == limit
        keys = keys[:limit]
        shapes = [
            _key_shape(core, key, infos.get(key))
            for key in keys
            if key in infos or key in core.lanes  # it may have gone meanwhile
        ]
        return KeysShape(keys=shapes, after=keys[-1] if more else None)

    async def knowing(self, key: str, router: str | None) -> tuple[Core, KeyInfo]:
        """The router whose store has this key, and what it has.

        Raises:
            UnknownSessionError: no store has it.
            AmbiguousKeyError: several have it, and none was named.
        """
        found: dict[str, tuple[Core, KeyInfo]] = {}
        for path, core in self._stored(router).items():
            with _asking(path):
                info = await _store_of(core).key(key)
            if info is not None:
                found[path] = core, info
        if not found:
            msg = f"no router knows the session {key!r}, and no store has it"
            raise UnknownSessionError(msg)
        return _the_one(key, found)

    async def outcome(
        self,
        key: str,
        id: str,  # noqa: A002 - its name to users
        *,
        router: str | None = None,
    ) -> OutcomeShape:
        """A prompt by its address.

        Raises:
            UnknownSessionError: there is none, or it is no longer kept.
            AmbiguousKeyError: several routers have it, and none was named.
        """
        found: dict[str, OutcomeShape] = {}
        for path, core in self._stored(router).items():
            with _asking(path):
                info = await _store_of(core).prompt(key, id)
            if info is not None:
                found[path] = _outcome_shape(path, key, id, info)
        if not found:
            msg = f"session {key!r} has no prompt {id!r}, or it is no longer kept"
            raise UnknownSessionError(msg)
        return _the_one(key, found)

    async def reminders(
        self, *, key: str | None = None, router: str | None = None, limit: int = 100
    ) -> RemindersShape:
        """Reminders of one router, by the time when they come next.

        Args:
            key: only those of this session; default: of all.
            router: its path; default None: the only one that has a store.
            limit: how many, from 1 to 1000.

        Raises:
            CannotError: several routers have a store, and none was named.
            BadQueryError: a limit out of range.
        """
        _check(limit)
        core = self._only(router)
        with _asking(core.ref.path):
            found, more = await _store_of(core).reminders(limit, key=key)
        shapes = [cast("ReminderShape", attrs.asdict(each)) for each in found]
        return RemindersShape(router=core.ref.path, reminders=shapes, more=more)

    # --------------------------------------------------------------------------- doing

    async def release(self, key: str, *, router: str | None = None) -> ResultShape:
        """Try a held key again, as `RouterRef.release`.

        Raises:
            UnknownSessionError: no store has it.
            AmbiguousKeyError: several have it, and none was named.
            CannotError: it cannot be read yet, or was not held.
        """
        core, _ = await self.knowing(key, router)
        with _asking(core.ref.path):
            freed = await _store_of(core).release(key)
        if not freed:
            msg = f"session {key!r} is not held"
            raise CannotError(msg)
        done = f"release {key!r}: it can be read, and is held no more"
        return ResultShape(done=done, turn=None, withdrawn=[])

    async def backup(self, path: str, *, router: str | None = None) -> ResultShape:
        """Copy a store while it is used; returns when the copy is whole.

        Cancelled, or in vain: nothing is left behind.

        Args:
            path: where to, on this machine; absolute, and nothing is there.
            router: whose; default: the only one that has a store.

        Raises:
            CannotError: it cannot be copied; or several routers have a store, and none
                was named.
            BadQueryError: the path is not absolute.
        """
        where = Path(path)
        if not where.is_absolute() or "\0" in path:
            msg = f"path must be an absolute path of a file, got {path!r:.200}"
            raise BadQueryError(msg)
        core = self._only(router)
        with _asking(core.ref.path):
            size = await RouterRef[Any, Any](core.ref).backup(where)
        done = f"the store of {core.ref.path} is in {path}: {size:,} bytes"
        return ResultShape(done=done, turn=None, withdrawn=[])

    # -------------------------------------------------------------------------- inside

    def _stored(self, router: str | None) -> dict[str, Core]:
        """The routers that have a store; or the one with this path."""
        found = {
            path: core
            for path, core in chosen(routers_of(self._system), router).items()
            if core.keeping.store is not None
        }
        if not found:
            who = (
                "no router has a store" if router is None else f"{router} has no store"
            )
            msg = f"{who}: give it one with durable="
            raise CannotError(msg)
        return found

    def _only(self, router: str | None) -> Core:
        """The only router with a store; or the one with this path."""
        found = self._stored(router)
        if len(found) > 1:
            msg = f"several routers have a store: say which of {', '.join(found)}"
            raise CannotError(msg)
        (core,) = found.values()
        return core


def _check(limit: int) -> None:
    if not 1 <= limit <= PAGE:
        msg = f"limit must be a whole number from 1 to {PAGE}, got {limit!r}"
        raise BadQueryError(msg)


def _the_one(key: str, found: Mapping[str, T]) -> T:
    if len(found) > 1:
        raise AmbiguousKeyError(key, found)
    (one,) = found.values()
    return one


def _store_of(core: Core) -> Stored:
    store = core.keeping.store
    assert store is not None
    return store


@contextlib.contextmanager
def _asking(path: str) -> Generator[None]:
    """Say what a store says no to.

    Raises:
        CannotError: it does not answer, or refuses.
    """
    try:
        yield
    except SupervisionError as error:
        msg = f"{path}: {error}"
        raise CannotError(msg) from error
    except FileExistsError as error:
        msg = f"{path}: there is something at {error.filename}: {error.strerror}"
        raise CannotError(msg) from error


async def _in_memory(core: Core, *, held: bool) -> AsyncGenerator[str]:
    store = _store_of(core)
    for seen, lane in enumerate(tuple(core.lanes.values()), 1):
        if seen % GLANCES == 0:
            await trio.lowlevel.checkpoint()
        if not held or store.why_held(lane) is not None:
            yield lane.key


def _key_shape(core: Core, key: str, info: KeyInfo | None) -> KeyShape:
    lane = core.lanes.get(key)
    if lane is not None:
        session = shape_of(core, lane)
    else:
        session = passivated_shape(core, key, info)
    return KeyShape(
        session=session,
        memory=lane is not None,
        open=info.waiting if info is not None else 0,
        state=info.state if info is not None else None,
        token=info is not None and info.token,
    )


def _outcome_shape(path: str, key: str, name: str, info: PromptInfo) -> OutcomeShape:
    outcome = info.outcome
    return OutcomeShape(
        router=path,
        key=key,
        id=name,
        number=info.number,
        outcome=type(outcome).__name__ if outcome is not None else None,
        text=outcome_text(outcome) if outcome is not None else None,
        turn=info.turn,
        age=info.age,
        ended=info.ended,
        held=info.held,
    )
