"""The harness finds out of an agent of our own what we know of it."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import pytest
import trio

from .asking import lives
from .asking.hosted import hosted
from .asking.lives import LIVES, left_behind
from .asking.subject import Subject
from .asking.talks import TALKS
from .asking.wire import Json
from .model.server import open_model
from .recipe import Place, Recipe
from .run import Running

BOUND = 100.0  # seconds until a test of real processes fails; nothing waits for it
OWN = Recipe(
    "own",
    [sys.executable, "-S", str(Path(__file__).parent / "own.py")],
    env={"MODEL": "$url", "PYTHONPATH": ":".join(filter(None, sys.path))},
)
RUN = "import subprocess, sys; subprocess.run(sys.argv[1:])"


async def found(place: Place, *names: str) -> Json:
    """Make some probes."""
    with trio.fail_after(BOUND):
        async with open_model(pace=0.01) as model:
            place.lay_out(OWN, model.url)
            subject = Subject(OWN, place, model, settling=0.01)
            running = Running(subject, None)
            await running.talk([name for name in names if name in TALKS])
            for name in names:
                if name in LIVES:
                    await running.one(name, LIVES[name](subject))
            if "hosted" in names:
                await running.one("hosted", hosted(subject))
            return running.facts


async def test_what_it_is_asked_while_it_lives(tmp_path: Path) -> None:
    """Modes, words, tools, a second prompt, a cancel, an error, a wrong session."""
    facts = await found(Place(tmp_path), *TALKS)

    assert facts["opened"]["modes"] == ["careful", "bold"]
    assert facts["said"]["text"] == "alpha beta gamma"
    assert facts["said"]["tools"] == ["bash"]
    modes = facts["permissions"]["modes"]
    assert [modes[m]["shell"]["asked"] for m in ("careful", "bold")] == [1, 0]
    assert [modes[m]["shell"]["done"] for m in ("careful", "bold")] == [False, True]
    assert modes["careful"]["write"]["tool"] == ""
    assert facts["permissions"]["allowed"]["done"]
    assert facts["two prompts"]["order"] == ["first: end_turn", "second: end_turn"]
    assert facts["cancelled"]["reason"] == "cancelled"
    assert facts["cancelled"]["after"] == "end_turn"
    assert facts["model error"]["reason"].startswith("error -32603: HTTP/1.1 400")
    assert facts["unknown session"]["reason"] == "error -32602: no such"
    assert facts["noise"] == []


class Greeted(Subject):
    """Its agent says something of a new session when it is first listened to."""

    async def settle(self) -> None:
        await super().settle()
        if self.wire is not None and not self.last_words():
            update = {"sessionUpdate": "agent_message_chunk"}
            self.wire.told.updates.append({**update, "content": {"text": "Welcome!"}})
            self.wire.process.keep_noise(b"welcomed")


async def test_what_is_said_of_a_new_session_is_no_answer(tmp_path: Path) -> None:
    """It may come when the session is there."""
    place = Place(tmp_path)
    with trio.fail_after(BOUND):
        async with open_model() as model:
            place.lay_out(OWN, model.url)
            subject = Greeted(OWN, place, model, settling=0.01)
            async with subject.run() as wire:
                found = await TALKS["said"](subject, wire)

    assert found["text"] == "alpha beta gamma"


async def test_how_it_begins_and_ends(tmp_path: Path) -> None:
    """It goes when it should, and its history is there after a kill."""
    facts = await found(Place(tmp_path), *LIVES)

    assert facts["version 2"] == {"protocol": 1}
    assert facts["end of input"] == {"idle": "exit 0", "busy": "exit 0"}
    assert facts["terminated"] == {"idle": "exit -15", "busy": "exit -15"}
    assert facts["killed"]["offered"] == ["load"]
    assert facts["killed"]["load"]["replayed"] == 2
    assert facts["killed"]["load"]["model was told"] == ["quince", "medlar"]
    assert facts["killed"]["resume"] == {"answer": "error -32602: no such"}


async def test_one_that_says_all_at_the_end_is_cancelled_before(
    tmp_path: Path,
) -> None:
    """When the model has been asked, and nothing was heard for a while."""
    place = Place(tmp_path)
    with trio.fail_after(BOUND):
        async with open_model(pace=50) as model:  # ten seconds until the first word
            place.lay_out(OWN, model.url)
            subject = Subject(OWN, place, model, settling=0.01, silence=0.05)
            async with subject.run() as wire:
                session = await subject.session(wire)
                number = await subject.begin(wire, session)
                assert wire.told.text() == ""
                assert [each.verb for each in model.requests] == ["slow"]
                await wire.notify("session/cancel", {"sessionId": session})
                answer = await wire.answer(number, BOUND)

    assert answer["result"]["stopReason"] == "cancelled"


async def test_a_launcher_that_goes_is_not_the_agent_that_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To `AgentProcess` they are one; the page is about the process that was told."""
    monkeypatch.setattr(lives, "LEAVING", 0.05)
    launcher = [sys.executable, "-S", "-c", RUN, *OWN.command]
    place = Place(tmp_path)
    with trio.fail_after(BOUND):
        async with open_model() as model:
            place.lay_out(OWN, model.url)
            recipe = attrs.evolve(OWN, command=launcher)
            subject = Subject(recipe, place, model, settling=0.01)
            found = await LIVES["terminated"](subject)

    assert found == dict.fromkeys(("idle", "busy"), "exit -15, 1 left behind")


@pytest.mark.parametrize(("takes", "within", "left"), [(0.2, 60, 0), (60, 0.05, 1)])
async def test_who_goes_late_is_not_left_behind(
    monkeypatch: pytest.MonkeyPatch, takes: float, within: float, left: int
) -> None:
    """A row says what an agent does, not how busy the machine was."""
    monkeypatch.setattr(lives, "LEAVING", within)
    process = await trio.lowlevel.open_process(["sleep", str(takes)])
    with trio.fail_after(BOUND):
        found = await left_behind([process.pid])
        process.kill()
        await process.wait()

    assert found == left


async def test_how_our_users_have_it(tmp_path: Path) -> None:
    """Denied by default, aborted, killed, and it still knows."""
    facts = await found(Place(tmp_path), "hosted")

    assert facts["hosted"] == {
        "answer": "Completed: quince",
        "denied": "Completed: the tool has answered",
        "asked": 1,
        "done": False,
        "aborted": "Aborted",
        "after": "Completed: medlar",
        "after kill": "Completed: recalled: quince medlar",
        "history lost": False,
    }


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ([sys.executable, "-S", "-c", "print('Welcome!')"], "AgentGoneError"),
        (["no-such-agent"], "AgentStartError"),
    ],
)
async def test_one_that_does_not_start_is_a_fact(
    command: list[str], error: str, tmp_path: Path
) -> None:
    """And no probe is made."""
    place = Place(tmp_path)
    async with open_model() as model:
        recipe = attrs.evolve(OWN, command=command)
        place.lay_out(recipe, model.url)
        running = Running(Subject(recipe, place, model), None)
        with trio.fail_after(BOUND):
            await running.talk(["opened", "said"])

    assert running.facts["start"]["error"].startswith(error)
    assert not running.speaks()
