"""`ChunkKeeper`: what keeps the chunks of a log where they outlive the process.

The log says what there is, and asks for what it does not have in memory any more.  What
is appended to its `KeptQueue` is kept in the same step, whoever appends it: a turn does
so in a burst without asking the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar, cast
from weakref import ref

from trio.lowlevel import enable_ki_protection

from . import burst
from .writers import SCHEDULE_EVERY

# Any in this file: a chunk as it is kept is the keeper's own, the log stands above

C = TypeVar("C")


class ChunkKeeper(Protocol):
    """Keeps the chunks of one log."""

    written: int
    """Number of the newest chunk that is kept for good."""
    bytes_of_texts: int
    """Bytes of ASCII texts that `put_texts` takes at once."""

    @property
    def has_room(self) -> bool:
        """Whether one more chunk may be on its way."""
        ...

    def pack(self, chunk: Any) -> Any:
        """Make of a chunk what `keep` is given; it may be changed after that.

        Raises:
            TypeError: it would not come back as it is.
            ValueError: it is too large.
        """
        ...

    def put(self, number: int, chunk: Any) -> bool:
        """Keep a chunk, which has this number; whether there is room for more.

        Raises:
            TypeError, ValueError: as `pack`.
        """
        ...

    def put_texts(self, last: int, texts: Sequence[Any]) -> None:
        """Keep ASCII texts, of which the last one has this number."""

    def keep(self, number: int, packed: Any) -> None:
        """Keep one that has waited for room; `ChunkLog.kept` when it is kept."""

    def restart(self, base: int) -> None:
        """Nothing up to this number counts any more."""

    def cut(self) -> None:
        """Nothing more is to be kept, and nobody reads what is."""

    async def read(self, after: int) -> Sequence[Any]:
        """Read some chunks behind this number; none: they are not kept any more."""
        ...


class KeptQueue(deque[C]):
    """The chunks of a log that has a keeper, and how far that has them.

    What is appended is kept at once; in a burst, texts are when it ends, all together.
    A turn appends, and Ctrl-C may interrupt that one anywhere: not here in between.
    It does not hold its log, which is gone, with its chunks, when nobody else has it.

    Args:
        log: whose chunks they are, a `ChunkLog`; None: of a copy.
    """

    __slots__ = ("_kept", "_log", "_short")

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log: Callable[[], Any] = _nothing if log is None else ref(log)
        self._kept = 0  # number of the latest chunk that the keeper has
        self._short = 0  # bytes of a text that is too long to wait for a burst's end

    @enable_ki_protection
    def append(self, chunk: Any) -> None:
        """Have one more.

        Raises:
            TypeError, ValueError: it cannot be kept, and is not there.
        """
        if _class_of(chunk) is str and len(chunk) < self._short and chunk.isascii():
            _append(self, chunk)
            return
        log = self._log()
        keeper = log.keeper
        if self._short:
            self._keep(log)
        number = log.dropped + len(self) + 1
        if not keeper.put(number, chunk):
            self._short = 0
            log.room = log.limit = 0  # from the next one on all ask
        _append(self, chunk)
        self._kept = number

    def append_packed(self, chunk: C, packed: Any) -> None:
        """Have one more, which has waited for room."""
        _append(self, chunk)
        log = self._log()
        self._kept = number = log.last
        log.keeper.keep(number, packed)

    def forget(self, log: Any, most: int) -> int:
        """Let go of the oldest that are kept for good, there are more; how many."""
        gone = min(len(self) - most, log.keeper.written - log.dropped)
        if gone <= 0:
            return 0
        if gone == len(self):
            self.clear()
        else:
            for _ in range(gone):
                self.popleft()
        return int(gone)

    def begin(self, log: Any) -> None:
        """A burst begins."""
        self._kept = log.dropped + len(self)  # its `last`
        # so that all fit together
        self._short = log.keeper.bytes_of_texts // (SCHEDULE_EVERY + 1)

    def end(self, log: Any) -> None:
        """It has ended."""
        self._keep(log)
        self._short = 0

    def _keep(self, log: Any) -> None:
        """Have all kept that are not."""
        last = log.dropped + len(self)
        count = last - self._kept
        if count:
            texts = list(islice(reversed(self), count))
            texts.reverse()
            log.keeper.put_texts(last, texts)
            self._kept = last


def _nothing() -> None:
    """There is no log."""


@enable_ki_protection
def begin_burst(log: Any, run: Any) -> None:
    """See `burst`: of a log, which may have a keeper."""
    if burst.begin(log, run) and log.kept_in is not None:
        log.kept_in.begin(log)


@enable_ki_protection
def end_burst(log: Any) -> None:
    """See there."""
    burst.end(log)
    if log.kept_in is not None:
        log.kept_in.end(log)


_class_of: Callable[[Any], Any] = type
_append: Callable[[Any, Any], None] = cast("Any", deque).append
