"""States that an older release has written: brought to the version of this code.

An upcaster is a function from the builtin values of a state of version n to those of
version n + 1.  They are called in order, at reading; nothing is written by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from actors.hosting import whole
from supervision.durable._words.errors import CodecError

from .protocol import Where

# Any in this file: states are anything

Upcaster: TypeAlias = Callable[[Any], Any]


class Versions:
    """The way of a state through the versions of its class.

    Args:
        current: the version that this code writes.
        upcasters: `{n: fn}`: from version n to n + 1.

    Raises:
        TypeError, ValueError: these are no versions, or no functions.
    """

    def __init__(self, current: int, upcasters: Mapping[int, Upcaster]) -> None:
        whole("state_version", current, least=1)
        for number, each in upcasters.items():
            whole("a version in upcasters", number, least=1)
            if not callable(each):
                msg = f"upcasters[{number}] must be a function, got {each!r:.100}"
                raise TypeError(msg)
        self.current = current
        self._upcasters = dict(upcasters)

    def refuse_newer(self, version: int) -> None:
        """Refuse a version that this code does not know.  Raises CodecError."""
        if version > self.current:
            raise CodecError(
                Where.STATE.value,
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
                    Where.STATE.value,
                    f"it has version {version}, and there is no upcasters[{number}] "
                    f"on the way to {self.current}",
                )
            try:
                plain = upcast(plain)
            except Exception as error:
                why = f"upcasters[{number}] raised {type(error).__name__}"
                raise CodecError(Where.STATE.value, why) from error
        return plain
