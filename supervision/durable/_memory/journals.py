"""Journals, in memory: what writers, readers and time do to them.  Pure."""

from __future__ import annotations

from supervision.durable._words.journals import ChunkPage, Chunks, ReadChunks


class Journals:
    """Blocks of chunks by prompt and number."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[int, bytes]] = {}  # {prompt: {last chunk: block}}

    def of(self, number: int) -> tuple[tuple[int, bytes], ...]:
        """List the blocks of a prompt's answer: (number of its last chunk, body)."""
        return tuple(sorted(self._blocks.get(number, {}).items()))

    def last(self, number: int) -> int | None:
        """Give the number of the last chunk of an answer; None: none is kept."""
        return max(self._blocks.get(number, ()), default=None)

    def write(self, record: Chunks) -> None:
        """Keep a block; without one: what does not count any more goes."""
        blocks = self._blocks.setdefault(record.number, {})
        if record.body:
            blocks[record.last] = record.body
            return
        for last in [each for each in blocks if each <= record.base]:
            del blocks[last]
        if not blocks:
            del self._blocks[record.number]

    def read(self, record: ReadChunks) -> ChunkPage:
        """Read blocks, up to a size."""
        found: list[tuple[int, bytes]] = []
        size = 0
        for last, body in self.of(record.number):
            if last > record.after and size < record.most:
                found.append((last, body))
                size += len(body)
        return ChunkPage(tuple(found))

    def forget(self, number: int) -> None:
        """Those of a prompt are gone."""
        self._blocks.pop(number, None)
