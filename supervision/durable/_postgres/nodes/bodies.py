"""What of questions and reactions is sealed: bodies of prompts, and what verbs say.

In the thread that asks.
"""

from __future__ import annotations

import attrs

from supervision.durable._codec.protocol import Where
from supervision.durable._sealing.sealing import Sealing
from supervision.durable._sealing.seals import NotSealedError
from supervision.durable._sharing.words import Polled, Post, Question, Reaction, Reply
from supervision.durable._words.errors import StoreRefusedError
from supervision.durable._words.records import Row


class Bodies:
    """Seals and opens.

    Args:
        sealing: None: bodies are as they are.
    """

    def __init__(self, sealing: Sealing | None) -> None:
        self._sealing = sealing

    def sealed(self, question: Question) -> Question:
        """Make a question whose bodies are sealed.

        Raises:
            StoreRefusedError: the user's `seal` is broken.
        """
        sealing = self._sealing
        if sealing is None:
            return question
        try:
            match question:
                case Post(key=key, arguments=arguments):
                    body = sealing.close(arguments, Where.VERB, key)
                    return attrs.evolve(question, arguments=body)
                case Reply(answers=answers):
                    return Reply(
                        tuple(
                            (each, sealing.close(body, Where.VERB, str(each)))
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
        sealing = self._sealing
        if sealing is None or not isinstance(reaction, Polled):
            return reaction

        def row(each: Row) -> Row:
            origin = each.origin
            if origin is not None:
                origin = sealing.open(origin, Where.ORIGIN, each.key)
            body = sealing.open(each.body, Where.PROMPT, each.key)
            return attrs.evolve(each, body=body, origin=origin)

        return Polled(
            tuple(map(row, reaction.rows)),
            tuple(
                each
                if each.outcome is None
                else attrs.evolve(
                    each, outcome=sealing.open(each.outcome, Where.OUTCOME, each.key)
                )
                for each in reaction.ended
            ),
            tuple(
                attrs.evolve(
                    each, arguments=sealing.open(each.arguments, Where.VERB, each.key)
                )
                for each in reaction.verbs
            ),
            tuple(
                (each, sealing.open(body, Where.VERB, str(each)))
                for each, body in reaction.answers
            ),
        )
