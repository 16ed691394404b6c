"""What a dynamic supervisor decides: the rules of one-for-one, for many alike.

Pure, like `machine`.  A child that has never failed, and for which nobody waits, has
no record here at all: it is a number in `total`.  So a supervised idle actor costs
what any idle actor costs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from actors import ActorStoppedError, AnyRef, Decision, Exit, Finished
from supervision._trees.errors import (
    ChildStartError,
    MaxChildrenError,
    RestartLimitError,
    UnknownChildError,
)
from supervision._trees.policies import ChildState, RestartLimit
from supervision._trees.requests import ChildCounts, ChildInfo, StartedChild
from supervision._trees.spec import ChildSpec

from .child import (
    Answer,
    Arm,
    Child,
    Command,
    Disarm,
    GiveUp,
    Refuse,
    Release,
    Resume,
    Stop,
)
from .ledger import Ledger
from .rules import crash_of, was_turned_away

STARTING = ChildState.STARTING
RUNNING = ChildState.RUNNING
RESTARTING = ChildState.RESTARTING
STOPPING = ChildState.STOPPING


@attrs.frozen
class StartNew:
    """Make an actor of the template with these arguments."""

    args: tuple[Any, ...]
    caller: Any


class DynamicMachine:
    """One dynamic supervisor's knowledge and rules."""

    __slots__ = (
        "_ledger",
        "_limit",
        "_max",
        "_path",
        "_random",
        "_restarting",
        "_special",
        "commands",
        "draining",
        "over",
        "template",
        "total",
    )

    def __init__(
        self,
        path: str,
        template: ChildSpec[Any],
        *,
        limit: RestartLimit | None,
        max_children: int | None,
        random: Callable[[], float],
    ) -> None:
        self._path = path
        self.template = template
        self._limit = limit
        self._ledger = Ledger(limit)
        self._max = max_children
        self._random = random
        self._special: dict[AnyRef, Child] = {}  # {ref: those that need a record}
        self._restarting = 0
        self.total = 0  # children that have not ended for good
        self.commands: deque[Command | StartNew] = deque()
        self.over = False  # it has given up, or is ending
        self.draining = False  # it does not give up

    # ------------------------------------------------------------ what happens to it

    def begun(self, ref: AnyRef, caller: object, *, ready: bool) -> None:
        """The actor of a new child has been made."""
        self.total += 1
        if ready:
            self._say(Answer(caller, StartedChild(ref)))
            return
        child = self._record(ref, STARTING)
        child.starter = caller

    def failed(self, caller: object, exit: Exit) -> None:  # noqa: A002
        """The constructor of a new child has failed."""
        self._say(Refuse(caller, self._start_error(exit)))

    def started(self, ref: AnyRef, info: object) -> None:
        """A child is ready."""
        child = self._special.get(ref)
        if child is None or child.state is not STARTING:
            return
        child.state = RUNNING
        starter, child.starter = child.starter, None
        if starter is not None:
            self._say(Answer(starter, StartedChild(ref, info)))
        if not child.past.restarts:
            del self._special[ref]  # nothing to remember

    def ended(self, ref: AnyRef, exit: Exit, now: float) -> Decision:  # noqa: A002
        """An incarnation has ended; what is to become of the child?"""
        if self.over:
            return Decision.END
        child = self._special.get(ref)
        again = self.template.restart.wants(exit)
        if child is not None:
            child.past.exit = exit
            if child.state is STOPPING:
                return Decision.END
            if child.state is STARTING:
                if isinstance(exit, Finished):  # what OTP calls ignore
                    again = False
                elif child.starter is not None:
                    child.refusal = self._start_error(exit)
                    again = False
        if again and self.draining and was_turned_away(exit):
            again = False
            child = child or self._record(ref, RUNNING)
            child.then = ChildState.STOPPED
        if not again:
            if child is not None:
                child.state = STOPPING
            return Decision.END
        return self._again(child or self._record(ref, RUNNING), ref, exit, now)

    def gone(self, ref: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A child has ended for good."""
        del undelivered
        self.total -= 1
        child = self._special.pop(ref, None)
        if child is None:
            return
        if child.state is RESTARTING:  # somebody else has stopped it
            self._restarting -= 1
            self._say(Disarm(child))
        if child.starter is not None:
            if child.refusal is None and isinstance(exit, Finished):
                self._say(Answer(child.starter, StartedChild(ref)))
            else:
                refusal = child.refusal or self._start_error(exit)
                self._say(Refuse(child.starter, refusal))
        for caller in child.stoppers or ():
            self._say(Answer(caller, None))

    def due(self, child: Child) -> None:
        """The wait of a child is over."""
        if child.state is RESTARTING and not self.over:
            self._restarting -= 1
            child.state = STARTING
            self._say(Resume(child))

    # -------------------------------------------------------------- what it is asked

    def ask_start(self, args: tuple[Any, ...], caller: object) -> None:
        """Start a new child."""
        if self.over:
            self._say(Refuse(caller, ActorStoppedError(self._path)))
        elif self._max is not None and self.total >= self._max:
            self._say(Refuse(caller, MaxChildrenError(self._path, self._max)))
        else:
            self._say(StartNew(args, caller))

    def ask_stop(self, ref: AnyRef, caller: object, *, owned: bool) -> None:
        """Stop a child for good, or its restarting."""
        if not owned:
            if ref.exit is not None:
                self._say(Answer(caller, None))
            else:
                self._say(Refuse(caller, UnknownChildError(self._path, ref)))
            return
        child = self._special.get(ref) or self._record(ref, RUNNING)
        if child.stoppers is None:
            child.stoppers = []
        child.stoppers.append(caller)
        state, child.state = child.state, STOPPING
        if state is RESTARTING:
            self._restarting -= 1
            self._say(Disarm(child))
            self._say(Release(child))
        elif state is not STOPPING:
            self._say(Stop(child))

    def ask_counts(self) -> ChildCounts:
        """How many there are; O(1)."""
        supervisors = self.total if self.template.supervises else 0
        return ChildCounts(
            specs=1,
            active=self.total - self._restarting,
            supervisors=supervisors,
            workers=self.total - supervisors,
        )

    def ask_list(self, refs: Iterable[AnyRef]) -> tuple[ChildInfo, ...]:
        """All children; `refs` are theirs."""
        return tuple(self.info(ref) for ref in refs)

    def info(self, ref: AnyRef) -> ChildInfo:
        """What a person sees of one child."""
        child = self._special.get(ref)
        if child is None:
            child = Child(self.template, RUNNING)
            child.ref = ref
        return attrs.evolve(child.info(), id=ref.path)

    def refuse(self, key: object, caller: object) -> None:
        """Say that there is no such child."""
        self._say(Refuse(caller, UnknownChildError(self._path, key)))

    def known(self, ref: AnyRef) -> Child | None:
        """The record of a child, if it has one."""
        return self._special.get(ref)

    # ------------------------------------------------------------------ restarting

    def _again(self, child: Child, ref: AnyRef, exit: Exit, now: float) -> Decision:  # noqa: A002
        template = self.template
        past = child.past
        past.exit = exit
        delay = 0.0
        if template.backoff is not None:
            delay = past.wait(template.backoff, now, self._random)
        path = ref.path
        entry = (now, path, exit, delay)
        if template.limit is not None and past.beyond(template.limit, entry):
            child.state = STOPPING
            child.then = ChildState.QUARANTINED
            return Decision.END
        if not self._ledger.charge(entry):
            if self.draining:
                child.state = STOPPING
                child.then = ChildState.QUARANTINED
                return Decision.END
            assert self._limit is not None
            history = self._ledger.counted()
            error = RestartLimitError(self._path, path, self._limit, history)
            self.over = True
            self._say(GiveUp(error, crash_of(exit)))
            return Decision.END
        past.enter(entry)
        if delay:
            child.state = RESTARTING
            self._restarting += 1
            self._say(Arm(child, delay))
            return Decision.HOLD
        child.state = RUNNING if template.ready_at_once else STARTING
        return Decision.RESTART

    def _record(self, ref: AnyRef, state: ChildState) -> Child:
        child = self._special[ref] = Child(self.template, state)
        child.ref = ref
        return child

    def _start_error(self, exit: Exit) -> ChildStartError:  # noqa: A002
        error = ChildStartError(self._path, None, exit)
        error.__cause__ = crash_of(exit)
        return error

    def _say(self, command: Command | StartNew) -> None:
        self.commands.append(command)
