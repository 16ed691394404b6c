"""D01 to D11: prompts are accepted, and survive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    ClosedToNewError,
    Completed,
    PromptPolicy,
    QuarantinedError,
    QueueFullError,
    Receipt,
    RefusedError,
    Rejected,
    Session,
    TenantLimitError,
    Turn,
    Withdrawn,
    open_system,
)
from actors.testing import seeds
from supervision import Limits, RestartLimit, start_router
from supervision.durable import (
    MemoryStore,
    StoreBusyError,
    StorePolicy,
    StoreRefusedError,
)
from supervision.durable._memory.opening import MemoryOpening
from supervision.durable._postgres.opening import STEPS
from supervision.durable._words.records import Accept, Complete

from .stage import Player, Process, Stage, die_at_each_point, open_process


@seeds(3)
async def test_d01_what_was_accepted_has_one_outcome(seed: int) -> None:
    """32 senders, and ten kills at random moments."""
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    stage = Stage()
    accepted: set[str] = set()

    async def sender(process: Process, name: int, life: int) -> None:
        for number in range(5):
            id_ = f"{name}-{life}-{number}"
            await process.router.accept(f"key-{name % 7}", "x", id=id_)
            if not process.dead:
                accepted.add(id_)

    for life in range(10):
        async with open_process(stage) as process, trio.open_nursery() as nursery:
            process.dies_at(dice.randrange(5, 60))
            for name in range(32):
                nursery.start_soon(sender, process, name, life)
            await trio.sleep(dice.choice((1, 100)))
            process.kill()
    async with open_process(stage):
        await stage.all_ended()

    outcomes = stage.outcomes()
    assert accepted
    assert accepted <= set(outcomes)
    assert None not in outcomes.values()


@seeds(3)
async def test_d02_nothing_begins_before_it_is_stored() -> None:
    """A store that stands still holds up the turn, and no sender."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "first")
        await process.router.accept("ann", "second")
        stage.memory.stand_still()
        late = process.router.send("bob", "late")
        other = process.router.send("cyd", "other")
        durable = trio.Event()

        async def wait() -> None:
            await late.durable()
            durable.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(100)
            assert ("bob", "late") not in stage.begun
            assert not durable.is_set()

            stage.memory.go_on()
            await durable.wait()
        assert isinstance(await late.outcome(), Completed)
        assert isinstance(await other.outcome(), Completed)


@seeds(5)
async def test_d03_prompts_of_one_sender_keep_their_order(seed: int) -> None:
    """A kill in the middle costs a tail, and no more."""
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    policy = StorePolicy(batch=dice.choice((1, 3, 7, 50)))
    stage = Stage(MemoryStore(policy=policy))

    class Patient(Player):
        prompts = PromptPolicy(capacity=1000)

    async with open_process(stage, Patient) as process:
        process.dies_at(dice.randrange(2, 60))
        for number in range(100):
            process.router.send("ann", str(number), id=str(number))
            if dice.random() < 0.2:
                await trio.sleep(0.1)
        await trio.sleep(10)
        process.kill()
    there = [int(each.id) for each in stage.memory.prompts()]
    assert there == list(range(len(there)))
    async with open_process(stage, Patient):
        await stage.all_ended()

    begun = [int(prompt) for _, prompt in stage.begun]
    assert begun == sorted(set(begun))
    kept = stage.state("ann") or ()
    assert list(kept) == [
        str(n) for n in there if isinstance(stage.outcomes()[str(n)], Completed)
    ]


@pytest.mark.parametrize("way", ["send", "accept"])
async def test_who_waits_for_what_another_has_sent_takes_nothing_back(way: str) -> None:
    """It is sent again while it is being stored, and that call is cancelled."""
    stage = Stage()
    async with open_process(stage) as process, trio.open_nursery() as nursery:
        router = process.router
        await router.accept("ann", "before")
        stage.memory.stand_still()
        if way == "send":
            router.send("ann", "first", id="m")
        else:
            nursery.start_soon(partial(router.accept, "ann", "first", id="m"))
        await trio.sleep(1)

        with trio.move_on_after(1) as again:
            await router.accept("ann", "first", id="m")
        stage.memory.go_on()
        first = await router.find("ann", "m")

        assert again.cancelled_caught
        assert first is not None
        assert isinstance(await first.outcome(), Completed)
        assert stage.begun.count(("ann", "first")) == 1


@pytest.mark.parametrize("out", [False, True], ids=["waiting", "on its way"])
@seeds(3)
async def test_d04_a_cancelled_accept_is_not_sent(*, out: bool) -> None:
    """Neither before its batch is on its way, nor after."""

    class Narrow(Player):
        prompts = PromptPolicy(capacity=1)

    stage = Stage()
    async with open_process(stage, Narrow) as process:
        router = process.router
        running = await router.accept("ann", "wait:door", id="running")
        await trio.sleep(1)
        stage.memory.stand_still()
        if not out:
            router.send("bob", "other", id="other")
            await trio.sleep(1)
        with trio.move_on_after(5) as scope:
            await router.accept("ann", "cancelled", id="cancelled")
        assert scope.cancelled_caught

        # there is room again, and the id is free
        behind = router.send("ann", "behind", id="cancelled")
        stage.memory.go_on()
        stage.open("door")

        assert isinstance(await behind.outcome(), Completed)
        assert isinstance(await running.outcome(), Completed)
        found = await router.find("ann", "cancelled")
        assert found is not None
        assert isinstance(await found.outcome(), Completed)  # it is the other one
        again = await router.accept("ann", "behind", id="cancelled")
        assert isinstance(await again.outcome(), Completed)
    assert stage.begun.count(("ann", "behind")) == 1
    assert ("ann", "cancelled") not in stage.begun


@seeds(3)
async def test_d04_a_cancelled_accept_of_a_new_key_leaves_nothing() -> None:
    """Not even one that was to bring what the store has of its key."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("bob", "first")
        stage.memory.stand_still()
        router.send("bob", "second")
        await trio.sleep(1)
        with trio.move_on_after(5):
            await router.accept("ann", "cancelled", id="id")
        behind = router.send("ann", "behind")
        stage.memory.go_on()

        assert isinstance(await behind.outcome(), Completed)
        again = await router.accept("ann", "again", id="id")
        assert isinstance(await again.outcome(), Completed)
    assert [each for key, each in stage.begun if key == "ann"] == ["behind", "again"]


@seeds(3)
async def test_d05_a_prompt_is_stored_whole_or_not_at_all() -> None:
    """Sent again with its id it is one prompt."""

    async def story(process: Process) -> None:
        process.router.send("ann", "hello", id="id")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        rows = stage.memory.prompts()
        assert len(rows) <= 1
        assert all(each.key == "ann" and each.id == "id" for each in rows)
        receipt = await process.router.accept("ann", "hello", id="id")
        await receipt.outcome()
        assert len(stage.memory.prompts()) == 1
        assert len([each for each in stage.begun if each == ("ann", "hello")]) <= 1
        if isinstance(stage.outcomes()["id"], Completed):
            assert stage.state("ann") == ("hello",)

    assert await die_at_each_point(story, check) > 8


@seeds(3)
async def test_d06_what_the_codec_does_not_know_is_refused_at_the_call() -> None:
    """The value and its type are named; there is no lane and no row."""
    stage = Stage()
    async with open_process(stage) as process:
        router: Any = process.router
        with pytest.raises(TypeError, match="object"):
            router.send("ann", object())
        with pytest.raises(TypeError, match="object"):
            router.send("ann", "x", origin=object())
        with pytest.raises(TypeError, match="object"):
            await router.accept("ann", [object()])
        await trio.sleep(1)

        assert router.inspect("ann") is None
        assert router.statistics().accepted == 0
    assert stage.memory.prompts() == ()


class Counts(Session[str, str, int]):
    """Its states are numbers."""

    initial_state = "none"

    async def take_turn(self, turn: Turn[str, str, int]) -> None:
        """Leave it as it is."""


class Made(Counts):
    """It makes its states itself."""

    def new_state(self) -> int:
        """Begin with none."""
        return 0


@seeds(1)
async def test_d06_an_initial_state_that_is_none_is_refused_at_the_start() -> None:
    """Else each turn that leaves it as it is would be `Failed`."""
    words = r"Counts\.initial_state .*'none' of type str"
    async with open_system() as system:
        with pytest.raises(TypeError, match=words):
            start_router(system, Counts, durable=MemoryStore())

        assert system.statistics().actors == 0
        router = start_router(system, Made, durable=MemoryStore())
        receipt = await router.accept("ann", "hello")
        assert isinstance(await receipt.outcome(), Completed)


@seeds(1)
async def test_d06_a_key_that_cannot_be_written_is_refused_at_the_call() -> None:
    """Half of a surrogate pair, as it may come out of JSON: the router lives."""
    stage, key = Stage(), "\ud800"

    async def work(turn: Turn[str, str]) -> None:
        raise NotImplementedError

    async with open_process(stage) as process:
        router = process.router
        calls: list[Callable[[], object]] = [
            lambda: router.send(key, "x"),
            lambda: router.steer(key, "x"),
            lambda: router.ask_aside(key, "x"),
            lambda: router.run_exclusive(key, work),
        ]
        for call in calls:
            with pytest.raises(ValueError, match="key must be text"):
                call()
        assert not router.reset(key)
        assert not router.close(key)
        assert await router.find(key, "id") is None
        assert await router.find("ann", key) is None
        assert isinstance(await (await router.accept("ann", "x")).outcome(), Completed)


@seeds(3)
async def test_d08_a_refused_prompt_is_its_senders_alone() -> None:
    """The others of its batch are accepted, and keep their order."""

    class Patient(Player):
        prompts = PromptPolicy(capacity=1000)

    stage = Stage()
    refused = "25"
    stage.memory.refuse(lambda each: isinstance(each, Accept) and each.row.id == "25")
    heard: list[tuple[str, str]] = []

    async def sender(process: Process, name: str) -> None:
        try:
            receipt = await process.router.accept("ann", name, id=name)
        except StoreRefusedError as error:
            heard.append((name, error.key))
        else:
            assert isinstance(await receipt.outcome(), Completed)

    async with open_process(stage, Patient) as process:
        process.watch()
        stage.memory.latency = 1.0
        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(sender, process, f"{number:02}")
        sent = process.router.send("ann", "other", id="25")
        assert isinstance(await sent.outcome(), Rejected)
        with pytest.raises(StoreRefusedError):
            await sent.durable()
        batch = max(process.batches, key=len)
        there = [each.row.id for each in batch if isinstance(each, Accept)]

    assert len(there) >= 49
    assert heard == [(refused, "ann")]
    assert [each for _, each in stage.begun] == [n for n in _begun(there) if n != "25"]


def _begun(ids: list[str]) -> list[str]:
    """All fifty, in the order in which they were accepted."""
    rest = {f"{number:02}" for number in range(50)} - set(ids)
    return [*rest, *ids]


@seeds(3)
async def test_d08_a_refused_prompt_brings_its_key_all_the_same() -> None:
    """The answer to the first prompt of a key would have brought what is kept of it."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "first")).outcome()
    async with open_process(stage) as process:
        stage.memory.refuse(lambda each: isinstance(each, Accept) and each.bring)
        refused = process.router.send("ann", "refused")
        second = process.router.send("ann", "second")

        assert isinstance(await refused.outcome(), Rejected)
        assert isinstance(await second.outcome(), Completed)
    assert stage.state("ann") == ("first", "second")


@seeds(3)
async def test_d09_above_unwritten_senders_wait_their_turn() -> None:
    """`send` is refused, `accept` waits; then all go in, in their order."""
    stage = Stage(MemoryStore(policy=StorePolicy(unwritten=3)))
    done: list[int] = []

    async def sender(process: Process, number: int) -> None:
        await process.router.accept(f"key-{number}", "x", id=str(number))
        done.append(number)

    async with open_process(stage) as process:
        await process.router.accept("first", "x")
        stage.memory.stand_still()
        for number in range(3):
            process.router.send(f"early-{number}", "x")
        with pytest.raises(StoreBusyError) as caught:
            process.router.send("late", "x")
        assert isinstance(caught.value, RefusedError)
        assert isinstance(caught.value, trio.WouldBlock)
        assert process.router.inspect("late") is None
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(sender, process, number)
                await wait_all_tasks_blocked()
            assert done == []
            assert process.router.statistics().sessions == 4  # nobody else is in
            store = process.router.statistics().store
            assert store is not None
            assert store.unwritten == 3  # nor in memory

            stage.memory.go_on()
        await stage.all_ended()
    numbers = [each.id for each in stage.memory.prompts() if each.id.isdecimal()]
    assert numbers == [str(number) for number in range(20)]
    assert sorted(done) == list(range(20))


@seeds(3)
async def test_d09_who_waits_for_the_store_may_leave() -> None:
    """Those behind are let in all the same."""
    stage = Stage(MemoryStore(policy=StorePolicy(unwritten=1)))
    async with open_process(stage) as process:
        await process.router.accept("first", "x")
        stage.memory.stand_still()
        process.router.send("early", "x")

        async def patient() -> None:
            await process.router.accept("patient", "x")

        async with trio.open_nursery() as nursery:
            with trio.move_on_after(5) as scope:
                nursery.start_soon(_after, 1, patient)
                await process.router.accept("impatient", "x")
            assert scope.cancelled_caught
            stage.memory.go_on()
        await stage.all_ended()
    keys = {each.key for each in stage.memory.prompts()}
    assert keys == {"first", "early", "patient"}


async def _after(seconds: float, call: Any) -> None:
    await trio.sleep(seconds)
    await call()


@seeds(3)
async def test_d10_few_commits() -> None:
    """An accept and the mark of an idle session are one; an empty turn alone two."""
    stage = Stage()
    async with open_process(stage) as process:
        first = await process.router.accept("ann", "x")
        await first.outcome()
        await trio.sleep(1)
        process.watch()

        second = await process.router.accept("ann", "y")
        await second.outcome()
        await trio.sleep(1)

        kinds = [[type(each) for each in batch] for batch in process.batches]
        assert kinds == [[Accept], [Complete]]
        accepted: Any = process.batches[0][0]
        assert accepted.row.tried == 1
        assert accepted.row.begun is not None


@seeds(3)
async def test_d10_many_accepts_share_a_commit() -> None:
    """At least 200 of 512 senders'."""
    stage = Stage()

    async def sender(process: Process, number: int) -> None:
        for _ in range(3):
            await process.router.accept(f"key-{number}", "wait:door")

    limits = Limits(sessions=1000, turns=1)
    async with open_process(stage, limits=limits) as process:
        stage.memory.latency = 0.01
        process.watch()
        async with trio.open_nursery() as nursery:
            for number in range(512):
                nursery.start_soon(sender, process, number)
        accepts = [each for batch in process.batches for each in batch]
        number = sum(isinstance(each, Accept) for each in accepts)
        assert number == 3 * 512
        assert number / len(process.batches) >= 200
        process.kill()


@seeds(9)
async def test_where_a_batch_is_dear_what_turns_leave_is_in_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of turns that wait for nothing; those that wait already do not go without it."""
    monkeypatch.setattr(MemoryOpening, "steps", STEPS)
    stage = Stage()
    async with open_process(stage) as process:
        stage.memory.latency = 0.01

        async def sender(key: str) -> None:
            for _ in range(3):
                await (await process.router.accept(key, "x")).outcome()

        async with trio.open_nursery() as nursery:
            for key in "abcdefgh":  # their sessions are there from then on
                nursery.start_soon(sender, key)
        process.watch()
        async with trio.open_nursery() as nursery:
            for key in "abcd":
                nursery.start_soon(sender, key)
            await trio.sleep(0.005)  # a batch is out
            for key in "efgh":
                nursery.start_soon(sender, key)

        assert [len(batch) for batch in process.batches] == [4, 8, 8, 8, 8, 8, 4]
        process.kill()


@seeds(3)
async def test_d11_what_is_refused_is_not_submitted() -> None:
    """A full queue, a tenant over the limit, a quarantined key, a closed router.

    No row, no batch.
    """

    class Narrow(Player):
        prompts = PromptPolicy(capacity=1)

    stage = Stage()
    limits = Limits(
        sessions=10, turns=10, sessions_per_tenant=1, restarts=RestartLimit(0, within=9)
    )
    async with open_process(stage, Narrow, limits=limits) as process:
        router = process.router
        await (await router.accept("eve", "crash")).outcome()
        await router.accept("ann", "wait:door", tenant="me")
        await trio.sleep(1)
        await router.accept("ann", "waits")
        await trio.sleep(1)
        before = stage.memory.batches

        with pytest.raises(QueueFullError):
            router.send("ann", "too many")
        with pytest.raises(TenantLimitError):
            await router.accept("bob", "x", tenant="me")
        for send in (router.send, router.accept):
            with pytest.raises(QuarantinedError):
                await send("eve", "x")  # type: ignore[misc] # raises before that
        router.stop_admission()
        with pytest.raises(ClosedToNewError):
            await router.accept("cyd", "x")
        await trio.sleep(1)

        assert stage.memory.batches == before
        assert len(stage.memory.prompts()) == 3
        stage.open("door")
        await stage.all_ended()


@seeds(3)
async def test_d11_a_withdrawn_prompt_leaves_room() -> None:
    """A receipt that is taken back makes room in its queue in that step."""

    class Narrow(Player):
        prompts = PromptPolicy(capacity=1)

    stage = Stage()
    async with open_process(stage, Narrow) as process:
        router = process.router
        await router.accept("ann", "wait:door")
        await trio.sleep(1)
        waits: Receipt[str] = router.send("ann", "waits")
        with pytest.raises(QueueFullError):
            router.send("ann", "too many")

        waits.withdraw()
        last = router.send("ann", "last")
        stage.open("door")

        assert isinstance(await waits.outcome(), Withdrawn)
        assert isinstance(await last.outcome(), Completed)
    assert [each for _, each in stage.begun] == ["wait:door", "last"]
