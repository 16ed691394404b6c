"""`Service`: a tree with a beginning, a drain and an end, under one budget.

    STARTING   the tree is being started: until its top actor is ready
    READY      it works
    DRAINING   routers take no more prompts, and finish what they have accepted
    STOPPING   the tree stops, the last started first
    ENDED      nothing of it is left

What moves it on: `stop` (a signal, a request over the control socket, the end of the
tree) from any state before DRAINING; `stop_now` cuts the rest short; a crash of the
tree goes to STOPPING, as its routers have crashed with it.  The budget runs from the
first `stop` on: four fifths of it are the drain's, what is left is the stop's.

The tree lives in `open_system`.  Around that live the tasks that must outlive it: the
control socket, and what `run` has beside it.  They may not harm it: one that crashes is
logged, and the service goes on without it.
"""

from __future__ import annotations

import enum
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from actors import (
    Actor,
    ActorStoppedError,
    ActorSystem,
    AnyRef,
    Crashed,
    Exit,
    Killed,
    open_system,
)
from actors.hosting import cut_short, has_failed, late_so_far, stop_within
from supervision._log.safe import Log
from supervision._routing.census import routers_of
from supervision._routing.core.looking import statistics
from supervision._trees.draining import DrainNotes, begin_drain
from supervision._view.looking import version
from supervision._view.shapes import ServiceShape
from supervision._view.view import View
from supervision.service._terms.exit_codes import ExitCode
from supervision.service._terms.report import ServiceReport
from supervision.service._terms.settings import Settings

from .collector import plain_gc, tuned_gc
from .drain import Drain
from .measures import Measures

logger = Log("supervision.service")

SHARE: Final = 0.8
"""Of the budget: for the drain."""
LEFT: Final = "the process had to leave"
CRASHED: Final = "the tree crashed"

Beside = Callable[["Service"], Awaitable[None]]
"""A task around the tree: it is started when there is something to see, and cancelled
when the tree has ended."""


class ServiceState(enum.Enum):
    """How far a service is."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPING = "stopping"
    ENDED = "ended"


class Service:
    """One tree, run once; made by `serve` and `run`."""

    def __init__(
        self, make: Callable[..., Actor[Any]], args: tuple[Any, ...], settings: Settings
    ) -> None:
        self.settings = settings
        """How it is run."""
        own: str = getattr(make, "__name__", "service")
        self.name = settings.name if settings.name is not None else own
        """What it is called."""
        self._state = ServiceState.STARTING
        self._reached = {state: trio.Event() for state in ServiceState}
        self.system: ActorSystem
        """Its actors; there from the first moment that anybody can see it."""
        self.view: View
        """What there is to be seen, and done."""
        self.tree: AnyRef | None = None
        """The actor on top; None before it has been made."""
        self.report: ServiceReport | None = None
        """How it went; None before the end."""
        self.exit_code: int = ExitCode.OK
        """What the process is to end with, as far as it is known."""
        self._make = make
        self._args = args
        self._begun = trio.current_time()
        self._why: str | None = None
        self._asked_at = 0.0
        self._stopped_at: float | None = None
        self._budget = settings.budget
        self._waiting = trio.CancelScope()  # for a reason to stop
        self._body = trio.CancelScope()  # all that comes before the tree's stop
        self._drains: Drain
        self._notes = DrainNotes()
        self._measures = Measures() if settings.metrics is not None else None

    @property
    def state(self) -> ServiceState:
        """How far it is."""
        return self._state

    def _enter(self, state: ServiceState) -> None:
        self._state = state
        for each in ServiceState:  # those that were left out have been passed
            self._reached[each].set()
            if each is state:
                return

    async def wait_for(self, state: ServiceState) -> None:
        """Wait until it is so far, or farther.  A checkpoint."""
        await self._reached[state].wait()

    @property
    def why(self) -> str | None:
        """Why it stops; None while it does not."""
        return self._why

    @property
    def left(self) -> float | None:
        """Seconds of the budget that are left; None while it does not stop."""
        if self._why is None:
            return None
        return max(0.0, self._asked_at + self._budget - trio.current_time())

    @property
    def running(self) -> tuple[int, int]:
        """How many turns run, and how many prompts wait, in all routers."""
        routers = routers_of(self.system).values()
        now = [statistics(router) for router in routers]
        return (
            sum(each.turns_running for each in now),
            sum(each.queued - each.answering for each in now),
        )

    def shape(self) -> ServiceShape:
        """Itself, as the control socket shows it."""
        socket = self.settings.socket
        return ServiceShape(
            name=self.name,
            pid=os.getpid(),
            state=self.state.value,
            why=self._why,
            uptime=trio.current_time() - self._begun,
            budget=self._budget,
            left=self.left,
            socket=str(socket) if socket is not None else None,
            python=platform.python_version(),
            version=version(),
        )

    # -------------------------------------------------------------------- stopping it

    def stop(self, why: str, *, within: float | None = None) -> None:
        """Drain, then stop, under one budget.  Not a checkpoint; the first call counts.

        Args:
            why: for the log and the report.
            within: seconds, instead of the settings' budget.
        """
        if self._why is not None:
            return
        self._why = why
        self._asked_at = trio.current_time()
        if within is not None:
            self._budget = within
        self._waiting.cancel()

    def stop_now(self, why: str, *, exit_code: int = ExitCode.LATE) -> None:
        """Stop at once: all that runs is cancelled, all that waits is lost.

        Not a checkpoint.  Clean-up still runs, but not for long.
        """
        if self.state is ServiceState.ENDED:
            return
        asked = self._why
        self.stop(why)
        if asked is not None:
            self._why = f"{asked}, then {why}"
        logger.warning("%s: stopping now", why)
        self.exit_code = exit_code
        if self.state is ServiceState.STOPPING:
            cut_short(self.system)
        else:
            stop_within(self.system, 0.0)
            self._body.cancel()

    # ------------------------------------------------------------------------- its life

    async def live(
        self,
        beside: tuple[Beside, ...],
        ready: Callable[[], object],
    ) -> ServiceReport:
        """Run the tree from its start to its end.

        Args:
            beside: what is to run around it.
            ready: called when it is ready, or is to stop before it is.
        """
        crash: BaseException | None = None
        begun = trio.current_time()
        async with trio.open_nursery() as around:
            try:
                async with open_system(stop_within=self._budget) as system:
                    self.system = system
                    self._drains = Drain(system)
                    registries = [self.settings.registry]
                    if self._measures is not None:
                        self._measures.begin(system)
                        registries.insert(0, self._measures.registry)
                    self.view = View(
                        system,
                        name=self.name,
                        facts=self.shape,
                        stop=self._asked,
                        registries=registries,
                    )
                    for each in beside:
                        around.start_soon(self._harmless, each)
                    try:
                        with self._body:
                            await self._work(ready)
                    finally:
                        self._begin_stop()
            except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - it is in the report
                crash = error
            ended = trio.current_time()
            around.cancel_scope.cancel()
        self._enter(ServiceState.ENDED)
        self.report = self._account(ended - begun, ended, crash)
        return self.report

    async def _work(self, ready: Callable[[], object]) -> None:
        with tuned_gc() if self.settings.tuned_gc else plain_gc() as tune:
            with self._waiting:
                self.tree = self.system.start(self._make, *self._args, name=self.name)
                try:
                    await self.tree.wait_started()
                except ActorStoppedError:
                    self._ended(await self.tree.wait_stopped())
                else:
                    tune()
                    self._enter(ServiceState.READY)
                    took = trio.current_time() - self._begun
                    logger.info("%s is ready after %.2f s", self.name, took)
                    ready()
                    self._ended(await self.tree.wait_stopped())
            if self._why == CRASHED:
                return
            if self.state is ServiceState.STARTING:
                ready()
            await self._drain()

    async def _drain(self) -> None:
        """Let routers finish what they have accepted."""
        self._enter(ServiceState.DRAINING)
        self._notes = begin_drain(self.system)
        logger.info("%s: draining, then stopping within %g s", self._why, self._budget)
        await self._drains.run(self._asked_at + SHARE * self._budget)

    def _ended(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        if isinstance(exit, Crashed):
            self.stop(CRASHED)
        elif isinstance(exit, Killed):
            self.exit_code = ExitCode.CRASHED
            self.stop("the tree was killed")
        else:
            self.stop("the tree has ended")

    def _begin_stop(self) -> None:
        """The tree's stop begins when the block is left, however that is."""
        if self._why is None:
            crashed = has_failed(self.system) or isinstance(sys.exception(), Exception)
            self.stop(CRASHED if crashed else "cancelled")
        self._enter(ServiceState.STOPPING)
        self._stopped_at = trio.current_time()
        if not self._body.cancel_called and self.left is not None:
            stop_within(self.system, max(self.left, self._budget * (1 - SHARE) / 2))

    def _asked(self, why: str, within: float | None) -> None:
        self.stop(why, within=within)

    async def _harmless(self, beside: Beside) -> None:
        try:
            await beside(self)
        except Exception:
            name = getattr(beside, "__name__", repr(beside))
            logger.exception("%s has failed; the service goes on without it", name)

    # -------------------------------------------------------------------- how it went

    def account_now(self) -> ServiceReport:
        """How it went, of one that does not end and is given up with all that it does.

        Every prompt that is left gets its outcome.
        """
        self._drains.leave(LEFT)
        self.exit_code = ExitCode.LATE
        now = trio.current_time()
        return self._account(now - self._begun, now, None)

    def _account(
        self, seconds: float, ended: float, crash: BaseException | None
    ) -> ServiceReport:
        late = late_so_far(self.system)
        stopped_at = self._stopped_at if self._stopped_at is not None else ended
        drained = max(0.0, stopped_at - self._asked_at)
        routers = self._drains.routers()
        report = ServiceReport(
            name=self.name,
            seconds=seconds,
            why=self._why or "",
            exit_code=self.exit_code,
            routers=routers,
            drain_seconds=drained,
            stop_seconds=ended - stopped_at,
            budget=self._budget,
            late=late,
            lost=self._drains.lost,
            lost_total=sum(each.outcomes.get("Lost", 0) for each in routers),
            aborted=self._drains.aborted,
            let_go=tuple(self._notes.let_go),
            let_go_total=self._notes.total,
            crash=crash,
        )
        if crash is not None:
            self.exit_code = ExitCode.CRASHED
        elif self.exit_code == ExitCode.OK and not report.in_time:
            self.exit_code = ExitCode.LATE
        return attrs.evolve(report, exit_code=self.exit_code)
