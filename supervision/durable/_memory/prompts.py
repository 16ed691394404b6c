"""Prompts in memory: as the tables have them, and as a test sees them.  Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import attrs

from supervision.durable._sharing.words import partition_of
from supervision.durable._words.records import Accept, Ended, Prune, Row
from supervision.durable._words.rules import MADE


@attrs.frozen(kw_only=True)
class StoredPrompt:
    """A prompt as a store has it: for tests to look at."""

    number: int
    """Its receipt's id."""
    key: str
    """Of its session."""
    id: str
    """With the key its address."""
    tenant: str | None
    """As it was sent."""
    attempts: int
    """How often it may be tried."""
    tried: int
    """How often it has been begun."""
    begun: int | None
    """The opening in which a turn was marked for it that has not ended; 0: one was, and
    does not count."""
    body: bytes | None
    """None: it has ended, and only its address and outcome are kept."""
    outcome: bytes | None
    """None: it has none yet."""
    turn: int | None
    """The turn that gave it."""
    at: float
    """When it was accepted."""
    ended_at: float | None
    """When it got its outcome."""


class Prompt:
    """A prompt; the row is nobody else's.

    Args:
        row: as it was accepted.
        order: of those of its key a lower one was accepted before.
        partition: of its key.
    """

    __slots__ = ("ended_at", "forgot", "order", "outcome", "partition", "row", "turn")

    def __init__(self, row: Row, order: int, partition: int) -> None:
        self.row = row
        self.order = order
        self.partition = partition
        self.outcome: bytes | None = None
        self.turn: int | None = None
        self.ended_at: float | None = None
        self.forgot: int | None = None
        """The mark of the `Forget` that has ended it."""


class Prompts:
    """Prompts by number, by address, and those without outcome by key.

    Args:
        partitions: of a store that is shared.  There the open prompts of a key stand in
            the order in which they were accepted: numbers of different nodes say
            nothing of it.  None: of one that is not, where they stand by number.
    """

    def __init__(self, partitions: int | None) -> None:
        self._partitions = partitions
        self._accepted = 0  # how many have been
        self._all: dict[int, Prompt] = {}  # {number: prompt}
        self._numbers: dict[tuple[str, str], int] = {}  # {(key, id): number}
        self._open: dict[str, set[int]] = {}  # {key: numbers}; a key has at least one
        # heaps of (when it ended, number): of all that have, of those with a journal
        self._ended: list[tuple[float, int]] = []
        self._told: list[tuple[float, int]] = []

    @property
    def open(self) -> Mapping[str, Collection[int]]:
        """`{key: numbers of its prompts without outcome}`; each has at least one."""
        return self._open

    def get(self, number: int) -> Prompt | None:
        """Give a prompt; None: there is none."""
        return self._all.get(number)

    def find(self, key: str, name: str) -> Prompt | None:
        """Give a prompt by its address; None: there is none."""
        return self._all.get(self._numbers.get((key, name), -1))

    def all(self) -> Iterable[Prompt]:
        """Give them by number."""
        return (self._all[each] for each in sorted(self._all))

    def waiting(self, key: str, hidden: Collection[int] = ()) -> list[Prompt]:
        """List those of a key without outcome that are not hidden, as they are taken.

        Those that have been begun, those that were to steer, the others.
        """
        there = self._open.get(key, set()).difference(hidden)
        return sorted((self._all[each] for each in there), key=_turn_of)

    def partition_of(self, key: str) -> int:
        """Say in which partition a key is; 0: there are none."""
        return partition_of(key, self._partitions) if self._partitions else 0

    def insert(self, row: Row) -> Prompt | None:
        """Keep a prompt, unless there is one in its place: that one then."""
        there = self._numbers.get((row.key, row.id), row.number)
        if there in self._all:
            return self._all[there]
        self._accepted += 1
        order = self._accepted if self._partitions else row.number
        self._all[row.number] = Prompt(copy(row), order, self.partition_of(row.key))
        self._numbers[row.key, row.id] = row.number
        self._open.setdefault(row.key, set()).add(row.number)
        return None

    def is_new(self, row: Row) -> bool:
        """Keep a prompt; False: there is another with its id already."""
        there = self.insert(row)
        return there is None or (
            (there.row.number, there.row.key, there.row.id)
            == (row.number, row.key, row.id)
        )

    def has_room(self, record: Accept) -> bool:
        """Whether the key of a prompt may have one more, or this one is known."""
        row, capacity = record.row, record.capacity
        if capacity is None or (row.key, row.id) in self._numbers:
            return True
        return len(self._open.get(row.key, ())) < capacity

    def others(self, record: Accept, hidden: Collection[int]) -> tuple[int, ...]:
        """Those before a prompt that have numbers of another opening."""
        if record.own is None:
            return ()
        first, last = record.own
        itself = self._all.get(record.row.number)
        return tuple(
            each.row.number
            for each in self.waiting(record.row.key, hidden)
            if not first <= each.row.number <= last
            and (itself is None or each.order < itself.order)
        )

    def mark(self, number: int, tried: int, begun: int) -> None:
        """It has been begun so often, unless it has its outcome."""
        prompt = self._all.get(number)
        if prompt is not None and prompt.outcome is None:
            prompt.row.tried = tried
            prompt.row.begun = begun

    def unmark(self, number: int, tried: int, begun: int, before: int | None) -> None:
        """Take a mark back, if it is this one and has no outcome."""
        prompt = self._all.get(number)
        if prompt is not None and prompt.outcome is None:
            row = prompt.row
            if (row.tried, row.begun) == (tried, begun):
                row.tried, row.begun = tried - 1, before

    def end(self, ended: Ended, at: float) -> None:
        """Give a prompt its outcome, unless it has one: the first one stays."""
        prompt = self._all.get(ended.number)
        if prompt is None or prompt.outcome is not None:
            return
        prompt.outcome, prompt.turn, prompt.ended_at = ended.outcome, ended.turn, at
        row = prompt.row
        heapq.heappush(self._ended, (at, row.number))
        if row.stream:
            heapq.heappush(self._told, (at, row.number))
        row.body, row.origin, row.begun = b"", None, None
        numbers = self._open[row.key]
        numbers.discard(row.number)
        if not numbers:
            del self._open[row.key]

    def set_free(self, number: int) -> None:
        """Let others have the id of a prompt that has ended without a turn."""
        prompt = self._all.get(number)
        if prompt is not None and prompt.outcome is not None and prompt.turn is None:
            row = prompt.row
            del self._numbers[row.key, row.id]
            row.id = f"{MADE}{number}"
            self._numbers[row.key, row.id] = number

    def prune(self, record: Prune, held: Callable[[str], bool]) -> int:
        """Drop those that ended long ago, but those of keys that are held; how many."""
        gone, stay = 0, list[tuple[float, int]]()
        while gone < record.most and _is_before(self._ended, record.before):
            ended = heapq.heappop(self._ended)
            row = self._all[ended[1]].row
            if held(row.key):
                stay.append(ended)
                continue
            del self._all[row.number], self._numbers[row.key, row.id]
            gone += 1
        for ended in stay:
            heapq.heappush(self._ended, ended)
        return gone

    def old_journals(self, record: Prune) -> list[Prompt]:
        """Give those that ended long ago and have a journal; each is given once."""
        found: list[Prompt] = []
        while len(found) < record.most and _is_before(self._told, record.journals):
            at, number = heapq.heappop(self._told)
            prompt = self._all.get(number)
            if prompt is not None and prompt.ended_at == at and prompt.row.stream:
                found.append(prompt)
        return found


def _is_before(ended: Sequence[tuple[float, int]], time: float) -> bool:
    """Whether the first of these is of an earlier time."""
    return bool(ended) and ended[0][0] < time


def _turn_of(prompt: Prompt) -> tuple[bool, bool, int]:
    """Say when a prompt is to be taken."""
    row = prompt.row
    return row.begun is None, row.steers is None, prompt.order


def copy(row: Row) -> Row:
    """Make a row that is nobody else's."""
    return Row(
        row.number,
        row.key,
        row.id,
        row.kind,
        row.tenant,
        row.job,
        row.origin,
        row.attempts,
        row.tried,
        row.begun,
        row.steers,
        row.body,
        row.at,
        row.stream,
        row.base,
    )


def stored(prompt: Prompt) -> StoredPrompt:
    """Make what a test sees of a prompt."""
    row, has_ended = prompt.row, prompt.outcome is not None
    return StoredPrompt(
        number=row.number,
        key=row.key,
        id=row.id,
        tenant=row.tenant,
        attempts=row.attempts,
        tried=row.tried,
        begun=row.begun,
        body=None if has_ended else row.body,
        outcome=prompt.outcome,
        turn=prompt.turn,
        at=row.at,
        ended_at=prompt.ended_at,
    )
