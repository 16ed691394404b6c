"""The chat page over the wire: what a browser's script sends and hears.

The service runs in a thread, on a clock that stands still (`examples.chat_page_picture`
plays it the same way): a session says its next word when the test lets it.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest
import trio
from wsproto.events import BytesMessage

from examples import chat_page
from examples.chat_page_picture import Stage, play
from tests.examples.chat_line import Line, address, get


@pytest.fixture
def stage() -> Generator[Stage]:
    """The page, served."""
    with play() as played:
        yield played


# ----------------------------------------------------------------------------- the page


def test_the_page_is_one_file_that_loads_nothing_else(stage: Stage) -> None:
    """No style, script or picture comes from anywhere else; other paths are nothing."""
    status, text = get(stage, "/")

    assert status == 200
    assert text == bytes(chat_page.HTML.body).decode()
    assert not re.search(r"(src|href)=.(https?:)?//|@import|url\(", text)
    assert get(stage, "/nothing")[0] == 404


def test_a_name_that_leads_here_by_deceit_gets_nothing(stage: Stage) -> None:
    """Another host's name that resolves to this machine is no way in."""
    port = address(stage)[1]

    assert get(stage, "/", host=f"evil.example:{port}")[0] == 404
    assert get(stage, "/", host=f"localhost:{port}")[0] == 200


def test_the_page_of_another_site_is_refused(stage: Stage) -> None:
    """A browser says whose script it is that connects."""
    with (
        Line(stage, "ann", origin="http://evil.example") as evil,
        Line(stage, "ann", origin=stage.url) as ours,
    ):
        assert evil.status == 403
        assert ours.status == 101


# ----------------------------------------------------------------------------- talking


def test_words_come_one_by_one(stage: Stage) -> None:
    """Each when its time has come, then the outcome."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(2)
        first = ann.hear("word", 2)[:]
        stage.words(100)
        ann.hear("outcome")

    assert first == ["“hello” ", "is "]
    assert "".join(ann.of("word")).startswith("“hello” is number 1 of what I remember.")
    assert ann.of("outcome") == ["Completed"]


def test_a_stop_ends_the_answer_and_is_not_remembered(stage: Stage) -> None:
    """The state is what it was before the turn; the next prompt is answered."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(3)
        ann.say("")
        ann.hear("outcome")
        stopped = ann.events.copy()
        ann.say("again")
        ann.hear("said", 2)
        stage.words(4)
        ann.hear("word", 7)

    assert [event["why"] for event in stopped if "why" in event] == [
        "Aborted(turn=2, reason='stopped on the page')"
    ]
    assert len([event for event in stopped if "word" in event]) == 3
    assert ann.of("word")[3:] == ["“again” ", "is ", "number ", "1 "]


def test_what_is_said_meanwhile_steers_the_answer(stage: Stage) -> None:
    """It goes into the turn that runs, at its next word, and has no turn of its own."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(3)
        ann.say("shorter")
        ann.hear("said", 2)
        stage.words(100)
        ann.hear("outcome", 2)
    kinds = [next(iter(set(event) - {"prompt", "why", "by"})) for event in ann.events]

    assert kinds[:5] == ["said", "word", "word", "word", "said"]
    assert kinds[5:7] == ["steered", "word"]
    assert kinds[-2:] == ["outcome", "outcome"]  # together: they are one transaction
    assert "".join(ann.of("word")[3:]) == "“shorter”: all right, I go on from there. "
    assert sorted(ann.of("outcome")) == ["Completed", "Steered"]


def test_a_stop_takes_back_what_would_have_steered(stage: Stage) -> None:
    """A prompt for a turn that ends is not kept for another."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(1)
        ann.say("more")
        ann.hear("said", 2)
        ann.say("")
        ann.hear("outcome", 2)

    assert sorted(ann.of("outcome")) == ["Aborted", "Withdrawn"]


def test_a_stop_with_nothing_to_stop_does_nothing(stage: Stage) -> None:
    """Nor does a frame that is no text: both say nothing."""
    with Line(stage, "ann") as ann:
        ann.say("")
        ann.send(BytesMessage(b"hello"))
        ann.say("hello")
        ann.hear("said")

    assert ann.of("said") == ["hello"]


# ------------------------------------------------------------------------------ looking


def test_whoever_comes_late_sees_everything(stage: Stage) -> None:
    """What there was comes at once, then what comes, the same for all who look."""
    with Line(stage, "ann") as first:
        first.say("hello")
        first.hear("said")
        stage.words(3)
        with Line(stage, "ann") as second:
            second.hear("word", 3)
            stage.words(1)
            first.hear("word", 4)
            second.hear("word", 4)

    assert first.events == second.events


def test_a_reader_who_goes_away_aborts_nothing(stage: Stage) -> None:
    """The turn goes on; whoever comes back finds its words."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(3)
        ann.hear("word", 3)
    stage.words(100)
    with Line(stage, "ann") as again:
        again.hear("outcome")

    assert again.of("outcome") == ["Completed"]
    assert len(again.of("word")) > 3


def test_sessions_answer_side_by_side(stage: Stage) -> None:
    """One does not wait for another, and hears nothing of it; any name is a name."""
    with Line(stage, "ann") as ann, Line(stage, "%C3%A9%20%3F") as other:
        ann.say("hello")
        other.say("salut")
        ann.hear("said")
        other.hear("said")
        stage.words(2)

        assert ann.hear("word", 2) == ["“hello” ", "is "]
        assert other.hear("word", 2) == ["“salut” ", "is "]
        keys = {each["key"] for each in sessions(stage)}
        assert keys == {"ann", "é ?"}


def sessions(stage: Stage) -> list[Any]:
    """The sessions of the service, as its control socket would list them."""
    found: list[Any] = []

    async def look() -> None:
        shape = await stage.service.view.sessions()
        found.extend(shape["sessions"])

    trio.from_thread.run(look, trio_token=stage.token)
    return found
