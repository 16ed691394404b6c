"""How one begins with an agent: logins, versions, what it is told of us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import Failed, SessionStartError
from supervision.acp import (
    AgentAuthError,
    AgentError,
    AgentSession,
    AgentSettings,
    AgentVersionError,
    Text,
)
from tests.acp.scenes import Scene, calls, hands, params, scripted
from tests.acp.yard import Yard, open_yard

LOGINS = [{"id": "key", "name": "API key"}, {"id": "browser", "name": "Browser"}]


async def start_failure(settings: AgentSettings) -> AgentError:
    """The cause of a session's start that must fail."""
    async with open_yard(settings) as yard:
        error, _ = await yard.failure("hello", SessionStartError)
    assert isinstance(error.__cause__, AgentError)
    return error.__cause__


# ------------------------------------------------------------------------ logins


NO_LOGIN: Scene = [["error", -32000, "Authentication required"]]


async def test_a_login_that_is_wanted_is_an_error_that_has_the_ways() -> None:
    """So that a program can offer them."""
    scenes: dict[str, list[Scene]] = {
        "initialize": hands(authMethods=LOGINS),
        "session/new": [NO_LOGIN],
    }
    error = await start_failure(scripted(None, scenes))

    assert isinstance(error, AgentAuthError)
    assert [each.id for each in error.methods] == ["key", "browser"]
    assert "the ways to log in that it offers: 'key', 'browser'" in str(error)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("key", {"methodId": "key"}),
        (
            {"methodId": "key", "_meta": {"k": "v"}},
            {"methodId": "key", "_meta": {"k": "v"}},
        ),
    ],
)
@pytest.mark.parametrize("where", ["session/new", "session/prompt"])
async def test_a_login_is_done_when_it_is_wanted(
    tmp_path: Path, given: Any, asked: dict[str, Any], where: str
) -> None:
    """And then it is asked again, once."""
    diary = tmp_path / "diary"
    good: dict[str, Scene] = {
        "session/new": [["answer", {"sessionId": "s1"}]],
        "session/prompt": [["say", "in"], ["end"]],
    }
    scenes = {where: [NO_LOGIN, good[where]]}
    async with open_yard(scripted(diary, scenes, authenticate=given)) as yard:
        await yard.result("hello")

    assert params(diary, "authenticate") == [asked]
    assert calls(diary).count(where) == 2


@pytest.mark.parametrize("where", ["session/new", "session/prompt"])
async def test_a_login_that_does_not_help_is_done_once(
    tmp_path: Path, where: str
) -> None:
    """The error says that it is still wanted."""
    diary = tmp_path / "diary"
    settings = scripted(diary, {where: [NO_LOGIN]}, authenticate="key")
    async with open_yard(settings) as yard:
        outcome = await yard.router.send("k", "hello").outcome()

    assert isinstance(outcome, Failed)
    error = outcome.error
    assert "Authentication required" in str(error.__cause__ or error)
    assert calls(diary).count("authenticate") == 1
    assert calls(diary).count(where) == 2


# ------------------------------------------------------------------------ versions


async def test_an_agent_of_the_next_version_is_named(tmp_path: Path) -> None:
    """It refuses what the version before asks; so it is asked as the next one does."""
    diary = tmp_path / "diary"
    scenes: dict[str, list[Scene]] = {
        "initialize": [
            [["error", -32602, "info Field required"]],
            [["answer", {"protocolVersion": 2, "info": {"name": "a"}}]],
        ]
    }
    error = await start_failure(scripted(diary, scenes))

    assert isinstance(error, AgentVersionError)
    assert (error.theirs, error.ours) == (2, 1)
    assert "speaks version 2 of the protocol, we version 1" in str(error)
    assert params(diary, "initialize")[1]["info"]["name"] == "trio-actors"


@pytest.mark.parametrize(
    "second", [["error", -32602, "no"], ["answer", {"protocolVersion": 1}], ["exit", 1]]
)
async def test_a_refused_handshake_is_told_as_it_is(second: list[Any]) -> None:
    """If it is not the version."""
    scenes: dict[str, list[Scene]] = {
        "initialize": [[["error", -32602, "no licence"]], [second]]
    }
    error = await start_failure(scripted(None, scenes))

    assert not isinstance(error, AgentVersionError)
    assert "no licence" in str(error)


async def test_a_login_wanted_at_the_handshake_is_no_version() -> None:
    """It is told as one."""
    error = await start_failure(scripted(None, {"initialize": [NO_LOGIN]}))

    assert isinstance(error, AgentAuthError)
    assert error.methods == ()


async def test_the_agent_is_told_that_nobody_answers_forms(tmp_path: Path) -> None:
    """Unless somebody does."""

    class Clerk(AgentSession):
        async def elicitation(self, asked: object) -> dict[str, Any]:
            del asked
            return {}

    told_of: list[object] = []
    for number, make in enumerate((AgentSession, Clerk)):
        diary = tmp_path / str(number)
        async with open_yard(scripted(diary), make=make) as yard:
            await hello(yard)
        (asked,) = params(diary, "initialize")
        told_of.append(asked["clientCapabilities"].get("elicitation"))

    assert told_of == [None, {"form": {}, "url": {}}]


async def hello(yard: Yard) -> None:
    """Have a word."""
    chunks, _ = await yard.ask("hello")
    assert chunks == [Text("hello")]
