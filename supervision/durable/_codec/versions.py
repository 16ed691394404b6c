"""What an older release has written: brought to the version of this code.

States, and entries of histories.  An upcaster is a function from the builtin values of
one of version n to those of version n + 1.  They are called in order, at reading;
nothing is written by it.

A state of this version is looked at, too: what stands in its body and in no field of
the class would be lost without a word when the next turn writes it (`left_out`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import attrs

from actors.hosting import whole
from supervision.durable._words.errors import CodecError

from .protocol import Where

# Any in this file: states and entries are anything

Upcaster: TypeAlias = Callable[[Any], Any]
_class_of: Callable[[Any], Any] = type
# Any: else a checker would know half of their types
_DICT: Final[Any] = dict
_LIST: Final[Any] = list
_SEVERAL: Final[Any] = (list, tuple)


# {what has versions: (where a class says which, where a store has the upcasters)}
_NAMES: Final = {
    Where.STATE: ("state_version", "upcasters"),
    Where.ENTRY: ("entry_version", "entry_upcasters"),
}


class Versions:
    """The way of a state, or an entry, through the versions of its class.

    Args:
        session: the class, which may say what this code writes; else it is 1.
        upcasters: `{n: fn}`: from version n to n + 1.
        where: of what: `STATE` or `ENTRY`.

    Raises:
        TypeError, ValueError: these are no versions, or no functions.
    """

    def __init__(
        self,
        session: Any,
        upcasters: Mapping[int, Upcaster],
        where: Where = Where.STATE,
    ) -> None:
        said, self._name = _NAMES[where]
        self._where = where
        current: int = getattr(session, said, 1)
        whole(said, current, least=1)
        for number, each in upcasters.items():
            whole(f"a version in {self._name}", number, least=1)
            if not callable(each):
                msg = f"{self._name}[{number}] must be a function, got {each!r:.100}"
                raise TypeError(msg)
        self.current = current
        """The version that this code writes."""
        self._upcasters = dict(upcasters)

    def refuse_newer(self, version: int) -> None:
        """Refuse a version that this code does not know.  Raises CodecError."""
        if version > self.current:
            raise CodecError(
                self._where.value,
                f"it has version {version}, and this code knows {self.current} at "
                "most: run the newer release",
            )

    def bring(self, plain: Any, version: int) -> Any:
        """Bring builtin values of this version to the current one.

        Raises:
            CodecError: an upcaster is missing, or has raised; it says which.
        """
        for number in range(version, self.current):
            upcast = self._upcasters.get(number)
            if upcast is None:
                raise CodecError(
                    self._where.value,
                    f"it has version {version}, and there is no {self._name}[{number}] "
                    f"on the way to {self.current}",
                )
            try:
                plain = upcast(plain)
            except Exception as error:
                why = f"{self._name}[{number}] raised {type(error).__name__}"
                raise CodecError(self._where.value, why) from error
        return plain


def refuse_left_out(fields: Iterator[str]) -> None:
    """Refuse a state with fields that its class has not.  Raises CodecError.

    Args:
        fields: `State.title`, of each that would be lost.
    """
    for each in fields:
        raise CodecError(
            Where.STATE.value,
            f"it has a field {each}, which this code does not know and would lose: run "
            "the code that knows it, or count up state_version and say in upcasters "
            "what becomes of it",
        )


def left_out(plain: Any, value: Any) -> Iterator[str]:
    """Yield the fields that stand in builtin values, and in no class of the value.

    What is in sets is not looked at: nobody knows which was which.

    Args:
        plain: what msgspec has written, read without its type.
        value: the same, read with it.
    """
    if isinstance(plain, _LIST) and isinstance(value, _SEVERAL):
        for inner, one in zip(plain, value, strict=False):
            yield from left_out(inner, one)
    elif isinstance(plain, _DICT) and isinstance(value, _DICT):
        if value.keys() == plain.keys():
            for name, inner in plain.items():
                yield from left_out(inner, value[name])
        elif len(value) == len(plain):  # keys of other types: in the same order
            for inner, one in zip(plain.values(), value.values(), strict=True):
                yield from left_out(inner, one)
        else:  # a TypedDict has not all of them
            yield from (repr(name) for name in plain if name not in value)
    elif isinstance(plain, _DICT):
        yield from _left_out_of(plain, value)


def _left_out_of(plain: Mapping[Any, Any], value: Any) -> Iterator[str]:
    cls = _class_of(value)
    fields = _names_of(cls)
    if not fields:
        return  # nobody knows what it is made of
    for name, inner in plain.items():
        if name in fields:
            yield from left_out(inner, getattr(value, fields[name]))
        elif name != _tag_of(cls) and not hasattr(cls, name):  # a cached property
            yield f"{cls.__qualname__}.{name}"


def _names_of(cls: Any) -> dict[str, str]:
    """`{name in a body: name of the field}` of a class that msgspec writes.

    Of an attrs class without slots it writes whatever has been set on an object, so
    nobody knows what was a field: none.
    """
    if hasattr(cls, "__struct_fields__"):
        return dict(
            zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True)
        )
    if attrs.has(cls):
        if cls.__dictoffset__:
            return {}
        return {each.name: each.name for each in attrs.fields(cls)}
    if dataclasses.is_dataclass(cls):
        return {each.name: each.name for each in dataclasses.fields(cls)}
    return {}


def _tag_of(cls: Any) -> str | None:
    """The key under which a Struct of a union says which it is."""
    config = getattr(cls, "__struct_config__", None)
    return None if config is None else config.tag_field
