"""Which records of a batch are carried out together: few statements a batch.

Records of one kind are gathered in groups, and a group is a statement or a few.  Each
record goes into the first group of its kind that stands behind everything it depends
on, so the records of one key keep their order, and what reads sees what was written
before it.  What concerns more than a key keeps its place among all others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import attrs

from supervision.durable._sharing.words import Lease
from supervision.durable._words.histories import Read, Show
from supervision.durable._words.journals import Chunks, ReadChunks
from supervision.durable._words.looks import (
    Find,
)
from supervision.durable._words.records import (
    Accept,
    Begin,
    Bind,
    Bring,
    Complete,
    Fire,
    Quarantine,
    Record,
    Settle,
)
from supervision.durable._words.reminders import Remind


@attrs.define(eq=False)
class Group:
    """Records of one kind."""

    kind: type
    items: list[tuple[int, Record]] = attrs.field(factory=list[tuple[int, Record]])
    """(index in the batch, record)."""


# of these two of one key may be in one group: their statement minds the order
_TOGETHER: Final = frozenset({Accept, Begin, Settle, Chunks, Bring, Find, Remind})
# these concern keys and numbers that they name; all others are walls
_NAMED: Final = _TOGETHER | {Complete, Bind, Quarantine, Fire, Read, ReadChunks, Show}


def grouped(
    batch: Sequence[tuple[int, Record]],
    leases: Mapping[int, Lease],
    partition_of: Callable[[str], int],
) -> list[Group]:
    """Gather the records of a batch.

    Args:
        batch: (index, record).
        leases: {index: what the record needs}.
        partition_of: gives the partition of a key.
    """
    groups: list[Group] = []
    kinds: dict[type, list[int]] = {}  # {kind: indexes of its groups behind the wall}
    ids: dict[tuple[str, str], int] = {}  # {(key, id): its last group}
    last: dict[Hashable, int] = {}  # {what a record touches: the last group that does}
    for index, record in batch:
        kind = type(record)
        if kind not in _NAMED:
            groups.append(Group(kind, [(index, record)]))
            kinds.clear()
            last.clear()
            ids.clear()
            continue
        touched = _touched(record, leases.get(index), partition_of)
        least = found = -1
        for each in touched:
            at = last.get(each, -1)
            least = max(least, at)
        alone = -1  # the last group that one with its address is in
        if isinstance(record, Accept) and record.capacity is not None:
            alone = ids.get((record.row.key, record.row.id), -1)
        for each in kinds.get(kind, ()):
            if each > least or (each == least > alone and kind in _TOGETHER):
                found = each
                break
        if found < 0:
            found = len(groups)
            groups.append(Group(kind))
            kinds.setdefault(kind, []).append(found)
        groups[found].items.append((index, record))
        for each in touched:
            last[each] = found
        if isinstance(record, Accept):
            ids[record.row.key, record.row.id] = found
    return groups


_MARKS: Final = "marks"  # that are made on prompts whose keys nobody has named


def _touched(  # noqa: C901, PLR0911 - a case a record
    record: Record, lease: Lease | None, partition_of: Callable[[str], int]
) -> Sequence[Hashable]:
    """Give what a record depends on, and what depends on it: keys, numbers, marks.

    Whoever gives a prompt an outcome has named its key.
    """
    match record:
        case Accept(row=row):
            if not record.bring:
                return (row.key, row.number)
            return (row.key, row.number, _MARKS, (_MARKS, partition_of(row.key)))
        case Begin(numbers=numbers):
            return (*numbers, _MARKS if lease is None else (_MARKS, lease.partition))
        case Complete(key=key):
            touched: list[Hashable] = [each.number for each in record.ended]
            touched += [number for number, _ in record.again]
            for row in record.sends:
                touched += (row.key, row.number)
            touched.append(key)
            return touched
        case Fire(row=row):
            return (row.key, row.number)
        case Settle(key=key, ended=ended):
            return (key, ended.number)
        case Bring(key=key) | Find(key=key):
            return (key, _MARKS, (_MARKS, partition_of(key)))
        case Chunks(key=key, number=number) | ReadChunks(key=key, number=number):
            return (key, number)
        case Remind(reminder=reminder):
            return (reminder.key,)
        case Bind(key=key) | Quarantine(key=key) | Read(key=key) | Show(key=key):
            return (key,)
        case _:  # pragma: no cover - not in `_NAMED`
            raise AssertionError(record)
