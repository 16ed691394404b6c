"""`Supervisor`: an ordered set of children, around `pure.machine`; see `shell`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from actors import AnyRef, Crashed, Decision, DuplicateNameError, Exit, Stopped

from .errors import SpecError, UnsupportedError
from .policies import AutoShutdown, ChildState, Restart, Strategy
from .pure.child import (
    Child,
    Command,
    Complete,
    Halt,
    Ready,
    Start,
)
from .pure.machine import Machine
from .requests import (
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
from .shell import Due, Flush, Shell, refuse_others
from .spec import ChildSpec, check_specs

_DECLARED = frozenset({"children", "limit"})  # in the body of the class
_RESTART = Decision.RESTART
_END = Decision.END
_HALTING = ChildState.HALTING


def _check_strategy(strategy: object) -> None:
    if not isinstance(strategy, Strategy):
        raise SpecError("strategy", strategy, "a Strategy")


class Supervisor(Shell):
    """An actor that starts children in order, and starts them again by rules.

    Subclass it and declare `children`, or override `declare` to compute them.  Children
    are started in that order, each when the one before is ready (its `started` hook is
    done), and stopped in the reverse order.  The supervisor is ready when all are.  If
    one cannot be started the supervisor crashes with `ChildStartError`.

    It is asked with `start_child`, `stop_child`, `restart_child`, `delete_child`,
    `list_children`, `describe_child`, `count_children`, `get_spec`, and answers at any
    time, also while a child hangs in `started`.

    A child keeps its ref and its mailbox across restarts.  A child that was stopped
    (`stop_child`, `ActorRef.stop`, its own limit) and is started again, by whomever, is
    a new actor behind the same ref: what was in its mailbox is gone, what came
    meanwhile was refused, who watched it was told that it ended.  Only a child that was
    forgotten (`delete_child`) and declared anew has another ref.

    What a subclass starts itself, with `Actor.start`, is not supervised: its crash is
    the supervisor's.  A subclass that overrides a hook calls the one here.

    Errors that end it: `ChildStartError`, `RestartLimitError`, `SpecError`.
    """

    strategy: ClassVar[Strategy] = Strategy.ONE_FOR_ONE
    """Who is restarted when one fails.  Default: that one."""
    auto_shutdown: ClassVar[AutoShutdown] = AutoShutdown.NEVER
    """Whether it ends (`Finished()`) when its significant children have."""
    children: ClassVar[tuple[ChildSpec[Any], ...]] = ()
    """The children, in the order of start."""

    _machine: Machine

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        refuse_others(cls, ("template",), "in a DynamicSupervisor: this has children")
        _check_strategy(cls.strategy)
        specs = check_specs(cls.children, auto_shutdown=cls.auto_shutdown)
        if not _DECLARED.isdisjoint(vars(cls)):
            cls._warn(specs)

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """The children to start; by default the class's `children`.

        Called once in each incarnation, in `started`.
        """
        return self.children

    # ------------------------------------------------------------ what happens to it

    def started(self) -> None:
        """Begin to start the children."""
        path = self._begin()
        _check_strategy(self.strategy)  # it may have one of its own
        self._machine = Machine(
            path,
            strategy=self.strategy,
            limit=self.limit,
            auto_shutdown=self.auto_shutdown,
            random=self.random,
        )
        declared = self.declare()
        specs = check_specs(declared, auto_shutdown=self.auto_shutdown)
        if self.ending:  # `declare` has called `finish`
            return
        if declared is not type(self).children:
            for spec in specs:
                self._look_at(spec)
        self.postpone_ready()
        self._machine.open(specs)
        self._carry_out(self._machine.commands)

    def child_started(self, child: AnyRef, info: object) -> None:
        """A child is ready: perhaps it is the next one's turn."""
        found = self._machine.named(child)
        if found is not None:
            self._journal.started(found.spec.id, asked=found.starter is not None)
            self._machine.started(found, info)
            self._carry_out(self._machine.commands)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """An incarnation of a child has ended: what the rules say."""
        machine = self._machine
        found = machine.children.get(child.name)
        if found is None or found.ref is not child:
            return super().child_ended(child, exit)
        now = self._now()
        asked_for = found.state is _HALTING or found.stoppers is not None
        notes = self._look_for_drain(machine)
        decision = machine.ended(found, exit, now)
        if notes is not None and decision is _END and isinstance(exit, Crashed):
            notes.add(child.path, exit.error)
        if not asked_for or isinstance(exit, Crashed):
            if not self._journal.skips(now, exit):
                self._tell(found, exit, decision, now)
            else:
                self._held_back()
        if machine.commands:
            self._carry_out(machine.commands)
        return decision

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A child has ended for good."""
        found = self._machine.named(child)
        if found is None:
            return
        unexpected = isinstance(exit, Crashed) and found.past.exit is not exit
        if unexpected and not self._journal.skips(self._now(), exit):
            self._journal.stopped_badly(found.spec.id, exit)
        if self.ending:
            self._machine.over = True
        self._machine.gone(found, exit, undelivered)
        self._carry_out(self._machine.commands)

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
                self._look_at(spec)
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
        self._carry_out(self._machine.commands)

    def _tell(self, child: Child, exit: Exit, decision: Decision, now: float) -> None:  # noqa: A002
        """Write down why an incarnation has ended."""
        state, restarts = child.state, child.past.restarts
        if decision is _RESTART:
            what = "restarting"
        elif self._machine.over:
            self._journal.one_too_many(child.spec.id, exit, restarts)
            return
        elif state is ChildState.STOPPING:
            what = child.then.value if child.then is not None else "let go"
            if self._machine.draining and isinstance(exit, Crashed):
                what = "let go, as the service drains"
        else:
            delay = child.past.restarted_at - now
            what = f"restarting in {delay:.3g} s" if delay > 0 else "restarting"
        self._journal.ended(child.spec.id, exit, what, restarts)

    # ----------------------------------------------------------- what is to be done

    def _do(self, command: Command) -> None:
        match command:
            case Start(child, before):
                self._start(child, before)
            case Halt(child) if self.owns(child.ref):
                self.halt_child(self._ref(child))
            case Ready():
                self.report_ready()
            case Complete():
                self.finish()
            case _:
                super()._do(command)

    def _gone(self, child: Child) -> None:
        self._machine.gone(child, Stopped(), 0)

    def _start(self, child: Child, before: AnyRef | None) -> None:
        spec = child.spec
        machine = self._machine
        try:
            ref: AnyRef
            if child.left is not None:  # whoever has its ref is to reach it
                ref = child.left
                self.revive_child(ref)
            else:
                ref = self.start(
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
                and not self._journal.skips(now, failure)
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
