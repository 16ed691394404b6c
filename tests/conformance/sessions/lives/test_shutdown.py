"""Shutdown, and what may be left of it: scenarios S101 to S105."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ClosedToNewError,
    Completed,
    Exit,
    Lost,
    Outcome,
    PromptEnded,
    Receipt,
    Session,
    SessionOpened,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import FileTokens, Limits, RouterRef, Shared, start_router
from tests.conformance.sessions.conversing import Stage, Talker, open_stage

# ------------------------------------------------------------------ shutting down


@attrs.define
class Traffic:
    """What senders got."""

    accepted: list[Receipt[str]] = attrs.Factory(list[Receipt[str]])
    refused: list[str] = attrs.Factory(list[str])  # keys

    async def send(self, router: RouterRef[str, str], sender: int) -> None:
        """Send to some keys, one after the other."""
        for number in range(6):
            key = f"{sender}-{number}"
            try:
                self.accepted.append(router.send(key, "say:hello"))
            except ClosedToNewError as error:
                self.refused.append(error.key)
            await trio.lowlevel.checkpoint()


async def drain_soon(router: RouterRef[str, str], done: trio.Event) -> None:
    """Drain after some steps of the others."""
    for _ in range(3):
        await trio.lowlevel.checkpoint()
    await router.drain(within=10)
    done.set()


@seeds(500)
async def test_s101_a_send_is_accepted_or_refused_however_it_races_with_the_end() -> (
    None
):
    """Accepted means an outcome, refused means no session, and no third thing."""
    async with open_stage() as (_, router, _, system):
        opened = system.subscribe(SessionOpened, capacity=1000)
        traffic, done = Traffic(), trio.Event()

        async with trio.open_nursery() as nursery:
            for sender in range(4):
                nursery.start_soon(traffic.send, router, sender)
            nursery.start_soon(drain_soon, router, done)
            await done.wait()
            at_the_end = len(opened)

        assert len(traffic.accepted) + len(traffic.refused) == 24
        assert traffic.accepted
        assert traffic.refused
        for receipt in traffic.accepted:
            assert isinstance(receipt.ended, Completed)
        keys = [each.key for each in opened.drain()]
        assert len(keys) == at_the_end
        assert sorted(keys) == sorted(each.key for each in traffic.accepted)
        for how in (router.send, router.steer, router.follow_up, router.ask_aside):
            with pytest.raises(ClosedToNewError):
                how("0-0", "too late")
        with pytest.raises(ClosedToNewError):
            await router.send_wait("0-0", "too late")
        await settle()
        assert opened.drain() == []
        assert router.list() == []


class Closing(Talker):
    """Writes down, with the time, how it ends; its clean-up takes 2 seconds."""

    turns = TurnPolicy(abort_grace=4)

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        await trio.sleep(2)
        note(self.stage, f"{turn.key} {type(outcome).__name__}")

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        note(self.stage, f"{self.key} stopped")


def note(stage: Stage, what: str) -> None:
    """Write it down."""
    stage.skipped.append((what, str(trio.current_time())))


@seeds(20)
async def test_s102_a_shutdown_has_its_phases_in_their_order() -> None:
    """No more prompts; turns end or are aborted; clean-up; then what they all use."""
    stage = Stage()
    async with open_system() as system:
        router = start_router(system, Closing, stage, limits=Limits(turns=10))
        receipts = {
            key: router.send(key, prompt)
            for key, prompt in (
                ("quick", "sleep:5"),
                ("stuck", "wait:never"),
                ("idle", "hello"),
            )
        }
        await receipts["idle"].outcome()
        stage.skipped.clear()
        begun = trio.current_time()

        report = await router.drain(within=25)
        note(stage, "shared things are closed")

        assert report.seconds == pytest.approx(trio.current_time() - begun)
        assert report.seconds <= 25
        assert report.outcomes == {"Completed": 1, "Aborted": 1}
        assert report.aborted == (receipts["stuck"].turn,)
        assert report.lost == ()
        assert isinstance(receipts["quick"].ended, Completed)
        aborted = receipts["stuck"].ended
        assert isinstance(aborted, Aborted)
        assert (aborted.reason, aborted.late) == ("shutting down", False)
        at = {what: float(when) - begun for what, when in stage.skipped}
        assert set(at) == {
            "quick Completed",
            "quick stopped",
            "stuck Aborted",
            "stuck stopped",
            "idle stopped",
            "shared things are closed",
        }
        assert at["quick Completed"] < 20 <= at["stuck Aborted"] <= at["stuck stopped"]
        assert stage.skipped[-1][0] == "shared things are closed"
        with pytest.raises(ClosedToNewError):
            router.send("quick", "again")


@seeds(20)
async def test_s102_a_turn_that_is_deaf_does_not_make_the_shutdown_longer() -> None:
    """Nor do clean-ups that hang: the total is the total."""
    stage = Stage()
    async with open_system() as system:
        router = start_router(system, Closing, stage)
        deaf = router.send("deaf", "hang:door")
        await settle()
        begun = trio.current_time()

        report = await router.drain(within=10)
        took = trio.current_time() - begun
        stage.open("door")  # or the system would wait for it

        assert took <= 10
        assert report.aborted == (deaf.turn,)
        outcome = deaf.ended
        assert isinstance(outcome, Aborted)
        assert outcome.late


# ------------------------------------------------------------------ shared resources


class Provider:
    """A double of what all turns use; it must not be used after its end."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log, self.closed = name, log, False

    async def answer(self) -> None:
        """Work at an answer."""
        assert not self.closed
        await trio.lowlevel.checkpoint()
        assert not self.closed


@attrs.define
class Opener:
    """Opens a provider."""

    name: str
    log: list[str]

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[Provider]:
        """Open, and close at the end."""
        provider = Provider(self.name, self.log)
        self.log.append(f"{self.name} opened")
        try:
            yield provider
        finally:
            provider.closed = True
            self.log.append(f"{self.name} closed")


class User(Session[str, str]):
    """Uses the provider for the time of one turn."""

    def __init__(self, shared: Shared[Provider], stage: Stage) -> None:
        self.shared, self.stage = shared, stage

    async def take_turn(self, turn: Turn[str, str]) -> str:
        async with self.shared.use() as provider:
            try:
                await provider.answer()
                await self.stage.wait(turn.prompt)
            finally:
                with trio.CancelScope(shield=True):  # it says goodbye
                    await provider.answer()
                provider.log.append(f"{turn.key} ended")
            return provider.name


@pytest.mark.parametrize("how", ["end", "abort"])
@seeds(500)
async def test_s103_a_shared_thing_is_closed_after_its_last_user(how: str) -> None:
    """Replaced: new turns have the new one, the old one waits for its own."""
    log: list[str] = []
    stage = Stage()
    stage.open("at once")
    shared = Shared(Opener("old", log))
    async with shared, open_system() as system:
        router = start_router(system, User, shared, stage)
        old = [router.send(key, "door") for key in ("a", "b")]
        await settle()

        await shared.replace(Opener("new", log))
        new = await router.send("c", "at once").outcome()

        assert isinstance(new, Completed)
        assert new.result == "new"
        assert log == ["old opened", "new opened", "c ended"]
        if how == "end":
            stage.open("door")
        else:
            for receipt in old:
                assert receipt.turn is not None
                router.abort(receipt.turn)
        for receipt in old:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Completed if how == "end" else Aborted)
        await settle()
        assert sorted(log[3:5]) == ["a ended", "b ended"]
        assert log[5:] == ["old closed"]
        router.send("d", "never")
        await settle()
    assert log[6:] == ["d ended", "new closed"]


# ------------------------------------------------------------------ nothing vanishes


@seeds(20)
async def test_s104_what_was_queued_at_the_deadline_is_reported_lost() -> None:
    """Each with its id and origin, in the report and as an event."""
    async with open_stage(limits=Limits(turns=1)) as (stage, router, _, system):
        told = system.subscribe(PromptEnded)
        running = router.send("a", "wait:never", origin="user 0")
        await settle()
        queued = [
            router.send(key, "later", origin=f"user {number}")
            for number, key in enumerate(("a", "b", "a"), start=1)
        ]

        report = await router.drain(within=5)

        assert isinstance(running.ended, Aborted)
        assert sorted(each.id for each in report.lost) == [each.id for each in queued]
        assert {each.origin for each in report.lost} == {"user 1", "user 2", "user 3"}
        assert all(isinstance(each.ended, Lost) for each in queued)
        assert report.outcomes == {"Aborted": 1, "Lost": 3}
        ends = [each.prompt for each in told.drain() if isinstance(each.outcome, Lost)]
        assert sorted(ends) == [each.id for each in queued]
        assert stage.begun == [("a", "wait:never")]


@seeds(20)
async def test_s104_what_was_queued_at_the_end_of_the_system_is_lost_too() -> None:
    """Without any drain, each prompt has an outcome that says so."""
    async with open_stage() as (stage, router, log, _):
        running = router.send("a", "wait:never")
        await settle()
        queued = [router.send("a", "later", origin=number) for number in range(3)]

    assert isinstance(running.ended, Aborted)
    assert [type(each.ended) for each in queued] == [Lost] * 3
    assert stage.begun == [("a", "wait:never")]
    log.check()


@seeds(20)
async def test_s104_a_steering_prompt_that_comes_too_late_is_lost_as_well() -> None:
    """Its turn is cleaning up when the time is over: no other turn begins for it."""
    async with open_stage(Closing) as (stage, router, _, _):
        running = router.send("k", "sleep:7")
        await trio.sleep(1)
        steering = router.steer("k", "say:never")

        report = await router.drain(within=8)  # the last fifth begins at 7.4

        assert isinstance(running.ended, Completed)
        assert isinstance(steering.ended, Lost)
        assert report.lost == (steering,)
        assert stage.begun == [("k", "sleep:7")]


def lowest_free_descriptor() -> int:
    """Which number a file opened now would have: higher, if one has been left open."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


async def read_forever(router: RouterRef[str, str]) -> None:
    """Read an answer that never ends."""
    with suppress(TurnNotCompletedError):
        async with router.open_turn("reader", "say:one wait:never") as stream:
            async for _ in stream:
                pass
        pytest.fail("the answer looks complete")


@pytest.mark.parametrize("how", ["leave", "cancel", "drain"])
def test_s105_nothing_is_left_when_the_block_has_been_left(
    how: str, tmp_path: Path
) -> None:
    """No task and no descriptor, whatever was going on; and all have their outcome."""
    files = iter(range(10_000))

    @seeds(500)
    async def run() -> None:
        assert open_tasks() == []
        before = lowest_free_descriptor()
        stage = Stage()
        tokens = FileTokens(tmp_path / f"{next(files)}")
        receipts: list[Receipt[str]] = []
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                async with open_system() as system:
                    limits = Limits(sessions=6, turns=4)
                    router = start_router(
                        system, Binding, stage, limits=limits, tokens=tokens
                    )
                    nursery.start_soon(read_forever, router)
                    receipts += [
                        router.send(key, prompt)
                        for key, prompt in (
                            ("a", "wait:never"),
                            ("a", "later"),
                            ("b", "tool:never"),
                            ("c", "hello"),
                            ("d", "no slot, perhaps"),
                        )
                    ]
                    receipts.append(router.ask_aside("c", "wait:never"))
                    await settle()
                    if how == "cancel":
                        scope.cancel()
                        await trio.sleep_forever()
                    elif how == "drain":
                        await router.drain(within=3)
        assert open_tasks() == []
        assert lowest_free_descriptor() == before
        assert all(each.ended is not None for each in receipts)
        assert stage.running.total() == 0

    run()


class Binding(Talker):
    """Has something to keep when it starts."""

    async def started(self) -> None:
        self.bind([self.key])
