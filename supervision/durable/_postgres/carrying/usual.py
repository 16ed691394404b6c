"""Statements that are usual, each in a function of the schema.

The server plans a statement each time that it hears it, which takes as long as carrying
it out; the plan of a function's it keeps for as long as a connection lasts.  Prepared
statements would do the same, but not behind a pooler that lends a connection for a
transaction.

The functions are made of what batches say: each stands for one text, and has a name
made of that text.  A release that says something else has other functions, and those of
an older one stay for the nodes that have it.  What no function stands for is sent as it
is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import attrs

from supervision.durable._postgres.rows.message import VALUE, Place, Shape
from supervision.durable._sharing.words import Lease
from supervision.durable._words.looks import Find
from supervision.durable._words.records import (
    Accept,
    Begin,
    Bring,
    Complete,
    Ended,
    Record,
    Row,
    Settle,
    changed,
)

from .carrying import Carrying

_ROW: Final = Row(1, "", "", "send", None, None, None, 1, 1, 1, None, b"", 0.0)
_ENDED: Final = Ended(1, b"", 1)
_COMPLETE: Final = Complete("", 1, (_ENDED,))
_TWICE: Final = Complete("", 1, (_ENDED, _ENDED))
_OWN: Final = (1, 2)

_BATCHES: Final[Mapping[str, Sequence[Record]]] = {
    "accept": [Accept(_ROW, bring=False, own=_OWN)],
    "bring": [Accept(_ROW, bring=True, own=_OWN)],
    "offer": [Accept(_ROW, bring=False, capacity=1)],
    "mark": [Begin((1,), (1,), 1, 1)],
    "complete": [_COMPLETE],
    "bind": [changed(_COMPLETE, bound=True, token=b"")],
    "complete_some": [_TWICE],
    "settle": [Settle("", _ENDED)],
    "find": [Find("", "")],
    "look": [Bring("")],
}
"""{what a function's name begins with: a batch, each record with a lease}."""
_OWNER: Final = "@"  # what stands for the schema, and the dot, in SCHEMA


def functions() -> str:
    """Write as SQL: make all of them; `@` stands for the schema and the dot."""
    return ";\n".join(_made(name, shape) for name, shape in _named())


@lru_cache
def kept_in(schema: str) -> Mapping[str, str]:
    """Give `{text of a statement without its values: its function}`.

    Args:
        schema: as SQL.
    """
    return {
        shape.text.replace(_OWNER, f"{schema}."): f"{schema}.{name}"
        for name, shape in _named()
    }


@lru_cache
def _named() -> Sequence[tuple[str, Shape]]:
    return [*_shapes()]


def _shapes() -> Iterator[tuple[str, Shape]]:
    place, lease = Place(_OWNER, "", 1), Lease(0, 1)
    known: set[str] = set()
    for name, records in _BATCHES.items():
        batch = [*enumerate(records)]
        carrying = Carrying(place, batch, dict.fromkeys(range(len(batch)), lease))
        for shape in carrying.message.shapes():
            text = shape.text.replace(f"{_OWNER}.", _OWNER)
            if text not in known:
                known.add(text)
                digest = hashlib.sha256(text.encode()).hexdigest()[:16]
                yield f"{name}_{digest}", attrs.evolve(shape, text=text)


def _made(name: str, shape: Shape) -> str:
    first, *rest = shape.text.split(VALUE)
    body = first + "".join(f"${place}{each}" for place, each in enumerate(rest, 1))
    if shape.found:
        columns = [f"c{place} {kind}" for place, kind in enumerate(shape.found, 1)]
        found, body = f"table ({', '.join(columns)})", f"return query {body}"
    else:
        found = "void"
    return (
        f"create or replace function {_OWNER}{name}({', '.join(shape.given)})"
        f" returns {found} language plpgsql as ${name}$\n"
        f"#variable_conflict use_column\nbegin {body}; end ${name}$"
    )
