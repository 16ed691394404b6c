"""`Sealing`: a batch is sealed, carried out, and what is answered is opened.

All of it where the batch is carried out: a store in a file has a thread for that, so
sealing may take its time.  How large a body may be is said of the body, not of what a
seal makes of it: so it is looked at here, before, and no more behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, TypeAlias

import attrs

from supervision.durable._codec.protocol import Where
from supervision.durable._sharing.words import Back, Fenced, Owned, Sent
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Record, Refused
from supervision.durable._words.rules import refusal

from .bodies import in_answer, in_record
from .seals import NotSealedError, Sealer, context

# Any: what stands in the batches of this store, and what it answers to it
Carry: TypeAlias = Callable[[Sequence[Any]], list[Any]]


class Sealing:
    """What a store with a seal has in front of it.

    Args:
        sealer: seals bodies, and opens them.
        policy: how large they may be before.
    """

    def __init__(self, sealer: Sealer, policy: StorePolicy) -> None:
        self._sealer = sealer
        self._policy = policy
        # a batch whose answers were lost comes again, and must be the same then: two
        # seals of one body need not be equal
        self._batch: Sequence[Sent] = ()
        self._sealed: list[Sent | Refused] = []

    def carry(self, batch: Sequence[Sent], carry: Carry) -> list[Any]:
        """Carry out a batch by `carry`.  What cannot be sealed is refused alone.

        Raises:
            Exception: whatever `carry` raises; the batch may come again.
        """
        sealed = self.sealed(batch)
        goes = [each for each in sealed if not isinstance(each, Refused)]
        answers = iter(carry(goes))
        return [
            each if isinstance(each, Refused) else self.opened(record, next(answers))
            for record, each in zip(batch, sealed, strict=True)
        ]

    def sealed(self, batch: Sequence[Sent]) -> list[Any]:  # Any: `Sent`, or `Refused`
        """Seal a batch; one that comes twice is the same the second time.

        What cannot be sealed is `Refused`.
        """
        is_same = len(batch) == len(self._batch) and all(map(is_, batch, self._batch))
        if not is_same:
            self._sealed = [self._seal_sent(sent) for sent in batch]
            self._batch = tuple(batch)
        return self._sealed

    def opened(self, sent: Sent, back: Back) -> Back:
        """Open what is said to a record; a `Refused` has nothing to be opened."""
        record = sent.record if isinstance(sent, Owned) else sent
        if not isinstance(back, Fenced):
            return in_answer(record, back, self.open)
        if back.answer is None:
            return back
        return Fenced(back.lease, in_answer(record, back.answer, self.open))

    def open(self, body: bytes, where: Where, key: str) -> bytes:
        """Open a body; one that cannot be is an `Unopened`."""
        return self._sealer.open(body, context(where.name, key), where.value)

    def close(self, body: bytes, where: Where, key: str) -> bytes:
        """Seal a body.  Raises NotSealedError: the user's `seal` is broken."""
        return self._sealer.seal(body, context(where.name, key))

    def _seal_sent(self, sent: Sent) -> Sent | Refused:
        if not isinstance(sent, Owned):
            return self._seal(sent)
        sealed = self._seal(sent.record)
        return sealed if isinstance(sealed, Refused) else Owned(sealed, sent.lease)

    def _seal(self, record: Record) -> Record | Refused:
        why = refusal(record, self._policy)
        if why is not None:
            return Refused(why)
        try:
            return in_record(record, self.close)
        except NotSealedError as error:
            return Refused(str(error))


def sealing_of(encoding: Encoding, policy: StorePolicy) -> Sealing | None:
    """Give what an opening of a store seals with; None: it has no seal."""
    if encoding.seal is None:
        return None
    return Sealing(Sealer(encoding.seal), policy)


def limits_behind(sealing: Sealing | None, policy: StorePolicy) -> StorePolicy:
    """Give the policy by which a store refuses: of what is sealed not by its size."""
    if sealing is None:
        return policy
    return attrs.evolve(
        policy,
        prompt_bytes=sys.maxsize,
        state_bytes=sys.maxsize,
        entry_bytes=sys.maxsize,
    )
