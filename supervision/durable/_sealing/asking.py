"""`Asking`: bodies in questions of a node, and in what the store says to it.

Beside its batches: prompts and outcomes that others have stored, verbs and what they
came to.  What stands in the tables is sealed as `bodies` seals it.
"""

from __future__ import annotations

from typing import Final

import attrs

from supervision.durable._codec.protocol import Where
from supervision.durable._sharing.words import (
    EndedRow,
    Polled,
    Post,
    Question,
    Reaction,
    Reply,
    VerbRow,
)

from .bodies import changed_row
from .seals import Sealer, context

_VERB: Final = "VERB"
_ANSWER: Final = "ANSWER"


class Asking:
    """What a node with a seal has in front of its questions.

    Args:
        sealer: seals bodies, and opens them.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def question(self, question: Question) -> Question:
        """Make a question whose bodies are sealed.

        Raises:
            NotSealedError: the user's `seal` is broken.
        """
        match question:
            case Post(key=key, arguments=body):
                sealed = self._sealer.seal(body, context(_VERB, key))
                return attrs.evolve(question, arguments=sealed)
            case Reply(answers=answers):
                return Reply(
                    tuple(
                        (each, self._sealer.seal(body, context(_ANSWER, str(each))))
                        for each, body in answers
                    )
                )
            case _:
                return question

    def reaction(self, reaction: Reaction) -> Reaction:
        """Make a reaction whose bodies are opened."""
        if not isinstance(reaction, Polled):
            return reaction
        return Polled(
            tuple(changed_row(each, self._open) for each in reaction.rows),
            tuple(map(self._ended, reaction.ended)),
            tuple(map(self._verb, reaction.verbs)),
            tuple(
                (
                    each,
                    self._sealer.open(body, context(_ANSWER, str(each)), "an answer"),
                )
                for each, body in reaction.answers
            ),
        )

    def _open(self, body: bytes, where: Where, key: str) -> bytes:
        return self._sealer.open(body, context(where.name, key), where.value)

    def _ended(self, row: EndedRow) -> EndedRow:
        if row.outcome is None:
            return row
        return attrs.evolve(
            row, outcome=self._open(row.outcome, Where.OUTCOME, row.key)
        )

    def _verb(self, row: VerbRow) -> VerbRow:
        body = self._sealer.open(row.arguments, context(_VERB, row.key), "a verb")
        return attrs.evolve(row, arguments=body)


def asking_of(seal: object) -> Asking | None:
    """Give what a node's questions are sealed with; None: it has no seal."""
    return Asking(Sealer(seal)) if seal is not None else None
