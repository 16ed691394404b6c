"""`AgentInfo`: what an agent says of itself, as values that do not change.

Read from its JSON by hand and not by `acp.schema`: agents of all versions are to be
heard, and what one of them says wrongly is only not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen
class AuthMethod:
    """A way to log in; `AgentSettings.authenticate` takes its id."""

    id: str
    """What it is called by."""
    name: str
    """For a person."""
    description: str | None = None
    """For a person."""
    kind: str = "agent"
    """agent: it does it all; env_var: by variables; terminal: by a command."""
    data: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False, eq=False)
    """All of it, as JSON."""


@attrs.frozen
class Choice:
    """A mode, a model, or a value of an option."""

    id: str
    """What it is set by."""
    name: str
    """For a person."""
    description: str | None = None
    """For a person."""


@attrs.frozen
class ConfigOption:
    """An option of the agent; `AgentSettings.config` sets it."""

    id: str
    """What it is set by."""
    name: str
    """For a person."""
    value: str | bool
    """What it is now."""
    choices: tuple[Choice, ...] = ()
    """What it may be; nothing: it is True or False."""
    category: str | None = None
    """What it is about: mode, model, thought_level, or None."""


@attrs.frozen
class Command:
    """A command of the agent, for the beginning of a prompt: "/NAME ..."."""

    name: str
    """Without the slash."""
    description: str
    """For a person."""
    hint: str | None = None
    """What to write after it; None: nothing."""


@attrs.frozen
class Capabilities:
    """What an agent can."""

    load: bool = False
    """Go on with a conversation, which it tells again (`session/load`)."""
    resume: bool = False
    """Go on with a conversation, silently."""
    list: bool = False
    """Say which conversations it has."""
    close: bool = False
    """Let a conversation go, which can be gone on with."""
    delete: bool = False
    """Forget a conversation."""
    fork: bool = False
    """Begin a conversation with what was said in another one."""
    directories: bool = False
    """Work beside its working directory."""
    image: bool = False
    """Take images in prompts."""
    audio: bool = False
    """Take audio in prompts."""
    embedded: bool = False
    """Take embedded resources in prompts."""
    steering: bool = False
    """Take a prompt into the turn that runs."""


@attrs.frozen
class Conversation:
    """A conversation that an agent has kept."""

    id: str
    """The agent's id of it; `AgentSession.bind` takes it."""
    cwd: str = ""
    """Where it works; "": it has not said it."""
    title: str | None = None
    """Its title for a person."""
    updated_at: str | None = None
    """When something was last said in it, as the agent writes it (ISO 8601)."""


@attrs.frozen
class AgentInfo:
    """What an agent says of itself; `AgentSession.agent`.

    A value: when the agent says something new there is a new one.
    """

    name: str = ""
    """Its name; "": it has not said it."""
    version: str = ""
    """Its version; "": it has not said it."""
    title: str | None = None
    """Its name for a person."""
    protocol_version: int = 0
    """The version of the protocol that it speaks; 0: it has not said anything yet."""
    capabilities: Capabilities = attrs.field(factory=Capabilities)
    """What it can."""
    auth_methods: tuple[AuthMethod, ...] = ()
    """How it lets one log in."""
    mode: str | None = None
    """The id of the mode in which it works; None: it has none."""
    modes: tuple[Choice, ...] = ()
    """The modes that it has."""
    model: str | None = None
    """The id of the model that it uses; None: it has not said it."""
    models: tuple[Choice, ...] = ()
    """The models that it has."""
    config_options: tuple[ConfigOption, ...] = ()
    """Its options; for some agents mode and model are two of them."""
    commands: tuple[Command, ...] = ()
    """Its commands."""
    data: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False, eq=False)
    """All that it has said to `initialize`, as JSON."""

    def option(self, name: str) -> ConfigOption | None:
        """The option of this id, or else of this category; None: there is none."""
        for by in ("id", "category"):
            for each in self.config_options:
                if getattr(each, by) == name:
                    return each
        return None


def read_agent(answer: Mapping[str, Any]) -> AgentInfo:
    """Read its answer to `initialize`."""
    info = _object(answer.get("agentInfo"))
    can = _object(answer.get("agentCapabilities"))
    of_session = _object(can.get("sessionCapabilities"))
    of_prompt = _object(can.get("promptCapabilities"))
    steering = _object(_object(answer.get("_meta")).get("steering"))
    version: object = answer.get("protocolVersion")
    return AgentInfo(
        name=_text(info.get("name")),
        version=_text(info.get("version")),
        title=_text(info.get("title")) or None,
        protocol_version=version if isinstance(version, int) else 0,
        capabilities=Capabilities(
            load=can.get("loadSession") is True,
            resume=_can(of_session, "resume"),
            list=_can(of_session, "list"),
            close=_can(of_session, "close"),
            delete=_can(of_session, "delete"),
            fork=_can(of_session, "fork"),
            directories=_can(of_session, "additionalDirectories"),
            image=of_prompt.get("image") is True,
            audio=of_prompt.get("audio") is True,
            embedded=of_prompt.get("embeddedContext") is True,
            steering=steering.get("supported") is True,
        ),
        auth_methods=tuple(
            AuthMethod(
                _text(each.get("id")),
                _text(each.get("name")),
                _text(each.get("description")) or None,
                _text(each.get("type")) or "agent",
                each,
            )
            for each in _objects(answer.get("authMethods"), "id")
        ),
        data=answer,
    )


def with_session(agent: AgentInfo, answer: object) -> AgentInfo:
    """Take its answer to a request for a conversation, or to set something of it."""
    said = _object(answer)
    modes = _object(said.get("modes"))
    models = _object(said.get("models"))
    if modes:
        agent = attrs.evolve(
            agent,
            mode=_text(modes.get("currentModeId")) or None,
            modes=_choices(modes.get("availableModes"), "id"),
        )
    if models:
        agent = attrs.evolve(
            agent,
            model=_text(models.get("currentModelId")) or None,
            models=_choices(models.get("availableModels"), "modelId"),
        )
    if "configOptions" in said:
        agent = with_options(agent, read_options(said["configOptions"]))
    return agent


def with_options(agent: AgentInfo, options: tuple[ConfigOption, ...]) -> AgentInfo:
    """Take all its options; for some agents mode and model are two of them."""
    agent = attrs.evolve(agent, config_options=options)
    for name, own in (("mode", agent.modes), ("model", agent.models)):
        option = agent.option(name)
        if option is not None and isinstance(option.value, str):
            now: Any = {name: option.value}  # of two fields of the same type
            if not own:
                now[f"{name}s"] = option.choices
            agent = attrs.evolve(agent, **now)
    return agent


def read_conversations(given: object) -> tuple[Conversation, ...]:
    """Read the conversations that an agent has."""
    return tuple(
        Conversation(
            _text(each.get("sessionId")),
            _text(each.get("cwd")),
            _text(each.get("title")) or None,
            _text(each.get("updatedAt")) or None,
        )
        for each in _objects(given, "sessionId")
    )


def read_options(given: object) -> tuple[ConfigOption, ...]:
    """Read the options of an agent, and what they are now."""
    return tuple(
        ConfigOption(
            _text(each.get("id")),
            _text(each.get("name")) or _text(each.get("id")),
            value,
            _grouped(each.get("options")),
            _text(each.get("category")) or None,
        )
        for each in _objects(given, "id")
        if isinstance(value := each.get("currentValue"), str | bool)
    )


def read_commands(given: object) -> tuple[Command, ...]:
    """Read the commands of an agent."""
    return tuple(
        Command(
            _text(each.get("name")),
            _text(each.get("description")),
            _text(_object(each.get("input")).get("hint")) or None,
        )
        for each in _objects(given, "name")
    )


def _grouped(given: object) -> tuple[Choice, ...]:
    """Choices, or groups of them."""
    found: list[Choice] = list(_choices(given, "value"))
    for group in _objects(given, "group"):
        found.extend(_choices(group.get("options"), "value"))
    return tuple(found)


def _choices(given: object, key: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            each[key],
            _text(each.get("name")) or each[key],
            _text(each.get("description")) or None,
        )
        for each in _objects(given, key)
    )


def _can(capabilities: Mapping[str, Any], name: str) -> bool:
    """An empty object says that it can; so does True, of some."""
    said = capabilities.get(name)
    return isinstance(said, Mapping) or said is True


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _object(given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return cast("Mapping[str, Any]", given)
    return _NOTHING


def _objects(given: object, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list that have a text under this key."""
    if not isinstance(given, list):
        return []
    each_object = [_object(each) for each in cast("list[object]", given)]
    return [each for each in each_object if isinstance(each.get(key), str)]
