"""Real traffic: the recorded turns, and what is to go wrong with each of them.

Pure data: what arrives when, how long its answer is, and the accident that a seeded
random number has given it.  This room knows neither sessions nor Trio; the demo plays
it on the real clock, `python -m benchmarks.replay` on a virtual one.  Where the
recording comes from is told in `../data/README.md`.
"""

from __future__ import annotations

import csv
import enum
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

RECORDING: Final = (
    Path(__file__).resolve().parent.parent / "data" / "kimi_conversations.csv"
)

TOKENS_PER_SECOND: Final = 40.0
"""How fast an answer is written."""
CHUNK: Final = 20
"""Tokens that are streamed together."""
GRID: Final = 3.0
"""Seconds: the moments of the recording are multiples of it."""
PREFILL: Final = 10_000.0
"""Tokens of a prompt that are read in a second, before the answer begins."""


class Accident(enum.Enum):
    """What goes wrong with a turn."""

    NONE = "none"
    RAISES = "the turn raises"
    CRASHES = "the session crashes"
    HANGS = "the turn is silent for ever"
    DRIVELS = "the turn never ends and is not silent"
    ABORTED = "somebody aborts it"
    LEFT = "its reader leaves"


# {accident: the part of the turns that have it}
SHARES: Final = {
    Accident.RAISES: 0.02,
    Accident.CRASHES: 0.01,
    Accident.HANGS: 0.005,
    Accident.DRIVELS: 0.0025,
    Accident.ABORTED: 0.02,
    Accident.LEFT: 0.03,
}


@attrs.frozen
class Recorded:
    """A turn as it was recorded."""

    at: float
    """Seconds from the start."""
    key: str
    """Its conversation."""
    input_tokens: int
    output_tokens: int


@attrs.frozen
class Prompt:
    """A turn as it is to be replayed."""

    number: int
    """Counts them from 0, in the order of arrival."""
    at: float
    """Seconds from the start."""
    key: str
    """Its conversation."""
    prefill: float
    """Seconds until the answer begins."""
    chunks: int
    """Of the whole answer."""
    streamed: bool
    """Somebody reads the answer as it comes; otherwise only its outcome."""
    attempts: int
    """How often it is tried if its session crashes under it."""
    accident: Accident
    after: int
    """The accident comes after so many chunks, fewer than all."""

    @property
    def moment(self) -> float:
        """Seconds from the first step of the turn to the accident."""
        return self.prefill + self.after * CHUNK / TOKENS_PER_SECOND


def recorded(path: Path = RECORDING) -> list[Recorded]:
    """What was recorded, in the order of arrival.

    Args:
        path: the recording.  Default: the one that comes with this package.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Recorded(
                int(row["at_ms"]) / 1_000,
                row["session"],
                int(row["input_tokens"]),
                int(row["output_tokens"]),
            )
            for row in csv.DictReader(file)
        ]


def planned(turns: Iterable[Recorded], seed: int = 0) -> list[Prompt]:
    """The same with accidents; half of them have a reader.

    Args:
        turns: what was recorded.
        seed: of the accidents: the same again for the same seed.  Default 0.
    """
    chance = random.Random(seed)  # noqa: S311 - a load, not a secret
    return [_prompt(number, turn, chance) for number, turn in enumerate(turns)]


def _prompt(number: int, turn: Recorded, chance: random.Random) -> Prompt:
    chunks = max(1, -(-turn.output_tokens // CHUNK))
    accident = _accident(chance.random())
    streamed = chance.choice((True, False)) or accident is Accident.LEFT
    return Prompt(
        number=number,
        at=turn.at,
        key=turn.key,
        prefill=turn.input_tokens / PREFILL,
        chunks=chunks,
        streamed=streamed,
        # a reader would be told the first chunks again
        attempts=1 if streamed else chance.choice((1, 2)),
        accident=accident,
        after=chance.randrange(chunks),
    )


def _accident(drawn: float) -> Accident:
    """Which one a number from 0 to 1 stands for."""
    for accident, share in SHARES.items():
        if drawn < share:
            return accident
        drawn -= share
    return Accident.NONE
