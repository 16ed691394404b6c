"""Outcomes as data: their kind, and those fields that are not as they are by default.

An outcome must always be storable, because whoever waits for it waits until it is
stored.  So what cannot be stored in one (a reason, a note, a chunk that was emitted)
becomes its `repr`, shortened.  There is one exception: the result and the notes of a
`Completed`.  Their turn has promised them to somebody, so they are refused with a
TypeError, and whoever encodes makes a `Failed` of it.

An exception stands in `Failed.error`, and often in a reason: see `failures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from actors import (
    Aborted,
    Completed,
    Failed,
    Lost,
    Outcome,
    Rejected,
    Steered,
    TimedOut,
    Withdrawn,
)
from actors.hosting import shown

from .failures import Failures
from .plain import Plain

# Any in this file: what an outcome holds is anything

KINDS: Final[Mapping[str, type[Outcome]]] = {
    "completed": Completed,
    "steered": Steered,
    "aborted": Aborted,
    "timed out": TimedOut,
    "failed": Failed,
    "withdrawn": Withdrawn,
    "rejected": Rejected,
    "lost": Lost,
}
"""Every kind of outcome, by its name in bodies."""
_NAMES: Final[dict[type[Outcome], str]] = {cls: name for name, cls in KINDS.items()}
_FIELDS: Final[dict[type[Outcome], tuple[attrs.Attribute[Any], ...]]] = {
    cls: attrs.fields(cls) for cls in KINDS.values()
}
_VALUE, _ERROR, _EACH, _NOTES = range(4)
_NO_NOTES: Final = attrs.fields_dict(Completed)["notes"].default
_MOST: Final = 2**63  # below it a number is written as it is


def is_plain(outcome: Outcome) -> bool:
    """Whether a `Completed` has nothing but a turn and a result."""
    turn = outcome.turn
    return (
        outcome.notes is _NO_NOTES
        and (turn is None or (type(turn) is int and 0 <= turn < _MOST))
        and outcome.interrupted is None  # type: ignore[attr-defined] # a Completed has it
        and outcome.late is False
        and outcome.forgotten is False
    )


class Outcomes:
    """Makes data of outcomes, and outcomes of data.

    Args:
        plain: knows values.
    """

    def __init__(self, plain: Plain) -> None:
        self._plain = plain
        self._failures = Failures(plain)

    def tree(self, outcome: Outcome) -> Any:
        """Make what `pack` takes.

        Raises:
            TypeError: it is a `Completed`, and its result, or one of its notes, would
                not come back as it is; or it is no outcome.
        """
        cls = type(outcome)
        if cls is Completed and is_plain(outcome):
            turn = outcome.turn  # as `fully`, for the most
            result = outcome.result  # type: ignore[attr-defined] # it has
            made: list[Any] = ["completed"]
            if turn is not None:
                made += ("turn", _VALUE, turn)
            if result is not None:
                made += ("result", _VALUE, self._plain.tree(result))
            return made
        if cls not in _NAMES:
            msg = f"{shown(outcome)[:60]} is no outcome"
            raise TypeError(msg)
        return self.fully(outcome)

    def fully(self, outcome: Outcome) -> Any:
        """Make what `pack` takes, field by field.  Raises TypeError: as `tree`."""
        cls = type(outcome)
        made: list[Any] = [_NAMES[cls]]
        for field in _FIELDS[cls]:
            value = getattr(outcome, field.name)
            if value is field.default:
                continue
            made.append(field.name)
            if cls is Completed and field.name in ("result", "notes"):
                made += self._strictly(value, field.name)
            else:
                made += self._somehow(value, field.name)
        return made

    def _strictly(self, value: Any, name: str) -> tuple[int, Any]:
        if name == "notes":
            return _NOTES, self._plain.tree(dict(value))
        return _VALUE, self._plain.tree(value)

    def _somehow(self, value: Any, name: str) -> tuple[int, Any]:
        if name == "notes":
            items = ((key, self.somehow(each)) for key, each in value.items())
            return _NOTES, [
                *self._plain.tree({}),
                *(each for it in items for each in it),
            ]
        if name == "partial":
            return _EACH, [self.somehow(each) for each in value]
        if isinstance(value, BaseException):
            return _ERROR, self._failures.tree(value)
        return _VALUE, self.somehow(value)

    def somehow(self, value: Any) -> Any:
        """Make what `pack` takes: of the value, or of its `repr`.  Never an error."""
        try:
            return self._plain.tree(value)
        except Exception:  # noqa: BLE001 - it may be anything
            return self._plain.tree(shown(value))

    def value(self, tree: Any) -> Outcome:
        """Make the outcome again.  Raises any Exception: it cannot be."""
        kind, *rest = tree
        cls = KINDS[kind]
        known = {each.name for each in _FIELDS[cls]}
        fields: dict[str, Any] = {}
        for name, form, each in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if name in known:  # else it is of a newer release
                fields[name] = self._field(form, each)
        return cls(**fields)

    def _field(self, form: Any, tree: Any) -> Any:
        if form == _VALUE:
            return self._plain.value(tree)
        if form == _ERROR:
            return self._failures.value(tree)
        if form == _EACH:
            return tuple(map(self._plain.value, tree))
        if form == _NOTES:
            notes: dict[str, Any] = self._plain.value(tree)
            return notes
        msg = "a field in a form that is not known"
        raise ValueError(msg)
