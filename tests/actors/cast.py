"""The cast: actors, messages and small verbs that the tests of `actors` share."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

import attrs
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorRef,
    ActorSnapshot,
    ActorSystem,
    AnyRef,
    Decision,
    Exit,
    Mailbox,
    Request,
)


class Boom(Exception):  # noqa: N818 - a bang, not an error of the framework
    """What an actor of the tests crashes with."""


@attrs.frozen(eq=False)
class Do:
    """The actor calls `act` with itself and awaits the result if it can be awaited."""

    act: Callable[[Cast], object]


@attrs.frozen(eq=False)
class Wait:
    """The actor waits for the event."""

    event: trio.Event = attrs.Factory(trio.Event)


@attrs.frozen
class Start(Request[ActorRef[Any]]):
    """The actor starts a child and answers with its ref."""

    make: Callable[..., Actor[Any]]
    args: tuple[Any, ...] = ()
    name: str | None = None
    grace: float | None = None


@attrs.frozen
class Question(Request[int]):
    """The actor answers at once."""

    answer: int = 42


@attrs.frozen
class Riddle(Request[int]):
    """The actor keeps it in its log and does not answer."""


@attrs.frozen
class Bomb(Request[int]):
    """The actor crashes on it."""


def boom(*_: object) -> None:
    """Raise `Boom`."""
    raise Boom


async def boom_later(seconds: float = 0) -> None:
    """Raise `Boom` after a while."""
    await trio.sleep(seconds)
    raise Boom


CRASH = Do(boom)


class Cast(Actor[object]):
    """What the actors of the tests have in common: a log, and obedience."""

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log: list[Any] = [] if log is None else log

    def obey(self, message: object) -> Awaitable[object] | None:
        """Do what the message says; log it if it says nothing."""
        match message:
            case Do():
                result = message.act(self)
                return result if inspect.isawaitable(result) else None
            case Wait():
                return message.event.wait()
            case Start():
                make, args = message.make, message.args
                options: dict[str, Any] = {"name": message.name, "grace": message.grace}
                message.reply(self.start(make, *args, **options))
            case Question():
                message.reply(message.answer)
            case Bomb():
                boom()
            case _:
                self.log.append(message)
        return None


class Plain(Cast):
    """Obeys in a plain `def receive`."""

    def receive(self, message: object) -> None:
        self.obey(message)


class Puppet(Cast):
    """Obeys in an `async def receive`."""

    async def receive(self, message: object) -> None:
        result = self.obey(message)
        if result is not None:
            await result


class Owner(Puppet):
    """Logs how each child ends, and decides what it was told last."""

    def __init__(
        self, decision: Decision = Decision.RESTART, log: list[Any] | None = None
    ) -> None:
        super().__init__(log)
        self.decision = decision

    async def receive(self, message: object) -> None:
        if isinstance(message, Decision):
            self.decision = message
        else:
            await super().receive(message)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        self.log.append((child.path, exit))
        return self.decision


class Farewell(Puppet):
    """Logs the exit that `stopped` is given."""

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        self.log.append(exit)


async def send(how: str, ref: AnyRef, message: Any) -> object:
    """Send in one of the three ways."""
    match how:
        case "tell_nowait":
            ref.tell_nowait(message)
        case "tell":
            await ref.tell(message)
        case _:
            return await ref.ask(message)
    return None


async def busy(ref: AnyRef, queued: int = 0) -> trio.Event:
    """Have the actor wait with messages 0, 1, ... queued; the event lets it go on."""
    wait = Wait()
    ref.tell_nowait(wait)
    await settle()
    for number in range(queued):
        ref.tell_nowait(number)
    return wait.event


async def start_owned(
    system: ActorSystem,
    make: Callable[..., Actor[Any]],
    *args: Any,
    decision: Decision = Decision.RESTART,
    log: list[Any] | None = None,
) -> tuple[ActorRef[Any], ActorRef[Any]]:
    """Start `/owner`, which decides as it is told, and its child `/owner/child`."""
    owner = system.start(Owner, decision, log, name="owner")
    return owner, await owner.ask(Start(make, args, "child"))


async def start_below(
    system: ActorSystem,
    make: Callable[..., Actor[Any]],
    *args: Any,
    decision: Decision = Decision.RESTART,
    log: list[Any] | None = None,
) -> ActorRef[Any]:
    """Start an actor below an `Owner` that decides about it."""
    return (await start_owned(system, make, *args, decision=decision, log=log))[1]


def look(system: ActorSystem, ref: AnyRef) -> ActorSnapshot:
    """Return the snapshot of this one actor."""
    return next(seen for seen in system.tree().walk() if seen.path == ref.path)


class Outcome:
    """What became of an ask in a task of its own."""

    def __init__(self) -> None:
        self.value: object = None
        self.error: Exception | None = None
        self.done = False

    async def of(self, call: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Await the call and keep how it ends."""
        try:
            self.value = await call(*args)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.done = True


async def begin(
    nursery: trio.Nursery, call: Callable[..., Awaitable[object]], *args: Any
) -> Outcome:
    """Start a call in a task of its own and let everything run until it waits."""
    outcome = Outcome()
    nursery.start_soon(outcome.of, call, *args)
    await settle()
    return outcome


SMALL = Mailbox(capacity=2)


def contains_only(error: BaseException, kind: type[BaseException]) -> bool:
    """Tell whether it is of this kind, or a group of nothing else."""
    return all(isinstance(each, kind) for each in leaves(error))


def leaves(error: BaseException) -> list[BaseException]:
    """Return the exceptions in a group, however deep, or the one itself."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return [leaf for each in group.exceptions for leaf in leaves(each)]
    return [error]
