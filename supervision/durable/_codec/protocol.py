"""`Codec`: what makes bytes of a router's values; and `Where` a value stands."""

from __future__ import annotations

import enum
from typing import Any, Final, Protocol

from actors.hosting import Whole
from supervision.durable._words.errors import CodecError

# Any in this file: values are anything


class Where(enum.Enum):
    """What a value is to a session."""

    PROMPT = "a prompt"
    STATE = "a state"
    CHUNK = "a chunk"
    OUTCOME = "an outcome"
    TOKEN = "a token"  # noqa: S105 - no secret of ours
    ORIGIN = "an origin"
    ENTRY = "an entry"
    VERB = "a verb"

    __hash__ = object.__hash__  # in C: it is looked up for each body


class Codec(Protocol):
    """Makes bytes of values, and values of bytes.  Called in Trio's thread."""

    version: int
    """Of the states that it writes."""
    entry_version: int
    """Of the entries of a history that it writes."""

    def takes_any(self, sample: Any, where: Where) -> bool:
        """Whether every value of this builtin type is taken, and comes back."""
        ...

    def encode(self, value: Any, where: Where) -> bytes:
        """Make bytes of a value.

        Raises:
            TypeError: it would not come back as it is: whoever made it.
        """
        ...

    def decode(self, data: bytes, where: Where, version: int | None = None) -> Any:
        """Make the value again.

        Args:
            data: what `encode` has made, perhaps in an older release.
            where: what it is.
            version: of a state or an entry, if it may be another than what it writes.

        Raises:
            CodecError: it cannot be; nothing else, whatever the bytes are.
        """
        ...


NOT_LISTED: Final = "it has an object of "
"""How the error begins that says so, which quotes nothing but the name of a class."""
_MISFITS: Final = ("Expected `", "Object missing required field")
_SAFE: Final = (*_MISFITS, "Input data was truncated")


class Lacking(Whole, ValueError):  # noqa: N818 - it becomes an error
    """An object cannot be made: a field has no value, and no default.

    The act of whoever has changed the class: its text names the field, and no value.
    """


def why_not(error: Exception) -> str:
    """Why bytes make no value, in words that quote none: what does not fit."""
    said = str(error)
    if said.startswith(NOT_LISTED):
        return said
    if isinstance(error, Lacking) or said.startswith(_MISFITS):
        return f"it is not of its type: {said}"
    return "the bytes are not what they should be"


def unreadable(what: str, why: str, error: BaseException | None = None) -> CodecError:
    """Say that something cannot be read, without a word of what was to be read.

    Errors of others quote values ("Invalid enum value 'secret'"): of those that might,
    only the class is told.
    """
    found = CodecError(what, why)
    safe = isinstance(error, Lacking) or str(error).startswith(_SAFE)
    if error is None or safe:
        found.__cause__ = error
    else:
        found.__cause__ = ValueError(f"{type(error).__name__}, its text is left out")
    found.__suppress_context__ = True
    return found
