"""`Nodes`: the nodes that share the stores of routers, and what is had done by them.

What is asked of the owner of a key stands in the store until that one has answered.
One that does not answer soon is named, and not waited for: a person waits here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from typing import Any, Final, cast

import attrs
import trio

from actors import ActorSystem, ClosedToNewError
from actors.hosting import root_of
from supervision._routing.census import counts_of, routers_of
from supervision._routing.core.core import Core
from supervision._routing.handle import RouterRef
from supervision._routing.nodes.words import Elsewhere, ElsewhereError, Located
from supervision._routing.reports import VerbResult
from supervision._trees.errors import SupervisionError
from supervision._view.actors import find
from supervision._view.errors import CannotError, OtherNodeError
from supervision._view.sessions import chosen, told_shape
from supervision._view.shapes import SessionShape

from .shapes import LocatedShape, NodeShape, NodesShape, RouterNodesShape

WITHIN: Final = 5.0
"""Seconds that the owner of a key has to answer."""


class Nodes:
    """The nodes with which the routers of a system share their stores.

    Args:
        system: whose routers.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system

    # ------------------------------------------------------------------------- looking

    def any(self, router: str | None = None) -> bool:
        """Whether a router shares its store; not a checkpoint.

        Raises:
            UnknownSessionError: no such router.
        """
        return bool(self._sharing(router))

    def list(self, router: str | None = None) -> NodesShape:
        """The nodes of each router that shares its store; not a checkpoint.

        Raises:
            UnknownSessionError: no such router.
            CannotError: it shares no store, or none does.
        """
        found = self._sharing(router) or _none(router)
        return NodesShape(
            routers=[
                RouterNodesShape(
                    router=path,
                    ready=others.ready,
                    nodes=[
                        cast("NodeShape", attrs.asdict(each)) for each in others.nodes()
                    ],
                )
                for path, (_, others) in found.items()
            ]
        )

    def locate(self, key: str, *, router: str | None = None) -> LocatedShape:
        """Where a key is, as far as is known here; not a checkpoint.

        Raises:
            UnknownSessionError: no such router.
            CannotError: it shares no store, or none does; or several do, and none was
                named.
        """
        found = self._sharing(router) or _none(router)
        if len(found) > 1:
            msg = f"several routers share a store: say which of {', '.join(found)}"
            raise CannotError(msg)
        ((path, (_, others)),) = found.items()
        there = others.locate(key)
        return LocatedShape(
            router=path,
            key=key,
            node=there.node if there is not None else None,
            address=there.address if there is not None else None,
            here=there is not None and there.here,
        )

    async def unready(self) -> str | None:
        """Why this process should get no new work, as far as nodes go; None: it may.

        A router that shares its store is no node of it (yet, or any more), or gives
        its keys to others as it is drained, or is down.
        """
        alive = self._sharing(None)
        for path, (core, others) in alive.items():
            if not others.ready:
                what = (
                    "is drained: its keys go to other nodes"
                    if not core.admission.open
                    else "is not one of the nodes that share its store"
                )
                return f"{path} {what}"
        for path, (is_alive, said) in counts_of(self._system).items():
            if is_alive or said.store is None or said.store.node is None:
                continue
            if await find(root_of(self._system), path) is not None:
                return f"{path} is down: it is not one of the nodes"
        await trio.lowlevel.checkpoint()
        return None

    # ------------------------------------------------------------- what others do of it

    def has(self, core: Core, key: str) -> bool:
        """Whether a key of this router is another node's; not a checkpoint."""
        others = core.keeping.others
        return others is not None and key not in core.lanes and others.has(key)

    def check_here(self, core: Core, key: str, what: str) -> None:
        """See to it that a key is this node's.

        Raises:
            OtherNodeError: it is not.
        """
        others = core.keeping.others
        if others is not None and self.has(core, key):
            there = others.locate(key)
            node = there.node if there is not None else None
            address = there.address if there is not None else None
            raise OtherNodeError(key, what, node, address)

    async def session(self, core: Core, key: str) -> SessionShape | None:
        """Look at a session of another node, if its owner answers soon.

        None: it has none, or does not; or the key is this node's.
        """
        if not self.has(core, key):
            return None
        ref = RouterRef[Any, Any](core.ref)
        told = None
        with contextlib.suppress(SupervisionError, ElsewhereError):
            with trio.move_on_after(WITHIN):
                told = await ref.anywhere.inspect(key)
        if told is None:
            return None
        others = core.keeping.others
        there = others.locate(key) if others is not None else None
        return told_shape(core, told, there.node if there is not None else None)

    async def verb(self, core: Core, key: str, verb: str, reason: object) -> VerbResult:
        """Have `cancel`, `cancel_all`, `reset` or `close` done by the owner of a key.

        Raises:
            CannotError: it has not answered in time, and may do it yet; or the store
                does not answer.
            OtherNodeError: there is no owner who could.
        """
        anywhere = RouterRef[Any, Any](core.ref).anywhere
        with asking(core.ref.path), trio.move_on_after(WITHIN):
            if verb == "cancel":
                return await anywhere.cancel(key, reason=reason)
            if verb == "cancel_all":
                return await anywhere.cancel_all(key, reason)
            if verb == "reset":
                return await anywhere.reset(key, reason)
            return await anywhere.close(key, reason)
        others = core.keeping.others
        there = others.locate(key) if others is not None else None
        who = "no node owns the key just now" if there is None else _named(there)
        msg = f"{verb} {key!r}: no answer within {WITHIN:g} s: {who}; it may come yet"
        raise CannotError(msg)

    # -------------------------------------------------------------------------- inside

    def _sharing(self, router: str | None) -> Mapping[str, tuple[Core, Elsewhere]]:
        """The routers that share their store; or the one with this path, if it does."""
        return {
            path: (core, core.keeping.others)
            for path, core in chosen(routers_of(self._system), router).items()
            if core.keeping.others is not None
        }


def _none(router: str | None) -> Mapping[str, tuple[Core, Elsewhere]]:
    who = "no router shares" if router is None else f"{router} does not share"
    msg = f"{who} a store with other nodes"
    raise CannotError(msg)


def _named(there: Located) -> str:
    at = f" at {there.address}" if there.address is not None else ""
    return f"node {there.node}{at} has the key"


@contextlib.contextmanager
def asking(path: str) -> Generator[None]:
    """Say what a store, or whoever shares it, says no to.

    Raises:
        CannotError: it does not answer, refuses, or its router has ended.
        OtherNodeError: only the owner of the key can do it.
    """
    try:
        yield
    except ElsewhereError as error:
        raise OtherNodeError(
            error.key, f"{path}: {error.what}", error.node, error.address
        ) from error
    except (SupervisionError, ClosedToNewError) as error:  # it may end meanwhile
        msg = f"{path}: {error}"
        raise CannotError(msg) from error
    except FileExistsError as error:
        msg = f"{path}: there is something at {error.filename}: {error.strerror}"
        raise CannotError(msg) from error
