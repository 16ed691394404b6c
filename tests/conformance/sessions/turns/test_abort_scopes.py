"""The scopes of the verbs that end something, and what becomes of the history.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

from typing import Any

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    CloseReason,
    Completed,
    SessionClosed,
    Turn,
    Withdrawn,
)
from actors.testing import seeds
from supervision import RouterRef
from tests.conformance.sessions.conversing import Stage
from tests.conformance.sessions.diaries import Diarist, after, open_stage, result


class Keeper(Diarist):
    """Binds a token at "bind"; keeps its state at "keep"; shortens it at "compact".

    At "token" it returns its token.
    """

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Play the prompts."""
        told = await super().take_turn(turn)
        return str(self.token) if turn.prompt == "token" else told

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Do that first."""
        match prompt.split():
            case ["bind", *_]:
                self.bind(prompt)
            case ["compact", *_]:
                turn.state = (f"{len(turn.state)} before",)
            case ["keep", *_]:
                turn.state = (*turn.state, "kept")
                turn.keep_state()
            case _:
                pass
        await super().play(turn, prompt)


class Caller(Diarist):
    """Writes a call and, steps later, its result; looks at whole pairs only."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Write a pair, or look."""
        state = turn.state
        calls = [each.removeprefix("call") for each in state if each[0] == "c"]
        results = [each.removeprefix("result") for each in state if each[0] == "r"]
        assert calls == results
        if turn.prompt == "look":
            return "|".join(state)
        self.stage.enter(turn.key, turn.prompt)
        turn.state = (*turn.state, turn.prompt)
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        turn.state = (*turn.state, turn.prompt.replace("call", "result"))
        self.stage.leave(turn.key, turn.prompt)
        return ""


async def set_up(stage: Stage, router: RouterRef[str, str], key: str) -> list[Any]:
    """Have a session with a history, a token, a turn, an aside and prompts that wait.

    Returns the receipts of: the turn, a steering prompt, two prompts, the aside.
    """
    await result(router.send(key, "bind"))
    receipts = [router.send(key, f"wait:{key} point")]
    await settle()
    receipts += [router.steer(key, "steer"), router.send(key, "one")]
    receipts += [router.send(key, "two"), router.ask_aside(key, f"wait:aside {key}")]
    await settle()
    assert len(stage.begun) == 3
    return receipts


@seeds(20)
async def test_s58_each_verb_leaves_exactly_what_it_says() -> None:
    """Cancel: the turn. Cancel all: what waits too. Reset: the session. Close: all."""
    async with open_stage(Keeper) as (stage, router, log, _):
        turn, steer, one, two, aside = await set_up(stage, router, "k")
        done = router.cancel("k", reason="c")
        assert (done.known, done.turn) == (True, turn.turn)
        assert await turn.outcome() == Aborted("c", turn=turn.turn)
        assert await steer.outcome() == Withdrawn("c")
        assert await result(one) == "bind|one"
        assert await result(two) == "bind|one|two"
        assert aside.ended is None
        stage.open("aside")
        assert isinstance(await aside.outcome(), Completed)
        assert log.of(SessionClosed) == []

    for verb, told, reason in (
        ("cancel_all", "bind|next", None),
        ("reset", "next", CloseReason.RESET),
        ("close", "next", CloseReason.CLOSED),
    ):
        async with open_stage(Keeper) as (stage, router, log, _):
            turn, steer, one, two, aside = await set_up(stage, router, "k")
            done = getattr(router, verb)("k", reason="c")
            assert (done.known, done.turn) == (True, turn.turn)
            assert sorted(done.withdrawn) == [steer.id, one.id, two.id]
            assert await turn.outcome() == Aborted("c", turn=turn.turn)
            assert await aside.outcome() == Aborted("c", turn=aside.turn)
            for each in (steer, one, two):
                assert await each.outcome() == Withdrawn("c")
            await settle()
            assert [each.reason for each in log.of(SessionClosed)] == (
                [reason] if reason is not None else []
            )
            assert (router.inspect("k") is None) == (verb == "close")
            assert await result(router.send("k", "next")) == told
            token = await result(router.send("k", "token"))
            assert token == ("bind" if verb == "cancel_all" else "None")

    async with open_stage() as (_, router, _log, _system):
        for verb in ("cancel", "cancel_all", "reset", "close"):
            assert not getattr(router, verb)("nobody")
        assert router.list() == []


@seeds(50)
async def test_s63_an_abort_goes_back_to_the_history_at_the_turns_start() -> None:
    """Whatever the turn has made of it, but for what it has kept on purpose.

    Work on the history waits for the turn, and finds it as it was.
    """
    async with open_stage(Keeper) as (_, router, _log, _system):
        await result(router.send("k", "a"))
        await result(router.send("k", "b"))
        for prompt in ("compact wait:never", "keep wait:never"):
            turn = router.send("k", prompt)
            await settle()
            seen: list[Any] = []

            async def compact(turn: Turn[str, str], seen: list[Any] = seen) -> None:
                seen.append(turn.state)
                await trio.lowlevel.checkpoint()
                turn.state = ("/".join(turn.state),)

            work = router.run_exclusive("k", compact)
            await settle()
            assert seen == []
            router.cancel("k")
            assert isinstance(await turn.outcome(), Aborted)
            assert isinstance(await work.outcome(), Completed)
            if prompt.startswith("compact"):
                assert seen == [("a", "b")]
            else:
                assert seen == [("a/b", "kept")]
        assert await result(router.send("k", "end")) == "a/b/kept|end"


@seeds(500)
async def test_s64_compaction_never_tears_what_a_turn_writes() -> None:
    """It is done in the session's order: between turns, whole or not at all."""

    async def compact(turn: Turn[str, str]) -> None:
        before = turn.state
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        assert turn.state is before
        pairs = [each for each in before if each.startswith("call")]
        old = [int(each) for each in before if each.isdigit()]
        turn.state = (str(sum(old) + len(pairs)),)

    async with open_stage(Caller) as (stage, router, _, _system):
        receipts: list[Any] = []
        async with trio.open_nursery() as nursery:
            for number in range(4):
                send = router.send_wait
                nursery.start_soon(send, "k", f"call{number}")
            for steps in range(3):
                nursery.start_soon(
                    after,
                    2 * steps,
                    lambda: receipts.append(router.run_exclusive("k", compact)),
                )
        receipts.append(router.run_exclusive("k", compact))
        for each in receipts:
            outcome = await each.outcome()
            assert isinstance(outcome, Completed), outcome
        assert await result(router.send("k", "look")) == "4"
        assert stage.most["k"] == 1
