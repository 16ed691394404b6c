"""`Asked`: bodies in questions of a node, and in what the store says to it.

Beside its batches: prompts and outcomes that others have stored, verbs and what they
came to.  What stands in the tables is sealed as batches seal it.
"""

from __future__ import annotations

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
from supervision.durable._words.errors import StoreRefusedError

from .bodies import changed_row
from .sealing import Sealing
from .seals import NotSealedError


class Asked:
    """What a node with a seal has in front of its questions.

    Args:
        sealing: seals bodies, and opens them.
    """

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def sealed(self, question: Question) -> Question:
        """Make a question whose bodies are sealed.

        Raises:
            StoreRefusedError: the user's `seal` is broken.
        """
        close = self._sealing.close
        try:
            match question:
                case Post(key=key, arguments=body):
                    return attrs.evolve(
                        question, arguments=close(body, Where.VERB, key)
                    )
                case Reply(answers=answers):
                    return Reply(
                        tuple(
                            (each, close(body, Where.VERB, str(each)))
                            for each, body in answers
                        )
                    )
                case _:
                    return question
        except NotSealedError as error:
            key = question.key if isinstance(question, Post) else ""
            raise StoreRefusedError(key, str(error)) from None

    def opened(self, reaction: Reaction) -> Reaction:
        """Make a reaction whose bodies are opened."""
        if not isinstance(reaction, Polled):
            return reaction
        opens = self._sealing.open
        return Polled(
            tuple(changed_row(each, opens) for each in reaction.rows),
            tuple(map(self._ended, reaction.ended)),
            tuple(map(self._verb, reaction.verbs)),
            tuple(
                (each, opens(body, Where.VERB, str(each)))
                for each, body in reaction.answers
            ),
        )

    def _ended(self, row: EndedRow) -> EndedRow:
        if row.outcome is None:
            return row
        outcome = self._sealing.open(row.outcome, Where.OUTCOME, row.key)
        return attrs.evolve(row, outcome=outcome)

    def _verb(self, row: VerbRow) -> VerbRow:
        body = self._sealing.open(row.arguments, Where.VERB, row.key)
        return attrs.evolve(row, arguments=body)
