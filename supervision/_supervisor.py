"""`Supervisor`: the shell around the machine.

It never awaits.  Everything that happens comes in through a hook (a child is ready, has
ended, is gone), a timer or a request, is told to the machine, and the machine's
commands are carried out at once, by calls that do not block.  So a supervisor can
always be asked, stopped or told to give up.

A failure of the machine's (a start that fails, a limit that is passed) leaves the hook
as an exception: the supervisor crashes with it, its children are stopped, the youngest
first, and its own owner decides.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import attrs
import trio

from actors import Actor, AnyRef, Crashed, Decision, DuplicateNameError, Exit

from ._child import (
    Answer,
    Arm,
    Child,
    Command,
    Complete,
    Disarm,
    GiveUp,
    Halt,
    Ready,
    Refuse,
    Release,
    Resume,
    Start,
    Stop,
)
from ._errors import SpecError, UnsupportedError
from ._journal import WINDOW, Journal
from ._machine import Machine
from ._policies import AutoShutdown, ChildState, Restart, RestartLimit, Strategy
from ._requests import (
    AdminRequest,
    CountChildren,
    DeleteChild,
    DescribeChild,
    GetSpec,
    ListChildren,
    RestartChild,
    StartChild,
    StartInstance,
    StopChild,
)
from ._spec import ChildSpec, check_specs

_RESTART = Decision.RESTART
_HALTING = ChildState.HALTING


@attrs.frozen
class Due:
    """To itself: the wait of a child is over."""

    child: Child


@attrs.frozen
class Flush:
    """To itself: write what the journal holds back."""


def check_limit(limit: object) -> None:
    """Refuse what is no limit."""
    if limit is not None and not isinstance(limit, RestartLimit):
        raise SpecError("limit", limit, "a RestartLimit or None")


class Supervisor(Actor[AdminRequest | Due | Flush]):
    """An actor that starts children in order, and starts them again by rules.

    Subclass it and declare `children`, or override `declare` to compute them.  Children
    are started in that order, each when the one before is ready (its `started` hook is
    done), and stopped in the reverse order.  The supervisor is ready when all are.  If
    one cannot be started the supervisor crashes with `ChildStartError`.

    It is asked with `start_child`, `stop_child`, `restart_child`, `delete_child`,
    `list_children`, `describe_child`, `count_children`, `get_spec`, and answers at any
    time, also while a child hangs in `started`.

    A child keeps its ref and its mailbox across restarts.  A child that was stopped and
    is started again is a new actor in the same place.

    What a subclass starts itself, with `Actor.start`, is not supervised: its crash is
    the supervisor's.  A subclass that overrides a hook calls the one here.

    Errors that end it: `ChildStartError`, `RestartLimitError`, `SpecError`.
    """

    strategy: ClassVar[Strategy] = Strategy.ONE_FOR_ONE
    """Who is restarted when one fails.  Default: that one."""
    limit: ClassVar[RestartLimit | None] = RestartLimit(3, within=5.0)
    """How many restarts it tolerates before it gives up.  Default 3 in 5 seconds, as in
    Elixir; None: it never gives up.  Choose it for each level."""
    auto_shutdown: ClassVar[AutoShutdown] = AutoShutdown.NEVER
    """Whether it ends (`Finished()`) when its significant children have."""
    children: ClassVar[tuple[ChildSpec[Any], ...]] = ()
    """The children, in the order of start."""
    grace: ClassVar[float] = math.inf
    """Its children have graces of their own."""
    supervises: ClassVar[bool] = True

    _machine: Machine
    _journal: Journal
    _now: Callable[[], float]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        strategy: object = cls.strategy
        if not isinstance(strategy, Strategy):
            raise SpecError("strategy", strategy, "a Strategy")
        check_limit(cls.limit)
        check_specs(cls.children, auto_shutdown=cls.auto_shutdown)

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """The children to start; by default the class's `children`.

        Called once in each incarnation, in `started`.
        """
        return self.children

    def random(self) -> float:
        """Where the jitter of a backoff comes from: a number in [0, 1)."""
        return random.random()  # noqa: S311 - not for secrets

    # ------------------------------------------------------------ what happens to it

    def started(self) -> None:
        """Begin to start the children."""
        path = self.ref.path
        self._journal = Journal(path)
        self._now = trio.lowlevel.current_clock().current_time
        self._machine = Machine(
            path,
            strategy=self.strategy,
            limit=self.limit,
            auto_shutdown=self.auto_shutdown,
            random=self.random,
        )
        specs = check_specs(self.declare(), auto_shutdown=self.auto_shutdown)
        if self.ending:  # `declare` has called `finish`
            return
        self.postpone_ready()
        self._machine.open(specs)
        self._carry_out()

    def child_started(self, child: AnyRef, info: object) -> None:
        """A child is ready: perhaps it is the next one's turn."""
        found = self._machine.named(child)
        if found is not None:
            self._journal.started(found.spec.id, asked=found.starter is not None)
            self._machine.started(found, info)
            self._carry_out()

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """An incarnation of a child has ended: what the rules say."""
        machine = self._machine
        found = machine.children.get(child.name)
        if found is None or found.ref is not child:
            return super().child_ended(child, exit)
        now = self._now()
        asked_for = found.state is _HALTING or found.stoppers is not None
        decision = machine.ended(found, exit, now)
        if not asked_for or isinstance(exit, Crashed):
            if not self._journal.full(now, exit):
                self._tell(found, exit, decision, now)
            elif self._journal.overdue:
                self._journal.overdue = False
                self.after(WINDOW, Flush(), key=Flush)
        if machine.commands:
            self._carry_out()
        return decision

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A child has ended for good."""
        found = self._machine.named(child)
        if found is None:
            return
        unexpected = isinstance(exit, Crashed) and found.past.exit is not exit
        if unexpected and not self._journal.full(self._now(), exit):
            self._journal.stopped_badly(found.spec.id, exit)
        if self.ending:
            self._machine.over = True
        self._machine.gone(found, exit, undelivered)
        self._carry_out()

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Write what the journal has held back."""
        del exit
        if hasattr(self, "_journal"):
            self._journal.flush()

    def receive(  # noqa: C901, PLR0912 - a table
        self, message: AdminRequest | Due | Flush
    ) -> None:
        """Answer a request, now or when it is done; or a wait is over."""
        machine = self._machine
        match message:
            case Due(child):
                machine.due(child)
            case Flush():
                self._journal.flush()
            case StartChild(spec):
                machine.ask_start(spec, message)
            case StopChild(child):
                machine.ask_stop(child, message)
            case RestartChild(id):
                machine.ask_restart(id, message)
            case DeleteChild(id):
                machine.ask_delete(id, message)
            case ListChildren():
                message.reply(machine.ask_list())
            case CountChildren():
                message.reply(machine.ask_counts())
            case DescribeChild(key):
                found = machine.ask_one(key, message)
                if found is not None:
                    message.reply(found.info())
            case GetSpec(key):
                found = machine.ask_one(key, message)
                if found is not None:
                    message.reply(found.spec)
            case StartInstance():
                why = "is static: give start_child() a ChildSpec"
                message.fail(UnsupportedError(self.ref.path, why))
        self._carry_out()

    def _tell(self, child: Child, exit: Exit, decision: Decision, now: float) -> None:  # noqa: A002
        """Write down why an incarnation has ended."""
        state = child.state
        if decision is _RESTART:
            what = "restarting"
        elif self._machine.over:
            what = "giving up"
        elif state is ChildState.STOPPING:
            what = child.then.value if child.then is not None else "let go"
        else:
            delay = child.past.restarted_at - now
            what = f"restarting in {delay:.3g} s" if delay > 0 else "restarting"
        self._journal.ended(child.spec.id, exit, what, child.past.restarts)

    # ----------------------------------------------------------- what is to be done

    def _carry_out(self) -> None:
        commands = self._machine.commands
        while commands:
            self._do(commands.popleft())

    def _do(self, command: Command) -> None:  # noqa: C901, PLR0912 - a table
        match command:
            case Start(child, before):
                self._start(child, before)
            case Resume(child) if self.owns(child.ref):
                self.resume_child(self._ref(child), _RESTART)
            case Halt(child) if self.owns(child.ref):
                self.halt_child(self._ref(child))
            case Stop(child) if self.owns(child.ref):
                self._ref(child).stop()
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
            case Ready():
                self.report_ready()
            case Complete():
                self.finish()
            case GiveUp(error, cause):
                self._journal.gave_up(error)
                raise error from cause
            case _:  # it has ended meanwhile; `child_stopped` is on its way
                pass

    def _ref(self, child: Child) -> AnyRef:
        assert child.ref is not None
        return child.ref

    def _start(self, child: Child, before: AnyRef | None) -> None:
        spec = child.spec
        machine = self._machine
        try:
            ref: AnyRef = self.start(
                spec.make,
                *spec.args,
                name=spec.id,
                mailbox=spec.mailbox,
                grace=spec.grace,
            )
        except DuplicateNameError as error:
            machine.occupied(child, error)
        except Exception as error:  # noqa: BLE001 - the constructor's: the machine decides
            now = self._now()
            failure = Crashed(error)
            if (
                child.starter is None
                and machine.ready
                and not self._journal.full(now, failure)
            ):
                what = "it could not be started"
                self._journal.ended(spec.id, failure, what, child.past.restarts)
            machine.failed(child, failure, now)
        else:
            if before is not None:
                self.place_child(ref, before)
            if spec.restart is Restart.TEMPORARY:
                self.release_args(ref)
                child.spec = spec.without_args()
            machine.begun(child, ref, ready=spec.ready_at_once)
