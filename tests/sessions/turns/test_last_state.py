"""In `turn_ended` the state is what the next turn will find, however a turn ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    KeepState,
    Outcome,
    Phase,
    PromptPolicy,
    Session,
    TimedOut,
    Turn,
    TurnOverError,
    TurnPolicy,
    WhileBusy,
    open_system,
)
from actors.testing import seeds
from supervision import RouterRef, start_router

Words = tuple[str, ...]
Router = RouterRef[str, str]


class Writes(Session[str, str, Words]):
    """Writes each word of its prompt down, and does what it says."""

    initial_state: ClassVar[Any] = ()
    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10, abort_grace=4)
    at_end: ClassVar[str] = ""  # what `turn_ended` adds

    def __init__(self, shown: list[tuple[Words, Words]]) -> None:
        self.shown = shown

    async def take_turn(self, turn: Turn[str, str, Words]) -> Words:
        """The state is put, not changed."""
        for word in turn.prompt.split():
            turn.step()
            turn.state = (*turn.state, word)
            match word:
                case "keep":
                    turn.keep_state()
                case "child":
                    await turn.run_child(self.be_child)
                case "hang":
                    await trio.sleep_forever()
                case "critical":
                    await turn.start_child(self.write_late, critical=True)
                    await trio.sleep(1)
                    raise ValueError
                case "fail":
                    raise ValueError
                case "deaf":
                    with trio.CancelScope(shield=True):
                        await trio.sleep(15)  # its last words are being said
                        self.write_too_late()
                        await trio.sleep(2)  # and now it has a successor
                        self.write_too_late()
                case _:
                    pass
        return turn.state

    def write_too_late(self) -> None:
        """Write without the turn, which has been given up."""
        with pytest.raises(TurnOverError):
            self.state = ("too late",)

    async def be_child(self, turn: Turn[str, str, Words]) -> None:
        """A child writes into its parent's state, and keeps it."""
        turn.state = (*turn.state, "of a child")
        turn.keep_state()
        turn.state = (*turn.state, "lost")

    async def write_late(self, turn: Turn[str, str, Words]) -> None:
        """Write when the parent's body is over already."""
        try:
            await trio.sleep_forever()
        finally:
            turn.state = (*turn.state, "in a finally")

    async def turn_ended(self, turn: Turn[str, str, Words], outcome: Outcome) -> None:
        del outcome
        self.shown.append((self.state, turn.state))
        await trio.sleep(1.5)
        with pytest.raises(TurnOverError):
            turn.state = ()
        if self.at_end:
            async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - a task
                nursery.start_soon(self.end)
            self.state = (*self.state, "ended")
        await trio.sleep(1)

    async def end(self) -> None:
        """Write in a task of `turn_ended`."""
        await trio.lowlevel.checkpoint()
        self.state = (*self.state, self.at_end)


async def after(
    make: type[Writes], prompt: str, then: Callable[[Router], object] = lambda _: None
) -> tuple[Outcome, Words, Words]:
    """Its outcome, what its `turn_ended` saw, and what the next turn finds."""
    shown: list[tuple[Words, Words]] = []
    async with open_system() as system:
        router = start_router(system, make, shown)
        receipt = router.send("k", prompt)
        await trio.sleep(0.5)
        then(router)
        outcome = await receipt.outcome()
        found = await router.send("k", "look").outcome()

    assert all(of_session == of_turn for of_session, of_turn in shown)
    assert isinstance(found, Completed)
    return outcome, shown[0][0], found.result[: found.result.index("look")]


class Steps(Writes):
    """What its steps have done stays."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=10, abort_grace=4, keep_state=KeepState.STEPS
    )


class Always(Writes):
    """All that it has done stays."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=10, abort_grace=4, keep_state=KeepState.ALWAYS
    )


class Interrupts(Writes):
    """A prompt ends the turn before it, and its state stays."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.INTERRUPT)


class Replaces(Writes):
    """A prompt ends the turn before it, and its state goes back."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.REPLACE)


def cancel(router: Router) -> object:
    """Abort it."""
    return router.cancel("k")


def send(router: Router) -> object:
    """Have it interrupted."""
    return router.send("k", "fail")


@seeds(2)
@pytest.mark.parametrize(
    ("make", "prompt", "then", "kind", "left"),
    [
        (Writes, "a b", len, Completed, ("a", "b")),
        (Writes, "a fail", len, Failed, ()),
        (Writes, "a hang", cancel, Aborted, ()),
        (Writes, "a hang", len, TimedOut, ()),
        (Writes, "a keep b hang", cancel, Aborted, ("a", "keep")),
        (Writes, "a child b hang", len, TimedOut, ("a", "child", "of a child")),
        (Writes, "a critical", len, Failed, ()),
        (Writes, "a deaf", len, TimedOut, ()),
        (Writes, "a keep deaf", len, TimedOut, ("a", "keep")),
        (Steps, "a hang", len, TimedOut, ("a",)),
        (Steps, "a deaf", len, TimedOut, ("a",)),
        (Always, "a fail", len, Failed, ("a", "fail")),
        (Always, "a deaf", len, TimedOut, ("a", "deaf")),
        (Interrupts, "a hang", send, Aborted, ("a", "hang")),
        (Replaces, "a keep hang", send, Aborted, ("a", "keep")),
    ],
)
async def test_what_turn_ended_sees_is_what_the_next_turn_finds(
    make: type[Writes],
    prompt: str,
    then: Callable[[Any], object],
    kind: type[Outcome],
    left: Words,
) -> None:
    """So it can be made durable there."""
    outcome, shown, found = await after(
        make, prompt, then if then is not len else lambda _: None
    )

    assert type(outcome) is kind
    assert outcome.late is ("deaf" in prompt)
    assert shown == left
    assert found == left


@seeds(2)
@pytest.mark.parametrize("make", [Writes, Always])
@pytest.mark.parametrize("prompt", ["a", "a fail", "a hang", "a deaf"])
async def test_what_turn_ended_puts_there_stays(
    make: type[Writes], prompt: str
) -> None:
    """Whatever the outcome; what the turn itself writes by then does not."""

    class Ends(make):  # type: ignore[valid-type, misc]
        at_end = "ends"

    _, shown, found = await after(Ends, prompt)

    assert found == (*shown, "ends", "ended")


async def test_an_aside_sees_what_it_has_seen(autojump_clock: trio.abc.Clock) -> None:
    """Its end changes nothing about the state, which a running turn is writing."""
    del autojump_clock
    seen: list[tuple[Any, Any]] = []

    class Asides(Session[str, str, Words]):
        initial_state = ()

        async def take_turn(self, turn: Turn[str, str, Words]) -> Words:
            turn.state = (turn.prompt,)
            await trio.sleep(1)
            return turn.state

        async def answer_aside(self, turn: Turn[str, str, Words]) -> None:
            assert turn.aside
            await trio.sleep_forever()

        async def turn_ended(
            self, turn: Turn[str, str, Words], outcome: Outcome
        ) -> None:
            await trio.lowlevel.checkpoint()
            assert turn.phase is Phase.ENDING
            assert isinstance(outcome, Aborted) is turn.aside
            seen.append((turn.state, self.state))

    async with open_system() as system:
        router = start_router(system, Asides)
        receipt = router.send("k", "a")
        await trio.sleep(0.1)
        aside = router.ask_aside("k", "b")
        await trio.sleep(0.1)
        assert aside.turn is not None
        router.abort(aside.turn)
        await aside.outcome()
        outcome = await receipt.outcome()

    assert outcome == Completed(("a",), turn=1)
    assert seen == [((), ("a",)), (("a",), ("a",))]


class Breaks(Writes):
    """Puts something there at the end, and does not come to the end of that."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(cleanup_within=2)

    async def turn_ended(self, turn: Turn[str, str, Words], outcome: Outcome) -> None:
        del outcome
        self.shown.append((self.state, turn.state))
        self.state = (*self.state, "half")
        if "crash" in turn.prompt:
            raise RuntimeError
        if "slow" in turn.prompt:
            await trio.sleep_forever()


@seeds(2)
@pytest.mark.parametrize("prompt", ["crash", "slow", "fail crash", "fail slow"])
async def test_a_turn_ended_that_breaks_off_has_put_nothing_there(prompt: str) -> None:
    """The next turn finds what the hook found."""
    _, shown, found = await after(Breaks, prompt, lambda _: None)

    assert shown == found
