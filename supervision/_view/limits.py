"""The limits of a router: as a shape, and changed by their names.  Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypedDict

import attrs

from supervision._routing.limits import Limits
from supervision._trees.policies import Backoff

from .errors import BadQueryError

_COUNTS: Final = {"sessions": 1, "turns": 1, "replays": 0}  # {name: the least}
_PER_TENANT: Final = ("sessions_per_tenant", "turns_per_tenant")
_SECONDS: Final = ("idle", "start_within")
CHANGEABLE: Final = (
    "sessions",
    "sessions_per_tenant",
    "turns",
    "turns_per_tenant",
    "replays",
    "idle",
    "start_within",
)
"""The limits that can be changed while a service runs; the others are the program's."""
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")


class LimitsShape(TypedDict):
    """`supervision.Limits` of one router, as they are in force."""

    router: str
    """Its path."""
    sessions: int
    sessions_per_tenant: int | None
    turns: int
    turns_per_tenant: int | None
    replays: int
    idle: float | None
    """Null: for ever; the next too."""
    start_within: float | None
    restarts: str
    """`3 within 60 s`."""
    quarantine: str
    """`30 to 3600 s`."""
    backoff: str | None
    """`1 to 30 s`."""


class AllLimitsShape(TypedDict):
    """The limits of routers, in the order of their paths."""

    limits: list[LimitsShape]


def limits_shape(router: str, limits: Limits) -> LimitsShape:
    """The limits that are in force."""
    return LimitsShape(
        router=router,
        sessions=limits.sessions,
        sessions_per_tenant=limits.sessions_per_tenant,
        turns=limits.turns,
        turns_per_tenant=limits.turns_per_tenant,
        replays=limits.replays,
        idle=_finite(limits.idle),
        start_within=_finite(limits.start_within),
        restarts=f"{limits.restarts.restarts} within {limits.restarts.within:g} s",
        quarantine=_wait(limits.quarantine),
        backoff=_wait(limits.backoff) if limits.backoff else None,
    )


def changed(limits: Limits, changes: Mapping[str, str]) -> Limits:
    """The same limits, but for those that are named.

    Args:
        limits: those before.
        changes: `{name: text}`; `none` is no limit for each tenant, `inf` no time.

    Raises:
        BadQueryError: there is no such limit, or not such a value.
    """
    values: dict[str, Any] = {}
    for name, text in changes.items():
        values[name] = _value(name, text)
    try:
        return attrs.evolve(limits, **values)
    except ValueError as error:
        raise BadQueryError(str(error)) from error


def _value(name: str, text: str) -> float | None:
    if name in _PER_TENANT and text == "none":
        return None
    if name in _COUNTS or name in _PER_TENANT:
        if _WHOLE.fullmatch(text):
            return int(text)
        more = ", or none" if name in _PER_TENANT else ""
        least = _COUNTS.get(name, 1)
        msg = f"{name} must be a whole number from {least} on{more}, got {text!r:.50}"
        raise BadQueryError(msg)
    if name not in _SECONDS:
        msg = f"{name!r:.50} cannot be changed here, only {', '.join(CHANGEABLE)}"
        raise BadQueryError(msg)
    if text == "inf":
        return math.inf
    if _NUMBER.fullmatch(text):
        return float(text)
    msg = f"{name} must be a number of seconds above 0, or inf, got {text!r:.50}"
    raise BadQueryError(msg)


def _wait(backoff: Backoff) -> str:
    return f"{backoff.first:g} to {backoff.limit:g} s"


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None
