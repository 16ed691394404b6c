"""What a request asks for: paths and parameters, read strictly.  Pure but for the body.

A parameter may be in the query or, of a POST, in a body: JSON, or a form as `curl -d`
sends it.  A name that is not known, is given twice or has a wrong value is an error
that says what there is, so that a slip of the pen is never a verb with other words.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from supervision._view.errors import BadQueryError
from supervision._words.text import safe_repr

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"-?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})")
_TRUE: Final = {"true": True, "1": True, "yes": True}
_FALSE: Final = {"false": False, "0": False, "no": False}
_BOOLS: Final = _TRUE | _FALSE
_LEVELS = 32  # of nesting in a body; its parameters are plain values
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_FIELDS: Final = 64
"""Parameters that there may be at most."""
_TOO_LONG: Final = 10**9
"""Seconds that nobody means."""


def part(request: Request, name: str) -> str:
    """The part of the path of that name, decoded once: `a%2Fb` is the key `a/b`."""
    return unquote(request.path_params[name], errors="surrogateescape")


async def parameters(
    request: Request, *names: str, repeated: bool = False
) -> Parameters:
    """Read what a request was sent with.

    Args:
        request: whose.
        names: what there may be.
        repeated: they may be given several times.

    Raises:
        BadQueryError: something else, or no JSON object.
    """
    fields = _pairs(request.scope["query_string"], "the query")
    if request.method == "POST":
        fields += _body(await request.body(), request.headers.get("content-type", ""))
    found: dict[str, list[Any]] = {}
    for name, value in fields:
        if name not in names:
            allowed = f"only {', '.join(names)}" if names else "none"
            msg = f"there is no parameter {name!r} here, {allowed}"
            raise BadQueryError(msg)
        if name in found and not repeated:
            msg = f"{name} is given more than once"
            raise BadQueryError(msg)
        found.setdefault(name, []).append(value)
    return Parameters(found)


class Parameters:
    """What a request was sent with; each method raises BadQueryError."""

    def __init__(self, found: Mapping[str, list[Any]]) -> None:
        self._found = found

    def text(self, name: str) -> str | None:
        """A text; None: not given."""
        value = self._one(name)
        if value is None or isinstance(value, str):
            return value
        raise _wrong(name, "a text", value)

    def said(self, name: str) -> str | None:
        """A text, or a number as one; None: not given."""
        value = self._one(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return self.text(name)

    def texts(self, name: str) -> list[str]:
        """All texts of that name, in their order."""
        for value in self._found.get(name, ()):
            if not isinstance(value, str):
                raise _wrong(name, "a text", value)
        return list(self._found.get(name, ()))

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.whole_or_none(name)
        return default if value is None else value

    def whole_or_none(self, name: str) -> int | None:
        """A whole number; None: not given."""
        value = self._one(name)
        if value is None:
            return None
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _wrong(name, "a whole number", value)

    def seconds(self, name: str) -> float | None:
        """A number of seconds, 0 or more."""
        value = self._one(name)
        if value is None:
            return None
        found = math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = float(min(value, _TOO_LONG))
        elif isinstance(value, str) and _NUMBER.fullmatch(value):
            found = float(value)
        if 0 <= found < _TOO_LONG:  # NaN is not
            return found
        raise _wrong(name, "a number of seconds, at least 0", value)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._one(name)
        if value is None:
            return default
        if isinstance(value, str):
            value = _BOOLS.get(value.lower(), value)
        if isinstance(value, bool):
            return value
        raise _wrong(name, "true or false", value)

    def _one(self, name: str) -> Any:
        return self._found.get(name, [None])[0]


def _wrong(name: str, expected: str, value: object) -> BadQueryError:
    return BadQueryError(f"{name} must be {expected}, got {safe_repr(value)}")


def _pairs(text: bytes, where: str) -> list[tuple[str, Any]]:
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        msg = f"{where} cannot be read: {error}"
        raise BadQueryError(msg) from error
    return list(pairs)


def _is_deep(content: bytes) -> bool:
    """Whether JSON has more than `_LEVELS` of arrays and objects in each other."""
    depth = 0
    for mark in _MARKS.finditer(content):
        if mark[0] in b"[{":
            depth += 1
            if depth > _LEVELS:
                return True
        elif mark[0] in b"]}":
            depth -= 1
    return False


def _body(content: bytes, kind: str) -> list[tuple[str, Any]]:
    content = content.strip()
    if not content:
        return []
    if kind.startswith("application/x-www-form-urlencoded") and content[:1] != b"{":
        return _pairs(content, "the body")
    if _is_deep(content):  # what Python makes of it differs from version to version
        msg = "the body is nested too deeply"
        raise BadQueryError(msg)
    try:
        fields: Any = json.loads(content)
    except ValueError as error:
        msg = f"the body is not JSON: {error}"
        raise BadQueryError(msg) from error
    if fields.__class__ is not dict:
        msg = f"the body must be a JSON object, got {safe_repr(fields)}"
        raise BadQueryError(msg)
    return [(name, each) for name, each in fields.items() if each is not None]
