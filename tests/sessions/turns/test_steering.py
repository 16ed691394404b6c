"""`Steering`: the prompts that wait for a checkpoint of one turn."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Completed, Receipt, Withdrawn
from actors._sessions.turns.steering import Steering, is_steerable, steering_of
from actors.hosting import FOLLOW_UP, WORK
from tests.sessions.turns.double import House


def waiting(house: House, *numbers: int) -> tuple[Steering, list[Receipt[Any]]]:
    """A queue of prompts with these ids."""
    steering = Steering()
    receipts = [house.receipt(number) for number in numbers]
    for each in receipts:
        steering.put(each)
    return steering, receipts


def test_the_first_that_waits_is_taken_first() -> None:
    """One by one; then there is none."""
    steering, receipts = waiting(House(), 1, 2, 3)

    assert [steering.take() for _ in range(4)] == [*receipts, None]
    assert len(steering) == 0


def test_one_that_was_taken_back_is_passed_over() -> None:
    """It takes no room and no turn."""
    steering, receipts = waiting(House(), 1, 2, 3, 4)
    receipts[0].settle(Withdrawn())
    receipts[2].settle(Completed())

    assert len(steering) == 2
    assert steering.live() == [receipts[1], receipts[3]]
    assert [steering.take() for _ in range(3)] == [receipts[1], receipts[3], None]


def test_only_husks_are_nobody() -> None:
    """A queue of those alone is empty."""
    steering, receipts = waiting(House(), 1, 2)
    for each in receipts:
        each.settle(Withdrawn())

    assert len(steering) == 0
    assert steering.take() is None


def test_emptying_takes_all_that_wait() -> None:
    """In their order, and once."""
    steering, receipts = waiting(House(), 1, 2, 3)
    receipts[1].settle(Withdrawn())

    assert steering.empty() == [receipts[0], receipts[2]]
    assert steering.empty() == []
    assert steering.take() is None


def test_looking_takes_nothing() -> None:
    """`live` is a look."""
    steering, receipts = waiting(House(), 1)

    assert steering.live() == steering.live() == receipts


def test_a_turn_without_steering_has_none_waiting() -> None:
    """Neither one without its `Extra` nor one with it."""
    house = House()
    run = house.turn()
    assert steering_of(run) == []

    run.need_extra()
    assert steering_of(run) == []

    steering, receipts = waiting(house, 1)
    run.need_extra().steering = steering
    assert steering_of(run) == receipts


@pytest.mark.parametrize("why_not", ["verdict", "interrupted", "work"])
def test_a_turn_is_steered_unless_there_is_a_reason(why_not: str) -> None:
    """It is to end, is asked to, or is upkeep; a follow-up is a turn as any other."""
    house = House()
    receipt = house.receipt(1)
    run = house.turn(None, receipt)
    receipt.need_more().kind = FOLLOW_UP
    assert is_steerable(run)

    match why_not:
        case "verdict":
            run.verdict = Completed()
        case "interrupted":
            run.need_extra().interrupted = ""
        case _:
            receipt.need_more().kind = WORK

    assert not is_steerable(run)
