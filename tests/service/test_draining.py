"""A drain is not undone by those it turns away, and the stop waits for no start.

On the virtual clock.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import Actor, AnyRef, Session, Turn
from supervision import (
    AutoShutdown,
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    ExitCode,
    Limits,
    Restart,
    RestartLimit,
    Router,
    Service,
    ServiceReport,
    Settings,
    Strategy,
    Supervisor,
    find_child,
    router_ref,
    serve,
    start_child,
)


class Chat(Session[float, str]):
    """A turn takes as many seconds as its prompt says."""

    async def take_turn(self, turn: Turn[float, str]) -> None:
        await trio.sleep(turn.prompt)


class Door(Actor[str]):
    """Brings a prompt now and then, and lets a refusal out as it came."""

    def __init__(self, owner: AnyRef, wraps: bool = False) -> None:  # noqa: FBT001, FBT002 - an argument of a ChildSpec
        self.owner = owner
        self.wraps = wraps

    async def started(self) -> None:
        self.router = router_ref(await find_child(self.owner, "router"), Chat)
        self.every(0.1, "now")

    def receive(self, message: str) -> None:
        try:
            self.router.send("door", 0.0)
        except Exception as error:
            if self.wraps:
                raise LookupError(message) from error
            raise


class Clumsy(Actor[str]):
    """Crashes twice a second, whatever happens; told to, it ends."""

    def started(self) -> None:
        self.every(0.5, "crash")

    def receive(self, message: str) -> None:
        if message == "end":
            self.finish()
        else:
            raise ValueError(message)


class Later(Clumsy):
    """Ends, or crashes, when the drain has begun."""

    def __init__(self, message: str) -> None:
        self.message = message

    def started(self) -> None:
        self.after(1.5, self.message)


ROUTER = ChildSpec(Router, Chat, (), Limits(sessions=100, turns=20), id="router")


def tree_of(*children: ChildSpec[Any], door: bool = True, **options: Any) -> Any:
    """A tree with a router, these, and a door."""

    class Tree(Supervisor):
        def declare(self) -> list[ChildSpec[Any]]:
            doors = [ChildSpec(Door, self.ref, id="door")] if door else []
            return [ROUTER, *children, *doors]

    for name, value in options.items():
        setattr(Tree, name, value)
    return Tree


async def drained(make: type[Supervisor]) -> ServiceReport:
    """Serve it, with a turn of ten seconds that runs when it is told to stop."""
    async with trio.open_nursery() as nursery:
        settings = Settings(budget=25.0)
        service: Service = await nursery.start(partial(serve, make, settings=settings))
        assert service.tree is not None
        router = router_ref(await find_child(service.tree, "router"), Chat)
        router.send("long", 10.0)
        await trio.sleep(1.0)
        service.stop("enough")
    report = service.report
    assert report is not None
    assert report.adds_up
    return report


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_who_is_turned_away_does_not_take_the_tree_down(
    strategy: Strategy, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """It is let go at its first refusal, alone, and the running turn ends by itself."""
    del autojump_clock
    caplog.set_level(logging.INFO)
    report = await drained(tree_of(strategy=strategy))

    assert report.exit_code == ExitCode.OK
    assert report.crash is None
    assert "Aborted" not in report.outcomes
    assert 9.0 <= report.drain_seconds < 9.5
    assert [each.path for each in report.let_go] == ["/Tree/door"]
    assert report.let_go_total == 1
    assert "let go, as the service drains" in caplog.text
    text = " ".join(" ".join(report.lines()).split())
    assert "1 child crashed in the drain, not restarted: /Tree/door (Closed" in text
    assert report.as_json()["let_go"][0]["path"] == "/Tree/door"


async def test_a_refusal_behind_another_error_is_one(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """What it was raised from is looked at."""
    del autojump_clock

    class Tree(Supervisor):
        def declare(self) -> list[ChildSpec[Any]]:
            return [ROUTER, ChildSpec(Door, self.ref, True, id="door")]  # noqa: FBT003

    report = await drained(Tree)

    assert report.let_go_total == 1
    assert caplog.text.count("child door crashed") == 1


async def test_who_crashes_for_another_reason_is_restarted_up_to_its_limit(
    autojump_clock: MockClock,
) -> None:
    """Turns may need it; over the limit it is let go, and nobody gives up."""
    del autojump_clock
    clumsy = ChildSpec(Clumsy, id="clumsy")
    report = await drained(
        tree_of(clumsy, door=False, limit=RestartLimit(4, within=100))
    )

    assert report.outcomes == {"Completed": 1}
    assert [each.path for each in report.let_go] == ["/Tree/clumsy"]


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_wait_before_a_restart_is_kept(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """Also of one that would have taken others down with it."""
    del autojump_clock
    wait = Backoff(0.2, 0.2, factor=1.0, jitter=0.0)
    late = ChildSpec(Later, "crash", id="late", backoff=wait)
    report = await drained(
        tree_of(late, door=False, strategy=strategy, limit=RestartLimit(3, within=100))
    )

    assert report.outcomes == {"Completed": 1}
    assert [each.path for each in report.let_go] == ["/Tree/late"]


async def test_a_group_is_not_complete_before_the_drain_is(
    autojump_clock: MockClock,
) -> None:
    """A significant child that has ended stops nothing that the drain finishes."""
    del autojump_clock
    late = ChildSpec(
        Later, "end", id="late", restart=Restart.TRANSIENT, significant=True
    )
    report = await drained(
        tree_of(late, door=False, auto_shutdown=AutoShutdown.ANY_SIGNIFICANT)
    )

    assert report.outcomes == {"Completed": 1}
    assert report.let_go == ()


@pytest.mark.parametrize("limit", [None, RestartLimit(2, within=100)])
async def test_children_of_a_dynamic_supervisor_too(
    limit: RestartLimit | None, autojump_clock: MockClock
) -> None:
    """It is turned away, or over the limit; the others go on."""
    del autojump_clock

    class Doors(DynamicSupervisor):
        def declare(self) -> ChildSpec[Any]:
            given: Any = ChildSpec  # its arguments come with each child
            template: ChildSpec[Any] = given(Door)
            return template

    class Clumsies(DynamicSupervisor):
        template = ChildSpec(Clumsy)

    Clumsies.limit = limit or RestartLimit(1000, within=100)

    class Tree(Supervisor):
        def declare(self) -> list[ChildSpec[Any]]:
            return [ROUTER, ChildSpec(Doors, id="doors"), ChildSpec(Clumsies, id="c")]

    class Starter(Tree):
        def started(self) -> None:
            super().started()
            self.start_soon(self.fill)

        async def fill(self) -> None:
            await start_child(await find_child(self.ref, "doors"), self.ref)
            if limit is not None:
                await trio.sleep(0.3)
                await start_child(await find_child(self.ref, "c"))

    report = await drained(Starter)

    assert report.crash is None
    assert "Aborted" not in report.outcomes
    assert report.let_go_total == (1 if limit is None else 2)


async def test_a_tree_that_crashes_in_the_drain_tells_how_long_it_drained(
    autojump_clock: MockClock,
) -> None:
    """Not that it never did."""
    del autojump_clock

    class Tree(Supervisor):
        children = (ROUTER,)

        def started(self) -> None:
            super().started()
            self.start_soon(self.fail)

        async def fail(self) -> None:
            await trio.sleep(3.0)
            raise ValueError("the tree itself")

    services: list[Service] = []
    settings = Settings(budget=25.0)

    async def crash() -> None:
        async with trio.open_nursery() as nursery:
            service: Service = await nursery.start(
                partial(serve, Tree, settings=settings)
            )
            services.append(service)
            router = router_ref(await find_child(service.tree, "router"), Chat)  # type: ignore[arg-type] # it is ready
            router.send("long", 10.0)
            await trio.sleep(1.0)
            service.stop("enough")

    with pytest.RaisesGroup(ValueError, flatten_subgroups=True):
        await crash()
    report = services[0].report
    assert report is not None
    assert report.exit_code == ExitCode.CRASHED
    assert report.drain_seconds == pytest.approx(2.0)
    assert report.stop_seconds < 1.0


# ---------------------------------------------------------------- who only starts


class SlowStart(Actor[str]):
    """Is never ready."""

    grace = 3600.0

    async def started(self) -> None:
        await trio.sleep_forever()

    def receive(self, message: str) -> None:
        del message


class Waits(Actor[str]):
    """Is busy with its one message for ever."""

    grace = 5.0

    def started(self) -> None:
        self.ref.tell_nowait("x")

    async def receive(self, message: str) -> None:
        del message
        await trio.sleep_forever()


@pytest.mark.parametrize("ready", [True, False])
async def test_what_starts_when_it_stops_is_cancelled_at_once(
    autojump_clock: MockClock, *, ready: bool
) -> None:
    """Before the tree is ready, or after: nobody waits for it, nobody is late."""
    del autojump_clock

    class Tree(Supervisor):
        children = () if ready else (ChildSpec(SlowStart, id="slow"),)

        def started(self) -> None:
            super().started()
            if ready:
                self.start(SlowStart)

    service = Service(Tree, (), Settings(budget=25.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.live, (), lambda: None)
        await trio.testing.wait_all_tasks_blocked()
        service.stop("enough")

    report = service.report
    assert report is not None
    assert (report.exit_code, report.late) == (ExitCode.OK, ())
    assert report.drain_seconds + report.stop_seconds < 0.1


async def test_late_means_the_budget(autojump_clock: MockClock) -> None:
    """Who has used up its own grace is killed and named; the service is in time."""
    del autojump_clock
    service = Service(Waits, (), Settings(budget=25.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.live, (), lambda: None)
        await trio.testing.wait_all_tasks_blocked()
        service.stop("enough")

    report = service.report
    assert report is not None
    assert report.exit_code == ExitCode.OK
    assert report.stop_seconds == pytest.approx(5.0)
    assert [late.path for late in report.late] == ["/Waits"]
    text = " ".join(" ".join(report.lines()).split())
    assert "killed 1 actor killed: /Waits (receive); their own grace was over" in text
    assert "in time" in text


async def test_one_that_the_budget_has_cut_off_is_late(
    autojump_clock: MockClock,
) -> None:
    """Its grace was not over yet."""
    del autojump_clock
    service = Service(Waits, (), Settings(budget=3.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.live, (), lambda: None)
        await trio.testing.wait_all_tasks_blocked()
        service.stop("enough")

    report = service.report
    assert report is not None
    assert report.exit_code == ExitCode.LATE
    assert not report.in_time
