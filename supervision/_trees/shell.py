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
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import trio

from actors import Actor, AnyRef, Decision, Exit

from .errors import SpecError
from .journal import WINDOW, Journal
from .policies import RestartLimit
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
        limit: object = cls.limit
        if limit is not None and not isinstance(limit, RestartLimit):
            raise SpecError("limit", limit, "a RestartLimit or None")

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
        path = self.ref.path
        self._journal = Journal(path)
        self._now = trio.lowlevel.current_clock().current_time
        return path

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
                self._journal.gave_up(error)
                raise error from cause
            case _:  # it has ended meanwhile; `child_stopped` is on its way
                pass

    @abstractmethod
    def _gone(self, child: Child) -> None:
        """Tell the machine that a child has ended on the spot."""

    def _ref(self, child: Child) -> AnyRef:
        assert child.ref is not None
        return child.ref
