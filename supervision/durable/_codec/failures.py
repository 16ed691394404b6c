"""Exceptions as data: ours come back as what they are, others as their words.

An exception of a stranger cannot be made again without running its code, so a
`StoredError` says what it was.  Ours that a sender finds in an outcome, or in its
reason, have plain attributes: they come back with these, as copies do, without
`__init__`; what cannot be stored in one makes a `StoredError` of it.  Causes are kept
in the same way.  What an instant on Trio's clock was means nothing in another process:
it comes back as None.
"""

from __future__ import annotations

import traceback
from typing import Any, Final

from actors import (
    BudgetExceededError,
    ChildSlotTimeoutError,
    ClosedToNewError,
    DepthExceededError,
    NotAliveError,
    OutcomeForgottenError,
    QuarantinedError,
    QueueFullError,
    SaturatedError,
    SessionBusyError,
    SessionCrashedError,
    SessionStartError,
    StepLimitError,
    StillRunningError,
    TenantLimitError,
    ToolSkippedError,
    TurnOverError,
)
from supervision.durable._words.errors import (
    CodecError,
    StateTooLargeError,
    StoreBusyError,
    StoredError,
    StoreRefusedError,
    TurnInterruptedError,
)

from .plain import Plain

# Any in this file: exceptions hold anything

_OURS: Final[dict[str, type[Exception]]] = {
    each.__name__: each
    for each in (
        BudgetExceededError,
        ChildSlotTimeoutError,
        ClosedToNewError,
        CodecError,
        DepthExceededError,
        NotAliveError,
        OutcomeForgottenError,
        TenantLimitError,
        QuarantinedError,
        QueueFullError,
        SaturatedError,
        SessionBusyError,
        SessionCrashedError,
        SessionStartError,
        StateTooLargeError,
        StepLimitError,
        StillRunningError,
        StoreBusyError,
        StoreRefusedError,
        ToolSkippedError,
        TurnInterruptedError,
        TurnOverError,
    )
}
_INSTANTS: Final = frozenset({"until"})
_TEXT: Final = 8 * 1024  # characters of a text, and of a traceback
_FRAMES: Final = 50
_CAUSES: Final = 4

_STORED, _OWN = range(2)


class Failures:
    """Makes data of exceptions, and exceptions of data.

    Args:
        plain: knows values.
    """

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    def tree(self, error: BaseException, causes: int = _CAUSES) -> Any:
        """Make what `pack` takes.  Never an error."""
        cause = error.__cause__
        found = self.tree(cause, causes - 1) if cause is not None and causes else None
        if _OURS.get(type(error).__name__) is type(error):
            known = dict.fromkeys(_INSTANTS & vars(error).keys())
            fields = {**vars(error), **known}
            fields.pop("__notes__", None)
            try:
                args = self._plain.tree([list(error.args), fields])
            except TypeError:
                pass
            else:
                return [_OWN, type(error).__name__, args, found]
        words = error if isinstance(error, StoredError) else words_of(error)
        return [_STORED, self._plain.tree(list(words.args)), found]

    def value(self, tree: Any) -> BaseException:
        """Make the exception again.  Raises any Exception: it cannot be."""
        form, *rest, cause = tree
        if form == _OWN:
            name, args = rest
            found = self._own(name, *self._plain.value(args))
        elif form == _STORED:
            type_, text, trace = self._plain.value(rest[0])
            found = StoredError(_a_str(type_), _a_str(text), _a_str(trace))
        else:
            msg = "an exception in a form that is not known"
            raise ValueError(msg)
        if cause is not None:
            found.__cause__ = self.value(cause)
        return found

    def _own(self, name: Any, args: Any, fields: Any) -> Exception:
        cls = _OURS[name]
        made = cls.__new__(cls, *args)
        made.args = tuple(args)
        vars(made).update(fields)
        return made


def words_of(error: BaseException) -> StoredError:
    """Say in words what an exception was; its texts are shortened.  Never an error."""
    cls = type(error)
    try:
        text = str(error)[:_TEXT]
    except Exception:  # noqa: BLE001 - it is a stranger's code
        text = "its text cannot be made"
    try:
        lines = traceback.format_exception(error, limit=-_FRAMES)
    except Exception:  # noqa: BLE001
        lines = []
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return StoredError(name, text, "".join(lines)[-_TEXT:])


def _a_str(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"an exception's word is a {type(value).__name__}"
        raise TypeError(msg)
    return value
