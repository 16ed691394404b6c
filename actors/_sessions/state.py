"""The state of a conversation: its type, and what may not be one.

A state is a value.  `initial_state` is one for all keys of a class, so whatever can be
changed in place would be shared by strangers: it is refused where it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .values import can_change, is_called

if TYPE_CHECKING:  # a default is Python 3.13's; to checkers this package is built in
    from typing_extensions import TypeVar as TypeVarWithDefault

    P = TypeVar("P")
    C = TypeVar("C")
    S = TypeVarWithDefault("S", default=Any)
else:
    P = TypeVar("P")
    C = TypeVar("C")
    S = TypeVar("S")


# Any: what stands between the brackets may be anything
def with_default(cls: type[Any], given: Any) -> Any:
    """What a generic class is given in brackets, with S where it was left out."""
    parameters = getattr(cls, "__parameters__", ())
    several = issubclass(type(given), tuple)
    listed: Any = given if several else [given]
    if parameters and parameters[-1] is S and len(listed) == len(parameters) - 1:
        return (*listed, Any)
    return given


def refuse_shared(name: str, state: object) -> None:
    """Refuse an initial state that can be changed in place.

    Raises:
        TypeError: it can, or it is a class or a function.
    """
    if is_called(state):
        what = "would be the state itself, it is not called"
    elif can_change(state):
        what = "can be changed, and would be shared by all keys"
    else:
        return
    msg = (
        f"{name}.initial_state = {state!r:.100} {what}: make a new one for each key, "
        "`def new_state(self): return ...`, or use a value such as a tuple, a "
        "frozenset or a frozen class of such"
    )
    raise TypeError(msg)
