"""What sessions and their turns refuse, by words that say what would be right."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Batch,
    BudgetExceededError,
    Completed,
    Failed,
    KeepState,
    Latest,
    Mailbox,
    Overflow,
    PromptPolicy,
    Session,
    SessionCrashedError,
    Turn,
    TurnOverError,
    TurnPolicy,
    open_system,
)
from supervision import start_router
from tests.sessions.doers import Deed, Doer, for_ever, open_router

WRONG_POLICIES: list[tuple[Any, str, Any, str]] = [
    (TurnPolicy, "stalls", [10], r"stalls must be a tuple of seconds, got \[10\]"),
    (TurnPolicy, "stalls", 10, "stalls must be a tuple of seconds, got 10"),
    (TurnPolicy, "keep_state", 1, "keep_state must be a KeepState, got 1"),
    (TurnPolicy, "partial", 1, "partial must be a Partial or None, got 1"),
    (TurnPolicy, "time_limit", 0, "time_limit must be above 0 seconds, got 0"),
    (
        TurnPolicy,
        "time_limit",
        10**400,
        "time_limit must be seconds that a float holds: .*inf",
    ),
    (TurnPolicy, "drain_window", -1, "drain_window must be at least 0 seconds, got -1"),
    (PromptPolicy, "batch", 1, "batch must be a Batch or None, got 1"),
    (PromptPolicy, "busy", None, "busy must be a WhileBusy, got None"),
    (Batch, "weigh", 1, "weigh must be a function, got 1"),
    (Batch, "weigh", trio.sleep, "weigh must be a function that is not async, got .*"),
    (Latest, "merge", trio.sleep, "merge must be a function that is not async, got .*"),
    (Latest, "merge", 1, "merge must be a function, got 1"),
]


@pytest.mark.parametrize(("make", "field", "value", "words"), WRONG_POLICIES)
def test_a_wrong_policy_is_told_what_would_be_right(
    make: Any, field: str, value: Any, words: str
) -> None:
    """By the field's own name."""
    with pytest.raises((TypeError, ValueError), match=f"^{words}$"):
        make(**{field: value})
    assert TurnPolicy(keep_state=KeepState.ALWAYS).keep_state is KeepState.ALWAYS


async def _asynchronous(*args: Any) -> None:
    del args


def _plain(*args: Any) -> None:
    del args


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"turn_ended": _plain}, "Declared.turn_ended must be `async def`"),
        ({"handle": _asynchronous}, "Declared.handle must be a plain `def`"),
        (
            {"mailbox": Mailbox(9, overflow=Overflow.DROP_OLDEST)},
            "Declared.mailbox must not drop: its turns come through it",
        ),
    ],
)
def test_a_wrong_session_is_told_what_would_be_right(
    members: dict[str, Any], words: str
) -> None:
    """When its class is made."""
    with pytest.raises(TypeError, match=f"^{words}$"):
        type("Declared", (Session,), {"take_turn": _asynchronous, **members})


async def said_by(deed: Deed) -> list[BaseException]:
    """What a turn has raised."""
    async with open_router() as router:
        outcome = await router.send("a", deed).outcome()
    return [outcome.error] if isinstance(outcome, Failed) else []


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (True, "a number of units, got True"),
        ("1", "a number of units, got '1'"),
        (None, "a number of units, got None"),
        (-0.5, "at least 0 units, got -0.5"),
        (float("nan"), "at least 0 units, got nan"),
    ],
)
async def test_only_numbers_are_spent(units: Any, words: str) -> None:
    """Of at least 0."""

    async def deed(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        turn.spend(units)

    (error,) = await said_by(deed)
    assert str(error) == f"spend() takes {words}"


async def test_nothing_may_be_spent() -> None:
    """It is a number."""

    async def deed(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        turn.spend(0)

    assert await said_by(deed) == []


async def test_who_spends_too_much_goes_no_further() -> None:
    """It is told at the call."""
    seen: list[object] = []

    class Poor(Doer):
        turns = TurnPolicy(budget=1.0)

        async def take_turn(self, turn: Turn[Any, Any]) -> None:
            await trio.lowlevel.checkpoint()
            turn.spend(1.0)
            try:
                turn.spend(0.5)
            except BudgetExceededError as error:
                seen.append(error)
                raise
            seen.append("went on")

    async with open_system() as system:
        outcome = await start_router(system, Poor).send("a", "x").outcome()

    assert isinstance(outcome, Failed)
    assert seen == [outcome.error]


@pytest.mark.parametrize("within", ["1", None])
async def test_a_hook_has_seconds(within: Any) -> None:
    """It says which argument is wrong."""

    async def deed(turn: Turn[Any, Any]) -> None:
        await turn.consult(trio.sleep, 0, within=within, default=None)

    (error,) = await said_by(deed)
    assert str(error).startswith("within must be a number of seconds")


async def test_a_turn_that_is_being_aborted_starts_nothing() -> None:
    """Its code still runs, and is told by the error that all turns raise then."""
    refused: list[str] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        try:
            await for_ever(turn)
        finally:
            try:
                turn.start_soon(trio.sleep_forever)
            except TurnOverError as error:
                refused.append(str(error))

    async with open_router() as router:
        receipt = router.send("a", deed)
        await settle()
        router.cancel("a", reason="why")
        await receipt.outcome()

    assert refused == [str(TurnOverError(1, "start a task"))]


async def test_what_a_session_that_crashes_refuses_is_no_failure_of_its_turn() -> None:
    """The crash is what ends the turn, so it is tried again."""
    tries: list[int] = []

    class Fragile(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> str:
            tries.append(turn.attempt)
            if turn.attempt == 1:
                self.start_soon(self.crash)
                with trio.CancelScope(shield=True):
                    await settle()
                self.start_soon(self.crash)  # it is stopping
            return "done"

        async def crash(self) -> None:
            msg = "oh"
            raise OSError(msg)

    async with open_system() as system:
        router = start_router(system, Fragile)
        once = await router.send("ann", "hello").outcome()
        tries.clear()
        twice = await router.send("bob", "hello", attempts=2).outcome()

    assert isinstance(once, Failed)
    assert isinstance(once.error, SessionCrashedError)
    assert isinstance(once.error.__cause__, OSError)
    assert isinstance(twice, Completed)
    assert tries == [1, 2]


async def test_a_turn_that_has_ended_starts_nothing() -> None:
    """However long ago."""
    turns: list[Turn[Any, Any]] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        turns.append(turn)

    async with open_router() as router:
        assert isinstance(await router.send("a", deed).outcome(), Completed)
        (turn,) = turns

        with pytest.raises(TurnOverError, match="start a task"):
            turn.start_soon(trio.sleep_forever)
        with pytest.raises(TurnOverError, match="start a child"):
            await turn.start_child(for_ever)
        with pytest.raises(TurnOverError, match="emit"):
            await turn.emit("x")


async def test_a_chunk_that_comes_when_the_turn_has_just_ended_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody else emits it, and lets others run in that very call."""
    over = trio.Event()
    raised: list[str] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        (session,) = Doer.latest
        session.start_soon(emit, turn)
        await settle()

    async def emit(turn: Turn[Any, Any]) -> None:
        for _ in range(63):
            await turn.emit("x")  # nobody reads: they are dropped
        monkeypatch.setattr("actors._sessions.turn.checkpoint", over.wait)
        try:
            await turn.emit("late")
        except TurnOverError as error:
            raised.append(str(error))

    async with open_router() as router:
        await router.send("a", deed).outcome()
        over.set()
        await settle()

        assert raised == [str(TurnOverError(1, "emit"))]
