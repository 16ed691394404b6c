"""A router that ends, or crashes, and the one that goes on with what it has left."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    Aborted,
    ClosedToNewError,
    Completed,
    Failed,
    Lost,
    Outcome,
    PromptPolicy,
    Receipt,
    Rejected,
    Turn,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import (
    Limits,
    PromptKeptError,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)
from supervision._routing.census import counts_of
from supervision.durable._words.records import Accept, Complete

from .stage import WIDE, Player, Process, Stage, completed, open_process, turn_runs


@asynccontextmanager
async def open_tree(
    stage: Stage, make: type[Player] = Player, *, limits: Limits = WIDE
) -> AsyncGenerator[RouterRef[str, str]]:
    """Open a system with a supervised router."""
    with trio.fail_after(5000):
        async with open_system() as system:
            spec = Router.spec(make, stage, limits=limits, durable=stage.store)

            class Top(Supervisor):
                children = (spec,)

            top = system.start(Top, name="top")
            yield router_ref(await find_child(top, "router"), make)


def crash(router: RouterRef[str, str]) -> None:
    """Let it crash: it takes no messages."""
    ref: Any = router.ref
    ref.tell_nowait("crash")


@seeds(3)
async def test_a_drain_keeps_what_waits() -> None:
    """It is in the report, its receipts say so, and the next router goes on."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        running = await router.accept("ann", "wait:never", id="running")
        waiting = [await router.accept("ann", name, id=name) for name in "abc"]
        await turn_runs(stage, "wait:never")
        heard: list[Exception] = []

        async def waits() -> None:
            try:
                await waiting[0].outcome()
            except PromptKeptError as error:
                heard.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits)
            report = await router.drain(10)
            router.ref.stop()
        assert list(report.kept) == waiting
        assert report.lost == ()
        assert isinstance(running.ended, Aborted)
    assert len(heard) == 1
    with pytest.raises(PromptKeptError):
        await waiting[1].outcome()
    async with open_process(stage) as process:
        found = await process.router.find("ann", "c")
        assert found is not None
        assert completed(await found.outcome())
    assert [each for key, each in stage.begun if key == "ann"][1:] == ["a", "b", "c"]


@seeds(3)
async def test_a_drain_keeps_what_waits_for_a_slot_or_a_checkpoint() -> None:
    """And what nobody has brought yet."""
    stage = Stage()
    limits = Limits(sessions=2, turns=1)
    async with open_process(stage, limits=limits) as process:
        router = process.router
        await router.accept("ann", "wait:never", id="running")
        await turn_runs(stage, "wait:never")
        steers = router.steer("ann", "steers", id="steers")
        slot = await router.accept("bob", "slot", id="slot")
        report = await router.drain(10)
        assert set(report.kept) == {steers, slot}
    async with open_process(stage, limits=Limits(sessions=1, turns=1)) as process:
        await stage.all_ended()
    outcomes = stage.outcomes()
    assert completed(outcomes["steers"])
    assert completed(outcomes["slot"])


@seeds(3)
async def test_a_drain_names_what_the_store_has_not_put_back_yet() -> None:
    """The turn ends at the deadline, and the store does not answer before it."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        twice = await router.accept("ann", "wait:never", id="twice", attempts=2)
        once = await router.accept("bob", "wait:never", id="once")
        await trio.sleep(1)  # both run
        stage.memory.stand_still()
        report = await router.drain(10)
        assert report.kept == (twice,)
        assert report.lost == ()
        assert once.ended is None  # its outcome is on its way
        stage.memory.go_on()
    assert isinstance(once.ended, Aborted)
    assert twice.ended is None
    assert stage.outcomes()["twice"] is None


@seeds(2)
async def test_a_drain_waits_for_a_store_that_may_come_back() -> None:
    """What has ended meanwhile is in memory only: to end sooner would lose it."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        ends = await router.accept("ann", "wait:go", id="ends")
        await turn_runs(stage, "wait:go")
        stage.memory.away(10**6)
        stage.open("go")
        began = trio.current_time()
        async with trio.open_nursery() as nursery:

            async def make_room() -> None:
                await trio.sleep(12)
                assert ends.ended is None
                stage.memory.away(0)

            nursery.start_soon(make_room)
            report = await router.drain(20)
        assert completed(ends.ended)
        assert 12 <= trio.current_time() - began < 18  # and not longer
        assert (report.kept, report.lost, report.aborted) == ((), (), ())


@seeds(3)
async def test_a_drain_names_what_was_put_into_such_a_turn_too() -> None:
    """It waits again when the store has the end of that turn; once."""
    stage = Stage()
    script = "wait:go point wait:never"
    async with open_process(stage) as process:
        router = process.router
        running = await router.accept("ann", script, id="running", attempts=2)
        await turn_runs(stage, script)
        steered = router.steer("ann", "steered", id="steered")
        await steered.durable()
        stage.open("go")
        await trio.sleep(1)  # it is in the turn
        stage.memory.stand_still()
        report = await router.drain(10)
        assert sorted(each.id for each in report.kept) == [running.id, steered.id]
        assert report.lost == ()
        stage.memory.go_on()
    assert running.ended is steered.ended is None
    assert stage.outcomes() == {"running": None, "steered": None}


@seeds(3)
async def test_a_drain_puts_back_what_may_be_tried_again() -> None:
    """With what was put into it, before all that waits; it is no attempt."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        script = "wait:go point wait:never"
        running = await router.accept("ann", script, id="running", attempts=2)
        await turn_runs(stage, script)
        once = await router.accept("bob", "keep wait:never", id="once")
        twice = await router.accept("eve", "keep wait:never", id="twice", attempts=2)
        waits = await router.accept("ann", "waits", id="waits")
        steered = router.steer("ann", "steered", id="steered")
        await steered.durable()
        stage.open("go")
        await trio.sleep(1)
        late = router.steer("ann", "late", id="late")
        report = await router.drain(10)
        assert set(report.kept) == {running, steered, late, waits, twice}
        assert len(report.aborted) == 3
        assert report.lost == ()
        assert isinstance(once.ended, Aborted)
        assert running.ended is None
    assert stage.state("ann") is None
    assert stage.state("bob") == ("keep wait:never",)
    assert stage.state("eve") is None
    stage.open("never")
    stage.begun.clear()
    async with open_process(stage) as process:
        await stage.all_ended()
    ann = [prompt for key, prompt in stage.begun if key == "ann"]
    assert ann == [script, "steered", "late", "waits"]
    outcomes = stage.outcomes()
    assert {name for name in outcomes if completed(outcomes[name])} == (
        {"running", "steered", "late", "waits", "twice"}
    )


class Tidy(Player):
    """Takes long to put things away."""

    abort_grace: ClassVar[float] = 1000.0

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """Do what one word says."""
        if verb != "tidy":
            await super().play(turn, verb, what)
            return
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(float(what))


@pytest.mark.parametrize("end", ["drain", "stop"])
@pytest.mark.parametrize("verb", ["cancel", "soft", "cancel_all", "reset", "close"])
@seeds(2)
async def test_what_was_to_end_anyway_is_not_taken_back(verb: str, end: str) -> None:
    """Its router ends while it does, or is asked to: it is not run again."""
    stage = Stage()
    async with open_process(stage, Tidy) as process:
        router = process.router
        await router.accept("ann", "tidy:20", id="one", attempts=3)
        await turn_runs(stage, "tidy:20")
        if verb == "soft":
            router.cancel("ann", hard=False, reason="why")
        else:
            getattr(router, verb)("ann", reason="why")
        await trio.sleep(1)
        if end == "drain":
            await router.drain(10)
        router.ref.stop()
        await router.ref.wait_stopped()
    outcome = stage.outcomes()["one"]
    assert isinstance(outcome, Aborted)
    assert outcome.reason == "why" or verb == "soft"
    stage.begun.clear()
    async with open_process(stage):
        await trio.sleep(100)
    assert stage.begun == []


@pytest.mark.parametrize("how", ["stop", "crash"])
@pytest.mark.parametrize("attempts", [1, 2])
@seeds(2)
async def test_a_router_ends_under_a_turn(attempts: int, how: str) -> None:
    """It is tried again, if it may be; that was an attempt."""
    stage = Stage()
    async with open_tree(stage) as router:
        receipt = await router.accept("ann", "wait:door", id="x", attempts=attempts)
        await turn_runs(stage, "wait:door")
        if how == "crash":
            crash(router)
        else:
            router.ref.stop()
        await trio.sleep(1)
        stage.open("door")
        await trio.sleep(1)
        kept = attempts == 2 and how == "stop"  # nobody takes its place
        assert isinstance(receipt.ended, Aborted) == (attempts == 1)
        assert (receipt.ended is None) == kept
    async with open_process(stage):
        await stage.all_ended()
    assert completed(stage.outcomes()["x"]) == (attempts == 2)
    (prompt,) = stage.memory.prompts()
    assert prompt.tried == attempts
    assert stage.begun.count(("ann", "wait:door")) == attempts


@seeds(3)
async def test_receipts_get_their_outcomes_from_the_successor() -> None:
    """A crash of the router is as a kill, but for who holds a receipt."""
    stage = Stage()
    outcomes: dict[str, Outcome] = {}

    async def wait(receipt: Receipt[str], name: str) -> None:
        outcomes[name] = await receipt.outcome()

    async with open_tree(stage) as router:
        await router.accept("ann", "wait:go point wait:never", id="running")
        await turn_runs(stage, "wait:go point wait:never")
        steered = router.steer("ann", "steered", id="steered")
        await steered.durable()
        stage.open("go")
        await trio.sleep(1)
        steers = router.steer("ann", "steers", id="steers")
        waits = await router.accept("ann", "waits", id="waits")
        unwritten = router.send("ann", "unwritten", id="unwritten")
        found = await router.find("ann", "waits")
        assert found is not None
        async with trio.open_nursery() as nursery:
            for each in (steered, steers, waits, unwritten):
                nursery.start_soon(wait, each, each.prompt)
            nursery.start_soon(wait, found, "found")
            await trio.sleep(1)
            crash(router)
        kept = stage.outcomes()

    assert [type(outcomes[name]) for name in ("steers", "waits", "unwritten")] == (
        [Completed] * 3
    )
    assert outcomes["found"] == outcomes["waits"]
    for name in ("steered", "steers", "waits", "unwritten"):
        assert type(kept[name]) is type(outcomes[name])
        stored = kept[name]
        assert stored is not None
        assert stored.turn == outcomes[name].turn
    assert [prompt for _, prompt in stage.begun][1:][-3:] == [
        "steers",
        "waits",
        "unwritten",
    ]


def balance(process: Process) -> tuple[int, int, int]:
    """Prompts that its routers have accepted, ended and kept."""
    ((_, counts),) = counts_of(process.system).values()
    return counts.accepted, sum(counts.outcomes.values()), counts.kept


@seeds(3)
async def test_what_is_to_be_tried_again_as_a_router_ends_is_kept() -> None:
    """Its turn is over, and its commit on its way: no lane has it."""
    stage = Stage()
    async with open_process(stage) as process:

        def at(point: str, batch: Any) -> None:
            if point == "before carry" and any(
                isinstance(each, Complete) and each.again for each in batch
            ):
                process.router.ref.stop()

        stage.memory.at_point(at)
        receipt = await process.router.accept("ann", "crash", id="1", attempts=2)
        with pytest.raises(PromptKeptError):
            await receipt.outcome()
        await process.router.ref.wait_stopped()

        assert balance(process) == (1, 0, 1)


@seeds(3)
async def test_what_a_drain_has_kept_is_not_queued_too() -> None:
    """What is accepted is ended, kept or queued; refused after all: it is ended."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:never")
        await router.accept("ann", "waits")
        stage.memory.stand_still()
        stage.memory.refuse(lambda each: isinstance(each, Accept))
        refused = router.send("ann", "refused")
        await router.drain(10)

        found = router.statistics()
        assert (found.accepted, found.queued, found.kept) == (3, 1, 2)
        stage.memory.go_on()
        assert isinstance(await refused.outcome(), Rejected)
        await trio.sleep(1)

        found = router.statistics()
        assert (found.accepted, found.queued, found.kept) == (3, 0, 1)
        assert found.outcomes == {"Aborted": 1, "Rejected": 1}


@seeds(3)
async def test_a_prompt_that_was_sent_again_is_counted_with_its_outcome() -> None:
    """Not if the router ends before."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:never", id="running", attempts=9)
        await turn_runs(stage, "wait:never")
        await process.router.accept("ann", "waits", id="1")
        process.kill()
    async with open_process(stage) as process:
        await process.router.find("ann", "1")
        await process.router.accept("ann", "waits", id="1")
        await trio.sleep(1)
        process.router.ref.stop()
        await process.router.ref.wait_stopped()

        accepted, ended, kept = balance(process)
        assert accepted == ended + kept
        assert kept


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.5, 2.5, 3.5])
@pytest.mark.parametrize("how", ["stop", "drain"])
@seeds(2)
async def test_who_has_sent_a_message_again_is_told_that_the_router_has_ended(
    how: str, seconds: float
) -> None:
    """Whether the store has said by then that it is known, and whose it is."""
    stage = Stage()
    async with open_process(stage) as process:
        for name in "ab":
            await process.router.accept("ann", "wait:never", id=name, attempts=9)
        await trio.sleep(1)  # one runs, the other waits
        process.kill()
    heard: list[str] = []

    async def again(name: str) -> None:
        with pytest.raises((PromptKeptError, ClosedToNewError)):
            await (await process.router.accept("ann", "", id=name)).outcome()
        heard.append(name)

    stage.memory.latency = 1.0
    async with trio.open_nursery() as nursery:
        async with open_process(stage) as process:
            nursery.start_soon(again, "a")
            nursery.start_soon(again, "b")
            await trio.sleep(seconds)
            if how == "drain":
                await process.router.drain(1)
            process.router.ref.stop()
            await process.router.ref.wait_stopped()
            accepted, ended, kept = balance(process)
            assert accepted == ended + kept
        await trio.sleep(1)
        assert sorted(heard) == ["a", "b"]


@seeds(3)
async def test_a_crash_while_the_store_is_away_loses_no_stored_prompt() -> None:
    """What has had no answer is looked for by the successor, when it can."""
    stage = Stage()
    async with open_tree(stage) as router:
        await router.accept("ann", "wait:door", id="running", attempts=2)
        await turn_runs(stage, "wait:door")
        waits = await router.accept("ann", "waits", id="waits")
        stage.memory.stand_still()
        unwritten = router.send("ann", "unwritten", id="unwritten")
        other = router.send("bob", "other", id="other")
        await trio.sleep(1)
        crash(router)
        await trio.sleep(60)
        assert unwritten.ended is None
        with pytest.raises(PromptKeptError):
            await unwritten.durable()
        stage.open("door")
        stage.memory.go_on()
        assert isinstance(await unwritten.outcome(), Lost)
        assert isinstance(await other.outcome(), Lost)
        assert completed(await waits.outcome())
        await stage.all_ended()


@seeds(3)
async def test_a_session_that_starts_when_the_router_crashes() -> None:
    """Its prompts are the successor's."""

    class Slow(Player):
        async def started(self) -> None:  # type: ignore[override]
            await trio.sleep(50)

    stage = Stage()
    async with open_tree(stage, Slow) as router:
        receipt = await router.accept("ann", "x", id="x")
        await trio.sleep(10)
        crash(router)
        assert completed(await receipt.outcome())
    assert stage.begun == [("ann", "x")]


class Narrow(Player):
    """Takes two prompts at most."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=2)


@seeds(3)
async def test_more_may_wait_after_a_restart_than_may_be_sent() -> None:
    """What was accepted is not refused; what is new is."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:door", id="r", attempts=2)
        for number in range(6):
            await process.router.accept("ann", str(number), id=str(number))
        process.kill()
    async with open_process(stage, Narrow) as process:
        router = process.router
        receipt = await router.accept("bob", "x")
        assert completed(await receipt.outcome())
        late = trio.Event()

        async def send() -> None:
            await router.accept("ann", "late", id="late")
            late.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await trio.sleep(5)
            assert not late.is_set()
            stage.open("door")
        await stage.all_ended()
    assert [prompt for _, prompt in stage.begun if prompt.isdecimal()] == [*"012345"]
    assert stage.begun[-1] == ("ann", "late")


@pytest.mark.parametrize("how", ["stop", "crash", "leave"])
@seeds(3)
async def test_a_router_ends_while_a_commit_is_on_its_way(how: str) -> None:
    """What the turn has left counts, and is told."""
    stage = Stage()
    async with open_tree(stage) as router:
        first = await router.accept("ann", "wait:door", id="one")
        await turn_runs(stage, "wait:door")
        waits = await router.accept("ann", "waits", id="two")
        bob = await router.accept("bob", "wait:door", id="bob")
        await trio.sleep(1)
        stage.memory.latency = 1.0
        stage.open("door")
        await trio.sleep(0.5)
        assert first.ended is None
        if how == "crash":
            crash(router)
            assert completed(await waits.outcome())
        elif how == "stop":
            router.ref.stop()
            await trio.sleep(10)
    stage.memory.latency = 0
    assert completed(first.ended)
    assert completed(bob.ended)
    assert stage.outcomes()["one"] == first.ended
    async with open_process(stage):
        await stage.all_ended()
    assert stage.begun.count(("ann", "wait:door")) == 1
    assert stage.begun.count(("ann", "waits")) == 1
    assert stage.state("ann") == ("wait:door", "waits")


@seeds(3)
async def test_a_router_ends_while_a_crash_of_a_session_is_kept() -> None:
    """The prompt is to be tried again: by the successor."""
    stage = Stage()
    async with open_tree(stage) as router:
        first = await router.accept("ann", "wait:door crash", id="one", attempts=2)
        await turn_runs(stage, "wait:door crash")
        stage.memory.latency = 1.0
        stage.open("door")
        await trio.sleep(0.5)
        crash(router)
        outcome = await first.outcome()
    assert isinstance(outcome, Failed)
    assert outcome.attempts == 2
    assert stage.begun.count(("ann", "wait:door crash")) == 2


@seeds(2)
async def test_a_drain_does_not_abort_what_has_ended() -> None:
    """A turn whose commit takes longer than the drain has time has ended."""
    stage = Stage()
    async with open_process(stage) as process:
        first = await process.router.accept("ann", "wait:door", id="one")
        await turn_runs(stage, "wait:door")
        stage.memory.latency = 9.0
        stage.open("door")
        await trio.sleep(0.5)
        report = await process.router.drain(10)
        assert report.aborted == ()
        assert report.lost == report.kept == ()
        assert completed(first.ended)


@pytest.mark.parametrize("durable", [False, True])
@seeds(2)
async def test_a_log_of_turns_lets_prompts_come_and_go(*, durable: bool) -> None:
    """If it was told that there is a store."""
    stage = Stage()
    logs: list[TurnLog] = []

    async def live(*prompts: str) -> None:
        async with open_system() as system:
            logs.append(TurnLog(system, durable=durable))
            router = start_router(system, Player, stage, durable=stage.store)
            for prompt in prompts:
                await router.accept("ann", prompt)
            await trio.sleep(1)
            await router.drain(1)

    await live("done", "wait:never", "kept")
    stage.open("never")
    await live("new")

    for log in logs:
        if durable:
            log.check()
        else:
            with pytest.raises(AssertionError, match="broken promises"):
                log.check()
