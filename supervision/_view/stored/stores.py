"""What routers have in their stores, as shapes: keys, prompts, the stores themselves.

Unlike everything else here this asks somebody: the store, behind what is on its way to
it.  A store that does not answer is said to, and is not waited for.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import attrs
import trio

from actors import ActorSystem
from supervision._routing.census import counts_of, routers_of
from supervision._routing.core.core import Core
from supervision._routing.core.keeping import Stored
from supervision._routing.handle import RouterRef
from supervision._routing.reports import KeyInfo, Remembered
from supervision._view.errors import (
    AmbiguousKeyError,
    BadQueryError,
    CannotError,
    UnknownSessionError,
)
from supervision._view.sessions import GLANCES, chosen
from supervision._view.shapes import ResultShape, StoreShape

from .contents import remembered_shape
from .found import key_shape, outcome_shape
from .nodes import WITHIN, asking
from .shapes import (
    KeysShape,
    OutcomeShape,
    RememberedShape,
    ReminderShape,
    RemindersShape,
    RouterStoreShape,
    StoresShape,
)

PAGE: Final = 1000
"""Keys that are given at most."""
T = TypeVar("T")


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
        prefix: str = "",
        after: str = "",
        held: bool = False,
        limit: int = 100,
    ) -> KeysShape:
        """A page of the keys of one router: those in memory and those in its store.

        Args:
            router: its path; default None: the only one that has a store.
            prefix: those that begin with it.
            after: those behind this key, in the order of keys.
            held: only those that are held.
            limit: how many, from 1 to 1000.

        Raises:
            CannotError: several routers have a store, and none was named.
            BadQueryError: a limit out of range.
        """
        _check(limit)
        core = self._only(router)
        store, behind = _store_of(core), max(after, prefix)
        rows: list[KeyInfo] = []
        with asking(core.ref.path):
            if after < prefix:
                own = await store.key(prefix)
                if own is not None and (own.held is not None or not held):
                    rows.append(own)
            rows += await store.keys(behind, limit, held=held)
        infos = {each.key: each for each in rows if each.key.startswith(prefix)}
        names = [
            key
            async for key in _in_memory(core, held=held)
            if key > after and key.startswith(prefix)
        ]
        keys = sorted({*infos, *heapq.nsmallest(limit, names)})
        full = len(rows) >= limit and rows[-1].key in infos
        more = len(keys) > limit or full
        keys = keys[:limit]
        shapes = [
            key_shape(core, key, infos.get(key))
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
            with asking(path):
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
            with asking(path):
                info = await _store_of(core).prompt(key, id)
            if info is not None:
                found[path] = outcome_shape(path, key, id, info)
        if not found:
            msg = f"session {key!r} has no prompt {id!r}, or it is no longer kept"
            raise UnknownSessionError(msg)
        return _the_one(key, found)

    async def read(
        self,
        key: str,
        *,
        newest: int = 20,
        before: int | None = None,
        router: str | None = None,
    ) -> RememberedShape:
        """What is remembered of a conversation, as `RouterRef.read`.

        Args:
            key: whose; live without a store, too.
            newest: so many entries, from 0 to 1000.
            before: only those in front of this number.
            router: its path; default: the only one that knows the key.

        Raises:
            UnknownSessionError: nobody knows it.
            AmbiguousKeyError: several do, and none was named.
            BadQueryError: a number out of range, or an empty key.
        """
        if not key:
            msg = "key must not be empty"
            raise BadQueryError(msg)
        _check(newest, "newest", least=0)
        if before is not None and before < 0:
            msg = f"before must be a whole number from 0 on, got {before!r}"
            raise BadQueryError(msg)
        found: dict[str, Remembered] = {}
        for path, core in chosen(routers_of(self._system), router).items():
            with asking(path):
                ref = RouterRef[Any, Any](core.ref)
                told = await ref.read(key, newest=newest, before=before)
            if told is not None:
                found[path] = told
        if not found:
            msg = f"no router knows the session {key!r}, and no store has it"
            raise UnknownSessionError(msg)
        told = _the_one(key, found)
        (path,) = found
        return await remembered_shape(path, told)

    async def reminders(
        self, *, key: str | None = None, router: str | None = None, limit: int = 100
    ) -> RemindersShape:
        """Reminders of one router, by the time when they come next.

        Args:
            key: only those of this session; default: of all.
            router: its path; default None: the only one that has a store.
            limit: how many, from 1 to 1000.

        Raises:
            UnknownSessionError: nobody knows this session.
            CannotError: several routers have a store, and none was named.
            BadQueryError: a limit out of range, or an empty key.
        """
        _check(limit)
        if key == "":
            msg = "key must not be empty"
            raise BadQueryError(msg)
        core = self._only(router)
        store = _store_of(core)
        with asking(core.ref.path):
            found, more = await store.reminders(limit, key=key)
            known = found or key is None or await store.key(key) is not None
        if not known and key not in core.lanes:
            msg = f"{core.ref.path} does not know the session {key!r}, nor its store"
            raise UnknownSessionError(msg)
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
        with asking(core.ref.path):
            freed = await _store_of(core).release(key)
        if not freed:
            msg = f"session {key!r} is not held"
            raise CannotError(msg)
        done = f"release {key!r}: it can be read, and is held no more"
        return ResultShape(done=done, turn=None, withdrawn=[], node=None)

    async def passivate(self, key: str, *, router: str | None = None) -> ResultShape:
        """Put a key away, as `RouterRef.passivate`, wherever its owner is.

        Raises:
            UnknownSessionError: no router with a store knows it.
            AmbiguousKeyError: several do, and none was named.
            CannotError: it has something to do; or it takes long, and goes on.
        """
        here = {
            path: core
            for path, core in self._stored(router).items()
            if key in core.lanes
        }
        core = _the_one(key, here) if here else (await self.knowing(key, router))[0]
        with asking(core.ref.path), trio.move_on_after(WITHIN):
            done = await RouterRef[Any, Any](core.ref).anywhere.passivate(key)
            if done.busy is not None:
                msg = f"session {key!r} is left as it is: {done.busy}"
                raise CannotError(msg)
            where = f" on node {done.node}" if done.node is not None else ""
            text = f"passivate {key!r}{where}: it has no session, and is not forgotten"
            return ResultShape(done=text, turn=None, withdrawn=[], node=done.node)
        msg = f"passivate {key!r}: not over within {WITHIN:g} s; it goes on"
        raise CannotError(msg)

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
        with asking(core.ref.path):
            size = await RouterRef[Any, Any](core.ref).backup(where)
        done = f"the store of {core.ref.path} is in {path}: {size:,} bytes"
        return ResultShape(done=done, turn=None, withdrawn=[], node=None)

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


def _check(limit: int, what: str = "limit", *, least: int = 1) -> None:
    if not least <= limit <= PAGE:
        msg = f"{what} must be a whole number from {least} to {PAGE}, got {limit!r}"
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


async def _in_memory(core: Core, *, held: bool) -> AsyncGenerator[str]:
    store = _store_of(core)
    for seen, lane in enumerate(tuple(core.lanes.values()), 1):
        if seen % GLANCES == 0:
            await trio.lowlevel.checkpoint()
        if not held or store.why_held(lane) is not None:
            yield lane.key
