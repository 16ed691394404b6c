"""`Registry`: metrics by their names, and the text of other libraries.

The text is made when somebody scrapes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, Self, SupportsIndex, TypeVar

from supervision._log.safe import Log

from .kinds import Counter, Gauge, Histogram, Labels, Metric
from .text import family

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

_M = TypeVar("_M", bound=Metric)


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
        self._metrics: dict[str, Metric] = {}
        self._others: list[Callable[[], str | bytes]] = []

    def __deepcopy__(self, memo: object) -> Self:
        """Itself, in a copy of what has it: who counts has its metrics from here."""
        del memo
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """`REGISTRY` is that of the process which unpickles it."""
        return "REGISTRY" if self is REGISTRY else super().__reduce_ex__(protocol)

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
