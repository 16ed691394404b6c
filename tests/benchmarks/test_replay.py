"""The replay of real traffic: the recording, the plan, the book, and all of it."""

from __future__ import annotations

import logging
import math
from collections import Counter
from itertools import pairwise

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Actor,
    AnyRef,
    CloseReason,
    Completed,
    Event,
    Failed,
    Limit,
    Outcome,
    PromptAccepted,
    PromptEnded,
    PromptKind,
    SessionClosed,
    SessionCrashedError,
    SessionOpened,
    TimedOut,
    Turn,
    TurnEnded,
    TurnStarted,
    open_system,
)
from benchmarks.replay import replaying
from benchmarks.replay.book import Book, ScriptedError
from benchmarks.replay.players import Chat
from benchmarks.replay.replaying import LIMITS, Report, replay
from supervision.demo.traffic import SHARES, Accident, Prompt, planned, recorded

SLICE = 300


@pytest.fixture(autouse=True)
def _nobody_keeps_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test session keeps of the log would be memory that is not given back."""
    monkeypatch.setattr(logging.getLogger("supervision"), "disabled", True)


def test_the_recording_is_whole() -> None:
    """12,031 turns of 7,373 conversations in 59 minutes, in the order of arrival."""
    turns = recorded()

    sizes = Counter(turn.key for turn in turns)
    assert len(turns) == 12_031
    assert len(sizes) == 7_373
    assert sum(size > 1 for size in sizes.values()) == 2_259
    assert max(sizes.values()) == 43
    assert turns[0].at == 0
    assert turns[-1].at == pytest.approx(59 * 60, abs=4)
    assert all(one.at <= other.at for one, other in pairwise(turns))
    assert min(min(turn.input_tokens, turn.output_tokens) for turn in turns) > 0


def test_a_plan_is_that_of_its_seed() -> None:
    """The same accidents again, and other ones with another seed."""
    turns = recorded()[:SLICE]

    assert planned(turns, 1) == planned(turns, 1)
    assert planned(turns, 1) != planned(turns, 2)


def test_accidents_have_their_shares() -> None:
    """Of all the turns; each comes before the end of its answer."""
    plan = planned(recorded())

    found = Counter(prompt.accident for prompt in plan)
    for accident, share in SHARES.items():
        assert found[accident] == pytest.approx(share * len(plan), rel=0.25)
    assert all(0 <= prompt.after < prompt.chunks for prompt in plan)
    assert all(prompt.attempts == 1 for prompt in plan if prompt.streamed)
    assert 0.45 < sum(prompt.streamed for prompt in plan) / len(plan) < 0.55


def test_an_hour_of_real_traffic_keeps_every_promise() -> None:
    """All turns, with accidents: outcomes, order, slots, sessions and memory."""
    found = replay()

    assert found.broken == ()
    assert found.turns == 12_031
    assert found.accepted + sum(found.refused.values()) >= found.turns
    assert sum(found.outcomes.values()) == found.accepted
    assert found.outcomes.keys() >= {"Completed", "Failed", "TimedOut", "Aborted"}
    assert found.outcomes["Completed"] > 0.85 * found.turns
    assert found.peak_turns == LIMITS.turns
    assert found.peak_sessions <= LIMITS.sessions
    assert found.waits[50] < found.waits[100]


def test_few_slots_make_prompts_wait() -> None:
    """The waiting times are those of the slots."""
    few = replay(SLICE, limits=attrs.evolve(LIMITS, turns=4))
    many = replay(SLICE, limits=attrs.evolve(LIMITS, turns=400))

    assert few.broken == many.broken == ()
    assert few.peak_turns == 4
    assert few.waits[99] > 60 > many.waits[99]


def test_few_places_make_sessions_leave_and_refuse_others() -> None:
    """Sessions are evicted, and never more of them there than may be."""
    found = replay(SLICE, limits=attrs.evolve(LIMITS, sessions=30, turns=20))

    assert found.broken == ()
    assert found.peak_sessions == 30
    assert found.closed[CloseReason.EVICTED.value] > 0
    assert found.refused["SaturatedError"] > 0
    assert (
        found.accepted < found.turns < found.accepted + found.refused["SaturatedError"]
    )


def test_a_report_is_told_to_people() -> None:
    """Waiting times, peaks, and outcomes by their kind; what was broken at the end."""
    found = replay(50)

    text = str(attrs.evolve(found, broken=("one promise (1)",)))

    for words in ("p50 ", "p90 ", "p99 ", "longest ", "sessions", "tasks", "Completed"):
        assert words in text
    assert text.splitlines()[-1] == "BROKEN     one promise (1)"


@pytest.mark.parametrize(("broken", "code"), [((), 0), (("a promise (1)",), 1)])
def test_a_broken_promise_makes_the_code_1(
    broken: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command prints what it has seen in either case."""
    asked: list[tuple[int | None, int]] = []

    def played(turns: int | None, *, seed: int) -> Report:
        asked.append((turns, seed))
        return attrs.evolve(replay(20), broken=broken)

    monkeypatch.setattr(replaying, "replay", played)

    assert replaying.main(["--turns", "20", "--seed", "3"]) == code
    assert asked == [(20, 3)]
    assert "turns      20 of" in capsys.readouterr().out


def test_a_chunk_that_is_left_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever reads the answer."""

    async def take_turn(_self: Chat, turn: Turn[Prompt, int]) -> int:
        await trio.sleep(1)
        for number in range(1, turn.prompt.chunks):
            await turn.emit(number)
        return turn.prompt.chunks

    monkeypatch.setattr(Chat, "take_turn", take_turn)

    broken = " ".join(replay(20).broken)

    assert "a chunk is missing, doubled or misplaced" in broken
    assert "a whole answer lacks chunks" in broken


def test_a_session_that_cannot_be_reaped_is_seen() -> None:
    """The replay waits for it, and says so."""
    found = replay(20, limits=attrs.evolve(LIMITS, idle=math.inf))

    assert "sessions that are left (1)" in found.broken


def test_memory_that_is_kept_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred objects for each turn are too many."""
    kept: list[object] = []
    answer = Chat.take_turn

    async def take_turn(self: Chat, turn: Turn[Prompt, int]) -> int:
        kept.extend(object() for _ in range(100))
        return await answer(self, turn)

    monkeypatch.setattr(Chat, "take_turn", take_turn)

    found = replay(100)

    assert found.blocks > len(kept) * 0.9 > 0
    assert found.broken == ("memory that was not given back (1)",)


PROMPT = Prompt(0, 0.0, "k", 0.1, 5, True, 1, Accident.NONE, 2)  # noqa: FBT003


def crash(error: BaseException | None) -> SessionCrashedError:
    """The error of a prompt whose session crashed of this one."""
    found = SessionCrashedError("k")
    found.__cause__ = error
    return found


@pytest.mark.parametrize(
    ("accident", "attempts", "outcome", "fits"),
    [
        (Accident.NONE, 1, Completed(5), True),
        (Accident.NONE, 1, Completed(4), False),
        (Accident.NONE, 1, Aborted(), False),
        (Accident.RAISES, 1, Failed(error=ScriptedError()), True),
        (Accident.RAISES, 1, Failed(error=ValueError()), False),
        (Accident.RAISES, 1, Completed(5), False),
        (Accident.CRASHES, 1, Failed(error=crash(ScriptedError())), True),
        (Accident.CRASHES, 1, Failed(error=crash(None)), False),
        (Accident.CRASHES, 1, Completed(5), False),
        (Accident.CRASHES, 2, Completed(5), True),
        (Accident.CRASHES, 2, Failed(error=crash(ScriptedError())), False),
        (Accident.HANGS, 1, TimedOut(Limit.INACTIVITY), True),
        (Accident.HANGS, 1, TimedOut(Limit.TIME), False),
        (Accident.DRIVELS, 1, TimedOut(Limit.TIME), True),
        (Accident.DRIVELS, 1, TimedOut(Limit.TIME, late=True), False),
        (Accident.ABORTED, 1, Aborted("enough"), True),
        (Accident.ABORTED, 1, Completed(5), False),
        (Accident.LEFT, 1, Aborted(), True),
    ],
)
def test_an_outcome_must_be_that_of_its_accident(
    accident: Accident, attempts: int, outcome: Outcome, *, fits: bool
) -> None:
    """Any other one is a broken promise."""
    book = Book(1)

    book.took(attrs.evolve(PROMPT, accident=accident, attempts=attempts), outcome)

    assert (not book.broken) is fits


async def test_turns_that_overlap_are_seen() -> None:
    """Two of one session, and more than there are slots."""
    book = Book(2)

    book.enter("a")
    book.enter("b")
    assert not book.broken
    book.enter("a")

    assert set(book.broken) == {
        "two turns of one session overlap",
        "more turns run than there are slots",
    }
    assert book.peak_turns == 3


class Nobody(Actor[object]):
    """Whom the events are about."""

    def receive(self, message: object) -> None:
        """Do nothing."""
        del message


def told(events: list[Event], outcomes: int = 0) -> set[str]:
    """What a book finds broken in these events and so many outcomes."""
    book = Book(9)
    for event in events:
        book.tell(event)
    for _ in range(outcomes):
        book.took(PROMPT, Completed(5))
    return {*book.broken, *book.open_ends()}


def life(ref: AnyRef, order: str) -> list[Event]:
    """Events of two prompts of one session, in the order of these letters.

    "a" and "b" are accepted, "A" and "B" start their turns, "x" and "y" end them, "X"
    and "Y" are their outcomes; "o" and "c" are the session's opening and closing.
    """
    done = Completed(5)
    events: dict[str, Event] = {
        "o": SessionOpened(0, ref, "k", 1),
        "c": SessionClosed(0, ref, "k", 1, CloseReason.REAPED),
    }
    for prompt, letters in enumerate(("aAxX", "bByY")):
        events |= {
            letters[0]: PromptAccepted(0, ref, "k", prompt, None, PromptKind.SEND),
            letters[1]: TurnStarted(0, ref, "k", prompt, (prompt,), aside=False),
            letters[2]: TurnEnded(0, ref, "k", prompt, done, 1.0),
            letters[3]: PromptEnded(0, ref, "k", prompt, done, 0.5),
        }
    return [events[letter] for letter in order]


@pytest.mark.parametrize(
    ("order", "broken"),
    [
        ("oabAxXByYc", set[str]()),
        ("oabBAxXyYc", {"not that of the oldest", "before the last one"}),
        ("oabAxByXYc", {"not that of the oldest"}),
        ("oabAxXc", {"prompts without an outcome", "not as many"}),
        ("oaAXbByYc", {"before the last one", "turns that have not ended"}),
        ("oaAxXX" + "bByYc", {"none to expect"}),
        ("oabAxXByY", {"opened and not closed"}),
    ],
)
async def test_the_book_reads_the_order_of_events(order: str, broken: set[str]) -> None:
    """Turns one after the other, oldest prompt first, one outcome each, all closed."""
    async with open_system() as system:
        events = life(system.start(Nobody), order)

    found = told(events, outcomes=sum(letter in "XY" for letter in set(order)))

    assert len(found) == len(broken)
    for words in broken:
        assert any(words in promise for promise in found), (words, found)
