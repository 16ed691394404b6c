"""The actors that the conformance files put on trial.

A `Puppet` does in its own turn what it is told to, so that a test can say in one place
what happens inside an actor and outside of it; everything it does not know it writes
into its journal.  The journal is the test's list: it outlives incarnations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    Actor,
    ActorError,
    ActorRef,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Finished,
    Mailbox,
    Request,
    Terminated,
)

Journal = list[object]
Hooks = dict[str, Callable[[], Any]]


class BoomError(Exception):
    """The crash that tests cause on purpose."""


@attrs.frozen(eq=False)
class Crash:
    """Crash on this message."""

    error: Exception = attrs.field(factory=BoomError)


@attrs.frozen(eq=False)
class CrashAsk(Request[None]):
    """Crash on this request."""

    error: Exception = attrs.field(factory=BoomError)


@attrs.frozen(eq=False)
class Do(Request[Any]):
    """Do this in the actor's own turn; the answer is what it returns.

    The answer is `Any`, for it is whatever the test's lambda makes.
    """

    action: Callable[[Puppet], Any]


@attrs.frozen(eq=False)
class Echo(Request[str]):
    """Answer with the text."""

    text: str = "echo"


@attrs.frozen(eq=False)
class Hold(Request[str]):
    """Take it in hand and do not answer; `Puppet.held` keeps it."""


@attrs.frozen(eq=False)
class Wait:
    """Await until the gate opens."""

    gate: trio.Event = attrs.field(factory=trio.Event)


class Puppet(Actor[object]):
    """Do what a message says; write down the others."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.journal: Journal = [] if journal is None else journal
        self.held: list[Hold] = []

    async def receive(self, message: object) -> None:
        match message:
            case Wait():
                await message.gate.wait()
            case Do():
                result = message.action(self)
                if inspect.isawaitable(result):
                    result = await result
                message.reply(result)
            case _:
                obey(message, self.journal, self.held)


class QuickPuppet(Actor[object]):
    """A puppet with a plain `receive`: it may answer in the asker's task."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.journal: Journal = [] if journal is None else journal
        self.held: list[Hold] = []

    def receive(self, message: object) -> None:
        obey(message, self.journal, self.held)


class Owner(Puppet):
    """A puppet that decides about its children: a crash is a restart by default."""

    def __init__(
        self,
        decide: Callable[[Exit], Decision] | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(journal)
        self.decide = restart_crashed if decide is None else decide

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        self.journal.append((child.path, exit))
        return self.decide(exit)


class Hooked(Puppet):
    """A puppet that writes down its whole life, and does `hooks` in it."""

    def __init__(self, journal: Journal, hooks: Hooks | None = None) -> None:
        super().__init__(journal)
        self.hooks = hooks or {}
        self.journal.append("made")

    async def started(self) -> None:
        self.journal.append("started")
        await self._do("started")

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        self.journal.append(("stopped", exit))
        await self._do("stopped")

    def undelivered(self, message: object) -> None:
        self.journal.append(("undelivered", message))
        self.hooks.get("undelivered", nothing)()

    async def _do(self, hook: str) -> None:
        result: object = self.hooks.get(hook, nothing)()
        if inspect.isawaitable(result):
            await result


class Timed(Puppet):
    """A puppet that sets a timer when it starts: `"tick"` after `seconds`."""

    def __init__(self, journal: Journal, seconds: float) -> None:
        super().__init__(journal)
        self.seconds = seconds

    def started(self) -> None:
        self.after(self.seconds, "tick", key="tick")


ONE_PLACE = Mailbox(1)


def obey(message: object, journal: Journal, held: list[Hold]) -> None:
    """Do what a message says that needs no awaiting."""
    match message:
        case Crash() | CrashAsk():
            raise message.error
        case Echo():
            message.reply(message.text)
        case Hold():
            held.append(message)
        case _:
            journal.append(message)


def nothing() -> None:
    """Do nothing."""


def boom() -> None:
    """Raise BoomError."""
    raise BoomError


async def forever(me: object = None) -> None:
    """Wait until cancelled."""
    del me
    await trio.sleep_forever()


async def two_seconds() -> None:
    """Take two seconds."""
    await trio.sleep(2)


def leaves(error: BaseException) -> tuple[BaseException, ...]:
    """The errors of a group, or the error alone."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.exceptions
    return (error,)


async def stop_when_settled(ref: AnyRef) -> None:
    """Stop an actor when nothing else happens, and see it to its end."""
    await settle()
    ref.stop()
    await ref.wait_stopped()


async def tell_when_settled(ref: ActorRef[object], message: object) -> None:
    """Tell an actor something when nothing else happens."""
    await settle()
    await ref.tell(message)


async def collect(
    ref: ActorRef[object], request: Request[str], into: dict[object, object]
) -> None:
    """Ask, and put under the request what came back: the answer, or the error."""
    try:
        into[request] = await ref.ask(request)
    except ActorError as error:
        into[request] = error


def restart_crashed(exit_: Exit) -> Decision:
    """As OTP's `transient`: restart who did not end in order."""
    return Decision.RESTART if isinstance(exit_, Crashed) else Decision.END


def restart_always(exit_: Exit) -> Decision:
    """As OTP's `permanent`, except that a child may finish."""
    return Decision.END if isinstance(exit_, Finished) else Decision.RESTART


def restart_finished(exit_: Exit) -> Decision:
    """Restart who ended by its own will."""
    return Decision.RESTART if isinstance(exit_, Finished) else Decision.END


def in_turn(*decides: Callable[[Exit], Decision]) -> Callable[[Exit], Decision]:
    """Decide by the first function the first time, by the second the second time."""
    left = iter(decides)

    def decide(exit_: Exit) -> Decision:
        return next(left)(exit_)

    return decide


def hold_always(exit_: Exit) -> Decision:
    """Decide later."""
    del exit_
    return Decision.HOLD


def end_always(exit_: Exit) -> Decision:
    """As OTP's `temporary`."""
    del exit_
    return Decision.END


async def child_of(
    owner: ActorRef[object], make: type[Actor[object]], *args: object, **options: Any
) -> ActorRef[object]:
    """Have `owner` start a child; `options` are those of `Actor.start`."""
    child: ActorRef[object] = await owner.ask(
        Do(lambda me: me.start(make, *args, **options))
    )
    return child


async def watch(watcher: ActorRef[object], watched: AnyRef) -> None:
    """Have `watcher` watch `watched`."""
    await watcher.ask(Do(lambda me: me.watch(watched)))


async def settle() -> None:
    """Wait until nothing more happens by itself at this instant."""
    await wait_all_tasks_blocked()


def notices(journal: Journal) -> list[Terminated]:
    """The notices that a watcher has written down."""
    return [entry for entry in journal if isinstance(entry, Terminated)]


async def busy_with(ref: ActorRef[object]) -> trio.Event:
    """Have an actor await in `receive`; returns the gate that lets it go on."""
    wait = Wait()
    await ref.tell(wait)
    await settle()
    return wait.gate
