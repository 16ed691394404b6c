"""Records that are carried out one by one, and where the statements of each are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from supervision.durable._postgres.rows import (
    histories,
    journals,
    looks,
    pruning,
    reminders,
    sessions,
)
from supervision.durable._postgres.rows.message import Message
from supervision.durable._sharing.words import Lease
from supervision.durable._words.histories import Read, Show
from supervision.durable._words.journals import ReadChunks
from supervision.durable._words.looks import (
    Hold,
    Holding,
    Look,
    Waiting,
)
from supervision.durable._words.records import Answer, Prune, Pruned
from supervision.durable._words.reminders import Due, ForgetReminder, Unreminded

PartitionOf: TypeAlias = Callable[[str], int]
Told: TypeAlias = Callable[[Answer], None]
# Any: a record of the class that it stands behind
Look_: TypeAlias = "Callable[[Message, PartitionOf, Any, Lease | None, Told], None]"


def _read(
    to: Message, _: PartitionOf, record: Read, __: Lease | None, told: Told
) -> None:
    histories.read(to, record, told)


def _read_chunks(
    to: Message, _: PartitionOf, record: ReadChunks, __: Lease | None, told: Told
) -> None:
    journals.read(to, record, told)


def _look(
    to: Message, partition_of: PartitionOf, record: Look, _: Lease | None, told: Told
) -> None:
    looks.look(to, record, partition_of, told)


def _show(
    to: Message, partition_of: PartitionOf, record: Show, _: Lease | None, told: Told
) -> None:
    looks.show(to, record, partition_of, told)


def _waiting(
    to: Message, _: PartitionOf, record: Waiting, __: Lease | None, told: Told
) -> None:
    looks.waiting(to, record, told)


def _due(
    to: Message, _: PartitionOf, record: Due, __: Lease | None, told: Told
) -> None:
    reminders.due(to, record, told)


def _hold(
    to: Message, _: PartitionOf, record: Hold, lease: Lease | None, told: Told
) -> None:
    sessions.hold(to, record, lease, lambda held: told(Holding(held)))


def _forget_reminder(
    to: Message, _: PartitionOf, record: ForgetReminder, lease: Lease | None, told: Told
) -> None:
    reminders.forget(to, record, lease, lambda known: told(Unreminded(known)))


def _prune(
    to: Message, _: PartitionOf, record: Prune, __: Lease | None, told: Told
) -> None:
    pruning.prune(to, record, lambda count: told(Pruned(count)))


LOOKS: Final[Mapping[type, Look_]] = {
    Read: _read,
    ReadChunks: _read_chunks,
    Look: _look,
    Show: _show,
    Waiting: _waiting,
    Due: _due,
    Hold: _hold,
    ForgetReminder: _forget_reminder,
    Prune: _prune,
}
"""{class of a record: what adds it to a message}."""
