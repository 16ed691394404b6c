"""`DeadLetterProbe`: expectations about messages that no actor will handle."""

from __future__ import annotations

from typing import Any, NoReturn

import trio

from actors import ActorSystem, AnyRef, DeadLetter, DeadLetterReason


class DeadLetterProbe:
    """Expect dead letters, in the order in which they become dead.

    It sees those from its making on, whatever the system's own store keeps.  As with
    `Probe`, an expectation looks at the oldest one not looked at yet and waits on
    Trio's clock.  For one task at a time; it may be used after the system's block too.

    Args:
        system: which dead letters.
        capacity: how many are kept until looked at; one that is lost fails the next
            expectation.
    """

    def __init__(self, system: ActorSystem, *, capacity: int = 100_000) -> None:
        self._subscription = system.subscribe(DeadLetter, capacity=capacity)
        self._letters: list[DeadLetter] = []
        self._seen = 0  # how many of them expectations have looked at

    @property
    def letters(self) -> tuple[DeadLetter, ...]:
        """All so far, the oldest first, whether expected or not."""
        self._drain()
        return tuple(self._letters)

    async def expect(
        self,
        message: Any,
        reason: DeadLetterReason | None = None,
        *,
        ref: AnyRef | None = None,
        within: float = 1.0,
    ) -> DeadLetter:
        """Expect a dead letter with this message next, and return it.

        Args:
            message: compared by `==`.
            reason: why it is dead; None: any reason.
            ref: whose message it was; None: anybody's.
            within: seconds to wait for it, default 1.

        Raises:
            AssertionError: another came, or none.
        """
        what = f"a dead letter {message!r}"
        if reason is not None:
            what += f", {reason.name}"
        if ref is not None:
            what += f", of {ref.path}"
        if not await self._wait(within):
            self._fail(f"expected {what}, none came within {within} seconds")
        letter = self._letters[self._seen]
        self._seen += 1
        if (
            letter.message != message
            or (reason is not None and letter.reason is not reason)
            or (ref is not None and letter.ref is not ref)
        ):
            self._fail(
                f"expected {what}, got {letter.message!r}, "
                f"{letter.reason.name}, of {letter.ref.path}"
            )
        return letter

    async def expect_nothing(self, seconds: float) -> None:
        """Expect that no message becomes a dead letter for `seconds`.

        Raises:
            AssertionError: one did; it stays the next to be expected.
        """
        if await self._wait(seconds):
            letter = self._letters[self._seen]
            self._fail(
                f"expected no dead letter for {seconds} seconds, got "
                f"{letter.message!r}, {letter.reason.name}, of {letter.ref.path}"
            )

    def _drain(self) -> None:
        for event in self._subscription.drain():
            assert isinstance(event, DeadLetter)
            self._letters.append(event)
        if self._subscription.dropped:
            self._fail(f"{self._subscription.dropped} were lost: raise the capacity")

    async def _wait(self, seconds: float) -> bool:
        """Wait for a letter that has not been looked at."""
        await trio.lowlevel.checkpoint()
        self._drain()
        if len(self._letters) > self._seen:
            return True
        with trio.move_on_after(seconds):
            try:
                event = await self._subscription.receive()
            except trio.EndOfChannel:
                return False
            assert isinstance(event, DeadLetter)
            self._letters.append(event)
        return len(self._letters) > self._seen

    def _fail(self, what: str) -> NoReturn:
        msg = f"dead letters: {what}; all before: {self._letters[: self._seen]!r:.500}"
        raise AssertionError(msg)
