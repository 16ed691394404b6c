"""The words of fields, which stand below them in the source; `help()` shows a policy's.

`help` looks for those of a slot in `__slots__`, if that is a dict: so one stands there
that reads the source when it is asked, and not before.  Knows no policy.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")


class _Words(dict[str, str]):
    """`{field: what is said of it}`: the slots of a class."""

    def __init__(self, cls: type[Any], slots: tuple[str, ...]) -> None:
        super().__init__(dict.fromkeys(slots, ""))
        self._cls = cls

    def __getitem__(self, field: str) -> str:
        return super().__getitem__(field) or _read(self._cls).get(field, "")


def explained(cls: type[T]) -> type[T]:
    """Have `help()` show what stands below the fields of this class of slots."""
    made: Any = cls
    made.__slots__ = _Words(cls, made.__slots__)
    return cls


def declaration_of(cls: type[Any]) -> ast.ClassDef:
    """Parse the source of a class.

    Raises:
        OSError, TypeError: there is none.
    """
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(made, ast.ClassDef)
    return made


def words_in(declaration: ast.ClassDef) -> dict[str, str]:
    """Find the texts below fields: `{field: what is said of it}`."""
    found: dict[str, str] = {}
    for field, words in pairwise(declaration.body):
        match field, words:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


def _read(cls: type[Any]) -> dict[str, str]:
    try:
        declaration = declaration_of(cls)
    except (OSError, TypeError):  # it was typed in
        return {}
    return words_in(declaration)
