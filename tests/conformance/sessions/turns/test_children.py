"""Child turns: scenarios S108 to S113."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import product
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ActorSystem,
    BudgetExceededError,
    ChildOrphaned,
    ChildSlotTimeoutError,
    Completed,
    DepthExceededError,
    Failed,
    Outcome,
    Session,
    SessionClosed,
    Turn,
    TurnPolicy,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import Limits, RouterRef, start_router

Deed: TypeAlias = Callable[[Turn[Any, str]], Awaitable[object]]
"""What a prompt of these tests is: what the turn does."""


@attrs.define
class Notes:
    """What the sessions of one test write down."""

    orphans: list[Any] = attrs.Factory(list[Any])  # (key, outcome, parent)
    log: list[str] = attrs.Factory(list[str])
    door: trio.Event = attrs.Factory(trio.Event)


class Doer(Session[Deed, str]):
    """Does its prompts; tells its own next turn about orphans, if it is asked to."""

    initial_state: ClassVar[Any] = ()

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    async def take_turn(self, turn: Turn[Deed, str]) -> object:
        return await turn.prompt(turn)

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        self.notes.orphans.append((self.key, outcome, parent))


@asynccontextmanager
async def open_family(
    make: type[Doer] = Doer, limits: Limits | None = None
) -> AsyncGenerator[tuple[Notes, RouterRef[Deed, str], ActorSystem]]:
    """Open a system with a router of doers; at the end the log is checked."""
    notes = Notes()
    async with open_system() as system:
        log = TurnLog(system)
        wide = limits if limits is not None else Limits(sessions=100, turns=100)
        yield notes, start_router(system, make, notes, limits=wide), system
    log.check()


async def wait_for(turn: Turn[Any, str], door: trio.Event, notes: Notes) -> str:
    """A child that waits; it says when it is over, and is slow to go."""
    try:
        await door.wait()
        return "result"
    finally:
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()
        notes.log.append(f"{turn.key} child over")


@seeds(500)
async def test_s108_a_childs_result_reaches_its_parent_or_is_an_orphan() -> None:
    """One of both, at every distance of the two ends; hook and event say the same."""
    ended: dict[str, Outcome | None] = {}
    ids: dict[str, int] = {}

    async def child(turn: Turn[Any, str], steps: int) -> str:
        ids[turn.key] = turn.id
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        return f"result of {turn.key}"

    def parent(steps: int, child_steps: int) -> Deed:
        async def act(turn: Turn[Any, str]) -> None:
            mine = await turn.start_child(child, child_steps, critical=True)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            ended[turn.key] = mine.ended

        return act

    async with open_family() as (notes, router, system):
        told = system.subscribe(ChildOrphaned)
        receipts = {
            f"{steps} {child_steps}": router.send(
                f"{steps} {child_steps}", parent(steps, child_steps)
            )
            for steps, child_steps in product(range(4), range(5))
        }
        for receipt in receipts.values():
            assert isinstance(await receipt.outcome(), Completed)
        await settle()

        events = told.drain()
        assert sorted(notes.orphans, key=str) == sorted(
            ((each.key, each.outcome, each.parent) for each in events), key=str
        )
        for key, receipt in receipts.items():
            orphans = [each for each in events if each.key == key]
            assert (ended[key] is not None) + len(orphans) == 1
            outcome = ended[key] or orphans[0].outcome
            assert outcome == Completed(f"result of {key}", turn=ids[key])
            assert [each.parent for each in orphans] in ([], [receipt.turn])
            assert [each.turn for each in orphans] in ([], [ids[key]])


class Adopting(Doer):
    """Gives the result of an orphan to a turn of its own."""

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        super().child_orphaned(outcome, parent)
        assert isinstance(outcome, Completed)
        result = outcome.result

        async def take(turn: Turn[Any, str]) -> None:
            self.notes.log.append(f"{turn.key} got {result}")

        self.follow_up(take, origin=parent)


@seeds(500)
async def test_s109_a_child_belongs_to_the_session_of_its_parent() -> None:
    """Its key, its parent, its orphaned result: never those of another session."""
    seen: list[tuple[str, str, str, int]] = []

    async def grandchild(turn: Turn[Any, str], mine: str) -> None:
        assert turn.parent is not None
        seen.append((mine, turn.key, turn.parent.key, turn.depth))
        await trio.lowlevel.checkpoint()

    async def child(turn: Turn[Any, str], mine: str) -> str:
        assert turn.parent is not None
        seen.append((mine, turn.key, turn.parent.key, turn.depth))
        begun[mine].set()
        await turn.run_child(grandchild, mine)
        await notes.door.wait()
        return mine

    def act_of(mine: str) -> Deed:
        async def act(turn: Turn[Any, str]) -> None:
            await turn.start_child(child, mine, critical=True)
            await begun[mine].wait()

        return act

    keys = ["a", "b", "c"]
    begun = {key: trio.Event() for key in keys}
    async with open_family(Adopting) as (notes, router, system):
        told = system.subscribe(ChildOrphaned)
        receipts = {key: router.send(key, act_of(key)) for key in keys}
        for receipt in receipts.values():
            await receipt.outcome()
        await settle()
        notes.door.set()
        await settle()

        assert sorted(seen) == [
            (key, key, key, depth) for key in keys for depth in (1, 2)
        ]
        assert sorted(notes.log) == [f"{key} got {key}" for key in keys]
        assert {each.key: each.parent for each in told.drain()} == {
            key: receipts[key].turn for key in keys
        }


@seeds(20)
async def test_s110_a_sixth_child_of_five_waits_for_room() -> None:
    """Within `slot_wait` it gets the room that another leaves, else an error."""
    times: list[float] = []
    errors: list[ChildSlotTimeoutError] = []
    doors = [trio.Event() for _ in range(6)]

    async def act(turn: Turn[Any, str]) -> None:
        for door in doors[:5]:
            await turn.start_child(wait_for, door, notes)
        begun = trio.current_time()
        try:
            await turn.start_child(wait_for, doors[5], notes)
        except ChildSlotTimeoutError as error:
            errors.append(error)
        times.append(trio.current_time() - begun)
        sixth = await turn.start_child(wait_for, doors[5], notes)
        times.append(trio.current_time() - begun)
        doors[5].set()
        assert isinstance(await sixth.outcome(), Completed)

    async with open_family() as (notes, router, _):
        receipt = router.send("k", act)
        await trio.sleep(40)
        doors[0].set()
        assert isinstance(await receipt.outcome(), Completed)

        assert times == [30, 40]
        assert [(each.turn, each.width) for each in errors] == [(receipt.turn, 5)]
        assert notes.log == ["k child over"] * 6


@seeds(20)
async def test_s110_a_fourth_level_is_refused_at_once() -> None:
    """Three levels below the turn is all, and it takes no time to be told so."""
    depths: list[int] = []

    async def dig(turn: Turn[Any, str]) -> object:
        depths.append(turn.depth)
        try:
            outcome = await turn.run_child(dig)
        except DepthExceededError as error:
            return (turn.id == error.turn, error.limit)
        assert isinstance(outcome, Completed)
        return outcome.result

    async with open_family() as (_, router, _):
        outcome = await router.send("k", dig).outcome()

        assert isinstance(outcome, Completed)
        assert outcome.result == (True, 3)
        assert depths == [0, 1, 2, 3]
        assert trio.current_time() == 0


@seeds(20)
async def test_s111_an_ordinary_child_ends_with_its_parent() -> None:
    """It is cancelled when `take_turn` returns, and joined before the outcome."""

    async def act(turn: Turn[Any, str]) -> str:
        await turn.start_child(wait_for, notes.door, notes)
        await settle()
        return "done"

    async with open_family() as (notes, router, _):
        receipt = router.send("k", act)

        outcome = await receipt.outcome()

        assert isinstance(outcome, Completed)
        assert notes.log == ["k child over"]
        info = router.inspect("k")
        assert info is not None
        assert (info.children, info.phase) == (0, "idle")


@seeds(20)
async def test_s111_a_critical_child_goes_on_as_a_task_of_its_session() -> None:
    """The session is busy as long as it has it, and its end ends the child."""

    async def act(turn: Turn[Any, str]) -> None:
        await turn.start_child(wait_for, notes.door, notes, critical=True)

    async with open_family(limits=Limits(idle=10)) as (notes, router, system):
        closed = system.subscribe(SessionClosed)
        for key in ("a", "b"):
            assert isinstance(await router.send(key, act).outcome(), Completed)

        await trio.sleep(30)

        assert {each.key: each.children for each in router.list()} == {"a": 1, "b": 1}
        assert closed.drain() == []
        assert notes.log == []

        # closed: the child ends before the session has
        router.close("b")
        assert (await closed.receive()).key == "b"
        assert notes.log == ["b child over"]

        # done: heard by the session, which is idle from now on
        notes.door.set()
        await settle()
        assert [(key, type(each)) for key, each, _ in notes.orphans if key == "a"] == [
            ("a", Completed)
        ]
        assert notes.log == ["b child over", "a child over"]
        await trio.sleep(10)
        await settle()
        assert router.list() == []


@pytest.mark.parametrize("critical", [False, True])
@seeds(20)
async def test_s111_a_hard_abort_ends_the_children_of_both_kinds(
    *, critical: bool
) -> None:
    """Before the outcome is told."""

    async def act(turn: Turn[Any, str]) -> None:
        await turn.start_child(wait_for, notes.door, notes, critical=critical)
        await trio.sleep_forever()

    async with open_family() as (notes, router, _):
        receipt = router.send("k", act)
        await settle()

        router.cancel("k", reason="enough")

        outcome = await receipt.outcome()
        assert isinstance(outcome, Aborted)
        assert outcome.reason == "enough"
        assert notes.log == ["k child over"]


@pytest.mark.parametrize("direct", [False, True])
@seeds(20)
async def test_s112_the_user_sees_one_answer(*, direct: bool) -> None:
    """Of the child, if it may and does; else of its parent, who knows which."""

    async def child(turn: Turn[Any, str]) -> str:
        await turn.emit("answer of the child")
        return "for the parent"

    async def act(turn: Turn[Any, str]) -> object:
        mine = await turn.start_child(child, direct=direct)
        outcome = await mine.outcome()
        if not mine.replied:
            await turn.emit("answer of the parent")
        assert isinstance(outcome, Completed)
        return outcome.result

    async with (
        open_family() as (_, router, _),
        router.open_turn("k", act) as stream,
    ):
        chunks = [chunk async for chunk in stream]
        outcome = await stream.outcome()

        assert chunks == ["answer of the child" if direct else "answer of the parent"]
        assert isinstance(outcome, Completed)
        assert outcome.result == "for the parent"
        assert router.statistics().unread == (0 if direct else 1)


class Thrifty(Doer):
    """Each turn has 100 units, its children included."""

    turns = TurnPolicy(budget=100)


@seeds(20)
async def test_s113_a_spent_budget_ends_the_whole_family() -> None:
    """It is shared by all of them, and the next turn has a new one."""
    spent: list[int] = []  # numbers of children

    async def child(turn: Turn[Any, str], number: int) -> None:
        await trio.sleep(number / 10)
        for _ in range(4):
            await trio.sleep(1)
            spent.append(number)
            turn.spend(10)
        await trio.sleep_forever()

    async def act(turn: Turn[Any, str]) -> None:
        turn.spend(10)
        for number in range(3):
            await turn.start_child(child, number)
        try:
            await trio.sleep_forever()
        finally:
            notes.log.append("parent over")

    async def modest(turn: Turn[Any, str]) -> str:
        turn.spend(100)
        await trio.lowlevel.checkpoint()
        return "enough"

    async with open_family(Thrifty) as (notes, router, _):
        receipt = router.send("k", act)
        after = router.send("k", modest)

        outcome = await receipt.outcome()

        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, BudgetExceededError)
        assert (outcome.error.spent, outcome.error.budget) == (110, 100)
        assert outcome.error.turn == receipt.turn
        assert spent == [0, 1, 2] * 3 + [0]
        assert notes.log == ["parent over"]
        assert trio.current_time() == 4
        assert isinstance(await after.outcome(), Completed)
