"""Answers are told some at a time, in the order of their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import pytest
import trio

from actors import Withdrawn
from actors.testing import seeds
from supervision.durable import MemoryStore, StorePolicy
from supervision.durable._words.records import DONE, Bind
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.writer import TOLD, Writer
from tests.durable.keeping.stage import Stage, open_process

MANY: Final = 2 * TOLD + 5


@attrs.define(eq=False)
class Around:
    """A router of which a writer wants nothing."""

    errors: list[Exception] = attrs.Factory(list[Exception])
    room: int = 0

    def now(self) -> float:
        """No time passes."""
        return 0.0

    def has_room(self) -> None:
        """Count it."""
        self.room += 1

    def fail(self, error: Exception) -> None:
        """Keep it."""
        self.errors.append(error)


@attrs.define(eq=False)
class Opened:
    """A store that answers when the test wants it to."""

    steps: int = 1
    sharing: Any = None  # Any: it has none
    batches: list[Sequence[Any]] = attrs.Factory(list[Sequence[Any]])  # Any: records
    told: Callable[[Any], None] = print

    def carry(self, batch: Sequence[Any], told: Callable[[Any], None]) -> None:
        """Keep it until it is answered."""
        self.batches.append(batch)
        self.told = told

    def answer(self) -> None:
        """Carry out the batch that is out."""
        self.told([DONE] * len(self.batches[-1]))


class Steps(trio.abc.Instrument):
    """Counts the steps of Trio's loop."""

    step = 0

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - Trio has it
        """One more."""
        self.step += 1


@attrs.define(eq=False)
class Scene:
    """A writer between the two."""

    around: Any = attrs.Factory(Around)  # Any: it has what is used of it
    opened: Any = attrs.Factory(Opened)  # Any: as above
    heard: list[int] = attrs.Factory(list[int])
    """Numbers of the records whose answers were told."""
    steps: list[int] = attrs.Factory(list[int])
    """In which steps of Trio's loop they were."""
    clock: Steps = attrs.Factory(Steps)
    bad: int = -1
    """The number of the record that cannot hear its answer."""
    writer: Writer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        trio.lowlevel.add_instrument(self.clock)
        self.writer = Writer(StorePolicy(), self.around)
        self.writer.begin(self.opened)

    def submit(self, number: int, make: type[Entry] = Entry) -> None:
        """Submit a record."""

        def told(_: object) -> None:
            if number == self.bad:
                raise ValueError(number)
            self.heard.append(number)
            self.steps.append(self.clock.step)

        self.writer.submit(make(Bind(f"{number}", None), told))

    async def send_out(self) -> None:
        """Wait until a batch is out."""
        wanted = len(self.opened.batches) + 1
        while len(self.opened.batches) < wanted:  # noqa: ASYNC110 - nobody tells
            await trio.lowlevel.checkpoint()

    async def hear(self, wanted: int) -> None:
        """Wait until so many have been told."""
        while len(self.heard) < wanted:  # noqa: ASYNC110 - nobody tells
            await trio.lowlevel.checkpoint()


async def test_answers_are_told_some_at_a_time_in_their_order() -> None:
    """What is submitted meanwhile is one batch, closed when all have been told.

    Who waits for room hears of it in each step, before who is told may send again.
    """
    scene = Scene()
    for number in range(MANY):
        scene.submit(number)
    await scene.send_out()

    scene.opened.answer()
    assert scene.heard == list(range(TOLD))
    assert len(scene.writer.book) == MANY - TOLD
    assert scene.around.room == 1
    scene.submit(-1)
    await scene.hear(TOLD + 1)
    scene.submit(-2)
    await scene.send_out()

    assert scene.heard == list(range(MANY))
    assert sorted(Counter(scene.steps).values()) == [5, TOLD, TOLD]
    assert scene.around.room == len(set(scene.steps[:MANY]))
    assert [each.key for each in scene.opened.batches[1]] == ["-1", "-2"]
    assert scene.writer.records == MANY


async def test_a_writer_that_ends_while_it_tells_gives_back_those_it_has_not_told() -> (
    None
):
    """Before what was never carried out; nobody hears anything after it."""
    scene = Scene()
    for number in range(MANY):
        scene.submit(number)
    await scene.send_out()
    scene.opened.answer()
    scene.submit(MANY)

    out, waiting = scene.writer.end()

    keys = [each.record.key for each in out]  # type: ignore[union-attr] # it has one
    assert keys == [f"{number}" for number in range(TOLD, MANY)]
    assert len(waiting) == 1
    for _ in range(5):
        await trio.lowlevel.checkpoint()
    assert scene.heard == list(range(TOLD))


@pytest.mark.parametrize("make", [Entry, Question])
async def test_an_answer_that_cannot_be_heard_is_the_routers_crash(
    make: type[Entry],
) -> None:
    """Of any step: those behind it are given back; who has asked is, too."""
    scene = Scene(bad=TOLD + 3)
    for number in range(MANY):
        scene.submit(number, make)
    await scene.send_out()
    scene.opened.answer()
    await scene.hear(TOLD + 3)

    assert [type(each) for each in scene.around.errors] == [ValueError]
    assert scene.heard == list(range(TOLD + 3))
    out, waiting = scene.writer.end()
    assert len(out) == MANY - TOLD - 3 - (make is Entry)
    assert waiting == ()


@seeds(5)
async def test_a_router_that_ends_while_answers_are_told_has_lost_none() -> None:
    """Who has not heard finds the prompt in the next one."""
    stage = Stage(MemoryStore())
    stage.memory.latency = 1.0
    told: list[int] = []

    async def sender(number: int) -> None:
        await process.router.accept(f"{number % 90}", "x", id=f"{number}")
        told.append(number)
        if len(told) == 1:
            process.gone.cancel()  # and its tasks with it

    async with open_process(stage) as process, trio.open_nursery() as nursery:
        for number in range(MANY):
            nursery.start_soon(sender, number)

    assert 0 < len(told) <= TOLD
    async with open_process(stage) as process:
        await stage.all_ended()
    outcomes = stage.outcomes()
    assert len(outcomes) == MANY
    ids = {f"{number}" for number in range(MANY)}
    for name in set(outcomes) - ids:  # its sender was cancelled before the router
        assert isinstance(outcomes[name], Withdrawn)
    assert {f"{number}" for number in told} <= set(outcomes)
