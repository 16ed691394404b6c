"""`Router`: the root actor of all sessions.

It owns `{key: session}`.  Nobody asks it anything by mail: its handle (`RouterRef`)
calls its core, each call one step, so routing a prompt is a look-up and an append, and
no slow session, turn or start can hold up another.  What it hears by the engine's hooks
are the ends of its sessions.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVarTuple

import attrs

from actors import (
    Actor,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Receipt,
    Session,
)
from actors.hosting import actor_of, without_types
from supervision._trees.calling import needed_by
from supervision._trees.errors import SpecError
from supervision._trees.policies import Backoff, Restart, RestartLimit
from supervision._trees.spec import ChildSpec

from .census import enter, leave
from .core.core import IDS, Core
from .core.draining import end_all
from .core.keeping import Straight
from .core.world import TRACER
from .doing import Doing
from .errors import PromptKeptError
from .limits import Limits, limits_of
from .parts.lane import Lane
from .tokens import Durable, MemoryTokens, TokenBook, Tokens

Ts = TypeVarTuple("Ts")

_SESSION: Any = Session  # Any: a checker would lose its type arguments


class Router(Actor[Any]):
    """The actor that owns sessions: `{key: session}`.

    Start it with `start_router`, or declare it in a supervised tree:
    `ChildSpec(Router, Chat, (database,), Limits(sessions=1000), id="router")`; then
    `router_ref(ref, Chat)` gives the handle.

    When it ends, its sessions are stopped all at once, each within its grace; turns
    that run are `Aborted`, prompts that wait are `Lost`.  When it crashes, so do they.

    Args:
        make: the class of its sessions.
        args: for the constructor of each.
        limits: what it may have at once; default: what its kind has (`Session.limits`).
        tokens: where what sessions `bind` is kept; default: in memory.
        durable: a store, such as `supervision.durable.SqliteStore`: what is accepted
            survives the process; default: none.  It keeps tokens too.
    """

    __slots__ = (
        "__weakref__",
        "_args",
        "_bound",
        "_core",
        "_durable",
        "_ends",
        "_limits",
        "_make",
        "_memory",
    )

    stop_at_once: ClassVar[bool] = True
    grace: ClassVar[float] = math.inf
    """Its sessions have graces of their own."""

    def __init__(
        self,
        make: type[Session[Any, Any]],
        args: tuple[Any, ...] = (),
        limits: Limits | None = None,
        tokens: Tokens | None = None,
        durable: Durable | None = None,
    ) -> None:
        given: object = make
        if not (isinstance(given, type) and issubclass(given, Session)):
            msg = f"a router takes a subclass of Session, got {make!r}"
            msg += without_types(make)
            raise TypeError(msg)
        if inspect.isabstract(make):
            msg = f"{make.__name__} cannot be a session: it has no take_turn"
            raise TypeError(msg)
        if needed := needed_by(make, args):  # else the first to speak is told
            msg = f"no session can be started: {make.__name__} needs {needed}; what "
            msg += "its constructor takes is given behind the class, by position"
            raise TypeError(msg)
        for name in ("load", "save"):
            if tokens is not None and not callable(getattr(tokens, name, None)):
                msg = f"tokens must be Tokens, with load and save, got {tokens!r}"
                raise TypeError(msg)
        self._make = make
        self._args = args
        self._limits = limits_of(make, limits)
        self._memory: MemoryTokens | None = None
        # let go of by `stopped`; Any: its room is loaded only if there is a store
        self._durable: Any = None
        self._bound: Any  # Any: a TokenBook, or what is one with a store
        if durable is not None:
            self._durable = self._claim(durable, tokens)
            self._bound = self._durable.tokens
        else:
            if tokens is None:
                tokens = self._memory = MemoryTokens()
            self._bound = TokenBook(tokens)  # closed by `stopped`
        self._core: Core | None = None  # made when first needed: it has a seat then
        self._ends: dict[Any, tuple[Lane, Any, Exit]] = {}  # {ref: just ended}
        enter(self)

    def _claim(self, durable: Durable, tokens: Tokens | None) -> Any:
        """Make a store this router's."""
        if not _is_store(durable):
            msg = f"durable must be a store, such as SqliteStore, got {durable!r}"
            raise TypeError(msg)
        if tokens is not None:
            msg = (
                "a router with durable= keeps its tokens there: leave tokens= out; "
                "supervision.durable.move_tokens() brings those of before"
            )
            raise TypeError(msg)
        return durable.keep(self._make, self._crash)

    def _crash(self, error: Exception) -> None:
        """Its store is of no use any more."""
        seat: Any = self._seat
        seat.crash(error, None, "with its store")

    @classmethod
    def spec(
        cls,
        make: Callable[[*Ts], Session[Any, Any, Any]],
        *args: *Ts,
        limits: Limits | None = None,
        tokens: Tokens | None = None,
        durable: Durable | None = None,
        id: str = "router",  # noqa: A002 - the field's word
        restart: Restart = Restart.PERMANENT,
        limit: RestartLimit | None = None,
        backoff: Backoff | None = None,
    ) -> ChildSpec[Any]:
        """Declare a router as a child: `Router.spec(Chat, database, limits=...)`.

        As `ChildSpec(Router, Chat, (database,), limits, tokens, id=...)`, but checkers
        see whether the arguments are those of the session's constructor.

        Args:
            make: the class of its sessions.
            args: for the constructor of each.
            limits: what it may have at once; default: what its kind has.
            tokens: where what sessions bind is kept; default in memory.
            durable: a store for what is accepted; default none.
            id: of the child, the last part of its path.
            restart: as `ChildSpec`, and so are `limit` and `backoff`.
            limit: see there.
            backoff: see there.

        Raises:
            SpecError: `make` is no session class, or a field is not what it should be.
        """
        given: Any = make
        if not (isinstance(given, type) and issubclass(given, Session)):
            expected = f"a subclass of Session{without_types(make)}"
            raise SpecError("make", make, expected)
        check_router(limits, tokens, durable)
        make_session: Any = make  # Any: a checker would lose its type arguments
        return ChildSpec(
            cls,
            make_session,
            args,
            limits,
            tokens,
            durable,
            id=id,
            restart=restart,
            limit=limit,
            backoff=backoff,
        )

    def _house(self) -> Core:
        """Its parts."""
        core = self._core
        if core is None:
            seat: Any = self._seat
            self._take_over(seat.need_rare())
            world = Doing(self, self._make, self._args)
            keeping = self._durable
            number = seat.incarnation
            if keeping is None:
                keeping = Straight(number)
            else:
                number = keeping.epoch
            ids = (number - 1) * IDS
            core = Core(world, keeping, self._limits, self._bound, ids)
            self._core = core
            trace = seat.hub.notes.get(TRACER)
            if trace is not None:
                core.trace(trace(core))
            if self._durable is not None:
                kept: _Kept = seat.rare.kept
                receipts, kept.receipts = kept.receipts, []
                self._durable.join(core, receipts)
        return core

    def _configure(self, limits: Limits) -> None:
        """Put limits into force, for this incarnation and for those to come."""
        limits = limits_of(self._make, limits)
        self._house().verbs.configure(limits)
        seat: Any = self._seat
        seat.need_rare().kept.limits = limits

    def _take_over(self, rare: Any) -> None:
        """Go on with what the incarnations before have left, and leave it in turn.

        It is kept in the cell, not in the constructor's arguments, which are those of a
        subclass, it may be.
        """
        kept: _Kept | None = rare.kept
        if kept is None:
            rare.kept = _Kept(self._memory, self._durable is not None)
            return
        if kept.limits is not None:
            self._limits = kept.limits
        if kept.memory is not None and self._memory is not None:
            self._bound = TokenBook(kept.memory)

    # ------------------------------------------------------------------- what it hears

    def started(self) -> Awaitable[None] | None:
        """Open its store, if it has one."""
        if self._durable is None:
            return None
        self._house()
        opening: Awaitable[None] = self._durable.open(IDS)
        return opening

    def receive(self, message: Any) -> None:
        """Nobody tells it anything."""
        msg = f"a router takes no messages, got {message!r}: use its RouterRef"
        raise TypeError(msg)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002 - its name
        """A session's actor ends: its lane decides what follows, when it has ended."""
        session = actor_of(child)
        if not isinstance(session, _SESSION):  # of a subclass of this router
            return super().child_ended(child, exit)
        lane: Lane = session._lane
        core = self._house()
        if core.burning:
            core.burning.out(session)
        if lane.session is session:
            self._ends[child] = (lane, session, exit)
        if isinstance(exit, Crashed):
            world: Any = core.world
            crashes = lane.extra.crashes if lane.extra is not None else None
            world.log_crash(child.path, exit, len(crashes) if crashes else 0)
        return Decision.END

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A session's actor has ended."""
        del undelivered
        ended = self._ends.pop(child, None)
        if ended is not None:
            lane, session, _ = ended
            self._house().leaving.ended(lane, session, exit)

    def stopped(self, exit: Exit) -> Awaitable[None] | None:  # noqa: A002
        """Give every prompt that is left its outcome; nothing runs any more."""
        core = self._house()
        try:
            end_all(core, exit)
            world: Any = core.world
            world.log_rest()
            if self._durable is None:
                leave(self)
        finally:
            self._bound.close()
        return self._let_go(exit) if self._durable is not None else None

    async def _let_go(self, exit_: Exit) -> None:
        """Close its store; what waits there is its successor's, or nobody's here."""
        seat: Any = self._seat
        kept: _Kept = seat.need_rare().kept
        try:
            await self._durable.close()
        finally:  # also if its time is up
            leave(self)
            kept.receipts = self._durable.waiting
            if not isinstance(exit_, Crashed):
                kept.gone()


@attrs.define
class _Kept:
    """What a router leaves for its next incarnation, in its cell."""

    memory: MemoryTokens | None
    """The tokens; None: they are in a store of the user's."""
    stored: bool
    """Whether what it has accepted is in a store."""
    limits: Limits | None = None
    """Those that were put into force; None: none were."""
    receipts: list[Receipt[Any]] = attrs.Factory(list[Receipt[Any]])
    """Of prompts that a store keeps, and somebody may wait for."""

    def gone(self) -> None:
        """There will be no other incarnation."""
        receipts, self.receipts = self.receipts, []
        for each in receipts:
            row: Any = each.need_more().row
            certain = row is None or not row.in_doubt
            each.leave(PromptKeptError(each.key, each.id, certain))


def is_stored(cell: Any) -> bool:  # Any: a ref, whose router has ended for good
    """Whether a store keeps what this router had accepted."""
    kept: _Kept | None = cell.rare.kept if cell.rare is not None else None
    return kept is not None and kept.stored


def _is_store(given: object) -> bool:
    return not isinstance(given, type) and callable(getattr(given, "keep", None))


def _is_tokens(given: object) -> bool:
    return all(callable(getattr(given, name, None)) for name in ("load", "save"))


def check_router(limits: object, tokens: object, durable: object) -> None:
    """Look at what a router is declared with.  Raises SpecError: it cannot be."""
    if limits is not None and not isinstance(limits, Limits):
        raise SpecError("limits", limits, "Limits")
    if tokens is not None and (isinstance(tokens, type) or not _is_tokens(tokens)):
        raise SpecError("tokens", tokens, "Tokens, with load and save")
    if durable is not None and not _is_store(durable):
        raise SpecError("durable", durable, "a store, such as SqliteStore")
    if durable is not None and tokens is not None:
        raise SpecError("tokens", tokens, "left out where there is durable=")
