"""Wrong settings, and lines that are no messages: said where they are made or read."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from supervision.acp import AgentSettings, HistoryLost, Other, Text
from supervision.acp._pipe.wire import (
    Answer,
    Call,
    Lines,
    Notice,
    WireError,
    call_line,
    parse,
)
from supervision.acp._words.updates import read_update

# ----------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"command": "my-agent --acp"}, "a sequence of words, such as shlex.split"),
        ({"command": []}, "a sequence of words"),
        ({"command": ["a", 7]}, "words without NUL, got 7"),
        ({"command": ["a\0b"]}, "words without NUL"),
        ({"cwd": 7}, "cwd must be a path, got 7"),
        ({"env": {"A": 1}}, "env must be a mapping of str to str or None"),
        ({"mode": 7}, "mode must be a str or None"),
        ({"model": 7}, "model must be a str or None"),
        ({"config": {"a": 1}}, "config must be a mapping of str to str or bool"),
        ({"config": ["a"]}, "config must be a mapping of str to str or bool"),
        ({"meta": {1: 1}}, "meta must be a mapping of str to JSON"),
        ({"meta": {"a": {1}}}, "meta must be JSON"),
        ({"additional_directories": "/srv"}, "must be a sequence of paths"),
        ({"additional_directories": [7]}, "must be a sequence of paths"),
        ({"authenticate": 7}, "authenticate must be a str, or a mapping"),
        ({"authenticate": {"id": "a"}}, "a mapping with 'methodId'"),
        ({"authenticate": {"methodId": "a", "x": {1}}}, "authenticate must be JSON"),
        ({"usage_of": "day"}, "usage_of must be 'turn', 'session' or None"),
        ({"history_quiet": -1}, "history_quiet must be at least 0"),
        ({"noise_lines": 0}, "noise_lines must be at least 1"),
        ({"noise_bytes": 0}, "noise_bytes must be at least 1"),
        ({"env": ["A=1"]}, "env must be a mapping of str to str"),
        ({"mcp_servers": ["x"]}, "mcp_servers must be a sequence of servers"),
        ({"auth_method": 7}, "auth_method must be a str or None"),
        ({"start_within": 0}, "start_within must be above 0"),
        ({"open_within": "1"}, "open_within must be a number of seconds"),
        ({"cancel_grace": -1}, "cancel_grace must be at least 0"),
        ({"end_within": -1}, "end_within must be at least 0"),
        ({"drain_window": -1}, "drain_window must be at least 0"),
        ({"line_limit": 0}, "line_limit must be at least 1"),
        ({"stderr_tail": 1.5}, "stderr_tail must be an int"),
        ({"queue": 0}, "queue must be at least 1"),
        ({"result_limit": 0}, "result_limit must be at least 1"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, Any], words: str) -> None:
    """With what would be right."""
    given: dict[str, Any] = {"command": ["agent"], **options}

    with pytest.raises((TypeError, ValueError), match=words):
        AgentSettings(**given)


def test_settings_know_where_they_were_made() -> None:
    """A relative directory counts from there; a command may be of paths."""
    settings = AgentSettings([Path("agent"), "--acp"], cwd="x")

    assert settings.cwd == Path.cwd() / "x"
    assert settings.program == "agent"


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for any extra."""
    for name in [each for each in sys.modules if each.startswith("supervision.acp")]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name == "acp" or name.startswith("acp."):
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(ImportError, match=r"pip install 'trio-actors\[acp\]'"):
        importlib.import_module("supervision.acp")


# -------------------------------------------------------------------------------- lines


def read(*pieces: bytes, limit: int = 100) -> list[bytes]:
    """The lines of a pipe, from what came out of it at once."""
    lines = Lines(limit)
    found = [line for piece in pieces for line in lines.feed(piece)]
    lines.end()
    return found


def test_lines_are_cut_wherever_the_pipe_cuts_them() -> None:
    """Empty ones are nothing; other line ends are part of the end."""
    assert read(b"on", b"e\r\ntw", b"o\n\n \nthree\n") == [b"one", b"two", b"three"]


@with_any(st.lists(st.binary(max_size=30)), st.data())
def test_any_cut_gives_the_same_lines(lines: list[bytes], data: st.DataObject) -> None:
    """However the pieces come."""
    text = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [
        text[begin:end]
        for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
    ]

    assert read(*pieces) == read(text)


def test_a_line_that_is_too_long_is_told_before_its_end() -> None:
    """So memory is bounded; one of just that length is not too long."""
    assert read(b"x" * 100 + b"\n") == [b"x" * 100]
    with pytest.raises(WireError, match="a line of more than 100 bytes"):
        read(b"x" * 60, b"x" * 60)
    with pytest.raises(WireError, match="a line of more than 100 bytes"):
        read(b"a\n" + b"x" * 101 + b"\n")


def test_a_line_without_an_end_is_told() -> None:
    """It is not taken for a message."""
    with pytest.raises(WireError, match="in the middle of a line"):
        read(b'{"id": 1')


def test_messages_are_what_they_look_like() -> None:
    """Call, notice, answer, answer with an error."""
    assert parse(b'{"method":"m","id":"a","params":[1]}') == Call("a", "m", [1])
    assert parse(b'{"method":"m"}') == Notice("m", None)
    assert parse(b'{"id":1,"result":null}') == Answer(1, None)
    assert parse(b'{"id":1,"error":{"message":"no"}}') == Answer(
        1, error={"message": "no"}
    )
    assert parse(b'{"id":true,"result":1}') == Answer(None, 1)


@with_any(st.one_of(st.binary(), st.text().map(str.encode)))
def test_whatever_is_said_is_a_message_or_an_error(line: bytes) -> None:
    """Nothing else escapes."""
    with contextlib.suppress(WireError):
        assert isinstance(parse(line), Call | Notice | Answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(["id", "method", "params", "result", "error", "jsonrpc", "x"])


@with_any(st.dictionaries(KEYS, JSON))
def test_any_object_is_a_message_or_an_error(message: dict[str, Any]) -> None:
    """Of whatever values."""
    try:
        parsed = parse(json.dumps(message).encode())
    except WireError:
        return
    if isinstance(parsed, Call | Notice):
        assert parsed.method == message["method"]


def test_what_we_write_is_one_line_whatever_it_says() -> None:
    """Also with line ends and halves of characters in it."""
    line = call_line(1, "m", {"text": "a\nb\ud800 \u2028"})

    assert line.count(b"\n") == 1
    assert parse(line.strip()) == Call(1, "m", {"text": "a\nb\ud800 \u2028"})


UPDATE_KEYS = st.sampled_from(
    ["sessionUpdate", "content", "toolCallId", "title", "entries", "state"]
)
KINDS = st.sampled_from(
    [
        *("agent_message_chunk", "agent_thought_chunk", "tool_call", "plan"),
        *("tool_call_update", "state_update", "usage_update", "x"),
    ]
)


@with_any(st.text(), KINDS, st.dictionaries(UPDATE_KEYS, JSON))
def test_any_update_of_a_session_makes_a_chunk(
    session: str, kind: str, fields: dict[str, Any]
) -> None:
    """An unknown one, or a malformed one, is an `Other`."""
    params = {"sessionId": session, "update": {**fields, "sessionUpdate": kind}}

    update = read_update(params)

    assert update.session == session
    if kind == "x":
        assert isinstance(update.chunk, Other)


@pytest.mark.parametrize("params", [None, [], {}, {"sessionId": 1}, {"update": {}}])
def test_an_update_of_no_session_is_none(params: object) -> None:
    """The error says what is missing."""
    with pytest.raises(ValueError, match="without sessionId or sessionUpdate"):
        read_update(params)


@pytest.mark.parametrize("depth", [100, 900, 940, 980, 990, 2000, 100_000])
def test_what_is_nested_too_deeply_is_an_error_like_any_other(depth: int) -> None:
    """Also where it can be read, and not be shown."""
    nested = b"[" * depth + b"]" * depth
    line = b'{"method": "session/update", "params": ' + nested + b"}"

    with pytest.raises(ValueError, match=r"not JSON|without sessionId"):
        read_update(parse(line).params)  # type: ignore[union-attr]


def test_secrets_of_the_environment_are_not_shown() -> None:
    """In no log."""
    assert "secret" not in repr(AgentSettings(["agent"], env={"KEY": "secret"}))


def test_settings_are_hashable() -> None:
    """As others are: equal ones are one in a set, whatever is in them."""
    made = {
        AgentSettings(
            ["agent"],
            env={"KEY": value},
            config={"a": True},
            meta={"b": [1]},
            authenticate={"methodId": "key"},
        )
        for value in ("one", "two", "one")
    }
    assert len(made) == 2


def test_chunks_are_values() -> None:
    """Equal if they say the same, and safe to keep."""
    assert Text("a") == Text("a") != Text("b")
    assert hash(HistoryLost("s", "why")) == hash(HistoryLost("s", "why"))
