"""What an actor is given that only a running one has: a ref that says it has none.

`declare` may pass `self.ref` on; whoever uses it before the tree runs is told so.
"""

from __future__ import annotations

from typing import Any, Never, NoReturn

from actors import ActorRef
from actors.hosting import Whole


class NotRunningError(Whole, RuntimeError):
    """A declaration has used what is there only when the tree runs."""


class Unborn(ActorRef[Any]):  # Any: nobody tells it anything
    """The ref of an actor that has not been started: it has a path, and no more."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        """Where it will be."""
        return self._path

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._path.rpartition("/")[2]

    @property
    def exit(self) -> None:
        """It has not ended."""

    def tell_nowait(self, message: object) -> Never:
        """Refuse."""
        self._refuse(message)

    async def tell(self, message: object) -> Never:
        """Refuse."""
        self._refuse(message)

    def forward(self, request: object) -> Never:
        """Refuse."""
        self._refuse(request)

    async def ask(self, request: object, *, within: float | None = None) -> Never:
        """Refuse."""
        del within
        self._refuse(request)

    def tell_from_thread(self, message: object) -> Never:
        """Refuse."""
        self._refuse(message)

    def stop(self, reason: object = None) -> Never:
        """Refuse."""
        self._refuse(reason)

    def kill(self) -> Never:
        """Refuse."""
        self._refuse(None)

    async def wait_started(self) -> Never:
        """Refuse."""
        self._refuse(None)

    async def wait_stopped(self) -> Never:
        """Refuse."""
        self._refuse(None)

    def _refuse(self, what: object) -> NoReturn:
        del what
        msg = f"{self._path} does not run yet"
        raise NotRunningError(msg)


class Nowhere:
    """The place of an actor that is not in a system: it has a ref, and no more."""

    def __init__(self, path: str) -> None:
        self.ref = Unborn(path)

    def __getattr__(self, name: str) -> NoReturn:
        msg = f"{self.ref.path} does not run yet, so it has no {name!r}"
        raise NotRunningError(msg)


def given_a_place(actor: Any, path: str) -> Any:  # Any: an actor of unknown messages
    """Give an actor a place that is nowhere; returns the actor."""
    actor._seat = Nowhere(path)
    return actor
