"""What an older release has written: brought to the version of this code.

States, and entries of histories.  An upcaster is a function from the builtin values of
one of version n to those of version n + 1.  They are called in order, at reading;
nothing is written by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from actors.hosting import whole
from supervision.durable._words.errors import CodecError

from .protocol import Where

# Any in this file: states and entries are anything

Upcaster: TypeAlias = Callable[[Any], Any]


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
