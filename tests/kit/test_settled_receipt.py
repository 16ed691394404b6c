"""A receipt that a test makes itself is as one that a router gives."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    Outcome,
    Receipt,
    Session,
    Turn,
    Withdrawal,
    WrongThreadError,
    open_system,
)
from actors.testing import settled_receipt
from supervision import start_router


class Echo(Session[str, str]):
    """Answers with the prompt."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Answer."""
        return turn.prompt


async def facts(receipt: Receipt[str]) -> dict[str, Any]:
    """All that a receipt says."""
    with pytest.raises(RuntimeError) as refused:
        await receipt.durable()
    return {
        "outcome": await receipt.outcome(),
        "ended": receipt.ended,
        "turn": receipt.turn,
        "withdraw": receipt.withdraw("too late"),
        "repr": repr(receipt),
        "prompt": receipt.prompt,
        "key": receipt.key,
        "id": receipt.id,
        "given_id": receipt.given_id,
        "origin": receipt.origin,
        "kind": receipt.kind,
        "waits": receipt.waits,
        "durable": str(refused.value),
    }


@pytest.mark.parametrize(
    ("given_id", "origin"), [(None, None), ("m1", ("web", 7)), (None, "web")]
)
async def test_it_says_what_a_routers_says(
    given_id: str | None, origin: object
) -> None:
    """Of the same prompt with the same outcome."""
    async with open_system() as system:
        router = start_router(system, Echo)
        real = router.send("ann", "hello", id=given_id, origin=origin)
        outcome = await real.outcome()
        made = settled_receipt(
            "hello", outcome, key="ann", id=real.id, given_id=given_id, origin=origin
        )

        assert await facts(made) == await facts(real)
    assert made.ended == Completed("hello", turn=1)
    assert made.withdraw() is Withdrawal.TOO_LATE


@pytest.mark.parametrize(
    "outcome",
    [Completed("hi", turn=3), Aborted(), Failed(error=OSError("away"), turn=4)],
    ids=lambda each: type(each).__name__,
)
def test_it_is_made_outside_of_trio(outcome: Outcome) -> None:
    """And waited for inside."""
    receipt = settled_receipt("hello", outcome)

    assert trio.run(receipt.outcome) is outcome
    assert (receipt.turn, receipt.key, receipt.id, receipt.at) == (
        outcome.turn,
        "test",
        1,
        0.0,
    )


async def test_waiting_for_it_is_a_checkpoint() -> None:
    """It can be cancelled there, as at a router's."""
    receipt = settled_receipt("hello", Completed("hi"))

    with trio.move_on_after(0) as scope:
        await receipt.outcome()

    assert scope.cancelled_caught


def test_it_is_for_the_thread_that_made_it() -> None:
    """As what belongs to a system."""
    receipt = settled_receipt("hello", Completed("hi"))
    errors: list[WrongThreadError] = []

    def elsewhere() -> None:
        try:
            receipt.withdraw()
        except WrongThreadError as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert [each.what for each in errors] == ["Receipt.withdraw()"]


def test_what_is_no_outcome_is_refused() -> None:
    """With what would be one."""
    wrong: Any = "hi"

    with pytest.raises(TypeError, match=r"such as Completed\('hello'\), got 'hi'"):
        settled_receipt("hello", wrong)
