"""`Watch`: since when things have been as they are, as far as one node has seen.

Pure.  It counts only while the node could read: after a gap every observation begins
anew.  What has been so long enough stays known until it changes, also over a gap.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)


@attrs.define
class Seen:
    """A thing, as it was seen."""

    stamp: tuple[int, int]
    """What it would have changed by."""
    since: float
    """Since when it has been so."""
    over: bool = False
    """It has been so for `ttl`."""
    lies: bool = False
    """For twice as long, without a gap."""


class Watch(Generic[K]):
    """Things by their names.

    Args:
        ttl: seconds.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._seen: dict[K, Seen] = {}

    def __getitem__(self, name: K) -> Seen:
        """Give one that was there the last time."""
        return self._seen[name]

    def get(self, name: K) -> Seen | None:
        """Give one; None: it was not there."""
        return self._seen.get(name)

    def forget(self, name: K) -> None:
        """It is not there any more."""
        self._seen.pop(name, None)

    def anew(self, now: float) -> None:
        """There was a gap until now."""
        for seen in self._seen.values():
            seen.since = now

    def see(self, stamps: Mapping[K, tuple[int, int]], now: float) -> None:
        """See all that is there now: `{name: its stamp}`."""
        self._seen = {
            name: self._look(name, each, now) for name, each in stamps.items()
        }

    def _look(self, name: K, stamp: tuple[int, int], now: float) -> Seen:
        seen = self._seen.get(name)
        if seen is None or seen.stamp != stamp:
            return Seen(stamp, now)
        seen.over = seen.over or now - seen.since >= self._ttl
        seen.lies = now - seen.since >= 2 * self._ttl
        return seen
