"""`Journal`: the chunks of one prompt's answer, on their way to the store and back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final
from weakref import ref

from actors.hosting import ChunkLog
from supervision.durable._words.errors import StoreAwayError
from supervision.durable._words.journals import ChunkPage, Chunks, ReadChunks
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Refused
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import ENDED, Waiter

from .blocks import BESIDE

PAGE_BYTES: Final = 1024 * 1024
"""Of blocks that are read at once, more or less."""
_AT_ONCE: Final = 4  # times `journal_bytes`


class Terms:
    """What is the same for all journals of a router.

    Args:
        codec: of its chunks.
        policy: its store's.
    """

    __slots__ = ("block", "bytes_of_texts", "item", "largest", "most", "texts")

    def __init__(self, codec: Any, policy: StorePolicy) -> None:  # Any: it is above
        self.item: Callable[[Any], tuple[Any, int]] = codec.item
        self.texts: bool = codec.texts
        self.largest = policy.chunk_bytes  # of a chunk
        self.block = block = policy.journal_bytes
        self.most = _AT_ONCE * block  # bytes on their way
        # so much a block may become larger at once
        self.bytes_of_texts = min(self.largest, block // 4) if self.texts else 0


class PromptJournal:
    """A `ChunkKeeper`: keeps the chunks of one answer.

    It does not hold its log, or each answer would be garbage for the collector.

    Args:
        journals: of its router.
    """

    __slots__ = (
        "_block",
        "_item",
        "_items",
        "_journals",
        "_largest",
        "_last",
        "_log",
        "_most",
        "_out",
        "_size",
        "_texts",
        "base",
        "bytes_of_texts",
        "gone",
        "key",
        "number",
        "written",
    )

    def __init__(self, journals: Any) -> None:  # Any: its module stands above this one
        self._log: ref[ChunkLog[Any]]
        self.key = ""
        self.number = 0
        """The prompt's; 0: it has not been accepted."""
        self.base = 0
        """Number of the chunk before the first of the latest try."""
        self.written = 0
        self.gone: Exception | None = None
        """Why there is nothing to read, though there was."""
        self._items: list[Any] = []  # those that wait to be written
        self._size = 0  # their bytes, and `BESIDE` for each
        self._last = 0  # number of the last of them
        self._out = 0  # bytes of those that are being written
        self.move(journals)

    def move(self, journals: Any) -> None:
        """Its prompt is of this router now; of what was on its way nobody knows."""
        self._journals = journals
        terms: Terms = journals.terms
        self._item, self._texts = terms.item, terms.texts
        self._largest, self._block = terms.largest, terms.block
        self._most, self.bytes_of_texts = terms.most, terms.bytes_of_texts
        self._items.clear()
        self._size = self._out = 0

    @property
    def log(self) -> ChunkLog[Any]:
        """Whose chunks it keeps; for those who have that one."""
        log = self._log()
        assert log is not None
        return log

    @log.setter
    def log(self, log: ChunkLog[Any]) -> None:
        self._log = ref(log)

    # ------------------------------------------------------------------- what is kept

    @property
    def has_room(self) -> bool:
        """See `ChunkKeeper`."""
        return self._size + self._out < self._most

    def pack(self, chunk: Any) -> Any:
        """See `ChunkKeeper`."""
        item, size = self._item(chunk)
        if size > self._largest:
            most = self._largest
            msg = f"a chunk has at most {most} bytes when stored, got {size}"
            raise ValueError(msg)
        return item, size + BESIDE

    def put(self, number: int, chunk: Any) -> bool:
        """See `ChunkKeeper`."""
        if (
            type(chunk) is str
            and self._texts
            and chunk.isascii()
            and len(chunk) <= self._largest
        ):  # as `pack`, for what most chunks are
            item, added = chunk, len(chunk) + BESIDE
        else:
            item, added = self.pack(chunk)
        # as `keep`
        items = self._items
        if not items:
            self._journals.due(self)
        items.append(item)
        self._last = number
        self._size = size = self._size + added
        if size < self._block:
            return size + self._out < self._most
        self.write()
        return self._out < self._most

    def put_texts(self, last: int, texts: Sequence[Any]) -> None:
        """See `ChunkKeeper`."""
        if not self._items:
            self._journals.due(self)
        self._items += texts
        self._last = last
        self._size += sum(map(len, texts)) + BESIDE * len(texts)
        if self._size >= self._block:
            self.write()

    def keep(self, number: int, packed: Any) -> None:
        """See `ChunkKeeper`."""
        item, size = packed
        if not self._items:
            self._journals.due(self)
        self._items.append(item)
        self._last = number
        self._size += size
        if self._size >= self._block:
            self.write()

    def write(self) -> None:
        """Have what waits written."""
        items, size, last = self._items, self._size, self._last
        if not items:
            return
        self._items, self._size = [], 0
        self._out += size
        self._journals.written(self)
        body = self._journals.kept.codec.encode_block(items)

        def told(answer: object) -> None:
            if isinstance(answer, Refused):  # by a seal, say
                self._lose(answer.why)
            self._out -= size
            self.written = max(self.written, last)
            log = self._log()
            if log is not None:
                log.kept()
            others = self._journals.kept.others
            if others is not None:
                others.following.hint_senders((self.number,))

        self._submit(last, body, told)

    def _lose(self, why: str) -> None:
        """A block is not kept: an answer with a hole in it is none."""
        kept = self._journals.kept
        text = f"has lost the journal of prompt {self.number}: {why}"
        kept.core.world.log_failure(logging.ERROR, self.key, text)
        record = Chunks(self.number, self.key, 0, 0, b"", lost=True)
        kept.submit_key(self.key, Entry(record, _nothing))

    def restart(self, base: int) -> None:
        """See `ChunkKeeper`."""
        self._forget()
        self.base = self.written = base
        self._submit(base, b"", _nothing)

    def cut(self) -> None:
        """See `ChunkKeeper`."""
        self._forget()

    def _forget(self) -> None:
        self._items, self._size = [], 0
        self._journals.written(self)

    def _submit(self, last: int, body: bytes, told: Any) -> None:
        record = Chunks(self.number, self.key, self.base, last, body)
        self._journals.kept.submit_key(self.key, Entry(record, told, len(body)))

    # ------------------------------------------------------------------- what is read

    async def read(self, after: int) -> Sequence[Any]:
        """See `ChunkKeeper`.

        Raises:
            StoreAwayError: the router has ended.
            CodecError: a block cannot be read.
            UnknownPromptError: it repeats a prompt whose answer is not kept any more.
        """
        if self.gone is not None:
            raise self.gone
        kept = self._journals.kept
        if kept.writer.ended:
            raise StoreAwayError(ENDED)
        waiter = Waiter()
        look = ReadChunks(self.number, self.key, after, PAGE_BYTES)
        kept.submit(Question(look, waiter.told))
        page: ChunkPage = await waiter.wait()
        chunks: list[Any] = []
        first = after  # the number of the chunk before the first of them
        for last, body in page.blocks:
            block = kept.codec.decode_block(body)
            begins = last - len(block)
            if begins < after:
                block = block[after - begins :]
                begins = after
            if begins > first + len(chunks):
                break  # what is between is not kept any more
            chunks += block
        if not chunks and self._is_elsewhere():  # its turn may be tried again there
            await self._hear()
        return chunks

    def _is_elsewhere(self) -> bool:
        """Whether another node gives this answer."""
        others = self._journals.kept.others
        return others is not None and others.has(self.key)

    async def _hear(self) -> None:
        """Find out how far the answer has come, and in which try."""
        waiter = Waiter()

        def told(answer: Found | Exception) -> None:
            # in this very step: the key may be this node's in a later one
            log = self._log()
            if log is None:
                pass  # nor does anybody wait
            elif isinstance(answer, Found) and answer.number and self._is_elsewhere():
                self._journals.has_said(log, answer)
            waiter.told(answer)

        look = Find(self.key, "", self.number)
        self._journals.kept.submit(Question(look, told))
        await waiter.wait()


def _nothing(_: object) -> None:
    """Nothing follows."""
