"""Sessions, part 4: who is woken, who is cut short, and who finds no place.

The numbers are those of our list of scenarios.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    CloseReason,
    Completed,
    PromptPolicy,
    PromptRefused,
    SaturatedError,
    TenantLimitError,
)
from actors.testing import seeds
from supervision import Limits
from tests.conformance.sessions.conversing import Talker, open_stage


class Steps(trio.abc.Instrument):
    """Counts how often each task runs."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.of[task.name] += 1

    def take(self, names: list[str]) -> dict[str, int]:
        """How often those with these names ran since the last time."""
        taken = {name: self.of[name] for name in names if self.of[name]}
        self.of.clear()
        return taken


class Resource(Talker):
    """Has room for ten requests."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=10)


@seeds(500)
async def test_s20_an_answer_wakes_its_owner_and_nobody_else() -> None:
    """Ten wait for one resource: each time one task runs, once, the one concerned."""
    async with open_stage(Resource) as (stage, router, *_):
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        names = [f"waiter {number}" for number in range(10)]

        async def wait(number: int) -> None:
            await receipts[number].outcome()

        receipts = [router.send("K", f"wait:{number}") for number in range(10)]
        async with trio.open_nursery() as nursery:
            for number, name in enumerate(names):
                nursery.start_soon(wait, number, name=name)
            await settle()
            steps.take(names)

            for number, name in enumerate(names):
                stage.open(str(number))
                await settle()
                assert steps.take(names) == {name: 1}
        trio.lowlevel.remove_instrument(steps)


@seeds(500)
async def test_s20_a_free_slot_wakes_one_session() -> None:
    """Nine sessions wait for the slot; each time it is free one turn begins."""
    async with open_stage(limits=Limits(sessions=10, turns=1)) as (stage, router, *_):
        for number in range(10):
            router.send(f"K{number}", f"wait:{number}")
        await settle()

        for number in range(10):
            assert len(stage.begun) == number + 1
            assert router.statistics().turns_waiting == 9 - number
            stage.open(str(number))
            await settle()
        assert stage.most_in_all == 1


@seeds(500)
async def test_s21_a_slow_chat_delays_neither_another_nor_the_shutdown() -> None:
    """The second is answered meanwhile; a drain aborts the first within its time."""
    async with open_stage() as (stage, router, *_):
        slow = router.send("slow", "wait:never")
        await settle()
        quick = await router.send("quick", "hello").outcome()
        assert isinstance(quick, Completed)
        assert (trio.current_time(), slow.ended) == (0, None)

        report = await router.drain(10)

        assert 0 < trio.current_time() <= 10
        assert isinstance(slow.ended, Aborted)
        assert report.aborted == (slow.turn,)
        assert report.lost == ()
        assert stage.ended[-1] == ("slow", "wait:never")
        assert router.statistics().sessions == 0


@seeds(500)
async def test_s21_the_end_of_the_system_aborts_a_slow_turn_at_once() -> None:
    """It is told so, its clean-up is done, and nothing waits for the inference."""
    async with open_stage() as (stage, router, *_):
        slow = router.send("slow", "wait:never")
        await settle()

    assert isinstance(slow.ended, Aborted)
    assert [type(outcome) for _, outcome in stage.finals] == [Aborted]
    assert trio.current_time() == 0


class Guest(Talker):
    """Notes its coming and going."""

    async def started(self) -> None:
        self.stage.started.append(self.key)

    async def suspend(self) -> None:
        self.stage.stopped.append(self.key)


@seeds(20)
async def test_s23_a_new_key_is_refused_while_all_sessions_are_busy() -> None:
    """The sender is told before anything is started for it, and it is counted."""
    limits = Limits(sessions=2, turns=100)
    async with open_stage(Guest, limits=limits) as (stage, router, _log, system):
        refusals = system.subscribe(PromptRefused)
        busy = [router.send(key, f"wait:{key}") for key in "AB"]
        await settle()

        with pytest.raises(SaturatedError) as caught:
            router.send("C", "hello", origin="bob")
        await settle()

        assert (caught.value.key, caught.value.limit) == ("C", 2)
        refusal = refusals.receive_nowait()
        assert (refusal.key, refusal.origin) == ("C", "bob")
        assert refusal.error is caught.value
        assert router.statistics().refused == {"SaturatedError": 1}
        assert router.statistics().accepted == 2
        assert router.inspect("C") is None
        assert sorted(stage.started) == ["A", "B"]

        again = router.send("A", "again")  # a known key is no new session
        stage.open("A", "B")
        for receipt in (*busy, again):
            assert isinstance(await receipt.outcome(), Completed)
        assert stage.stopped == []


@seeds(20)
async def test_s23_a_newcomer_takes_the_place_of_who_is_idle_longest() -> None:
    """Once a session is idle it is suspended for a new one, the longest idle first."""
    limits = Limits(sessions=3, turns=100)
    async with open_stage(Guest, limits=limits) as (stage, router, *_):
        busy = router.send("A", "wait:door")
        for key in "BC":
            await router.send(key, "hello").outcome()
            await trio.sleep(1)
        await router.send("B", "again").outcome()

        newcomer = await router.send("D", "hello").outcome()

        assert isinstance(newcomer, Completed)
        assert stage.stopped == ["C"]
        assert {info.key for info in router.list()} == set("ABD")
        assert router.statistics().closed == {CloseReason.EVICTED: 1}
        stage.open("door")
        assert isinstance(await busy.outcome(), Completed)


@seeds(20)
async def test_s23_who_waits_for_a_place_gets_it_when_a_session_is_idle() -> None:
    """With `send_wait`, in the order of coming; who gives up is not sent."""
    limits = Limits(sessions=1, turns=100)
    async with open_stage(Guest, limits=limits) as (stage, router, _log, system):
        refusals = system.subscribe(PromptRefused)
        router.send("A", "wait:door")
        await settle()

        with trio.move_on_after(5) as patience:
            await router.send_wait("B", "hello")
        assert patience.cancelled_caught
        assert trio.current_time() == 5
        assert [refusal.error for refusal in refusals.drain()] == [None]

        async def come(key: str) -> None:
            receipt = await router.send_wait(key, "hello")
            assert isinstance(await receipt.outcome(), Completed)

        async with trio.open_nursery() as nursery:
            for key in "CD":
                nursery.start_soon(come, key)
                await settle()
            assert stage.started == ["A"]
            stage.open("door")

        assert stage.begun == [("A", "wait:door"), ("C", "hello"), ("D", "hello")]
        assert stage.stopped == ["A", "C"]
        assert trio.current_time() == 5  # nobody waited for the reaper


@seeds(20)
async def test_s24_a_tenant_has_so_many_sessions_and_no_more() -> None:
    """The fourth is refused with who and how many; nobody else is affected."""
    limits = Limits(sessions=100, turns=100, sessions_per_tenant=3)
    async with open_stage(Guest, limits=limits) as (stage, router, *_):
        mine = [router.send(key, f"wait:{key}", tenant="ann") for key in "ABC"]
        await settle()

        with pytest.raises(TenantLimitError) as caught:
            router.send("D", "hello", tenant="ann")
        error = caught.value
        assert (error.key, error.tenant, error.limit) == ("D", "ann", 3)
        assert error.has == 3
        assert router.inspect("D") is None

        known = router.send("A", "more", tenant="ann")
        for key, tenant in (("E", "bob"), ("F", None)):
            outcome = await router.send(key, "hello", tenant=tenant).outcome()
            assert isinstance(outcome, Completed)
        assert sorted(stage.started) == ["A", "B", "C", "E", "F"]

        stage.open("A", "B")
        assert isinstance(await known.outcome(), Completed)
        assert router.close("B")
        await settle()
        fourth = await router.send("D", "hello", tenant="ann").outcome()
        assert isinstance(fourth, Completed)

        stage.open("C")
        for receipt in mine:
            assert isinstance(await receipt.outcome(), Completed)
        assert router.statistics().refused == {"TenantLimitError": 1}


@seeds(50)
async def test_s24_an_idle_session_of_the_tenant_makes_way_for_its_new_one() -> None:
    """The longest idle of its own, as with `Limits.sessions`; nobody else's goes."""
    limits = Limits(sessions=100, turns=100, sessions_per_tenant=2)
    async with open_stage(Guest, limits=limits) as (stage, router, *_):
        for key, tenant in (("X", "bob"), ("A", "ann"), ("B", "ann"), ("Y", None)):
            assert await router.send(key, "hello", tenant=tenant).outcome()
        assert await router.send("A", "again").outcome()  # now B rests longest

        assert await router.send("C", "hello", tenant="ann").outcome()
        await settle()

        assert stage.stopped == ["B"]
        assert sorted(each.key for each in router.list()) == ["A", "C", "X", "Y"]
        assert await router.send("B", "hello", tenant="ann").outcome()
        await settle()
        assert stage.stopped == ["B", "A"]
        assert router.statistics().refused == {}
