"""Sessions, part 5: the order of prompts, what becomes of too many, and replies.

The numbers are those of our list of scenarios.
"""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    Outcome,
    PromptAccepted,
    PromptEnded,
    PromptRefused,
    QueueFullError,
    SessionEvent,
    Steered,
    Subscription,
    Turn,
    TurnEnded,
    TurnStarted,
)
from actors.testing import seeds
from tests.conformance.sessions.conversing import Talker, open_stage


async def pause(steps: int) -> None:
    """Let the others run so many times."""
    for _ in range(steps):
        await trio.lowlevel.checkpoint()


@seeds(20)
async def test_s26_senders_who_wait_for_room_get_it_in_their_order() -> None:
    """Of five that wait one gives up: only its prompt is not sent, and that is said."""
    async with open_stage() as (stage, router, _log, system):
        refusals = system.subscribe(PromptRefused)
        router.send("K", "wait:door")
        await settle()
        for number in range(10):
            router.send("K", f"q{number}")
        scopes = {number: trio.CancelScope() for number in range(5)}
        sent: dict[int, int] = {}  # {id of the receipt: who}

        async def park(number: int) -> None:
            with scopes[number]:
                receipt = await router.send_wait("K", f"p{number}", origin=number)
                sent[receipt.id] = number

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(park, number)
                await settle()
            assert sent == {}
            with pytest.raises(QueueFullError):
                router.send("K", "pushes in")
            refusals.drain()

            scopes[2].cancel()
            await settle()
            (withdrawn,) = refusals.drain()
            assert (withdrawn.origin, withdrawn.error) == (2, None)
            info = router.inspect("K")
            assert info is not None
            assert info.queued == 10

            stage.open("door")
        last = await router.send_wait("K", "end")
        assert isinstance(await last.outcome(), Completed)

        assert [sent[number] for number in sorted(sent)] == [0, 1, 3, 4]
        queued = [f"q{number}" for number in range(10)]
        assert [prompt for _, prompt in stage.begun] == [
            "wait:door",
            *queued,
            *("p0", "p1", "p3", "p4"),
            "end",
        ]


@seeds(20)
async def test_s27_one_prompt_too_many_is_refused_in_its_sender() -> None:
    """At once, with the numbers; as an event with an id of its own; it is counted."""
    async with open_stage() as (stage, router, _log, system):
        refusals = system.subscribe(PromptRefused)
        receipts = [router.send("K", "wait:door")]
        await settle()
        receipts += [router.send("K", str(number)) for number in range(10)]

        with pytest.raises(QueueFullError) as caught:
            router.send("K", "11th", origin="ann")

        error = caught.value
        assert (error.key, error.depth, error.capacity) == ("K", 10, 10)
        assert error.what == "prompts"
        refusal = refusals.receive_nowait()
        assert (refusal.key, refusal.origin, refusal.error) == ("K", "ann", error)
        assert refusal.prompt not in {receipt.id for receipt in receipts}
        assert router.statistics().refused == {"QueueFullError": 1}
        assert isinstance(await router.send("J", "other").outcome(), Completed)

        stage.open("door")
        for receipt in receipts:
            assert isinstance(await receipt.outcome(), Completed)
        assert ("K", "11th") not in stage.begun


@seeds(500)
async def test_s29_a_message_in_the_gap_between_two_turns_waits_its_turn() -> None:
    """M3 comes as M1's turn ends: M2, which was queued, goes first."""
    async with open_stage() as (stage, router, *_):

        async def fill_the_gap(key: str, steps: int) -> None:
            first = router.send(key, f"m1 wait:{key}")
            router.send(key, "m2 sleep:1")
            await settle()
            stage.open(key)
            if steps < 6:
                await pause(steps)
            else:
                await first.outcome()
            third = router.send(key, "m3")
            assert isinstance(await third.outcome(), Completed)

        keys = [f"K{steps}" for steps in range(7)]
        async with trio.open_nursery() as nursery:
            for steps, key in enumerate(keys):
                nursery.start_soon(fill_the_gap, key, steps)

        for key in keys:
            begun = [prompt[:2] for whose, prompt in stage.begun if whose == key]
            assert begun == ["m1", "m2", "m3"]
        assert stage.most == dict.fromkeys(keys, 1)


class Chain(Talker):
    """Each prompt makes the next one: in its turn, at its end, or in its hook."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        if turn.prompt == "one":
            self.follow_up("two")
            await pause(3)
        answer = await super().take_turn(turn)
        if turn.prompt == "two":
            self.follow_up("three")
        return answer

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        if turn.prompt == "three":
            await pause(1)
            self.follow_up("four")
        await super().turn_ended(turn, outcome)


@seeds(500)
async def test_s30_what_comes_while_a_request_is_handled_is_handled_too() -> None:
    """Nobody else wakes the session: four prompts run after one signal."""
    async with open_stage(Chain) as (stage, router, *_):
        await router.send("K", "one").outcome()
        await settle()

        assert [prompt for _, prompt in stage.ended] == ["one", "two", "three", "four"]
        assert router.statistics().outcomes == {"Completed": 4}
        assert router.statistics().queued == 0


@seeds(500)
async def test_s32_each_reply_goes_to_who_asked() -> None:
    """In whatever order they come, and whoever has left in the meantime."""
    async with open_stage() as (stage, router, *_):
        replies: dict[str, object] = {}
        scopes = {name: trio.CancelScope() for name in ("ann", "bob", "cid", "dan")}
        keys = {"ann": "K", "bob": "K", "cid": "J", "dan": "J"}

        async def request(name: str) -> None:
            receipt = router.send(keys[name], f"{name} wait:{name}", origin=name)
            with scopes[name]:
                outcome = await receipt.outcome()
                assert isinstance(outcome, Completed)
                replies[name] = outcome.result
            assert receipt.origin == name

        async def read(name: str) -> None:
            with scopes[name]:
                async with router.open_turn("L", f"{name} wait:{name}") as answer:
                    await answer.outcome()

        async with trio.open_nursery() as nursery:
            scopes["eve"] = trio.CancelScope()
            for name in keys:
                nursery.start_soon(request, name)
            nursery.start_soon(read, "eve")
            await pause(5)
            scopes["ann"].cancel()
            scopes["eve"].cancel()  # a reader who leaves ends its own turn
            stage.open("dan", "cid")
            await pause(3)
            stage.open("bob", "ann")

        assert replies == {
            name: f"{name} wait:{name}" for name in ("bob", "cid", "dan")
        }
        await settle()
        assert router.statistics().outcomes["Completed"] == 4
        assert stage.running.total() == 0
        assert isinstance(await router.send("L", "next").outcome(), Completed)


class Replier(Talker):
    """Answers each prompt in the chat that it came from, steering prompts too."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await self.stage.wait("door")
        receipts = [*turn.receipts, *await turn.checkpoint()]
        return " ".join(f"{receipt.origin}:{receipt.prompt}" for receipt in receipts)


@seeds(20)
async def test_s37_a_steering_message_is_answered_where_it_came_from() -> None:
    """M2 of chat Y steers the turn of chat X: receipt, events and reply say Y."""
    async with open_stage(Replier) as (stage, router, _log, system):
        events = system.subscribe(PromptAccepted, PromptEnded)
        first = router.send("K", "m1", origin="X")
        await settle()
        second = router.steer("K", "m2", origin="Y")
        stage.open("door")

        outcome = await first.outcome()

        assert isinstance(outcome, Completed)
        assert outcome.result == "X:m1 Y:m2"
        assert second.origin == "Y"
        assert second.turn == first.turn
        assert await second.outcome() == Steered(turn=first.turn)
        accepted: dict[int, object] = {}
        ended: dict[int, Outcome] = {}
        for event in events.drain():
            if isinstance(event, PromptAccepted):
                accepted[event.prompt] = event.origin
            elif isinstance(event, PromptEnded):
                ended[event.prompt] = event.outcome
        assert accepted == {first.id: "X", second.id: "Y"}
        assert ended == {first.id: outcome, second.id: second.ended}


@seeds(20)
async def test_s39_a_sender_sees_accepted_started_done_in_this_order() -> None:
    """The typing indicator stops before the turn is said to be done."""
    feeds: list[Subscription[SessionEvent]] = []
    seen: list[SessionEvent | str] = []

    def look(what: str) -> None:
        for feed in feeds:
            seen.extend(feed.drain())
        seen.append(what)

    class Typist(Talker):
        async def take_turn(self, turn: Turn[str, str]) -> str:
            look("typing")
            return await super().take_turn(turn)

        async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
            await pause(3)
            assert [receipt.ended for receipt in turn.receipts] == [None]
            look("typing stops")
            await super().turn_ended(turn, outcome)

    async with open_stage(Typist) as (_stage, router, _log, system):
        feeds.append(
            system.subscribe(PromptAccepted, TurnStarted, TurnEnded, PromptEnded)
        )
        receipt = router.send("K", "x", origin="ann")
        outcome = await receipt.outcome()
        look("end")

    accepted, started, typing, stops, turn_ended, prompt_ended, end = seen
    assert (typing, stops, end) == ("typing", "typing stops", "end")
    assert isinstance(accepted, PromptAccepted)
    assert (accepted.key, accepted.prompt, accepted.origin) == ("K", receipt.id, "ann")
    assert isinstance(started, TurnStarted)
    assert (started.turn, started.prompts) == (receipt.turn, (receipt.id,))
    assert isinstance(turn_ended, TurnEnded)
    assert (turn_ended.turn, turn_ended.outcome) == (receipt.turn, outcome)
    assert isinstance(prompt_ended, PromptEnded)
    assert (prompt_ended.prompt, prompt_ended.outcome) == (receipt.id, outcome)
    assert outcome == Completed("x", turn=receipt.turn)
