"""Senders that wait for room: first come, first served.

They stand in two lines: a lane's, when its queue is full, and the crowd, when there is
no place for one more session.  Whoever makes room lets the first of them in, in that
very step, so nobody can slip in between; and whoever is cancelled leaves the line in
the step of the cancellation, so nobody is let in who is no longer there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from actors import QueueFullError, Receipt, RefusedError, SaturatedError
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import GONE, Lane


class Sender:
    """Somebody who waits for room.

    Args:
        offer: what is to be let in.
        wake: called when there is a receipt or an error.
    """

    __slots__ = ("error", "line", "offer", "receipt", "wake")

    def __init__(self, offer: Offer, wake: Callable[[], None]) -> None:
        self.offer = offer
        self.wake = wake
        self.line: deque[Sender] | None = None  # where it stands
        self.receipt: Receipt[Any] | None = None
        self.error: Exception | None = None

    def leave(self) -> None:
        """Wait no more: from here on nobody can let it in."""
        assert self.line is not None
        self.line.remove(self)


Line: TypeAlias = deque[Sender]
"""Who waits for the same room; the first is let in first."""


class Waiting:
    """The lines.

    Args:
        core: the other parts.
        admit: accepts an offer, or raises RefusedError.
        refuse: counts and tells that one has been refused.
    """

    __slots__ = ("_admit", "_admitting", "_core", "_refuse", "crowd")

    def __init__(
        self,
        core: Any,  # Any: its room stands above this one
        admit: Callable[[Offer], Receipt[Any]],
        refuse: Callable[[Offer, Exception | None], None],
    ) -> None:
        self._core = core
        self._admit = admit
        self._refuse = refuse
        self._admitting = False  # the crowd is being let in
        self.crowd: deque[Sender] = deque()

    @property
    def must_wait(self) -> bool:
        """Whether others wait for a place already."""
        return bool(self.crowd) and not self._admitting

    def enter(self, sender: Sender) -> bool:
        """Let it in or refuse it (True), or have it stand in line."""
        try:
            sender.receipt = self._admit(sender.offer)
        except RefusedError as error:
            if not self.stand(sender, error):
                return False
        if sender.line is not None:
            sender.wake()
        return True

    def stand(self, sender: Sender, error: RefusedError) -> bool:
        """It was refused: have it stand in line, or leave it at that (True)."""
        line: Line | None
        if isinstance(error, QueueFullError):
            lane: Lane = self._core.lanes[sender.offer.key]
            extra = lane.need_extra()
            if extra.parked is None:
                extra.parked = deque()
            line = extra.parked
        elif isinstance(error, SaturatedError):
            line = self.crowd
        else:
            line = self._core.keeping.line_for(error)
        if line is not None:
            sender.line = line
            line.append(sender)
            return False
        sender.error = error
        self._refuse(sender.offer, error)
        return True

    def admit_parked(self, lane: Lane) -> None:
        """There may be room in a key's queue."""
        extra = lane.extra
        parked = extra.parked if extra is not None else None
        if not parked:
            return
        core = self._core
        if lane.phase == GONE or not core.admission.open:
            assert extra is not None
            extra.parked = None
            for sender in parked:
                self.enter(sender)
            return
        capacity = core.policy(lane).capacity
        for _ in range(len(parked)):
            if lane.waiting >= capacity or lane.phase == GONE or not parked:
                break
            sender = parked.popleft()
            if not self.enter(sender) and sender.line is parked:  # full otherwise
                parked.rotate(1)
                break

    def admit_line(self, line: Line) -> None:
        """There may be room in a store."""
        for _ in range(len(line)):
            sender = line.popleft()
            if not self.enter(sender) and sender.line is line:
                line.rotate(1)
                break

    def admit_crowd(self) -> None:
        """There may be a place for one more key."""
        if self._admitting:
            return
        self._admitting = True
        try:
            while self.crowd:
                sender = self.crowd.popleft()
                if not self.enter(sender) and sender.line is self.crowd:
                    self.crowd.rotate(1)
                    break
        finally:
            self._admitting = False
