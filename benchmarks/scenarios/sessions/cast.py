"""The sessions that several scenarios talk to, and routers that refuse nothing.

They do what the floors' tasks do and no more.
"""

import gc
import math
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVarTuple

import trio

from actors import ActorSystem, PromptPolicy, Session, Turn, TurnPolicy
from benchmarks.load import AT_ONCE, BURST
from supervision import Limits, RouterRef, start_router

Ts = TypeVarTuple("Ts")

MANY: Final = 100_000_000
"""Of prompts that may wait, of sessions, of slots: nothing is refused."""

WIDE: Final = Limits(sessions=MANY, turns=MANY, idle=math.inf)
"""Nothing is refused, and nothing is reaped."""


class Replier(Session[int, int]):
    """Answers with one more."""

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Answer."""
        return turn.prompt + 1


class Unlimited(Replier):
    """The same with no clock that could run out."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=math.inf,
        inactivity=math.inf,
        tool_limit=math.inf,
        abort_grace=math.inf,
        alive_every=math.inf,
        stalls=(),
    )


class Gate:
    """What turns wait for, and how many have gone through it."""

    def __init__(self) -> None:
        self.handled = 0
        self.opened = trio.Event()
        self.opened.set()

    def close(self) -> None:
        """Let turns wait from now on."""
        self.opened = trio.Event()

    def open(self) -> None:
        """Let them all go on."""
        self.opened.set()


class Gated(Session[int, int]):
    """Waits for the gate, and counts."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=MANY)

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Count."""
        await self.gate.opened.wait()
        self.gate.handled += 1
        return turn.prompt + 1


def route_to(
    system: ActorSystem,
    make: Callable[[*Ts], Session[int, int]],
    *args: *Ts,
    name: str = "router",
) -> RouterRef[int, int]:
    """Start a router that refuses nothing."""
    return start_router(system, make, *args, limits=WIDE, name=name)


async def open_sessions(router: RouterRef[int, int], keys: Sequence[str]) -> int:
    """Send each a prompt, some at a time; return how many have answered rightly.

    Each session is idle then. Resident memory remembers the peak, so only `AT_ONCE`
    turns are under way at a time, and what they leave is collected soon; sessions that
    are there are frozen (`gc.freeze`), or each collection would go through all of them.
    """
    right = 0
    for first in range(0, len(keys), AT_ONCE):
        receipts = [router.send(key, first) for key in keys[first : first + AT_ONCE]]
        for receipt in receipts:
            outcome = await receipt.outcome()
            right += getattr(outcome, "result", None) == first + 1
        if not first % BURST:
            gc.collect()
            gc.freeze()
    return right
