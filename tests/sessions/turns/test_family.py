"""`Family`: the child turns of one turn, and who waits for one of them to go."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    Aborted,
    ChildOrphaned,
    ChildSlotTimeoutError,
    Completed,
    DepthExceededError,
    Killed,
    TimedOut,
    TurnOverError,
    TurnPolicy,
)
from actors._sessions.phase import ENDED
from actors._sessions.turns.careful import escaped
from actors._sessions.turns.early import cut
from actors._sessions.turns.family import Family, depth_of, top_of
from actors._sessions.turns.verdicts import PARENT_ENDED
from actors.hosting import TurnRun
from tests.sessions.turns.double import House, nothing

POLICY = TurnPolicy(drain_window=2.0, abort_grace=9.0)


def child_of(run: TurnRun, *, critical: bool = False, direct: bool = False) -> Any:
    """Start one; it has had its first step."""
    child = run.need_family().start(nothing, critical=critical, direct=direct)
    run.host.step(child)
    return child


def test_a_child_is_a_piece_of_its_parents_work() -> None:
    """It has an id, its parent's session, stream and policy but for its own limit."""
    house = House()
    run = house.turn(POLICY)
    run.stream = object()

    child = child_of(run, direct=True)

    assert house.log == ["begin 2 in turn 1 quickly"]
    assert (child.id, child.parent, child.session) == (2, run, house.session)
    assert (child.stream, child.critical) == (run.stream, False)
    assert (child.policy.time_limit, child.policy.drain_window) == (7.0, 0.0)
    assert child.policy.abort_grace == 9.0
    assert child.receipts == ()
    assert run.need_family().children == {2: child}


def test_a_child_has_no_stream_unless_it_is_said_to_have_its_parents() -> None:
    """What it says is its own affair."""
    run = House().turn(POLICY)
    run.stream = object()

    assert child_of(run).stream is None


def test_a_critical_child_is_a_piece_of_its_sessions_work() -> None:
    """Its parent, which may have to wait for it, is careful from then on."""
    house = House()
    run = house.turn(POLICY)

    child_of(run, critical=True)

    assert house.log == [
        "begin 2 in session quickly",
        "turn 1 is careful: True",
        "critical begins in a",
    ]


@pytest.mark.parametrize("critical", [False, True])
def test_a_turn_that_is_ending_has_no_more_children(*, critical: bool) -> None:
    """Nor one whose session is, for a critical one; nothing was changed."""
    house = House()
    run = house.turn(POLICY)
    seat: Any = house.session._seat if critical else run._seat
    seat.refuses = True

    with pytest.raises(TurnOverError):
        run.need_family().start(nothing, critical=critical, direct=False)

    assert house.log == []
    assert len(run.need_family()) == 0


@pytest.mark.parametrize("critical", [False, True])
def test_a_turn_that_was_cut_has_no_more_children(*, critical: bool) -> None:
    """What it had was cut with it: one that came later would not be."""
    house = House()
    run = house.turn(POLICY)
    run.verdict = Aborted("why")

    with pytest.raises(TurnOverError):
        run.need_family().start(nothing, critical=critical, direct=False)

    assert house.log == []


def test_a_child_of_a_critical_one_belongs_to_that_one() -> None:
    """Only the critical one itself is the session's."""
    house = House()
    critical = child_of(house.turn(POLICY), critical=True)
    house.log.clear()

    child_of(critical)

    assert house.log == ["begin 3 in turn 2 quickly"]


def test_a_child_that_has_ended_is_none_any_more() -> None:
    """A plain one is nobody's affair but its parent's."""
    house = House()
    run = house.turn(POLICY)
    child = child_of(run)
    house.log.clear()

    child.conclude(Completed(1))

    assert len(run.need_family()) == 0
    assert house.log == []


def test_a_critical_child_that_ends_is_told_to_the_house() -> None:
    """Its parent still runs: it is no orphan."""
    house = House()
    house.events.wanted.add(ChildOrphaned)
    run = house.turn(POLICY)
    child = child_of(run, critical=True)
    house.log.clear()

    child.conclude(Completed(1))

    assert house.log == ["critical over in a"]
    assert house.published == []


def test_a_child_that_has_outlived_its_parents_body_is_an_orphan() -> None:
    """Its outcome is told to the session and to whoever listens, before the house."""
    house = House()
    house.events.wanted.add(ChildOrphaned)
    run = house.turn(POLICY)
    child = child_of(run, critical=True)
    run.need_extra().body_over = True
    house.log.clear()

    child.conclude(Completed(1))

    assert house.log == ["orphan of 1: Completed", "critical over in a"]
    (event,) = house.published
    assert (event.turn, event.parent) == (2, 1)
    assert event.outcome == Completed(1, turn=2)


@pytest.mark.parametrize(
    ("reason", "orphan"), [(PARENT_ENDED, False), ("another", True)]
)
def test_one_that_was_cut_with_its_parent_is_no_orphan(
    reason: str, *, orphan: bool
) -> None:
    """It has no outcome of its own; one that was aborted otherwise has."""
    house = House()
    run = house.turn(POLICY)
    child = child_of(run, critical=True)
    run.need_extra().body_over = True
    house.log.clear()

    child.conclude(Aborted(reason))

    assert ("orphan of 1: Aborted" in house.log) == orphan
    assert house.log[-1] == "critical over in a"


def test_one_that_outlives_a_body_that_has_failed_is_an_orphan() -> None:
    """It had its own end before its parent's: nobody else looks at that one."""
    house = House()
    run = house.turn(POLICY)
    child = child_of(run, critical=True)
    cut(child, TimedOut())

    assert escaped(run, ValueError()) is None
    child.conclude(child.verdict)

    assert "orphan of 1: TimedOut" in house.log


def test_children_end_with_a_body_that_has_failed() -> None:
    """Both kinds; nobody is left to hear of them."""
    run = House().turn(POLICY)
    children = [child_of(run), child_of(run, critical=True)]

    assert escaped(run, ValueError()) is None

    assert [each.verdict for each in children] == [Aborted(PARENT_ENDED)] * 2


async def test_a_turn_that_is_given_up_while_it_waits_has_one_end() -> None:
    """It waits for a critical child; when that is gone nothing more is done."""
    house = House()
    run = house.turn(POLICY)
    run.turn = object()
    child = child_of(run, critical=True)
    cut(run, TimedOut())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run.stopped, Killed())
        await wait_all_tasks_blocked()
        run.conclude(TimedOut(), late=True)  # as the house does
        child.conclude(child.verdict)
    run._over(Killed())

    assert run.phase is ENDED
    assert house.log.count("over 1 TimedOut") == 1


def test_cutting_spares_critical_ones_unless_told_not_to() -> None:
    """A turn that ends in order leaves them be."""
    house = House()
    run = house.turn(POLICY)
    plain, critical = child_of(run), child_of(run, critical=True)
    family = run.need_family()

    family.cut(Aborted("order"), critical=False)
    assert plain.verdict == Aborted("order")
    assert critical.verdict is None

    family.cut(Aborted("disorder"), critical=True)
    assert plain.verdict == Aborted("order")
    assert critical.verdict == Aborted("disorder")


def test_depth_and_top_are_known() -> None:
    """A turn of its own has depth 0, and is its own top."""
    house = House()
    run = house.turn(POLICY)
    child = child_of(run)
    grandchild = child_of(child)

    assert [depth_of(each) for each in (run, child, grandchild)] == [0, 1, 2]
    assert top_of(grandchild) is top_of(child) is top_of(run) is run


# ----------------------------------------------------------------------- who waits


async def test_there_is_room_for_so_many(autojump_clock: trio.abc.Clock) -> None:
    """One more waits, for a while, and is refused."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    await family.wait_for_room()
    child_of(run)
    await family.wait_for_room()
    child_of(run, critical=True)

    begun = trio.current_time()
    with pytest.raises(ChildSlotTimeoutError):
        await family.wait_for_room()
    assert trio.current_time() - begun == 5.0
    del autojump_clock


async def test_who_waits_has_the_room_of_who_goes() -> None:
    """At once; with two that wait and one that goes, one waits on."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    children = [child_of(run), child_of(run)]
    through: list[int] = []

    async def wait(number: int) -> None:
        await family.wait_for_room()
        through.append(number)
        children.append(child_of(run))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, 1)
        await wait_all_tasks_blocked()
        nursery.start_soon(wait, 2)
        await wait_all_tasks_blocked()

        children[0].conclude(Completed())
        await wait_all_tasks_blocked()
        assert len(through) == 1

        children[1].conclude(Completed())
    assert sorted(through) == [1, 2]


async def test_who_waits_waits_on_if_another_was_quicker() -> None:
    """Who is woken has no room yet: it looks again, and there are never too many."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    first, second = child_of(run), child_of(run)
    let_in = trio.Event()

    async def wait() -> None:
        await family.wait_for_room()
        let_in.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()

        first.conclude(Completed())
        child_of(run)  # by somebody who was let in before, in this very step
        await wait_all_tasks_blocked()
        assert not let_in.is_set()

        second.conclude(Completed())
    assert let_in.is_set()


async def test_a_turn_that_ends_while_one_waits_starts_nothing() -> None:
    """Who waits is told so when there is room."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    children = [child_of(run), child_of(run)]

    async def wait() -> None:
        with pytest.raises(TurnOverError):
            await family.wait_for_room()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        run.phase = ENDED
        children[0].conclude(Completed())


async def test_too_deep_is_too_deep_at_once() -> None:
    """A grandchild of a policy of two levels has no children."""
    house = House()
    grandchild = child_of(child_of(house.turn(POLICY)))

    with pytest.raises(DepthExceededError):
        await grandchild.need_family().wait_for_room()


async def test_waiting_for_the_last_to_go() -> None:
    """All of them, of both kinds; at once if there is none."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    await family.wait_until_gone()
    children = [child_of(run), child_of(run, critical=True)]
    gone = trio.Event()

    async def wait() -> None:
        await family.wait_until_gone()
        gone.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        children[0].conclude(Completed())
        await wait_all_tasks_blocked()
        assert not gone.is_set()
        children[1].conclude(Completed())
    assert gone.is_set()


def test_a_family_is_made_once() -> None:
    """With its first child, or whoever asks."""
    run = House().turn(POLICY)
    family = run.need_family()

    assert isinstance(family, Family)
    assert run.need_family() is family
