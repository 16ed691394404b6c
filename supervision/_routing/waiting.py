"""Senders that wait for room: first come, first served.

They stand in two lines: a lane's, when its queue is full, and the crowd, when there is
no place for one more session.  Whoever makes room lets the first of them in, in that
very step, so nobody can slip in between; and whoever is cancelled leaves the line in
the step of the cancellation, so nobody is let in who is no longer there.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import trio
from trio.lowlevel import (
    Abort,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from actors import QueueFullError, Receipt, RefusedError, SaturatedError
from actors.hosting import GONE, Lane, check_key

from .entry import Entry, Offer


class Waiting(Entry):
    """The part of the router that lets senders wait."""

    __slots__ = ()

    @enable_ki_protection
    async def wait(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt, when there is room."""
        await trio.lowlevel.checkpoint()
        check_key(offer.key)
        if not self._try(offer):
            offer.task = current_task()

            def abort(_: object) -> Abort:
                assert offer.line is not None
                offer.line.remove(offer)  # from here on nobody can let it in
                return Abort.SUCCEEDED

            try:
                await wait_task_rescheduled(abort)
            except BaseException:
                self.refuse(offer, None)
                lane = self.lanes.get(offer.key)
                if lane is not None:
                    self.nothing_left(lane)
                raise
        if offer.error is not None:
            self.refuse(offer, offer.error)
            raise offer.error
        assert offer.receipt is not None
        return offer.receipt

    def _try(self, offer: Offer) -> bool:
        """Let it in or refuse it (True), or have it stand in line."""
        try:
            offer.receipt = self.admit(offer)
        except QueueFullError:
            extra = self.lanes[offer.key].need_extra()
            if extra.parked is None:
                extra.parked = deque()
            offer.line = extra.parked
        except SaturatedError:
            offer.line = self.crowd
        except RefusedError as error:
            offer.error = error
        if offer.receipt is None and offer.error is None:
            assert offer.line is not None
            offer.line.append(offer)
            return False
        if offer.task is not None:
            reschedule(offer.task)
        return True

    def admit_parked(self, lane: Lane) -> None:
        """There may be room for senders that wait."""
        extra = lane.extra
        parked = extra.parked if extra is not None else None
        if not parked:
            return
        if lane.phase == GONE or not self.open:
            assert extra is not None
            extra.parked = None
            for offer in parked:
                self._try(offer)
            return
        capacity = self.policy(lane).capacity
        for _ in range(len(parked)):
            if lane.waiting >= capacity or lane.phase == GONE or not parked:
                break
            offer = parked.popleft()
            if not self._try(offer) and offer.line is parked:  # full in another way
                parked.rotate(1)
                break

    def admit_crowd(self) -> None:
        """There may be a place for senders that wait."""
        if self.admitting:
            return
        self.admitting = True
        try:
            while self.crowd:
                offer = self.crowd.popleft()
                if not self._try(offer) and offer.line is self.crowd:
                    self.crowd.rotate(1)
                    break
        finally:
            self.admitting = False
