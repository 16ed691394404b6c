"""`View`: all that may be seen of a running service, and what may be done with it.

The verbs are those of `RouterRef`, of supervisors and of the service; each is done
there, none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import trio

from actors import Abort, ActorStoppedError, CloseReason
from actors.hosting import actor_of, root_of
from supervision._routing.census import routers_of
from supervision._routing.core.core import Core
from supervision._routing.nodes.words import ElsewhereError
from supervision._routing.reports import VerbResult
from supervision._trees.errors import SupervisionError
from supervision._trees.requests import restart_child, stop_child
from supervision._trees.shell import Shell

from .actors import find, kind_of
from .errors import (
    BadQueryError,
    CannotError,
    UnknownPathError,
    UnknownSessionError,
)
from .limits import CHANGEABLE, changed
from .looking import Looking
from .sessions import chosen
from .shapes import ResultShape

_VERBS: Final = ("cancel", "cancel_all", "reset", "close")
_CLOSES: Final = {"reset": "RESET", "close": "CLOSED"}


class View(Looking):
    """A look at one system, and a hand; made by the service, as `Service.view`."""

    # ----------------------------------------------------------------- verbs: routers

    def configure(
        self, changes: Mapping[str, str], *, router: str | None = None
    ) -> ResultShape:
        """Change limits of a router, as `RouterRef.configure`; they outlive a restart.

        Args:
            changes: `{name: value as text}`, of those that can be changed.
            router: its path; default: the only one.

        Raises:
            UnknownSessionError: no such router, or none at all.
            CannotError: there are several, and none was named.
            BadQueryError: no such limit, no such value, or nothing to change.
        """
        if not changes:
            msg = f"name a limit to change, of {', '.join(CHANGEABLE)}"
            raise BadQueryError(msg)
        routers = chosen(routers_of(self._system), router)
        if not routers:
            msg = "there is no router"
            raise UnknownSessionError(msg)
        if len(routers) > 1:
            msg = f"there are several routers: say which of {', '.join(routers)}"
            raise CannotError(msg)
        ((path, core),) = routers.items()
        limits = changed(core.limits, changes)
        actor_of(core.ref)._configure(limits)
        told = ", ".join(f"{name} {value}" for name, value in changes.items())
        return _result(f"{path} has {told}")

    # ----------------------------------------------------------------- verbs: sessions

    def session_verb(
        self,
        key: str,
        verb: str,
        *,
        router: str | None = None,
        reason: object = None,
    ) -> ResultShape:
        """`cancel`, `cancel_all`, `reset` or `close`, as of a `RouterRef`.

        Raises:
            UnknownSessionError, AmbiguousKeyError.
            BadQueryError: no such verb.
        """
        if verb not in _VERBS:
            msg = f"the verb must be one of {', '.join(_VERBS)}, not {verb!r}"
            raise BadQueryError(msg)
        owner, _ = self._session(key, router)
        return self._verb(owner, key, verb, reason)

    async def any_session_verb(
        self,
        key: str,
        verb: str,
        *,
        router: str | None = None,
        reason: object = None,
    ) -> ResultShape:
        """As `session_verb`, for a key of another node too: its owner does it.

        `reset` and `close` also of a key that only a store knows.

        Raises:
            UnknownSessionError, AmbiguousKeyError, BadQueryError: as there.
            CannotError: a store does not answer, or the owner does not within seconds.
            OtherNodeError: nobody owns the key just now.
        """
        await trio.lowlevel.checkpoint()
        try:
            return self.session_verb(key, verb, router=router, reason=reason)
        except UnknownSessionError:
            if not self.stores.any(router):
                raise
            owner, _ = await self.stores.knowing(key, router)
        except ElsewhereError:  # it has just been here
            owner, _ = self._session(key, router)
        if self.nodes.has(owner, key):
            result = await self.nodes.verb(owner, key, verb, reason)
            if result.known:
                return _done(verb, key, result)
        elif verb in _CLOSES:
            return self._verb(owner, key, verb, reason)
        msg = f"session {key!r} has no actor: only the store has it"
        raise UnknownSessionError(msg)

    def _verb(self, owner: Core, key: str, verb: str, reason: object) -> ResultShape:
        if verb == "cancel":
            result = owner.verbs.cancel(key, hard=True, reason=reason, hint=None)
        elif verb == "cancel_all":
            result = owner.verbs.cancel_all(key, reason)
        else:
            result = owner.verbs.end(key, CloseReason[_CLOSES[verb]], reason)
        return _done(verb, key, result)

    def abort_turn(
        self,
        turn: int,
        *,
        router: str | None = None,
        hard: bool = True,
        hint: str | None = None,
        reason: object = None,
    ) -> ResultShape:
        """Abort a turn by its id, as `RouterRef.abort`.

        Args:
            turn: its id.
            router: path of its router; default: the only one that has such a turn.
            hard: as there.
            hint: as there.
            reason: as there.

        Raises:
            UnknownSessionError: no such turn runs.
            CannotError: turns of several routers have this id, and none was named.
        """
        routers = chosen(routers_of(self._system), router)
        found = [each for each in routers.values() if turn in each.turns.running]
        if len(found) > 1:
            named = ", ".join(each.ref.path for each in found)
            msg = f"several turns are called {turn}: say which router of {named}"
            raise CannotError(msg)
        if found:
            done = found[0].verbs.abort(
                turn, hard=hard, reason=reason, hint=hint, within=None
            )
            if done is not Abort.STALE:
                how = "aborted" if hard else "asked to end"
                return _result(f"turn {turn} is {how}", turn)
        msg = f"no turn {turn} runs"
        raise UnknownSessionError(msg)

    # ------------------------------------------------------------------ verbs: actors

    async def stop_actor(self, path: str) -> ResultShape:
        """Stop an actor, and wait until it has ended.

        A supervisor's child is not restarted: it waits for `restart_actor`.  Leaving
        the wait changes nothing about what was asked for.

        Raises:
            UnknownPathError: there is none.
            CannotError: it is the top of the tree, or a session.
        """
        cell = await self._find(path)
        owner = self._owner(cell, path)
        if isinstance(actor_of(owner), Shell):
            await _asked(stop_child(owner, self._id(owner, cell)), path)
            return _result(f"{path} is stopped")
        cell.stop("the control socket")
        await cell.wait_stopped()
        return _result(f"{path} has ended")

    async def restart_actor(self, path: str) -> ResultShape:
        """Start a supervisor's child again; if it runs, it is stopped before.

        Raises:
            UnknownPathError: there is none.
            CannotError: it has no supervisor, or one of many children of one kind; or
                it cannot be started.
        """
        parent, _, name = path.rstrip("/").rpartition("/")
        owner = await self._find(parent or "/")
        supervisor = actor_of(owner)
        machine: Any = getattr(supervisor, "_machine", None)  # Any: of either kind
        if not isinstance(supervisor, Shell) or not hasattr(machine, "children"):
            if await find(root_of(self._system), path) is None:
                raise UnknownPathError(path)
            msg = f"{path} has no supervisor that could start it again by its id"
            raise CannotError(msg)
        child = machine.children.get(name)
        if child is None:
            raise UnknownPathError(path)
        if child.ref is not None and child.ref.exit is None:
            await _asked(stop_child(owner, name), path)
        await _asked(restart_child(owner, name), path)
        return _result(f"{path} is started again")

    def stop_service(self, why: str, *, within: float | None = None) -> ResultShape:
        """Drain and stop the whole service, as SIGTERM does; returns at once.

        Raises:
            CannotError: this system is not a service's.
        """
        if self._stop is None:
            msg = "this system is not run as a service: leave its block to stop it"
            raise CannotError(msg)
        self._stop(why, within)
        return _result("the service is stopping")

    # -------------------------------------------------------------------------- inside

    def _owner(self, cell: Any, path: str) -> Any:
        owner = cell.owner
        if owner is None or (owner.owner is None and self._stop is not None):
            msg = f"{path} is the whole service: stop that instead"
            raise CannotError(msg)
        if kind_of(actor_of(cell)) == "session":
            msg = f"{path} is a session: close it by its key"
            raise CannotError(msg)
        return owner

    def _id(self, owner: Any, cell: Any) -> Any:
        machine = actor_of(owner)._machine
        return cell.name if hasattr(machine, "children") else cell


async def _asked(request: Any, path: str) -> None:
    """Ask a supervisor, and say what it says.

    Raises:
        CannotError: it refuses, or ends meanwhile.
    """
    try:
        await request
    except (SupervisionError, ActorStoppedError) as error:
        msg = f"{path}: {error}"
        raise CannotError(msg) from error


def _result(done: str, turn: int | None = None) -> ResultShape:
    return ResultShape(done=done, turn=turn, withdrawn=[], node=None)


def _done(verb: str, key: str, result: VerbResult) -> ResultShape:
    turn, taken, node = result.turn, len(result.withdrawn), result.node
    words = "no turn was running" if turn is None else f"aborting turn {turn}"
    where = f" on node {node}" if node is not None else ""
    return ResultShape(
        done=f"{verb} {key!r}{where}: {words}; {taken} prompts taken back",
        turn=turn,
        withdrawn=list(result.withdrawn),
        node=node,
    )
