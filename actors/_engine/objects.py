"""What an object is in JSON.  Asked wherever values of users are written as that."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable

import attrs


def plainer(value: object, instead: str) -> object:
    """Give an enum's value, or the fields of an object of attrs, dataclasses, pydantic.

    Those may need it in their turn.

    Args:
        value: what JSON has not.
        instead: what to do about a value that is something else, for its error.

    Raises:
        TypeError: it is something else.
    """
    kind = type(value)
    if isinstance(value, enum.Enum):
        return value.value
    if attrs.has(kind):
        return {each.name: getattr(value, each.name) for each in attrs.fields(kind)}
    if dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(kind)
        return {each.name: getattr(value, each.name) for each in fields}
    dump: Callable[..., object] | None = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        return dump(mode="json")
    msg = f"JSON has no {kind.__name__}: {instead}; got {value!r:.200}"
    raise TypeError(msg)
