"""What the demo is to do: how fast, how much, with which faults.

The command makes a `Plan` of its options, the service in its own process gets the same
one through the environment.  Pure vocabulary.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final, cast

import attrs

from actors import TurnPolicy
from actors.hosting import Whole, seconds, whole
from supervision import Limits

VARIABLE: Final = "ACTORS_DEMO"
"""Of the environment: a plan as a JSON object; what it leaves out has its default."""

IDLE: Final = 300.0
"""Seconds of the recording after which an idle session is reaped."""

# Seconds of the recording, and the least of the clock: a busy machine may hold up the
# whole process for a moment, and a turn is not to be called dead for that.
_TIME_LIMIT = (180.0, 4.0)
_INACTIVITY = (30.0, 2.0)
_TOOL_LIMIT = (60.0, 4.0)


class PlanError(Whole, ValueError):
    """A plan, as text, that cannot be read; says what is wrong and what is right."""


@attrs.frozen(kw_only=True)
class Plan:
    """What the demo is to do.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    speed: float = 60.0
    """Seconds of the recording that are played in one second.  Default 60."""
    turns: int | None = None
    """Only the first so many turns of the recording.  Default None: all 12,031."""
    sessions: int = 800
    """How many sessions may be there at once.  Default 800."""
    slots: int = 64
    """How many turns may run at once.  Default 64, where 36 would do on an average."""
    seed: int = 0
    """Of all accidents: the same again for the same seed.  Default 0."""
    faults: bool = True
    """Whether things go wrong: with turns, tools, sessions and the router.
    Default True."""
    fault_every: float = 3.0
    """Seconds between two faults of the tree.  Default 3."""
    repeat: bool = False
    """Begin anew when the recording is over.  Default False."""
    leash: bool = False
    """End when standard input ends: whoever has started the service has gone.
    Default False."""
    desk: int | None = None
    """Descriptor of a socket to the senders, who are in another process.
    Default None: they are in the tree."""
    store: Path | None = None
    """The file in which the router keeps what it accepts.  Default None: in memory."""
    faults_before: int = 0
    """Faults of the tree that there were in processes before.  Default 0."""

    def __attrs_post_init__(self) -> None:
        for name in ("speed", "fault_every"):
            value: object = getattr(self, name)
            seconds(name, value)
            if value == math.inf:
                msg = f"{name} must be finite, got inf"
                raise ValueError(msg)
        for name in ("sessions", "slots"):
            whole(name, getattr(self, name), least=1)
        if self.turns is not None:
            whole("turns", self.turns, least=1)
        for name in ("seed", "faults_before"):
            whole(name, getattr(self, name), least=0)
        if self.desk is not None:
            whole("desk", self.desk, least=0)
        for name, kind in (
            ("faults", bool),
            ("repeat", bool),
            ("leash", bool),
            ("store", (Path, type(None))),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind):
                words = kind.__name__ if isinstance(kind, type) else "Path or None"
                msg = f"{name} must be a {words}, got {value!r}"
                raise TypeError(msg)

    def pace(self, recorded: float) -> float:
        """How many seconds so many seconds of the recording take."""
        return recorded / self.speed

    @property
    def limits(self) -> Limits:
        """Of the router."""
        return Limits(
            sessions=self.sessions, turns=self.slots, idle=max(1.0, self.pace(IDLE))
        )

    @property
    def policy(self) -> TurnPolicy:
        """Of the turns."""
        time_limit, inactivity, tool_limit = (
            max(least, self.pace(recorded))
            for recorded, least in (_TIME_LIMIT, _INACTIVITY, _TOOL_LIMIT)
        )
        return TurnPolicy(
            time_limit=time_limit,
            inactivity=inactivity,
            tool_limit=tool_limit,
            abort_grace=2.0,
            stalls=(inactivity / 2,),
        )

    def as_text(self) -> str:
        """The plan as a JSON object, for the environment."""
        fields: dict[str, Any] = attrs.asdict(self)
        fields["store"] = str(self.store) if self.store is not None else None
        return json.dumps(fields)

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """Read what `as_text` has written, or a part of it.

        Raises:
            PlanError: no JSON object, an unknown field, or a field that is not what it
                should be.
        """
        try:
            read: object = json.loads(text)
        except ValueError as error:
            msg = f"{VARIABLE} must be a JSON object, such as "
            msg += f'{{"speed": 60}}, got {text!r}: {error}'
            raise PlanError(msg) from None
        if not isinstance(read, dict):
            msg = f'{VARIABLE} must be a JSON object, such as {{"speed": 60}}, '
            msg += f"got {text!r}"
            raise PlanError(msg)
        fields = cast("dict[str, Any]", read)
        known = [field.name for field in attrs.fields(cls)]
        for name in fields:
            if name not in known:
                msg = f"{VARIABLE} has no {name!r}; it has {', '.join(known)}"
                raise PlanError(msg)
        if isinstance(fields.get("store"), str):
            fields["store"] = Path(fields["store"])
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            msg = f"{VARIABLE}: {error}"
            raise PlanError(msg) from None
