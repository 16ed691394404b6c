"""What is seen of a replay: counted as it happens, held against what was promised.

The book is written by the sessions (what really ran), by the senders (what they got)
and by who reads the router's events (in which order). It starts nothing, and keeps no
object for each turn: what a replay leaves behind must be the router's, not the book's.
"""

from array import array
from collections import Counter, deque
from collections.abc import Iterator

import trio

from actors import (
    Aborted,
    Completed,
    Event,
    Failed,
    Limit,
    Outcome,
    PromptAccepted,
    PromptEnded,
    SessionClosed,
    SessionCrashedError,
    SessionOpened,
    TimedOut,
    TurnEnded,
    TurnStarted,
    Withdrawn,
)
from supervision.demo.traffic import Accident, Prompt

EVENTS = (
    PromptAccepted,
    PromptEnded,
    SessionClosed,
    SessionOpened,
    TurnEnded,
    TurnStarted,
)
"""Those that the book wants to be told."""

_OF_LIMIT = {Limit.INACTIVITY: Accident.HANGS, Limit.TIME: Accident.DRIVELS}


class ScriptedError(Exception):
    """What is raised where an accident is to happen."""


class Book:
    """What has been seen so far.

    Args:
        slots: how many turns may run at once.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.accepted = 0
        self.chunks = 0
        # {name of an error: how often it refused a prompt}
        self.refused = Counter[str]()
        # {class of an outcome: prompts}
        self.outcomes = Counter[str]()
        # {accident: {class of an outcome: prompts}}
        self.by_accident = {accident: Counter[str]() for accident in Accident}
        # seconds from acceptance to the first step, of each turn that had one
        self.waits = array("d")
        self.peak_sessions = self.peak_turns = self.peak_tasks = 0
        # {broken promise: how often}
        self.broken = Counter[str]()
        self.running = 0
        self._sessions = 0
        # {conversation: turns whose code runs}
        self._bodies = Counter[str]()
        # {conversation: prompts that have no outcome yet, in the order of acceptance}
        self._pending: dict[str, deque[int]] = {}
        # {conversation: turns that have begun and not ended, by the events}
        self._begun = Counter[str]()
        self._waiting = set[int]()

    def broke(self, promise: str) -> None:
        """Note that something was not as promised."""
        self.broken[promise] += 1

    # What really runs, told by the turns themselves.

    def enter(self, key: str) -> None:
        """The code of a turn begins."""
        self.running += 1
        self._bodies[key] += 1
        self.peak_turns = max(self.peak_turns, self.running)
        tasks = trio.lowlevel.current_statistics().tasks_living
        self.peak_tasks = max(self.peak_tasks, tasks)
        if self._bodies[key] > 1:
            self.broke("two turns of one session overlap")
        if self.running > self.slots:
            self.broke("more turns run than there are slots")

    def leave(self, key: str) -> None:
        """The code of a turn has ended."""
        self.running -= 1
        self._bodies[key] -= 1
        if not self._bodies[key]:
            del self._bodies[key]

    # What the senders get.

    def took(self, prompt: Prompt, outcome: Outcome) -> None:
        """A prompt has its outcome."""
        kind = type(outcome).__name__
        self.outcomes[kind] += 1
        self.by_accident[prompt.accident][kind] += 1
        if not _fits(prompt, outcome):
            self.broke(f"{kind} where {prompt.accident.value}")

    def read(self, prompt: Prompt, chunks: int, outcome: Outcome) -> None:
        """A reader has seen so many chunks, the first of them first, none left out."""
        self.chunks += chunks
        if isinstance(outcome, Completed) and chunks != prompt.chunks:
            self.broke("a whole answer lacks chunks")

    # What the router says.

    def tell(self, event: Event) -> None:
        """One of its events."""
        match event:
            case PromptAccepted(key=key, prompt=prompt):
                self.accepted += 1
                self._pending.setdefault(key, deque()).append(prompt)
                self._waiting.add(prompt)
            case TurnStarted(key=key, prompts=prompts):
                self._start(key, prompts)
            case TurnEnded(key=key, seconds=seconds):
                # one that never had a slot has not begun
                if seconds or self._begun[key]:
                    self._begun[key] -= 1
                if not self._begun[key]:
                    del self._begun[key]
            case PromptEnded(key=key, prompt=prompt):
                self._end(key, event)
            case SessionOpened():
                self._sessions += 1
                self.peak_sessions = max(self.peak_sessions, self._sessions)
            case SessionClosed():
                self._sessions -= 1
            case _:
                self.broke("an event that nobody wanted")

    def _start(self, key: str, prompts: tuple[int, ...]) -> None:
        self._begun[key] += 1
        if self._begun[key] > 1:
            self.broke("a turn starts before the last one of its session has ended")
        if list(self._pending.get(key, ()))[:1] != list(prompts):
            self.broke("a turn is not that of the oldest prompt of its session")
        self._waiting.difference_update(prompts)

    def _end(self, key: str, event: PromptEnded) -> None:
        pending = self._pending.get(key, deque())
        if event.prompt not in pending:
            self.broke("an outcome of a prompt that has none to expect")
            return
        pending.remove(event.prompt)
        if not pending:
            del self._pending[key]
        if event.prompt in self._waiting:
            self._waiting.discard(event.prompt)
        else:
            self.waits.append(event.waited)

    def open_ends(self) -> Iterator[str]:
        """What should have ended by the end of the replay and has not."""
        if self._pending:
            yield "prompts without an outcome"
        if self._begun or self._bodies or self.running:
            yield "turns that have not ended"
        if self._sessions:
            yield "sessions that were opened and not closed"
        if self.outcomes.total() != self.accepted:
            yield "outcomes are not as many as the accepted prompts"


def _fits(prompt: Prompt, outcome: Outcome) -> bool:
    """Whether this may become of a prompt with such an accident."""
    accident = prompt.accident
    retried = accident is Accident.CRASHES and prompt.attempts > 1
    match outcome:
        case Completed(result=result):
            fits = result == prompt.chunks and (retried or accident is Accident.NONE)
        case Failed(error=SessionCrashedError() as error):
            crashed = accident is Accident.CRASHES and not retried
            fits = crashed and _scripted(error.__cause__)
        case Failed(error=error):
            fits = accident is Accident.RAISES and _scripted(error)
        case TimedOut(limit=limit):
            fits = accident is _OF_LIMIT.get(limit)
        case Aborted() | Withdrawn():
            fits = accident in (Accident.ABORTED, Accident.LEFT)
        case _:
            fits = False
    return fits and not outcome.late


def _scripted(error: BaseException | None) -> bool:
    """Whether this is the error that was raised."""
    return isinstance(error, ScriptedError)
