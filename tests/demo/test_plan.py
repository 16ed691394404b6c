"""The demo's plan, its options, and the account that its senders keep."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Lost,
    Outcome,
    Receipt,
    Session,
    Steered,
    Turn,
    Withdrawn,
    open_system,
)
from supervision import start_router
from supervision.cli import main as actors
from supervision.demo import Plan, PlanError
from supervision.demo.traffic import RECORDING, Accident, Prompt
from supervision.demo.traffic.book import NOTHING, ROUTER_CRASHED, SESSION_KILLED, Book

PROMPT = Prompt(0, 0.0, "k", 0.1, 5, True, 1, Accident.NONE, 2)  # noqa: FBT003


# ------------------------------------------------------------------------------ a plan


def test_a_plan_goes_through_text_and_back() -> None:
    """The service gets the plan that the command has made."""
    plan = Plan(speed=7.5, turns=9, seed=3, faults=False, book=Path("/b"), leash=True)

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
        {"book": "account.json"},
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


async def receipts(number: int) -> list[Receipt[Prompt]]:
    """Receipts of prompts without an outcome, each of a session of its own."""
    async with open_system() as system:
        router = start_router(system, Slow)
        await router.ref.wait_started()
        return [router.send(f"k{each}", PROMPT) for each in range(number)]


async def test_a_prompt_is_filed_once_under_what_harmed_it() -> None:
    """Under what befell it, or its own accident if it came to its end all the same."""
    book = Book(Plan())
    outcomes: list[Outcome] = [Aborted(), Completed(), Lost(), Steered(), Withdrawn()]
    open_ones = await receipts(6)
    before, late = open_ones[:5], open_ones[5]
    for receipt in before:
        receipt._outcome = None
        book.accept(receipt, NOTHING)

    with book.file_all(ROUTER_CRASHED):
        late._outcome = None
        book.accept(late, NOTHING)
    for receipt, outcome in zip(open_ones, [*outcomes, Lost()], strict=True):
        book.settle(receipt, outcome)
        book.settle(receipt, outcome)

    assert {under: dict(each) for under, each in book.filed.items()} == {
        ROUTER_CRASHED: {"Aborted": 1, "Lost": 2},
        NOTHING: {"Completed": 1, "Steered": 1, "Withdrawn": 1},
    }
    assert (book.accepted, book.outcomes.total(), book.open) == (6, 6, 0)


async def test_a_killed_session_harms_the_prompts_of_its_turn_only() -> None:
    """Not those of other turns, nor of the same turn id in another session."""
    book = Book(Plan())
    mine, other = await receipts(2)
    for receipt, turn in ((mine, 7), (other, 8)):
        receipt._outcome = None
        receipt._turn = turn
        book.accept(receipt, NOTHING)

    book.file_turn("k0", 7, SESSION_KILLED)
    book.file_turn("k0", 8, SESSION_KILLED)
    for receipt in (mine, other):
        book.settle(receipt, Aborted())

    assert set(book.filed) == {SESSION_KILLED, NOTHING}


async def test_what_was_not_heard_of_is_settled_in_the_end() -> None:
    """A sender that was stopped leaves no prompt open that has its outcome."""
    book = Book(Plan())
    for receipt in await receipts(3):  # all have their outcome: the system has ended
        book.accept(receipt, NOTHING)

    book.settle_all()

    assert book.open == 0
    assert book.outcomes.total() == 3


def test_an_account_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The file is replaced as a whole; nothing else is left beside it."""
    book = Book(Plan(book=tmp_path / "account.json"))
    book.began = 2.0
    book.waits.extend([0.5] * 98 + [1.0, 9.0])
    book.refuse(ValueError("no"))
    book.offer("a")
    book.offer("a")

    book.write(5.0)
    book.write(7.0)

    read = json.loads((tmp_path / "account.json").read_text())
    assert read == book.as_json(7.0)
    assert read["seconds"] == 5.0
    assert read["refused"] == {"ValueError": 1}
    assert (read["offered"], read["conversations"]) == (2, 1)
    assert read["waits"] == {"number": 100, "p50": 0.5, "p99": 1.0, "longest": 9.0}
    assert [each.name for each in tmp_path.iterdir()] == ["account.json"]


# -------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--speed", "0", "--speed must be above 0 seconds, got 0.0"),
        ("--seconds", "nan", "--seconds must be a number of seconds above 0"),
        ("--turns", "-3", "--turns must be at least 1, got -3"),
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
