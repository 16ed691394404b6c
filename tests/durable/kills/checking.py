"""What must be true when a story has ended: of the store, and of what was told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from actors import Completed, Failed, Lost, Outcome, Steered, Withdrawn
from supervision.durable import TurnInterruptedError
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._journals.blocks import Blocks

from .play import Chat, Story, flat


def wrong(story: Story) -> list[str]:
    """What is not as it must be, in words."""
    codec = Values(Chat, types=story.store.encoding.types)
    found: list[str] = []
    outcomes: dict[int, Outcome] = {}
    turns: dict[int, int | None] = {}
    by_key: dict[str, list[Any]] = {}
    seen: Counter[str] = Counter()
    for each in story.store.prompts():
        if each.id[0] == "~":  # it was taken back, and its id is free
            back = each.outcome and codec.decode(each.outcome, Where.OUTCOME)
            if not isinstance(back, Withdrawn):
                found.append(f"{each.number} has no id, and {back}")
            continue
        seen[each.id] += 1
        number = int(each.id[1:])
        if each.key != story.prompts[number]:
            found.append(f"{number} is kept under {each.key}")
        if each.outcome is None:
            found.append(f"{number} has no outcome")
            continue
        outcomes[number] = codec.decode(each.outcome, Where.OUTCOME)
        turns[number] = each.turn
        by_key.setdefault(each.key, []).append((each.turn, each.number, number))
    found += [f"{name} is kept {n} times" for name, n in seen.items() if n > 1]
    found += [f"{n} was accepted, and is lost" for n in story.accepted - set(outcomes)]
    for number, told in story.told.items():
        if isinstance(told, Lost):
            continue
        kept = outcomes.get(number)
        if kept is None:
            found.append(f"{number} was told {told}, and is not kept")
        elif type(kept) is not type(told) or kept.turn != told.turn:
            found.append(f"{number} was told {told}, and {kept} is kept")
    found += story.misread
    found += _states(story, codec, outcomes, by_key)
    found += _attempts(story, outcomes)
    found += _answers(story, outcomes)
    return found


def _states(
    story: Story, codec: Any, outcomes: dict[int, Outcome], by_key: dict[str, list[Any]]
) -> list[str]:
    """A state has exactly the prompts that completed, in the order of their turns."""
    found: list[str] = []
    for key, rows in by_key.items():
        right: list[int] = []
        completed = {
            turn for turn, _, n in rows if isinstance(outcomes.get(n), Completed)
        }
        for turn, _, number in sorted(rows, key=_by_turn):
            outcome = outcomes.get(number)
            if isinstance(outcome, Completed) or (
                isinstance(outcome, Steered) and turn in completed
            ):
                right.append(number)
        session = story.store.session(key)
        state: tuple[int, ...] = ()
        if session is not None and session.state is not None:
            body, version = session.state.body, session.state.version
            state = codec.decode(body, Where.STATE, version)
        entries = [
            codec.decode(each.body, Where.ENTRY, each.version)
            for each in story.store.history(key)
        ]
        if flat(entries) != state:
            found.append(f"{key} has {state}, and the history {entries}")
        if key in story.reset:
            if not {*state} <= {*right}:
                found.append(f"{key} has {state}, of {right}")
        elif sorted(state) != sorted(right):
            found.append(f"{key} has {state}, and {right} were completed")
    return found


def _by_turn(row: tuple[int | None, int, int]) -> tuple[int, int]:
    turn, number, _ = row
    return (turn or 0, number)


def _attempts(story: Story, outcomes: dict[int, Outcome]) -> list[str]:
    """Nothing is tried more often than it may be, nor given up before."""
    found: list[str] = []
    for number, times in story.begun.items():
        if times > story.attempts[number]:
            found.append(f"{number} was begun {times} times")
    for number, outcome in outcomes.items():
        times = story.begun.get(number, 0)
        if isinstance(outcome, Completed) and not times:
            found.append(f"{number} was completed by nobody")
        match outcome:
            case Failed(error=TurnInterruptedError(attempts=tried)):
                if tried != story.attempts[number]:
                    found.append(f"{number} was given up after {tried}")
            case _:
                pass
    return found


def _answers(story: Story, outcomes: dict[int, Outcome]) -> list[str]:
    """An answer is one try's, whole; so is what a reader has, to where it came."""
    found: list[str] = []
    blocks = Blocks(Values(Chat, types=story.store.encoding.types))
    numbers = {
        int(each.id[1:]): each.number
        for each in story.store.prompts()
        if each.id[0] != "~"
    }
    for number, answer in story.answers.items():
        journal = story.store.journal(numbers[number]) if number in numbers else ()
        kept = [chunk for _, body in journal for chunk in blocks.unpack(body)]
        completed = isinstance(outcomes.get(number), Completed)
        reset = story.prompts[number] in story.reset
        for whose, chunks, whole in (
            ("kept", kept, completed and not reset),
            ("read", answer.chunks, answer.whole),
        ):
            attempt = chunks[0].split()[1] if chunks else "?"
            length = 1 + number % 5
            right = [f"{number} {attempt} {each}" for each in range(1, 1 + length)]
            if chunks != right[: len(chunks)] or (whole and len(chunks) < length):
                found.append(f"of the answer to {number} is {whose}: {chunks}")
        if answer.whole and kept and kept != answer.chunks:
            found.append(f"to {number} {answer.chunks} was read, of {kept}")
    return found
