"""`Client`: what a control socket is asked, as plain blocking calls.

Each call is one HTTP request on a connection of its own, over the standard library's
`http.client` on a Unix socket; nothing is tried twice.  What comes back is checked
against the shapes of `supervision._view`, so that callers have typed dictionaries.

It does not know how anything is shown, nor where sockets are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from supervision._view.limits import AllLimitsShape
from supervision._view.shapes import (
    ActorDetailShape,
    ActorShape,
    ResultShape,
    ServiceShape,
    SessionShape,
    SessionsShape,
    StackShape,
    StatisticsShape,
    TopShape,
)
from supervision._view.stored.shapes import (
    KeysShape,
    LocatedShape,
    NodesShape,
    OutcomeShape,
    RememberedShape,
    RemindersShape,
    StoresShape,
)

from .exchange import Exchange
from .failures import (
    ClientError,
    NobodyThereError,
    RefusedRequestError,
    SilentServiceError,
    StrangeAnswerError,
)

__all__ = (
    "Client",
    "ClientError",
    "NobodyThereError",
    "RefusedRequestError",
    "SilentServiceError",
    "StrangeAnswerError",
)


class Client(Exchange):
    """Asks the service behind a control socket.

    Every method raises a `ClientError`: `NobodyThereError`, `StrangeAnswerError` or
    `RefusedRequestError`.

    Args:
        path: the socket.
        timeout: seconds without a word from the service after which a call gives up.
            Default 10.  `stop_actor`, `restart_actor`, `backup` and `events` wait for
            as long as it takes.

    Example:
        >>> Client("/run/user/1000/trio-actors/chat.sock").service()["state"]
        'ready'
    """

    def service(self) -> ServiceShape:
        """What the service says of itself."""
        return self._checked(self.get("/"), ServiceShape)

    def statistics(self) -> StatisticsShape:
        """Everything that is counted."""
        return self._checked(self.get("/statistics"), StatisticsShape)

    def tree(
        self, path: str = "/", *, depth: int | None = None, width: int | None = None
    ) -> ActorShape:
        """An actor and those below it: `depth` levels, `width` children each."""
        found = self.get("/tree", path=path, depth=depth, width=width)
        return self._checked(found, ActorShape)

    def actor(self, path: str) -> ActorDetailShape:
        """All about one actor."""
        return self._checked(self.get(_actor(path)), ActorDetailShape)

    def sessions(
        self,
        *,
        router: str | None = None,
        phase: str | None = None,
        match: str | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> SessionsShape:
        """A list of sessions; `order`: worst, key, age, idle or queued."""
        found = self.get(
            "/sessions",
            router=router,
            phase=phase,
            match=match,
            order=order,
            limit=limit,
        )
        return self._checked(found, SessionsShape)

    def session(self, key: str, *, router: str | None = None) -> SessionShape:
        """One session; `router` may be left out if only one knows the key."""
        return self._checked(self.get(_session(key), router=router), SessionShape)

    def top(self, *, rows: int = 20, sessions: int = 20) -> TopShape:
        """One frame of the live view: so many actors, so many sessions at most."""
        return self._checked(self.get("/top", rows=rows, sessions=sessions), TopShape)

    def stop_service(self, *, within: float | None = None) -> ResultShape:
        """Ask the service to drain and stop, in `within` seconds instead of its own."""
        return self._checked(self.post("/stop", within=within), ResultShape)

    def stop_actor(self, path: str) -> ResultShape:
        """Stop an actor; returns when it has ended, however long it takes."""
        found = self.post(_actor(path) + "/stop", _timeout=None)
        return self._checked(found, ResultShape)

    def limits(self, router: str | None = None) -> AllLimitsShape:
        """The limits of one router, or of all."""
        return self._checked(self.get("/limits", router=router), AllLimitsShape)

    def configure(
        self, changes: Mapping[str, str], *, router: str | None = None
    ) -> ResultShape:
        """Change limits of a router, by their names; they outlive its restart."""
        found = self.post("/limits", _timeout=self.timeout, router=router, **changes)
        return self._checked(found, ResultShape)

    def session_stack(self, key: str, *, router: str | None = None) -> StackShape:
        """Where a session stands: its turns, their tasks, what waits."""
        found = self.get("/stack", key=key, router=router)
        return self._checked(found, StackShape)

    def actor_stack(self, path: str) -> StackShape:
        """Where an actor stands: the hook that it waits in, and its tasks."""
        return self._checked(self.get("/stack", path=path), StackShape)

    def restart_actor(self, path: str) -> ResultShape:
        """Restart a supervisor's child; returns when it runs, however long it takes."""
        found = self.post(_actor(path) + "/restart", _timeout=None)
        return self._checked(found, ResultShape)

    def session_verb(
        self,
        key: str,
        verb: str,
        *,
        router: str | None = None,
        reason: str | None = None,
    ) -> ResultShape:
        """Say `cancel`, `cancel_all`, `reset` or `close` to a session."""
        found = self.post(f"{_session(key)}/{verb}", router=router, reason=reason)
        return self._checked(found, ResultShape)

    def abort_turn(
        self,
        turn: int,
        *,
        router: str | None = None,
        hard: bool = True,
        hint: str | None = None,
        reason: str | None = None,
    ) -> ResultShape:
        """Abort a turn by its id: that one, and not the next of its session.

        Args:
            turn: its id.
            router: path of its router, if several have a turn of that id.
            hard: False asks it to end, with `hint`.
            hint: for `Turn.interrupted`.
            reason: for the outcome of a hard abort.
        """
        found = self.post(
            f"/turns/{turn}/abort",
            router=router,
            hard=None if hard else False,
            hint=hint,
            reason=reason,
        )
        return self._checked(found, ResultShape)

    # -------------------------------------------------------------------------- stores

    def stores(self, router: str | None = None) -> StoresShape:
        """The stores of all routers, or of one."""
        return self._checked(self.get("/stores", router=router), StoresShape)

    def keys(
        self,
        *,
        router: str | None = None,
        prefix: str | None = None,
        after: str | None = None,
        held: bool = False,
        limit: int | None = None,
    ) -> KeysShape:
        """A page of keys, in their order, also of those that only a store knows.

        Args:
            router: its path, if several have a store.
            prefix: those that begin with it.
            after: those behind this key: `after` of the page before.
            held: only those that are held.
            limit: how many; default 100, at most 1000.
        """
        found = self.get(
            "/keys",
            router=router,
            prefix=prefix,
            after=after,
            held=True if held else None,
            limit=limit,
        )
        return self._checked(found, KeysShape)

    def nodes(self, router: str | None = None) -> NodesShape:
        """The nodes that share the stores of all routers, or of one."""
        return self._checked(self.get("/nodes", router=router), NodesShape)

    def locate(self, key: str, *, router: str | None = None) -> LocatedShape:
        """Which node owns a key, and where that is."""
        found = self.get("/locate", key=key, router=router)
        return self._checked(found, LocatedShape)

    def outcome(
        self,
        key: str,
        id: str,  # noqa: A002 - its name to users
        *,
        router: str | None = None,
    ) -> OutcomeShape:
        """A prompt by its address, as a store has it."""
        found = self.get("/outcome", key=key, id=id, router=router)
        return self._checked(found, OutcomeShape)

    def read(
        self,
        key: str,
        *,
        newest: int | None = None,
        before: int | None = None,
        router: str | None = None,
    ) -> RememberedShape:
        """What is remembered of a conversation: its state, and its newest entries.

        Args:
            key: the session's.
            newest: so many entries; default 20, at most 1000.
            before: only those in front of this number: `before` of the page behind.
            router: its path, if several know the key.
        """
        found = self.get("/read", key=key, newest=newest, before=before, router=router)
        return self._checked(found, RememberedShape)

    def reminders(
        self,
        *,
        key: str | None = None,
        router: str | None = None,
        limit: int | None = None,
    ) -> RemindersShape:
        """Reminders, by the time when they come next.

        Args:
            key: only those of this session.
            router: its path, if several have a store.
            limit: how many; default 100, at most 1000.
        """
        found = self.get("/reminders", key=key, router=router, limit=limit)
        return self._checked(found, RemindersShape)

    def release(self, key: str, *, router: str | None = None) -> ResultShape:
        """Try a held key again."""
        found = self.post(f"{_session(key)}/release", router=router)
        return self._checked(found, ResultShape)

    def passivate(self, key: str, *, router: str | None = None) -> ResultShape:
        """Put a key away, and forget nothing: its session ends, if it is idle."""
        found = self.post(f"{_session(key)}/passivate", router=router)
        return self._checked(found, ResultShape)

    def backup(self, path: Path | str, *, router: str | None = None) -> ResultShape:
        """Copy a store on its machine; returns when that is whole, however long.

        Args:
            path: where to; nothing is there.
            router: whose, if several have a store.
        """
        where = str(Path(path).absolute())
        found = self.post("/store/backup", _timeout=None, router=router, path=where)
        return self._checked(found, ResultShape)


def _actor(path: str) -> str:
    return "/actors/" + _quoted(path.strip("/"), safe="/")


def _session(key: str) -> str:
    return "/sessions/" + _quoted(key, safe="")


def _quoted(text: str, safe: str) -> str:
    """Write a key or a path as a part of an address."""
    # what is not Unicode goes as it came: the service says that it knows no such key
    return quote(text, safe=safe, errors="surrogateescape")
