"""What a router may have at once, by the kind of its sessions."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actors import Session, Turn, open_system
from supervision import Limits, Router, start_router


class Chat(Session[str, str]):
    """An object in this process."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        return turn.prompt


class Heavy(Chat):
    """Each of it needs much."""

    limits = Limits(sessions=4, turns=2, idle=60.0)


class Heavier(Heavy):
    """It says no number of turns."""

    limits = Limits(sessions=3)


@pytest.mark.parametrize(
    ("make", "given", "expected"),
    [
        (Chat, None, Limits(sessions=100_000, turns=1000)),
        (Chat, Limits(turns=8), Limits(sessions=100_000, turns=8)),
        (Heavy, None, Limits(sessions=4, turns=2, idle=60.0)),
        (Heavy, Limits(idle=9), Limits(sessions=4, turns=2, idle=9)),
        (Heavy, Limits(turns=1000), Limits(sessions=4, turns=1000)),
        (Heavy, Limits(sessions=100_000), Limits(sessions=100_000, turns=2)),
        (Heavier, None, Limits(sessions=3, turns=2)),
        (Heavier, Limits(idle=9), Limits(sessions=3, turns=2, idle=9)),
    ],
)
async def test_what_is_not_said_is_as_the_kind_says(
    make: type[Chat], given: Limits | None, expected: Limits
) -> None:
    """Of sessions and turns; all other limits are as given, or the kind's in whole."""
    async with open_system() as system:
        router = start_router(system, make, limits=given)

        assert router.limits == expected
        assert router.statistics().slots == expected.turns


async def test_what_is_put_into_force_later_is_completed_likewise() -> None:
    """What is not said then is as the kind says."""
    async with open_system() as system:
        router = start_router(system, Heavy)
        router.configure(Limits(turns=3))

        assert router.limits == Limits(sessions=4, turns=3)
        assert router.statistics().slots == 3


@pytest.mark.parametrize("wrong", [10, {"sessions": 3}, Limits])
def test_the_limits_of_a_kind_are_limits(wrong: Any) -> None:
    """It is told when a router of it is made."""

    class Wrong(Chat):
        limits = wrong

    with pytest.raises(TypeError, match=r"^Wrong.limits must be Limits, got "):
        Router(Wrong, (), Limits(idle=math.inf))


@pytest.mark.parametrize(
    ("field", "least"),
    [
        ("sessions", 1),
        ("turns", 1),
        ("replays", 0),
        ("sessions_per_tenant", 1),
        ("turns_per_tenant", 1),
    ],
)
def test_a_limit_is_a_number_that_lets_something_in(field: str, least: int) -> None:
    """Fewer than that is an error, and so is what is no number of things."""
    assert getattr(Limits(**{field: least}), field) == least  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=f"^{field} must be"):
        Limits(**{field: least - 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"^{field} must be"):
        Limits(**{field: 1.5})  # type: ignore[arg-type]
