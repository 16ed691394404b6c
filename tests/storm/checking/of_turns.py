"""What is true of turns: how many at once, what they remember, what is read of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from actors import (
    Aborted,
    AnyRef,
    CloseReason,
    Completed,
    IncarnationEnded,
    Outcome,
    Preempted,
    SessionClosed,
    SessionOpened,
    TurnEnded,
    TurnStarted,
)
from supervision import Limits
from tests.storm.checking.replay import Record, Replay
from tests.storm.world.story import (
    Begun,
    Commanded,
    Commanding,
    Limited,
    Read,
    Story,
    tenant_of,
)

UNKNOWN: Final = object()
KEEPING = (CloseReason.CRASHED, CloseReason.GIVEN_UP, CloseReason.FAILED_TO_START)


def one_at_a_time(story: Story) -> Iterator[str]:
    """No two turns of a key run at once, but for one that was given up."""
    running: dict[str, list[Record]] = {}
    for record in sorted(Replay(story).run(), key=lambda each: each.begun_at):
        if record.begun is None or record.aside:
            continue
        others = running.setdefault(record.key, [])
        for other in others:
            runs = other.over_at < 0 or other.over_at > record.begun_at
            given_up = other.late and other.ended_at < record.begun_at
            if runs and not given_up:
                yield f"turn {record.id} of {record.key} began while {other.id} ran"
        others.append(record)


class Force:
    """Which limits are in force, and were in this very instant."""

    def __init__(self) -> None:
        self._first: Limits
        self._now: dict[AnyRef, list[tuple[float, Limits]]] = {}

    def take(self, each: object) -> None:
        """Limits are put into force; a restart of the router leaves them so."""
        if isinstance(each, Limited):
            if each.router is None:
                self._first = each.limits
            else:
                self._now.setdefault(each.router, []).append((each.at, each.limits))

    def most(self, router: AnyRef, at: float) -> list[Limits]:
        """All that have been in force at this instant."""
        past = [(-1.0, self._first), *self._now.get(router, ())]
        now = [limits for when, limits in past if when >= at]
        return [past[-1 - len(now)][1], *now] if len(now) < len(past) else now


def slots_are_kept(story: Story) -> Iterator[str]:
    """There run as many turns as there may, in all and for each tenant."""
    force = Force()
    running: dict[AnyRef, dict[int, str]] = {}
    for each in story.tape:
        force.take(each)
        if isinstance(each, IncarnationEnded):
            left = running.pop(each.ref, {})
            if left:
                yield f"turns {sorted(left)} run, and their router has ended"
        elif isinstance(each, TurnStarted):
            turns = running.setdefault(each.ref, {})
            turns[each.turn] = each.key
            limits = force.most(each.ref, each.at)
            most = max(limit.turns for limit in limits)
            if len(turns) > most:
                yield f"turn {each.turn} began as number {len(turns)} of {most}"
            tenant = tenant_of(each.key)
            caps = [limit.turns_per_tenant for limit in limits]
            mine = sum(tenant_of(key) == tenant for key in turns.values())
            cap = max((cap for cap in caps if cap is not None), default=None)
            if tenant and None not in caps and cap is not None and mine > cap:
                yield f"turn {each.turn} is number {mine} of {cap} of {tenant}"
        elif isinstance(each, TurnEnded):
            running.get(each.ref, {}).pop(each.turn, None)


def places_are_kept(story: Story) -> Iterator[str]:
    """There are as many sessions as there may be."""
    force = Force()
    sessions: Counter[AnyRef] = Counter()
    for each in story.tape:
        force.take(each)
        if isinstance(each, IncarnationEnded):
            if sessions.pop(each.ref, 0):
                yield f"a session has outlived its router {each.ref.path}"
        elif isinstance(each, SessionOpened):
            sessions[each.ref] += 1
            if each.generation > 1:
                continue  # the key has had its place before
            most = max(limit.sessions for limit in force.most(each.ref, each.at))
            if sessions[each.ref] > most:
                yield f"session {each.key} is number {sessions[each.ref]} of {most}"
        elif isinstance(each, SessionClosed):
            sessions[each.ref] -= 1


def state_is_the_fold(  # noqa: C901, PLR0912 - a table
    story: Story,
) -> Iterator[str]:
    """A turn finds what the completed turns before it have left, and nothing else.

    So does its `turn_ended`, with what it has left itself.
    """
    if not story.hears:
        return
    states: dict[str, Any] = {}
    keeps: dict[str, bool] = {}  # the session that has ended leaves its state
    cleared: set[str] = set()  # keys that were reset or closed
    running: dict[str, Record] = {}
    for _, each, record in Replay(story):
        match each:
            case SessionOpened(key=key, generation=generation):
                if generation == 1 or not keeps.get(key):
                    states[key] = ()
                elif key in cleared:
                    states[key] = UNKNOWN  # crashed when it was to be forgotten
                cleared.discard(key)
            case SessionClosed(key=key, reason=reason):
                keeps[key] = reason in KEEPING
            case Commanding(verb="reset" | "close", key=key):
                cleared.add(key)
            case Begun(key=key, aside=False, state=state) if record is not None:
                if states.get(key, ()) is UNKNOWN:
                    states[key] = state
                if state != states.get(key, ()):
                    yield f"turn {record.id} of {key} found {state}, not {states[key]}"
                running[key] = record
            case Begun(key=key, state=state) if record is not None:
                beside = running.get(key)
                kept = beside.kept if beside is not None else None
                right = (states.get(key, ()), kept)
                if state not in right and states.get(key) is not UNKNOWN:
                    yield f"aside {record.id} of {key} found {state}, not {right}"
            case TurnEnded(key=key, outcome=outcome) if record is not None:
                if record.begun is None or record.aside:
                    continue
                running.pop(key, None)
                left = record.kept
                if isinstance(outcome, Completed) or _kept(outcome):
                    left = record.written if record.written is not None else left
                if states.get(key) is UNKNOWN:
                    continue
                if left is not None:
                    states[key] = left
                if record.finals and record.shown != states.get(key, ()):
                    yield f"`turn_ended` of turn {record.id} found {record.shown}"
            case _:
                pass


def _kept(outcome: Outcome) -> bool:
    """It was interrupted, and what it had done was kept."""
    reason = outcome.reason if isinstance(outcome, Aborted) else None
    return isinstance(reason, Preempted) and reason.kept


def aborted_is_aborted(story: Story) -> Iterator[str]:
    """A turn that a verb says it aborts is `Aborted`, and nothing else."""
    ended = {
        (each.ref, each.turn): each.outcome
        for each in story.tape
        if isinstance(each, TurnEnded)
    }
    for each in story.tape if story.hears else ():
        if isinstance(each, Commanded) and each.aborted is not None:
            outcome = ended.get((each.router, each.aborted))
            if not isinstance(outcome, Aborted):
                yield f"{each.verb} of turn {each.aborted} of {each.key}: {outcome}"


FORGETTING = ("reset", "close")


def nothing_of_the_forgotten(story: Story) -> Iterator[str]:
    """No chunk is read of a turn when the verb that forgets its session has returned.

    An abort alone lets it have last words, up to its outcome.
    """
    aborted: dict[tuple[AnyRef, int], Commanded] = {}
    for each in story.tape:
        if isinstance(each, Commanded) and each.verb not in FORGETTING:
            continue
        if isinstance(each, Commanded) and each.aborted is not None:
            aborted[each.router, each.aborted] = each
        elif isinstance(each, Read) and each.receipt.turn is not None:
            command = aborted.get((each.router, each.receipt.turn))
            if command is not None:
                yield f"{each.chunk!r} of {each.receipt} after {command.verb}"


def its_own_chunks(story: Story) -> Iterator[str]:
    """A reader gets chunks of its own turn only."""
    for each in story.tape:
        if isinstance(each, Read):
            _, turn, number = [*each.chunk.split("."), "", ""][:3]
            if number and int(turn) != each.receipt.turn:
                yield f"{each.chunk!r} was read of {each.receipt}"


def one_last_word(story: Story) -> Iterator[str]:
    """`turn_ended` runs once for each turn, with the outcome that is told."""
    for record in Replay(story).run() if story.hears else ():
        told = record.ended.outcome if record.ended is not None else None
        if len(record.finals) > 1:
            yield f"turn {record.id} of {record.key}: {record.finals}"
        elif told is None and record.finals:
            yield f"turn {record.id} of {record.key}, over or never: {record.finals}"
        elif told is None or record.begun is None or told.late:
            continue
        elif len(record.finals) != 1:
            yield f"turn {record.id} of {record.key} had no `turn_ended`: {told}"
        elif record.finals and record.finals[0] != told:
            yield f"turn {record.id}: {record.finals[0]} became {told}"


def no_body_is_left(story: Story) -> Iterator[str]:
    """The body of every turn is over."""
    for record in Replay(story).run():
        if record.begun is not None and record.over is None:
            yield f"turn {record.id} of {record.key}"


def ends_after_its_body(story: Story) -> Iterator[str]:
    """A turn is told as ended when its body is over, unless it was given up."""
    for record in Replay(story).run():
        ended = record.ended
        if record.begun is not None and ended is not None and not ended.outcome.late:
            late = record.over_at > record.ended_at or record.over is None
            yield from [f"turn {record.id} of {record.key}: {ended.outcome}"] * late
