"""Whether a class or a function can be called with these arguments, before it is."""

from __future__ import annotations

import inspect
from typing import Any


def needed_by(make: Any, args: tuple[Any, ...] = ()) -> str:  # Any: any callable
    """What is wrong with calling it so, in words; `""`: nothing, as far as is seen.

    A decorator that gives arguments of its own is taken at its word, not at that of
    what it wraps.
    """
    init = getattr(make, "__init__", None)
    if isinstance(make, type) and inspect.iscoroutinefunction(init):
        return "a plain `def __init__`: what it awaits belongs in `started`"
    try:
        signature = inspect.signature(make, follow_wrapped=False)
    except Exception:  # noqa: BLE001 - some in C do not tell, and annotations may raise
        return ""
    try:
        signature.bind(*args)
    except TypeError as error:
        missing = [
            each.name
            for each in list(signature.parameters.values())[len(args) :]
            if each.default is each.empty
            and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        ]
        if not missing:
            return f"other arguments: {error}"
        word = "the argument" if len(missing) == 1 else "the arguments"
        return f"{word} {', '.join(missing)}"
    return ""
