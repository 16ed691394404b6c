"""What is kept of a turn's chunks, and what an outcome has of it."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    Incomplete,
    KeepState,
    Limit,
    Outcome,
    Partial,
    Rejected,
    Session,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from actors._sessions.turns.partial import Kept
from actors.testing import seeds
from supervision import start_router

TEXT = "x" * 100


@pytest.mark.parametrize(
    ("limits", "chunks", "kept", "dropped"),
    [
        (Partial(), [], [], 0),
        (Partial(), ["a", "b"], ["a", "b"], 0),
        (Partial(chunks=2), ["a", "b", "c"], ["b", "c"], 1),
        (Partial(bytes=400), [TEXT + c for c in "abcd"], [TEXT + c for c in "cd"], 2),
        (Partial(bytes=50), [TEXT], [], 1),  # too large alone
        (Partial(bytes=100), [TEXT, "a"], ["a"], 1),
        (Partial(bytes=300), [(TEXT, TEXT + "b", TEXT + "c"), "a"], ["a"], 1),
    ],
)
def test_the_latest_are_kept(
    limits: Partial, chunks: list[Any], kept: list[Any], dropped: int
) -> None:
    """As many as may be, and as large as they may be together."""
    book = Kept(limits)
    for each in chunks:
        book.add(each)

    assert (list(book.chunks), book.dropped) == (kept, dropped)


class Says(Session[str, str]):
    """Says three words and then does what it is told."""

    initial_state: ClassVar[Any] = ()
    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=100, abort_grace=1, partial=Partial(chunks=2)
    )

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await turn.emit("one")
        turn.emit_nowait("two")
        await turn.run_child(self.be_child, direct=True)
        match turn.prompt:
            case "fail":
                raise ValueError
            case "reject":
                turn.reject()
            case "deaf":
                with trio.CancelScope(shield=True):
                    await trio.sleep(200)
            case "hang":
                await trio.sleep_forever()
            case _:
                pass
        return "done"

    async def be_child(self, turn: Turn[str, str]) -> None:
        """Say a word of the answer, and one that is nobody's."""
        await turn.emit("three")
        await turn.run_child(self.be_silent)

    async def be_silent(self, turn: Turn[str, str]) -> None:
        """Say it to nobody."""
        await turn.emit("four")


class Silent(Says):
    """Keeps nothing of what it says."""

    turns: ClassVar[TurnPolicy] = attrs.evolve(Says.turns, partial=None)


def end(prompt: str) -> type[Outcome]:
    """How a prompt ends."""
    return {"fail": Failed, "reject": Rejected, "hang": TimedOut, "deaf": TimedOut}.get(
        prompt, Completed
    )


@seeds(3)
@pytest.mark.parametrize("prompt", ["fail", "reject", "hang", "deaf", "ok"])
async def test_half_an_answer_is_in_the_outcome(prompt: str) -> None:
    """Of what a direct child says too; a complete one has it in its result."""
    async with open_system() as system:
        router = start_router(system, Says)
        outcome = await router.send("k", prompt).outcome()

        assert type(outcome) is end(prompt)
        if isinstance(outcome, Incomplete):
            assert (outcome.partial, outcome.dropped) == (("two", "three"), 1)
            assert outcome.late is (prompt == "deaf")
        silent = start_router(system, Silent, name="silent")
        other = await silent.send("k", prompt).outcome()
        if isinstance(other, Incomplete):
            assert (other.partial, other.dropped) == ((), 0)


@seeds(3)
async def test_an_abort_has_it_too() -> None:
    """And says so where it is shown."""
    async with open_system() as system:
        router = start_router(system, Says)
        receipt = router.send("k", "hang")
        await trio.sleep(1)
        router.cancel("k", reason="stop")
        outcome = await receipt.outcome()

    words = ("two", "three")
    assert outcome == Aborted("stop", turn=1, partial=words, dropped=1)
    assert "partial=('two', 'three')" in repr(outcome)


class Steps(Session[str, str]):
    """Takes steps, and hangs in the last one."""

    initial_state: ClassVar[Any] = ()
    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10)

    async def take_turn(self, turn: Turn[str, str]) -> Any:
        if turn.prompt == "look":
            return turn.state
        for word in turn.prompt.split():
            turn.step()
            turn.state = (*turn.state, word)
            await turn.run_child(self.be_child)
        await trio.sleep_forever()
        return None

    async def be_child(self, turn: Turn[str, str]) -> None:
        """A child's steps complete none of its parent's."""
        turn.step()


class StepsKept(Steps):
    """What its steps have done stays."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10, keep_state=KeepState.STEPS)


class AllKept(Steps):
    """All that it has done stays."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10, keep_state=KeepState.ALWAYS)


@seeds(3)
@pytest.mark.parametrize(
    ("make", "left"),
    [(Steps, ()), (StepsKept, ("a", "b")), (AllKept, ("a", "b", "c"))],
)
async def test_what_stays_of_the_state(make: type[Steps], left: Any) -> None:
    """Nothing, what was there when the last step began, or all."""
    async with open_system() as system:
        router = start_router(system, make)
        assert await router.send("k", "a b c").outcome() == TimedOut(Limit.TIME, turn=1)
        outcome = await router.send("k", "look").outcome()

    assert isinstance(outcome, Completed)
    assert outcome.result == left
