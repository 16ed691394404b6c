"""`RouterRef`: what users hold of a router, and the ways to get one.

Cheap to keep and to pass on; stays valid when the router is restarted.  All verbs are
plain calls that take one step, unless they are `async`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, TypeVar, TypeVarTuple

from actors import (
    Abort,
    Actor,
    ActorRef,
    ActorSystem,
    AnyRef,
    ClosedToNewError,
    CloseReason,
    Session,
)
from actors.hosting import actor_of, seconds, whole

from .core.core import Core
from .core.draining import drain, put_away
from .core.looking import info, statistics
from .errors import NoStoreError
from .limits import Limits
from .offering import file_of
from .parts.lane import check_key
from .reading import Reading
from .reports import DrainReport, RouterStatistics, SessionInfo, VerbResult
from .router import Router
from .tokens import Durable, Tokens

P = TypeVar("P")
C = TypeVar("C")
Ts = TypeVarTuple("Ts")

_REF: Any = ActorRef  # Any: a checker would lose M in isinstance


class RouterRef(Reading[P, C]):
    """The handle of a router whose sessions take prompts P and answer with chunks C.

    Made by `start_router` or `router_ref`.  A prompt that is accepted has exactly one
    outcome; one that is not raises a `RefusedError`, and nothing was started for it.
    """

    __slots__ = ()

    def abort(
        self,
        turn: int,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
        within: float | None = None,
    ) -> Abort:
        """Abort a turn, by its id.  Not a checkpoint; idempotent.

        Hard: its task and all its children are cancelled, its state goes back, its
        steering prompts are withdrawn, and the next prompt runs.  Soft: the tool that
        runs may finish, no other begins, and `take_turn` may say a last word; the
        outcome is `Completed(interrupted=hint)`.  A turn that waits for its slot never
        begins, either way.

        Args:
            turn: `Receipt.turn`, or from an event.
            hard: default True.
            reason: for the outcome of a hard abort.
            hint: for `Turn.interrupted`.
            within: seconds after which a soft abort becomes a hard one.
        """
        whole("turn (a key is what cancel() takes)", turn, least=0)
        if within is not None:
            seconds("within", within)
        core = self._or_none()
        if core is None:
            return Abort.STALE
        return core.verbs.abort(
            turn, hard=hard, reason=reason, hint=hint, within=within
        )

    def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """Abort the session's running turn, and nothing else; see `abort`.

        A session that is only starting, or gathers a burst: the prompts that its first
        turn would have had.

        Raises:
            ElsewhereError: the key is another node's; so say `cancel_all`, `reset` and
                `close`, too.  `anywhere` has the same done by its owner.
            TypeError, BadInputError: not a key.
        """
        check_key(key)
        core = self._or_none()
        if core is None:
            return VerbResult(known=False, key=key)
        return core.verbs.cancel(key, hard=hard, reason=reason, hint=hint)

    def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """Abort the running turn and side questions, and take back what waits."""
        check_key(key)
        core = self._or_none()
        if core is None:
            return VerbResult(known=False, key=key)
        return core.verbs.cancel_all(key, reason)

    def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `cancel_all`, and begin anew: a new session, without state or token.

        The old one has cleaned up before the new one starts; a prompt sent from now on
        is the new one's.  Ends a quarantine.
        """
        check_key(key)
        core = self._or_none()
        if core is None:
            return VerbResult(known=False, key=key)
        return core.verbs.end(key, CloseReason.RESET, reason)

    def close(self, key: str, reason: object = None) -> VerbResult:
        """As `reset`, and forget the key: a suspended one will not be resumed."""
        check_key(key)
        core = self._or_none()
        if core is None:
            return VerbResult(known=False, key=key)
        return core.verbs.end(key, CloseReason.CLOSED, reason)

    async def passivate(self, key: str) -> VerbResult:
        """Put a key away and forget nothing: its session ends, if it is idle.

        As if it had been idle for `Limits.idle`: `suspend` and `stopped` run, its place
        is free, and the next prompt brings it back with what the store has.  One that
        comes meanwhile loses nothing.  A session that has anything to do is left as it
        is: a turn or a side question runs, prompts wait, a child turn goes on; what a
        session itself has started (`start_soon`) ends with it, and is not asked.  A key
        in quarantine has no session, and goes on refusing prompts.

        Returns when the session has ended; cancelled: it ends all the same.  A
        checkpoint.

        Returns:
            `VerbResult.away`: it has no session any more, or had none; or `busy`: what
            it does.  Falsy: neither this router nor its store knows the key; one that
            has no more than a reminder is known.

        Raises:
            ElsewhereError: the key is another node's; `anywhere` has it done there.
            NoStoreError: this router has no store: `close` ends the session then, and
                forgets what it has.
            ClosedToNewError: it has ended for good.
            StoreError: it is to be asked, for a key without a session or for one whose
                `suspend` has bound something, and does not answer.
            TypeError, ValueError: not a key.
        """
        check_key(key)
        return await put_away(self._house(key), key)

    async def release(self, key: str) -> bool:
        """Try a key again that is held: what its store has of it could not be read.

        If it can be read now, its prompts run, in their order; `SessionHeld` said why
        it could not.  `reset` frees it as well, and forgets its state.  Starts no
        session of a key that has no prompts.  A checkpoint.

        Returns:
            Whether it was held, and is not any more; False: it was not.

        Raises:
            SessionHeldError: it cannot be read yet; its cause says why.
            ElsewhereError: the key is another node's.
            NoStoreError: this router has no store.
            StoreError: the store does not answer, or the router has ended.
        """
        check_key(key)
        store = self._house(key).keeping.store
        if store is None:
            raise NoStoreError(self.ref.path, "release()")
        return await store.release(key)

    async def backup(self, path: str | PathLike[str]) -> int:
        """Copy the store to a file, while it is used.  A checkpoint.

        The copy is whole: it has everything that was stored when this was called, and
        perhaps what came after.  It is made between the batches, a few pages at a time.
        Until it is whole it has another name; cancelled, or in vain: nothing is left
        behind.  Mode 0600.  One copy at a time.

        Args:
            path: where to; one that is not absolute is of the working directory.  The
                folder is there, the file is not.

        Returns:
            Bytes of the copy.

        Raises:
            TypeError, ValueError: no path of a file.
            FileExistsError: there is something at this path: a copy replaces nothing.
            NoStoreError: this router has no store.
            ClosedToNewError: the router has ended for good.
            StoreError: it is a `MemoryStore`, which is in no file, or a
                `PostgresStore`, which pg_dump copies; or the copy cannot be written, or
                another one is being made; or the store is not open.
        """
        where = file_of(path)
        store = self._house().keeping.store
        if store is None:
            raise NoStoreError(self.ref.path, "backup()")
        return await store.backup(where)

    async def remind(
        self,
        key: str,
        name: str,
        *,
        after: float | None = None,
        at: datetime | None = None,
        every: float | None = None,
        prompt: P,
    ) -> None:
        """Have a session get a prompt at a time: as `Turn.remind`, from outside.

        When it returns the store has it, in place of one with that name.  It starts no
        session before it is due.  A checkpoint.  Cancelled: it may be kept all the
        same.

        Raises:
            TypeError, ValueError: an argument that is not what it should be, or a
                prompt that the store cannot keep.
            NoStoreError: this router has none.
            ClosedToNewError: it has ended.
            StoreError: the store does not take it, or does not answer.
        """
        check_key(key)
        reminds = self._house(key).reminds("remind()")
        draft = reminds.draft(key, name, after, at, every, prompt=prompt)
        await reminds.remind(draft)

    async def forget(self, key: str, name: str) -> bool:
        """Forget a reminder of a session.  A checkpoint.

        Returns:
            True: it was there, and no prompt of it comes any more.  False: there is
            none: it never was, or its last prompt has been accepted.

        Raises:
            TypeError, ValueError, NoStoreError, ClosedToNewError, StoreError: as
                `remind`.
        """
        check_key(key)
        reminds = self._house(key).reminds("forget()")
        return await reminds.unremind(key, reminds.draft_forget(key, name))

    def stop_admission(self) -> None:
        """Take no more prompts: `ClosedToNewError` from here on.  Idempotent."""
        core = self._or_none()
        if core is not None:
            core.accepting.close()

    async def drain(self, within: float) -> DrainReport:
        """Stop in order: no more prompts, finish what is accepted, close all sessions.

        When four fifths of the time are over, turns that still run are aborted and
        prompts that wait are `Lost` (with a store they are kept, and on one that nodes
        share go to others at once); clean-up has the rest.  A store that is silent is
        waited for as long: what ends meanwhile is in memory only.  Close what the
        sessions share after it has returned.  The router is still there, and empty:
        stop it, or leave the system's block.

        Args:
            within: seconds for all of it.
        """
        seconds("within", within)
        return await drain(self._house(), within)

    # ------------------------------------------------------------------- looking at it

    def inspect(self, key: str) -> SessionInfo | None:
        """Look at a session; None: unknown, or another node's (`anywhere.inspect`).

        Asks nobody, and is no sign of life.
        """
        check_key(key)
        core = self._or_none()
        lane = core.lanes.get(key) if core is not None else None
        return info(core, lane) if core is not None and lane is not None else None

    def list(self) -> list[SessionInfo]:
        """Look at all sessions, in the order of their keys' first prompts; O(n)."""
        core = self._or_none()
        if core is None:
            return []
        return [info(core, lane) for lane in core.lanes.values()]

    def suspended(self) -> Sequence[str]:
        """List the keys that have a token and no session: a prompt would resume them.

        Those whose sessions bound a token (`Session.bind`) and were reaped, evicted or
        ended with an earlier router or process.  `reset` and `close` forget them.
        """
        core = self._or_none()
        return list(core.tokens.suspended) if core is not None else []

    def statistics(self) -> RouterStatistics:
        """Look at the counters of the whole router; it costs a glance at each turn.

        Raises:
            ClosedToNewError: the router has ended for good.
        """
        return statistics(self._house())

    @property
    def limits(self) -> Limits:
        """The limits that are in force: those it was started with, or `configure`'s.

        Raises:
            ClosedToNewError: the router has ended for good.
        """
        return self._house().limits

    def configure(self, limits: Limits) -> None:
        """Put other limits into force, from now on.

        They stay in force when the router is restarted.  Nothing that runs is touched:
        if there are more sessions now than there may be, idle ones go, the longest idle
        first, and busy ones as they become idle; if there are more turns, none is
        added.
        """
        given: object = limits
        if not isinstance(given, Limits):
            msg = f"configure() takes Limits, got {limits!r}"
            raise TypeError(msg)
        self._cell.hub.check_thread("RouterRef.configure()")
        router: Router | None = actor_of(self._cell)
        if router is None:
            raise ClosedToNewError(self.ref.path)
        router._configure(limits)

    def _or_none(self) -> Core | None:
        """The router's parts; None: it has ended for good."""
        self._cell.hub.check_thread("a method of a RouterRef")
        router: Router | None = actor_of(self._cell)
        return router._house() if router is not None else None


def start_router(
    owner: ActorSystem | Actor[Any],
    make: Callable[[*Ts], Session[P, C]],
    *args: *Ts,
    limits: Limits | None = None,
    name: str = "router",
    tokens: Tokens | None = None,
    durable: Durable | None = None,
) -> RouterRef[P, C]:
    """Start a router of these sessions; returns its handle at once.  Not a checkpoint.

    Args:
        owner: the system, or the actor, that is to own it.
        make: the class of its sessions.
        args: for the constructor of each, by position.
        limits: what it may have at once; default: what its kind has (`Session.limits`).
        name: last part of its path; a session's path is `/router/KEY`.
        tokens: where what sessions bind is kept; default in memory.
        durable: a store, such as `supervision.durable.SqliteStore`: what is accepted
            survives the process.  Default: none.

    Raises:
        StoreError: the store cannot be had: it is another router's, say.
        TypeError: not a subclass of `Session`, or a wrong option.
        DuplicateNameError, ActorStoppedError: as `ActorSystem.start`.
    """
    cls: Any = make
    return RouterRef(owner.start(Router, cls, args, limits, tokens, durable, name=name))


def router_ref(ref: AnyRef, make: type[Session[P, C]]) -> RouterRef[P, C]:
    """Get the handle of a router that somebody else has started, say a supervisor.

    Raises:
        TypeError: it is no router, or one of other sessions.
    """
    given: object = ref
    router = actor_of(ref) if isinstance(given, _REF) else None
    if not isinstance(router, Router) or router._make is not make:
        msg = f"router_ref() takes the ref of a router of {make!r}, got {ref!r}"
        if isinstance(router, Router):
            msg += f", whose sessions are {router._make!r}"
        raise TypeError(msg)
    return RouterRef(ref)
