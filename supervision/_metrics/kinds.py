"""`Counter`, `Gauge`, `Histogram`: one metric, with all its labels.

Counting is a dictionary's look-up under a lock, so it may be done in threads.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from .text import Sample, number

Labels = tuple[str, ...]


class Metric:
    """What all three have in common: a name and labels."""

    kind = "untyped"
    __slots__ = ("_labels", "_lock", "_names", "about", "name")

    def __init__(self, name: str, about: str, labels: Labels) -> None:
        self.name = name
        """Its name."""
        self.about = about
        """What it counts, for a person."""
        self._labels = labels
        self._names = frozenset(labels)
        self._lock = threading.Lock()

    def _key(self, labels: dict[str, Any]) -> Labels:
        if labels.keys() != self._names:
            has = ", ".join(self._labels) or "none"
            given = ", ".join(labels) or "none"
            msg = f"{self.name} has these labels: {has}; got {given}"
            raise ValueError(msg)
        return tuple(str(labels[each]) for each in self._labels)

    def _named(self, key: Labels) -> dict[str, str]:
        return dict(zip(self._labels, key, strict=True))

    def samples(self) -> Iterable[Sample]:
        """Its numbers, now."""
        raise NotImplementedError


class Counter(Metric):
    """A number that only grows; made by `Registry.counter`."""

    kind = "counter"
    __slots__ = ("_values",)

    def __init__(self, name: str, about: str, labels: Labels) -> None:
        super().__init__(name, about, labels)
        self._values: dict[Labels, float] = {} if labels else {(): 0}

    def inc(self, amount: float = 1, **labels: object) -> None:
        """Add to it.  Not a checkpoint; may be called in threads.

        Args:
            amount: at least 0.  Default 1.
            labels: a value for each label that it was declared with.

        Raises:
            ValueError: below 0, or not its labels.
        """
        if not amount >= 0:
            msg = f"{self.name} can only grow, got {amount!r}"
            raise ValueError(msg)
        key = self._key(labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def samples(self) -> Iterable[Sample]:
        """Its numbers, now."""
        with self._lock:
            values = list(self._values.items())
        return [("", self._named(key), value) for key, value in values]


class Gauge(Metric):
    """A number that goes up and down; made by `Registry.gauge`."""

    kind = "gauge"
    __slots__ = ("_read", "_values")

    def __init__(
        self,
        name: str,
        about: str,
        labels: Labels,
        read: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(name, about, labels)
        self._read = read
        self._values: dict[Labels, float] = {} if labels or read else {(): 0}

    def set(self, value: float, **labels: object) -> None:
        """Let it be this.  Not a checkpoint; may be called in threads.

        Raises:
            ValueError: not its labels.
            TypeError: it is read when it is wanted.
        """
        key = self._writable(labels)
        with self._lock:
            self._values[key] = value

    def inc(self, amount: float = 1, **labels: object) -> None:
        """Add to it.  Raises as `set`."""
        key = self._writable(labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def dec(self, amount: float = 1, **labels: object) -> None:
        """Take from it.  Raises as `set`."""
        self.inc(-amount, **labels)

    def _writable(self, labels: dict[str, Any]) -> Labels:
        if self._read is not None:
            msg = f"{self.name} is read when it is wanted: it cannot be set"
            raise TypeError(msg)
        return self._key(labels)

    def samples(self) -> Iterable[Sample]:
        """Its numbers, now."""
        if self._read is not None:
            return [("", {}, self._read())]
        with self._lock:
            values = list(self._values.items())
        return [("", self._named(key), value) for key, value in values]


class _Tally:
    """The observations with the same labels."""

    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.total = 0.0


class Histogram(Metric):
    """How numbers are spread; made by `Registry.histogram`."""

    kind = "histogram"
    __slots__ = ("_buckets", "_tallies")

    def __init__(
        self, name: str, about: str, labels: Labels, buckets: tuple[float, ...]
    ) -> None:
        super().__init__(name, about, labels)
        self._buckets = buckets  # the last one is infinite
        self._tallies: dict[Labels, _Tally] = {}
        if not labels:
            self._tallies[()] = _Tally(len(buckets))

    def observe(self, value: float, **labels: object) -> None:
        """Count one.  Not a checkpoint; may be called in threads.

        Raises:
            ValueError: not its labels.
        """
        key = self._key(labels)
        place = bisect_left(self._buckets, value)
        with self._lock:
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = _Tally(len(self._buckets))
            tally.counts[min(place, len(self._buckets) - 1)] += 1
            tally.total += value

    def samples(self) -> Iterable[Sample]:
        """Its numbers, now: each bucket has those below it, too."""
        with self._lock:
            tallies = [
                (key, tuple(each.counts), each.total)
                for key, each in self._tallies.items()
            ]
        for key, counts, total in tallies:
            labels = self._named(key)
            so_far = 0
            for bound, count in zip(self._buckets, counts, strict=True):
                so_far += count
                yield "_bucket", {**labels, "le": number(bound)}, so_far
            yield "_sum", labels, total
            yield "_count", labels, so_far
