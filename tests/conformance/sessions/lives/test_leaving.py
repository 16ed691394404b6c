"""Sessions, part 7: sessions that leave, and keys that are forgotten.

The numbers are those of our list of scenarios.
"""

from __future__ import annotations

import attrs
import pytest
import trio

from actors import (
    CloseReason,
    Completed,
    Failed,
    Receipt,
    SessionCrashedError,
    Turn,
)
from actors.testing import seeds
from supervision import Limits, RestartLimit
from tests.conformance.sessions.conversing import ScriptError, Talker, open_stage


async def pause(steps: int) -> None:
    """Let the others run so many times."""
    for _ in range(steps):
        await trio.lowlevel.checkpoint()


@attrs.frozen
class Leave:
    """The session has been idle since this many turns."""

    turns: int


class Leaver(Talker):
    """Ends itself after ten idle seconds."""

    turns_taken = 0

    async def take_turn(self, turn: Turn[str, str]) -> str:
        self.turns_taken += 1
        answer = await super().take_turn(turn)
        self.after(10, Leave(self.turns_taken))
        return answer

    def handle(self, message: object) -> None:
        if isinstance(message, Leave) and message.turns == self.turns_taken:
            self.finish()


@pytest.mark.parametrize("make", [Talker, Leaver])
@seeds(500)
async def test_s35_a_message_meets_a_session_that_leaves(make: type[Talker]) -> None:
    """Sent at any step around its exit, all are taken, by it or the next, in order."""
    limits = Limits(sessions=100, turns=100, idle=10 if make is Talker else 1000)
    async with open_stage(make, limits=limits) as (stage, router, *_):

        async def come_back(key: str, steps: int) -> None:
            await router.send(key, "0").outcome()
            await trio.sleep(10)
            receipts: list[Receipt[str]] = []
            for prompt in "123":
                await pause(steps)
                receipts.append(router.send(key, prompt))
            for receipt in receipts:
                assert isinstance(await receipt.outcome(), Completed)

        keys = [f"K{steps}" for steps in range(4)]
        async with trio.open_nursery() as nursery:
            for steps, key in enumerate(keys):
                nursery.start_soon(come_back, key, steps)
        await trio.sleep(11)

        for key in keys:
            begun = [prompt for whose, prompt in stage.begun if whose == key]
            assert begun == ["0", "1", "2", "3"]
        assert router.statistics().refused == {}
        assert router.statistics().sessions == 0


@seeds(500)
async def test_s36_one_shot_keys_leave_nothing_behind() -> None:
    """Reaped, closed, reset or withdrawn: in the end the router knows no key."""
    limits = Limits(sessions=100, turns=3, idle=10)
    async with open_stage(limits=limits) as (stage, router, *_):
        receipts: list[Receipt[str]] = []
        for number in range(6):
            key = f"K{number}"
            receipt = router.send(
                key, "sleep:1", id=f"m{number}", tenant="ann", job=f"j{number}"
            )
            receipts.append(receipt)
            match number:
                case 1:
                    router.close(key)
                case 2:
                    router.reset(key)
                case 3:
                    receipt.withdraw()
                case 4:
                    router.cancel_all(key)
                case _:
                    pass
        await trio.sleep(30)

        assert all(receipt.ended is not None for receipt in receipts)
        assert router.list() == []
        statistics = router.statistics()
        assert (statistics.sessions, statistics.queued) == (0, 0)
        assert (statistics.turns_running, statistics.turns_waiting) == (0, 0)
        assert sum(statistics.outcomes.values()) == 6
        assert stage.running.total() == 0


class Fragile(Talker):
    """Crashes with all its session when it plays "poison"; answers with its state."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await super().take_turn(turn)
        return "+".join(turn.state)

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        await super().play(turn, prompt)
        if prompt == "poison":
            self.start_soon(self.crash)
            await trio.sleep_forever()

    async def crash(self) -> None:
        """Crash as a task of the session."""
        await trio.lowlevel.checkpoint()
        raise ScriptError("poison")


@seeds(20)
async def test_s38_a_message_that_crashes_its_session_is_given_up() -> None:
    """After three attempts it has failed; the next one runs, and the state is kept."""
    limits = Limits(restarts=RestartLimit(3, within=60))
    async with open_stage(Fragile, limits=limits) as (stage, router, *_):
        before = router.send("K", "before")
        poison = router.send("K", "poison", attempts=3)
        after = router.send("K", "after")

        outcome = await poison.outcome()
        assert isinstance(outcome, Failed)
        assert outcome.attempts == 3
        assert isinstance(outcome.error, SessionCrashedError)
        assert isinstance(outcome.error.__cause__, ScriptError)
        assert isinstance(before.ended, Completed)
        next_one = await after.outcome()
        assert isinstance(next_one, Completed)
        assert next_one.result == "before+after"

        begun = [prompt for _, prompt in stage.begun]
        assert begun == ["before", "poison", "poison", "poison", "after"]
        statistics = router.statistics()
        assert statistics.closed == {CloseReason.CRASHED: 3}
        info = router.inspect("K")
        assert info is not None
        assert (info.phase, info.generation) == ("idle", 4)
