"""`AsyncTree`: a tree that runs beside asyncio, and what can be asked of its actors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self, TypeVar, TypeVarTuple

from actors import ActorRef, AnyRef, Session
from actors.messages import Askable
from supervision._routing.handle import RouterRef, router_ref
from supervision._trees.requests import find_child
from supervision.bridge._blocking.tree import BlockingTree
from supervision.bridge._wire.thread import TrioThread
from supervision.service import Service, ServiceReport

from .router import AsyncRouter
from .waiting import Line, arrive, check_loop

P = TypeVar("P")
C = TypeVar("C")
M = TypeVar("M")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class AsyncTree:
    """A tree in a thread of its own; made by `open_tree`.

    Any task of any loop may use it.  After the tree has ended every call raises
    `TreeEndedError`.
    """

    def __init__(self, thread: TrioThread) -> None:
        self._thread = thread
        self._line = Line(thread)

    def __repr__(self) -> str:
        state = "has ended" if self.ended else self.service.state.value
        return f"<AsyncTree {self._thread.name}: {state}>"

    @classmethod
    def of(cls, tree: BlockingTree) -> Self:
        """The same tree for asyncio, of one that a thread has opened."""
        return cls(tree._thread)

    @property
    def blocking(self) -> BlockingTree:
        """The same tree for threads, such as those of `asyncio.to_thread`."""
        return BlockingTree(self._thread)

    @property
    def service(self) -> Service:
        """The service that it is, for use in Trio: in `run` and `run_sync`."""
        return self._thread.ready.get()

    @property
    def ref(self) -> AnyRef:
        """The ref of the actor on top: for `ask`, or to be used in Trio."""
        ref = self.service.tree
        assert ref is not None
        return ref

    @property
    def ended(self) -> bool:
        """Whether it has ended, and calls are refused."""
        return self._thread.closed

    @property
    def crash(self) -> BaseException | None:
        """What it crashed with; None: it has not, or not yet."""
        return self._thread.crash

    @property
    def report(self) -> ServiceReport | None:
        """How it went; None before its end, or if it was cancelled."""
        return self._thread.report

    async def wait_ended(self) -> None:
        """Wait until nothing of it runs any more; `crash` and `report` say how it was.

        Raises:
            WrongSideError: not in asyncio.
        """
        check_loop("wait_ended()")
        await arrive(self._thread.ended)

    def stop(self, why: str) -> None:
        """Ask it to drain and stop; returns at once, from any thread.  Idempotent."""
        self._thread.stop(why)

    async def router(self, make: type[Session[P, C]], *ids: str) -> AsyncRouter[P, C]:
        """Get the handle of a router in it, by the ids on the way down to it.

        Args:
            make: the class of its sessions.
            ids: as for `find_child`: the last is the router's, the others supervisors'.

        Raises:
            UnknownChildError, ChildNotRunningError: as `find_child`.
            TypeError: it is no router, or one of other sessions.
            TreeEndedError, WrongSideError: as `run`.
        """
        return AsyncRouter(
            self._line, await self.run(partial(_find, self.ref, make, ids))
        )

    async def tell(self, ref: ActorRef[M], message: M) -> None:
        """Tell an actor something, waiting for room: as `ActorRef.tell`.

        Messages of one task arrive in their order.  Cancelled means not sent, unless it
        has been already.
        """
        await self._line.run(ref.tell, message)

    async def ask(
        self, ref: ActorRef[M], request: Askable[M, R], *, within: float | None = None
    ) -> R:
        """Ask an actor something, and wait for its answer: as `ActorRef.ask`.

        Cancelled: the request is abandoned, as there.

        Args:
            ref: whom.
            request: what.
            within: seconds until `trio.TooSlowError`; None (default): for ever.
        """
        return await self._line.run(ref.ask, request, within=within)

    async def run(self, async_fn: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Run an async function in Trio, beside the tree, and give what it returns.

        In it is Trio: there refs, `RouterRef` and `tree.service` are used as they are.
        Its context is empty: the caller's context variables do not go over.

        Cancelled: it is cancelled in Trio, and this waits until it has ended there.

        Raises:
            TreeEndedError: the tree has ended, before or meanwhile.
            WrongSideError: not in asyncio.
            BaseException: what it raises, as it is.
        """
        return await self._line.run(partial(async_fn, *args))

    async def run_sync(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call a plain function in Trio's thread; it holds up the whole tree.

        Raises:
            TreeEndedError, WrongSideError, BaseException: as `run`.
        """
        return await self._line.step(partial(fn, *args))


async def _find(
    top: AnyRef, make: type[Session[P, C]], ids: tuple[str, ...]
) -> RouterRef[P, C]:
    return router_ref(await find_child(top, *ids), make)
