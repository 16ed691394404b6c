"""What both kinds of supervisor have in common: an actor around a machine.

It never awaits.  Everything that happens comes in through a hook (a child is ready, has
ended, is gone), a timer or a request, is told to the machine, and the machine's
commands are carried out at once, by calls that do not block.  So a supervisor can
always be asked, stopped or told to give up.

That the machine gives up leaves the hook as an exception: the supervisor crashes with
it, its children are stopped, and its own owner decides.
"""

from __future__ import annotations

import math
import random
import warnings
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import attrs
import trio

from actors import Actor, AnyRef, Decision, Exit
from supervision._log.rate import WINDOW

from .draining import DrainNotes, notes_of
from .errors import LimitWarning, SpecError
from .journal import Journal
from .policies import AutoShutdown, RestartLimit, Strategy
from .pure.child import (
    Answer,
    Arm,
    Child,
    Disarm,
    GiveUp,
    Refuse,
    Release,
    Resume,
    Stop,
)
from .requests import AdminRequest
from .spec import ChildSpec, beyond_reach

_SPEC: Any = ChildSpec  # Any: a checker would lose M in isinstance
_WORDS: Any = (ChildSpec, Strategy, AutoShutdown)  # as above


def check_limit(limit: object) -> None:
    """Raises SpecError: the `limit` of a supervisor is not what it should be."""
    if limit is not None and not isinstance(limit, RestartLimit):
        raise SpecError("limit", limit, "a RestartLimit or None")


def refuse_others(cls: type, words: Sequence[str], where: str) -> None:
    """Refuse what only the other kind of supervisor would look at.

    What a class means otherwise by the same word is its own.

    Raises:
        SpecError: it declares such a thing.
    """
    for word in words:
        value: Any = getattr(cls, word, None)
        is_many = value.__class__ in (tuple, list)
        parts: Iterable[object] = value if is_many else (value,)
        if any(isinstance(each, _WORDS) for each in parts):
            raise SpecError(word, value, where)


@attrs.frozen
class Due:
    """To itself: the wait of a child is over."""

    child: Child


@attrs.frozen
class Flush:
    """To itself: write what the journal holds back."""


class Shell(Actor[AdminRequest | Due | Flush]):
    """The base of `Supervisor` and `DynamicSupervisor`."""

    limit: ClassVar[RestartLimit | None] = RestartLimit(3, within=5.0)
    """How many restarts, of all its children, it tolerates before it gives up.  Default
    3 in 5 seconds, as in Elixir; None: it never gives up.  Choose it for each level."""
    grace: ClassVar[float] = math.inf
    """Its children have graces of their own."""
    supervises: ClassVar[bool] = True
    """Marks supervisors among children."""

    _journal: Journal
    _now: Callable[[], float]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_limit(cls.limit)

    @classmethod
    def _warn(cls, specs: Iterable[ChildSpec[Any]]) -> None:
        """Say at its class which limits of its children are beyond reach."""
        for spec in specs:
            if text := beyond_reach(spec, cls.limit):
                warnings.warn(LimitWarning(f"{cls.__name__}: {text}"), stacklevel=4)

    # Any: whatever somebody has sent
    def _look_at(self, spec: Any) -> None:
        """The same for one that came later: in the log."""
        if isinstance(spec, _SPEC) and (text := beyond_reach(spec, self.limit)):
            self._journal.warn(text)

    def random(self) -> float:
        """Where the jitter of a backoff comes from: a number in [0, 1)."""
        return random.random()  # noqa: S311 - not for secrets

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Write what the journal has held back."""
        del exit
        if hasattr(self, "_journal"):
            self._journal.flush()

    def _begin(self) -> str:
        """Before the machine is made; returns the supervisor's path."""
        check_limit(self.limit)  # it may have one of its own
        path = self.ref.path
        self._journal = Journal(path)
        self._now = trio.lowlevel.current_clock().current_time
        return path

    def _look_for_drain(self, machine: Any) -> DrainNotes | None:
        """Whether the system drains; tells the machine so."""
        notes = notes_of(self._seat.hub)
        if notes is not None:
            machine.draining = True
        return notes

    def _held_back(self) -> None:
        """The journal has not written something: it will say so in a second."""
        if self._journal.overdue:
            self._journal.overdue = False
            self.after(WINDOW, Flush(), key=Flush)

    def _carry_out(self, commands: deque[Any]) -> None:
        while commands:
            self._do(commands.popleft())

    def _do(self, command: Any) -> None:
        match command:
            case Resume(child) if self.owns(child.ref):
                self.resume_child(self._ref(child), Decision.RESTART)
            case Stop(child) if self.owns(child.ref):
                if self.end_child(self._ref(child)):
                    self._gone(child)
            case Release(child) if self.owns(child.ref):
                self.resume_child(self._ref(child), Decision.END)
            case Arm(child, seconds):
                self.after(seconds, Due(child), key=child)
            case Disarm(child):
                self.cancel_timer(child)
            case Answer(caller, value):
                caller.reply(value)
            case Refuse(caller, error):
                caller.fail(error)
            case GiveUp(error, cause):
                self._journal.gave_up(error, cause)
                raise error from cause
            case _:  # it has ended meanwhile; `child_stopped` is on its way
                pass

    @abstractmethod
    def _gone(self, child: Child) -> None:
        """Tell the machine that a child has ended on the spot."""

    def _ref(self, child: Child) -> AnyRef:
        assert child.ref is not None
        return child.ref
