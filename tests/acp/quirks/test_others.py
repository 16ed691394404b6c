"""The conversations that an agent has beside the one that is led."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from actors import Completed, Failed, Outcome, Turn
from supervision.acp import (
    AgentNotOfferedError,
    AgentProtocolError,
    AgentRefusedError,
    AgentSession,
    AgentSettings,
    Chunk,
    Conversation,
    PromptLike,
)
from tests.acp.scenes import Scene, calls, hands, params, scripted
from tests.acp.yard import open_yard

ALL: dict[str, Any] = {"list": {}, "fork": {}, "delete": {}}

VERBS: dict[str, Callable[[AgentSession], Awaitable[object]]] = {
    "list": lambda session: session.list_conversations(),
    "list here": lambda session: session.list_conversations("/srv"),
    "fork": lambda session: session.fork_conversation(),
    "delete": lambda session: session.delete_conversation("s7"),
    "delete own": lambda session: session.delete_conversation("s1"),
}


class Keeper(AgentSession):
    """Its prompts are verbs."""

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> Any:
        return await VERBS[str(turn.prompt)](self)


def agent(
    diary: Path, can: dict[str, Any], scenes: dict[str, list[Scene]] | None = None
) -> AgentSettings:
    """How an agent is run that offers these."""
    script = {"initialize": hands({"sessionCapabilities": can}), **(scenes or {})}
    return scripted(diary, script)


async def outcome_of(verb: str, settings: AgentSettings) -> Outcome:
    """What becomes of a verb."""
    async with open_yard(settings, make=Keeper) as yard:
        return await yard.router.send("k", verb).outcome()


async def test_conversations_are_listed_page_by_page(tmp_path: Path) -> None:
    """What is none is passed over, what comes twice is there once."""
    diary = tmp_path / "diary"
    one = {"sessionId": "s1", "cwd": "/a", "title": "One", "updatedAt": "2026-01-02"}
    pages: list[Scene] = [
        [["answer", {"sessions": [one, {"cwd": "/b"}, 7], "nextCursor": "next"}]],
        [["answer", {"sessions": [one, {"sessionId": "s2"}]}]],
    ]
    settings = agent(diary, ALL, {"session/list": pages})
    outcome = await outcome_of("list here", settings)

    assert isinstance(outcome, Completed)
    assert outcome.result == (
        Conversation("s1", "/a", "One", "2026-01-02"),
        Conversation("s2"),
    )
    assert params(diary, "session/list") == [
        {"cwd": "/srv"},
        {"cwd": "/srv", "cursor": "next"},
    ]


async def test_a_list_without_an_end_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of it would be taken for all.  It gets a thousand chances; here three."""
    monkeypatch.setattr("supervision.acp._conversation.others._PAGES", 3)
    page = {"sessions": [{"sessionId": "s2"}], "nextCursor": "again"}
    settings = agent(tmp_path / "diary", ALL, {"session/list": [[["answer", page]]]})
    outcome = await outcome_of("list", settings)

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, AgentProtocolError)
    assert "'session/list' come to no end: 3 pages" in str(outcome.error)
    assert len(params(tmp_path / "diary", "session/list")) == 3


async def test_the_last_page_that_is_asked_for_may_be_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the list is whole."""
    monkeypatch.setattr("supervision.acp._conversation.others._PAGES", 2)
    pages: list[Scene] = [
        [["answer", {"sessions": [{"sessionId": "s1"}], "nextCursor": "next"}]],
        [["answer", {"sessions": [{"sessionId": "s2"}]}]],
    ]
    settings = agent(tmp_path / "diary", ALL, {"session/list": pages})
    outcome = await outcome_of("list", settings)

    assert isinstance(outcome, Completed)
    assert outcome.result == (Conversation("s1"), Conversation("s2"))


@pytest.mark.parametrize("closes", [False, True])
async def test_a_fork_is_another_conversation(tmp_path: Path, *, closes: bool) -> None:
    """Its id is given; the process lets it go, if the agent offers that."""
    diary = tmp_path / "diary"
    can: dict[str, Any] = {**ALL, "close": {}} if closes else ALL
    forked: list[Scene] = [[["answer", {"sessionId": "s2"}]]]
    outcome = await outcome_of("fork", agent(diary, can, {"session/fork": forked}))

    assert isinstance(outcome, Completed)
    assert outcome.result == "s2"
    (asked,) = params(diary, "session/fork")
    assert asked == {"sessionId": "s1", "cwd": str(Path.cwd()), "mcpServers": []}
    closed = [each["sessionId"] for each in params(diary, "session/close")]
    assert closed == (["s2", "s1"] if closes else [])


@pytest.mark.parametrize(
    ("closing", "said"),
    [
        (["error", -32601, "Method not found"], "Method not found [-32601]"),
        (["exit", 3], "has ended with exit code 3"),
    ],
)
async def test_a_fork_that_is_not_let_go_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, closing: list[Any], said: str
) -> None:
    """Its id is given, and what was wrong is logged, once."""
    can: dict[str, Any] = {**ALL, "close": {}}
    scenes: dict[str, list[Scene]] = {
        "session/fork": [[["answer", {"sessionId": "s2"}]]],
        "session/close": [[closing]],
    }
    settings = agent(tmp_path / "diary", can, scenes)
    with caplog.at_level(logging.WARNING, "supervision.acp"):
        outcome = await outcome_of("fork", settings)

    assert isinstance(outcome, Completed)
    assert outcome.result == "s2"
    (logged,) = [each for each in caplog.records if "forked" in each.getMessage()]
    assert said in logged.getMessage()
    assert vars(logged)["key"] == "k"


async def test_a_fork_is_led_by_who_binds_it(tmp_path: Path) -> None:
    """Before it starts."""
    diary = tmp_path / "diary"

    class Branch(Keeper):
        """It goes on with what another has forked."""

        async def started(self) -> None:
            if self.token is None:
                self.bind("s2")
            await super().started()

    settings = agent(diary, {**ALL, "resume": {}})
    async with open_yard(settings, make=Branch) as yard:
        await yard.result("delete")

    assert [each["sessionId"] for each in params(diary, "session/resume")] == ["s2"]
    assert "session/new" not in calls(diary)


async def test_a_conversation_is_deleted(tmp_path: Path) -> None:
    """By its id, and it alone."""
    diary = tmp_path / "diary"
    outcome = await outcome_of("delete", agent(diary, ALL))

    assert isinstance(outcome, Completed)
    assert params(diary, "session/delete") == [{"sessionId": "s7"}]


async def test_the_conversation_that_is_led_is_not_deleted(tmp_path: Path) -> None:
    """The next prompt is for it."""
    diary = tmp_path / "diary"
    outcome = await outcome_of("delete own", agent(diary, ALL))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ValueError)
    assert "'s1' is the one that is led here" in str(outcome.error)
    assert "session/delete" not in calls(diary)


@pytest.mark.parametrize("verb", ["list", "fork", "delete"])
async def test_what_an_agent_does_not_offer_it_is_not_asked(
    tmp_path: Path, verb: str
) -> None:
    """The error says what."""
    diary = tmp_path / "diary"
    others: dict[str, Any] = {name: {} for name in ALL if name != verb}
    outcome = await outcome_of(verb, agent(diary, others))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, AgentNotOfferedError)
    assert f"does not offer 'session/{verb}'" in str(outcome.error)
    assert f"session/{verb}" not in calls(diary)


@pytest.mark.parametrize("verb", ["list", "fork"])
@pytest.mark.parametrize("answer", [None, [], {"sessions": 3, "sessionId": ""}])
async def test_an_answer_that_is_none_is_said(
    tmp_path: Path, verb: str, answer: object
) -> None:
    """The conversation goes on: it is not broken by that."""
    scenes: dict[str, list[Scene]] = {f"session/{verb}": [[["answer", answer]]]}
    settings = agent(tmp_path / "diary", ALL, scenes)
    outcome = await outcome_of(verb, settings)

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, AgentProtocolError)
    assert f"its answer to 'session/{verb}' is none" in str(outcome.error)


async def test_what_an_agent_refuses_is_its_error(tmp_path: Path) -> None:
    """As any other call."""
    refused: list[Scene] = [[["error", -32602, "it is in use"]]]
    settings = agent(tmp_path / "diary", ALL, {"session/delete": refused})
    outcome = await outcome_of("delete", settings)

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, AgentRefusedError)
    assert outcome.error.text == "it is in use"


async def test_nothing_can_be_asked_before_the_agent_has_started() -> None:
    """The error says what to wait for."""

    class Hasty(Keeper):
        """It asks too early."""

        async def started(self) -> None:
            await self.list_conversations()

    async with open_yard(scripted(), make=Hasty) as yard:
        outcome = await yard.router.send("k", "list").outcome()

    assert isinstance(outcome, Failed)
    assert "await super().started()" in str(outcome.error.__cause__)
