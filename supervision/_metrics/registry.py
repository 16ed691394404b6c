"""`Registry`: counters, gauges and histograms, and the text of other libraries.

Counting is a dictionary's look-up under a lock, so it may be done in threads; the text
is made when somebody scrapes.
"""

from __future__ import annotations

import math
import re
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

from supervision._log.safe import Log

from .text import Sample, family, number

SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    *(30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
)
"""Buckets for seconds, from a quick answer to a long turn."""
OURS: Final = "actors_"
"""How names of this library begin."""

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*\Z")

logger = Log("supervision")

Labels = tuple[str, ...]


class _Metric:
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


class Counter(_Metric):
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


class Gauge(_Metric):
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


class Histogram(_Metric):
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


_M = TypeVar("_M", bound=_Metric)


class Registry:
    """Metrics that are scraped together.

    Example:
        >>> registry = Registry()
        >>> words = registry.counter("chat_words_total", "Words said.", ["model"])
        >>> words.inc(3, model="small")
        >>> print(registry.text(), end="")
        # HELP chat_words_total Words said.
        # TYPE chat_words_total counter
        chat_words_total{model="small"} 3

    Args:
        ours: names may begin with `actors_`.  Default False: those are this library's.
    """

    def __init__(self, *, ours: bool = False) -> None:
        self._ours = ours
        self._metrics: dict[str, _Metric] = {}
        self._others: list[Callable[[], str | bytes]] = []

    def counter(self, name: str, about: str, labels: Sequence[str] = ()) -> Counter:
        """A number that only grows.

        Args:
            name: ends in `_total`.
            about: what it counts, for a person.
            labels: names of what it is split by.  Few values each: every combination
                that has been counted is kept, and scraped, for ever.

        Raises:
            ValueError: a name that is none, is taken, or begins with `actors_`.
        """
        if not str(name).endswith("_total"):
            msg = f"the name of a counter ends in _total, got {name!r}"
            raise ValueError(msg)
        return self._add(Counter(*self._checked(name, about, labels)))

    def gauge(
        self,
        name: str,
        about: str,
        labels: Sequence[str] = (),
        *,
        read: Callable[[], float] | None = None,
    ) -> Gauge:
        """A number that goes up and down.

        Args:
            name: such as `chat_rooms`.
            about: what it is, for a person.
            labels: names of what it is split by.
            read: gives the number when it is wanted, in the thread of the service;
                without labels.  Default None: it is `set`.

        Raises:
            ValueError: as `counter`; or labels and `read`.
        """
        if read is not None and labels:
            msg = f"{name} is read when it is wanted: it can have no labels"
            raise ValueError(msg)
        return self._add(Gauge(*self._checked(name, about, labels), read))

    def histogram(
        self,
        name: str,
        about: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = SECONDS,
    ) -> Histogram:
        """How numbers are spread: seconds, sizes.

        Args:
            name: with its unit, such as `chat_answer_seconds`.
            about: what is observed, for a person.
            labels: names of what it is split by; not `le`.
            buckets: their upper bounds, rising.  Default: 5 ms to 30 min.

        Raises:
            ValueError: as `counter`; or buckets that do not rise.
        """
        if "le" in labels:
            msg = f"{name} cannot have the label 'le': its buckets have it"
            raise ValueError(msg)
        bounds = [float(each) for each in buckets]
        if not bounds or not all(a < b for a, b in pairwise(bounds)):
            msg = f"buckets must rise, and be at least one, got {buckets!r}"
            raise ValueError(msg)
        if bounds[-1] != math.inf:
            bounds.append(math.inf)
        return self._add(Histogram(*self._checked(name, about, labels), tuple(bounds)))

    def add(self, expose: Callable[[], str | bytes]) -> None:
        """Scrape what another library has, too, in the same format.

        `registry.add(prometheus_client.generate_latest)` is all that its metrics need.
        It is called at each scrape, in the thread of the service, and must be quick; if
        it fails, the log says so, and the rest is scraped without it.

        Args:
            expose: gives the text, as str or bytes in UTF-8.

        Raises:
            TypeError: it cannot be called.
        """
        if not callable(expose):
            msg = f"add() takes a function that gives the text, got {expose!r}"
            raise TypeError(msg)
        self._others.append(expose)

    def text(self) -> str:
        """All of them, as Prometheus reads them."""
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        for each in tuple(self._metrics.values()):
            try:
                lines = family(each.name, each.kind, each.about, each.samples())
                yield "".join(line + "\n" for line in lines)
            except Exception:  # a `read` of the user's
                logger.exception("the metric %s cannot be read", each.name)
        for expose in tuple(self._others):
            try:
                given = expose()
                found = given.decode() if isinstance(given, bytes) else str(given)
            except Exception:
                logger.exception("metrics of another library cannot be read")
                continue
            # not splitlines(): a label may have U+2028, which ends no line there
            lines = [line.removesuffix("\r") for line in found.split("\n")]
            lines = [line for line in lines if line.strip() not in {"", "# EOF"}]
            yield "".join(line + "\n" for line in lines)

    def _add(self, metric: _M) -> _M:
        self._metrics[metric.name] = metric
        return metric

    def _checked(
        self, name: str, about: str, labels: Sequence[str]
    ) -> tuple[str, str, Labels]:
        given: object = name
        if not isinstance(given, str) or not _NAME.match(given):
            msg = f"a metric's name has letters, digits and _, got {name!r}"
            raise ValueError(msg)
        if name.startswith(OURS) and not self._ours:
            msg = f"names that begin with {OURS} are this library's, got {name!r}"
            raise ValueError(msg)
        if name in self._metrics:
            msg = f"there is a metric {name!r} already"
            raise ValueError(msg)
        if isinstance(labels, str) or not all(_LABEL.match(each) for each in labels):
            msg = f"labels must be a list of names, got {labels!r}"
            raise ValueError(msg)
        return name, about, tuple(labels)


REGISTRY: Final = Registry()
"""The one that a service serves beside its own numbers, unless it is told another."""
