"""Work: what an actor has started as a piece of itself, and how such a piece ends."""

from __future__ import annotations

from typing import Any

import attrs
import trio
import trio.testing

from actors import Actor, AnyRef, Decision, Exit, Finished, Killed, open_system
from actors._engine.seat import GO
from actors.hosting import actor_of
from actors.testing import seeds


class Piece(Actor[Any]):
    """Does its work once, and is told of its end itself."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.ends: list[Exit] = []

    async def receive(self, message: Any) -> None:
        assert message is GO
        await self.body()
        self._seat.finish_work()

    def _cut_off(self) -> None:
        """Nothing of it has a clock."""

    def _over(self, exit_: Exit) -> None:
        self.ends.append(exit_)


PROPS = attrs.evolve(Piece._props, label="piece")


class Owner(Actor[Piece]):
    """Begins each piece it is told of, and notes what its hooks hear."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    def receive(self, message: Piece) -> None:
        self._seat.begin_work(message, PROPS, 7)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del exit
        self.heard.append(child.path)
        return Decision.END

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        del exit, undelivered
        self.heard.append(child.path)


async def nothing() -> None:
    """Take no time."""


async def second() -> None:
    """Take a second."""
    await trio.sleep(1)


@seeds(20)
async def test_a_piece_of_work_is_told_of_its_own_end() -> None:
    """It ends when it has finished, and its owner's hooks hear nothing."""
    heard: list[str] = []
    quick, slow = Piece(nothing), Piece(second)
    async with open_system() as system:
        owner = system.start(Owner, heard, name="owner")
        await owner.tell(quick)
        await owner.tell(slow)
        await trio.sleep(0.5)

        assert [type(each) for each in quick.ends] == [Finished]
        assert slow.ends == []
        assert slow.ref.path == "/owner/piece-7"

        await trio.sleep(1)
        assert [type(each) for each in slow.ends] == [Finished]
        assert actor_of(owner) is not None
    assert heard == []


@seeds(20)
async def test_work_is_killed_at_once_when_its_owner_stops() -> None:
    """All of it, begun or not; nothing of the house's own is a dead letter."""
    heard: list[str] = []
    hanging = [Piece(trio.sleep_forever) for _ in range(3)]
    async with open_system() as system:
        owner = system.start(Owner, heard)
        await owner.tell(hanging[0])
        await trio.testing.wait_all_tasks_blocked()
        for number, piece in enumerate(hanging[1:]):
            actor_of(owner)._seat.begin_work(piece, PROPS, number)
        owner.stop()
        await owner.wait_stopped()

        assert [each.ends for each in hanging] == [[Killed()]] * 3
        assert trio.current_time() < 1.0
        assert len(system.dead_letters) == 0
    assert system.stop_report is not None
    assert system.stop_report.late == ()


async def test_joining_tasks_waits_for_all_and_never_for_none() -> None:
    """Also for those that are started while it waits; none left: no checkpoint."""
    ended: list[str] = []

    class Starter(Actor[str]):
        async def receive(self, message: str) -> None:
            self.start_soon(self.first)
            await self._seat.join_tasks()
            ended.append("joined")
            self.start_soon(self.last)
            await self._seat.join_tasks()
            ended.append(message)
            with trio.CancelScope() as scope:
                scope.cancel()
                await self._seat.join_tasks()
            ended.append(f"cancelled: {scope.cancelled_caught}")

        async def first(self) -> None:
            await trio.lowlevel.checkpoint()
            self.start_soon(self.last)

        async def last(self) -> None:
            await trio.lowlevel.checkpoint()
            ended.append("last")

    async with open_system() as system:
        system.start(Starter).tell_nowait("done")
        await trio.testing.wait_all_tasks_blocked()

    assert ended == ["last", "joined", "last", "done", "cancelled: False"]
