"""`actors read` and `actors passivate`: what they ask, and what they print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supervision.cli.program import main

from .story import StoryServer

REMEMBERED: dict[str, Any] = {
    "router": "/chat/router",
    "key": "al\x1bice",
    "state": '{"turns": 2}',
    "version": 1,
    "history": ['{"role": "user", "text": "\\u001b[0m"}', '"hi"'],
    "entries": 12,
    "before": 10,
    "waiting": 0,
    "tenant": None,
    "generation": 3,
    "live": False,
    "phase": "passivated",
    "held": None,
    "node": None,
    "age": None,
}
DONE: dict[str, Any] = {
    "done": "it is done",
    "turn": None,
    "withdrawn": [],
    "node": None,
}
ANSWERS = {"GET /read": REMEMBERED, "POST /sessions/alice/passivate": DONE}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a service has its socket by default."""
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("ACTORS_SOCKET", raising=False)
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "chat.sock"


def test_a_conversation_is_printed_as_lines_of_json(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key with its state, then each entry; nothing that moves a cursor."""
    with StoryServer(path, ANSWERS) as server:
        assert main(["read", "alice", "--newest", "2", "--before", "12"]) == 0
        out, _ = capsys.readouterr()
        assert main(["read", "alice", "--json", "--router", "/r"]) == 0
        raw, _ = capsys.readouterr()
        server.answers["GET /read"] = {**REMEMBERED, "state": None, "history": []}
        assert main(["read", "alice"]) == 0
        bare, _ = capsys.readouterr()

    first, *entries = map(json.loads, out.splitlines())
    assert first["state"] == {"turns": 2}
    assert (first["before"], first["phase"]) == (10, "passivated")
    assert "history" not in first
    assert entries == [{"role": "user", "text": "\x1b[0m"}, "hi"]
    assert "\x1b" not in out
    assert json.loads(raw) == REMEMBERED
    assert json.loads(bare)["state"] is None
    assert server.asked == [
        "GET /read?key=alice&newest=2&before=12",
        "GET /read?key=alice&newest=20&router=%2Fr",
        "GET /read?key=alice&newest=20",
    ]


def test_a_key_is_put_away(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done is said."""
    with StoryServer(path, ANSWERS) as server:
        assert main(["passivate", "alice"]) == 0
        out, _ = capsys.readouterr()

    assert out == "it is done\n"
    assert server.asked == ["POST /sessions/alice/passivate {}"]
