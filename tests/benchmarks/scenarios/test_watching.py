"""The scenarios of services: watched, looked at, drained, stopped."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from actors import Turn
from benchmarks.load import SHOWN
from benchmarks.measuring.worker import ABSENT, DONE, WRONG, call, described
from benchmarks.run import Result, Run
from benchmarks.scenario import OURS, Scenario
from benchmarks.scenarios.services import cast as service_cast
from benchmarks.scenarios.services import onlooker, serving
from benchmarks.scenarios.services.cast import Hung, Look, Onlooker, Served, Slice
from benchmarks.scenarios.services.looking import Look10K, Steps
from benchmarks.scenarios.services.serving import Drain, DrainHung, StopNow, Watched10K
from benchmarks.scenarios.sessions.cast import Gated, Replier
from supervision import Service
from supervision.service import View


@pytest.fixture(autouse=True)
def _quick_collections() -> Generator[None]:
    """A timed block collects garbage before: let it not look at the test session."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few sessions instead of 10,000, and moments instead of seconds."""
    for kind in (Watched10K, Look10K):
        monkeypatch.setattr(kind, "size", 40)
    monkeypatch.setattr(serving, "WATCHED", 0.01)
    monkeypatch.setattr(serving, "TALKS", 8)
    monkeypatch.setattr(serving, "BUDGET", 0.5)


def perform(kind: type[Scenario], count: int, contender: str = OURS) -> Result:
    """Let a contender do its work in a loop of its own."""
    run = Run(count)
    call(contender, kind().contender(contender), run)
    return run.result()


def failure(kind: type[Scenario], count: int, contender: str = OURS) -> tuple[str, str]:
    """What a worker would say of the run: its kind, and why."""
    try:
        perform(kind, count, contender)
    except Exception as error:  # noqa: BLE001 - it may be a group
        return described(error)
    return DONE, ""


class Seer:
    """An onlooker in this process, who sees what he is told to."""

    def __init__(self, sessions: int = 40, shown: int = SHOWN) -> None:
        self.seen = Look(0.001, sessions, shown)
        self.looks = 0

    @asynccontextmanager
    async def at(self, _path: Path) -> AsyncGenerator[Seer]:
        """Have it for a block."""
        yield self

    async def look(self) -> Look:
        """Look."""
        await trio.lowlevel.checkpoint()
        self.looks += 1
        return self.seen


def test_a_watched_service_is_seen_once_in_each_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As often as it was to be, and before that a few times in peace."""
    seer = Seer()
    monkeypatch.setattr(serving, "Onlooker", seer)

    found = perform(Watched10K, 3)

    assert seer.looks == serving.QUIET + 3
    assert found.notes.keys() == {
        "unwatched_percent",
        "watched_percent",
        "frame_percent",
        "frame_us",
    }
    assert found.notes["frame_us"] == pytest.approx(1_000)


def test_an_onlooker_looks_from_a_process_of_its_own() -> None:
    """Over the control socket: all sessions are counted, as many shown as fit."""
    found = perform(Watched10K, 1)

    assert found.notes["frame_us"] > 0
    assert found.notes["frame_percent"] > 0


@pytest.mark.parametrize("seer", [Seer(sessions=39), Seer(shown=SHOWN - 1)])
def test_sessions_that_are_not_seen_fail_the_run(
    seer: Seer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that leaves out what there is, is no frame."""
    monkeypatch.setattr(serving, "Onlooker", seer)

    kind, reason = failure(Watched10K, 1)

    assert kind == WRONG
    assert reason.startswith("sessions that were seen is [(")


async def test_an_onlooker_says_why_it_sees_nothing(tmp_path: Path) -> None:
    """There is no service at that path; it may be asked again."""
    async with Onlooker.at(tmp_path / "none") as nobody:
        for _ in range(2):
            with pytest.raises(ConnectionError, match="there is no such socket"):
                await nobody.look()


async def test_an_onlooker_that_ends_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody waits for its answer."""
    monkeypatch.setattr(sys, "executable", "/bin/true")

    async with Onlooker.at(tmp_path / "none") as nobody:
        with pytest.raises(ConnectionError, match="the onlooker has ended"):
            await nobody.look()


def test_an_onlooker_ends_with_its_input(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line for each of its lines, and no more."""
    monkeypatch.setattr(sys, "stdin", StringIO("\n\n"))

    assert onlooker.main([str(tmp_path / "none")]) == 0

    assert capsys.readouterr().out.count("nobody answers at") == 2


def test_without_the_extra_the_scenario_is_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing failed: something is not installed."""
    monkeypatch.setattr(serving, "Onlooker", Seer())
    monkeypatch.setitem(sys.modules, "supervision.control", None)

    kind, reason = failure(Watched10K, 1)

    assert kind == ABSENT
    assert "supervision.control" in reason


@pytest.mark.parametrize("contender", [OURS, "plain"])
def test_wrong_answers_fail_the_watched_service(
    contender: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each turn's answer is looked at."""
    right = Replier.take_turn

    async def take_turn(self: Replier, turn: Turn[int, int]) -> int:
        found = await right(self, turn)
        return found - (turn.id == 45)

    monkeypatch.setattr(Replier, "take_turn", take_turn)
    monkeypatch.setattr(serving, "Onlooker", Seer())

    kind, reason = failure(Watched10K, 1, contender)

    assert kind == WRONG
    assert reason.startswith("right answers is ")


def slices(*speeds: float) -> list[Slice]:
    """Slices of two seconds, in one of which the process had a processor."""
    return [Slice(round(speed), 2.0, 1.0) for speed in speeds]


def test_what_is_taken_is_the_median_over_the_slices() -> None:
    """One slow slice says nothing; more turns than before is less than nothing."""
    alone = slices(100, 200, 100)

    assert serving._taken(alone, slices(96, 10, 98)) == pytest.approx(4)
    assert serving._taken(alone, slices(102, 204, 102)) == pytest.approx(-2)


def test_what_others_take_of_the_machine_is_not_counted() -> None:
    """Twice as long for as many turns, but with half of a processor, is as fast."""
    alone, crowded = Slice(100, 1.0, 1.0), Slice(100, 2.0, 1.0)

    assert serving._taken([alone], [crowded]) == 0


def test_a_prompt_that_fails_in_the_drain_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that were accepted are to be completed."""

    async def take_turn(_self: Gated, turn: Turn[int, int]) -> int:
        raise ValueError(turn.prompt)

    monkeypatch.setattr(Gated, "take_turn", take_turn)

    kind, reason = failure(Drain, 20)

    assert kind == WRONG
    assert reason == "outcomes is {'Failed': 20}, it must be {'Completed': 20}"


def test_a_drain_that_is_not_in_time_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its report has to say that all is well."""
    right = Served.ended

    async def ended(self: Served) -> Any:
        return attrs.evolve(await right(self), exit_code=4)

    monkeypatch.setattr(Served, "ended", ended)

    kind, reason = failure(Drain, 20)

    assert kind == WRONG
    assert reason == "an end in order is (True, 4), it must be (True, 0)"


@pytest.mark.parametrize("kind", [DrainHung, StopNow])
def test_a_stop_tells_what_it_took_of_the_budget(kind: type[Scenario]) -> None:
    """More prompts than sessions: some wait behind turns that do not end."""
    found = perform(kind, 20)

    assert found.count == 20
    assert 0 < found.notes["budget_percent"] <= 100


def test_turns_that_end_all_the_same_fail_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is measured is the stop of turns that do not."""

    async def take_turn(_self: Hung, turn: Turn[int, int]) -> int:
        return turn.prompt

    monkeypatch.setattr(Hung, "take_turn", take_turn)

    kind, reason = failure(DrainHung, 20)

    assert kind == WRONG
    assert (
        reason == "outcomes is {'Completed': 20}, it must be {'Aborted': 8, 'Lost': 12}"
    )


def test_a_stop_over_its_budget_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The budget is a promise, not a figure."""
    right = Served.ended

    async def ended(self: Served) -> Any:
        return attrs.evolve(await right(self), stop_seconds=30.0)

    monkeypatch.setattr(Served, "ended", ended)

    kind, reason = failure(DrainHung, 20)

    assert kind == WRONG
    assert reason.startswith("seconds is 30.")


def test_a_service_is_stopped_when_the_measuring_of_it_fails() -> None:
    """Nothing is left that would wait for it."""

    async def main() -> Service:
        async with service_cast.serving(Replier) as served:
            pass
        assert (await served.ended()).exit_code == 0
        return served.service

    assert trio.run(main).why == "it has been measured"


def test_a_look_has_its_times_and_its_memory() -> None:
    """A sample for each frame; of the rest the medians."""
    found = perform(Look10K, 20)

    assert found.count == 20
    assert found.notes.keys() == {
        "list_us",
        "tree_us",
        "statistics_us",
        "session_us",
        "step_us",
        "kib",
    }
    assert 0 < found.notes["kib"] < 1_000


def test_a_look_that_misses_a_session_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each kind of look is checked."""
    right = View.statistics

    def statistics(self: View) -> Any:
        found = right(self)
        found["routers"][0]["sessions"] -= 1
        return found

    monkeypatch.setattr(View, "statistics", statistics)

    kind, reason = failure(Look10K, 20)

    assert kind == WRONG
    assert reason == "sessions that were seen is 39, it must be 40"


async def test_the_longest_step_is_that_between_checkpoints() -> None:
    """Many short steps hold up nobody; one long one does."""
    ticks = iter(range(1_000))
    steps = Steps(clock=lambda: next(ticks))
    trio.lowlevel.add_instrument(steps)

    for _ in range(3):
        await trio.lowlevel.checkpoint()
    short = steps.longest
    for _ in range(50):
        next(ticks)
    await trio.lowlevel.checkpoint()
    trio.lowlevel.remove_instrument(steps)

    assert short == 1
    assert steps.longest > 50
