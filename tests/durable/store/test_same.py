"""Random batches, in both stores: equal answers, and equal contents afterwards.

Each batch comes twice now and then, as after an answer that was lost.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from supervision.durable import MemoryStore, SqliteStore
from supervision.durable._words.histories import HistoryRow, Read, Show, Shown
from supervision.durable._words.journals import Chunks, ReadChunks
from supervision.durable._words.looks import (
    Find,
    Hold,
    Look,
    Seen,
    Waiting,
)
from supervision.durable._words.records import (
    Accept,
    Answer,
    Begin,
    Bind,
    Bring,
    Complete,
    Ended,
    Fire,
    Forget,
    Prune,
    Quarantine,
    Record,
    Row,
    Settle,
    State,
    changed,
)
from supervision.durable._words.reminders import (
    Due,
    ForgetReminder,
    Remind,
    ReminderRow,
)
from tests.durable.sealing.boxes import Counted
from tests.durable.store.bench import SMALL, opened, plain, row

KEYS = ("a", "b", "é", "\U0001f600")
SEEDS = 20
IDS = 15
ENTRIES = 8


class Dice:
    """Makes records of a few keys, ids and numbers, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
        self.next = 100
        self.limits = False  # keys may have so many prompts
        self.keys: dict[int, str] = {}  # {number of a prompt: its key}
        self.at = 0.0
        # a prompt that waits again is not among those that a lost `Forget` meant
        self.has_again = False
        # what is set anew to a time that was due before is not what was due
        self.times: list[float] = [1.0, 2.0]
        self.due_times: list[float] = [3.0, 4.0]

    def batch(self) -> list[Record]:
        """Make a batch of up to a dozen records."""
        self.at += 1
        kinds = [
            *(self.accept, self.accept, self.accept, self.complete, self.complete),
            *(self.begin, self.settle, self.bind, self.quarantine, self.forget),
            *(self.bring, self.find, self.find_number, self.waiting, self.read),
            *(self.chunks, self.chunks, self.chunks, self.read_chunks),
            *(self.remind, self.remind, self.fire, self.fire, self.due),
            *(self.forget_reminder, self.show),
        ]
        self.has_again = self.dice.random() < 0.5
        times = self.dice.sample((1.0, 2.0, 3.0, 4.0), 4)
        self.times, self.due_times = times[:2], times[2:]
        if self.has_again:
            kinds.remove(self.forget)
        # nor is one that is set behind a lost `Fire` what that meant
        self.has_fires = self.dice.random() < 0.5
        kinds += 3 * [self.fire if self.has_fires else self.remind]
        made: list[Record] = []
        while len(made) < self.dice.randint(1, 12):
            kind = self.dice.choice(kinds)
            made += [kind() for _ in range(self.dice.choice((1, 1, 3)))]
        # behind all that may make a row: a second time it would find that
        return [*made, *(self.hold() for _ in range(self.dice.choice((0, 1, 2))))]

    def key(self) -> str:
        return self.dice.choice(KEYS)

    def number(self) -> int:
        """One that has been given, most likely."""
        return self.dice.randint(max(100, self.next - 12), self.next)

    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted({self.number() for _ in range(self.dice.randint(0, 3))}))

    def body(self) -> bytes:
        return self.dice.randbytes(self.dice.choice((0, 3, 60, 101)))

    def token(self) -> bytes | None:
        return self.dice.choice((None, b"", b"t"))

    def row(self) -> Row:
        self.next += 1
        key = self.keys[self.next] = self.key()
        return row(
            self.next,
            key,
            f"id-{self.dice.randint(0, IDS)}",
            tenant=self.dice.choice((None, "ann", "bob")),
            steers=self.dice.choice((None, None, 5)),
            origin=self.token(),
            body=self.body(),
            at=self.at,
            stream=self.dice.choice((None, 8, 8)),
        )

    def ended(self, number: int) -> Ended:
        turn = self.dice.choice((7, 7, 8))
        return Ended(number, b"o" * self.dice.choice((0, 3, 3, 3, 201)), turn)

    def accept(self) -> Record:
        capacity = self.dice.choice((None, 1, 1, 2)) if self.limits else None
        return Accept(self.row(), self.dice.random() < 0.5, capacity)

    def complete(self) -> Record:
        key = self.key()
        # a prompt is a turn's of its key
        mine = [each for each, its in self.keys.items() if its == key][-3:]
        most = self.dice.randint(0, min(len(mine), 3))
        ended = tuple(sorted(self.dice.sample(mine, most)))
        again = tuple(mine[-2:]) if self.has_again else ()
        reminders = {
            each.name: each for each in (self.reminder(key), self.reminder(key))
        }
        name = self.name()
        return Complete(
            key,
            self.dice.randint(1, 9),
            tuple(self.ended(each) for each in ended),
            tuple((each, 1) for each in again if each not in ended),
            self.dice.choice((None, State(self.body(), 2))),
            self.token(),
            self.dice.random() < 0.5,
            int(self.at),
            tuple(self.row() for _ in range(self.dice.choice((0, 0, 2)))),
            self.at,
            tuple(self.entry() for _ in range(self.dice.choice((0, 0, 1, 3)))),
            self.dice.choice((None, None, self.dice.randint(0, ENTRIES))),
            tuple(
                each
                for each in reminders.values()
                if each.name != name and not self.has_fires
            ),
            (name,) if self.dice.random() < 0.3 else (),
        )

    def entry(self) -> HistoryRow:
        return HistoryRow(self.dice.randint(0, ENTRIES), self.body(), 3)

    def begin(self) -> Record:
        numbers = self.numbers()
        return Begin(numbers, tuple(2 for _ in numbers), 7, 2)

    def settle(self) -> Record:
        return Settle("a", Ended(self.number(), b"settled", None), self.at)

    def bind(self) -> Record:
        return Bind(self.key(), self.token(), self.at)

    def quarantine(self) -> Record:
        return Quarantine(self.key(), self.token(), self.at)

    def hold(self) -> Record:
        return Hold(self.key(), self.dice.choice((None, "why", "\ud800")))

    def forget(self) -> Record:
        self.next += 1
        return Forget(self.key(), b"withdrawn", 2, self.numbers(), self.at, self.next)

    def bring(self) -> Record:
        return Bring(self.key())

    def find(self) -> Record:
        return Find(self.key(), f"id-{self.dice.randint(0, IDS)}")

    def read(self) -> Record:
        first = self.dice.randint(0, ENTRIES)
        last = self.dice.randint(0, ENTRIES + 1)
        return Read(self.key(), first, last, self.dice.choice((1, 60, 1000)))

    def show(self) -> Record:
        before = self.dice.choice((None, None, self.dice.randint(0, ENTRIES + 1)))
        most = self.dice.choice((1, 60, 1000))
        return Show(self.key(), self.dice.randint(0, 4), most, before)

    def find_number(self) -> Record:
        return Find(self.key(), "", self.number())

    def chunks(self) -> Record:
        base, last = self.dice.choice(((0, 3), (0, 5), (0, 0), (7, 7), (7, 9)))
        body = self.body() if last > base else b""
        if self.dice.random() < 0.1:
            return Chunks(self.number(), self.key(), 0, 0, b"", lost=True)
        return Chunks(self.number(), self.key(), base, last, body)

    def read_chunks(self) -> Record:
        after = self.dice.randint(0, 9)
        return ReadChunks(
            self.number(), self.key(), after, self.dice.choice((1, 60, 1000))
        )

    def waiting(self) -> Record:
        return Waiting(self.dice.choice(("", *KEYS)), self.dice.randint(1, 3))

    def name(self) -> str:
        return self.dice.choice(("x", "y"))

    def reminder(self, key: str) -> ReminderRow:
        every = self.dice.choice((None, 2.5))
        return ReminderRow(
            key, self.name(), self.dice.choice(self.times), every, self.body()
        )

    def remind(self) -> Record:
        return Remind(self.reminder(self.key()))

    def fire(self) -> Record:
        name, due = self.name(), self.dice.choice(self.due_times)
        row = changed(self.row(), id=f"~{name}-{due}")  # one for each due time
        return Fire(row, name, due, self.dice.choice((None, 5.0)))

    def forget_reminder(self) -> Record:
        self.next += 1
        return ForgetReminder(self.key(), self.name(), self.next, self.at)

    def due(self) -> Record:
        after = self.dice.choice((None, (2.0, "b", "x")))
        key = self.dice.choice((None, None, self.key()))
        return Due(self.dice.choice(self.times), self.dice.randint(1, 4), after, key)

    def prune(self) -> Record:
        before = self.at - 3
        later = before + self.dice.choice((0, 1, 2))
        return Prune(before, self.dice.randint(1, 5), later)


def everything(dice: Dice) -> Sequence[Record]:
    """Ask for all that is there."""
    return [
        *(Bring(key) for key in KEYS),
        *(Read(key, 0, ENTRIES + 1, 10_000) for key in KEYS),
        *(Find(key, f"id-{each}") for key in KEYS for each in range(IDS + 1)),
        *(ReadChunks(each, "a", 0, 10_000) for each in range(100, dice.next + 1)),
        Waiting("", 100),
        *(
            Look(after, most, held)
            for after in ("", "b")
            for most in (2, 9)
            for held in (True, False)
        ),
        *(Look("", 1, held, key) for key in KEYS for held in (True, False)),
        *(Show(key, ENTRIES, 10_000) for key in (*KEYS, "none")),
        Due(1e9, 100),
        dice.prune(),
    ]


def kept(store: MemoryStore) -> dict[str, object]:
    """Give `{key: what is kept of it}`.

    Without generation and tenant: a turn that keeps nothing makes no row, which a later
    record of its batch may make.
    """
    sessions = store.sessions()
    return {
        key: attrs.evolve(each, generation=0, tenant="")
        for key, each in sessions.items()
    }


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_random_batches_come_to_the_same(seed: int, tmp_path: Path) -> None:
    """In memory, in a file; once, or twice."""
    dice = Dice(seed)
    memory = MemoryStore(policy=SMALL)
    once = MemoryStore(policy=SMALL)  # to which each batch comes once
    file = SqliteStore(tmp_path / "chat.db", policy=SMALL, synchronous="normal")
    async with opened(memory) as one, opened(file) as other, opened(once) as third:
        for _ in range(15):
            batch = dice.batch()
            first = await third.carry(*batch)
            last = first
            for _ in range(dice.dice.choice((1, 2))):
                last = await one.carry(*batch)
                assert plain(await other.carry(*batch)) == plain(last), batch
            assert [type(each) for each in first] == [type(each) for each in last]

            look = everything(dice)
            answers = plain(await one.carry(*look))
            assert plain(await other.carry(*look)) == answers
            await third.carry(look[-1])
            assert once.prompts() == memory.prompts(), batch
            assert kept(once) == kept(memory), batch
            assert once.reminders() == memory.reminders(), batch


@pytest.mark.parametrize("seed", range(8))
async def test_keys_with_room_for_few_come_to_the_same(
    seed: int, tmp_path: Path
) -> None:
    """What was refused may find room when it comes again: in both stores."""
    dice = Dice(seed)
    dice.limits = True
    memory = MemoryStore(policy=SMALL)
    file = SqliteStore(tmp_path / "chat.db", policy=SMALL, synchronous="normal")
    async with opened(memory) as one, opened(file) as other:
        for _ in range(15):
            batch = dice.batch()
            for _ in range(dice.dice.choice((1, 2))):
                answers = await one.carry(*batch)
                assert plain(await other.carry(*batch)) == plain(answers), batch
            look = everything(dice)
            answers = await one.carry(*look)
            assert plain(await other.carry(*look)) == plain(answers)


def unsealed(answers: Sequence[Answer]) -> object:
    """Give answers without the sizes of states, which a seal makes larger."""
    found: list[Answer] = []
    for each in answers:
        if isinstance(each, Seen):
            rows = tuple(attrs.evolve(row, state=None) for row in each.rows)
            found.append(Seen(rows))
        elif isinstance(each, Shown) and each.row is not None:
            found.append(attrs.evolve(each, row=attrs.evolve(each.row, state=None)))
        else:
            found.append(each)
    return plain(found)


@pytest.mark.parametrize("seed", range(8))
async def test_a_seal_changes_nothing_that_is_answered(
    seed: int, tmp_path: Path
) -> None:
    """Nor what is refused; and a batch that comes twice is sealed once."""
    dice = Dice(seed)
    bare = MemoryStore(policy=SMALL)
    memory = MemoryStore(policy=SMALL, seal=Counted())
    file = SqliteStore(tmp_path / "chat.db", policy=SMALL, seal=Counted())
    async with opened(memory) as one, opened(file) as other, opened(bare) as third:
        for _ in range(15):
            batch = dice.batch()
            for _ in range(dice.dice.choice((1, 2))):
                answers = unsealed(await third.carry(*batch))
                assert unsealed(await one.carry(*batch)) == answers, batch
                assert unsealed(await other.carry(*batch)) == answers, batch
            look = everything(dice)
            answers = unsealed(await third.carry(*look))
            assert unsealed(await one.carry(*look)) == answers
            assert unsealed(await other.carry(*look)) == answers
