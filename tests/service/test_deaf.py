"""Code that does not end keeps no prompt from its outcome, and the report adds up.

On the virtual clock: what is deaf lets Trio run, and ends long after the service.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import (
    Aborted,
    Actor,
    Failed,
    Lost,
    Outcome,
    Receipt,
    Session,
    Turn,
    TurnPolicy,
    open_system,
)
from supervision import (
    ChildSpec,
    Limits,
    Router,
    RouterRef,
    Service,
    Settings,
    Supervisor,
    find_child,
    restart_child,
    router_ref,
    serve,
    start_router,
    stop_child,
)

LONG = 1000.0


async def deaf(seconds: float = LONG) -> None:
    """Nothing ends it."""
    with trio.CancelScope(shield=True):
        await trio.sleep(seconds)


async def deaf_child(turn: Turn[str, str]) -> None:
    """Nothing ends it, and nothing who waits for it."""
    del turn
    await deaf()


class Chat(Session[str, str]):
    """Its turns are deaf, if they are told to be."""

    turns = TurnPolicy(abort_grace=1.0)

    async def take_turn(self, turn: Turn[str, str]) -> None:
        match turn.prompt:
            case "deaf":
                await deaf()
            case "deaf task":
                turn.start_soon(crash_soon)
                await deaf()
            case "deaf child":
                await turn.run_child(deaf_child)
            case _:
                await trio.sleep_forever()


class Patient(Chat):
    """It is given up late."""

    turns = TurnPolicy(abort_grace=LONG)


class Beside(Actor[str]):
    """Waits for its end, with a task beside it."""

    def started(self) -> None:
        self.start_soon(trio.sleep_forever)

    def receive(self, message: str) -> None:
        """Nothing comes."""


async def crash_soon() -> None:
    """Crash."""
    await trio.sleep(0.1)
    raise ValueError


def tree_of(make: type[Chat], turns: int = 10) -> type[Supervisor]:
    """A tree with somebody older and somebody younger than the router."""

    class Tree(Supervisor):
        children = (
            ChildSpec(Beside, id="older"),
            ChildSpec(Router, make, (), Limits(turns=turns), id="router"),
            ChildSpec(Beside, id="younger"),
        )

        def started(self) -> None:
            super().started()
            self.start_soon(trio.sleep_forever)

    return Tree


async def router_in(service: Service, make: type[Chat]) -> RouterRef[str, str]:
    """Give the handle of its router."""
    assert service.tree is not None
    return router_ref(await find_child(service.tree, "router"), make)


async def test_a_second_signal_gives_a_deaf_turn_up_in_its_grace(
    autojump_clock: MockClock,
) -> None:
    """Its sender has the outcome, and nobody else is named as late."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        start = partial(serve, tree_of(Chat), settings=Settings(budget=10.0))
        service: Service = await nursery.start(start)
        receipt = (await router_in(service, Chat)).send("ann", "deaf")
        await trio.sleep(1.0)
        service.stop("SIGTERM")
        await trio.sleep(1.0)
        service.stop_now("SIGTERM", exit_code=143)
        with trio.fail_after(1.1):
            outcome = await receipt.outcome()
        now = service.account_now()

    assert isinstance(outcome, Aborted)
    assert outcome.late
    for report in (now, service.report):
        assert report is not None
        assert (report.accepted, report.outcomes) == (1, {"Aborted": 1})
        assert report.adds_up
        assert [each.path for each in report.late] == ["/Tree/router/ann/turn-1"]


@pytest.mark.parametrize("signals", [1, 2])
async def test_who_leaves_before_a_deaf_turn_is_given_up_accounts_for_all(
    signals: int, autojump_clock: MockClock
) -> None:
    """For the turn, for what waits behind it, and for who has no slot."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        tree = tree_of(Patient, turns=1)
        start = partial(serve, tree, settings=Settings(budget=10.0))
        service: Service = await nursery.start(start)
        router = await router_in(service, Patient)
        receipts = [router.send("ann", "deaf") for _ in range(2)]
        receipts.append(router.send("bob", "other"))
        await trio.sleep(1.0)
        service.stop("SIGTERM")
        if signals == 2:
            await trio.sleep(1.0)
            service.stop_now("SIGTERM", exit_code=143)
        await trio.sleep(11.0)
        report = service.account_now()
        outcomes = [receipt.ended for receipt in receipts]

    assert report.adds_up
    assert report.outcomes == {"Lost": 2, "Aborted": 1}
    why = "shutting down" if signals == 1 else "the process had to leave"
    assert {getattr(each, "reason", None) for each in outcomes} == {why}
    assert isinstance(outcomes[0], Aborted)
    assert outcomes[0].late
    assert all(isinstance(each, Lost) for each in outcomes[1:])
    assert report.lost_total == 2
    named = {(each.router, each.key, each.id) for each in report.lost}
    assert named == {("/Tree/router", "ann", 2), ("/Tree/router", "bob", 3)}


ENDS: dict[str, Callable[[Any, Any], object]] = {
    "its router stops": lambda router, _: router.stop(),
    "its router is killed": lambda router, _: router.kill(),
    "its session is killed": lambda _, session: session.kill(),
    "its session stops": lambda _, session: session.stop(),
    "the turn is killed": lambda _, session: next(iter(session.children())).kill(),
}


@pytest.mark.parametrize("prompt", ["deaf", "deaf child"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_deaf_turn_is_given_up_whoever_ends_it(
    end: str, prompt: str, autojump_clock: MockClock
) -> None:
    """Also when it is the engine that cancels it, and not somebody who aborts it."""
    del autojump_clock
    async with open_system(stop_within=LONG * 2) as system:
        router = start_router(system, Chat, name="router")
        receipt = router.send("ann", prompt)
        await trio.sleep(1.0)
        cell: Any = router.ref
        session = next(iter(cell.children()))
        ENDS[end](router.ref, session)
        with trio.fail_after(2.5):
            outcome = await receipt.outcome()

    assert isinstance(outcome, Aborted)
    assert outcome.late


async def test_a_deaf_turn_whose_task_has_crashed_is_given_up_as_failed(
    autojump_clock: MockClock,
) -> None:
    """The crash is its outcome."""
    del autojump_clock
    async with open_system(stop_within=LONG * 2) as system:
        router = start_router(system, Chat, name="router")
        receipt = router.send("ann", "deaf task")
        with trio.fail_after(1.5):
            outcome = await receipt.outcome()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ValueError)
    assert outcome.late


async def lost_by(service: Service, how: str) -> list[Receipt[Outcome]]:
    """One turn runs and two prompts wait for a slot; then their router goes."""
    router = await router_in(service, Chat)
    receipts: list[Any] = [router.send(f"key{n}", "other") for n in range(3)]
    await trio.sleep(0.1)
    assert service.tree is not None
    if how == "restart":
        await stop_child(service.tree, "router")
        await restart_child(service.tree, "router")
    else:
        (await find_child(service.tree, "router")).kill()
    await trio.sleep(1.0)
    return receipts


@pytest.mark.parametrize("how", ["restart", "kill"])
async def test_the_report_names_what_a_restart_has_lost(
    how: str, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """And so does the log, when it happens."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        tree = tree_of(Chat, turns=1)
        service: Service = await nursery.start(serve, tree)
        receipts = await lost_by(service, how)
        service.stop("enough")

    report = service.report
    assert report is not None
    assert report.outcomes == {"Lost": 2, "Aborted": 1}
    assert report.lost_total == 2
    found = [(each.router, each.key, each.id) for each in report.lost]
    assert found == [("/Tree/router", each.key, each.id) for each in receipts[1:]]
    said = [record for record in caplog.records if "has lost prompt" in record.message]
    assert [record.levelno for record in said] == [logging.WARNING] * 2
    assert [vars(record)["key"] for record in said] == ["key1", "key2"]


async def test_the_log_counts_losses_that_it_does_not_name(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The report has the first hundred, and how many there were."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        tree = tree_of(Chat, turns=1)
        service: Service = await nursery.start(serve, tree)
        router = await router_in(service, Chat)
        for n in range(151):
            router.send(f"key{n}", "other")
        await trio.sleep(0.1)
        router.ref.kill()
        await trio.sleep(5.0)
        service.stop("enough")

    report = service.report
    assert report is not None
    assert (report.lost_total, len(report.lost)) == (150, 100)
    assert caplog.text.count("has lost prompt") == 10
    assert "140 more failures were not logged" in caplog.text
