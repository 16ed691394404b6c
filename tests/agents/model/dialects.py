"""The ways in which agents ask models, and which one a request's path is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .anthropic import Messages
from .google import Generate
from .openai import Chat, Json, Piece, Responses
from .script import Asked, Reply


class Dialect(Protocol):
    """One API: how a request is read, and how an answer is written."""

    name: str

    def read(self, body: Json) -> Asked:
        """Read a request."""
        ...

    def error(self, status: int) -> Json:
        """Make the body of an error."""
        ...

    def whole(self, reply: Reply, number: int) -> Json:
        """Answer at once."""
        ...

    def stream(self, reply: Reply, number: int) -> Iterator[Piece]:
        """Answer word by word: seconds to wait, and what is then written."""
        ...


DIALECTS: dict[str, Dialect] = {
    "/chat/completions": Chat(),
    "/responses": Responses(),
    "/messages": Messages(),
    ":generateContent": Generate(),
    ":streamGenerateContent": Generate(),
}
"""By the end of the path."""


def dialect_of(path: str) -> Dialect | None:
    """Find the API that a path belongs to."""
    bare = path.partition("?")[0]
    return next((DIALECTS[end] for end in DIALECTS if bare.endswith(end)), None)


def aside(path: str) -> Json | None:
    """Answer what agents ask beside their prompts: lists of models, counts of tokens.

    None: nobody is there.
    """
    bare = path.partition("?")[0]
    if bare.endswith("/count_tokens"):
        return {"input_tokens": 10}
    if bare.endswith(":countTokens"):
        return {"totalTokens": 10}
    if bare.endswith("/models"):
        about = {"id": "scripted", "object": "model", "created": 0, "owned_by": "us"}
        return {"object": "list", "data": [about], "models": []}
    return None
