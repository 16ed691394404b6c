"""`Looking`: all that a person or a program may see of a running service.

Plain data in the shapes of this room, so that any transport can carry it; the control
socket is one.  Nothing here is kept up to date while nobody asks: each answer is made
from the actors and routers themselves when it is wanted, and looking asks none of
them.  What takes longer makes checkpoints.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any, Final, cast

import attrs
import trio

import actors
from actors import (
    ActorSystem,
    Event,
    Subscription,
)
from actors.hosting import root_of
from supervision._metrics.registry import REGISTRY, Registry
from supervision._routing.census import counts_of, routers_of
from supervision._routing.core.core import Core

from .actors import Survey, detail_of, find
from .errors import (
    BadQueryError,
    CannotError,
    UnknownPathError,
    UnknownSessionError,
)
from .limits import AllLimitsShape, limits_shape
from .process import process_shape
from .sessions import (
    chosen,
    find_session,
    list_sessions,
    passivated_shape,
    router_shape,
    shape_of,
    suspended_shape,
)
from .shapes import (
    ActorDetailShape,
    ActorShape,
    ServiceShape,
    SessionShape,
    SessionsShape,
    StackShape,
    StatisticsShape,
    SystemShape,
    TopShape,
)
from .stacks import actor_stack, session_stack
from .stored.nodes import Nodes
from .stored.stores import Stores

MOST: Final = 10_000
"""Rows that are given at most."""

_VERBS: Final = ("cancel", "cancel_all", "reset", "close")


@functools.cache
def version() -> str:
    """The version of this library; looked up once, for that reads files."""
    return metadata.version("trio-actors")


class Looking:
    """A look at one system; made by the service, as `Service.view`.

    Args:
        system: what is looked at.
        name: what the service is called.
        facts: gives the service's own state; default: one that is always ready.
        stop: called by `stop_service`; default: it cannot be stopped from here.
        registries: of metrics that are shown beside its own.
    """

    def __init__(
        self,
        system: ActorSystem,
        *,
        name: str = "service",
        facts: Callable[[], ServiceShape] | None = None,
        stop: Callable[[str, float | None], None] | None = None,
        registries: Sequence[Registry] = (REGISTRY,),
    ) -> None:
        self._system = system
        self._name = name
        self._facts = facts
        self._stop = stop
        self._registries = registries
        self._begun = trio.current_time()
        self.stores = Stores(system)
        """What is in the stores of routers, and what may be done with them."""
        self.nodes = Nodes(system)
        """The nodes that share these stores, and what may be had done by them."""

    # ------------------------------------------------------------------ looking at it

    def service(self) -> ServiceShape:
        """The process; not a checkpoint."""
        if self._facts is not None:
            return self._facts()
        return ServiceShape(
            name=self._name,
            pid=os.getpid(),
            state="ready",
            why=None,
            uptime=trio.current_time() - self._begun,
            budget=0.0,
            left=None,
            socket=None,
            python=platform.python_version(),
            version=version(),
        )

    def statistics(self) -> StatisticsShape:
        """All that is counted; not a checkpoint, and its cost is a few dicts."""
        counted = attrs.asdict(self._system.statistics(), recurse=False)
        counted["dead_letters"] = {
            reason.name.lower(): number
            for reason, number in counted["dead_letters"].items()
        }
        return StatisticsShape(
            service=self.service(),
            process=process_shape(),
            system=cast("SystemShape", counted),
            routers=[
                router_shape(path, statistics, alive=alive)
                for path, (alive, statistics) in counts_of(self._system).items()
            ],
        )

    def series(self) -> str:
        """The text of the registries, for who scrapes them; not a checkpoint."""
        return "".join(each.text() for each in self._registries)

    async def tree(
        self, path: str = "/", *, depth: int | None = None, width: int = 20
    ) -> ActorShape:
        """The tree from this actor on.

        Args:
            path: of the actor on top.
            depth: levels below it; default None: all.
            width: how many are shown below each, the worst.  At most 10,000 are shown
                in all.

        Raises:
            UnknownPathError, BadQueryError.
        """
        _whole("width", width)
        if depth is not None:
            _whole("depth", depth)
        survey = Survey(
            depth=depth if depth is not None else MOST, width=width, total=MOST
        )
        return await survey.look(await self._find(path))

    async def actor(self, path: str) -> ActorDetailShape:
        """All about one actor.

        Raises:
            UnknownPathError: there is none.
        """
        cell = await self._find(path)
        shape = await Survey(depth=1, width=100).look(cell)
        return detail_of(cell, shape)

    async def sessions(
        self,
        *,
        router: str | None = None,
        phase: str | None = None,
        match: str | None = None,
        order: str = "worst",
        limit: int = 100,
    ) -> SessionsShape:
        """List sessions.

        Args:
            router: path of one router; default None: of all.
            phase: only those in this phase, as `SessionInfo.phase`; `suspended`: the
                keys that have no session and would be resumed, which are in no other
                list.
            match: only those whose key has this in it.
            order: worst, key, age, idle or queued; the largest first, keys in their
                order.
            limit: how many are shown, at most 10,000.

        Raises:
            UnknownSessionError: no such router.
            BadQueryError: an unknown order or phase, or a limit out of range.
        """
        _whole("limit", limit)
        routers = chosen(routers_of(self._system), router)
        return await list_sessions(
            routers, phase=phase, match=match, order=order, limit=limit
        )

    def session(self, key: str, *, router: str | None = None) -> SessionShape:
        """Look at one session; not a checkpoint.

        Raises:
            UnknownSessionError, AmbiguousKeyError.
        """
        core, lane = self._session(key, router)
        return suspended_shape(core, key) if lane is None else shape_of(core, lane)

    async def any_session(self, key: str, *, router: str | None = None) -> SessionShape:
        """Look at one session, also at another node's, or one that only a store knows.

        The owner of a key is asked; what the store has is told if it has no session of
        it, or does not answer within seconds.

        Raises:
            UnknownSessionError, AmbiguousKeyError.
            CannotError: a store does not answer.
        """
        await trio.lowlevel.checkpoint()
        try:
            return self.session(key, router=router)
        except UnknownSessionError:
            if not self.stores.any(router):
                raise
        core, info = await self.stores.knowing(key, router)
        there = await self.nodes.session(core, key)
        return there if there is not None else passivated_shape(core, key, info)

    async def any_session_stack(
        self, key: str, *, router: str | None = None
    ) -> StackShape:
        """As `session_stack`; of a key of another node it is said whose it is.

        Raises:
            UnknownSessionError, AmbiguousKeyError: as there.
            OtherNodeError: only its owner can say that.
        """
        await trio.lowlevel.checkpoint()
        try:
            return self.session_stack(key, router=router)
        except UnknownSessionError as unknown:
            if not self.nodes.any(router):
                raise
            try:
                core, _ = await self.stores.knowing(key, router)
            except CannotError:  # it does not answer
                raise unknown from None
        self.nodes.check_here(core, key, "a stack")
        msg = f"session {key!r} stands nowhere: only the store has it"
        raise UnknownSessionError(msg)

    def session_stack(self, key: str, *, router: str | None = None) -> StackShape:
        """Where a session stands: its turns, their tasks, what waits; no checkpoint.

        Nothing of it is asked or run: a value is shown by what Python itself knows of
        it.  Bounded in frames, tasks, turns and prompts.

        Raises:
            UnknownSessionError, AmbiguousKeyError.
        """
        core, lane = self._session(key, router)
        return session_stack(core, lane, self.session(key, router=core.ref.path))

    async def actor_stack(self, path: str) -> StackShape:
        """Where an actor stands: the hook that it waits in, and its tasks.

        Raises:
            UnknownPathError: there is none.
        """
        return actor_stack(await self._find(path))

    def limits(self, router: str | None = None) -> AllLimitsShape:
        """The limits of one router, or of all; not a checkpoint.

        Raises:
            UnknownSessionError: no such router.
        """
        routers = chosen(routers_of(self._system), router)
        shapes = [limits_shape(path, each.limits) for path, each in routers.items()]
        return AllLimitsShape(limits=shapes)

    async def top(self, *, rows: int = 20, sessions: int = 20) -> TopShape:
        """One frame of `actors top`: so many actors and so many sessions, the worst.

        Sessions are not among the actors.

        Raises:
            BadQueryError: out of range.
        """
        _whole("rows", rows)
        _whole("sessions", sessions)
        survey = Survey(depth=MOST, width=rows, total=rows + 1, sessions=False)
        tree = await survey.look(root_of(self._system))
        return TopShape(
            statistics=self.statistics(),
            tree=tree,
            sessions=await self.sessions(limit=sessions),
        )

    def subscribe(
        self, kinds: Sequence[str] = (), *, capacity: int = 1024
    ) -> Subscription[Event]:
        """Listen to events, named by their classes; `with` it, or close it.

        Args:
            kinds: names, such as `TurnEnded`; one that others are kinds of stands for
                all of them.  Default: all about the life of actors and of sessions,
                and about stores, not single messages, prompts or turns' tools.
            capacity: how many unread ones are kept; then the oldest goes, counted.

        Raises:
            BadQueryError: no such event.
        """
        types = [_event(kind) for kind in kinds]
        if not types:
            types = [*_DEFAULT, *_events_of_stores().values()]
        return self._system.subscribe(*types, capacity=capacity)

    # -------------------------------------------------------------------------- inside

    async def _find(self, path: str) -> Any:
        cell = await find(root_of(self._system), path)
        if cell is None:
            raise UnknownPathError(path)
        return cell

    def _session(self, key: str, router: str | None) -> tuple[Core, Any]:
        return find_session(chosen(routers_of(self._system), router), key)


def _whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        msg = f"{name} must be a whole number from 0 to {MOST:,}, got {value!r}"
        raise BadQueryError(msg)


def _event(kind: str) -> type[Event]:
    known = {**_EVENTS, **_events_of_stores()}
    found = known.get(kind)
    if found is None:
        msg = f"there is no event {kind!r}; there are: {', '.join(sorted(known))}"
        raise BadQueryError(msg)
    return found


def _events_of(module: object) -> dict[str, type[Event]]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Event)
    }


def _events_of_stores() -> dict[str, type[Event]]:
    """Those that are told of stores, where somebody has one: else it is not loaded."""
    durable = sys.modules.get("supervision.durable")
    return _events_of(durable) if durable is not None else {}


_EVENTS: Final = _events_of(actors)
_DEFAULT: Final = (
    actors.ActorStarted,
    actors.ActorCrashed,
    actors.IncarnationEnded,
    actors.ActorStopped,
    actors.ActorLate,
    actors.HookFailed,
    actors.DeadLetter,
    actors.SessionEvent,
)
