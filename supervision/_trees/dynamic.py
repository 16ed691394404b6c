"""`DynamicSupervisor`: many children of one kind, started at run time.

Around `pure.dynamic`; see `shell`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar

from actors import ActorRef, AnyRef, Crashed, Decision, Exit, Stopped

from .errors import CombinationError, SpecError, UnsupportedError
from .policies import ChildState, Restart
from .pure.child import Child, Command
from .pure.dynamic import DynamicMachine, StartNew
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
from .spec import ChildSpec

_DECLARED = frozenset({"template", "limit"})  # in the body of the class
_OF_OTHERS = ("children", "strategy", "auto_shutdown")  # what a Supervisor declares
_SPEC: Any = ChildSpec  # Any: a checker would lose M in isinstance
_REF: Any = ActorRef


def check_template(template: ChildSpec[Any]) -> ChildSpec[Any]:
    given: object = template
    if isinstance(given, Coroutine):
        given.close()
        raise SpecError("declare", given, "a function that is not async")
    if not isinstance(given, _SPEC):
        raise SpecError("template", template, "a ChildSpec")
    if template.significant:
        expected = "False in a template"
        raise CombinationError("significant", template.significant, expected)
    return template


def check_most(most: object) -> None:
    """Raises SpecError: `max_children` is not what it should be."""
    if most is None or (
        isinstance(most, int) and not isinstance(most, bool) and most > 0
    ):
        return
    raise SpecError("max_children", most, "an int of at least 1, or None")


_END = Decision.END


class DynamicSupervisor(Shell):
    """An actor that starts any number of children from one template.

    Subclass it and declare `template`, or override `declare`.  It starts with no
    children; `start_child(ref, *args)` starts one, with arguments behind those of the
    template.  Children have no ids: they are known by their refs.  A child that fails
    is restarted by the template's rules, alone, with the arguments it was started with.

    When the supervisor ends, its children are stopped all at once, each within its own
    grace.  Its children are what it has started from the template: start anything else
    beside it, not from within it.

    A child over the template's own limit ends for good.  So does one that crashes while
    it stops because of `ActorRef.stop`, also a PERMANENT one.

    Errors that end it: `RestartLimitError`, `SpecError`.
    """

    template: ClassVar[ChildSpec[Any]]
    """What every child is: `ChildSpec.template(make, *args)`, without the arguments
    that each brings itself."""
    max_children: ClassVar[int | None] = None
    """How many it may have at once, those that wait for their restart included, before
    `start_child` raises `MaxChildrenError`.  Default None: any number."""
    stop_at_once: ClassVar[bool] = True

    _machine: DynamicMachine

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        refuse_others(cls, _OF_OTHERS, "in a Supervisor: this has one template")
        if hasattr(cls, "template"):
            template = check_template(cls.template)
            if not _DECLARED.isdisjoint(vars(cls)):
                cls._warn([template])
        check_most(cls.max_children)

    def declare(self) -> ChildSpec[Any]:
        """The template; by default the class's.  Called once, in `started`.

        Raises:
            SpecError: the class has none.
        """
        template: ChildSpec[Any] | None = getattr(self, "template", None)
        if template is None:
            expected = "a ChildSpec, declared in a subclass"
            raise SpecError("template", template, expected)
        return template

    # ------------------------------------------------------------ what happens to it

    def started(self) -> None:
        """Get ready to start children."""
        path = self._begin()
        check_most(self.max_children)  # it may have one of its own
        template = check_template(self.declare())
        if template is not getattr(type(self), "template", None):
            self._look_at(template)
        self._machine = DynamicMachine(
            path,
            template,
            limit=self.limit,
            max_children=self.max_children,
            random=self.random,
        )

    def child_started(self, child: AnyRef, info: object) -> None:
        """A child is ready."""
        self._machine.started(child, info)
        self._carry_out(self._machine.commands)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """An incarnation of a child has ended: what the rules say."""
        machine = self._machine
        now = self._now()
        notes = self._look_for_drain(machine)
        decision = machine.ended(child, exit, now)
        if notes is not None and decision is _END and isinstance(exit, Crashed):
            notes.add(child.path, exit.error)
        self._tell(child, exit, decision, now)
        if machine.commands:
            self._carry_out(machine.commands)
        return decision

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A child has ended for good."""
        machine = self._machine
        if self.ending:
            machine.over = True
            crashed = isinstance(exit, Crashed)
            if crashed and not self._journal.skips(self._now(), exit):
                self._journal.stopped_badly(child.path, exit)
        machine.gone(child, exit, undelivered)
        if machine.commands:
            self._carry_out(machine.commands)

    def receive(  # noqa: C901 - a table
        self, message: AdminRequest | Due | Flush
    ) -> None:
        """Answer a request, now or when it is done; or a wait is over."""
        machine = self._machine
        match message:
            case Due(child):
                machine.due(child)
            case Flush():
                self._journal.flush()
            case StartInstance(args):
                machine.ask_start(args, message)
            case StopChild(child):
                self._about(message, child)
            case ListChildren():
                message.reply(machine.ask_list(reversed(self.child_refs())))
            case CountChildren():
                message.reply(machine.ask_counts())
            case DescribeChild(child):
                self._about(message, child)
            case GetSpec(child):
                self._about(message, child)
            case StartChild():
                why = "is dynamic: start_child() takes arguments for its template"
                message.fail(UnsupportedError(self.ref.path, why))
            case RestartChild() | DeleteChild():
                why = "is dynamic: its children are forgotten when they have ended"
                message.fail(UnsupportedError(self.ref.path, why))
        self._carry_out(self._machine.commands)

    def _about(
        self, message: StopChild | DescribeChild | GetSpec, child: str | AnyRef
    ) -> None:
        """Answer a request about one child."""
        machine = self._machine
        if isinstance(child, str):
            why = f"is dynamic: its children have no ids such as {child!r}, give a ref"
            message.fail(UnsupportedError(self.ref.path, why))
        elif not isinstance(child, _REF):
            machine.refuse(child, message)
        elif isinstance(message, StopChild):
            machine.ask_stop(child, message, owned=self.owns(child))
        elif not self.owns(child):
            machine.refuse(child, message)
        elif isinstance(message, DescribeChild):
            message.reply(machine.info(child))
        else:
            message.reply(machine.template)

    def _tell(
        self,
        child: AnyRef,
        exit: Exit,  # noqa: A002
        decision: Decision,
        now: float,
    ) -> None:
        """Write down why an incarnation has ended."""
        if decision is Decision.END and not isinstance(exit, Crashed):
            return
        journal = self._journal
        if journal.skips(now, exit):
            self._held_back()
            return
        found = self._machine.known(child)
        restarts = found.past.restarts if found is not None else 0
        what = "let go"
        if decision is Decision.RESTART:
            what = "restarting"
        elif decision is Decision.HOLD and found is not None:
            what = f"restarting in {found.past.restarted_at - now:.3g} s"
        elif self._machine.over:
            journal.one_too_many(child.path, exit, restarts)
            return
        elif self._machine.draining:
            what = "let go, as the service drains"
        elif found is not None and found.then is ChildState.QUARANTINED:
            what = "let go, over its own limit"
        journal.ended(child.path, exit, what, restarts)

    # ----------------------------------------------------------- what is to be done

    def _do(self, command: Command | StartNew) -> None:
        if isinstance(command, StartNew):
            self._start(command.args, command.caller)
        else:
            super()._do(command)

    def _gone(self, child: Child) -> None:
        self._machine.gone(self._ref(child), Stopped(), 0)

    def _start(self, args: tuple[Any, ...], caller: object) -> None:
        template = self._machine.template
        try:
            ref: AnyRef = self.start(
                template.make,
                *(template.args + args),
                mailbox=template.mailbox,
                grace=template.grace,
            )
        except Exception as error:  # noqa: BLE001 - the constructor's: the caller's to know
            self._machine.failed(caller, Crashed(error))
            return
        if template.restart is Restart.TEMPORARY:
            self.release_args(ref)
        self._machine.begun(ref, caller, ready=template.ready_at_once)
