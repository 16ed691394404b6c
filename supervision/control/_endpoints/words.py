"""JSON as it goes over the wire, and answers that say what was wrong.  Pure.

Text in it is strangers': what a terminal would obey, or what a reader of lines would
take for the end of one, goes as an escape, so that `curl` is safe to look at.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from supervision._view.shapes import ErrorShape

_ESCAPED: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def to_json(value: object) -> bytes:
    """A value as JSON in UTF-8, without a line end; infinity and NaN become null.

    Raises:
        TypeError: something in it is not plain data.
    """
    try:
        text = _ENCODE(value)
    except ValueError:
        text = _ENCODE(_finite(value))
    if not text.isascii() and _ESCAPED.search(text):
        text = _ESCAPED.sub(_escape, text)
    elif "\x7f" in text:
        text = text.replace("\x7f", "\\u007f")
    # half a character is no UTF-8; the way Python writes it is JSON's way, too
    return text.encode("utf-8", "backslashreplace")


def answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON, with a line end for who reads it in a terminal."""
    content = to_json(value) + b"\n"
    return Response(content, status, headers, media_type="application/json")


def refusal(
    status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that says what was wrong, and what would be right."""
    return answer(ErrorShape(error=text), status, headers)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _finite(value: Any) -> Any:  # any JSON
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value.__class__ is dict:
        return {key: _finite(each) for key, each in value.items()}
    several = value.__class__ in {list, tuple}
    return [_finite(each) for each in value] if several else value
