"""The demo's service, in virtual time: what its tree and its traffic do."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socketpair
from typing import Any

import pytest
import trio
import trio.testing

from actors import Finished, open_system
from actors.hosting import actor_of
from supervision import describe_child, find_child, start_router
from supervision.demo import Demo, Plan, tree
from supervision.demo._playing.calling import FarLine
from supervision.demo._tree.chat import Chat
from supervision.demo._tree.desk import Desk
from supervision.demo._tree.faults import ROTA, Faults
from supervision.demo._tree.ledger import Ledger
from supervision.demo._tree.tools import NAMES
from supervision.demo._tree.tree import Leash
from supervision.demo.traffic import Accident, Prompt, planned, recorded
from supervision.demo.traffic.book import (
    ANSWERED,
    MADE_AGAIN,
    NOTHING,
    ROUTER_CRASHED,
    SESSION_KILLED,
    STEERED,
    Book,
)
from supervision.demo.traffic.senders import Senders
from supervision.demo.traffic.wire import Wire
from supervision.demo.traffic.words import (
    Accepted,
    Ask,
    Ended,
    Find,
    Kept,
    Send,
    Told,
    Unknown,
)
from supervision.durable import MemoryStore
from supervision.service import ExitCode, Service, ServiceReport, Settings, serve

# what may become of a prompt with such an accident, if nothing else befalls it
FATES = {
    NOTHING: {"Completed"},
    STEERED: {"Steered", "Completed", "Withdrawn"},
    Accident.RAISES.value: {"Failed"},
    Accident.CRASHES.value: {"Failed", "Completed"},
    Accident.HANGS.value: {"TimedOut"},
    Accident.DRIVELS.value: {"TimedOut"},
    Accident.ABORTED.value: {"Aborted", "Withdrawn"},
    Accident.LEFT.value: {"Aborted", "Withdrawn"},
    SESSION_KILLED: {"Aborted", "Failed"},
    ROUTER_CRASHED: {"Aborted", "Lost", "Failed"},
}


@pytest.fixture(autouse=True)
def _silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What crashes by plan need not be read."""
    monkeypatch.setattr(logging.getLogger("supervision"), "disabled", True)


def book_of(service: Service) -> Book:
    """The senders' account of a running demo."""
    assert service.tree is not None
    book = actor_of(service.tree).book
    assert isinstance(book, Book)
    return book


@asynccontextmanager
async def served(plan: Plan) -> AsyncGenerator[Service]:
    """The service while it runs; leaving the block stops it, and waits for the end."""
    settings = Settings(name="demo", budget=10)
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(
            functools.partial(serve, Demo, plan, settings=settings)
        )
        yield service
        service.stop("enough")


async def play(plan: Plan, seconds: float | None = None) -> tuple[Book, ServiceReport]:
    """Run the service, stop it after so long or when all is done; both accounts."""
    async with served(plan) as service:
        book = book_of(service)
        if seconds is not None:
            await trio.sleep(seconds)
        else:
            await book.finished.wait()
    assert service.report is not None
    return book, service.report


def check_sums(book: Book, report: ServiceReport) -> None:
    """Hold the two accounts against each other."""
    assert report.adds_up
    assert report.in_time
    assert book.open == 0
    assert book.offered == book.accepted + book.refused.total()
    assert book.accepted == report.accepted
    assert dict(book.outcomes) == {k: n for k, n in report.outcomes.items() if n}
    assert sum(each.total() for each in book.filed.values()) == book.accepted


async def test_a_demo_with_faults_adds_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Every fault happens, each prompt has a fate that fits it, both accounts agree."""
    del autojump_clock

    book, report = await play(Plan(turns=1_500, fault_every=0.7))

    check_sums(book, report)
    assert report.exit_code == ExitCode.OK
    assert set(book.faults) == {fault.value for fault in ROTA}
    for under, outcomes in book.filed.items():
        assert outcomes.keys() <= FATES[under], under
    assert book.filed.keys() == FATES.keys()
    assert book.notes[ANSWERED] > 300
    assert book.notes[MADE_AGAIN] > 0
    assert 0 < book.longest_repair < 1
    assert book.filed[NOTHING]["Completed"] > 0.8 * book.accepted


async def test_a_demo_without_faults_completes_everything(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Nobody aborts, nothing crashes; a word in between is a word in between."""
    del autojump_clock

    book, report = await play(Plan(turns=400, faults=False))

    check_sums(book, report)
    assert set(book.filed) == {NOTHING, STEERED}
    assert set(book.outcomes) <= {"Completed", "Steered"}
    assert not book.faults
    assert book.accepted == book.offered >= 400
    assert len(book.waits) == book.outcomes["Completed"]


async def test_a_demo_that_is_stopped_under_load_drains(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What was accepted has its outcome; what comes meanwhile is refused."""
    del autojump_clock

    book, report = await play(Plan(slots=10, fault_every=100.0), seconds=3)

    check_sums(book, report)
    assert sum(report.in_drain.values()) > 20
    assert set(book.refused) == {"ClosedToNewError"}
    assert report.drain_seconds > 0
    assert book.position < book.planned


async def test_few_places_make_senders_wait_for_room(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Readers are refused for good, others come back."""
    del autojump_clock

    book, report = await play(Plan(turns=300, sessions=20, slots=10, faults=False))

    check_sums(book, report)
    assert book.came_back > 0
    assert set(book.refused) == {"SaturatedError"}


async def test_traffic_goes_on_where_it_was_when_it_is_restarted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """No prompt twice, none left out, and those in between are accounted for."""
    del autojump_clock
    async with served(Plan(turns=400, faults=False)) as service:
        assert service.tree is not None
        book = book_of(service)
        await trio.sleep(1)
        halfway = book.position
        (await find_child(service.tree, "traffic")).kill()
        await book.finished.wait()
        traffic = await describe_child(service.tree, "traffic")

    assert service.report is not None
    assert traffic.restarts == 1
    assert 0 < halfway < 400
    assert book.position == 400
    check_sums(book, service.report)


async def test_senders_in_another_process_are_told_all(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Over a socket, to the last outcome; the book is the same as in one process."""
    del autojump_clock
    ours, theirs = socketpair()
    plan = Plan(turns=600, slots=10, fault_every=0.7, desk=theirs.detach())
    book, line, wire = Book(), FarLine(), Wire(ours)
    senders = Senders(plan, book, planned(recorded()[:600]), line)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.hold, wire, senders)
        nursery.start_soon(senders.run)
        async with served(plan) as service:
            await trio.sleep(3)
        await line.wait_broken()
        nursery.cancel_scope.cancel()
    await wire.aclose()
    book.close()

    assert service.report is not None
    check_sums(book, service.report)
    assert sum(service.report.in_drain.values()) > 10
    assert book.faults.total() == 4
    assert book.read > 100
    assert len(book.waits) > 100


def prompt_of(number: int, *, streamed: bool = False) -> Prompt:
    """One that takes a second."""
    return Prompt(number, 0.0, "k", 0.0, 2, streamed, 2, Accident.NONE, 1)


async def test_a_desk_says_what_becomes_of_a_prompt_as_often_as_it_is_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One that is sent again is the same, through a restart too, with a store."""
    del autojump_clock
    store, told = MemoryStore(), list[Told]()
    processes: list[list[Ask]] = [
        [
            Send("1", prompt_of(1)),
            Send("1", prompt_of(1), again=True),
            Send("2", prompt_of(2, streamed=True)),
            Send("3", prompt_of(3)),
        ],
        [
            Find("1", "k"),
            Send("2", prompt_of(2, streamed=True), again=True),
            Find("3", "k"),
            Find("3", "k"),
            Find("4", "k"),
        ],
    ]
    for asks in processes:
        ledger = Ledger()
        ledger.tell = told.append
        async with open_system() as system, trio.open_nursery() as nursery:
            nobody: Any = None  # none of them uses a tool
            router = start_router(
                system, Chat, Plan(speed=1), ledger, nobody, durable=store
            )
            desk = Desk(ledger, router, nursery.start_soon, keeps=True)
            for ask in asks:
                desk.take(ask)
                await trio.sleep(0.1)
            await trio.sleep(1 if not isinstance(asks[0], Find) else 5)
            router.ref.stop()
            await router.ref.wait_stopped()
            ledger.settle_all()
        told.append(Kept("that was one process"))

    number = told.index(Kept("that was one process"))
    first, second = told[:number], told[number:]
    assert [each for each in first if isinstance(each, Accepted)] == [
        Accepted(each) for each in "1123"
    ]
    assert Ended("1", "Completed", 1) in first
    assert Ended("2", "Aborted") in first
    assert first[-1] == Kept("3")
    assert Unknown("4") in second
    assert Accepted("2") in second
    for found in (
        Ended("1", "Completed", 1),
        Ended("2", "Aborted"),
        Ended("3", "Completed", 1),
    ):
        assert second.count(found) == 1


async def test_a_demo_may_begin_anew(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """For ever, with time between two laps, however short they are."""
    del autojump_clock

    plan = Plan(turns=2, repeat=True, faults=False)

    async with open_system() as system:
        demo = system.start(Demo, plan, name="demo")
        await demo.wait_started()
        book: Book = actor_of(demo).book
        await trio.sleep(1.02)
        offered = book.offered

    # a lap takes 3 s of the recording, 50 ms, and may have a word in between
    assert 20 * 2 <= offered <= 22 * 3
    assert not book.finished.is_set()


async def test_a_fault_that_finds_no_victim_is_not_counted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Nothing runs, so no session can be killed."""
    del autojump_clock
    plan = Plan(turns=1, fault_every=1_000.0)

    async with open_system() as system:
        demo = system.start(Demo, plan, name="demo")
        await demo.wait_started()
        await trio.sleep(100)
        faults = actor_of(await find_child(demo, "faults"))
        assert isinstance(faults, Faults)
        done = await faults._kill_session()

    assert not done


async def test_nothing_is_broken_while_the_router_drains(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A drain is not part of the rota."""
    del autojump_clock
    plan = Plan(turns=1, fault_every=1.0)

    async with open_system() as system:
        demo = system.start(Demo, plan, name="demo")
        await demo.wait_started()
        faults: Any = actor_of(await find_child(demo, "faults"))
        faults.router.stop_admission()
        book: Book = actor_of(demo).book
        await trio.sleep(50)

    assert not book.faults


async def test_a_service_ends_when_its_leash_does() -> None:
    """Whoever holds the other end of the pipe has gone: the tree ends in order."""
    reads, writes = os.pipe()
    try:
        async with open_system() as system:
            leash = system.start(Leash, reads)
            await leash.wait_started()
            os.write(writes, b"noise is not the end")
            os.close(writes)
            with trio.fail_after(100):
                ended = await leash.wait_stopped()
    finally:
        os.close(reads)

    assert ended == Finished()


def test_the_tree_is_that_of_the_plan_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without one it plays for ever."""
    monkeypatch.delenv("ACTORS_DEMO", raising=False)
    for_ever = tree()
    plan = Plan(speed=5, store=tmp_path / "store")
    monkeypatch.setenv("ACTORS_DEMO", plan.as_text())

    assert for_ever.args == (Plan(repeat=True),)
    assert tree().args == (plan,)
    assert tree().make is Demo


def test_the_tools_have_names_of_their_own() -> None:
    """One worker each."""
    assert len(set(NAMES)) == len(NAMES) == 4
