"""Wrong prompts and stale handles, and what is said about them.

A prompt is refused where it is sent, and then nothing has been started.  Whoever asks
about something that is not there gets an answer that is false, and nothing has changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    BadInputError,
    Batch,
    Bounded,
    ClosedToNewError,
    Completed,
    Latest,
    PromptPolicy,
    Withdrawal,
    open_system,
)
from supervision import RouterRef, start_router
from tests.sessions.doers import Doer, for_ever, open_router


async def nothing(*args: object) -> None:
    """Do nothing."""
    del args
    await trio.lowlevel.checkpoint()


# --------------------------------------------------------------- prompts

Sending: TypeAlias = Callable[..., Any]


async def _enter(router: RouterRef[Any, Any], *args: Any, **options: Any) -> None:
    async with router.open_turn(*args, **options):
        pass


async def _await(router: RouterRef[Any, Any], *args: Any, **options: Any) -> None:
    await router.send_wait(*args, **options)


def _exclusive(router: RouterRef[Any, Any], key: Any, prompt: object) -> object:
    del prompt
    return router.run_exclusive(key, nothing)


ANY: Any = RouterRef  # of prompts of any type
SENDS: dict[str, Sending] = {
    "send": ANY.send,
    "send_wait": _await,
    "open_turn": _enter,
    "steer": ANY.steer,
    "follow_up": ANY.follow_up,
    "ask_aside": ANY.ask_aside,
    "run_exclusive": _exclusive,
}


async def send(how: str, router: RouterRef[Any, Any], *args: Any, **opts: Any) -> None:
    """Send a prompt in one of the seven ways."""
    result = SENDS[how](router, *args, **opts)
    if how in {"send_wait", "open_turn"}:
        await result


def assert_untouched(router: RouterRef[Any, Any]) -> None:
    """Nobody has been started, and nothing was counted."""
    assert router.list() == []
    figures = router.statistics()
    assert (figures.accepted, figures.opened, figures.refused) == (0, 0, {})


@pytest.mark.parametrize(
    ("key", "error"),
    [(3, TypeError), (None, TypeError), (b"k", TypeError), ("", BadInputError)],
)
@pytest.mark.parametrize("how", SENDS)
async def test_a_key_is_a_str_that_is_not_empty(
    how: str, key: Any, error: type[Exception]
) -> None:
    """Whoever sends something else is told so at once."""
    async with open_router() as router:
        with pytest.raises(error) as caught:
            await send(how, router, key, "hello")

        assert type(caught.value) is error
        assert "key" in str(caught.value)
        assert_untouched(router)


BOTH = ["send", "send_wait"]
ALL = [*BOTH, "open_turn"]
WRONG_OPTIONS: list[tuple[list[str], str, Any, type[Exception]]] = [
    ([*ALL, "steer", "follow_up"], "id", 3, TypeError),
    ([*ALL, "steer", "follow_up"], "id", b"m1", TypeError),
    ([*ALL, "steer", "follow_up", "ask_aside"], "tenant", 3, TypeError),
    ([*ALL, "steer", "follow_up", "ask_aside"], "tenant", ["alice"], TypeError),
    ([*ALL, "steer", "follow_up"], "id", "", BadInputError),
    (BOTH, "job", "", BadInputError),
    (BOTH, "job", 3, TypeError),
    (BOTH, "job", True, TypeError),
    (BOTH, "attempts", 0, ValueError),
    (BOTH, "attempts", -1, ValueError),
    (BOTH, "attempts", 1.5, TypeError),
    (BOTH, "attempts", "2", TypeError),
    (BOTH, "attempts", True, TypeError),
    (BOTH, "attempts", None, TypeError),
    (["open_turn"], "stream", 5, TypeError),
    (["open_turn"], "stream", Bounded, TypeError),
    (["open_turn"], "stream", Latest, TypeError),
    ([*ALL, "steer", "follow_up", "ask_aside"], "within", 3, TypeError),
]


@pytest.mark.parametrize(
    ("how", "option", "value", "error"),
    [(how, *rest) for hows, *rest in WRONG_OPTIONS for how in hows],
)
async def test_a_wrong_option_of_a_prompt_is_refused(
    how: str, option: str, value: Any, error: type[Exception]
) -> None:
    """It names the option; nothing is accepted, started or counted."""
    async with open_router() as router:
        with pytest.raises(error) as caught:
            await send(how, router, "k", "hello", **{option: value})

        assert type(caught.value) is error
        assert option in str(caught.value)
        assert_untouched(router)


@pytest.mark.parametrize("work", [3, None, "nothing", print, Doer])
async def test_exclusive_work_is_an_async_function(work: Any) -> None:
    """TypeError at once."""
    async with open_router() as router:
        with pytest.raises(TypeError):
            router.run_exclusive("k", work)

        assert_untouched(router)


@pytest.mark.parametrize("how", SENDS)
async def test_nothing_is_accepted_after_the_admission_was_stopped(how: str) -> None:
    """ClosedToNewError, however often it was stopped; also when all has ended."""
    async with open_router() as router:
        router.stop_admission()
        router.stop_admission()
        with pytest.raises(ClosedToNewError) as caught:
            await send(how, router, "k", "hello")

        assert caught.value.key == "k"
        assert router.list() == []
    with pytest.raises(ClosedToNewError):
        await send(how, router, "k", "hello")


# --------------------------------------------------------------- stale handles


@pytest.mark.parametrize("verb", ["cancel", "cancel_all", "reset", "close"])
async def test_a_verb_for_an_unknown_key_is_false(verb: str) -> None:
    """Nothing is known, nothing is done, and nobody is started."""
    async with open_router() as router:
        result = getattr(router, verb)("unknown")

        assert not result
        assert (result.known, result.turn, result.withdrawn) == (False, None, ())
        assert router.inspect("unknown") is None
        assert_untouched(router)


@pytest.mark.parametrize("verb", ["cancel", "cancel_all"])
async def test_a_verb_for_an_idle_session_is_true_and_does_nothing(verb: str) -> None:
    """The key is known; there is no turn and no prompt."""
    async with open_router() as router:
        await router.send("k", "hello").outcome()

        result = getattr(router, verb)("k")

        assert result
        assert (result.known, result.turn, result.withdrawn) == (True, None, ())
        assert isinstance(await router.send("k", "hello").outcome(), Completed)


@pytest.mark.parametrize("hard", [True, False])
async def test_an_abort_of_a_turn_that_is_not_there_is_stale(*, hard: bool) -> None:
    """Never was, or has ended; the turn that runs now is not meant."""
    async with open_router() as router:
        old = router.send("k", "hello")
        await old.outcome()
        running = router.send("k", for_ever)
        await settle()
        assert old.turn is not None
        assert running.turn is not None

        for id_ in (old.turn, running.turn + 1000, 0):
            assert router.abort(id_, hard=hard) is Abort.STALE

        assert running.ended is None
        assert router.abort(running.turn) is Abort.ABORTING
        assert router.abort(running.turn) is Abort.ALREADY
        assert isinstance(await running.outcome(), Aborted)
        assert router.abort(running.turn) is Abort.STALE


@pytest.mark.parametrize(
    ("turn", "error"), [(-1, ValueError), ("1", TypeError), (None, TypeError)]
)
async def test_an_abort_is_of_a_turns_number(turn: Any, error: type[Exception]) -> None:
    """What cannot be one is refused, not stale."""
    async with open_router() as router:
        with pytest.raises(error, match=r"^turn .*must be"):
            router.abort(turn)


async def test_a_prompt_that_has_its_outcome_cannot_be_withdrawn() -> None:
    """TOO_LATE, and the outcome stays."""
    async with open_router() as router:
        receipt = router.send("k", "hello")
        outcome = await receipt.outcome()

        assert receipt.withdraw() is Withdrawal.TOO_LATE
        assert receipt.ended is outcome


@pytest.mark.parametrize(
    ("within", "error"), [(-1, ValueError), ("3", TypeError), (math.nan, ValueError)]
)
async def test_a_soft_abort_needs_a_right_time(
    within: Any, error: type[Exception]
) -> None:
    """What is refused aborts nothing."""
    async with open_router() as router:
        running = router.send("k", for_ever)
        await settle()
        assert running.turn is not None

        with pytest.raises(error):
            router.abort(running.turn, hard=False, within=within)

        assert router.abort(running.turn) is Abort.ABORTING


async def test_a_weight_that_cannot_be_told_is_the_senders_error() -> None:
    """Nothing has been started for it, and the next one is served."""

    def weigh(prompt: str) -> float:
        return float(prompt)

    class Weighed(Doer):
        prompts = PromptPolicy(batch=Batch(weigh=weigh))

    async with open_system() as system:
        router = start_router(system, Weighed)

        with pytest.raises(ValueError, match="could not convert"):
            router.send("k", "heavy")

        assert router.inspect("k") is None
        assert router.statistics().accepted == 0
        assert await router.send("k", "1").outcome() == Completed("1", turn=1)
