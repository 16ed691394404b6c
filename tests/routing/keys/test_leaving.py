"""The ends of sessions and routers in corners: twice, too late, in the middle."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ClosedToNewError,
    CloseReason,
    Completed,
    Crashed,
    Lost,
    PromptEnded,
    PromptPolicy,
    Receipt,
    Replay,
    SaturatedError,
    Session,
    Stopped,
    Turn,
    TurnPolicy,
    WhileBusy,
    Withdrawn,
    open_system,
)
from actors.hosting import ASIDE, SHUT_DOWN, ChunkLog, More
from supervision import DrainReport, Limits, start_router
from supervision._routing.core.core import Core
from supervision._routing.core.draining import end_all, leave_all
from supervision._routing.core.looking import abandoned
from supervision._routing.core.waiting import Sender
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import (
    Later,
    Plain,
    Slow,
    World,
    check,
    handle,
    made,
    send,
)

CRASHED = Crashed(RuntimeError("bang"))
ONE = Limits(sessions=9, turns=1)


class Sleepy(Plain):
    """It wants to be told before it is forgotten."""

    _suspends: ClassVar[bool] = True


class Finalising(Plain):
    """Its turns have a hook that is run at their end."""

    _finalises: ClassVar[bool] = True


class Keeping(Later):
    """A store that keeps all prompts that wait."""

    def kept(self, receipt: Receipt[Any]) -> bool:
        """It is."""
        self.log.append(f"kept {receipt.id}")
        return True

    def leave(self) -> None:
        """Write it down."""
        self.log.append("left")


# --------------------------------------------------------------------- sessions that go


def leaving(limit: int = 9) -> tuple[Core, World]:
    """The session a was reaped, and says its last words."""
    core, world = made(Limits(sessions=limit, turns=9, idle=5.0), Sleepy)
    send(core, "a")
    world.finish(1)
    world.clock.move(5.0)
    assert core.lanes["a"].phase == lanes.CLOSING
    world.said()
    return core, world


def test_a_session_that_says_its_last_words_begins_no_turn() -> None:
    """What comes meanwhile is its successor's."""
    core, world = leaving()

    receipt = handle(core).send("a", "")

    assert world.said() == []
    assert (receipt.turn, core.lanes["a"].waiting) == (None, 1)
    world.gone(world.names["a"])
    assert receipt.turn == 2
    check(core, world)


def test_a_place_that_is_kept_after_all_is_promised_to_nobody() -> None:
    """Its session is not idle: whoever comes is told that all places are taken."""
    core, world = leaving(limit=1)
    send(core, "a")

    with pytest.raises(SaturatedError):
        send(core, "b")

    assert core.places.unpromised == 0
    check(core, world)


def test_a_session_is_ended_once_however_often_it_is_closed() -> None:
    """Its actor takes its time."""
    core, world = made(make=Plain)
    world.quick = False
    send(core, "a")
    world.finish(1)
    world.said()

    for how in (CloseReason.RESET, CloseReason.CLOSED, CloseReason.CLOSED):
        core.verbs.end("a", how, "why")
        core.sessions.close(core.lanes["a"], how)

    assert world.said() == ["end a"]
    check(core, world)


@pytest.mark.parametrize("there", [False, True])
def test_what_cannot_begin_now_waits_without_a_session(*, there: bool) -> None:
    """The prompt that it was brought for was taken back: it begins with the next."""
    store = Later("bring")
    core, world = made(keeping=store)
    receipt = send(core, "a")
    receipt.withdraw()
    lane = core.lanes["a"]

    core.sessions.hold(lane)
    if there:
        store.release("bring")
    else:
        store.waiting.clear()
    assert (lane.phase, world.said()) == (lanes.ASLEEP, [])
    assert lane in core.idle

    again = send(core, "a")
    store.release("bring")
    assert world.said() == ["start a", "begin a 1"]
    assert again.turn == 1
    check(core, world)


def test_a_key_is_told_by_one_word_that_it_could_not_start() -> None:
    """There is a cause, or there is none; it does not say None."""
    core, world = made(Limits(sessions=9, turns=9, start_within=5.0), Slow)
    late = send(core, "a")
    world.clock.move(5.0)
    world.gone(core.lanes["a"].session)

    assert "not started within 5 seconds" in repr(late.ended)
    assert "None" not in str(getattr(late.ended, "error", "None"))


def test_an_outcome_is_given_and_counted_once() -> None:
    """Whoever comes second changes nothing, and nobody hears of it."""
    core, world = made()
    world.events.wanted.add(PromptEnded)
    receipt = send(core, "a")
    world.finish(1)
    told = len(world.published)

    core.give(receipt, Lost("why"))

    assert receipt.ended == Completed(turn=1)
    assert core.books.prompts() == {"Completed": 1}
    assert len(world.published) == told


def test_a_hook_that_speaks_in_the_routers_name_is_begun_or_not() -> None:
    """Whoever wants it done is told so."""
    core, _ = made()
    assert core.last_words(None) is False

    class Willing(World):
        def begin_work(self, work: Any, props: Any) -> bool:
            del work, props
            return True

    core.world = Willing()
    assert core.last_words(None) is True


def test_a_key_with_a_token_is_suspended_while_it_has_no_session() -> None:
    """A prompt resumes it."""
    core, world = made(Limits(sessions=9, turns=9, idle=5.0))
    send(core, "a")
    core.bind(core.lanes["a"], core.lanes["a"].session, "token")
    world.finish(1)
    assert handle(core).suspended() == []
    assert len(core.tokens) == 1

    world.clock.move(5.0)
    assert handle(core).suspended() == ["a"]
    send(core, "a")

    assert handle(core).suspended() == []


def test_a_prompt_is_answered_from_its_slot_on() -> None:
    """One that stands in line for it is not."""
    core, world = made(ONE)
    send(core, "a")
    send(core, "b")
    world.step()

    assert handle(core).statistics().answering == 1
    assert core.epoch_of(core.lanes["a"]) == 1


def test_a_key_that_burns_is_abandoned_when_nobody_knows_it() -> None:
    """As long as the router knows it, it is there."""
    core, world = made()
    send(core, "a")
    world.step()
    handle(core).cancel("a")
    world.clock.move(10.0)
    assert (len(core.burning), abandoned(core)) == (1, [])
    lane = core.lanes["a"]

    handle(core).close("a")

    assert abandoned(core) == [lane]


# ---------------------------------------------------------------------- the router goes


def parked(core: Core, key: str) -> Sender:
    """Somebody who waits for room."""
    sender = Sender(Offer(key, "", More()), lambda: None)
    core.accepting.waiting.enter(sender)
    assert sender.receipt is None
    return sender


def test_nobody_is_let_in_by_the_end_of_a_router() -> None:
    """Who waits for room in a queue, or for a place, is refused."""
    core, world = made(Limits(sessions=1, turns=1))
    for _ in range(4):
        send(core, "a")
    world.step()
    senders = [parked(core, "a"), parked(core, "b")]
    world.ending = True

    end_all(core, Stopped())

    assert [type(each.error) for each in senders] == [ClosedToNewError] * 2
    assert core.lanes == {}


def test_all_that_a_session_has_is_lost_with_its_router() -> None:
    """Its side questions too, whether it has a turn or none."""
    core, world = made(ONE)
    send(core, "x")
    world.step()
    asides = [send(core, key, kind=ASIDE) for key in ("a", "a", "b")]
    turn = send(core, "b")
    world.ending = True

    end_all(core, Stopped())

    why = "the router has ended"
    assert [each.ended for each in (*asides, turn)] == [
        Lost(why, turn=each) for each in (2, 3, 4, 5)
    ]
    check(core, world)


def test_what_a_store_keeps_has_no_outcome_when_the_router_has_ended() -> None:
    """It has its turn in the next router's life."""
    store = Keeping()
    core, world = made(ONE, Plain, store)
    send(core, "x")
    world.step()
    receipt = send(core, "a")
    world.ending = True
    store.log.clear()

    end_all(core, Stopped())

    assert (receipt.ended, receipt.turn) == (None, None)
    assert f"kept {receipt.id}" in store.log
    assert "seal 2" not in store.log


def test_a_key_is_forgotten_when_the_end_of_its_turn_is_kept() -> None:
    """The store is slower than the router."""
    store = Later("ended")
    core, world = made(keeping=store)
    receipt = send(core, "a")
    world.finish(1)
    world.ending = True

    end_all(core, Stopped())
    assert receipt.ended is None
    store.release_all()

    assert receipt.ended == Completed(turn=1)
    assert core.lanes == {}
    assert core.books.closed == {CloseReason.STOPPED: 1}


def test_a_turn_that_has_its_verdict_keeps_it_when_nobody_waits_any_more() -> None:
    """It ends as it was to; the others in line are lost."""
    core, world = made(ONE, Finalising)
    send(core, "x")
    world.step()
    cut = send(core, "a")
    lost = [send(core, key) for key in "bc"]
    handle(core).cancel("a", reason="why")
    assert cut.ended is None

    leave_all(core, "gone")

    assert cut.ended == Aborted("why", turn=2)
    assert [each.ended for each in lost] == [
        Lost("gone", turn=3),
        Lost("gone", turn=4),
    ]


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_is_cut_by_the_end_of_its_process_waits_again(attempts: int) -> None:
    """In its store, if it may be tried more than once; then it was no attempt."""
    store = Keeping()
    core, world = made(keeping=store)
    receipt = send(core, "a", attempts=attempts)
    world.step()

    leave_all(core, "gone")

    if attempts == 2:
        assert (receipt.ended, receipt.turn) == (None, None)
        assert receipt.need_more().tried == 0
    else:
        assert receipt.ended == Aborted("gone", turn=1, late=True)


def test_all_that_a_session_does_is_cut_with_its_process() -> None:
    """Its side question with its turn, and then those of other sessions."""
    core, world = made()
    receipts = [send(core, "a"), send(core, "a", kind=ASIDE), send(core, "b")]
    world.step()

    leave_all(core, "gone")

    assert [type(each.ended) for each in receipts] == [Aborted] * 3
    reasons = [getattr(each.ended, "reason", None) for each in receipts]
    assert reasons == ["gone", SHUT_DOWN, "gone"]


def test_no_answer_is_kept_longer_than_its_router() -> None:
    """Who reads it may read on; no timer waits for the end of its time."""
    core, world = made()
    log = ChunkLog[Any](Replay())
    receipt = send(core, "a", stream=log)
    core.readers.keep(receipt, log, None)
    world.finish(1)
    assert world.clock.armed

    end_all(core, Stopped())

    assert world.clock.armed == []


def test_a_store_hears_that_its_router_has_ended() -> None:
    """Whoever waits for room in it is refused."""
    store = Keeping()
    core, _ = made(keeping=store)

    end_all(core, Stopped())

    assert store.log == ["left"]


def test_without_a_store_what_is_cut_by_the_end_of_its_process_is_aborted() -> None:
    """However often it may be tried."""
    core, world = made()
    receipt = send(core, "a", attempts=2)
    world.step()

    leave_all(core, "gone")

    assert receipt.ended == Aborted("gone", turn=1, late=True)


# ------------------------------------------------------------------------------- drains


class Doer(Session[str, str]):
    """Says its prompt, or does what it says."""

    turns = TurnPolicy(abort_grace=30.0, cleanup_within=100.0)
    prompts = PromptPolicy(busy=WhileBusy.QUEUE)

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """A deaf one hears no cancellation."""
        with trio.CancelScope(shield=turn.prompt == "deaf"):
            if turn.prompt in ("deaf", "wait"):
                await trio.sleep(20.0)
        await trio.lowlevel.checkpoint()
        return turn.prompt


class Hanging(Doer):
    """It does not want to go."""

    async def suspend(self) -> None:
        """Wait for ever."""
        await trio.sleep_forever()


async def test_a_drain_counts_what_has_ended_in_its_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Not what had ended before; nothing else is named."""
    del autojump_clock
    await trio.sleep(100)
    async with open_system() as system:
        router = start_router(system, Doer)
        for _ in range(2):
            await router.send("a", "x").outcome()
        aborted = router.send("b", "wait")
        router.cancel("b")
        await aborted.outcome()
        running = router.send("a", "wait")
        await settle()
        assert running.turn is not None

        report = await router.drain(50.0)

    assert report == DrainReport(20.0, {"Completed": 1}, (), ())


async def test_a_drain_leaves_nobody_without_an_outcome(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A turn that does not end in its time is given up."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Doer)
        deaf = router.send("a", "deaf")
        waits = router.send("a", "x")
        await settle()

        report = await router.drain(10.0)

        assert deaf.ended == Aborted("shutting down", turn=1, late=True)
        assert waits.ended == Lost("shutting down")
    assert report == DrainReport(10.0, {"Aborted": 1, "Lost": 1}, (1,), (waits,))


class Caring(Doer):
    """It takes its time at the end of a turn."""

    async def turn_ended(self, turn: Turn[str, str], outcome: object) -> None:
        """Take 5 seconds."""
        del turn, outcome
        await trio.sleep(5.0)


async def test_nothing_that_waits_gets_the_slot_of_what_a_drain_aborts(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Not even behind a turn in line that has its verdict, and its hook runs."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Caring, limits=Limits(turns=1))
        router.send("a", "wait")
        await settle()
        cut = router.send("b", "x")
        waits = router.send("c", "x")
        await trio.sleep(4)

        async def cancel() -> None:
            await trio.sleep(6)
            router.cancel("b", reason="why")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel)
            report = await router.drain(10.0)

    assert cut.ended == Aborted("why", turn=2)
    assert waits.ended == Lost("shutting down", turn=3)
    assert report.lost == (waits,)


async def test_a_drain_leaves_no_session_behind(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One that does not want to go is killed when the time is over."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Hanging)
        await router.send("a", "x").outcome()

        report = await router.drain(10.0)
        await settle()

        assert report.seconds == 10.0
        assert router.list() == []
        assert [each.path for each in system.tree().walk()] == ["/", "/router"]


async def test_two_who_drain_are_both_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Neither takes the other's bell away."""
    del autojump_clock
    reports: list[float] = []
    async with open_system() as system:
        router = start_router(system, Doer)
        router.send("a", "wait")
        await settle()

        async def drain() -> None:
            reports.append((await router.drain(100.0)).seconds)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drain)
            nursery.start_soon(drain)

    assert reports == [20.0, 20.0]


async def test_a_drain_withdraws_what_no_checkpoint_has_taken(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """With the turn that it would have steered: without a store it does not wait."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Doer)
        router.send("a", "wait")
        await settle()
        steering = router.steer("a", "please")

        report = await router.drain(10.0)

    assert isinstance(steering.ended, Withdrawn)
    assert report.outcomes == {"Aborted": 1, "Withdrawn": 1}
    assert report.lost == ()
