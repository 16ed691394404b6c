"""What a model is asked, and what it answers: pure, and the same for every dialect.

A prompt that has `[[VERB WORDS]]` in it chooses; the last one counts:

    [[say a b c]]       the words, one after the other
    [[slow 50]]         fifty words, five in a second
    [[shell date]]      a call of the tool that runs commands, as the agent offers it
    [[write PATH TEXT]] a call of the tool that writes files
    [[recall]]          all that it was ever told to `say`, as far as the agent tells it
    [[error 400]]       the status, with an error as that API has them

When a tool's result comes back, the model says that it has it.  Agents ask for titles
and summaries too; what has no verb is answered `ok`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import cast

import attrs

from .tools import Call, Tool, as_json, shell_call, write_call

VERB = re.compile(r"\[\[(say|slow|shell|write|recall|error)\b ?([^\]]*)\]\]")
PAUSE = 0.2
"""Seconds between two words of a slow answer."""


class Who(Enum):
    """Whose an item of a conversation is."""

    USER = "user"
    MODEL = "model"
    TOOL = "tool"


@attrs.frozen
class Item:
    """A piece of a conversation."""

    who: Who
    text: str


@attrs.frozen
class Asked:
    """What a request asks."""

    items: Sequence[Item]
    tools: Sequence[Tool] = ()
    stream: bool = False

    def verb(self) -> tuple[str, str, int]:
        """Give the last verb, its words, and the number of its item; else no verb."""
        for number, item in reversed(list(enumerate(self.items))):
            found = VERB.findall(item.text) if item.who is Who.USER else []
            if found:
                return found[-1][0], found[-1][1].strip(), number
        return "", "", len(self.items)

    def told(self) -> list[str]:
        """List all that the user has told the model to say, in order."""
        found: list[str] = []
        for item in self.items:
            if item.who is Who.USER:
                found += [w.strip() for v, w in VERB.findall(item.text) if v == "say"]
        return list(dict.fromkeys(found))


@attrs.frozen
class Reply:
    """What is answered."""

    words: Sequence[str] = ()
    call: Call | None = None
    pause: float = 0.0
    status: int = 200

    @property
    def text(self) -> str:
        """All words as one text."""
        return " ".join(self.words)

    def pieces(self) -> list[str]:
        """Give the words as they are streamed."""
        return [word if not n else f" {word}" for n, word in enumerate(self.words)]


def reply(asked: Asked) -> Reply:
    """Decide what is answered."""
    verb, words, number = asked.verb()
    after = {item.who for item in asked.items[number + 1 :]}
    if Who.TOOL in after:
        return Reply(("the", "tool", "has", "answered"))
    if Who.MODEL in after or not verb:
        return Reply(("ok",))
    return VERBS[verb](asked, words)


def _say(asked: Asked, words: str) -> Reply:
    del asked
    return Reply(tuple(words.split()))


def _slow(asked: Asked, words: str) -> Reply:
    del asked
    return Reply([f"word{n}" for n in range(int(words or 50))], pause=PAUSE)


def _recall(asked: Asked, words: str) -> Reply:
    del words
    return Reply(("recalled:", *(asked.told() or ["nothing"])))


def _error(asked: Asked, words: str) -> Reply:
    del asked
    return Reply(status=int(words or 400))


def _shell(asked: Asked, words: str) -> Reply:
    return _call(shell_call(asked.tools, words), "shell")


def _write(asked: Asked, words: str) -> Reply:
    path, _, text = words.partition(" ")
    return _call(write_call(asked.tools, path, text), "file")


def _call(call: Call | None, what: str) -> Reply:
    return Reply(call=call) if call else Reply(("no", what, "tool", "was", "offered"))


VERBS: Mapping[str, Callable[[Asked, str], Reply]] = {
    "say": _say,
    "slow": _slow,
    "recall": _recall,
    "error": _error,
    "shell": _shell,
    "write": _write,
}


def texts_of(content: object) -> str:
    """Give the text of a message's content, whatever its form."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = cast("list[object]", content)
        return "\n".join(filter(None, map(texts_of, parts)))
    about = as_json(content)
    return texts_of(about.get("text", about.get("content"))) if about else ""
