"""Whether a store can keep what the sessions of a router deal with.

Imported only where a router has a store: it needs what stores need.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supervision.durable._codec.classes import found_in
from supervision.durable._codec.declared import UNKNOWN, Declared
from supervision.durable._codec.typed import typed
from supervision.durable._codec.values import codec_of
from supervision.durable._words.encoding import KINDS, is_known_kind

from .findings import Found

# Any in this file: types are anything


def check_stored(make: Any, encoding: Any, path: str, found: Found) -> None:
    """Look at the types that a session class declares.

    Args:
        make: the class of the sessions.
        encoding: what the store was told of values.
        path: of the router.
        found: is told.
    """
    try:
        codec_of(make, encoding)
    except (TypeError, ValueError) as error:
        found.wrong(path, error)
        return
    said = Declared(make)
    state = said.state if encoding.state is None else encoding.state
    declared = {
        "prompts": said.prompt,
        "chunks": said.chunk,
        "state": state,
        "entries": said.entry,
    }
    for what, it in declared.items():
        if it is UNKNOWN or typed(it) is not None:
            continue
        for cls in _strangers(it):
            if any(issubclass(each, cls) for each in encoding.types):
                continue  # a base of what is listed
            found.wrong(
                path,
                f"its store cannot keep a {cls.__qualname__}, which is among the "
                f"{what} of {make.__name__}",
                f"make it one of {KINDS}, or name the classes below it in types=",
            )


def _strangers(declared: Any) -> Iterator[type[Any]]:
    """Yield the classes in a type that no store can take apart."""
    for each in found_in(declared):
        if not (each is object or is_known_kind(each) or typed(each) is not None):
            yield each
