"""`Extra`: what few turns have, made when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import trio

from actors._sessions.histories.draft import Draft

from .clocks import Clocks
from .family import Family
from .partial import Kept
from .steering import Steering


class Extra:
    """What few turns have; defaults live in the class."""

    clocks: Clocks | None = None
    family: Family | None = None
    steering: Steering | None = None
    partial: Kept | None = None  # of what it has emitted
    history: Draft | None = None  # what it has appended
    notes: dict[str, Any] | None = None
    interrupted: str | None = None  # the hint of a soft abort
    drained: trio.Event | None = None  # nothing more will come into its drain window
    ended: trio.Event | None = None  # of a child: for who waits
    snapshot: Any = None  # of an aside: the state that it sees
    sends: Sequence[Any] = ()  # drafts of prompts, sent when it completes
    reminders: Mapping[str, Any] = MappingProxyType({})  # {name: a draft; None: gone}
    slot_tenant: str | None = None  # whom its slot is counted for
    steps = 0  # taken
    spent = 0.0  # by the whole family, kept at its top
    kept = False  # it has said so on its way: `began` is its state before that
    began: Any = None
    keeps_state = False  # its state stays as its code leaves it, however it ends
    tasks = False  # it has started some
    body_over = False  # it has returned, or raised
    stalled = False  # it has been told that it has; the next sign is to be told too
    probing = False  # `alive` has been asked and has not answered
    returns = False  # cut because its router ends: its prompts may wait again
    again: dict[int, int] | None = None  # {prompt that waits again: how often tried}
    leaving = False  # given up: somebody else says its last words
    words: trio.lowlevel.Task | None = None  # who says them

    def need_drained(self) -> trio.Event:
        """Set when nothing more will come into its drain window."""
        if self.drained is None:
            self.drained = trio.Event()
        return self.drained

    def need_ended(self) -> trio.Event:
        """Set when it has ended."""
        if self.ended is None:
            self.ended = trio.Event()
        return self.ended
