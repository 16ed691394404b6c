"""JSON-RPC by lines, pure: bytes become messages, messages become lines.

Whoever reads a pipe feeds what comes into `Lines` and has each line parsed.  A message
is a `Call` (it wants an answer), a `Notice` (it wants none) or an `Answer`.  What any
method means, this room does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import attrs

from actors.hosting import Whole

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
AUTH_REQUIRED = -32000
NOT_FOUND = -32002
REQUEST_CANCELLED = -32800

_WORDS = {"jsonrpc", "id", "method", "params", "result", "error"}
_SAID = 100  # bytes of a line that an error repeats

CallId: TypeAlias = int | str | None
"""What the other side names its calls by."""


def shown(value: object, most: int = 120) -> str:
    """A stranger's value as text for an error: not too long, whatever it is."""
    try:
        text = repr(value)
    except RecursionError:
        return "(nested too deeply)"
    return text if len(text) <= most else f"{text[:most]}..."


class WireError(Whole, ValueError):
    """A line is no message: `why` says what it is, with its beginning."""

    def __init__(self, why: str, line: bytes) -> None:
        super().__init__(why)
        said = shown(bytes(line[:_SAID]))[1:]
        self.why = f"{why}: {said}" if line else why


class NoiseError(WireError):
    """A line was not meant as a message: a banner, a status line, a line of a log."""


@attrs.frozen
class Call:
    """The other side asks for something, and waits for the answer."""

    id: CallId
    method: str
    params: Any  # any JSON


@attrs.frozen
class Notice:
    """The other side tells something."""

    method: str
    params: Any  # any JSON


@attrs.frozen
class Answer:
    """The other side answers a call of ours."""

    id: object
    result: Any = None  # any JSON
    error: dict[str, Any] | None = None


Incoming: TypeAlias = Call | Notice | Answer


class Lines:
    """Cuts what comes out of a pipe into lines.

    Args:
        limit: bytes that a line may have, its end not counted.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()  # the beginning of a line
        self._searched = 0  # so many bytes of it hold no end of a line

    def feed(self, data: bytes | bytearray) -> Iterator[bytes]:
        """Take what has come; give the lines that are complete now.

        Empty lines are left out.  Use it up before you feed it again.

        Raises:
            WireError: a line is longer than the limit.
        """
        rest = self._rest
        rest += data
        begin = 0
        while True:
            end = rest.find(b"\n", max(begin, self._searched))
            length = (end if end >= 0 else len(rest)) - begin
            if length > self._limit:
                start = bytes(rest[begin : begin + 120])
                raise WireError(f"a line of more than {self._limit} bytes", start)
            if end < 0:
                break
            line = bytes(rest[begin:end]).strip()
            begin = end + 1
            if line:
                yield line
        del rest[:begin]
        self._searched = len(rest)

    def end(self) -> None:
        """Nothing more will come.

        Raises:
            WireError: in the middle of a line.
        """
        if self._rest.strip():
            raise WireError(
                "its output ends in the middle of a line", bytes(self._rest)
            )


def parse(line: bytes) -> Incoming:
    """Read a line.

    Raises:
        NoiseError: it was not meant as one.
        WireError: it is no message of JSON-RPC 2.0.
    """
    try:
        read: object = json.loads(line)
    except (ValueError, RecursionError):
        kind = WireError if line.startswith(b'{"') else NoiseError
        raise kind("a line is not JSON", line) from None
    if not isinstance(read, dict):
        kind = WireError if line.startswith(b'[{"') else NoiseError  # a batch
        raise kind("a line is JSON, but no object", line)
    if not _WORDS.intersection(cast("dict[str, Any]", read)):
        raise NoiseError("a line is an object, but no message", line)
    message = cast("dict[str, Any]", read)
    number = message.get("id")
    named = number is None or (
        isinstance(number, int | str) and not isinstance(number, bool)
    )
    match message:
        case {"method": str(method), "id": _} if named:
            return Call(number, method, message.get("params"))
        case {"method": str(method)} if "id" not in message:
            return Notice(method, message.get("params"))
        case {"id": _, "error": {"message": _} as error}:
            return Answer(number if named else None, error=error)
        case {"id": _, "result": result}:
            return Answer(number if named else None, result)
        case _:
            raise WireError("a line is neither call, nor notice, nor answer", line)


def glued(line: bytes) -> bytes:
    """The message that stands at the end of a line of noise, say of a status line.

    b"": there is none.
    """
    begin = line.find(b'{"jsonrpc"', 1)
    return line[begin:] if begin > 0 else b""


def call_line(number: int, method: str, params: Any) -> bytes:
    """Write a call of ours."""
    return _line({"id": number, "method": method, "params": params})


def notice_line(method: str, params: Any) -> bytes:
    """Write a notice of ours."""
    return _line({"method": method, "params": params})


def result_line(number: CallId, result: Any) -> bytes:
    """Write the answer to a call of theirs."""
    return _line({"id": number, "result": result})


def error_line(number: CallId, code: int, text: str) -> bytes:
    """Write the answer to a call of theirs that we refuse."""
    return _line({"id": number, "error": {"code": code, "message": text}})


def _line(message: dict[str, Any]) -> bytes:
    # JSON has no raw line ends in it; and ASCII has no lone surrogates to fail on
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
