"""What a turn does wrongly is raised inside it; one that is over does nothing more."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    DepthExceededError,
    Failed,
    StepLimitError,
    Turn,
    TurnOverError,
)
from tests.sessions.doers import Deed, Doer, for_ever, open_router


async def nothing() -> Any:
    """Do nothing."""
    await trio.lowlevel.checkpoint()


async def child(turn: Turn[Any, Any]) -> None:
    """A child turn that does nothing."""
    del turn
    await trio.lowlevel.checkpoint()


async def _too_many_steps(turn: Turn[Any, Any]) -> None:
    await turn.checkpoint()
    for _ in range(3):
        turn.step()


async def _too_deep(turn: Turn[Any, Any]) -> None:
    if turn.depth:
        await turn.run_child(child)
    outcome = await turn.run_child(_too_deep)
    assert isinstance(outcome, Failed)
    raise outcome.error


async def _set_state(turn: Turn[Any, Any]) -> None:
    turn.state = "changed"


async def _do(act: Callable[[], object]) -> None:
    result = act()
    if isinstance(result, Awaitable):
        await result


def deed(act: Callable[[Turn[Any, Any]], object]) -> Deed:
    """What a turn does, from a plain function or an async one."""
    return lambda turn: _do(lambda: act(turn))


WRONG_DEEDS: list[tuple[str, Deed, type[Exception]]] = [
    ("steps", _too_many_steps, StepLimitError),
    ("depth", _too_deep, DepthExceededError),
    ("child", deed(lambda t: t.start_child(_junk(print))), TypeError),
    ("child of nothing", deed(lambda t: t.run_child(_junk(None))), TypeError),
    ("task", deed(lambda t: t.start_soon(_junk(print))), TypeError),
    ("task of nothing", deed(lambda t: t.start_soon(_junk(None))), TypeError),
    (
        "hook",
        deed(lambda t: t.consult(_junk(print), within=1, default=0)),
        TypeError,
    ),
    (
        "negative time",
        deed(lambda t: t.consult(nothing, within=-1, default=0)),
        ValueError,
    ),
    (
        "no number",
        deed(lambda t: t.consult(nothing, within=_junk("1"), default=0)),
        TypeError,
    ),
    ("negative units", deed(lambda t: t.spend(-1)), ValueError),
    ("not-a-number units", deed(lambda t: t.spend(math.nan)), ValueError),
    ("units", deed(lambda t: t.spend(_junk("1"))), TypeError),
    ("token", deed(lambda _: Doer.latest[0].bind(object())), TypeError),
    ("token's keys", deed(lambda _: Doer.latest[0].bind({1: 2})), TypeError),
    ("token's nan", deed(lambda _: Doer.latest[0].bind(math.nan)), TypeError),
]


def _junk(value: Any) -> Any:
    """Anything at all."""
    return value


@pytest.mark.parametrize(
    ("act", "error"), [pytest.param(*rest, id=name) for name, *rest in WRONG_DEEDS]
)
async def test_what_a_turn_does_wrongly_is_its_own_failure(
    act: Deed, error: type[Exception]
) -> None:
    """Raised inside the turn; the session lives, and its next turn has all it needs."""
    async with open_router() as router:
        outcome = await router.send("k", act).outcome()

        assert isinstance(outcome, Failed)
        assert type(outcome.error) is error
        assert isinstance(await router.send("k", "hello").outcome(), Completed)
        info = router.inspect("k")
        assert info is not None
        assert (info.generation, info.children) == (1, 0)
        assert router.statistics().closed == {}


async def test_a_hook_may_be_given_no_time_at_all(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Then its answer is the default, unless it does not wait."""
    del autojump_clock

    def act(turn: Turn[Any, Any]) -> Awaitable[object]:
        return turn.consult(trio.sleep_forever, within=0, default="the default")

    async with open_router() as router:
        outcome = await router.send("k", act).outcome()

    assert isinstance(outcome, Completed)
    assert outcome.result == "the default"


async def test_an_aside_cannot_change_the_state() -> None:
    """It fails, and the state is what it was."""
    async with open_router() as router:
        await router.send("k", _set_state).outcome()
        assert Doer.latest[0].state == "changed"

        async def change(turn: Turn[Any, Any]) -> None:
            turn.state = "changed again"

        outcome = await router.ask_aside("k", change).outcome()

        assert isinstance(outcome, Failed)
        assert type(outcome.error) is RuntimeError
        assert Doer.latest[0].state == "changed"


async def _enter_tool(turn: Turn[Any, Any]) -> None:
    with turn.tool("search"):
        await nothing()


LATE: dict[str, Deed] = {
    "emit": lambda t: t.emit("late"),
    "emit_nowait": deed(lambda t: t.emit_nowait("late")),
    "note": deed(lambda t: t.note(late=1)),
    "tool": _enter_tool,
    "step": deed(lambda t: t.step()),
    "checkpoint": lambda t: t.checkpoint(),
    "start_soon": deed(lambda t: t.start_soon(nothing)),
    "keep_state": deed(lambda t: t.keep_state()),
    "reject": deed(lambda t: t.reject("late")),
    "spend": deed(lambda t: t.spend(1)),
    "consult": lambda t: t.consult(nothing, within=1, default=None),
    "start_child": lambda t: t.start_child(child),
    "run_child": lambda t: t.run_child(child),
    "state": _set_state,
}


@pytest.mark.parametrize("what", LATE)
async def test_a_turn_that_is_over_does_nothing_more(what: str) -> None:
    """TurnOverError for whoever has kept it; outcome, state and next turn stay."""
    kept: list[Turn[Any, Any]] = []
    async with open_router() as router:
        receipt = router.send("k", deed(kept.append))
        outcome = await receipt.outcome()
        running = router.send("k", for_ever)
        await settle()

        with pytest.raises(TurnOverError) as caught:
            await LATE[what](kept[0])

        assert caught.value.turn == receipt.turn == kept[0].id
        assert receipt.ended is outcome
        assert isinstance(outcome, Completed)
        assert outcome.notes == {}
        assert Doer.latest[0].state is None
        assert running.ended is None
        info = router.inspect("k")
        assert info is not None
        assert (info.phase, info.tool, info.children) == ("running", None, 0)


async def test_signs_of_life_of_a_turn_that_is_over_mean_nothing() -> None:
    """Nobody is asked to handle an error for them."""
    kept: list[Turn[Any, Any]] = []
    async with open_router() as router:
        receipt = router.send("k", deed(kept.append))
        outcome = await receipt.outcome()

        kept[0].progress()
        kept[0].end_drain()

        assert receipt.ended is outcome


async def test_a_message_that_nobody_handles_is_the_sessions_crash() -> None:
    """The default of `handle` raises, and says what came."""
    async with open_router() as router:

        async def tell(turn: Turn[Any, Any]) -> None:
            del turn
            Doer.latest[0].after(0, "surprise")
            await trio.sleep_forever()

        outcome = await router.send("k", tell).outcome()

        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error.__cause__, TypeError)
        assert "surprise" in str(outcome.error.__cause__)
        assert isinstance(await router.send("k", "hello").outcome(), Completed)
