"""D48 to D53: reminders, each due time once, whoever dies."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from actors import Completed, Failed, Reminder, Turn, open_system
from actors.testing import seeds
from supervision import Limits, NoStoreError, start_router
from supervision.durable import MemoryStore, SqliteStore, StorePolicy
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._words.records import Begin, Fire
from supervision.durable._words.reminders import Due, Remind, ReminderRow
from tests.durable.keeping.stage import (
    WIDE,
    Player,
    Process,
    Stage,
    die_at_each_point,
    open_process,
    turn_runs,
)
from tests.durable.store.bench import opened


@attrs.define(eq=False)
class Calendar(Stage):
    """A stage that writes down which reminders turns had, and when."""

    had: list[tuple[str, str, float, Reminder | None]] = attrs.Factory(
        list[tuple[str, str, float, Reminder | None]]
    )
    """(key, prompt, seconds, reminder)"""

    def times(self, prompt: str) -> list[float]:
        """Give the seconds at which turns with this prompt began."""
        return [when for _, each, when, _ in self.had if each == prompt]

    def fired(self) -> list[str]:
        """Give the ids of all prompts of reminders."""
        return [
            each.id for each in self.memory.prompts() if each.id.startswith("~remind:")
        ]


class Sleeper(Player):
    """Sets reminders: "remind:NAME/AFTER/EVERY/PROMPT", and forgets them."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Write down what it sees."""
        stage: Any = self.stage
        had = (turn.key, turn.prompt, trio.current_time(), turn.reminder)
        stage.had.append(had)
        return await super().take_turn(turn)

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """Do what one word says."""
        match verb:
            case "remind":
                name, after, every, prompt = what.split("/")
                often = float(every) if every else None
                turn.remind(name, after=float(after), every=often, prompt=prompt)
            case "forget":
                turn.forget(what)
            case _:
                await super().play(turn, verb, what)


@seeds(3)
async def test_d48_a_reminder_is_part_of_what_its_turn_leaves() -> None:
    """In one that fails there is none; in one that completes there is one."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        await (await router.accept("ann", "remind:a/50//ring fail:why")).outcome()
        assert stage.memory.reminders() == ()
        await (await router.accept("ann", "remind:b/50//bell remind:c/60//x")).outcome()
        await (await router.accept("ann", "forget:c fail:why")).outcome()
        assert [each.name for each in stage.memory.reminders()] == ["b", "c"]
        await (await router.accept("ann", "forget:c remind:d/9//x forget:d")).outcome()
        assert [each.name for each in stage.memory.reminders()] == ["b"]
        receipt = await router.accept("ann", "remind:b/70//later")
        await receipt.outcome()
        set_at = trio.current_time()
        await trio.sleep(200)

    assert [prompt for _, prompt, _, _ in stage.had][-1] == "later"
    assert stage.times("later") == pytest.approx([set_at + 70])
    assert not stage.times("ring")
    assert not stage.times("bell")
    assert stage.memory.reminders() == ()


@seeds(1)
async def test_d48_at_whatever_point_the_process_dies() -> None:
    """The reminder is there if and only if the turn has completed."""

    async def story(process: Process) -> None:
        await process.router.accept("ann", "remind:a/50//ring", id="one")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        del process
        await stage.all_ended()
        was_set = isinstance(stage.outcomes().get("one"), Completed)
        assert len(stage.memory.reminders()) == was_set
        await trio.sleep(60)
        assert isinstance(stage, Calendar)
        assert len(stage.times("ring")) == was_set

    assert await die_at_each_point(story, check, Sleeper, stage=Calendar) > 8


@seeds(3)
async def test_d49_after_a_downtime_it_comes_once_and_goes_on_in_its_beat() -> None:
    """Every 60 s, and 200 s without a process: `missed=2`."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        await process.router.remind("ann", "beat", after=60, every=60, prompt="tick")
        begun, start = trio.current_time(), stage.memory.time
        process.kill()
    await trio.sleep(begun + 200 - trio.current_time())
    async with open_process(stage, Sleeper):
        await trio.sleep(begun + 310 - trio.current_time())

    assert stage.times("tick") == pytest.approx(
        [begun + each for each in (200, 240, 300)]
    )
    reminders = [each for _, _, _, each in stage.had]
    assert [each.missed for each in reminders if each is not None] == [2, 0, 0]
    due = [each.due for each in reminders if each is not None]
    assert due[0] == start + timedelta(seconds=180)
    assert [each - due[0] for each in due] == [
        timedelta(seconds=number) for number in (0, 60, 120)
    ]
    assert reminders[0] is not None
    assert reminders[0].name == "beat"
    assert len(set(stage.fired())) == 3
    assert stage.fired()[0] == f"~remind:beat:{due[0]:%Y-%m-%dT%H:%M:%S.%fZ}"


@pytest.mark.parametrize("page", [1, 100])
@seeds(2)
async def test_one_that_is_due_again_while_its_prompt_waits_comes_once(
    page: int,
) -> None:
    """When that has its turn; `missed` counts the others.  Others come meanwhile."""
    stage = Calendar(MemoryStore(policy=StorePolicy(reminders=page)))
    async with open_process(stage, Sleeper) as process:
        router = process.router
        await router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        begun = trio.current_time()
        await router.remind("ann", "beat", after=10, every=10, prompt="tick")
        await router.remind("bob", "beat", after=15, every=30, prompt="tock")
        await trio.sleep(66)
        assert len(stage.fired()) == 3  # one of ann's, two of bob's
        stage.open("door")
        await trio.sleep(10)  # until 76

    ticks = [each for _, prompt, _, each in stage.had if prompt == "tick"]
    assert [each.missed for each in ticks if each is not None] == [0, 4, 0]
    assert stage.times("tick") == pytest.approx([begun + each for each in (66, 66, 70)])
    assert stage.times("tock") == pytest.approx([begun + each for each in (15, 45, 75)])


@seeds(2)
async def test_after_a_restart_too_it_comes_once() -> None:
    """Its prompt has been waiting since before."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        await process.router.accept("ann", "wait:door", attempts=2)
        await turn_runs(stage, "wait:door")
        await process.router.remind("ann", "beat", after=10, every=10, prompt="tick")
        await trio.sleep(12)
        process.kill()
    async with open_process(stage, Sleeper):
        await trio.sleep(50)
        assert len(stage.fired()) == 1
        stage.open("door")
        await trio.sleep(1)
    ticks = [each for _, prompt, _, each in stage.had if prompt == "tick"]
    assert [each.missed for each in ticks if each is not None] == [0, 4]


@seeds(2)
async def test_d50_one_prompt_for_each_due_time_whoever_dies() -> None:
    """At each point between due and accepted."""

    async def story(process: Process) -> None:
        await process.router.remind("ann", "beat", after=20, every=20, prompt="tick")
        await process.router.remind("bob", "once", after=20, prompt="ring")
        await trio.sleep(50)

    async def check(stage: Stage, process: Process) -> None:
        del process
        assert isinstance(stage, Calendar)
        await trio.sleep(100)
        fired = stage.fired()
        assert len(fired) == len(set(fired))
        for key in ("ann", "bob"):
            kept = any(each.key == key for each in stage.memory.prompts())
            if key == "ann":
                assert len(stage.memory.reminders()) == kept
            state = stage.state(key) or ()
            done = [
                each
                for each in stage.memory.prompts()
                if each.key == key and each.outcome is not None
            ]
            completed = [each for each in done if each.id in completed_ids(stage)]
            assert len(state) == len(completed)
        rings = [each for each in fired if each.startswith("~remind:once:")]
        assert len(rings) <= 1

    assert await die_at_each_point(story, check, Sleeper, stage=Calendar) > 20


def completed_ids(stage: Stage) -> set[str]:
    """Give the ids of those that have completed."""
    return {
        name for name, each in stage.outcomes().items() if isinstance(each, Completed)
    }


@seeds(2)
async def test_d50_an_answer_that_is_lost_is_no_second_prompt() -> None:
    """The batch comes again as it was."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        await process.router.remind("ann", "beat", after=20, every=20, prompt="tick")
        await process.router.remind("ann", "gone", after=30, prompt="gone")
        lost = False

        def at(point: str, batch: Any) -> None:
            nonlocal lost
            fires = any(isinstance(each, Fire) for each in batch)
            if point == "before carry" and fires and not lost:
                lost = True
                stage.memory.lose_answers(2)

        stage.memory.at_point(at)
        await trio.sleep(25)
        stage.memory.lose_answers(1)
        assert await process.router.forget("ann", "gone") is True
        await trio.sleep(30)

    assert lost
    assert len(stage.fired()) == 2
    assert stage.state("ann") == ("tick", "tick")


@seeds(1)
async def test_d52_very_many_that_are_due_at_once_are_admitted_bit_by_bit() -> None:
    """100,000: a fresh prompt of another key is not behind all of them."""
    stage = Calendar(MemoryStore(policy=StorePolicy(reminders=50)))
    prompt = Values(Sleeper).encode("tick", Where.PROMPT)
    async with opened(stage.memory) as store:
        rows = (
            Remind(ReminderRow(f"k{number:06}", "a", 5.0, None, prompt))
            for number in range(100_000)
        )
        while some := tuple(itertools.islice(rows, 1000)):
            await store.carry(*some)
    assert len(stage.memory.reminders()) == 100_000
    limits = Limits(sessions=20, turns=4)
    async with open_process(stage, Sleeper, limits=limits) as process:
        process.watch()
        while len(stage.had) < 300:  # noqa: ASYNC110 - nobody tells
            await trio.lowlevel.checkpoint()
        receipt = await process.router.accept("fresh", "fresh")
        await receipt.outcome()
        ahead = len(stage.had)
        left = len(stage.memory.reminders())
        process.kill()

    assert ahead < 300 + 150
    assert left > 99_000
    pages = [
        record
        for batch in process.batches
        for record in batch
        if isinstance(record, Due)
    ]
    assert all(page.most <= 50 for page in pages)
    open_at_once = 0
    for batch in process.batches:
        for record in batch:
            if isinstance(record, Fire):
                open_at_once += 1
            elif isinstance(record, Begin):
                open_at_once -= len(record.numbers)
        assert open_at_once <= 50 + 4


@seeds(3)
@pytest.mark.parametrize("steps", range(12))
async def test_d53_to_forget_in_the_instant_it_is_due(steps: int) -> None:
    """Either its prompt or none, and the answer says which."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        await router.remind("ann", "a", after=50, prompt="ring")
        due = stage.memory.reminders()[0].due
        await trio.sleep(due - stage.memory.clock.now())
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        forgotten = await router.forget("ann", "a")
        assert await router.forget("ann", "a") is False
        await trio.sleep(100)

    assert len(stage.times("ring")) == (not forgotten)
    assert len(stage.fired()) == (not forgotten)


@seeds(3)
async def test_d53_both_answers_are_given() -> None:
    """Before it is due, and when its prompt has been accepted; never twice."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        assert await router.forget("ann", "a") is False
        await router.remind("ann", "a", after=50, prompt="ring")
        await trio.sleep(49)
        assert await router.forget("ann", "a") is True
        await router.remind("ann", "a", after=50, prompt="ring")
        await trio.sleep(51)
        assert await router.forget("ann", "a") is False
        await router.remind("ann", "b", after=50, every=50, prompt="ring")
        await trio.sleep(75)
        assert await router.forget("ann", "b") is True
        await trio.sleep(500)

    assert len(stage.times("ring")) == 2


@seeds(3)
async def test_d53_a_passivated_key_is_woken() -> None:
    """With its state; and so is one that nobody has written to."""
    stage = Calendar()
    limits = Limits(sessions=5, turns=5, idle=10)
    async with open_process(stage, Sleeper, limits=limits) as process:
        router = process.router
        await (await router.accept("ann", "one")).outcome()
        at = stage.memory.time + timedelta(hours=1)
        await router.remind("ann", "a", at=at, prompt="ring")
        await router.remind("bob", "a", at=at, prompt="ring")
        assert router.inspect("bob") is None
        await trio.sleep(60)
        assert router.inspect("ann") is None
        await trio.sleep(3600)

    assert stage.state("ann") == ("one", "ring")
    assert stage.state("bob") == ("ring",)


@seeds(2)
async def test_one_whose_sender_is_cancelled_comes_all_the_same() -> None:
    """It has been kept; and one that is set anew comes at its new time."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        stage.memory.latency = 5
        with trio.move_on_after(1):
            await router.remind("ann", "a", after=50, prompt="ring")
        await trio.sleep(100)
        assert stage.times("ring")
        stage.memory.latency = 0
        begun = trio.current_time()
        await router.remind("ann", "b", after=90, prompt="bell")
        await router.remind("ann", "b", after=30, prompt="bell")
        await router.remind("ann", "c", after=30, prompt="gong")
        await router.remind("ann", "c", after=90, prompt="gong")
        await trio.sleep(200)

    assert stage.times("bell") == pytest.approx([begun + 30])
    assert stage.times("gong") == pytest.approx([begun + 90])


@seeds(2)
async def test_close_and_reset_forget_the_reminders_of_their_key() -> None:
    """Of a key without a session too; not those of others."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        for key in ("ann", "bob", "cat"):
            await router.remind(key, "a", after=50, every=50, prompt="ring")
        await (await router.accept("ann", "one")).outcome()
        router.reset("ann")
        router.close("bob")
        await trio.sleep(60)

    assert [each.key for each in stage.memory.reminders()] == ["cat"]
    assert [key for key, _, _, reminder in stage.had if reminder] == ["cat"]


@seeds(3)
async def test_a_reset_withdraws_a_prompt_on_its_way() -> None:
    """It was due just before: nobody runs it."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        await router.remind("ann", "a", after=50, prompt="ring")

        def at(point: str, batch: Any) -> None:
            if point == "before carry" and any(isinstance(e, Fire) for e in batch):
                router.reset("ann")

        stage.memory.at_point(at)
        await trio.sleep(60)
        await stage.all_ended()

    assert [type(each).__name__ for each in stage.outcomes().values()] == ["Withdrawn"]
    assert not stage.had


@seeds(2)
async def test_a_prompt_that_was_begun_is_interrupted_as_others() -> None:
    """And its turn, after a restart, knows its reminder."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        await process.router.accept("ann", "wait:never")
        await turn_runs(stage, "wait:never")
        await process.router.remind("ann", "a", after=50, prompt="ring")
        await trio.sleep(60)  # accepted, and it waits behind the other one
        process.kill()
    async with open_process(stage, Sleeper):
        await stage.all_ended()

    _, prompt, _, reminder = stage.had[-1]
    assert prompt == "ring"
    assert reminder is not None
    assert (reminder.name, reminder.missed) == ("a", 0)


@seeds(1)
async def test_one_that_cannot_be_read_has_failed() -> None:
    """By itself; the others come."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        await process.router.remind("ann", "good", after=50, prompt="ring")
        process.kill()
    async with opened(stage.memory) as store:
        due = stage.memory.reminders()[0].due
        await store.carry(Remind(ReminderRow("ann", "bad", due, None, b"\xc1")))
    async with open_process(stage, Sleeper):
        await trio.sleep(100)

    kinds = sorted(type(each).__name__ for each in stage.outcomes().values())
    assert kinds == ["Completed", "Failed"]


@seeds(1)
async def test_in_a_drain_what_is_due_stays_in_the_store() -> None:
    """The next process has it."""
    stage = Calendar()
    async with open_process(stage, Sleeper) as process:
        router = process.router
        await router.remind("ann", "a", after=50, prompt="ring")
        await router.accept("bob", "wait:door")
        await turn_runs(stage, "wait:door")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(router.drain, 100)
            await trio.sleep(60)
            assert not stage.fired()
            stage.open("door")
        router.ref.stop()
    async with open_process(stage, Sleeper):
        await trio.sleep(1)

    assert len(stage.times("ring")) == 1


async def test_a_store_in_a_file_has_them_too(tmp_path: Path) -> None:
    """Over a restart; a reminder of the past is due at once."""
    stage = Calendar(SqliteStore(tmp_path / "chat.db"))
    async with open_process(stage, Sleeper) as process:
        await process.router.remind("ann", "a", after=1000, every=5, prompt="never")
        assert await process.router.forget("ann", "a") is True
        past = datetime(2020, 1, 1).astimezone()
        await process.router.remind("bob", "b", at=past, every=86400, prompt="ring")
        with trio.fail_after(10):
            while not stage.had:  # noqa: ASYNC110 - nobody tells
                await trio.sleep(0.01)
        await process.router.remind("cat", "c", after=1e9, prompt="far")
        due = stage.had[0][3].due  # type: ignore[union-attr]
        name = f"~remind:b:{due:%Y-%m-%dT%H:%M:%S.%fZ}"
        receipt = await process.router.find("bob", name)
        assert receipt is not None
        await receipt.outcome()
    async with open_process(stage, Sleeper) as process:
        assert await process.router.forget("bob", "b") is True
        assert await process.router.forget("bob", "b") is False
        assert await process.router.forget("cat", "c") is True

    ((_, prompt, _, reminder),) = stage.had
    assert prompt == "ring"
    assert reminder is not None
    assert reminder.missed > 2000
    assert receipt is not None
    assert isinstance(receipt.ended, Completed)


async def test_without_a_store_there_are_none() -> None:
    """The error says what to do."""
    stage = Calendar()
    async with open_system() as system:
        router = start_router(system, Sleeper, stage, limits=WIDE)
        outcome = await router.send("ann", "remind:a/50//ring").outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, NoStoreError)
        assert "turn.remind() needs a store" in str(outcome.error)
        assert "durable=" in str(outcome.error)
        forget = await router.send("ann", "forget:a").outcome()
        assert "turn.forget()" in str(forget)
        with pytest.raises(NoStoreError, match="durable="):
            await router.remind("ann", "a", after=1, prompt="x")
        with pytest.raises(NoStoreError, match="durable="):
            await router.forget("ann", "a")


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (TypeError, {}),
        (TypeError, {"after": 1, "at": datetime(2030, 1, 1).astimezone()}),
        (TypeError, {"after": "1"}),
        (ValueError, {"after": 0}),
        (ValueError, {"after": -1}),
        (ValueError, {"after": float("nan")}),
        (ValueError, {"after": float("inf")}),
        (ValueError, {"after": 1e12}),
        (ValueError, {"at": datetime(2030, 1, 1)}),  # noqa: DTZ001 - that is the error
        (TypeError, {"at": 5}),
        (ValueError, {"after": 1, "every": 0.5}),
        (ValueError, {"after": 1, "every": float("inf")}),
        (TypeError, {"after": 1, "every": "1"}),
        (TypeError, {"after": 1, "prompt": object()}),
        (TypeError, {"after": 1, "name": 7}),
        (ValueError, {"after": 1, "name": ""}),
        (ValueError, {"after": 1, "name": "\ud800"}),
        (ValueError, {"after": 1, "key": ""}),
        (ValueError, {"after": 1, "prompt": "x" * 2_000_000}),
    ],
)
async def test_what_cannot_be_a_reminder_is_refused_at_the_call(
    error: type[Exception], how: dict[str, Any]
) -> None:
    """Nothing is kept."""
    stage = Calendar()
    given: dict[str, Any] = {"key": "ann", "name": "a", "prompt": "x", **how}
    async with open_process(stage, Sleeper) as process:
        with pytest.raises(error):
            await process.router.remind(**given)
        await trio.sleep(1)
    assert stage.memory.reminders() == ()


@pytest.mark.parametrize("verb", ["reset", "close"])
@pytest.mark.parametrize("sessions", [1, 2])
@seeds(2)
async def test_one_comes_whose_name_waited_for_a_place_when_its_key_was_forgotten(
    sessions: int, verb: str
) -> None:
    """In its beat: what waited has been withdrawn, and keeps nobody back."""
    stage = Calendar()
    limits = Limits(sessions=sessions, turns=1)
    async with open_process(stage, Sleeper, limits=limits) as process:
        router = process.router
        await router.accept("bob", "wait:door")  # has the place, or the slot
        await router.remind("ann", "beat", after=10, every=10, prompt="tick")
        await trio.sleep(12)
        getattr(router, verb)("ann")
        await router.remind("ann", "beat", after=10, every=10, prompt="tock")
        stage.open("door")
        await trio.sleep(35)

    assert len(stage.times("tock")) == 3
    assert not stage.times("tick")
