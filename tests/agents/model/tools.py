"""Which of an agent's tools runs commands or writes files, and how it is called.

Each agent names its own and gives them a JSON schema.  The names are a short list; the
arguments are made from the schema: what we know by its name, and a value of the right
type for whatever else is required.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs

SHELLS = (
    *("bash", "shell", "run_shell_command", "execute_command", "exec_command"),
    *("shell_command", "terminal", "run_command", "run_commands", "execute"),
    *("agent_run_shell_command", "run_terminal_command", "run_terminal_cmd"),
    *("launch-process", "run_in_terminal", "runterminalcmd", "local_shell", "exec"),
)
WRITERS = (
    *("write", "write_file", "writefile", "create_file", "write_to_file", "create"),
    *("file_write", "save-file", "edit_file", "editor", "apply_patch"),
)
COMMANDS = ("command", "cmd", "script", "commands", "command_line")
PATHS = (
    *("file_path", "filepath", "path", "absolute_path", "filename", "file"),
    *("file_name", "target_file"),
)
CONTENTS = (
    *("content", "contents", "text", "file_text", "file_content", "code_content"),
)


@attrs.frozen
class Tool:
    """A tool that an agent offers."""

    name: str
    schema: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """The JSON schema of its arguments."""
    freeform: bool = False
    """It takes a text, and no JSON."""


@attrs.frozen
class Call:
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any]
    freeform: str | None = None
    """The text for a tool that takes one."""

    @property
    def text(self) -> str:
        """The arguments as JSON, or the text."""
        return json.dumps(self.arguments) if self.freeform is None else self.freeform


def plain(name: str) -> str:
    """Give the part of a tool's name that says what it does: `developer__shell`."""
    return name.rpartition("__")[2].rpartition(".")[2].lower()


def pick(tools: Sequence[Tool], names: Sequence[str]) -> Tool | None:
    """Find the tool with the first of these names that there is."""
    by_name = {plain(tool.name): tool for tool in reversed(tools)}
    return next((by_name[name] for name in names if name in by_name), None)


def shell_call(tools: Sequence[Tool], command: str) -> Call | None:
    """Make a call that runs a command; None: no tool does that."""
    tool = pick(tools, SHELLS)
    if tool is None:
        return None
    return Call(tool.name, arguments(tool, {COMMANDS[0]: command}))


def write_call(tools: Sequence[Tool], path: str, text: str) -> Call | None:
    """Make a call that writes a file; None: no tool does that."""
    tool = pick(tools, WRITERS)
    if tool is None:
        return None
    if plain(tool.name) == "apply_patch":
        patch = f"*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch\n"
        given = {"input": patch, "patch": patch, "patchText": patch}
        return Call(tool.name, arguments(tool, given), patch if tool.freeform else None)
    return Call(tool.name, arguments(tool, {PATHS[0]: path, CONTENTS[0]: text}))


def arguments(tool: Tool, given: Mapping[str, str]) -> dict[str, Any]:
    """Fill a schema with what is given, and with something for what is required."""
    properties: Mapping[str, Any] = tool.schema.get("properties") or {}
    required: Sequence[str] = tool.schema.get("required") or ()
    meant = dict(given)
    for words in (COMMANDS, PATHS, CONTENTS):
        if words[0] in given:
            meant.update((word, given[words[0]]) for word in words)
    made: dict[str, Any] = {}
    for name, about in properties.items():
        known = meant.get(name.lower(), meant.get(name))
        if known is not None:
            made[name] = _shaped(known, about)
        elif name in required:
            made[name] = _something(about)
    return made


def _shaped(value: str, about: Any) -> Any:
    """A text in the form that the schema wants: a list of words, or itself."""
    schema = as_json(about)
    if schema.get("type") == "array" or ("items" in schema and "type" not in schema):
        items = as_json(schema.get("items"))
        if items.get("type") == "object":
            return [arguments(Tool("", items), {COMMANDS[0]: value})]
        return ["bash", "-c", value]
    return value


def _something(about: Any) -> Any:
    """A value that the schema allows."""
    schema = as_json(about)
    if schema.get("enum"):
        return schema["enum"][0]
    made: dict[Any, Any] = {
        "boolean": False,
        "integer": schema.get("minimum") or 20,
        "number": schema.get("minimum") or 20,
        "array": [],
        "object": {},
    }
    return made.get(str(schema.get("type")), "probe")


def as_json(value: object) -> dict[str, Any]:
    """Take a value for an object of JSON; what is none is an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[dict[str, Any]]:
    """Take a value for a list of objects of JSON; what is none is an empty one."""
    if not isinstance(value, list):
        return []
    return [as_json(each) for each in cast("list[object]", value)]
