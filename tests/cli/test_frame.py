"""Facts about one picture of a service: what is in it, and that it fits."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from supervision._drawing.columns import Column, lay_out
from supervision._drawing.look import Level, actor_level
from supervision._drawing.rates import rates
from supervision._drawing.text import clean, plural, rate, size, span, words
from supervision._drawing.tree_rows import tree_rows, without_sessions
from supervision.cli import Extras, frame, save_picture
from supervision.service import TopShape
from tests.cli.story import actor, router, session, sessions, store, top

SIZES = [(120, 40), (80, 24), (40, 12), (200, 60)]


def drawn(
    now: TopShape,
    before: TopShape | None = None,
    *,
    width: int = 120,
    height: int = 40,
    extras: Extras | None = None,
) -> list[str]:
    """Draw a frame, without colours, as lines without spaces at their ends."""
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(frame(now, before, width, height, extras), end="")
    return [line.rstrip() for line in captured.get().split("\n")]


def line_of(lines: list[str], part: str) -> str:
    """Find the only line with this in it; runs of spaces are one."""
    (found,) = (
        line for line in (" ".join(each.split()) for each in lines) if part in line
    )
    return found


def test_the_head_says_what_goes_through() -> None:
    """Numbers with their words; without a frame before, rates are averages."""
    lines = drawn(top())

    assert line_of(lines, "READY") == (
        "chat READY up 1m40s pid 4242 cpu 10 % 84 MiB python 3.13.0"
    )
    assert line_of(lines, "turns ").endswith("6/8 running · 0 waiting · 3 queued")
    assert (
        line_of(lines, "opened") == "sessions 40 · 10 busy · 30 idle · 50 opened so far"
    )
    assert line_of(lines, "prompts") == (
        "prompts 1.0/s accepted on average · 100 in all · <0.1/s refused"
    )
    assert line_of(lines, "outcomes") == (
        "outcomes completed 80 (0.8/s) · aborted 10 (0.1/s)"
    )
    assert line_of(lines, "actors ") == (
        "actors 46 · 50/s messages · 3 crashes · 3 restarts · 2 dead letters"
    )


def test_the_store_has_a_line_if_there_is_one() -> None:
    """Commits a second; and first what is wrong with it."""
    before = top(router(store=store(batches=1000)), uptime=90.0)
    well = drawn(top(router(store=store())), before)
    alone = top(router(store=store(held=2, down=75.0, why="Full: no \x1b space")))
    badly = drawn(alone)

    assert line_of(well, "unwritten") == (
        "store 100/s commits · 12 unwritten · 4.0 ms each, on average · 84 MiB · "
        "log 4.0 MiB"
    )
    assert line_of(badly, "unwritten").startswith(
        "store DOWN for 1m15s · 2 keys held · Full: no "
    )
    assert not any("unwritten" in line for line in drawn(top()))


def test_a_store_that_nodes_share_says_what_is_whose() -> None:
    """In place of the sizes of files; what did not count is told if there is some."""
    before = top(router(store=store(batches=1000)), uptime=90.0)
    node = {"node": "chat-1", "size": None, "log": None}
    well = drawn(top(router(store=store(**node, partitions=21, following=9))), before)
    badly = drawn(top(router(store=store(**node, fenced=1200))))

    assert line_of(well, "unwritten") == (
        "store 100/s commits · 12 unwritten · node chat-1 · 21 partitions · 9 elsewhere"
    )
    assert line_of(badly, "unwritten").endswith(
        "12 unwritten · node chat-1 · 1,200 fenced · 0 partitions · 0 elsewhere"
    )


def test_rates_are_of_the_time_since_the_frame_before() -> None:
    """Not of the frames: two of them may be apart by any time."""
    before = top(uptime=98.0)
    now = top(router(accepted=130, outcomes={"Completed": 88, "Lost": 4}))
    now["statistics"]["process"]["cpu"] += 1.0
    now["statistics"]["system"]["crashes"] += 2

    lines = drawn(now, before)

    assert line_of(lines, "prompts").startswith("prompts 15/s accepted · 130 in all")
    assert line_of(lines, "outcomes") == (
        "outcomes completed 88 (4.0/s) · lost 4 (2.0/s)"
    )
    assert "cpu 50 %" in lines[0]
    assert "5 crashes (+2)" in line_of(lines, "actors ")


def test_a_frame_of_another_process_is_nothing_to_compare_with() -> None:
    """Its counts have nothing to do with these; nor have those of an earlier life."""
    now = top()

    for other in (top(pid=1, uptime=50.0), top(uptime=100.5)):
        assert rates(now, other) == rates(now, None)


def test_a_router_that_is_new_counts_from_zero() -> None:
    """It was not in the frame before."""
    before = top(router("/chat/a"), uptime=98.0)
    now = top(router("/chat/a"), router("/chat/b", accepted=10))

    found = rates(now, before)

    assert found.flows["/chat/b"].accepted == 5.0
    assert found.flow.accepted == 5.0


def test_two_frames_of_one_instant_have_no_rates() -> None:
    """Nothing is divided by nothing."""
    found = rates(top(), top())

    assert (found.flow.accepted, found.flow.ended, found.cpu) == (0.0, 0.0, 0.0)


def test_what_stops_says_why_and_how_long() -> None:
    """In the title, instead of the time that it is up."""
    lines = drawn(top(state="draining", why="SIGTERM", left=17.2))

    assert "DRAINING  17s left (SIGTERM)" in lines[0]


def test_the_tree_shows_who_is_in_trouble_with_a_mark_and_numbers() -> None:
    """Not by a colour alone."""
    lines = drawn(top())

    row = line_of(lines, "Lookup")
    assert row == "! ├─ search Worker waiting 1,000/1,024 Lookup 1m15s 3"
    assert line_of(lines, "router ").startswith("├─ router 40 sessions Router idle")


@pytest.mark.parametrize("kind", ["session", "turn", "actor"])
def test_a_turn_may_take_its_time(kind: str) -> None:
    """Its policy says how long; an actor that is as long at a message is in trouble."""
    busy = actor("/a", kind=kind, state="waiting", in_hand="x", in_hand_age=75.0)

    assert actor_level(busy) is (Level.WRONG if kind == "actor" else Level.FINE)


def test_a_tree_leaves_a_third_of_a_low_screen_to_the_sessions() -> None:
    """It is the smaller table, mostly, and the first that people look at."""
    now = top()
    now["sessions"] = sessions(*(session(f"key-{n}") for n in range(99)))
    now["tree"] = actor("/t", *(actor(f"/t/child-{n}") for n in range(30)))

    lines = drawn(now, width=80, height=24, extras=Extras(foot=Text("keys")))

    assert sum("child-" in line for line in lines) == 8
    assert any("... 22 more" in line for line in lines)
    assert sum("key-" in line for line in lines) == 5


def test_sessions_are_not_in_the_tree() -> None:
    """They have a table of their own; the system's line goes too."""
    whole = actor("/", actor("/c", actor("/c/r", actor("/c/r/s"), kind="router")))

    found = tree_rows(without_sessions(whole))

    assert [row.actor["path"] for row in found] == ["/c", "/c/r"]
    assert [row.more for row in found] == [0, 0]


def test_a_system_with_several_actors_keeps_its_line() -> None:
    """Else they would hang in the air."""
    whole = actor("/", actor("/a"), actor("/b"))

    assert [row.actor["path"] for row in tree_rows(without_sessions(whole))] == [
        "/",
        "/a",
        "/b",
    ]


@pytest.mark.parametrize("limit", range(1, 9))
def test_a_tree_that_does_not_fit_shows_the_worst_with_its_owners(limit: int) -> None:
    """And says how many more there are; never more lines than there is room for."""
    worst = actor("/t/b/bad", state="held")
    whole = actor(
        "/t",
        *(actor(f"/t/a{n}") for n in range(5)),
        actor("/t/b", worst, *(actor(f"/t/b/{n}") for n in range(9)), hidden=90),
    )

    rows = tree_rows(whole, limit)

    assert len(rows) <= limit
    shown = [row.actor["path"] for row in rows if not row.more]
    assert ("/t/b/bad" in shown) == (limit >= 5)
    total = sum(row.more for row in rows if row.actor["path"] == "/t/b")
    assert limit < 5 or total == 100 - sum(each.startswith("/t/b/") for each in shown)


def test_a_list_says_how_many_there_are() -> None:
    """Shown or not, and in which order."""
    lines = drawn(top(), extras=Extras(order="queued"))

    assert "SESSION 3 of 40, most queued first" in line_of(lines, "SESSION")
    assert line_of(lines, "bob") == "bob tool 18 search 30s 2.0s"


def test_the_outcomes_that_matter_are_not_cut_off() -> None:
    """With little room there are rates only, and the good news ends the line."""
    many = {"Steered": 9, "Aborted": 7, "TimedOut": 3, "Failed": 2, "Completed": 900}
    now = top(router(outcomes=many))

    wide = line_of(drawn(now, width=140), "outcomes")
    narrow = line_of(drawn(now, width=80, height=24), "outcomes")

    assert wide.startswith("outcomes completed 900 (9.0/s) · failed 2 (<0.1/s) · ti")
    assert narrow.startswith("outcomes completed 9.0/s · failed <0.1/s · timed out")


def test_with_little_room_an_outcome_of_long_ago_is_not_named() -> None:
    """There are rates only, and it has none."""
    before = top(router(outcomes={"Failed": 2, "Completed": 80}), uptime=98.0)
    now = top(router(outcomes={"Failed": 2, "Completed": 90}))

    still = top(router(outcomes={"Failed": 2, "Completed": 80}))

    found, nothing = (
        line_of(drawn(each, before, width=80, height=24), "outcomes")
        for each in (now, still)
    )

    assert found == "outcomes completed 5.0/s"
    assert nothing == "outcomes none now"


def test_a_long_id_of_a_turn_is_shown_whole() -> None:
    """It is what outcomes, events and the log say, and what a verb takes."""
    now = top()
    now["sessions"] = sessions(session("a", turn=1_000_000_012_345))

    assert line_of(drawn(now), "12345") == "a running 1000000012345 30s 2.0s"


def test_whose_session_it_is_shows_when_there_are_several_routers() -> None:
    """And each router has a line."""
    now = top(router(), router("/chat/other", alive=False, accepted=0, outcomes={}))

    lines = drawn(now)

    assert line_of(lines, "alice").startswith("alice /chat/router running")
    assert line_of(lines, "/chat/other").startswith("! /chat/other (down)")


def test_a_service_without_routers_has_only_a_tree() -> None:
    """There is nothing to be said about sessions."""
    now = top()
    now["statistics"]["routers"] = []
    now["sessions"] = sessions()

    lines = drawn(now)

    assert not any("SESSION" in line or "turns" in line for line in lines)
    assert any("mail" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_cursor_is_always_on_the_screen(width: int, height: int) -> None:
    """However far down it is."""
    now = top()
    now["sessions"] = sessions(*(session(f"key-{n}") for n in range(99)))

    for selected in (0, 5, 98):
        lines = drawn(
            now,
            width=width,
            height=height,
            extras=Extras(selected=selected, foot=Text("keys")),
        )
        assert len(lines) == height
        assert any(f"key-{selected} " in line for line in lines)
        assert lines[-1] == "keys"


def test_a_service_that_is_gone_says_so() -> None:
    """The last frame stays."""
    lines = drawn(top(), extras=Extras(gone="no answer for 3.0s"))

    assert "GONE  no answer for 3.0s" in lines[0]
    assert line_of(lines, "alice")


@pytest.mark.parametrize("size", [(39, 40), (120, 11), (1, 1), (0, 0)])
def test_a_screen_that_is_too_small_says_so(size: tuple[int, int]) -> None:
    """It cannot be drawn on, and nothing breaks."""
    width, height = size

    text = frame(top(), None, width, height)

    assert isinstance(text, Text)
    assert "the screen is too small" in text.plain


HOSTILE = "[red]\x1b[2J\x07\nline\u202e\ud800\u200b日本👩‍👩‍👧[/]"


def hostile() -> TopShape:
    """Make a frame in which every text is a stranger's."""
    now: Any = top(router(HOSTILE, outcomes={HOSTILE: 3}), router("/b"))
    now["statistics"]["service"].update(
        name=HOSTILE, why=HOSTILE, state=HOSTILE, left=1.0, python=HOSTILE
    )
    now["tree"] = actor(
        "/" + HOSTILE, cls=HOSTILE, state=HOSTILE, in_hand=HOSTILE, kind=HOSTILE
    )
    strange = session(HOSTILE, router=HOSTILE, phase=HOSTILE, tool=HOSTILE)
    now["sessions"] = sessions(strange)
    found: TopShape = now
    return found


def test_nothing_that_a_stranger_named_reaches_the_terminal() -> None:
    """No markup, no control character, no bidirectional trick, no half character."""
    console = Console(
        width=200, height=40, file=io.StringIO(), color_system=None, markup=True
    )
    with console.capture() as captured:
        console.print(frame(hostile(), None, 200, 40, Extras(selected=0)))

    text = captured.get()
    assert r"[red]\x1b[2J\x07\nline\u202e\ud800\u200b日本" in text
    assert not any(ord(each) < 32 for each in text.replace("\n", ""))
    text.encode()


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.integers(40, 220),
    st.integers(12, 70),
    st.integers(0, 60),
    st.integers(0, 60),
    st.sampled_from(["", "strange"]),
)
def test_a_frame_fits_whatever_is_in_it(
    width: int, height: int, actors: int, count: int, strange: str
) -> None:
    """No line is wider than the screen, and there are no more than it has."""
    now = hostile() if strange else top()
    now["tree"]["children"] += [actor(f"/日本{n}", hidden=n) for n in range(actors)]
    now["sessions"] = sessions(*(session("長い" * n) for n in range(count)))
    extras = Extras(selected=count - 1 if count else None, history=range(99))

    text = frame(now, None, width, height, extras)

    assert isinstance(text, Text)
    lines = text.plain.split("\n")
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width


def test_a_frame_does_not_change_what_it_draws() -> None:
    """It is drawn again when the terminal's size changes."""
    now, before = top(), top(uptime=99.0)
    copies = copy.deepcopy((now, before))

    drawn(now, before, extras=Extras(selected=1))

    assert (now, before) == copies


def test_a_narrow_table_leaves_out_what_matters_least() -> None:
    """The column that gives has what is left, but never less than it must."""
    columns = [
        Column(title="NAME", gives=6),
        Column(title="SIZE", right=True, matters=2),
        Column(title="NOTE", matters=1),
    ]
    rows = [[Text("something long"), Text("12"), Text("well")]]

    def shown(width: int | None) -> list[str]:
        return [line.plain for line in lay_out(columns, rows, width)]

    assert shown(None) == ["NAME            SIZE  NOTE", "something long    12  well"]
    assert shown(22) == ["NAME        SIZE  NOTE", "something…    12  well"]
    assert shown(17) == ["NAME         SIZE", "something …    12"]
    assert shown(8) == ["NAME    ", "somethi…"]


def test_a_picture_is_the_same_for_the_same_frame(tmp_path: Path) -> None:
    """So that it changes in a repository only if what is shown does."""
    for name in ("a.svg", "b.svg"):
        save_picture(frame(top(), None, 100, 30), tmp_path / name, 100, 30, "top")

    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "alice" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-1.0, "0.0s"),
        (0.04, "0.0s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (86399, "23h59m"),
        (86400, "1d00h"),
        (1e9, "11,574d01h"),
    ],
)
def test_a_time_is_short_and_rounds_without_a_gap(
    seconds: float | None, text: str
) -> None:
    """There is no `60s`."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (84 * 2**20, "84 MiB"),
        (2**60, "1,048,576 TiB"),
    ],
)
def test_bytes_have_their_unit(count: int | None, text: str) -> None:
    """Powers of 1,024."""
    assert size(count) == text


def test_rates_and_counts_are_words() -> None:
    """A little is not nothing."""
    assert [rate(each) for each in (0, 0.04, 0.5, 12.4, 12345)] == [
        "0/s",
        "<0.1/s",
        "0.5/s",
        "12/s",
        "12,345/s",
    ]
    assert [plural(1, "crash", "crashes"), plural(2000, "turn")] == [
        "1 crash",
        "2,000 turns",
    ]
    assert words("TimedOut") == "timed out"


@given(st.text())
def test_a_clean_text_is_printable_and_stays_as_it_is(text: str) -> None:
    """Cleaning twice is cleaning once."""
    found = clean(text)

    assert found.isprintable()
    assert clean(found) == found
    found.encode()
