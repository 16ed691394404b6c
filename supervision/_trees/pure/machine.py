"""What a supervisor decides: a pure machine, events in, commands out.

Everything about restarting lives here, in `rules` and in `group`; nothing there knows
Trio, a task, or what a ref is.  The shell (`supervisor`) tells events - a child is
ready, its incarnation has ended, it is gone for good, a wait is over, somebody asks -
and carries out `commands`, in order, after each.  Only one answer is wanted at once:
what becomes of a child whose incarnation has ended.

    WAITING -> STARTING -> RUNNING -> RESTARTING -> STARTING ...
                           RUNNING -> HALTING -> RESTARTING       in a group restart
                           RUNNING -> STOPPING -> STOPPED | QUARANTINED | forgotten
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors import ActorRef, ActorStoppedError, AnyRef, Decision, Exit, Finished
from supervision._trees.errors import (
    ChildAlreadyPresentError,
    ChildAlreadyStartedError,
    ChildRestartingError,
    ChildRunningError,
    CombinationError,
    SpecError,
    UnknownChildError,
)
from supervision._trees.policies import AutoShutdown
from supervision._trees.requests import ChildCounts, ChildInfo, StartedChild
from supervision._trees.spec import ChildSpec

from .child import (
    HISTORY,
    Answer,
    Child,
    GiveUp,
    Refuse,
    Release,
    Start,
    Stop,
)
from .group import Group
from .rules import (
    END,
    HALTING,
    HOLD,
    PERMANENT,
    QUARANTINED,
    RESTART,
    RESTARTING,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    TEMPORARY,
    WAITING,
    Rules,
    was_turned_away,
)

_REF: Any = ActorRef  # Any: a checker would lose M in isinstance
_SPEC: Any = ChildSpec


class Machine(Rules):
    """One static supervisor: what happens to it, and what it is asked."""

    __slots__ = ()

    # ------------------------------------------------------------ what happens to it

    def open(self, specs: Sequence[ChildSpec[Any]]) -> None:
        """Start these children, one after the other."""
        for spec in specs:
            self._add(spec, WAITING)
        self.group = Group(list(self.children.values()))
        self._step()

    def find(self, child: object) -> Child | None:
        """The child with this id or this ref."""
        if isinstance(child, str):
            return self.children.get(child)
        return self.named(child) if isinstance(child, _REF) else None

    def named(self, ref: Any) -> Child | None:
        """The child that has this ref."""
        found = self.children.get(ref.name)
        return found if found is not None and found.ref is ref else None

    def begun(self, child: Child, ref: AnyRef, *, ready: bool) -> None:
        """The actor of a child has been made; `ready`: it has no `started` hook."""
        child.ref = ref
        child.left = None
        self._alive += 1
        if ready:
            self.started(child, None)

    def started(self, child: Child, info: object) -> None:
        """A child is ready."""
        if child.state is not STARTING:
            return  # it is to end meanwhile
        child.state = RUNNING
        child.proven = True
        child.then = None
        if child.starter is not None:
            starter, child.starter = child.starter, None
            self._say(Answer(starter, StartedChild(child.ref, info)))  # type: ignore[arg-type] # it has one
        self._step()

    def failed(self, child: Child, exit: Exit, now: float) -> None:  # noqa: A002
        """The constructor of a new actor for the child has failed."""
        self._strayed = True
        child.past.exit = exit
        if child.starter is not None:
            starter, child.starter = child.starter, None
            self._say(Refuse(starter, self._start_error(child, exit)))
            self._significant.discard(child.spec.id)  # as if it had not been asked for
            self._dismiss(child, child.then)
        elif not self.ready and not child.proven:
            self._give_up(self._start_error(child, exit), exit)
        else:
            self._again(child, child.past, exit, now)

    def occupied(self, child: Child, error: Exception) -> None:
        """The name of a new actor is taken by one that is not the machine's."""
        starter, child.starter = child.starter, None
        self._significant.discard(child.spec.id)
        self._dismiss(child, child.then)
        if starter is not None:
            self._say(Refuse(starter, error))
        else:
            self.over = True
            self._say(GiveUp(error, None))

    def ended(  # noqa: C901, PLR0911, PLR0912 - the rules, one after the other
        self,
        child: Child,
        exit: Exit,  # noqa: A002 - its name in the vocabulary
        now: float,
    ) -> Decision:
        """An incarnation has ended; what is to become of the child?"""
        past = child.known or child.past
        past.exit = exit
        if (
            child.plain
            and child.state is RUNNING
            and self._alone
            and not self.over
            and not self.draining
        ):
            # by far the commonest, and all that `_again` comes to then
            entry = (now, child.spec.id, exit, 0.0)
            if self.ledger.charge(entry):
                past.restarts += 1
                past.history.append(entry)
                if len(past.history) > HISTORY:
                    del past.history[0]
                return RESTART
            return self._exhausted(child.spec.id, exit)
        if self.over:
            return END
        state = child.state
        restart = child.spec.restart
        again = restart.wants(exit)
        if state is STOPPING:
            return END
        if state is HALTING:
            self._hold(child)
            self._step()
            return HOLD
        if state is STARTING:
            if isinstance(exit, Finished):  # what OTP calls ignore
                again = False
            elif child.starter is not None:
                child.refusal = self._start_error(child, exit)
                child.state = STOPPING
                return END
            elif not self.ready and not child.proven:
                self._give_up(self._start_error(child, exit), exit)
                return END
        group = self.group
        if group is not None and group.takes_down(child):
            if restart is TEMPORARY:
                return self._let_go(child, None, by_itself=False)
            self._hold(child)  # it went by itself before its turn
            self._step()
            return HOLD
        if again and self.draining and was_turned_away(exit):
            return self._let_go(child, STOPPED, by_itself=True)
        if again:
            return self._again(child, past, exit, now)
        kept = None if restart is TEMPORARY else STOPPED
        return self._let_go(child, kept, by_itself=True)

    def gone(self, child: Child, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """The actor of a child has ended for good; `ended` has been told before."""
        past = child.past
        past.exit = exit
        self._strayed = True
        past.undelivered += undelivered
        state = child.state
        self._alive -= 1
        self._held -= state is RESTARTING
        ref, child.ref = child.ref, None
        child.left = ref
        if state is not STOPPING:  # somebody else has stopped it
            wanted = child.spec.restart is PERMANENT and not self.over
            if wanted and state in (RUNNING, STARTING) and child.starter is None:
                # the restart that `ended` decided was refused, because somebody had
                # stopped it: the cell is gone, the child is still wanted
                self._bring_up(child)
                return
            self._drop(child)
            child.then = None if child.spec.restart is TEMPORARY else STOPPED
        starter, child.starter = child.starter, None
        refusal, child.refusal = child.refusal, None
        if starter is not None and ref is not None:
            if refusal is None and isinstance(exit, Finished):
                self._say(Answer(starter, StartedChild(ref)))
            else:
                error = refusal or self._start_error(child, exit)
                self._say(Refuse(starter, error))
                self._significant.discard(child.spec.id)
        self._dismiss(child, child.then)
        self._lost(child, by_itself=False)
        self._step()

    def due(self, child: Child) -> None:
        """The wait of a child is over."""
        if child.state is not RESTARTING or self.over:
            return
        group = self.group
        apart = self.draining and (group is None or child not in group.waits)
        if self._alone or apart:
            self._bring_up(child)
        elif self.group is not None:
            self.group.waits.discard(child)
            self._step()

    # -------------------------------------------------------------- what it is asked

    def ask_start(self, spec: ChildSpec[Any], caller: object) -> None:
        """Start a new child, behind all others."""
        if self._refuses(caller):
            return
        if not isinstance(spec, _SPEC):
            self._say(Refuse(caller, SpecError("spec", spec, "a ChildSpec")))
            return
        known = self.children.get(spec.id)
        if known is not None:
            if known.ref is not None and known.state is not RESTARTING:
                error: Exception = ChildAlreadyStartedError(
                    self._path, spec.id, known.ref
                )
            else:
                error = ChildAlreadyPresentError(self._path, spec.id, known.ref)
            self._say(Refuse(caller, error))
            return
        if spec.significant and self._mode is AutoShutdown.NEVER:
            expected = f"False for {spec.id!r}, as auto_shutdown is NEVER"
            refusal = CombinationError("significant", spec.significant, expected)
            self._say(Refuse(caller, refusal))
            return
        child = self._add(spec, STARTING)
        child.starter = caller
        self._strayed = True
        self._say(Start(child))

    def ask_stop(self, key: object, caller: object) -> None:
        """Stop a child for good, or its restarting."""
        child = self._known(key, caller)
        if child is None:
            return
        then = None if child.spec.restart is TEMPORARY else STOPPED
        state = child.state
        if state in (STOPPED, QUARANTINED):
            self._say(Answer(caller, None))
            return
        self._significant.discard(child.spec.id)
        if child.stoppers is None:
            child.stoppers = []
        child.stoppers.append(caller)
        if state is STOPPING:
            return
        self._drop(child)
        if child.ref is None:  # it waits for its turn
            self._dismiss(child, then)
            self._step()
            return
        child.state = STOPPING
        child.then = then
        if state is RESTARTING:
            self._held -= 1
            self._say(Release(child))
        elif state is not HALTING:
            self._say(Stop(child))

    def ask_restart(self, key: str, caller: object) -> None:
        """Start a stopped or quarantined child again."""
        child = self._idle(key, caller)
        if child is None or self._refuses(caller):
            return
        past = child.past
        past.row = 0
        past.ledger = None
        child.starter = caller
        child.then = STOPPED
        if self.group is not None:
            self.group.dropped.discard(child)
        self._bring_up(child)

    def ask_delete(self, key: str, caller: object) -> None:
        """Forget a stopped or quarantined child."""
        child = self._idle(key, caller)
        if child is not None:
            self._dismiss(child, None)
            self._say(Answer(caller, None))

    def ask_list(self) -> tuple[ChildInfo, ...]:
        """All children, the latest in the order of start first."""
        return tuple(child.info() for child in reversed(self.children.values()))

    def ask_one(self, key: object, caller: object) -> Child | None:
        """The child, or a refusal."""
        return self._known(key, caller)

    def ask_counts(self) -> ChildCounts:
        """How many there are; O(1)."""
        specs = len(self.children)
        return ChildCounts(
            specs=specs,
            active=self._alive - self._held,
            supervisors=self._supervisors,
            workers=specs - self._supervisors,
        )

    def _refuses(self, caller: object) -> bool:
        """Whether nothing is started any more, which the caller is told."""
        if self.over:
            self._say(Refuse(caller, ActorStoppedError(self._path)))
        return self.over

    def _known(self, key: object, caller: object) -> Child | None:
        child = self.find(key)
        if child is None:
            self._say(Refuse(caller, UnknownChildError(self._path, key)))
        return child

    def _idle(self, key: str, caller: object) -> Child | None:
        child = self._known(key, caller)
        if child is None or child.state in (STOPPED, QUARANTINED):
            return child
        busy = child.state in (WAITING, HALTING, RESTARTING)
        error = ChildRestartingError if busy else ChildRunningError
        self._say(Refuse(caller, error(self._path, child.spec.id, child.ref)))
        return None
