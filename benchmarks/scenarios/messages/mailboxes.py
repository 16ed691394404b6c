"""Full mailboxes: what each policy costs when producers are ten times as fast.

Ten tasks tell one message each while the actor, which suspends once for every message,
handles one. Whatever it has not handled must be accounted for: waited for, refused to
the sender, or a dead letter with the reason of the policy.
"""

from typing import ClassVar

import trio

from actors import (
    Actor,
    ActorRef,
    DeadLetterReason,
    Exit,
    Mailbox,
    MailboxFullError,
    Overflow,
    open_system,
)
from benchmarks.load import FULL, KEYS, PRODUCERS, share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import Counting


class Slow(Actor[int]):
    """Suspends once for each message."""

    def __init__(self, counting: Counting) -> None:
        self.handled = 0
        self.counting = counting

    async def receive(self, message: int) -> None:
        """Let the others run, then count."""
        del message
        await trio.lowlevel.checkpoint()
        self.handled += 1

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Report."""
        del exit
        self.counting.total += self.handled


def key_of(message: int) -> int:
    """The key of which only the latest message is kept."""
    return message % KEYS


class _MailboxFull(Scenario):
    """Messages offered per second to an actor that cannot keep up."""

    number = "B16"
    count = 100_000
    provided = True
    _mailbox: ClassVar[Mailbox] = Mailbox(FULL)
    _reason: ClassVar[DeadLetterReason | None] = None

    async def ours(self, run: Run) -> None:
        """Until all are offered and what is queued is handled."""
        counting = Counting(0)
        each = share(run.count, PRODUCERS)
        offered, refused = each * PRODUCERS, 0

        async def offer(slow: ActorRef[int]) -> None:
            nonlocal refused
            for number in range(each):
                try:
                    slow.tell_nowait(number)
                except MailboxFullError:
                    refused += 1
                await trio.lowlevel.checkpoint()

        async def tell(slow: ActorRef[int]) -> None:
            for number in range(each):
                await slow.tell(number)

        waits = self._mailbox.overflow is Overflow.WAIT
        async with open_system() as system:
            slow = system.start(Slow, counting, mailbox=self._mailbox)
            await slow.wait_started()
            with run.timed(offered):
                async with trio.open_nursery() as nursery:
                    for _ in range(PRODUCERS):
                        nursery.start_soon(tell if waits else offer, slow)
                slow.stop()
                await slow.wait_stopped()
            dropped = system.dead_letters.counts
        letters = sum(dropped.values())
        run.equal(counting.total + refused + letters, offered, "the sum of all ends")
        run.equal(dropped, {self._reason: letters} if letters else {}, "dead letters")
        if offered >= 10 * FULL:
            rejects = self._mailbox.overflow is Overflow.REJECT
            run.equal(refused > 0, rejects, "whether any was refused")
            run.equal(letters > 0, self._reason is not None, "whether any was lost")
        run.note(handled_percent=100 * counting.total / offered)


class MailboxFullWait(_MailboxFull):
    """Tell a full mailbox whose senders wait."""

    count = 50_000


class MailboxFullReject(_MailboxFull):
    """Tell a full mailbox that refuses."""

    _mailbox = Mailbox(FULL, overflow=Overflow.REJECT)


class MailboxFullDropOldest(_MailboxFull):
    """Tell a full mailbox that drops its oldest message."""

    _mailbox = Mailbox(FULL, overflow=Overflow.DROP_OLDEST)
    _reason = DeadLetterReason.DROPPED_OLDEST


class MailboxFullDropNewest(_MailboxFull):
    """Tell a full mailbox that drops the new message."""

    _mailbox = Mailbox(FULL, overflow=Overflow.DROP_NEWEST)
    _reason = DeadLetterReason.DROPPED_NEWEST


class MailboxFullLatest(_MailboxFull):
    """Tell a mailbox that keeps the latest message of each of 50 keys."""

    _mailbox = Mailbox(FULL, overflow=Overflow.KEEP_LATEST, key=key_of)
    _reason = DeadLetterReason.REPLACED
