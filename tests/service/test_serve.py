"""A tree as a service: ready, drained, stopped, under one budget; `serve`."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Actor,
    AnyRef,
    ClosedToNewError,
    Completed,
    Lost,
    Outcome,
    Receipt,
    RefusedError,
    Session,
    Turn,
    open_system,
)
from actors.testing import seeds
from supervision import (
    ChildSpec,
    ExitCode,
    Limits,
    RestartLimitError,
    Router,
    RouterRef,
    Service,
    ServiceReport,
    Settings,
    Supervisor,
    find_child,
    router_ref,
    run,
    serve,
    start_router,
)
from supervision.metrics import Registry
from supervision.service import ServiceState


class Chat(Session[float, str]):
    """A turn takes as many seconds as its prompt says."""

    async def take_turn(self, turn: Turn[float, str]) -> None:
        await trio.sleep(turn.prompt)


class Plain(Actor[object]):
    """Takes anything; an exception crashes it, None ends it."""

    def receive(self, message: object) -> None:
        if isinstance(message, Exception):
            raise message
        if message is None:
            self.finish()


class Tree(Supervisor):
    """A router and something else."""

    children = (
        ChildSpec(Router, Chat, (), Limits(sessions=100, turns=2), id="router"),
        ChildSpec(Plain, id="plain"),
    )


class Stubborn(Actor[str]):
    """Does not end when it is asked to."""

    grace = 1_000.0

    async def receive(self, message: str) -> None:
        del message
        with trio.CancelScope(shield=True):
            await trio.sleep(100)


class SlowToStart(Actor[str]):
    """Is never ready."""

    async def started(self) -> None:
        await trio.sleep_forever()

    def receive(self, message: str) -> None:
        del message


@attrs.frozen
class Served:
    """A service and its router."""

    service: Service
    router: RouterRef[float, str]
    ref: AnyRef

    @property
    def ended(self) -> ServiceReport:
        """How it went; every prompt has its outcome."""
        return ended(self.service)


def ended(service: Service) -> ServiceReport:
    """How it went; every prompt has its outcome."""
    report = service.report
    assert report is not None
    assert report.adds_up
    return report


@asynccontextmanager
async def open_service(
    make: type[Supervisor] | None = None, *, signals: bool = False, **options: Any
) -> AsyncGenerator[Served]:
    """Serve the tree; leaving the block waits for its end."""
    settings = Settings(**options)
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(
            partial(serve, make or Tree, settings=settings, signals=signals)
        )
        assert service.tree is not None
        ref = await find_child(service.tree, "router")
        yield Served(service, router_ref(ref, Chat), ref)


# ------------------------------------------------------------------------- beginning


async def test_it_is_ready_when_the_tree_is() -> None:
    """It can be seen, and is named after its tree."""
    async with open_service() as served:
        service = served.service

        assert service.state is ServiceState.READY
        assert (service.name, service.why, service.left) == ("Tree", None, None)
        assert service.tree is not None
        assert service.tree.path == "/Tree"
        assert service.view.service()["state"] == "ready"
        service.stop("enough")
    assert served.ended.exit_code == ExitCode.OK


async def test_stopping_while_it_starts_is_an_ordered_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It can be seen and stopped before it is ready: a start that hangs ends too."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        reports: list[ServiceReport] = []
        services: list[Service] = []

        async def hold() -> None:
            service = Service(SlowToStart, (), Settings(budget=5.0))
            services.append(service)
            reports.append(await service.live((), lambda: None))

        nursery.start_soon(hold)
        await trio.testing.wait_all_tasks_blocked()
        assert services[0].view.service()["state"] == "starting"
        services[0].stop("enough")

    assert reports[0].why == "enough"
    assert reports[0].drain_seconds + reports[0].stop_seconds <= 5


async def test_a_constructor_that_fails_is_raised() -> None:
    """Nothing was started; the report says that it crashed."""

    class Broken(Plain):
        def __init__(self) -> None:
            msg = "no database"
            raise OSError(msg)

    with pytest.raises(OSError, match="no database"):
        await serve(Broken)

    service = Service(Broken, (), Settings())
    report = await service.live((), lambda: None)
    assert (report.why, report.exit_code) == ("the tree crashed", ExitCode.CRASHED)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
async def test_code_that_wants_to_end_the_process_is_reported(
    error: BaseException,
) -> None:
    """It leaves `serve` as it was; of a whole process it is a crash like another."""

    class Leaving(Actor[str]):
        def started(self) -> None:
            raise error

        def receive(self, message: str) -> None:
            del message

    service = Service(Leaving, (), Settings())
    report = await service.live((), lambda: None)
    with pytest.raises(type(error)):
        await serve(Leaving)

    assert (report.exit_code, report.crash) == (ExitCode.CRASHED, error)


async def test_a_start_that_fails_is_raised() -> None:
    """The original exception, not one about actors."""

    class Broken(Plain):
        def started(self) -> None:
            msg = "no table"
            raise LookupError(msg)

    with pytest.raises(LookupError, match="no table"):
        await serve(Broken)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"budget": 0}, "budget must be above 0"),
        ({"budget": float("inf")}, "finite"),
        ({"budget": "25"}, "number of seconds"),
        ({"name": 3}, "name must be a str"),
        ({"socket": "x.sock"}, "socket must be a Path"),
        ({"log_level": "LOUD"}, "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ({"log_format": "json"}, "log_format must be a LogFormat"),
        ({"tuned_gc": 1}, "tuned_gc must be a bool"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    """Where they are made."""
    with pytest.raises((TypeError, ValueError), match=words):
        Settings(**settings)


async def test_settings_are_settings() -> None:
    """Not a dict of them."""
    wrong: Any = {"budget": 3}
    with pytest.raises(TypeError, match="settings must be Settings"):
        await serve(Tree, settings=wrong)
    with pytest.raises(TypeError, match="settings must be Settings"):
        run(Tree, settings=wrong)


async def test_settings_are_given_by_name() -> None:
    """Behind the tree they are for its constructor: it may take some."""
    made: list[object] = []

    class Set(Tree):
        def __init__(self, settings: Settings) -> None:
            super().__init__()
            made.append(settings)

    wrong: Any = Tree
    with pytest.raises(TypeError, match=r"write settings=Settings\(...\): Tree takes"):
        await serve(wrong, Settings())
    with pytest.raises(TypeError, match="settings are given by name"):
        run(wrong, Settings())

    own = Settings(name="own")
    async with trio.open_nursery() as nursery:
        service = await nursery.start(serve, Set, own)
        service.stop("enough")
    assert made == [own]


def test_a_copy_of_settings_has_their_registry() -> None:
    """Who counts has its metrics from it; another process has its own."""
    for registry in (Registry(), Settings().registry):
        settings = Settings(registry=registry)
        for made in (
            attrs.evolve(settings, budget=3),
            copy.copy(settings),
            copy.deepcopy(settings),
        ):
            assert made.registry is registry
        assert hash(copy.deepcopy(settings)) == hash(settings)
    assert pickle.loads(pickle.dumps(Settings())) == Settings()  # noqa: S301 - ours


# -------------------------------------------------------------------------- the drain


async def test_what_is_accepted_is_finished(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Running turns and prompts that wait, as the drain has time for both."""
    del autojump_clock
    async with open_service(budget=100.0) as served:
        receipts = [served.router.send(f"{number}", 10.0) for number in range(6)]
        await trio.sleep(1)
        served.service.stop("enough")

    report = served.ended
    assert [type(receipt.ended) for receipt in receipts] == [Completed] * 6
    assert report.outcomes == report.in_drain == {"Completed": 6}
    assert report.drain_seconds == pytest.approx(29)
    assert (report.why, report.exit_code) == ("enough", ExitCode.OK)


async def test_nothing_more_is_accepted_while_it_drains(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The sender is told, and it is counted as refused."""
    del autojump_clock
    async with open_service() as served:
        served.router.send("a", 5.0)
        await trio.sleep(1)
        served.service.stop("enough")
        await served.service.wait_for(ServiceState.DRAINING)
        await trio.testing.wait_all_tasks_blocked()

        with pytest.raises(ClosedToNewError):
            served.router.send("b", 1.0)
        assert served.service.view.service()["left"] == pytest.approx(25)

    assert served.ended.refused == {"ClosedToNewError": 1}


async def test_a_turn_that_takes_too_long_is_aborted_within_the_budget(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What waits is lost, and named; the end is in order and in time."""
    del autojump_clock
    async with open_service(budget=10.0) as served:
        endless = [served.router.send(f"{number}", 1e6) for number in range(2)]
        waiting = served.router.send("late", 1.0)
        await trio.sleep(1)
        served.service.stop("enough")

    report = served.ended
    assert [type(receipt.ended) for receipt in endless] == [Aborted] * 2
    assert isinstance(waiting.ended, Lost)
    assert (report.aborted, report.lost_total) == (2, 1)
    assert (report.lost[0].router, report.lost[0].key) == ("/Tree/router", "late")
    assert report.drain_seconds + report.stop_seconds <= 10
    assert (report.exit_code, report.in_time) == (ExitCode.OK, True)


async def test_only_the_first_reason_counts(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Asking again neither prolongs nor shortens it."""
    del autojump_clock
    async with open_service() as served:
        served.router.send("a", 3.0)
        await trio.sleep(1)
        served.service.stop("first", within=8.0)
        await trio.sleep(1)
        served.service.stop("second", within=1.0)
        assert served.service.left == pytest.approx(7)

    assert (served.ended.why, served.ended.budget) == ("first", 8.0)
    assert served.ended.outcomes == {"Completed": 1}


class Fragile(Router):
    """A router that can be made to crash."""

    def receive(self, message: object) -> None:
        raise RuntimeError(message)


class FragileTree(Supervisor):
    """Restarts it."""

    children = (ChildSpec(Fragile, Chat, (), Limits(turns=2), id="router"),)


@seeds(20)
async def test_a_router_that_crashes_while_it_drains_is_drained_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its successor takes no prompts either, and nobody waits for it in vain."""
    del autojump_clock
    async with open_service(FragileTree) as served:
        receipt = served.router.send("a", 10.0)
        await trio.sleep(1)
        served.service.stop("enough")
        await trio.sleep(1)
        served.ref.tell_nowait("crash")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RefusedError):
            served.router.send("b", 1.0)

    report = served.ended
    assert isinstance(receipt.ended, Lost | Aborted)
    assert report.accepted == 1
    assert report.drain_seconds == pytest.approx(1)
    assert report.exit_code == ExitCode.OK


@seeds(100)
async def test_whenever_it_is_stopped_every_prompt_has_its_outcome(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Under traffic that does not care."""
    del autojump_clock
    receipts: list[Receipt[float]] = []
    async with open_service(budget=4.0) as served:

        async def talk(key: str) -> None:
            for length in (0.1, 5.0, 0.3, 0.0, 0.2):
                try:
                    receipts.append(await served.router.send_wait(key, length))
                except RefusedError:
                    return
                await receipts[-1].outcome()

        async with trio.open_nursery() as talkers:
            for number in range(8):
                talkers.start_soon(talk, f"{number}")
            await trio.sleep(0.25)
            served.service.stop("enough")

    report = served.ended
    outcomes: list[Outcome | None] = [receipt.ended for receipt in receipts]
    assert None not in outcomes
    assert report.accepted == len(receipts)
    assert report.drain_seconds + report.stop_seconds <= 4


# ------------------------------------------------------------------------------- now


@pytest.mark.parametrize("drains", [False, True])
async def test_a_second_request_stops_it_now(
    drains: bool,  # noqa: FBT001 - a parameter of the test
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What runs is aborted, what waits is lost; both are still counted."""
    del autojump_clock
    async with open_service() as served:
        running = [served.router.send(f"{number}", 1e6) for number in range(2)]
        waiting = served.router.send("late", 1.0)
        await trio.sleep(1)
        if drains:
            served.service.stop("SIGTERM")
            await trio.sleep(2)
        before = trio.current_time()
        served.service.stop_now("SIGINT", exit_code=130)

    assert trio.current_time() - before < 1
    assert [type(receipt.ended) for receipt in running] == [Aborted] * 2
    assert isinstance(waiting.ended, Lost)
    report = served.ended
    assert report.exit_code == 130
    assert report.why == ("SIGTERM, then SIGINT" if drains else "SIGINT")


async def test_thousands_of_turns_that_wait_are_no_danger_to_the_stop() -> None:
    """Each gives its slot to the next, whose session has ended too."""
    async with open_system() as system:
        limits = Limits(sessions=5_000, turns=4)
        router = start_router(system, Chat, limits=limits)
        receipts = [router.send(f"{number}", 1e6) for number in range(3_000)]
        await trio.testing.wait_all_tasks_blocked()

    assert {type(receipt.ended) for receipt in receipts} <= {Aborted, Lost}


class WithStubborn(Supervisor):
    """One that does not end when it is asked to."""

    children = (ChildSpec(Stubborn, id="stubborn"),)


@pytest.mark.parametrize("impatient", [False, True])
async def test_who_does_not_stop_is_killed_and_named(
    impatient: bool,  # noqa: FBT001 - a parameter of the test
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When the budget is over, or when somebody asks again."""
    del autojump_clock
    settings = Settings(budget=10.0)
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(
            partial(serve, WithStubborn, settings=settings)
        )
        assert service.tree is not None
        stubborn = await find_child(service.tree, "stubborn")
        stubborn.tell_nowait("work")
        await trio.sleep(1)
        service.stop("enough")
        await trio.sleep(2)
        assert service.state is ServiceState.STOPPING
        if impatient:
            service.stop_now("again")

    report = ended(service)
    assert [late.path for late in report.late] == ["/WithStubborn/stubborn"]
    assert report.exit_code == ExitCode.LATE
    assert not report.in_time


# --------------------------------------------------------------------- other ends


async def test_a_tree_that_ends_by_itself_is_a_good_end() -> None:
    """Its work is done."""

    class Done(Plain):
        def started(self) -> None:
            self.ref.tell_nowait(None)

    report = await serve(Done)

    assert (report.why, report.exit_code) == ("the tree has ended", ExitCode.OK)
    assert report.routers == ()


async def test_a_tree_that_is_killed_is_a_bad_end() -> None:
    """Somebody ended it out of order."""
    async with open_service() as served:
        served.router.send("a", 1e6)
        assert served.service.tree is not None
        served.service.tree.kill()

    assert served.ended.exit_code == ExitCode.CRASHED
    assert served.ended.outcomes.keys() <= {"Aborted", "Lost"}


async def test_a_crash_leaves_as_it_was_and_the_report_is_there() -> None:
    """Nobody above the tree restarts it."""
    found: list[Service] = []
    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError, match="boom")):
        async with trio.open_nursery() as nursery:
            service: Service = await nursery.start(serve, Plain)
            found.append(service)
            assert service.tree is not None
            service.tree.tell_nowait(ZeroDivisionError("boom"))

    report = found[0].report
    assert report is not None
    assert (report.why, report.exit_code) == ("the tree crashed", ExitCode.CRASHED)
    assert isinstance(report.crash, ZeroDivisionError)
    assert found[0].state is ServiceState.ENDED


async def test_a_tree_that_gives_up_has_outcomes_for_all(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its routers end with it, and are counted."""
    del autojump_clock
    found: list[Served] = []
    with pytest.RaisesGroup(RestartLimitError):
        async with open_service() as served:
            found.append(served)
            served.router.send("a", 1e6)
            await trio.sleep(1)
            plain = await find_child(served.service.tree, "plain")  # type: ignore[arg-type] # it is there
            for _ in range(4):
                plain.tell_nowait(ValueError("again"))
                await trio.testing.wait_all_tasks_blocked()

    report = found[0].service.report
    assert report is not None
    assert report.adds_up
    assert report.accepted == 1
    assert report.exit_code == ExitCode.CRASHED


async def test_cancelled_it_stops_in_order_without_a_drain(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Nothing of it is left."""
    del autojump_clock
    found: list[tuple[Service, Receipt[float]]] = []
    with trio.CancelScope() as scope:
        async with open_service() as served:
            found.append((served.service, served.router.send("a", 1e6)))
            await trio.sleep(1)
            scope.cancel()

    ((service, receipt),) = found
    assert isinstance(receipt.ended, Aborted)
    assert service.state is ServiceState.STOPPING
    assert service.why == "cancelled"


async def test_what_runs_beside_it_cannot_harm_it() -> None:
    """It is logged, and the service goes on."""

    async def fail(service: Service) -> None:
        msg = f"beside {service.name}"
        raise RuntimeError(msg)

    service = Service(Plain, (), Settings())

    async def stop_soon(service: Service) -> None:
        await trio.testing.wait_all_tasks_blocked()
        assert service.state is ServiceState.READY
        service.stop("enough")

    report = await service.live((fail, stop_soon), lambda: None)

    assert (report.why, report.exit_code) == ("enough", ExitCode.OK)


async def test_the_collector_is_as_before_when_it_has_ended() -> None:
    """Tuned while it is ready, not longer."""
    before = gc.get_threshold()
    frozen = gc.get_freeze_count()
    async with open_service(tuned_gc=True) as served:
        assert gc.get_threshold() == (100_000, 50, 100)
        assert gc.get_freeze_count() > frozen
        served.service.stop("enough")

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


# --------------------------------------------------------------------------- signals


async def test_a_signal_drains_the_next_stops_now_the_third_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its handlers are gone with it."""
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    async with open_service(signals=True) as served:
        receipt = served.router.send("a", 1e6)
        await trio.testing.wait_all_tasks_blocked()
        signal.raise_signal(signal.SIGTERM)
        await served.service.wait_for(ServiceState.DRAINING)
        assert (served.service.why, receipt.ended) == ("SIGTERM", None)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

    assert served.ended.exit_code == 128 + signal.SIGINT
    assert served.ended.why == "SIGTERM, then SIGINT"
    assert isinstance(receipt.ended, Aborted)
    assert left == [128 + signal.SIGTERM]
    assert before == [signal.getsignal(e) for e in (signal.SIGTERM, signal.SIGINT)]


async def test_a_signal_while_it_starts_gives_the_service_to_who_waits_for_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It was never ready; who has started it is not left in the dark."""
    del autojump_clock
    found: list[Service] = []

    async def begin(nursery: trio.Nursery) -> None:
        found.append(await nursery.start(partial(serve, SlowToStart, signals=True)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(begin, nursery)
        await trio.testing.wait_all_tasks_blocked()
        signal.raise_signal(signal.SIGINT)

    assert found[0].report is not None
    assert found[0].report.why == "SIGINT"


async def test_signals_are_for_the_main_thread() -> None:
    """The error says what to do elsewhere."""

    def elsewhere() -> None:
        async def main() -> None:
            await serve(Tree, signals=True)

        trio.run(main)

    with pytest.raises(RuntimeError, match="signals=False"):
        await trio.to_thread.run_sync(elsewhere)


async def test_without_its_extra_there_is_no_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error names what to install, and nothing was started."""
    monkeypatch.setitem(__import__("sys").modules, "supervision.control", None)
    with pytest.raises(ImportError):
        await serve(Tree, settings=Settings(socket=tmp_path / "x.sock"))
