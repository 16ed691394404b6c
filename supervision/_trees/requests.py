"""What a supervisor can be asked, and the functions that ask it.

Each request is a message like any other; the functions below are the short way, typed
by what they return.  A supervisor never awaits, so it answers at once, also while a
child hangs in `started` or is in a restart loop.  Where the answer is "it has been
started" or "it has ended", the request is kept and answered at that moment: bound the
wait with `trio.fail_after`; leaving it changes nothing about what was asked for.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

import attrs

from actors import Actor, ActorRef, AnyRef, Exit, Request
from actors.hosting import actor_of, looked_for

from .errors import ChildNotRunningError
from .policies import ChildState, RestartRecord
from .spec import ChildSpec

M = TypeVar("M")
_SPEC: Any = ChildSpec  # Any: a checker would lose M in isinstance


@attrs.frozen
class StartedChild:
    """A child that was asked for is ready."""

    ref: AnyRef
    """Its ref.  `ref.exit` is `Finished()` if it called `finish` in its `started`."""
    info: object = None
    """What it gave to `Actor.report_ready`; None by default."""


@attrs.frozen
class ChildInfo:
    """One child of a supervisor at one instant."""

    id: str
    """Its id; for a child of a dynamic supervisor its path."""
    ref: AnyRef | None
    """Its ref; None while it has no actor."""
    state: ChildState
    """What it is doing."""
    supervisor: bool
    """Whether it is a supervisor itself."""
    cls: str
    """Name of its class."""
    restarts: int
    """How often it has been restarted, attempts that failed included."""
    history: tuple[RestartRecord, ...]
    """The latest of them, at most 10, oldest first.  Each keeps its exception
    alive, with its traceback."""
    exit: Exit | None
    """How its latest incarnation ended; None if none has."""
    undelivered: int
    """Messages that were left when its actors ended for good."""


@attrs.frozen
class ChildCounts:
    """How many children a supervisor has."""

    specs: int
    """All that it knows, running or not; 1 for a dynamic supervisor."""
    active: int
    """Those that have a living incarnation; restarting ones do not count."""
    supervisors: int
    """Those that are supervisors, running or not."""
    workers: int
    """Those that are not, running or not."""


@attrs.frozen
class StartChild(Request[StartedChild]):
    """Start a child from a spec, behind all others in the order of start."""

    spec: ChildSpec[Any]
    """Its spec."""


@attrs.frozen
class StartInstance(Request[StartedChild]):
    """Start a child of a dynamic supervisor."""

    args: tuple[Any, ...] = ()
    """Arguments behind those of the template."""


@attrs.frozen
class StopChild(Request[None]):
    """Stop a child for good; a temporary one is forgotten."""

    child: str | AnyRef
    """Its id or its ref."""


@attrs.frozen
class RestartChild(Request[StartedChild]):
    """Start a child again that is stopped or quarantined."""

    id: str
    """Its id."""


@attrs.frozen
class DeleteChild(Request[None]):
    """Forget a child that is stopped or quarantined."""

    id: str
    """Its id."""


@attrs.frozen
class ListChildren(Request[tuple[ChildInfo, ...]]):
    """All children, the latest in the order of start first."""


@attrs.frozen
class DescribeChild(Request[ChildInfo]):
    """One child."""

    child: str | AnyRef
    """Its id or its ref."""


@attrs.frozen
class CountChildren(Request[ChildCounts]):
    """How many there are."""


@attrs.frozen
class GetSpec(Request[ChildSpec[Any]]):
    """The spec of a child, its defaults filled in."""

    child: str | AnyRef
    """Its id or its ref."""


AdminRequest = (
    StartChild
    | StartInstance
    | StopChild
    | RestartChild
    | DeleteChild
    | ListChildren
    | DescribeChild
    | CountChildren
    | GetSpec
)
"""What any supervisor can be asked."""


@overload
async def start_child(
    supervisor: ActorRef[StartChild], spec: ChildSpec[M], /
) -> ActorRef[M]: ...
@overload
async def start_child(
    supervisor: ActorRef[StartInstance], /, *args: object
) -> AnyRef: ...
async def start_child(supervisor: ActorRef[Any], /, *args: Any) -> AnyRef:
    """Start a child at run time and wait until it is ready; return its ref.

    For a `Supervisor`: `await start_child(supervisor, spec)`; the child comes last in
    the order of start.  For a `DynamicSupervisor`:
    `await start_child(supervisor, *args)`, arguments behind those of the template.
    Other starts, restarts and requests go on meanwhile.

    A child that calls `finish` in its `started` counts as started and is over: its
    `ref.exit` is `Finished()`; its spec is kept unless it is TEMPORARY.

    Raises:
        ChildAlreadyStartedError, ChildAlreadyPresentError: a child has this id.
        ChildStartError: it crashed before it was ready; its spec is not kept.
        CombinationError: significant, and the supervisor never shuts down by itself.
        MaxChildrenError: a dynamic supervisor is full.
        UnsupportedError: a spec for a dynamic supervisor, arguments for a static one.
        DuplicateNameError: the supervisor has started an actor of this name itself.
    """
    request: StartChild | StartInstance
    if len(args) == 1 and isinstance(args[0], _SPEC):
        request = StartChild(args[0])
    else:
        request = StartInstance(args)
    return (await supervisor.ask(request)).ref


async def stop_child(supervisor: ActorRef[StopChild], child: str | AnyRef) -> None:
    """Stop a child and wait until it has ended; a restart loop of it ends too.

    It is stopped as by `ActorRef.stop`.  Does nothing for a child that is stopped
    already, or whose ref has ended.  Its spec is kept, unless it is TEMPORARY, and it
    is not restarted by itself; but **a later group restart brings it back**, as in OTP
    (`delete_child` forgets it); one that is under way goes on without it.  Not counted
    as a restart.

    Raises:
        UnknownChildError: no such child.
        UnsupportedError: an id for a dynamic supervisor, whose children have none.
    """
    await supervisor.ask(StopChild(child))


async def restart_child(supervisor: ActorRef[RestartChild], id: str) -> AnyRef:  # noqa: A002
    """Start a stopped or quarantined child again; return its ref when it is ready.

    It is the ref that it had: whoever holds that reaches the new actor.  Not counted
    as a restart; its own limit and its backoff start anew.

    Raises:
        UnknownChildError: no such child.
        ChildRunningError, ChildRestartingError: it is not stopped.
        ChildStartError: it crashed before it was ready; the spec is kept.
        UnsupportedError: the supervisor is dynamic.
    """
    return (await supervisor.ask(RestartChild(id))).ref


async def delete_child(supervisor: ActorRef[DeleteChild], id: str) -> None:  # noqa: A002
    """Forget a stopped or quarantined child and its spec.

    Raises:
        UnknownChildError: no such child.
        ChildRunningError, ChildRestartingError: it is not stopped.
        UnsupportedError: the supervisor is dynamic.
    """
    await supervisor.ask(DeleteChild(id))


async def list_children(supervisor: ActorRef[ListChildren]) -> tuple[ChildInfo, ...]:
    """All children with their states, restarts, exits and undelivered counts.

    The latest in the order of start comes first, as in OTP.
    """
    return await supervisor.ask(ListChildren())


async def describe_child(
    supervisor: ActorRef[DescribeChild], child: str | AnyRef
) -> ChildInfo:
    """One child, by its id or its ref.

    Raises:
        UnknownChildError: no such child.
        UnsupportedError: an id for a dynamic supervisor.
    """
    return await supervisor.ask(DescribeChild(child))


@overload
async def find_child(supervisor: ActorRef[DescribeChild], *ids: str) -> AnyRef: ...
@overload
async def find_child(
    supervisor: ActorRef[DescribeChild], id: str, make: type[Actor[M]], /
) -> ActorRef[M]: ...
@overload
async def find_child(
    supervisor: ActorRef[DescribeChild], id1: str, id2: str, make: type[Actor[M]], /
) -> ActorRef[M]: ...
async def find_child(supervisor: ActorRef[DescribeChild], *ids: Any) -> AnyRef:
    """The ref of a child, or of a child's child: `find_child(bank, "desk", "teller")`.

    With its class as the last argument, `find_child(bank, "desk", Desk)`, the ref has
    the type of that class's messages, and it is an error if the child is of another.
    A child that is asked for in the `started` of a later one is ready by then.

    Args:
        supervisor: where the way begins.
        ids: at least one; all but the last are supervisors.  Then, if you like, the
            class of the child.

    Raises:
        UnknownChildError: no such child.
        ChildNotRunningError: it has no actor now: stopped, or not started yet.
        UnsupportedError: on the way is a dynamic supervisor.
        TypeError: no id, or the child is of another class.
    """
    make: object = ids[-1] if ids else None
    if isinstance(make, type):
        ids = ids[:-1]
    if not ids:
        msg = "find_child() takes at least one id"
        raise TypeError(msg)
    found: AnyRef = supervisor
    for id in ids:  # noqa: A001 - its name in a spec
        owner = found
        ref = (await describe_child(owner, id)).ref
        if ref is None:
            raise ChildNotRunningError(owner.path, id)
        found = ref
    actor = actor_of(found)
    if isinstance(make, type) and actor is not None and not isinstance(actor, make):
        what = f"is a {type(actor).__name__}, not a {make.__name__}"
        msg = f"find_child(): {found.path} {what}"
        raise TypeError(msg)
    return found


async def count_children(supervisor: ActorRef[CountChildren]) -> ChildCounts:
    """How many children there are; O(1)."""
    return await supervisor.ask(CountChildren())


async def get_spec(
    supervisor: ActorRef[GetSpec], child: str | AnyRef
) -> ChildSpec[Any]:
    """The spec of a child, its defaults filled in; by its id or its ref.

    A dynamic supervisor gives its template.

    Raises:
        UnknownChildError: no such child.
    """
    return await supervisor.ask(GetSpec(child))


looked_for(start_child, stop_child, restart_child, delete_child, list_children)
looked_for(describe_child, find_child, count_children, get_spec)
