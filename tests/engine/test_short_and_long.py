"""Each short cut of the engine, held to the long way that it shortens.

One story is lived twice, with the short cut and with it taken away; what it leaves
behind must be the same: what every actor saw, in which order, each answer and error,
each exit, each dead letter and each count.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from actors import (
    Actor,
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Decision,
    Exit,
    Finished,
    Request,
    Terminated,
    open_system,
)
from actors._engine.cell import ending, moves
from actors._engine.cell.asking import wait_for_room
from actors._engine.cell.cell import Cell
from actors._engine.cell.inbox import full_error, put, stopped_error
from actors._engine.cell.owner import take_in
from actors._engine.cell.reach import tell_or_bury
from actors._engine.seat import GO, Props
from actors._engine.workers import sweep as sweeping
from actors._engine.workers import worker as working
from actors._engine.workers.drain import drain
from actors._engine.workers.hand import Hand
from actors.hosting import actor_of
from actors.testing import seeds

Log = list[object]


@attrs.frozen
class Ask(Request[str]):
    """Answered with a word, or not at all."""

    word: str


def handle(log: Log, who: str, message: object) -> None:
    """What all actors of the story do."""
    log.append((who, message.word if isinstance(message, Ask) else message))
    match message:
        case Ask(word="crash") | "crash":
            raise ValueError(who)
        case Ask(word="late"):
            log.append((who, "keeps it", message))
        case Ask(word="wrong"):
            message.fail(LookupError(who))
        case Ask():
            message.reply(f"{who} has {message.word}")
        case _:
            pass


class Plain(Actor[object]):
    """Answers in the asking task, if it is at rest."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def receive(self, message: object) -> None:
        handle(self.log, "plain", message)


class Driven(Actor[object]):
    """Is driven by hand, and suspends when told to."""

    def __init__(self, log: Log) -> None:
        self.log = log

    async def receive(self, message: object) -> None:
        handle(self.log, "driven", message)
        if message == "wait":
            await trio.lowlevel.checkpoint()


class Brief(Actor[object]):
    """Finishes at its first message."""

    def receive(self, message: object) -> None:
        del message
        self.finish()


class Piece(Actor[Any]):
    """A piece of its owner's work."""

    def __init__(self, log: Log, how: str) -> None:
        self.log = log
        self.how = how

    async def receive(self, message: Any) -> None:
        self.log.append(("piece", self.how, message))
        if self.how == "slow":
            await trio.lowlevel.checkpoint()
        elif self.how == "hanging":
            await trio.sleep_forever()
        self._seat.finish_work()

    def _cut_off(self) -> None:
        """Nothing of it has a clock."""

    def _over(self, exit_: Exit) -> None:
        self.log.append(("over", exit_))


class Owner(Actor[object]):
    """Owns the others, and restarts whoever crashes."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def started(self) -> None:
        self.plain = self.start(Plain, self.log, name="plain")
        self.driven = self.start(Driven, self.log, name="driven")

    def receive(self, message: object) -> None:
        if isinstance(message, Terminated):
            self.log.append(("terminated", message.exit))
        else:
            self._seat.begin_work(Piece(self.log, str(message)), Piece._props, 1)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        self.log.append((child.name, type(exit)))
        return Decision.END if isinstance(exit, Finished) else Decision.RESTART


async def ask(log: Log, ref: ActorRef[Any], word: str) -> None:
    """Note the answer, or the error and its cause."""
    try:
        log.append(await ref.ask(Ask(word)))
    except (ActorCrashedError, ActorStoppedError, LookupError) as error:
        log.append((type(error), str(error), type(error.__cause__)))


async def story() -> list[object]:
    """Live it, and give all that it leaves behind."""
    log: Log = []  # by the actors
    told: Log = []
    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Owner, log, name="owner")
        await owner.wait_started()
        own = actor_of(owner)
        for ref in (own.plain, own.driven):
            for word in ("one", "crash", "wrong", "two"):
                await ask(told, ref, word)
            for message in ("a", "crash", "b"):
                ref.tell_nowait(message)
                await trio.testing.wait_all_tasks_blocked()
            for message in ("c", "d", "wait", "crash", "e", "crash", "f"):
                ref.tell_nowait(message)
            await ask(told, ref, "three")
            await ref.tell("g")
            nursery.start_soon(ask, told, ref, "late")
            await trio.testing.wait_all_tasks_blocked()
        for how in ("quick", "slow", "hanging"):
            owner.tell_nowait(how)
            await trio.testing.wait_all_tasks_blocked()

        idle = system.start(Plain, log, name="idle")
        asked = system.start(Plain, log, name="asked")
        brief = system.start(Brief, name="brief")
        own.watch(brief)
        await asked.tell("h")
        brief.tell_nowait("end")
        asked.stop("enough")
        idle.stop()
        for ref in (idle, asked, brief):
            told.append((ref.path, await ref.wait_stopped()))
            await ask(told, ref, "four")
        owner.stop()
        told.append(await owner.wait_stopped())
        statistics = system.statistics()
        told.extend((each.ref.path, each.message) for each in system.dead_letters)
        told.append(attrs.evolve(statistics, workers=0, spare_workers=0))
    return [*log, *told]


# -------------------------------------------------------------- the long ways, in full


def tell_nowait(cell: Cell, message: Any) -> None:
    """Without the look at `room`."""
    if not put(cell, message):
        raise full_error(cell)


async def tell(cell: Cell, message: Any) -> None:
    """Without the look at `room`."""
    cell.hub.sends += 1
    await trio.lowlevel.checkpoint()
    if not put(cell, message):
        await wait_for_room(cell, message)


def request_stop(cell: Cell, exit_: Exit) -> None:
    """By the table alone."""
    moves.happen(cell, "kill" if cell.props.work else "stop", exit_)


def sweep(hand: Hand) -> bool:
    """Every cell by `drain`, in its context."""
    while hand.hub.ready:
        cell: Cell = hand.hub.ready.popleft()
        hand.cell = cell
        cell.worker = hand
        if cell.context.run(drain, hand, cell):
            return True
        hand.slice.left -= 1
    return False


def begin_work(cell: Cell, actor: Any, props: Props, number: int) -> Cell:
    """As any child, then told as anybody is."""
    if cell.ending:
        raise stopped_error(cell)
    child = Cell(cell.hub, cell, props, (), number, cell.context.copy())
    child.actor = actor
    actor._seat = child
    take_in(cell, child)
    tell_or_bury(child, GO)
    return child


def finish_work(cell: Cell) -> None:
    """As anybody who wants to end."""
    moves.happen(cell, "stop", moves.FINISHED)


def never(*_: object, **__: object) -> None:
    """It is not such a case."""


Taking = Callable[[pytest.MonkeyPatch], None]

TAKEN: dict[str, Taking] = {
    "tell_nowait": lambda patch: patch.setattr(Cell, "tell_nowait", tell_nowait),
    "tell": lambda patch: patch.setattr(Cell, "tell", tell),
    "ask": lambda patch: patch.setattr(
        Plain, "_props", attrs.evolve(Plain._props, plain=False)
    ),
    "sweep": lambda patch: patch.setattr(working, "sweep", sweep),
    "_answer": lambda patch: patch.setattr(sweeping, "_answer", never),
    "request_stop": lambda patch: patch.setattr(Cell, "request_stop", request_stop),
    "vanish": lambda patch: patch.setattr(Cell, "vanish", never),
    "begin_end": lambda patch: patch.setattr(Cell, "begin_end", ending.begin_end),
    "recover": lambda patch: patch.setattr(Cell, "recover", never),
    "begin_work": lambda patch: patch.setattr(Cell, "begin_work", begin_work),
    "finish_work": lambda patch: patch.setattr(Cell, "finish_work", finish_work),
}
"""How each short cut is taken away."""


@pytest.mark.parametrize("short_cut", TAKEN)
@seeds(3)
async def test_the_long_way_leaves_the_same_behind(short_cut: str) -> None:
    """Nobody can tell which way was taken, but by the clock."""
    expected = await story()
    with pytest.MonkeyPatch.context() as patch:
        TAKEN[short_cut](patch)
        found = await story()

    assert found == expected


SEEN: dict[str, Callable[[Any, tuple[Any, ...]], bool]] = {
    "ask": lambda _, args: args[0]._seat.worker is None,
    "vanish": lambda result, _: result is True,
    "recover": lambda result, _: result is not None,
}
"""When one was taken, if not by being called: `{name: (result, arguments)}`."""


@pytest.mark.parametrize("short_cut", TAKEN)
async def test_the_story_takes_every_short_cut(short_cut: str) -> None:
    """Or the test above would say nothing."""
    homes: dict[str, Any] = {"sweep": working, "_answer": sweeping, "ask": Plain}
    home = homes.get(short_cut, Cell)
    name = "receive" if short_cut == "ask" else short_cut
    way: Any = getattr(home, name)
    taken = 0

    def counted(*args: Any, **options: Any) -> Any:
        nonlocal taken
        result = way(*args, **options)
        seen = SEEN.get(short_cut)
        taken += seen is None or seen(result, args)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, name, counted)
        await story()

    assert taken > 0


def test_no_short_cut_is_forgotten() -> None:
    """Those that the docstring of the cell's room names are those held here."""
    room = inspect.getdoc(inspect.getmodule(Cell)) or ""

    assert {name for name in TAKEN if name not in room} == {"_answer"}
