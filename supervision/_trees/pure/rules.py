"""The rules of restarting: who comes back, when, with whom, and when it is too much.

The lower half of the machine; `machine` says what happens to it.  Pure: no Trio, time
comes in as a number, what is to be done goes out as commands.

Decision order when a child ends by itself, as in OTP: restart type, its own limit, the
supervisor's limit, strategy, start.  The rules are OTP's (supervisor.erl) but for the
deviations that the README lists.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from actors import AnyRef, ClosedToNewError, Crashed, Decision, Exit
from supervision._trees.errors import (
    ChildStartError,
    RestartLimitError,
)
from supervision._trees.policies import (
    AutoShutdown,
    ChildState,
    Restart,
    RestartLimit,
    Strategy,
)
from supervision._trees.spec import ChildSpec

from .child import (
    Answer,
    Arm,
    Child,
    Command,
    Complete,
    Disarm,
    GiveUp,
    Halt,
    Past,
    Ready,
    Resume,
    Start,
    Stop,
)
from .group import Group
from .ledger import Ledger

# looked up once: an enum's members cost a call each time on Python 3.11
WAITING = ChildState.WAITING
STARTING = ChildState.STARTING
RUNNING = ChildState.RUNNING
HALTING = ChildState.HALTING
RESTARTING = ChildState.RESTARTING
STOPPING = ChildState.STOPPING
STOPPED = ChildState.STOPPED
QUARANTINED = ChildState.QUARANTINED
PERMANENT = Restart.PERMANENT
TEMPORARY = Restart.TEMPORARY
RESTART = Decision.RESTART
END = Decision.END
HOLD = Decision.HOLD


_CAUSES = 10  # that are looked at
_GROUP: Any = BaseExceptionGroup  # Any: a checker would not know its type argument


def leaf(error: BaseException) -> BaseException:
    """The one exception in a group of one, however deep; else the group."""
    inner: tuple[BaseException, ...] = (error,)
    while len(inner) == 1:
        error = inner[0]
        inner = getattr(error, "exceptions", ()) if isinstance(error, _GROUP) else ()
    return error


def crash_of(exit: Exit | None) -> BaseException | None:  # noqa: A002
    """The crash that an exit was, its groups of one taken off."""
    return leaf(exit.error) if isinstance(exit, Crashed) else None


def was_turned_away(exit: Exit) -> bool:  # noqa: A002 - its name in the vocabulary
    """Whether a crash came from a prompt that was refused because of the drain."""
    error = crash_of(exit)
    for _ in range(_CAUSES):
        if error is None or isinstance(error, ClosedToNewError):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, ClosedToNewError)


class Rules:
    """What one supervisor knows, and what it makes of a failure."""

    __slots__ = (
        "_alive",
        "_alone",
        "_held",
        "_mode",
        "_path",
        "_random",
        "_significant",
        "_strategy",
        "_strayed",
        "_supervisors",
        "children",
        "commands",
        "draining",
        "group",
        "ledger",
        "limit",
        "over",
        "ready",
    )

    def __init__(
        self,
        path: str,
        *,
        strategy: Strategy,
        limit: RestartLimit | None,
        auto_shutdown: AutoShutdown,
        random: Callable[[], float],
    ) -> None:
        self._path = path
        self._strategy = strategy
        self._alone = strategy is Strategy.ONE_FOR_ONE
        self._mode = auto_shutdown
        self._random = random
        self._significant: set[str] = set()  # ids of those not lost yet
        self._alive: int = 0  # children that have an actor, of which...
        self._held: int = 0  # ...these are held: they are restarting
        self._strayed = False  # a child may have an actor before an older one has
        self._supervisors: int = 0  # children that are supervisors
        self.limit = limit
        self.ledger = Ledger(limit)
        self.children: dict[str, Child] = {}  # {id: child}, in the order of start
        self.commands: deque[Command] = deque()
        self.group: Group | None = None  # what is being started or restarted in order
        self.ready = False  # all children have been started once
        self.over = False  # it has given up, or is complete
        self.draining = (
            False  # nobody else is taken down, and it does not end by itself
        )

    # ------------------------------------------------------------------ restarting

    def _again(
        self,
        child: Child,
        past: Past,
        exit: Exit,  # noqa: A002 - its name in the vocabulary
        now: float,
    ) -> Decision:
        """Restart it, if that is not one too many."""
        spec = child.spec
        delay = 0.0
        if spec.backoff is not None:
            delay = past.wait(spec.backoff, now, self._random)
        entry = (now, spec.id, exit, delay)
        if spec.limit is not None and past.beyond(spec.limit, entry):
            return self._let_go(child, QUARANTINED, by_itself=True)
        if not self.ledger.charge(entry):
            if self.draining:
                return self._let_go(child, QUARANTINED, by_itself=True)
            return self._exhausted(spec.id, exit)
        past.enter(entry)
        wait = delay > 0 or child.ref is None  # no cell: others have their turn first
        if not self._alone and not self.draining:
            self._hold(child)
            self._regroup(child, delay, wait=wait)
            return HOLD
        if wait:
            self._hold(child)
            self._say(Arm(child, delay))
            return HOLD
        child.state = RUNNING if spec.ready_at_once else STARTING
        return RESTART

    def _regroup(self, child: Child, delay: float, *, wait: bool) -> None:
        """Take down those who are to be restarted with this child."""
        members = list(self.children.values())
        old = self.group
        floor = 0
        if self._strategy is Strategy.REST_FOR_ONE:
            start = floor = members.index(child)
            if old is not None:  # what it has not done yet is the new one's
                unsettled, doomed = old.unsettled(), old.doomed()
                if unsettled is not None:
                    start = min(start, members.index(unsettled))
                if doomed is not None:
                    floor = min(floor, members.index(doomed))
            members = members[start:]
            floor -= start
        group = Group(members, floor)
        if old is not None:
            group.waits = old.waits.intersection(members)
            group.dropped = old.dropped
        for each in members[floor:]:
            revived = each.spec.restart is not TEMPORARY and each not in group.dropped
            if each.state is STOPPED and revived:
                each.state = WAITING  # it comes back, as in OTP
        self.group = group
        if wait:
            group.waits.add(child)
            self._say(Arm(child, delay))
        self._step()

    def _step(self) -> None:  # noqa: C901, PLR0912 - down, then up
        """Go on with what is done in order."""
        group = self.group
        if group is None or self.over:
            return
        while group.stopping:
            child = group.next_down()
            if child is None:
                if group.waits:
                    return
                group.stopping = False
            elif child.state in (RUNNING, STARTING):
                if child.spec.restart is TEMPORARY:
                    child.state = STOPPING
                    self._say(Stop(child))
                else:
                    child.state = HALTING
                    self._say(Halt(child))
                return
            elif child.state in (HALTING, STOPPING):
                return
            else:
                group.is_down()
        while not group.busy():
            next_up = group.next_up()
            if next_up is None:
                self.group = None
                if not self.ready:
                    self.ready = True
                    self._say(Ready())
                return
            if next_up.state in (WAITING, RESTARTING):
                self._bring_up(next_up)

    def _hold(self, child: Child) -> None:
        child.state = RESTARTING
        self._held += child.ref is not None

    def _bring_up(self, child: Child) -> None:
        self._held -= child.state is RESTARTING and child.ref is not None
        child.state = STARTING
        if child.ref is not None:
            self._say(Resume(child))
            return
        if child.spec.significant:
            self._significant.add(child.spec.id)
        behind = self.ready or self._strayed  # else nobody is
        self._say(Start(child, self._younger(child) if behind else None))

    def _younger(self, child: Child) -> AnyRef | None:
        """The ref of the next in the order of start that has one."""
        seen = False
        for each in self.children.values():
            if seen and each.ref is not None:
                return each.ref
            seen = seen or each is child
        return None

    def _add(self, spec: ChildSpec[Any], state: ChildState) -> Child:
        child = self.children[spec.id] = Child(spec, state)
        self._supervisors += spec.supervises
        if spec.significant:
            self._significant.add(spec.id)
        return child

    # ---------------------------------------------------------------- letting go

    def _let_go(
        self, child: Child, then: ChildState | None, *, by_itself: bool
    ) -> Decision:
        """It has ended and is not restarted."""
        if child.ref is None:  # no actor was made
            self._dismiss(child, then)
            self._lost(child, by_itself=by_itself)
            self._step()
            return END
        child.state = STOPPING
        child.then = then
        if by_itself:
            self._lost(child, by_itself=True)
        return END

    def _dismiss(self, child: Child, then: ChildState | None) -> None:
        """It has no actor any more."""
        if then is None:
            self._drop(child)
            del self.children[child.spec.id]
            self._supervisors -= child.spec.supervises
        child.state = then or STOPPED
        group = self.group
        if then is STOPPED and group is not None and group.revives(child):
            child.state = WAITING  # it comes back with its group, as in OTP
        child.then = None
        stoppers, child.stoppers = child.stoppers, None
        for caller in stoppers or ():
            self._say(Answer(caller, None))

    def _drop(self, child: Child) -> None:
        """Leave it out of what is done in order; end its wait."""
        if child.state is RESTARTING:
            self._say(Disarm(child))
        if self.group is not None:
            self.group.waits.discard(child)
            self.group.dropped.add(child)

    def _lost(self, child: Child, *, by_itself: bool) -> None:
        """A child has ended otherwise than by `stop_child`: is the group complete?"""
        significant = self._significant
        if child.spec.id not in significant or self.over:
            return
        significant.discard(child.spec.id)
        if self.draining:
            return
        if (by_itself and self._mode is AutoShutdown.ANY_SIGNIFICANT) or (
            not significant
        ):
            self.over = True
            self._say(Complete())

    def _exhausted(self, id: str, exit: Exit) -> Decision:  # noqa: A002
        """That was one restart too many."""
        assert self.limit is not None
        history = self.ledger.counted()
        self._give_up(RestartLimitError(self._path, id, self.limit, history), exit)
        return END

    def _give_up(self, error: Exception, exit: Exit) -> None:  # noqa: A002
        self.over = True
        self._say(GiveUp(error, crash_of(exit)))

    def _say(self, command: Command) -> None:
        self.commands.append(command)

    def _start_error(self, child: Child, exit: Exit) -> ChildStartError:  # noqa: A002
        error = ChildStartError(self._path, child.spec.id, exit)
        error.__cause__ = crash_of(exit)
        return error
