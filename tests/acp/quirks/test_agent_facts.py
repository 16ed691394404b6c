"""What an agent says of itself, and what is set and asked when one begins with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acp.schema import (
    AudioContentBlock,
    EmbeddedResourceContentBlock,
    ImageContentBlock,
    TextContentBlock,
    TextResourceContents,
)

from supervision.acp import (
    AgentContentError,
    AgentInfo,
    AgentSession,
    AgentSettings,
    AuthMethod,
    Choice,
    Command,
    CommandsChanged,
    ConfigChanged,
    ConfigOption,
    ModeChanged,
)
from supervision.acp._words.agent import read_agent, with_session
from tests.acp.scenes import (
    MODELS,
    MODES,
    OPTIONS,
    Scene,
    hands,
    option,
    params,
    scripted,
)
from tests.acp.yard import open_yard

LOGINS = [
    {"id": "key", "name": "API key", "type": "env_var", "vars": [{"name": "KEY"}]},
    {"id": "browser", "name": "Browser", "description": "Opens a page"},
    {"name": "without an id"},
]


class Known(AgentSession):
    """Can be asked by the test."""

    async def started(self) -> None:
        await super().started()
        KNOWN.append(self)


KNOWN: list[Known] = []


# ------------------------------------------------------------------- what it says


async def test_an_agent_is_known_by_what_it_says() -> None:
    """Before its first turn; what changes in a turn is a chunk, and known then."""
    KNOWN.clear()
    mode = {"sessionUpdate": "current_mode_update", "currentModeId": "code"}
    web = {"name": "web", "description": "Look"}
    scenes: dict[str, list[Scene]] = {
        "initialize": hands(
            {
                "loadSession": False,
                "promptCapabilities": {"image": True},
                "sessionCapabilities": {"list": {}, "fork": None},
            },
            agentInfo={"name": "sage", "version": "3.1", "title": "The Sage"},
            authMethods=LOGINS,
        ),
        "session/new": [
            [
                [
                    "answer",
                    {
                        "sessionId": "s1",
                        "modes": MODES,
                        "models": MODELS,
                        "configOptions": OPTIONS[1:],
                    },
                ]
            ]
        ],
        "session/prompt": [
            [
                ["update", mode],
                [
                    "update",
                    {
                        "sessionUpdate": "available_commands_update",
                        "availableCommands": [
                            {**web, "input": {"hint": "q"}},
                            {"name": "test", "description": "Try"},
                        ],
                        "_meta": {"x": 1},
                    },
                ],
                [
                    "update",
                    {
                        "sessionUpdate": "config_option_update",
                        "configOptions": [option("web", value=True)],
                    },
                ],
                ["end"],
            ]
        ],
    }
    async with open_yard(scripted(None, scenes), make=Known) as yard:
        await yard.router.run_exclusive("k", _nothing).outcome()
        agent = KNOWN[0].agent
        chunks, _ = await yard.ask("hello")
        after = KNOWN[0].agent

    assert (agent.name, agent.version, agent.title) == ("sage", "3.1", "The Sage")
    assert agent.protocol_version == 1
    can = agent.capabilities
    assert (can.image, can.audio, can.list, can.fork) == (True, False, True, False)
    assert agent.auth_methods == (
        AuthMethod("key", "API key", kind="env_var"),
        AuthMethod("browser", "Browser", "Opens a page"),
    )
    assert agent.auth_methods[0].data["vars"] == [{"name": "KEY"}]
    assert agent.mode == "ask"
    assert agent.modes == (Choice("ask", "Ask"), Choice("code", "Code", "Writes"))
    assert agent.model == "small"
    assert agent.models == (Choice("small", "Small"), Choice("big", "big"))
    effort = ConfigOption(
        "effort",
        "Effort",
        "low",
        (Choice("low", "Low"), Choice("high", "High")),
        "thought_level",
    )
    assert agent.config_options == (effort, ConfigOption("web", "Web", value=False))
    commands = (Command("web", "Look", "q"), Command("test", "Try"))
    assert chunks == [
        ModeChanged("code"),
        CommandsChanged(commands),
        ConfigChanged((ConfigOption("web", "Web", value=True),)),
    ]
    assert isinstance(chunks[1], CommandsChanged)
    assert chunks[1].meta == {"x": 1}
    assert (after.mode, after.commands) == ("code", commands)
    assert after.config_options == (ConfigOption("web", "Web", value=True),)


async def _nothing(turn: object) -> None:
    del turn


def test_a_session_that_has_no_agent_yet_knows_nothing() -> None:
    """It has a value all the same."""
    agent = AgentSession(AgentSettings(["agent"])).agent

    assert agent == AgentInfo()
    assert not agent.name


def test_what_an_agent_says_wrongly_is_not_known() -> None:
    """The rest is; groups of choices are choices."""
    said: dict[str, Any] = {
        "protocolVersion": 1,
        "agentInfo": ["?"],
        "agentCapabilities": {"loadSession": "yes", "sessionCapabilities": 7},
        "authMethods": [7, {"id": 7}],
    }
    groups = [{"group": "g", "options": [{"value": "a", "name": "A"}]}]
    options = [
        {"id": "model", "currentValue": "a", "options": groups, "category": "model"},
        {"id": "odd", "currentValue": 7},
    ]

    agent = with_session(read_agent(said), {"configOptions": options, "modes": 7})

    assert agent.name == ""
    assert not agent.capabilities.load
    assert agent.auth_methods == ()
    assert agent.model == "a"
    assert agent.models == (Choice("a", "A"),)
    assert agent.option("odd") is None


# ------------------------------------------------------------------ what it cannot take


IMAGE = ImageContentBlock(type="image", data="", mime_type="image/png")
AUDIO = AudioContentBlock(type="audio", data="", mime_type="audio/wav")
RESOURCE = EmbeddedResourceContentBlock(
    type="resource", resource=TextResourceContents(uri="file:///a", text="a")
)


@pytest.mark.parametrize(
    ("block", "kind", "can"),
    [
        (IMAGE, "image", "image"),
        (AUDIO, "audio", "audio"),
        (RESOURCE, "resource", "embeddedContext"),
    ],
)
async def test_content_goes_only_to_an_agent_that_takes_it(
    tmp_path: Path, block: Any, kind: str, can: str
) -> None:
    """One that does not is not asked, and takes the next prompt."""
    prompt = [TextContentBlock(type="text", text="look"), block]
    able = {"initialize": hands({"promptCapabilities": {can: True}})}
    diary = tmp_path / "diary"
    async with open_yard(scripted(diary)) as yard:
        error, _ = await yard.failure(prompt, AgentContentError)
        assert await yard.result("hello") == "hello"
    async with open_yard(scripted(None, able)) as yard:
        assert await yard.result(prompt) == "hello"

    assert error.kind == kind
    assert f"does not take content of type '{kind}'" in str(error)
    assert len(params(diary, "session/prompt")) == 1
