"""The demo's plan, its options, and the account that its senders keep."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    Lost,
    Outcome,
    Session,
    Turn,
    Withdrawn,
    open_system,
)
from supervision import start_router
from supervision.cli import main as actors
from supervision.demo import Plan, PlanError
from supervision.demo._tree.ledger import Ledger, ended
from supervision.demo.traffic import RECORDING, Accident, Prompt
from supervision.demo.traffic.book import (
    NOTHING,
    ROUTER_CRASHED,
    SERVICE_KILLED,
    SESSION_KILLED,
    UNANSWERED,
    Book,
)
from supervision.demo.traffic.words import (
    Abort,
    Accepted,
    Ask,
    Chunk,
    Ended,
    Find,
    Kept,
    Leave,
    News,
    Refused,
    Send,
    Told,
    Unknown,
    line_of,
    word_of,
)
from supervision.durable import StoredError

PROMPT = Prompt(0, 0.0, "k", 0.1, 5, True, 1, Accident.NONE, 2)  # noqa: FBT003


# ------------------------------------------------------------------------------ a plan


def test_a_plan_goes_through_text_and_back() -> None:
    """The service gets the plan that the command has made."""
    plan = Plan(speed=7.5, turns=9, faults=False, store=Path("/s"), leash=True, desk=5)

    assert Plan.from_text(plan.as_text()) == plan
    assert Plan.from_text(Plan().as_text()) == Plan.from_text("{}") == Plan()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a JSON object"),
        ("[60]", "must be a JSON object"),
        ('{"sped": 60}', "no 'sped'; it has speed, turns"),
        ('{"speed": "60"}', "speed must be a number of seconds, got '60'"),
        ('{"turns": 0}', "turns must be at least 1, got 0"),
    ],
)
def test_a_plan_that_cannot_be_read_says_why(text: str, words: str) -> None:
    """With the name of the variable that it comes from."""
    with pytest.raises(PlanError, match="ACTORS_DEMO") as caught:
        Plan.from_text(text)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"speed": 0},
        {"speed": float("inf")},
        {"fault_every": -1.0},
        {"sessions": 0},
        {"slots": 1.5},
        {"turns": 0},
        {"seed": -1},
        {"faults": "yes"},
        {"store": "demo.db"},
        {"desk": -1},
        {"faults_before": None},
    ],
)
def test_a_plan_is_checked_when_it_is_made(fields: dict[str, Any]) -> None:
    """The error names the field."""
    with pytest.raises((TypeError, ValueError), match=next(iter(fields))):
        Plan(**fields)


def test_turns_have_the_limits_of_the_speed_but_time_enough() -> None:
    """180 s of the recording, and never less than a busy machine may need."""
    slow, fast = Plan(speed=2).policy, Plan(speed=1_000).policy

    assert (slow.time_limit, slow.inactivity) == (90, 15)
    assert (fast.time_limit, fast.inactivity) == (4, 2)
    assert Plan(speed=2).limits.idle == 150


def test_the_recording_has_its_licence_with_it() -> None:
    """Whoever gets the file gets the notice and the text."""
    folder = RECORDING.parent

    assert "Apache License 2.0" in (folder / "README.md").read_text(encoding="utf-8")
    text = (folder / "LICENSE-APACHE-2.0.txt").read_text(encoding="utf-8")
    assert "Apache License" in text


def test_the_traffic_is_had_without_what_draws() -> None:
    """Benchmarks and the service load neither rich nor a web server."""
    program = "import sys, supervision.demo.traffic, supervision.demo; "
    program += "print(sorted({'rich', 'starlette', 'hypercorn'} & set(sys.modules)))"

    found = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )

    assert found.stdout == "[]\n"


# ------------------------------------------------------------------------- the account


class Slow(Session[Prompt, int]):
    """Never ends a turn by itself."""

    async def take_turn(self, turn: Turn[Prompt, int]) -> None:
        del turn
        await trio.sleep_forever()


@asynccontextmanager
async def opened(number: int) -> AsyncGenerator[tuple[Ledger, list[Told]]]:
    """A ledger with so many prompts that run, "0", "1" ..., and what it tells."""
    ledger, told = Ledger(), list[Told]()
    ledger.tell = told.append
    async with open_system() as system:
        router = start_router(system, Slow)
        for each in range(number):
            ledger.accept(f"{each}", router.send(f"k{each}", PROMPT))
        yield ledger, told


async def test_what_befalls_a_prompt_is_told_with_its_outcome() -> None:
    """Whatever was open, and whatever is accepted meanwhile; not what comes later."""
    async with opened(2) as (ledger, told):
        first = ledger.find("0")
        assert first is not None
        with ledger.file_all(ROUTER_CRASHED):
            ledger.forget("1")
            ledger.accept("late", first)
        ledger.accept("later", first)
        ledger.accept("later", first)
        for each in ("0", "late", "later", "0"):
            ledger.settle(each, Aborted())

    assert told == [
        Ended("0", "Aborted", hit_by=ROUTER_CRASHED),
        Ended("late", "Aborted", hit_by=ROUTER_CRASHED),
        Ended("later", "Aborted"),
    ]


async def test_a_killed_session_harms_the_prompts_of_its_turn_only() -> None:
    """Not those of other turns, nor of the same turn id in another session."""
    async with opened(2) as (ledger, told):
        for number, turn in ((0, 7), (1, 8)):
            receipt = ledger.find(f"{number}")
            assert receipt is not None
            receipt._turn = turn
        ledger.file_turn("k0", 7, SESSION_KILLED)
        ledger.file_turn("k0", 8, SESSION_KILLED)
        ledger.settle("0", Aborted())
        ledger.settle("1", Aborted())

    assert told == [
        Ended("0", "Aborted", hit_by=SESSION_KILLED),
        Ended("1", "Aborted"),
    ]


async def test_what_nobody_waited_for_is_told_in_the_end() -> None:
    """Those with an outcome have it; the others are kept."""
    async with opened(2) as (ledger, told):
        receipt = ledger.find("1")
        assert receipt is not None
        receipt.withdraw()  # or its turn has begun: then it has none yet
        receipt._outcome = Withdrawn()
        ledger.settle_all()
        ledger.settle_all()

    assert told == [Kept("0"), Ended("1", "Withdrawn")]


@pytest.mark.parametrize(
    ("outcome", "tries", "error"),
    [
        (Completed(result=2), 2, None),
        (Failed(error=ValueError(), attempts=3), 3, "ValueError"),
        (Failed(error=StoredError("Odd", "it was", "")), 1, "Odd"),
        (Lost(), 0, None),
    ],
)
def test_what_is_told_of_an_outcome(
    outcome: Outcome, tries: int, error: str | None
) -> None:
    """Its kind, how often its turn was begun, and what it failed with."""
    assert ended("0", outcome) == Ended("0", type(outcome).__name__, tries, error)


def book_of(*ids: str) -> Book:
    """A book with these prompts, all accepted."""
    book = Book()
    for each in ids:
        book.offer(each, each, NOTHING)
        book.accept(each)
        book.accept(each)
    return book


def test_a_prompt_is_filed_once_under_what_harmed_it() -> None:
    """Under what befell it, or its own accident if it came to its end all the same."""
    book = book_of("a", "b", "c", "d")
    for each, outcome in zip(
        "abcd", ("Aborted", "Completed", "Lost", "Withdrawn"), strict=True
    ):
        hit_by = None if each == "d" else ROUTER_CRASHED
        book.settle(Ended(each, outcome, hit_by=hit_by))
        book.settle(Ended(each, outcome, hit_by=hit_by))

    assert {under: dict(each) for under, each in book.filed.items()} == {
        ROUTER_CRASHED: {"Aborted": 1, "Lost": 1},
        NOTHING: {"Completed": 1, "Withdrawn": 1},
    }
    assert (book.accepted, book.ended, book.open) == (4, 4, 0)


def test_a_book_tells_what_a_kill_has_done() -> None:
    """Interrupted, tried again, sent again, or as if nothing had been."""
    book = book_of("cut", "again", "waited", "hit")
    book.offer("unheard", "e", NOTHING)
    book.note(News(turns=3, waiting=1, sessions=4))
    book.kill()
    book.back(1.5)
    book.accept("unheard")
    book.settle(Ended("cut", "Failed", 1, "TurnInterruptedError"))
    book.settle(Ended("again", "Completed", 2))
    book.settle(Ended("waited", "TimedOut"))
    book.settle(Ended("hit", "Failed", 1, "TurnInterruptedError", ROUTER_CRASHED))
    book.settle(Ended("unheard", "Completed", 1))

    assert book.kills == {
        "number": 1,
        "longest_away": 1.5,
        "away": 1.5,
        "open": 4,
        "interrupted": 1,
        "tried_again": 1,
        "sent_again": 1,
    }
    assert book.filed[SERVICE_KILLED] == {"Failed": 1}
    assert book.filed[ROUTER_CRASHED] == {"Failed": 1}
    assert (book.turns, book.waiting, book.sessions) == (0, 0, 0)


def test_what_has_no_outcome_is_kept_or_missed_or_was_never_accepted() -> None:
    """Three numbers, and nothing is counted twice."""
    book = book_of("kept", "missed", "open")
    for each in ("unheard", "unknown"):
        book.offer(each, each, NOTHING)
    for _ in range(2):
        book.keep("kept")
        book.miss("missed")
    book.keep("unknown")
    book.close()

    assert (book.kept, book.missing, book.open) == (1, 1, 1)
    assert book.refused == {UNANSWERED: 2}
    assert book.offered == book.accepted + book.refused.total() == 5


def test_an_account_is_json() -> None:
    """With the percentiles of the waits."""
    book = Book()
    book.began = 2.0
    book.note(News(waits=[0.5] * 98, faults={"f": 1}, longest_repair=0.5))
    book.note(News(waits=[1.0, 9.0], faults={"f": 1}, notes={"n": 2}))
    for each in ("a", "b"):
        book.offer(each, "same key", NOTHING)
    book.refuse("b", "ValueError")

    read = json.loads(json.dumps(book.as_json(7.0)))

    assert read == book.as_json(7.0)
    assert read["seconds"] == 5.0
    assert read["refused"] == {"ValueError": 1}
    assert (read["offered"], read["conversations"]) == (2, 1)
    assert read["waits"] == {"number": 100, "p50": 0.5, "p99": 1.0, "longest": 9.0}
    assert (read["faults"], read["notes"]) == ({"f": 2}, {"n": 2})
    assert read["longest_repair"] == 0.5


# ------------------------------------------------------------------------ what is said


@pytest.mark.parametrize(
    "word",
    [
        Send("0.1", PROMPT, into="0.0", again=True),
        Find("0.1", "k"),
        Abort("1"),
        Leave("1"),
        Accepted("1", waited=True),
        Refused("1", "ValueError"),
        Chunk("1"),
        Ended("1", "Failed", 2, "ValueError", ROUTER_CRASHED),
        Kept("1"),
        Unknown("1"),
        News(turns=1, waits=[0.5], faults={"f": 1}),
    ],
)
def test_a_word_goes_over_the_wire_and_back(word: Ask | Told) -> None:
    """As one line."""
    line = line_of(word)

    assert word_of(line) == word
    assert line.count(b"\n") == 1


# -------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--speed", "0", "--speed must be above 0 seconds, got 0.0"),
        ("--seconds", "nan", "--seconds must be a number of seconds above 0"),
        ("--turns", "-3", "--turns must be at least 1, got -3"),
        ("--kills", "-1", "--kills must be at least 0, got -1"),
        ("--slots", "many", "argument --slots: invalid int value: 'many'"),
        ("--bogus", "1", "unrecognized arguments: --bogus 1"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the exit status of a wrong command line."""
    with pytest.raises(SystemExit) as ended:
        actors(["demo", option, value])

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith("actors: error: ")
    assert words in told
    assert told.count("\n") == 1
