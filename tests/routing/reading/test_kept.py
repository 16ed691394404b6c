"""`Readers`, by hand: who reads; which answers may be read again, and until when."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import Journal, Receipt, Replay
from actors.hosting import ChunkLog
from supervision._routing.parts.readers import Readers
from tests.routing.parts.making import lane, receipt
from tests.sessions.turns.double import HandClock

KEEP = 60.0


class Eye:
    """A reader that counts how often it was cut."""

    def __init__(self) -> None:
        self.cuts = 0

    def cut(self) -> None:
        """Count."""
        self.cuts += 1


def made(limit: int = 9) -> tuple[Readers, HandClock]:
    """A book, and its clock."""
    clock = HandClock()
    return Readers(clock.now, clock.at, limit), clock


def kept(
    book: Readers,
    number: int,
    message_id: str | None = None,
    *,
    key: str = "a",
    keep: float = KEEP,
) -> tuple[Receipt[Any], ChunkLog[Any]]:
    """A prompt whose answer is in the book."""
    log = ChunkLog[Any](Replay(keep=keep))
    given = receipt(lane(key), number)
    book.keep(given, log, message_id)
    return given, log


def is_empty(book: Readers) -> bool:
    """Whether it has nothing left, of nobody."""
    return not (book._open or book._kept or book._ended or book._ending)


# ---------------------------------------------------------------------------- who reads


def test_who_reads_is_counted_until_it_has_left() -> None:
    """Each once; leaving twice is leaving once, and others do not count."""
    book, _ = made()
    eyes = [Eye(), Eye()]
    for eye in eyes:
        book.enter("a", eye)
    assert (book.of("a"), book.of("b")) == (2, 0)

    book.leave("a", eyes[0])
    book.leave("a", eyes[0])
    book.leave("b", eyes[1])
    assert book.of("a") == 1
    book.leave("a", eyes[1])
    assert book.of("a") == 0
    book.leave("a", eyes[1])

    assert is_empty(book)


# --------------------------------------------------------------- what may be read again


@pytest.mark.parametrize("message_id", [None, "m"])
def test_an_answer_is_found_until_its_time_is_over(message_id: str | None) -> None:
    """By both of its ids, from its acceptance to so many seconds after its end."""
    book, clock = made()
    given, log = kept(book, 1, message_id)
    clock.move(1000.0)
    found = book.find("a", 1)
    assert found is not None
    assert (found.receipt, found.log) == (given, log)
    assert book.find("a", "m") is (found if message_id else None)
    assert clock.armed == []

    log.close()
    assert clock.armed == [1000.0 + KEEP]
    clock.move(1000.0 + KEEP - 1)
    assert book.find("a", 1) is found
    clock.move(1000.0 + KEEP)

    assert book.find("a", 1) is None
    assert book.find("a", "m") is None
    assert is_empty(book)


def test_an_answer_that_has_ended_before_it_is_kept_has_its_time_too() -> None:
    """Its session could not be started, say."""
    book, clock = made()
    log = ChunkLog[Any](Replay(keep=KEEP))
    log.close()
    book.keep(receipt(lane(), 1), log, "m")

    assert book.find("a", "m") is not None
    assert clock.armed == [KEEP]
    clock.move(KEEP)

    assert is_empty(book)


def test_the_message_is_the_latest_with_its_id() -> None:
    """Those before are found by their own; when they go it stays."""
    book, clock = made()
    _, first = kept(book, 1, "m")
    first.close()
    clock.move(10.0)
    kept(book, 2, "m")
    found = book.find("a", "m")
    assert found is not None
    assert found.receipt.id == 2
    assert book.find("a", 1) is not None

    clock.move(KEEP)

    assert book.find("a", 1) is None
    assert book.find("a", "m") is found
    assert book.find("a", 2) is found


def test_of_those_that_have_ended_the_latest_are_kept() -> None:
    """In the order of their ends; what has not ended does not count."""
    book, clock = made(limit=2)
    logs = [kept(book, number, key=str(number))[1] for number in range(4)]
    for number in (2, 1, 0):
        logs[number].close()

    assert [n for n in range(4) if book.find(str(n), n)] == [0, 1, 3]

    book.configure(1)
    assert [n for n in range(4) if book.find(str(n), n)] == [0, 3]
    book.configure(0)
    assert [n for n in range(4) if book.find(str(n), n)] == [3]
    logs[3].close()
    assert is_empty(book)
    assert clock.armed == []


def test_what_is_gone_does_not_count_any_more() -> None:
    """One whose time is over, or that is forgotten, leaves its place to another."""
    book, clock = made(limit=2)
    for number, key in ((1, "a"), (2, "b")):
        kept(book, number, key=key)[1].close()
    book.forget("a")
    kept(book, 3, key="c")[1].close()
    assert book.find("b", 2) is not None
    assert book.find("c", 3) is not None

    clock.move(KEEP)
    assert is_empty(book)
    for number in (4, 5):
        kept(book, number)[1].close()
    assert book.find("a", 4) is not None
    assert book.find("a", 5) is not None


def test_each_is_kept_for_its_own_time() -> None:
    """Of those that have the same one timer looks after all, each in its instant."""
    book, clock = made()
    for number, at, keep in ((1, 0.0, KEEP), (2, 10.0, KEEP), (3, 20.0, 5.0)):
        clock.move(at)
        kept(book, number, keep=keep)[1].close()
    assert clock.armed == [25.0, KEEP]

    left: list[list[int]] = []
    for instant in (24.0, 25.0, 59.0, 60.0, 69.0, 70.0):
        clock.move(instant)
        left.append([n for n in (1, 2, 3) if book.find("a", n)])

    assert left == [[1, 2, 3], [1, 2], [1, 2], [2], [2], []]
    assert clock.armed == []
    assert is_empty(book)


def test_one_that_goes_early_takes_no_other_with_it() -> None:
    """The timer was set for it; those after it have theirs."""
    book, clock = made()
    kept(book, 1, "m", key="a")[1].close()
    clock.move(10.0)
    kept(book, 2, key="b")[1].close()
    book.forget("a")

    clock.move(KEEP)
    assert book.find("b", 2) is not None
    assert clock.armed == [10.0 + KEEP]
    clock.move(10.0 + KEEP)

    assert is_empty(book)


def test_an_answer_is_let_go_by_itself() -> None:
    """Another one's is read for it: it is found no more, also when it ends."""
    book, clock = made()
    given, log = kept(book, 1, "m")
    other, _ = kept(book, 2)

    book.let_go(given)
    book.let_go(given)
    log.close()

    assert (book.find("a", 1), book.find("a", "m")) == (None, None)
    assert book.find("a", other.id) is not None
    assert not log.is_cut
    assert clock.armed == []


def test_what_a_store_keeps_is_gone_here_with_its_end() -> None:
    """It is read there from then on."""
    book, clock = made()
    log = ChunkLog[Any](Journal())
    book.keep(receipt(lane(), 1), log, "m")
    log.close()

    clock.move(0.0)

    assert is_empty(book)


async def test_what_is_forgotten_reaches_nobody() -> None:
    """Who reads is cut, and what was to be read is gone; other keys stay."""
    book, clock = made()
    mine, other = Eye(), Eye()
    book.enter("a", mine)
    book.enter("b", other)
    _, ended = kept(book, 1, "m")
    ended.put_nowait("x")
    ended.close()
    _, open_ = kept(book, 2)
    open_.put_nowait("x")
    place = open_.open()
    kept(book, 3, key="b")

    book.forget("a")

    assert (mine.cuts, other.cuts) == (1, 0)
    assert [book.find("a", each) for each in (1, "m", 2)] == [None] * 3
    assert book.find("b", 3) is not None
    assert (ended.is_cut, open_.is_cut) == (True, True)
    assert clock.armed == []
    open_.close()  # its turn ends after that
    assert clock.armed == []
    book.leave("a", mine)
    book.leave("b", other)
    book.forget("b")
    assert is_empty(book)
    with pytest.raises(trio.EndOfChannel):
        await place.get()


async def test_who_reads_may_read_on_when_the_house_has_ended() -> None:
    """Nothing is found any more, and no timer is left; nobody is cut."""
    book, clock = made()
    eye = Eye()
    book.enter("a", eye)
    _, ended = kept(book, 1, "m")
    ended.close()
    _, open_ = kept(book, 2, key="b")

    book.close()

    assert [book.find("a", 1), book.find("a", "m"), book.find("b", 2)] == [None] * 3
    assert clock.armed == []
    assert eye.cuts == 0
    assert not ended.is_cut
    assert not open_.is_cut
    open_.close()
    assert clock.armed == []
    book.leave("a", eye)
    assert is_empty(book)


def test_an_answer_that_a_store_has_is_kept_no_longer_than_its_turn() -> None:
    """Whoever comes for it later asks the store: no clock has to run for that."""
    book, _ = made()
    log = ChunkLog[Any](Journal())
    book.keep(receipt(lane("a"), 1), log, "m")
    assert book.find("a", "m") is not None

    log.close()

    assert is_empty(book)
