"""`BlockingTree`: a tree beside threads, and what can be asked of its actors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar, TypeVarTuple

from actors import ActorRef, AnyRef, Session
from actors.messages import Askable
from supervision._routing.handle import RouterRef, router_ref
from supervision._trees.requests import find_child
from supervision.bridge._wire.thread import TrioThread
from supervision.service import Service, ServiceReport

from .router import BlockingRouter
from .waiting import Line, arrive, check_thread

P = TypeVar("P")
C = TypeVar("C")
M = TypeVar("M")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class BlockingTree:
    """A tree in a thread of its own; made by `open_blocking_tree`.

    Any thread may use it that has no event loop of its own to hold up.  After the tree
    has ended every call raises `TreeEndedError`.
    """

    def __init__(self, thread: TrioThread) -> None:
        self._thread = thread
        self._line = Line(thread)

    def __repr__(self) -> str:
        state = "has ended" if self.ended else self.service.state.value
        return f"<BlockingTree {self._thread.name}: {state}>"

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

    def wait_ended(self, within: float | None = None) -> None:
        """Wait until nothing of it runs any more; `crash` and `report` say how it was.

        Args:
            within: seconds until TimeoutError; None (default): as long as it takes.

        Raises:
            WrongSideError: inside an event loop.
        """
        check_thread("wait_ended()")
        arrive(self._thread.ended, within)

    def stop(self, why: str) -> None:
        """Ask it to drain and stop; returns at once, from any thread.  Idempotent."""
        self._thread.stop(why)

    def router(self, make: type[Session[P, C]], *ids: str) -> BlockingRouter[P, C]:
        """Get the handle of a router in it, by the ids on the way down to it.

        Args:
            make: the class of its sessions.
            ids: as for `find_child`: the last is the router's, the others supervisors'.

        Raises:
            UnknownChildError, ChildNotRunningError: as `find_child`.
            TypeError: it is no router, or one of other sessions.
            TreeEndedError, WrongSideError: as `run`.
        """
        return BlockingRouter(self._line, self.run(partial(_find, self.ref, make, ids)))

    def tell(self, ref: ActorRef[M], message: M) -> None:
        """Tell an actor something, waiting for room: as `ActorRef.tell`.

        Messages of one thread arrive in their order.  Interrupted means not sent,
        unless it has been already.
        """
        self._line.run(ref.tell, message)

    def ask(
        self, ref: ActorRef[M], request: Askable[M, R], *, within: float | None = None
    ) -> R:
        """Ask an actor something, and wait for its answer: as `ActorRef.ask`.

        Interrupted: the request is abandoned, as there.

        Args:
            ref: whom.
            request: what.
            within: seconds until `trio.TooSlowError`; None (default): for ever.
        """
        return self._line.run(ref.ask, request, within=within)

    def run(
        self,
        async_fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        within: float | None = None,
    ) -> T:
        """Run an async function in Trio, beside the tree, and give what it returns.

        In it is Trio: there refs, `RouterRef` and `tree.service` are used as they are.
        Its context is empty: the caller's context variables do not go over.

        Ctrl-C: it is cancelled in Trio, and this waits until it has ended there.

        Args:
            async_fn: what to run.
            args: for it.
            within: seconds until it is cancelled, for TimeoutError; None: as long as it
                takes.

        Raises:
            TimeoutError: `within` is over.
            TreeEndedError: the tree has ended, before or meanwhile.
            WrongSideError: inside an event loop.
            BaseException: what it raises, as it is.
        """
        return self._line.run_within(within, partial(async_fn, *args))

    def run_sync(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call a plain function in Trio's thread; it holds up the whole tree.

        Raises:
            TreeEndedError, WrongSideError, BaseException: as `run`.
        """
        return self._line.step(partial(fn, *args))


async def _find(
    top: AnyRef, make: type[Session[P, C]], ids: tuple[str, ...]
) -> RouterRef[P, C]:
    return router_ref(await find_child(top, *ids), make)
