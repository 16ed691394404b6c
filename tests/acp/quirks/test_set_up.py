"""Mode, model, options, `_meta`, directories: what is set when one begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import SessionStartError
from supervision.acp import (
    AgentError,
    AgentInfo,
    AgentOptionError,
    AgentSession,
    AgentSettings,
)
from tests.acp.scenes import (
    MODELS,
    MODES,
    OPTIONS,
    Scene,
    calls,
    hands,
    option,
    params,
    scripted,
    told,
)
from tests.acp.yard import open_yard


async def start_failure(settings: AgentSettings) -> AgentError:
    """The cause of a session's start that must fail."""
    async with open_yard(settings) as yard:
        error, _ = await yard.failure("hello", SessionStartError)
    assert isinstance(error.__cause__, AgentError)
    return error.__cause__


# ------------------------------------------------------------------------ what is set


def new(**said: Any) -> list[Scene]:
    """The scene of `session/new`."""
    return [[["answer", {"sessionId": "s1", **said}]]]


async def test_what_is_set_is_set_before_the_first_prompt(tmp_path: Path) -> None:
    """And again when the conversation is gone on with: model, mode, options."""
    diary = tmp_path / "diary"
    answered = [option("effort", "high", "low", "high"), option("web", value=True)]
    scenes: dict[str, list[Scene]] = {
        "initialize": hands({"sessionCapabilities": {"resume": {}}}),
        "session/new": new(modes=MODES, models=MODELS, configOptions=OPTIONS[1:]),
        "session/resume": [
            [["answer", {"modes": MODES, "models": MODELS, "configOptions": OPTIONS}]]
        ],
        "session/set_config_option": [[["answer", {"configOptions": answered}]]],
        "session/prompt": [[["exit", 1]], [["say", "on"], ["end"]]],
    }
    settings = scripted(
        diary, scenes, mode="code", model="big", config={"effort": "high", "web": True}
    )
    known: list[AgentInfo] = []

    class Known(AgentSession):
        async def started(self) -> None:
            await super().started()
            known.append(self.agent)

    async with open_yard(settings, make=Known) as yard:
        await yard.ask("hello")
    agent = known[0]

    set_up = [
        {"sessionId": "s1", "modelId": "big"},
        {"sessionId": "s1", "modeId": "code"},
        {"sessionId": "s1", "configId": "effort", "value": "high"},
        {"sessionId": "s1", "configId": "web", "type": "boolean", "value": True},
    ]
    asked = [
        (each["method"], each.get("params"))
        for each in told(diary)
        if each.get("method", "").startswith("session/set_")
    ]
    assert [what for _, what in asked] == set_up
    assert calls(diary)[:2] == ["initialize", "session/new"]
    assert calls(diary).index("session/prompt") > calls(diary).index(
        "session/set_config_option"
    )
    assert (agent.mode, agent.model) == ("code", "big")
    assert [each.value for each in agent.config_options] == ["high", True]


@pytest.mark.parametrize("how", ["load", "resume"])
async def test_what_is_set_is_set_again_after_a_restart(
    tmp_path: Path, how: str
) -> None:
    """Agents forget it; whoever trusts in a mode must not."""
    diary = tmp_path / "diary"
    can: dict[str, Any] = (
        {"loadSession": True}
        if how == "load"
        else {"sessionCapabilities": {"resume": {}}}
    )
    scenes: dict[str, list[Scene]] = {
        "initialize": hands(can),
        "session/new": new(modes=MODES),
        f"session/{how}": [[["answer", {"modes": MODES}]]],
        "session/prompt": [[["exit", 1]]],
    }
    async with open_yard(scripted(diary, scenes, mode="code")) as yard:
        await yard.ask("hello")
        await yard.ask("again")

    assert calls(diary).count(f"session/{how}") == 1
    assert params(diary, "session/set_mode") == [
        {"sessionId": "s1", "modeId": "code"},
        {"sessionId": "s1", "modeId": "code"},
    ]
    last = len(calls(diary)) - 1 - calls(diary)[::-1].index("session/set_mode")
    assert calls(diary)[last - 1] == f"session/{how}"
    assert "session/prompt" in calls(diary)[last:]


async def test_a_mode_may_be_an_option(tmp_path: Path) -> None:
    """Of agents of newer versions."""
    diary = tmp_path / "diary"
    scenes = {"session/new": new(configOptions=OPTIONS)}
    async with open_yard(scripted(diary, scenes, mode="all")) as yard:
        assert await yard.result("hello") == "hello"

    asked = {"sessionId": "s1", "configId": "permissions", "value": "all"}
    assert params(diary, "session/set_config_option") == [asked]
    assert params(diary, "session/set_mode") == []


async def test_a_mode_that_is_not_announced_is_tried() -> None:
    """Some agents have them, and do not say so."""
    async with open_yard(scripted(None, {}, mode="code")) as yard:
        assert await yard.result("hello") == "hello"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "god"}, "has no mode 'god': it offers 'ask', 'code'"),
        ({"model": "huge"}, "has no model 'huge': it offers nothing of the kind"),
        ({"config": {"effort": "max"}}, "has no effort 'max': it offers 'low', 'high'"),
        ({"config": {"web": "on"}}, "has no web 'on': it offers True, False"),
        ({"config": {"x": True}}, "has no x True: it offers nothing of the kind"),
    ],
)
async def test_what_cannot_be_set_fails_the_start(
    given: dict[str, Any], words: str
) -> None:
    """No prompt goes to an agent in another mode than was asked for."""
    refused: list[Scene] = [[["error", -32601, "what?"]]]
    scenes = {
        "session/new": new(modes=MODES, configOptions=OPTIONS[1:]),
        "session/set_model": refused,
    }
    error = await start_failure(scripted(None, scenes, **given))

    assert isinstance(error, AgentOptionError)
    assert words in str(error)
    assert error.name in (*given, *given.get("config", ()))


async def test_what_is_refused_when_it_is_set_fails_the_start() -> None:
    """In the words of the agent."""
    scenes: dict[str, list[Scene]] = {
        "session/set_mode": [[["error", -32603, "not on a Sunday"]]]
    }
    error = await start_failure(scripted(None, scenes, mode="code"))

    assert "not on a Sunday" in str(error)


async def test_meta_and_directories_go_with_each_conversation(tmp_path: Path) -> None:
    """Directories only where they are offered."""
    diary, other = tmp_path / "diary", tmp_path / "other"
    can: dict[str, Any] = {"sessionCapabilities": {"additionalDirectories": {}}}
    given: dict[str, Any] = {
        "meta": {"systemPrompt": "Be brief"},
        "additional_directories": [tmp_path],
    }
    async with open_yard(scripted(diary, {"initialize": hands(can)}, **given)) as yard:
        await yard.ask("hello")
    async with open_yard(scripted(other, **given)) as yard:
        await yard.ask("hello")

    (asked,) = params(diary, "session/new")
    assert asked["_meta"] == {"systemPrompt": "Be brief"}
    assert asked["additionalDirectories"] == [str(tmp_path)]
    (asked,) = params(other, "session/new")
    assert "additionalDirectories" not in asked
