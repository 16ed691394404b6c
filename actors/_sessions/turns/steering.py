"""`Steering`: the prompts that wait for a checkpoint of one turn.

First come, first served.  A prompt that has got its outcome otherwise stays as a husk
that is passed over.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from actors._sessions.outcomes import Steered
from actors._sessions.policies import Steering as HowMany
from actors._sessions.receipt import WORK, Receipt


class Steering:
    """A queue of receipts."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: deque[Receipt[Any]] = deque()

    def __len__(self) -> int:
        return sum(1 for each in self._queue if each.waits)

    def put(self, receipt: Receipt[Any]) -> None:
        """Let one wait."""
        self._queue.append(receipt)

    def take(self) -> Receipt[Any] | None:
        """Take the first one that waits; None: none does, or no store has it yet."""
        while self._queue:
            receipt = self._queue[0]
            if receipt.waits:
                row = receipt._more.row if receipt._more is not None else None
                if row is not None and not row.stored:
                    return None
                self._queue.popleft()
                return receipt
            self._queue.popleft()
        return None

    def empty(self) -> list[Receipt[Any]]:
        """Take them all."""
        waiting = self.live()
        self._queue.clear()
        return waiting

    def live(self) -> list[Receipt[Any]]:
        """Those that wait, in their order."""
        return [each for each in self._queue if each.waits]


def taken_by(run: Any) -> tuple[Receipt[Any], ...]:
    """Put what waits for a checkpoint of a turn into it: one prompt, or all."""
    extra: Any = run.extra  # Any: its room stands above this one
    if extra is None or extra.steering is None or extra.interrupted is not None:
        return ()
    steering: Steering = extra.steering
    taken: list[Receipt[Any]] = []
    while (receipt := steering.take()) is not None:
        receipt._turn = run.id
        run.host.settle(receipt, Steered(turn=run.id))
        taken.append(receipt)
        if run.session.prompts.steering is HowMany.ONE:
            break
    return tuple(taken)


def steering_of(run: Any) -> list[Receipt[Any]]:  # Any: its room stands above this one
    """The prompts that wait for a checkpoint of a turn."""
    steering: Steering | None = run.extra.steering if run.extra is not None else None
    return steering.live() if steering is not None else []


def is_steerable(run: Any) -> bool:
    """Whether prompts may be put into a turn now: not into work of `run_exclusive`."""
    return (
        run.verdict is None
        and run.interrupted is None
        and run.receipts[0].kind is not WORK
    )
