"""What the senders ask of the service, and what they are told: the words and the wire.

A line of JSON each, over a socket that the two processes share.  Every prompt has an id
of its own, so that whoever was told nothing can send it again.  Pure vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from .recording import Accident, Prompt


@attrs.frozen
class Send:
    """Accept this prompt, and tell what becomes of it."""

    id: str
    prompt: Prompt
    into: str | None = None
    """Id of the prompt into whose turn it is a word; None: it has a turn of its own."""
    again: bool = False
    """It was sent before, and nobody has answered."""


@attrs.frozen
class Find:
    """Tell what becomes of a prompt that was accepted, by a process before, perhaps."""

    id: str
    key: str


@attrs.frozen
class Abort:
    """Its user has had enough of it."""

    id: str


@attrs.frozen
class Leave:
    """Its reader has gone."""

    id: str


@attrs.frozen
class Accepted:
    """It is accepted, and in the store if there is one."""

    id: str
    waited: bool = False
    """There was no room for it at first."""


@attrs.frozen
class Refused:
    """It is not, for good."""

    id: str
    error: str
    """Name of the class."""


@attrs.frozen
class Chunk:
    """The next chunk of its answer."""

    id: str


@attrs.frozen
class Ended:
    """It has its outcome."""

    id: str
    outcome: str
    """Name of the class."""
    tries: int = 0
    """How often its turn was begun, if the outcome says so."""
    error: str | None = None
    """Name of what it failed with."""
    hit_by: str | None = None
    """What befell its session or the router meanwhile."""


@attrs.frozen
class Kept:
    """It has none, and waits in the store for the next process."""

    id: str


@attrs.frozen
class Unknown:
    """Nobody knows a prompt of this id: it was never accepted, or it is lost."""

    id: str


@attrs.frozen(kw_only=True)
class News:
    """What the service has to say of itself: what is new since it said so last."""

    turns: int = 0
    """Turns that run."""
    waiting: int = 0
    """Turns that wait for a slot."""
    sessions: int = 0
    waits: list[float] = attrs.field(factory=list[float])
    """Seconds from the acceptance of a prompt to the first step of its turn."""
    faults: dict[str, int] = attrs.field(factory=dict[str, int])
    """`{fault of the tree: how often}`."""
    notes: dict[str, int] = attrs.field(factory=dict[str, int])
    """`{what followed of them: how often}`."""
    longest_repair: float = 0.0
    """Seconds that the router was away, at most."""


Ask: TypeAlias = Send | Find | Abort | Leave
Told: TypeAlias = Accepted | Refused | Chunk | Ended | Kept | Unknown | News

_KINDS: Final[Mapping[str, type[Ask | Told]]] = {
    kind.__name__: kind
    for kind in (
        Send,
        Find,
        Abort,
        Leave,
        Accepted,
        Refused,
        Chunk,
        Ended,
        Kept,
        Unknown,
        News,
    )
}


def line_of(word: Ask | Told) -> bytes:
    """Write a word as a line."""
    fields = attrs.asdict(word, value_serializer=_plain)
    return json.dumps([type(word).__name__, fields]).encode() + b"\n"


def word_of(line: bytes) -> Any:  # Any: an Ask or a Told, as whoever reads it knows
    """Read a line that `line_of` has written."""
    kind, fields = json.loads(line)
    if kind == Send.__name__:
        prompt: dict[str, Any] = fields["prompt"]
        prompt["accident"] = Accident(prompt["accident"])
        fields["prompt"] = Prompt(**prompt)
    return _KINDS[kind](**fields)


def _plain(_owner: object, _field: object, value: object) -> object:
    return value.value if isinstance(value, Accident) else value
