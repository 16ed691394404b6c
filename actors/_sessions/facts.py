"""What a turn says of itself, and a child turn as its parent sees it."""

from __future__ import annotations

from typing import Generic, TypeVar

from .outcomes import Abort, Outcome
from .phase import ENDED, RUNNING, Phase
from .receipt import P, Receipt
from .turns.clocks import tool_of
from .turns.early import abort
from .turns.family import depth_of, top_of
from .turns.run import TurnRun

C = TypeVar("C")


class TurnFacts(Generic[P, C]):
    """The part of a turn that tells what it is."""

    __slots__ = ("_run",)
    _run: TurnRun

    def __repr__(self) -> str:
        return f"<Turn {self.id} of {self.key!r}: {self.phase.value}>"

    @property
    def id(self) -> int:
        """Unique in its router; never used again."""
        return self._run.id

    @property
    def key(self) -> str:
        """The session's key."""
        key: str = self._run.lane.key
        return key

    @property
    def receipts(self) -> tuple[Receipt[P], ...]:
        """The prompts it began with, each with its id and origin; a child's: none."""
        return self._run.receipts

    @property
    def prompt(self) -> P:
        """The first prompt; a child has its parent's."""
        prompt: P = top_of(self._run).receipts[0].prompt
        return prompt

    @property
    def prompts(self) -> tuple[P, ...]:
        """All prompts that it began with; more than one only with `PromptPolicy.batch`.

        A child has its parent's.
        """
        top = top_of(self._run)
        return tuple(receipt.prompt for receipt in top.receipts)

    @property
    def phase(self) -> Phase:
        """Where it is."""
        run = self._run
        tool = run.phase is RUNNING and tool_of(run) is not None
        return Phase.TOOL if tool else run.phase

    @property
    def aside(self) -> bool:
        """It answers a side question, beside the session's own turn."""
        return self._run.aside

    @property
    def depth(self) -> int:
        """0 for a turn of its own, 1 for its child, and so on."""
        return depth_of(self._run)

    @property
    def started_at(self) -> float:
        """When it began: seconds on Trio's clock; nan while it waits for its slot."""
        return self._run.started_at

    @property
    def interrupted(self) -> str | None:
        """The hint of a soft abort, "" if there was none; None: nobody has asked.

        Honour it: start nothing new, say what there is to say, return.
        """
        return self._run.interrupted

    @property
    def steps_left(self) -> int:
        """How many calls of `checkpoint` are left."""
        run = self._run
        return run.policy.steps - (run.extra.steps if run.extra is not None else 0)


class ChildTurn:
    """A child turn, as its parent sees it."""

    __slots__ = ("_run",)

    def __init__(self, run: TurnRun) -> None:
        self._run = run

    @property
    def id(self) -> int:
        """The id of its turn."""
        return self._run.id

    @property
    def ended(self) -> Outcome | None:
        """Its outcome; None while it runs."""
        return self._run.outcome if self._run.phase is ENDED else None

    @property
    def replied(self) -> bool:
        """It has emitted to the reader: do not say the same again."""
        return self._run.replied

    async def outcome(self) -> Outcome:
        """Wait for its outcome.  A checkpoint."""
        await self._run.wait_ended()
        assert self._run.outcome is not None
        return self._run.outcome

    def abort(self, reason: object = None) -> Abort:
        """Abort it, hard."""
        return abort(self._run, hard=True, reason=reason, hint=None, within=None)
