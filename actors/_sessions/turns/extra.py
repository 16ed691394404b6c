"""`Extra`: what few turns have, made when it is first needed."""

from __future__ import annotations

from typing import Any

import trio

from .clocks import Clocks
from .family import Family
from .steering import Steering


class Extra:
    """What few turns have; defaults live in the class."""

    clocks: Clocks | None = None
    family: Family | None = None
    steering: Steering | None = None
    notes: dict[str, Any] | None = None
    interrupted: str | None = None  # the hint of a soft abort
    drained: trio.Event | None = None
    ended: trio.Event | None = None  # of a child: for who waits
    snapshot: Any = None  # of an aside: the state that it sees
    slot_owner: str | None = None  # whom its slot is counted for
    steps = 0  # taken
    spent = 0.0  # by the whole family, kept at its top
    tasks = False  # it has started some
    body_over = False  # it has returned, or raised
    stalled = False  # it has been told that it has; the next sign is to be told too
    probing = False  # `alive` has been asked and has not answered
    leaving = False  # given up: somebody else says its last words
