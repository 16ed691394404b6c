"""The scenarios of sessions: what they note, and that wrong work gives no figure."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator
from typing import Any

import attrs
import pytest
import trio

from actors import Turn
from benchmarks.load import CHURNED, KEPT, zipf
from benchmarks.measuring.worker import WRONG, call, described
from benchmarks.replay.replaying import Report, replay
from benchmarks.run import Result, Run, WrongResultError
from benchmarks.scenario import Scenario
from benchmarks.scenarios.sessions import keeping, passivating, replaying
from benchmarks.scenarios.sessions.cast import Gated, Replier
from benchmarks.scenarios.sessions.conversing import RouterChurn, Streams1000, Teller
from benchmarks.scenarios.sessions.keeping import (
    SLOW,
    Accept1,
    Accept1Slow,
    Heard,
    TurnsDurable32,
)
from benchmarks.scenarios.sessions.passivating import (
    AcceptBackup,
    Noter,
    Passivated10K,
)
from benchmarks.scenarios.sessions.pooling import Stream100, Streamer, Suspender
from benchmarks.scenarios.sessions.reading import Narrator
from benchmarks.scenarios.sessions.remembering import ByHand, Reads, Talk
from benchmarks.scenarios.sessions.replaying import RealTraffic
from benchmarks.scenarios.sessions.routing import Route1M, RouteIdle, RouteQueued
from benchmarks.scenarios.sessions.sharing import (
    MODEST,
    WARM,
    Fair1,
    Fair8,
    Patient,
    Rota,
)
from benchmarks.scenarios.standard import SCENARIOS
from supervision import RouterRef

BY_NAME = {cls.name: cls for cls in SCENARIOS}


@pytest.fixture(autouse=True)
def _quick_collections() -> Generator[None]:
    """A timed block collects garbage before: let it not look at the test session."""
    gc.freeze()
    yield
    gc.unfreeze()


def perform(kind: type[Scenario], count: int) -> Result:
    """Let ours do its work in a loop of its own."""
    run = Run(count)
    call("ours", kind().contender("ours"), run)
    return run.result()


def wrong(kind: type[Scenario], count: int) -> str:
    """Which check has refused the run."""
    try:
        perform(kind, count)
    except Exception as error:  # noqa: BLE001 - it may be a group
        what, reason = described(error)
        assert what == WRONG
        return reason
    return "nothing"


@pytest.mark.parametrize("kind", [RouteQueued, RouteIdle])
def test_routing_has_its_time_by_that_of_tells(kind: type[Scenario]) -> None:
    """The note that the goal is about."""
    assert perform(kind, 400).notes.keys() == {"time_ratio", "nowait_ratio"}


def test_a_send_is_measured_among_so_many_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them are there while it is; a time for each burst of prompts."""
    monkeypatch.setattr(Route1M, "size", 1_500)  # of a million

    found = perform(Route1M, 2_000)

    assert found.count == 2
    assert found.notes.keys() == {"any_us", "time_ratio"}


def test_sessions_come_and_go() -> None:
    """More are opened than are kept, and fewer than there are turns."""
    found = perform(RouterChurn, 4_000)

    assert KEPT < found.notes["opened"] < found.count == 4_000


def test_the_keys_of_the_churn_are_unequal() -> None:
    """The first is asked for about ten times as often as the tenth."""
    keys = zipf(100_000, Run(1).random)

    assert 6 < keys.count(0) / keys.count(9) < 16
    assert min(keys) == 0
    assert max(keys) < CHURNED


def test_waiting_is_told_by_its_mean() -> None:
    """How even it was, and whether those who have much to do had more turns."""
    found = perform(Fair8, 1_120)

    assert found.notes.keys() == {
        "p50_over_mean",
        "p99_over_mean",
        "longest_over_mean",
        "greedy_over_modest",
    }
    assert found.notes["p50_over_mean"] <= found.notes["p99_over_mean"]
    assert found.notes["p99_over_mean"] <= found.notes["longest_over_mean"]


def test_a_small_count_says_nothing_of_the_greedy() -> None:
    """With no moment at which all had turns to come, there is no share to tell."""
    run = Run(2_000)
    rota = Rota(run, each=1)
    rota.waits = [1.0] * MODEST * (WARM + 1)
    rota.most = 8

    run.elapsed(1.0)
    rota.close(run, slots=8)

    assert "greedy_over_modest" not in run.result().notes
    assert run.result().notes["longest_over_mean"] == 1


def test_slots_go_round_evenly() -> None:
    """In virtual time this is no figure of the machine's: nobody waits much longer."""
    found = perform(Fair8, 1_120)

    assert found.notes["longest_over_mean"] < 1.5
    assert found.notes["greedy_over_modest"] < 1.1


@pytest.mark.parametrize(
    ("name", "cls", "words"),
    [
        ("take_turn", Replier, "right answers is 0, it must be 100"),
        ("turn_deadlines", Replier, "right answers is "),
        ("turn_resumable", Narrator, "whole answers is 0, it must be 160"),
        ("router_churn", Replier, "right answers is 0, it must be 100"),
        ("session_memory_10k", Replier, "right answers is 0, it must be 100"),
        ("turn1", Replier, "right answers is 0, it must be 100"),
        ("turn1s", Suspender, "right answers is 0, it must be 100"),
        ("turn100", Replier, "right answers is 0, it must be 100"),
        ("turn100s", Suspender, "right answers is 0, it must be 100"),
        ("stream100", Streamer, "whole answers is 0, it must be 100"),
        ("churn", Replier, "right answers is 0, it must be 100"),
        ("memsession", Replier, "right answers is 0, it must be 100"),
        ("route_10k", Gated, "answered is 0, it must be 10000"),
        ("streams_1000", Teller, "whole answers is 0, it must be 1000"),
        ("turns_durable_32", Heard, "right answers is 0, it must be 96"),
        ("turns_remembered", Talk, "right answers is 0, it must be 96"),
    ],
)
def test_wrong_answers_fail_the_run(
    name: str, cls: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions that answer wrongly give no figure."""
    right = cls.take_turn

    async def take_turn(self: Any, turn: Turn[int, int]) -> int:
        found: int = await right(self, turn)
        return found - 1

    monkeypatch.setattr(cls, "take_turn", take_turn)

    assert words in wrong(BY_NAME[name], 100)


@pytest.mark.parametrize(
    ("kind", "cls", "words"),
    [
        (Streams1000, Teller, "a chunk is 1, it must be 0"),
        (Stream100, Streamer, "chunks in their order is 0, it must be 2000"),
    ],
)
def test_a_chunk_that_is_left_out_fails_the_streams(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Scenario],
    cls: type[Teller | Streamer],
    words: str,
) -> None:
    """Each chunk is looked at."""

    async def take_turn(_self: object, turn: Turn[int, int]) -> int:
        for number in range(1, turn.prompt):
            await turn.emit(number)
        return turn.prompt

    monkeypatch.setattr(cls, "take_turn", take_turn)

    assert wrong(kind, 2_000) == words


def test_more_turns_than_slots_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that grants two at once is found out."""
    right = Patient.take_turn

    async def take_turn(self: Patient, turn: Any) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(right, self, turn)
            nursery.start_soon(right, self, turn)

    monkeypatch.setattr(Patient, "take_turn", take_turn)

    with pytest.raises(WrongResultError, match="turns"):
        perform(Fair1, 224)


def test_a_turn_that_is_kept_is_two_transactions() -> None:
    """Its prompt is accepted together with its beginning."""
    found = perform(TurnsDurable32, 32)

    assert found.notes == {"batches_alone": 2}


def test_a_prompt_that_is_not_in_the_file_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that were accepted are looked for by another router."""
    right: Any = getattr(RouterRef[str, int], "accept")  # noqa: B009
    accepted: dict[str, Any] = {}

    async def accept(self: Any, key: str, prompt: str) -> Any:
        if key not in accepted:
            accepted[key] = await right(self, key, prompt)
        return accepted[key]

    monkeypatch.setattr(RouterRef, "accept", accept)
    monkeypatch.setattr(keeping, "PATIENCE", 0.5)

    assert wrong(Accept1, 3) == "prompts that are kept is 0, it must be 2"


def test_a_slow_disk_is_as_slow_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait of either takes so much longer, and none of another scenario does."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    scenario, run = Accept1Slow(), Run(3)
    scenario.disk(run)
    assert waits == [SLOW] * 3

    waits.clear()
    perform(Accept1Slow, 3)
    assert len(waits) > 3
    assert set(waits) == {SLOW}

    waits.clear()
    perform(Accept1, 3)
    assert waits == []


def test_keys_that_are_in_the_store_alone_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What an opening, an `accept` and pruning take beside it."""
    for name, value in (("WARM", 20), ("FEW", 5), ("OPENINGS", 2), ("SAMPLES", 20)):
        monkeypatch.setattr(passivating, name, value)

    found = perform(Passivated10K, 30)

    assert found.count == 30
    assert found.notes.keys() == {
        *("open_us", "open_ratio", "passivated_us", "time_ratio"),
        *("p99_ratio", "pruned_seconds", "pruned_kib"),
    }


def test_a_passivated_key_without_its_state_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them have one."""
    for name, value in (("WARM", 20), ("FEW", 5), ("OPENINGS", 2), ("SAMPLES", 20)):
        monkeypatch.setattr(passivating, name, value)
    right = Noter.take_turn

    async def take_turn(self: Noter, turn: Turn[str, str, str]) -> int:
        found = await right(self, turn)
        return found if turn.key.startswith("first") else 0

    monkeypatch.setattr(Noter, "take_turn", take_turn)
    assert wrong(Passivated10K, 30).startswith("states that are there is ")


def test_reading_is_measured_beside_a_thread_and_a_session() -> None:
    """What is read is looked at, and nothing was started for it."""
    found = perform(Reads, 3)

    assert found.count == 3
    assert found.notes.keys() == {"live_ratio", "hand_ratio", "memory_us"}
    assert all(value > 0 for value in found.notes.values())


def test_a_page_without_its_entries_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By hand or not."""
    monkeypatch.setattr(ByHand, "read", nothing)
    assert wrong(Reads, 3).startswith("right pages is 9, ")


async def nothing(_: ByHand, key: str) -> tuple[object, tuple[object, ...]]:
    """A page that is empty."""
    return key, ()


def test_accepting_beside_copies_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """By turns with none."""
    monkeypatch.setattr(passivating, "BALLAST", 2)

    found = perform(AcceptBackup, 10)

    assert found.count == 10
    assert found.notes.keys() == {"p99_ratio"}


def test_a_replay_notes_waits_and_peaks() -> None:
    """Its count is its turns; a broken promise gives no figure."""
    found = perform(RealTraffic, 50)

    assert found.count == 50
    assert {"wait_p50", "wait_p99", "peak_sessions", "peak_tasks"} <= set(found.notes)


def test_a_broken_promise_fails_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise is named."""

    def broken(turns: int, *, seed: int) -> Report:
        return attrs.evolve(replay(turns, seed=seed), broken=("no order (1)",))

    monkeypatch.setattr(replaying, "replay", broken)

    with pytest.raises(WrongResultError, match=r"broken promises is \('no order"):
        perform(RealTraffic, 20)


def test_the_whole_recording_is_replayed() -> None:
    """A count that is part of the question is not rounded."""
    assert RealTraffic().count_for("ours", 0.1) == 12_031
