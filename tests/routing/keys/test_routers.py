"""Routers by themselves: what the next one finds, what is written down."""

from __future__ import annotations

import inspect
import logging
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Actor,
    Completed,
    Leave,
    Lost,
    Outcome,
    Replay,
    Session,
    Turn,
    TurnPolicy,
    WhileBusy,
    open_system,
)
from actors.hosting import actor_of
from supervision import (
    Backoff,
    ChildSpec,
    Limits,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)
from supervision._log.rate import IN_A_WINDOW, WINDOW
from supervision._routing.census import counts_of, together
from supervision._routing.parts.books import Books
from supervision._routing.parts.burning import Burning
from supervision._routing.parts.fates import Outage
from supervision.durable import MemoryStore
from tests.routing.parts.making import lane, receipt


class Chat(Session[str, str]):
    """Does what its prompt says."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(abort_grace=5.0, cleanup_within=3.0)

    async def take_turn(self, turn: Turn[str, str]) -> str:
        match turn.prompt:
            case "bind":
                self.bind({"thread": 1})
            case "crash":
                self.start_soon(fail)
                await trio.sleep_forever()
            case "finish":
                self.finish()
            case "fail":
                raise ValueError("the purse is empty")
            case "wait":
                await turn.emit("first")
                await trio.sleep_forever()
            case _:
                await trio.lowlevel.checkpoint()
        return turn.prompt


async def fail() -> None:
    """Crash."""
    await trio.lowlevel.checkpoint()
    raise RuntimeError("bang")


class Tree(Supervisor):
    """A router that is restarted."""

    children = (ChildSpec(Router, Chat, (), Limits(sessions=9), id="router"),)


def texts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What has been written down."""
    return [each.getMessage() for each in caplog.records if each.name == "supervision"]


# ------------------------------------------------------------ from one life to the next


async def test_tokens_in_memory_outlive_a_crash_of_the_router() -> None:
    """The next one resumes what the one before has left, also what comes later."""
    async with open_system() as system:
        tree = system.start(Tree)
        await tree.wait_started()
        ref = await find_child(tree, "router")
        for key in "ab":
            router: RouterRef[str, str] = router_ref(ref, Chat)
            await router.send(key, "bind").outcome()
            ref.tell_nowait("crash")
            await settle()

        assert router_ref(ref, Chat).suspended() == ["a", "b"]


async def test_a_router_that_is_told_something_crashes_and_says_why() -> None:
    """It takes no messages."""
    with pytest.raises(  # noqa: PT012 - it leaves the block
        TypeError, match="takes no messages, got 'hello': use its"
    ):
        async with open_system() as system:
            start_router(system, Chat).ref.tell_nowait("hello")
            await settle()


class Helper(Actor[str]):
    """Fails if it is told to."""

    def receive(self, message: str) -> None:
        if message == "stop":
            self.finish()
            return
        raise LookupError(message)


async def test_a_child_of_a_router_that_is_no_session_is_its_own() -> None:
    """Its end in order is nobody's business; its crash climbs, as any child's."""
    with pytest.raises(LookupError, match="why"):  # noqa: PT012 - it leaves the block
        async with open_system() as system:
            router = start_router(system, Chat)
            actor: Any = actor_of(router.ref)
            first, second = actor.start(Helper), actor.start(Helper)

            first.tell_nowait("stop")
            await first.wait_stopped()
            outcome = await router.send("a", "x").outcome()
            assert isinstance(outcome, Completed)

            second.tell_nowait("why")
            await settle()


class Caring(Chat):
    """It has a word for the end of each turn."""

    heard: ClassVar[list[Outcome]] = []

    async def take_turn(self, turn: Turn[str, str]) -> str:
        del turn
        self.start_soon(fail)
        with trio.CancelScope(shield=True):
            await trio.sleep(20.0)
        return ""

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Write it down."""
        del turn
        self.heard.append(outcome)


async def test_the_hook_of_a_turn_whose_session_is_gone_is_run_all_the_same(
    autojump_clock: MockClock,
) -> None:
    """By the router: the session takes no more work."""
    del autojump_clock
    Caring.heard.clear()
    async with open_system() as system:
        router = start_router(system, Caring)

        outcome = await router.send("a", "deaf").outcome()

    assert outcome.late
    assert Caring.heard == [outcome]


# --------------------------------------------------------------------- what is written


async def test_a_session_that_ends_in_order_is_not_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even for who reads everything."""
    caplog.set_level(logging.DEBUG)
    async with open_system() as system:
        router = start_router(system, Chat)
        await router.send("a", "x").outcome()
        router.close("a")
        await router.send("b", "finish").outcome()
        await settle()
        assert router.list() == []

    assert texts(caplog) == []


async def test_a_crash_is_written_down_with_the_crashes_before_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Those that count against its key; a start that fails is none."""
    async with open_system() as system:
        router = start_router(system, Chat)
        for _ in range(3):
            await router.send("a", "crash").outcome()

    found: list[Any] = [each for each in caplog.records if "crashed" in each.msg]
    assert [each.restarts for each in found] == [0, 1, 2]


async def test_a_session_that_cannot_be_made_has_no_crashes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It never was."""

    class Unborn(Chat):
        def __init__(self) -> None:
            raise LookupError("no database")

    async with open_system() as system:
        await start_router(system, Unborn).send("a", "x").outcome()

    (found,) = [each for each in caplog.records if "crashed" in each.msg]
    assert found.__dict__["restarts"] == 0


async def test_a_flood_of_crashes_is_counted(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """So many in a second, and when it is over the number of the others."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Chat)
        for number in range(IN_A_WINDOW + 5):
            await router.send(f"k{number}", "crash").outcome()
        assert sum("crashed" in each for each in texts(caplog)) == IN_A_WINDOW
        caplog.clear()

        await trio.sleep(WINDOW + 0.1)

        assert texts(caplog) == ["/router: 5 more ends of children were not logged"]


async def test_what_was_held_back_is_counted_when_the_router_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody waits for the end of the second."""
    async with open_system() as system:
        router = start_router(system, Chat)
        for number in range(IN_A_WINDOW + 5):
            await router.send(f"k{number}", "fail").outcome()
        caplog.clear()

    assert texts(caplog) == ["/router: 5 more failures were not logged"]


async def test_a_record_has_the_fields_that_it_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A prompt that is lost has no turn."""
    async with open_system() as system:
        router = start_router(system, Chat)
        router.send("a", "wait")
        lost = router.send("a", "x")
        await settle()
    assert isinstance(lost.ended, Lost)

    (found,) = [each for each in caplog.records if "has lost" in each.getMessage()]
    assert found.__dict__["key"] == "a"
    assert found.__dict__["outcome"] == "Lost"
    assert not hasattr(found, "turn")


def test_the_first_hundred_lost_prompts_are_known_by_name() -> None:
    """Of more there is the number."""
    books = Books()
    home = lane("a")
    for number in range(102):
        books.lose(receipt(home, number))

    assert books.lost == [("a", number) for number in range(100)]


# ----------------------------------------------------------------------- how many crash


def test_what_burns_is_known_from_the_first_on() -> None:
    """Twice is once, and the end of another is not its end."""
    burning = Burning()
    session, run = object(), attrs.make_class("Run", ["lane"])(lane("a"))
    burning.add(session, run, 1.0)
    burning.add(session, run, 2.0)

    burning.out(object())
    assert [each.since for each in burning.of("a")] == [1.0]
    burning.out(session)
    burning.out(session)

    assert (len(burning), "a" in burning) == (0, False)


def test_an_outage_is_seen_by_the_latest_crashes() -> None:
    """However many there were before."""
    outage = Outage()
    for number in range(100):
        outage.crashed(str(number), 0.0)
    for key in "abc":
        outage.crashed(key, 9.0)

    assert outage.crashed("d", 15.0)


# --------------------------------------------------------------------- wrong, and leave


@pytest.mark.parametrize("field", ["restarts", "quarantine", "backoff"])
def test_a_wrong_limit_is_told_what_would_be_right(field: str) -> None:
    """By the names of the classes."""
    right = {"restarts": "RestartLimit", "quarantine": "Backoff"}
    words = right.get(field, "Backoff or None")
    given: dict[str, Any] = {field: 3}

    with pytest.raises(TypeError, match=f"^{field} must be a {words}, got 3$"):
        Limits(**given)
    assert Limits(backoff=Backoff(1.0, 2.0)).backoff == Backoff(1.0, 2.0)


@pytest.mark.parametrize("durable", ["x.db", MemoryStore, 3])
async def test_a_router_is_started_with_a_store(durable: Any) -> None:
    """What is none is refused at the call; declared with one it is a right child."""
    async with open_system() as system:
        with pytest.raises(TypeError, match="durable must be a store, such as"):
            start_router(system, Chat, durable=durable)

        assert system.statistics().actors == 0
    store = MemoryStore()
    assert Router.spec(Chat, durable=store).args[-1] is store


async def _sent(receipt: Any) -> None:
    """Wait for it, if its way in is one that waits."""
    if inspect.isawaitable(receipt):
        await receipt


@pytest.mark.parametrize("way", ["send", "send_wait", "accept"])
async def test_a_prompt_that_steers_has_no_stream(way: str) -> None:
    """It would have nothing to read; and nothing is accepted."""
    async with open_system() as system:
        router: Any = start_router(system, Chat, durable=MemoryStore())
        steers: dict[str, Any] = {"busy": WhileBusy.STEER, "stream": Replay()}
        with pytest.raises(ValueError, match="steers has no stream"):
            await _sent(getattr(router, way)("a", "x", **steers))

        assert router.list() == []


async def test_who_reads_an_answer_again_may_leave_at_any_time() -> None:
    """It is not this block's turn; neither by its id nor when it is sent again."""
    async with open_system() as system:
        router = start_router(system, Chat)
        receipt = router.send("a", "wait", id="m", stream=Replay())
        await settle()

        async with router.reopen_turn("a", "m") as stream:
            assert await anext(stream) == "first"
        async with router.open_turn("a", "wait", id="m", stream=Replay()) as again:
            assert await anext(again) == "first"
        await settle()

        assert receipt.ended is None
        router.cancel("a", reason="why")
        assert await receipt.outcome() == Aborted("why", turn=1)


class Loud(Session[str, int]):
    """It says more than is kept, and does not wait for its reader for long."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(reader_limit=5.0)

    async def take_turn(self, turn: Turn[str, int]) -> None:
        for number in range(4):
            await turn.emit(number)


async def test_a_turn_is_its_first_readers_also_if_others_are_slower(
    autojump_clock: MockClock,
) -> None:
    """One that came by sending it again is let go; the turn goes on."""
    del autojump_clock
    options: dict[str, Any] = {"id": "m", "stream": Replay(chunks=2)}
    async with open_system() as system:
        router = start_router(system, Loud)
        async with (
            router.open_turn("a", "x", leave=Leave.ABORT, **options) as first,
            router.open_turn("a", "x", leave=Leave.ABORT, **options),
        ):
            assert [chunk async for chunk in first] == [0, 1, 2, 3]

        assert first.ended == Completed(turn=1)


async def test_a_router_with_a_store_is_counted_once() -> None:
    """When it has ended."""
    async with open_system() as system:
        router = start_router(system, Chat, durable=MemoryStore())
        await router.send("a", "x").outcome()
        router.ref.stop()
        await router.ref.wait_stopped()

        ((_, counts),) = counts_of(system).values()

    assert counts.accepted == 1


async def test_a_router_that_has_ended_does_no_work_for_others() -> None:
    """Whoever wants it done is told so."""
    async with open_system() as system:
        router = start_router(system, Chat)
        await router.send("a", "x").outcome()
        actor: Any = actor_of(router.ref)
        world = actor._house().world
        router.ref.stop()
        await router.ref.wait_stopped()

        words: Any = Helper()
        words.number = 7

        assert world.begin_work(words, Helper._props) is False


async def test_counts_of_a_store_are_those_of_the_router_that_has_one() -> None:
    """One that had none before, or has none any more, is no error."""
    async with open_system() as system:
        stored = start_router(system, Chat, name="a", durable=MemoryStore())
        plain = start_router(system, Chat, name="b")
        await stored.send("a", "x").outcome()
        with_store, without = stored.statistics(), plain.statistics()

    assert with_store.store is not None
    assert together(with_store, without).store is None
    assert together(without, with_store).store == with_store.store
    both = together(with_store, with_store).store
    assert both is not None
    assert both.batches == 2 * with_store.store.batches
