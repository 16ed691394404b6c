"""Which records are carried out together, and by which functions: pure, by tables."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import pytest

from supervision.durable._postgres.carrying.carrying import Carrying
from supervision.durable._postgres.carrying.grouping import grouped
from supervision.durable._postgres.carrying.usual import kept_in
from supervision.durable._postgres.rows.message import Place
from supervision.durable._sharing.words import Lease
from supervision.durable._words.journals import Chunks
from supervision.durable._words.looks import Find, Hold, Waiting
from supervision.durable._words.records import (
    Accept,
    Begin,
    Bind,
    Bring,
    Complete,
    Ended,
    Fire,
    Forget,
    Quarantine,
    Record,
    Settle,
    State,
    changed,
)
from supervision.durable._words.reminders import Remind, ReminderRow
from tests.durable.store.bench import accept, complete, row


def partition_of(key: str) -> int:
    """Give a key's partition: the number at its end."""
    return int(key[-1])


def found(
    *batch: Record, leases: Mapping[int, Lease] | None = None
) -> list[tuple[str, list[int]]]:
    """Give the groups: what, and which."""
    return [
        (group.kind.__name__, [index for index, _ in group.items])
        for group in grouped([*enumerate(batch)], leases or {}, partition_of)
    ]


def begin(*numbers: int) -> Begin:
    """Make marks on these."""
    return Begin(numbers, tuple(1 for _ in numbers), 7, 1)


def limited(number: int, key: str, name: str) -> Accept:
    """Make a prompt whose key may have three."""
    return changed(accept(number, key, name), capacity=3)


def remind(key: str) -> Remind:
    """Make a reminder of this key."""
    return Remind(ReminderRow(key, "x", 1.0, None, b""))


def test_what_routers_send_is_few_groups() -> None:
    """However it is mixed: turns of 100 keys that end, begin, and are sent to."""
    batch: list[Record] = []
    leases: dict[int, Lease] = {}
    for each in range(100):
        key = f"key-{each}-{each % 7}"
        for record in (
            complete(each, key=key),
            begin(1000 + each),
            accept(2000 + each, key),
            accept(3000 + each, f"new-{each}", bring=False),
        ):
            leases[len(batch)] = Lease(each % 7, 1)
            batch.append(record)

    groups = found(*batch, leases=leases)
    assert [kind for kind, _ in groups] == [
        "Complete",
        "Begin",
        "Accept",
        "Accept",
    ] or [kind for kind, _ in groups] == ["Complete", "Begin", "Accept"]
    assert sorted(each for _, them in groups for each in them) == [*range(400)]


@pytest.mark.parametrize(
    ("batch", "groups"),
    [
        # of one key, in its order
        ((accept(1, "a1"), complete(1, key="a1")), "Accept 0|Complete 1"),
        ((complete(1, key="a1"), accept(2, "a1")), "Complete 0|Accept 1"),
        (
            (accept(1, "a1"), complete(1, key="a1"), accept(2, "a1")),
            "Accept 0|Complete 1|Accept 2",
        ),
        # of others, with those before
        (
            (accept(1, "a1"), complete(1, key="a1"), accept(2, "b1")),
            "Accept 0 2|Complete 1",
        ),
        # one turn of a key in each group
        ((complete(1, key="a1"), complete(2, key="a1")), "Complete 0|Complete 1"),
        ((Bind("a1", b""), Bind("b1", b""), Bind("a1", None)), "Bind 0 1|Bind 2"),
        (
            (Quarantine("a1", b""), Quarantine("a1", None)),
            "Quarantine 0|Quarantine 1",
        ),
        (
            (Fire(row(1, "a1"), "x", 1.0, 2.0), Fire(row(2, "a1"), "x", 2.0, None)),
            "Fire 0|Fire 1",
        ),
        # whether there is room for one depends on whether its id was known
        (
            (
                limited(1, "a1", "x"),
                limited(2, "a1", "y"),
                limited(3, "a1", "x"),
                limited(4, "b1", "x"),
            ),
            "Accept 0 1 3|Accept 2",
        ),
        # their statement minds the order
        ((accept(1, "a1"), accept(2, "a1")), "Accept 0 1"),
        ((remind("a1"), remind("a1")), "Remind 0 1"),
        ((begin(1), begin(1)), "Begin 0 1"),
        (
            (Chunks(1, "a1", 0, 3, b"x"), Chunks(1, "a1", 3, 3, b"")),
            "Chunks 0 1",
        ),
        # a mark on a prompt that comes in this batch
        ((accept(1, "a1"), begin(1), accept(2, "b1")), "Accept 0 2|Begin 1"),
        ((begin(1), Settle("a1", Ended(1, b"", None))), "Begin 0|Settle 1"),
        # who reads a key reads its marks
        ((begin(1), Bring("a1"), begin(2)), "Begin 0|Bring 1|Begin 2"),
        ((begin(1), accept(2, "a1", bring=True)), "Begin 0|Accept 1"),
        ((Bring("a1"), Bring("a1"), Find("b1", "x")), "Bring 0 1|Find 2"),
        # a turn that sends to another key comes before what is sent there later
        (
            (complete(key="a1", sends=(row(5, "b1"),)), accept(6, "b1")),
            "Complete 0|Accept 1",
        ),
        # what concerns more than a key is a wall
        (
            (accept(1, "a1"), Waiting("", 1), accept(2, "b1")),
            "Accept 0|Waiting 1|Accept 2",
        ),
        (
            (accept(1, "a1"), Forget("b1", b"", 1), accept(2, "c1")),
            "Accept 0|Forget 1|Accept 2",
        ),
        ((Hold("a1", None), Hold("a1", "x")), "Hold 0|Hold 1"),
    ],
)
def test_the_order_of_what_meets_is_kept(
    batch: tuple[Record, ...], groups: str
) -> None:
    """And nothing else's."""
    said = "|".join(" ".join([kind, *map(str, them)]) for kind, them in found(*batch))
    assert said == groups


def test_marks_of_other_partitions_are_not_read() -> None:
    """Under a lease they are known to be elsewhere."""
    batch = (begin(1), Bring("a1"), begin(2), begin(3))
    leases = {0: Lease(2, 1), 2: Lease(2, 1), 3: Lease(1, 1)}
    assert found(*batch, leases=leases) == [
        ("Begin", [0, 2]),
        ("Bring", [1]),
        ("Begin", [3]),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_records_of_a_key_never_pass_each_other(seed: int) -> None:
    """Nor those of a number; in random batches."""
    dice = random.Random(seed)
    batch: list[Record] = []
    for _ in range(60):
        key, number = f"k{dice.randint(0, 5)}", dice.randint(0, 9)
        batch.append(
            dice.choice(
                (
                    accept(number, key),
                    accept(number, key, bring=True),
                    complete(number, key=key),
                    Settle(key, Ended(number, b"", None)),
                    Bind(key, b""),
                    Bring(key),
                    Waiting("", 1),
                )
            )
        )

    place = {index: at for at, (_, them) in enumerate(found(*batch)) for index in them}
    for index, record in enumerate(batch):
        for later in range(index + 1, len(batch)):
            if {*_names(record)} & {*_names(batch[later])}:
                assert place[index] <= place[later]
                if type(record) is not type(batch[later]):
                    assert place[index] < place[later]


def _names(record: Record) -> list[object]:
    """Give the key and the numbers of a record; nothing of one that has neither."""
    if isinstance(record, Waiting):
        return []
    given = record.row if isinstance(record, Accept) else record
    names: list[object] = [getattr(given, "key", None), getattr(given, "number", None)]
    if isinstance(record, Complete):
        names += [each.number for each in record.ended]
    if isinstance(record, Settle):
        names.append(record.ended.number)
    return [each for each in names if each is not None]


# ---------------------------------------------------------------------------- functions


@pytest.mark.parametrize(
    "batch",
    [
        [changed(accept(1, "k1"), own=(1, 9)), accept(2, "k2"), accept(3, "k3")],
        [changed(accept(1, "k1", bring=True), own=(1, 9)), complete(2, key="k2")],
        [limited(1, "k1", "a\\b"), begin(2)],
        [complete(1, key="k1"), complete(2, key="k2", state=State(b"x", 1))],
        [complete(1, key="k1", bound=True, token=b"t")],
        [Complete("k1", 1, (Ended(1, b"", 1), Ended(2, b"", 1)))],
        [Settle("k1", Ended(1, b"", None))],
        [Find("k1", "a"), Bring("k2")],
    ],
)
def test_what_is_usual_is_carried_out_by_functions(batch: list[Record]) -> None:
    """The server hears no statement that it would plan, but calls."""
    schema = "s1"
    place = Place(schema, "me", 9, kept_in(schema))
    leases = {index: Lease(1, 1) for index in range(len(batch))}

    said = Carrying(place, [*enumerate(batch)], leases).message.written().decode()

    for each in said.split(";\n")[1:]:  # behind the settings
        assert re.match(r"select \* from s1\.[a-z_]+_[0-9a-f]{16}\(", each)


def test_what_is_not_usual_is_carried_out_as_it_is() -> None:
    """It comes to the same; a value that looks like one's place is none."""
    batch = [*enumerate([accept(1, "$1 \\0", "{$2}")])]

    kept = Carrying(Place("s1", "me", 9, kept_in("s1")), batch, {}).message.written()
    plain = Carrying(Place("s1", "me", 9), batch, {}).message.written()

    assert kept == plain
    assert b"insert into s1.prompts" in plain
    assert b"\0" not in plain
    assert b'"$1 ' in plain
