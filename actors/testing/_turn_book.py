"""What the events of sessions and turns may be: the machine behind `TurnLog`.

Each router's events go through its `Book`, which knows what may come next.  It does not
import the router's inner rooms: it believes only what the events say.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs

from actors import (
    CloseReason,
    Completed,
    Outcome,
    PromptAccepted,
    PromptEnded,
    PromptKind,
    PromptRefused,
    PromptRepeated,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    Steered,
    ToolEnded,
    ToolStarted,
    TurnEnded,
    TurnEvent,
    TurnResumed,
    TurnStalled,
    TurnStarted,
)

_IDS: Final = 1_000_000_000  # of one opening of a store: those of others say nothing


@attrs.define
class _Turn:
    """What is known of a turn, or of a child turn: only its tools."""

    started: TurnStarted | None = None
    ended: TurnEnded | None = None
    given_up: bool = False
    stalled: bool = False
    tools: Counter[str] = attrs.field(factory=Counter[str])


@attrs.define
class _Key:
    """What is known of a session's key."""

    generation: int = 0  # of the latest session
    open: bool = False
    turns: list[int] = attrs.field(factory=list[int])  # that run, no asides
    asides: set[int] = attrs.field(factory=set[int])  # that run
    begun: int = 0  # the latest prompt that a turn began with
    steered: int = 0  # the same of those that were sent to steer one
    first: int = 0  # the same of those that were to be the next


class Book:
    """What the events of one router may be; each method returns what is wrong.

    Args:
        durable: it has a store: there are prompts and turns of an earlier router, and
            what has no end is the next one's.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._accepted: dict[int, PromptAccepted] = {}  # {prompt: its event}
        self._places: dict[int, int] = {}  # {prompt: the how-manieth it was}
        self._refused: set[int] = set()
        self._latest = 0  # prompt accepted
        self._tried: set[int] = set()  # prompts that a turn has begun with
        self._ends: dict[int, Outcome] = {}  # {prompt: its outcome}
        self._turns: dict[int, _Turn] = {}
        self._keys: dict[str, _Key] = {}

    def take(self, event: SessionEvent) -> list[str]:  # noqa: PLR0911 - one for each class
        """Take the next event."""
        key = self._keys.setdefault(event.key, _Key())
        match event:
            case SessionOpened():
                return self._open(event, key)
            case SessionClosed():
                return self._close(event, key)
            case PromptAccepted():
                return self._accept(event)
            case PromptRefused():
                return self._refuse(event)
            case PromptRepeated():
                return self._known(event.prompt, event.key, "was repeated")
            case PromptEnded():
                return self._end_prompt(event, key)
            case TurnStarted():
                return self._start(event, key)
            case TurnEnded():
                return self._end_turn(event, key)
            case TurnEvent():
                return self._during(event)
            case _:
                return []

    def end(self) -> list[tuple[str, str]]:
        """List what is missing when the router has ended: (key, what)."""
        faults = [
            (event.key, f"prompt {prompt} was accepted and never ended")
            for prompt, event in self._accepted.items()
            if not (prompt in self._ends or self._durable)
        ]
        for number, turn in self._turns.items():
            if turn.started is not None and turn.ended is None:
                faults.append((turn.started.key, f"turn {number} never ended"))
        faults += [
            (name, f"generation {key.generation} was opened and never closed")
            for name, key in self._keys.items()
            if key.open
        ]
        return faults

    # ------------------------------------------------------------------- sessions

    def _open(self, event: SessionOpened, key: _Key) -> list[str]:
        faults: list[str] = []
        new = event.generation
        if key.open:
            faults.append(f"generation {new} was opened with {key.generation} open")
        first = self._durable and not key.generation  # it may have had others before
        again = self._durable and new == key.generation  # no turn of it was kept
        # 1: it had been forgotten
        if not (first or again or new in (key.generation + 1, 1)):
            faults.append(f"generation {new} was opened after {key.generation}")
        key.generation, key.open = new, True
        return faults

    def _close(self, event: SessionClosed, key: _Key) -> list[str]:
        faults: list[str] = []
        if not key.open or event.generation != key.generation:
            faults.append(f"generation {event.generation} was closed and is not open")
        if event.reason is not CloseReason.GIVEN_UP:
            faults += [
                f"generation {event.generation} was closed while turn {turn} ran"
                for turn in sorted({*key.turns, *key.asides})
            ]
        key.open = False
        return faults

    # -------------------------------------------------------------------- prompts

    def _accept(self, event: PromptAccepted) -> list[str]:
        prompt = event.prompt
        faults: list[str] = []
        if prompt in self._accepted:
            faults.append(f"prompt {prompt} was accepted twice")
        elif not self._durable and prompt < self._latest:
            faults.append(f"prompt {prompt} was accepted after {self._latest}")
        if prompt in self._refused:
            faults.append(f"prompt {prompt} was accepted after being refused")
        self._accepted[prompt] = event
        self._places[prompt] = len(self._places) + 1
        self._latest = prompt
        return faults

    def _refuse(self, event: PromptRefused) -> list[str]:
        prompt = event.prompt
        faults: list[str] = []
        if prompt in self._accepted:
            faults.append(f"prompt {prompt} was refused after being accepted")
        if prompt in self._refused:
            faults.append(f"prompt {prompt} was refused twice")
        self._refused.add(prompt)
        return faults

    def _known(self, prompt: int, key: str, what: str) -> list[str]:
        """Check that a prompt was accepted for this key."""
        accepted = self._accepted.get(prompt)
        if accepted is None and self._durable:
            return []  # by an earlier router
        if accepted is None:
            return [f"prompt {prompt} {what} and was never accepted"]
        if accepted.key != key:
            return [f"prompt {prompt} {what}, and belongs to session {accepted.key!r}"]
        return []

    def _end_prompt(self, event: PromptEnded, key: _Key) -> list[str]:
        prompt, outcome = event.prompt, event.outcome
        faults = self._known(prompt, event.key, "ended")
        if prompt in self._ends:
            faults.append(
                f"prompt {prompt} ended twice: {self._ends[prompt]}, {outcome}"
            )
        self._ends[prompt] = outcome
        if outcome.turn is None or self._is_elsewhere(prompt, outcome.turn):
            return faults
        turn = self._turns.setdefault(outcome.turn, _Turn())
        ended, started = turn.ended, turn.started
        if isinstance(outcome, Steered):
            if outcome.turn not in key.turns:
                faults.append(
                    f"prompt {prompt} was put into turn {outcome.turn}, which does not "
                    "run"
                )
            if prompt in self._tried:
                faults.append(f"prompt {prompt} had a turn and was put into another")
            return faults
        if outcome.late:
            turn.given_up = True
            self._leave(outcome.turn, key)
        elif ended is None:
            faults.append(f"prompt {prompt} ended before its turn {outcome.turn}")
        elif type(ended.outcome) is not type(outcome):
            faults.append(
                f"prompt {prompt} and its turn {outcome.turn} ended differently: "
                f"{outcome}, {ended.outcome}"
            )
        if started is not None and prompt not in started.prompts:
            faults.append(
                f"prompt {prompt} ended with turn {outcome.turn}, which had others"
            )
        return faults

    def _is_elsewhere(self, prompt: int, turn: int) -> bool:
        """Whether a turn that a prompt has ended with need not be its own.

        With a store it may be an earlier router's, or that of the prompt whose id was
        sent again.
        """
        known = self._turns.get(turn)
        if not self._durable:
            return False
        if known is None:
            return True
        return known.started is not None and prompt not in known.started.prompts

    # ---------------------------------------------------------------------- turns

    def _start(self, event: TurnStarted, key: _Key) -> list[str]:
        number = event.turn
        turn = self._turns.setdefault(number, _Turn())
        faults: list[str] = []
        if turn.started is not None:
            faults.append(f"turn {number} started twice")
        if turn.ended is not None:
            faults.append(f"turn {number} started after its end")
        if not key.open:
            faults.append(f"turn {number} started in no open session")
        turn.started = event
        if event.aside:
            key.asides.add(number)
        else:
            faults += [
                f"turn {number} started while turn {other} ran" for other in key.turns
            ]
            key.turns.append(number)
        for prompt in event.prompts:
            faults += self._known(prompt, event.key, f"began turn {number}")
            if prompt in self._ends:
                faults.append(f"prompt {prompt} began turn {number} after its end")
            if not event.aside and prompt not in self._tried:
                faults += self._in_order(prompt, number, key)
            self._tried.add(prompt)
        return faults

    def _in_order(self, prompt: int, turn: int, key: _Key) -> list[str]:
        """Check that a prompt which has its first turn does not come too late."""
        accepted = self._accepted.get(prompt)
        if accepted is None:
            return []  # that is said by itself
        if accepted.kind is PromptKind.STEER:
            before, key.steered = key.steered, self._later(prompt, key.steered)
        elif accepted.first:
            before, key.first = key.first, self._later(prompt, key.first)
        else:
            before, key.begun = key.begun, self._later(prompt, key.begun)
        if self._is_before(prompt, before):
            return [f"prompt {prompt} began turn {turn} after {before}, a later one"]
        return []

    def _end_turn(self, event: TurnEnded, key: _Key) -> list[str]:
        number = event.turn
        turn = self._turns.setdefault(number, _Turn())
        faults: list[str] = []
        if turn.ended is not None:
            faults.append(f"turn {number} ended twice")
        if turn.started is None:
            if event.seconds or isinstance(event.outcome, Completed):
                faults.append(f"turn {number} ended and was never started")
        elif turn.started.key != event.key:
            faults.append(f"turn {number} ended, and belongs to another session")
        if event.outcome.late:
            turn.given_up = True
        if not turn.given_up:
            faults += [
                f"turn {number} ended before its tool {tool!r}"
                for tool in turn.tools.elements()
            ]
        turn.ended = event
        self._leave(number, key)
        return faults

    def _during(self, event: TurnEvent) -> list[str]:
        """Take what a turn or a child turn does while it runs."""
        number = event.turn
        turn = self._turns.setdefault(number, _Turn())
        faults: list[str] = []
        if turn.ended is not None and not (
            turn.given_up and isinstance(event, ToolEnded)
        ):
            faults.append(f"{event!r} came after the end of turn {number}")
        match event:
            case ToolStarted(tool=tool):
                turn.tools[tool] += 1
            case ToolEnded(tool=tool):
                if not turn.tools[tool]:
                    faults.append(f"tool {tool!r} of turn {number} ended, not started")
                else:
                    turn.tools[tool] -= 1
            case TurnStalled():
                turn.stalled = True
            case TurnResumed():
                if not turn.stalled:
                    faults.append(f"turn {number} was resumed and had not stalled")
                turn.stalled = False
            case _:
                pass
        return faults

    def _is_before(self, prompt: int, other: int) -> bool:
        """Whether it was accepted before another one of its opening.

        What a turn or a reminder has left is accepted later than it was numbered.
        """
        if prompt // _IDS != other // _IDS:
            return False
        return self._places[prompt] < self._places.get(other, 0)

    def _later(self, prompt: int, other: int) -> int:
        """The one that was accepted later, by what is known."""
        return other if self._is_before(prompt, other) else prompt

    @staticmethod
    def _leave(number: int, key: _Key) -> None:
        """A turn does not run any more."""
        if number in key.turns:
            key.turns.remove(number)
        key.asides.discard(number)
