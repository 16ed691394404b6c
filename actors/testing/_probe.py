"""`Probe`: an actor that writes down what it is sent, and expects.

A probe stands in for a partner of the actor under test: give it `probe.ref`, then say
what should come, in the order in which it should come.  It imports the public API only.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

import trio

from actors import Actor, ActorRef, ActorSystem, AnyRef, Exit, Terminated

T = TypeVar("T")


class _ProbeActor(Actor[Any]):
    """Hands each message to its probe."""

    def __init__(self, probe: Probe) -> None:
        probe._actor = self
        self._probe = probe

    def receive(self, message: Any) -> None:
        self._probe._take(message)


class Probe:
    """The test's end of an actor that only listens; made by `start_probe`.

    It keeps every message.  An expectation looks at the oldest message that none has
    looked at yet, waits for one if need be, and fails with an `AssertionError` that
    says what came instead.  The waiting is on Trio's clock, so with a `MockClock` that
    jumps (`autojump_clock`, `seeds`) it takes no time.  For one task at a time.

    A request that is asked of the probe stays in its care until you answer it.

    Example:
        >>> request = await probe.expect_type(Total)
        >>> request.reply(42)
    """

    def __init__(self, system: ActorSystem, *, name: str | None = None) -> None:
        self._messages: list[Any] = []
        self._seen = 0  # how many of them expectations have looked at
        self._came = trio.Event()  # a new one for each message
        self._watched: set[AnyRef] = set()
        self._actor: _ProbeActor
        self.ref: ActorRef[Any] = system.start(_ProbeActor, self, name=name)
        """Where to send."""

    def __repr__(self) -> str:
        return f"<Probe {self.ref.path}: {len(self._messages)} messages>"

    @property
    def messages(self) -> tuple[Any, ...]:
        """All messages so far, the oldest first, whether expected or not."""
        return tuple(self._messages)

    def _take(self, message: Any) -> None:
        self._messages.append(message)
        self._came.set()
        self._came = trio.Event()

    async def expect(self, message: T, *, within: float = 1.0) -> T:
        """Expect a message equal to this one next; return the one that came.

        Args:
            message: compared by `==`.
            within: seconds to wait for it, default 1.

        Raises:
            AssertionError: another came, or none.
        """
        came = await self._next(repr(message), within)
        if came != message:
            self._fail(f"expected {message!r}, got {came!r}")
        return came  # type: ignore[no-any-return]  # equal to a T

    async def expect_type(self, cls: type[T], *, within: float = 1.0) -> T:
        """Expect an instance of `cls` next, and return it.

        Args:
            cls: a class; instances of subclasses are welcome.
            within: seconds to wait for it, default 1.

        Raises:
            AssertionError: another message came, or none.
        """
        came = await self._next(f"a message of type {cls.__name__}", within)
        if not isinstance(came, cls):
            self._fail(f"expected a message of type {cls.__name__}, got {came!r}")
        return came

    async def expect_nothing(self, seconds: float) -> None:
        """Expect that no message comes for `seconds`; one already here counts too.

        Raises:
            AssertionError: one came; it stays the next to be expected.
        """
        begun = trio.current_time()
        if await self._wait(seconds):
            after = trio.current_time() - begun
            came = self._messages[self._seen]
            self._fail(
                f"expected nothing for {seconds} seconds, got {came!r} after {after}"
            )

    def watch(self, ref: AnyRef) -> None:
        """Have the probe watch an actor; idempotent.  Not a checkpoint."""
        if ref not in self._watched:
            self._watched.add(ref)
            self._actor.watch(ref)

    async def expect_terminated(self, ref: AnyRef, *, within: float = 1.0) -> Exit:
        """Expect the notice that `ref` has ended for good next; return how it ended.

        Watches `ref` first if the probe does not do so yet; thus also right for one
        that has ended before.

        Raises:
            AssertionError: another message came, or none.
        """
        self.watch(ref)
        came = await self._next(f"the end of {ref.path}", within)
        if not (isinstance(came, Terminated) and came.ref is ref):
            self._fail(f"expected the end of {ref.path}, got {came!r}")
        return came.exit

    async def _next(self, what: str, within: float) -> Any:
        if not await self._wait(within):
            self._fail(f"expected {what}, nothing came within {within} seconds")
        message = self._messages[self._seen]
        self._seen += 1
        return message

    async def _wait(self, seconds: float) -> bool:
        """Wait for a message that has not been looked at."""
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(seconds):
            while len(self._messages) == self._seen:
                await self._came.wait()
        return len(self._messages) > self._seen

    def _fail(self, what: str) -> NoReturn:
        before = self._messages[: self._seen]
        text = f"probe {self.ref.path}: {what}; all messages before: {before!r:.500}"
        if self.ref.exit is not None:
            text += f"; the probe itself has ended: {self.ref.exit!r}"
        raise AssertionError(text)


def start_probe(system: ActorSystem, *, name: str | None = None) -> Probe:
    """Start a probe at the top level of `system`.  Not a checkpoint.

    Args:
        system: owns the probe and ends it.
        name: last part of its path; None makes one.

    Raises:
        DuplicateNameError: the name is taken.
        ActorStoppedError: the system is stopping.
    """
    return Probe(system, name=name)
