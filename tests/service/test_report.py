"""`ServiceReport`: it adds up or says where it does not, in words, table and JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import attrs
import pytest
from rich.console import Console

from actors import Late
from supervision.service._terms.exit_codes import ExitCode
from supervision.service._terms.report import LostPrompt, RouterReport, ServiceReport

CHAT = RouterReport(
    path="/demo/chat",
    accepted=10_000,
    outcomes={"Completed": 9_000, "Failed": 995, "Lost": 5},
    refused={"QueueFullError": 7},
    in_drain={"Completed": 30, "Lost": 5},
)
MAIL = RouterReport(
    path="/demo/mail",
    accepted=3,
    outcomes={"Completed": 1, "Aborted": 2},
    refused={"QueueFullError": 1, "SaturatedError": 2},
    in_drain={},
)
LOST = tuple(LostPrompt("/demo/chat", f"user-{n}", n) for n in range(5))


def report(**changes: Any) -> ServiceReport:
    """One of a service that has stopped in order."""
    usual: dict[str, Any] = {
        "name": "demo",
        "seconds": 3723.0,
        "why": "SIGTERM",
        "exit_code": 0,
        "routers": (CHAT, MAIL),
        "drain_seconds": 4.2,
        "stop_seconds": 0.31,
        "budget": 25.0,
        "lost": LOST,
        "lost_total": 5,
        "aborted": 2,
    }
    return ServiceReport(**usual | changes)


def drawn(found: ServiceReport, width: int = 80) -> str:
    """The table as text."""
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(found)
    return console.export_text()


def test_sums_are_over_all_routers() -> None:
    """The most frequent first."""
    found = report()

    assert found.accepted == 10_003
    assert list(found.outcomes.items()) == [
        ("Completed", 9_001),
        ("Failed", 995),
        ("Lost", 5),
        ("Aborted", 2),
    ]
    assert found.refused == {"QueueFullError": 8, "SaturatedError": 2}
    assert found.in_drain == {"Completed": 30, "Lost": 5}
    assert found.adds_up
    assert found.in_time


def test_the_words_say_it_all() -> None:
    """In the order in which a person asks."""
    assert report().lines() == [
        "demo: ended after 1 h 02 min: SIGTERM; exit code 0 (OK)",
        "  time      drain 4.20 s + stop 0.31 s = 4.51 s of 25 s: in time",
        "  prompts   10,003 accepted = 10,003 outcomes",
        "  outcomes  Completed 9,001, Failed 995, Lost 5, Aborted 2",
        "  refused   QueueFullError 8, SaturatedError 2",
        "  in drain  Completed 30, Lost 5: outcomes since the drain began",
        "  cut off   2 turns aborted when the time of the drain was up",
        "  lost      5 prompts: /demo/chat user-0 #0, /demo/chat user-1 #1, /demo/chat",
        "            user-2 #2, /demo/chat user-3 #3, /demo/chat user-4 #4",
        "  router    /demo/chat: 10,000 accepted = 10,000 outcomes",
        "  router    /demo/mail: 3 accepted = 3 outcomes",
    ]


def test_a_service_without_a_router_has_no_prompts() -> None:
    """It says so, and that adds up."""
    found = report(routers=(), lost=(), lost_total=0, aborted=0)

    assert found.adds_up
    assert found.lines()[1:] == [
        "  time      drain 4.20 s + stop 0.31 s = 4.51 s of 25 s: in time",
        "  prompts   none: there was no router",
    ]


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        (10_001, "10,001 accepted, 10,000 outcomes: 1 WITHOUT"),
        (9_990, "9,990 accepted, 10,000 outcomes: 10 TOO MANY"),
    ],
)
def test_what_does_not_add_up_is_said(accepted: int, words: str) -> None:
    """In the words, and in the JSON."""
    found = report(routers=(attrs.evolve(CHAT, accepted=accepted),))

    assert not found.adds_up
    assert f"  prompts   {words}" in found.lines()
    assert words in drawn(found)
    assert found.as_json()["adds_up"] is False


def test_two_wrong_routers_do_not_make_a_right_sum() -> None:
    """One has too many, the other too few; the wrong ones are shown first."""
    wrong = (
        MAIL,
        attrs.evolve(CHAT, accepted=10_001),
        attrs.evolve(CHAT, path="/b", accepted=9_999),
    )
    found = report(routers=wrong)

    lines = found.lines()

    assert not found.adds_up
    assert (
        "  prompts   20,003 accepted = 20,003 outcomes, but not in each router" in lines
    )
    assert "/demo/chat" in lines[-3]
    assert "/b" in lines[-2]


@pytest.mark.parametrize(
    ("changes", "in_time"),
    [
        ({"drain_seconds": 20.0, "stop_seconds": 5.4}, True),
        ({"drain_seconds": 20.0, "stop_seconds": 5.6}, False),
        ({"late": (Late("/demo/slow", "receive"),)}, True),  # its own grace was over
        (
            {"late": (Late("/demo/slow", "receive"),), "stop_seconds": 20.8},
            False,
        ),
        ({"budget": 0.0, "drain_seconds": 0.0, "stop_seconds": 0.4}, True),
    ],
)
def test_in_time_means_within_the_budget(
    changes: dict[str, Any],
    in_time: bool,  # noqa: FBT001 - a parameter of the table above
) -> None:
    """Half a second is a busy machine's."""
    found = report(**changes)

    assert found.in_time is in_time
    assert found.lines()[1].endswith(": in time" if in_time else ": LATE")


def test_who_was_late_is_named() -> None:
    """The first five, and how many more."""
    late = tuple(Late(f"/demo/slow{n}", "receive") for n in range(7))

    lines = report(
        late=late, routers=(), lost_total=0, lost=(), stop_seconds=20.9
    ).lines()

    text = " ".join(line.strip() for line in lines[4:])
    assert text.startswith("late      7 actors killed: /demo/slow0 (receive), ")
    assert text.endswith("/demo/slow4 (receive), and 2 more")


def test_after_a_second_signal_nobody_was_late() -> None:
    """They were cut short, which is what was asked for."""
    late = (Late("/demo/chat/a", "queue"),)
    found = report(exit_code=143, late=late, why="SIGTERM, then SIGTERM")

    text = "\n".join(found.lines())

    assert found.cut_short
    assert "of 25 s: cut short" in text
    assert "  killed    1 actor killed: /demo/chat/a (queue)" in text
    assert "late" not in text.lower()
    assert found.as_json()["cut_short"] is True


def crash() -> ValueError:
    """One that has been raised."""
    with pytest.raises(ValueError, match="empty") as caught:
        raise ValueError("the purse is\nempty")
    return caught.value


def test_a_crash_is_one_line_and_a_stack_in_the_json() -> None:
    """Its traceback belongs to the log."""
    found = report(crash=crash(), exit_code=1, why="the tree crashed")

    assert "  crash     ValueError: the purse is\\nempty" in found.lines()
    shown = found.as_json()["crash"]
    assert shown["error"] == "ValueError: the purse is\\nempty"
    assert shown["stack"][0] == "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0 (OK)"),
        (1, "exit code 1 (CRASHED)"),
        (4, "exit code 4 (LATE)"),
        (143, "exit code 143 (signal 15)"),
        (77, "exit code 77 (unknown)"),
    ],
)
def test_the_exit_code_comes_with_its_meaning(code: int, words: str) -> None:
    """A number alone tells nobody anything."""
    assert report(exit_code=code).lines()[0].endswith(words)


def test_the_json_is_complete_and_plain() -> None:
    """With the sums, so that nobody has to add."""
    found = report(late=(Late("/demo/slow", "receive"),), stop_seconds=21.0)

    shown = json.loads(json.dumps(found.as_json(), allow_nan=False))

    assert shown == {
        "name": "demo",
        "why": "SIGTERM",
        "exit_code": 0,
        "seconds": 3723.0,
        "budget": 25.0,
        "drain_seconds": 4.2,
        "stop_seconds": 21.0,
        "in_time": False,
        "cut_short": False,
        "accepted": 10_003,
        "outcomes": found.outcomes,
        "refused": found.refused,
        "in_drain": found.in_drain,
        "kept": 0,
        "adds_up": True,
        "aborted": 2,
        "late": [{"path": "/demo/slow", "phase": "receive"}],
        "let_go": [],
        "let_go_total": 0,
        "lost": [
            {"router": "/demo/chat", "key": f"user-{n}", "id": n} for n in range(5)
        ],
        "lost_total": 5,
        "crash": None,
        "routers": [
            {
                "path": each.path,
                "accepted": each.accepted,
                "outcomes": dict(each.outcomes),
                "refused": dict(each.refused),
                "in_drain": dict(each.in_drain),
                "kept": 0,
                "adds_up": True,
            }
            for each in (CHAT, MAIL)
        ],
    }
    assert {field.name for field in attrs.fields(ServiceReport)} <= set(shown)
    late = report(exit_code=ExitCode.LATE).as_json()["exit_code"]
    assert (late, type(late)) == (4, int)


def big() -> ServiceReport:
    """All that can be large or odd is."""
    odd = "\x1b[2J[bold]\u202e\ud800" + "k" * 500
    return report(
        name="n" * 300,
        why="w\n" * 300,
        routers=tuple(attrs.evolve(MAIL, path=f"/{n}/{odd}") for n in range(1000)),
        lost=tuple(LostPrompt(odd, odd, n) for n in range(5000)),
        lost_total=5000,
        late=(Late(odd, "receive"),) * 1000,
        crash=ValueError(odd),
    )


def test_a_huge_service_has_a_short_report() -> None:
    """At most 80 columns and some fifty lines, whatever it has done."""
    found = big()

    lines = found.lines()

    assert len(lines) <= 60
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert "  router    and" not in lines
    assert lines[-1].strip() == "and 990 more routers"
    assert len(found.lost) == 100
    assert "and 4,995 more" in " ".join(" ".join(lines).split())


def test_the_table_fits_a_small_terminal() -> None:
    """80 columns; no control character, no markup of a stranger."""
    text = drawn(big())

    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "\\x1b[2J[bold]" in text


def test_the_table_says_the_same_as_the_words() -> None:
    """Every number of the one is in the other."""
    text = drawn(report())

    for line in report().lines():
        for word in line.split():
            assert word in text


def test_a_narrow_terminal_gets_the_table_too() -> None:
    """Broken into more lines."""
    text = drawn(report(), width=40)

    assert max(map(len, text.splitlines())) <= 40
    assert "10,003" in text
