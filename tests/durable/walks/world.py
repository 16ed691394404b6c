"""`World`: what a walk has seen so far, and what must be true of it all the time.

A turn adds numbers to its state and to its history, so both say the same.  Whatever the
store carries out is folded here: the state of a key is what its turns have left, one
behind the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

import attrs
import trio

from actors import (
    Aborted,
    Completed,
    Outcome,
    PromptPolicy,
    Receipt,
    Session,
    Turn,
    Withdrawn,
)
from actors.hosting import TurnRun
from supervision import RouterRef
from supervision.durable import MemoryStore
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._words.records import Complete, Forget, Record

BACK = Withdrawn("cancelled before it was stored")
KEYS = ("ann", "bob", "cyd", "dan")
WORDS = (
    *("quick", "quick", "slow", "long", "steps", "point", "point", "keep", "keep"),
    *("fail", "reject", "crash", "bind", "send", "every", "sum"),
)


@attrs.frozen
class Say:
    """A prompt: what its turn adds, and does."""

    number: int
    words: str


@attrs.define(eq=False)
class Said:
    """What a turn has added, and what of it is kept however it ends."""

    began: int
    """So many verbs had been called."""
    added: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    sends: int = 0


@attrs.define(eq=False)
class World:
    """One walk."""

    dice: Random
    store: MemoryStore
    wrong: list[str] = attrs.Factory(list[str])
    dead: bool = False
    router: RouterRef[Say, str] | None = None
    """The one that lives."""
    numbers: int = 0
    keys: dict[int, str] = attrs.Factory(dict[int, str])
    """{number of a prompt that may be sent again: its key}."""
    attempts: dict[int, int] = attrs.Factory(dict[int, int])
    begun: Counter[int] = attrs.Factory(Counter[int])
    drains: int = 0
    """A turn that is cut by one is no attempt."""
    turns: dict[int, Said] = attrs.Factory(dict[int, Said])
    states: dict[str, tuple[int, ...]] = attrs.Factory(dict[str, tuple[int, ...]])
    """The fold."""
    forgotten: defaultdict[str, int] = attrs.field(factory=lambda: defaultdict(int))
    """{key: when it was reset or closed}."""
    verbs: int = 1
    sent: int = 0
    """Prompts that completed turns have sent."""
    running: dict[str, TurnRun] = attrs.Factory(dict[str, TurnRun])
    carried: dict[int, Record] = attrs.Factory(dict[int, Record])
    """`{id(each): each}`."""
    refused: dict[int, Record] = attrs.Factory(dict[int, Record])
    refuses: int = 0
    """So many records are to be refused."""
    accepted: set[int] = attrs.Factory(set[int])
    waiting: list[Receipt[Any]] = attrs.Factory(list[Receipt[Any]])
    """Somebody waits for their outcomes."""
    codec: Values = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.codec = Values(Walker, types=(Say,))
        self.store.refuse(self._refuses)

    def new(self, words: str = "") -> Say:
        """Make a prompt."""
        self.numbers += 1
        dice = Random(self.numbers)  # noqa: S311 - of a test
        return Say(self.numbers, words or " ".join(dice.choices(WORDS, k=2)))

    def check(self, right: object, *words: object) -> None:
        """Say so if it is not."""
        if not right:
            self.wrong.append(" ".join(map(str, words)))

    # ------------------------------------------------------------------ what is stored

    def state(self, key: str) -> tuple[int, ...]:
        """Give the state that is stored."""
        row = self.store.session(key)
        if row is None or row.state is None:
            return ()
        found: tuple[int, ...] = self.codec.decode(row.state.body, Where.STATE)
        return found

    def history(self, key: str) -> tuple[int, ...]:
        """Give the history that is stored, as one."""
        rows = self.store.history(key)
        entries = (self.codec.decode(each.body, Where.ENTRY) for each in rows)
        return tuple(number for each in entries for number in each)

    def outcome(self, body: bytes) -> Outcome:
        """Read one."""
        found: Outcome = self.codec.decode(body, Where.OUTCOME)
        return found

    def _refuses(self, record: Record) -> bool:
        if id(record) in self.refused:
            return True
        if not self.refuses or id(record) in self.carried:
            return False
        if not isinstance(record, Complete) or record.state is None:
            return False
        self.refuses -= 1
        self.refused[id(record)] = record
        return True

    # ------------------------------------------------------------- what must hold when

    def at(self, point: str, batch: Sequence[Any]) -> None:
        """Look at a batch."""
        if point == "after carry":
            for record in batch:
                if id(record) not in self.refused | self.carried:
                    self.carried[id(record)] = record
                    self._fold(record)
            keys = {getattr(each, "key", "") for each in batch}
            for key in keys & self.states.keys():
                fold, state = self.states[key], self.state(key)
                said = (key, "is", fold, "stored", state, self.history(key))
                entries = self.history(key) if has_history(key) else fold
                self.check(fold == state == entries, *said)
        self.balance(point)

    def _fold(self, record: Record) -> None:
        """Have the model do the same."""
        if isinstance(record, Forget):
            self.states[record.key] = ()
        said = self.turns.get(record.turn) if isinstance(record, Complete) else None
        if said is None or not isinstance(record, Complete):
            return
        before = self.states.get(record.key, ())
        may = {before, before + said.added, before + said.kept}  # of work: any
        if record.ended:
            outcome = self.outcome(record.ended[0].outcome)
            if isinstance(outcome, Completed):
                may = {before + said.added}
                self.sent += said.sends
            elif not isinstance(outcome, Aborted):  # it may have been interrupted
                may = {before + said.kept}
        if self.forgotten[record.key] > said.began or "Refused" in str(record):
            may.add(before)
        after = self.state(record.key)
        self.states[record.key] = after if after in may else before + said.added

    def begins(self, turn: Turn[Say, str, tuple[int, ...]]) -> Said:
        """A turn has its first step."""
        self.verbs += 1
        said, key, run = Said(self.verbs), turn.key, turn._run
        if self.dead or run.verdict is not None:
            return said
        self.turns[turn.id] = said
        before = self.running.get(key)
        self.check(before is None or before.outcome, "two turns of", key)
        self.running[key] = run
        if self.forgotten[key] < self.verbs - 1:
            stored, entries = self.state(key), len(self.store.history(key))
            self.check(turn.state == stored, key, turn.state, "of", stored)
            if has_history(key):
                right = len(turn.history) == entries
                self.check(right, key, turn.history, "of", entries)
        return said

    def balance(self, when: str) -> None:
        """What is accepted is ended, queued or kept."""
        if not self.dead and self.router is not None:
            now = self.router.statistics()
            sums = (sum(now.outcomes.values()), now.queued, now.kept)
            self.check(now.accepted == sum(sums), when, now.accepted, "are", sums)

    async def waits(self, receipt: Receipt[Any]) -> None:
        """Wait for an outcome; it is the one that is stored."""
        self.waiting.append(receipt)
        try:
            told = await receipt.outcome()
        finally:
            self.waiting.remove(receipt)
        if self.dead or told.turn is None:
            return
        for each in self.store.prompts():
            if each.id == receipt.given_id and each.key == receipt.key:
                kept = self.outcome(each.outcome) if each.outcome is not None else None
                same = type(kept) is type(told) and each.turn == told.turn
                self.check(same, receipt, "was told", told, "kept is", kept)


class Walker(Session[Say, str, tuple[int, ...]]):
    """Does what its prompts say."""

    initial_state: ClassVar[tuple[int, ...]] = ()
    entry_type = tuple[int, ...]
    prompts = PromptPolicy(dedupe=2, capacity=20)

    def __init__(self, world: World) -> None:
        self.world = world

    async def take_turn(self, turn: Turn[Say, str, tuple[int, ...]]) -> int:
        """Add the number; then word for word."""
        world, say = self.world, turn.prompt
        said = world.begins(turn)
        if not world.dead and turn.reminder is None:
            world.begun[say.number] += 1
            most = world.attempts.get(say.number, 1) + world.drains
            world.check(world.begun[say.number] <= most, say, "is tried above", most)
        add(turn, said, say.number)
        for word in say.words.split():
            await self.play(turn, said, word)
        for steered in await turn.checkpoint():
            add(turn, said, steered.prompt.number)
        return len(turn.state)

    async def play(  # noqa: C901, PLR0912 - a case a word
        self, turn: Turn[Say, str, tuple[int, ...]], said: Said, word: str
    ) -> None:
        """Do what one word says."""
        match word:
            case "slow":
                await trio.sleep(2)
            case "long":
                await trio.sleep(30)
            case "steps":
                for _ in range(5):
                    await turn.emit(f"{turn.attempt}")
            case "point":
                await trio.sleep(0.5)
                for steered in await turn.checkpoint():
                    add(turn, said, steered.prompt.number)
            case "keep":
                turn.keep_state()
                said.kept = said.added
            case "fail":
                raise ValueError(word)
            case "reject":
                turn.reject(word)
            case "crash":
                self.ref.kill()
                await trio.sleep_forever()
            case "bind":
                self.bind(turn.id)
            case "send":
                said.sends += 1
                turn.send(KEYS[turn.id % 4], self.world.new("quick"))
            case "every":
                turn.remind(word, after=1, every=9, prompt=self.world.new("quick"))
            case "sum":
                await compact(turn)
            case _:
                pass


def add(turn: Turn[Say, str, tuple[int, ...]], said: Said, number: int) -> None:
    """Put a number into all that is kept."""
    turn.state = (*turn.state, number)
    if has_history(turn.key):
        turn.history.append((number,))
    said.added = (*said.added, number)


async def compact(turn: Turn[Say, str, tuple[int, ...]]) -> None:
    """One entry in place of the first two."""
    if has_history(turn.key) and len(turn.history) > 1:
        entries = await turn.history.window(len(turn.history))
        turn.history.replace(2, (*entries[0], *entries[1]))


def has_history(key: str) -> bool:
    """Whether turns of a key append to it; most turns of others leave a state alone."""
    return key < "c"
