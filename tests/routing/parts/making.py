"""What the parts take: lanes and receipts that nobody stands behind."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

from actors import Completed, PromptKind, Receipt, Withdrawn
from actors.hosting import PROMPT, More
from supervision._routing.parts.lane import Lane

PROPERTY = settings(derandomize=True, max_examples=150, deadline=None)
MACHINE = settings(PROPERTY, max_examples=60, stateful_step_count=40)


def lane(key: str = "a") -> Lane:
    """An entry without a house."""
    return Lane(key, None, 0.0)


def receipt(
    home: Lane,
    number: int,
    *,
    weight: float | None = None,
    kind: PromptKind = PROMPT,
    stream: Any = None,
) -> Receipt[Any]:
    """An accepted prompt, not in the queue yet."""
    more: More | None = None
    if weight is not None or kind is not PROMPT or stream is not None:
        more = More()
        more.kind = kind
        more.stream = stream
        more.weight = 1.0 if weight is None else weight
    return Receipt(home, f"prompt {number}", number, float(number), more)


def fill(home: Lane, *numbers: int) -> list[Receipt[Any]]:
    """Push prompts with these ids."""
    receipts = [receipt(home, number) for number in numbers]
    for each in receipts:
        home.push(each)
    return receipts


def ids(receipts: Any) -> list[int]:
    """Their ids, in their order."""
    return [each.id for each in receipts]


def end(given: Receipt[Any]) -> None:
    """Give it an outcome, as a turn would."""
    given.settle(Completed(None))


def take_back(home: Lane, given: Receipt[Any]) -> None:
    """What the router does with one that is withdrawn from the queue."""
    given.settle(Withdrawn(None))
    home.drop()
