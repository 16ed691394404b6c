"""Scripts for `scripted`, and what it was told: see there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from supervision.acp import AgentSettings

SCRIPTED = Path(__file__).parent / "scripted.py"
Scene = list[list[Any]]

MODES = {
    "currentModeId": "ask",
    "availableModes": [
        {"id": "ask", "name": "Ask"},
        {"id": "code", "name": "Code", "description": "Writes"},
    ],
}
MODELS = {
    "currentModelId": "small",
    "availableModels": [{"modelId": "small", "name": "Small"}, {"modelId": "big"}],
}


def option(name: str, value: Any, *choices: str, **more: Any) -> dict[str, Any]:
    """An option as agents tell it."""
    options = [{"value": each, "name": each.title()} for each in choices]
    kind = {"type": "select", "options": options} if choices else {"type": "boolean"}
    return {"id": name, "name": name.title(), "currentValue": value, **kind, **more}


OPTIONS = [
    option("permissions", "default", "default", "all", category="mode"),
    option("effort", "low", "low", "high", category="thought_level"),
    option("web", value=False),
]


def scripted(
    diary: Path | None = None,
    /,
    scenes: dict[str, list[Scene]] | None = None,
    **options: Any,
) -> AgentSettings:
    """How it is run: without a drain window, unless it is asked for.

    Args:
        diary: where to write what it is told.
        scenes: its script.
        options: of `AgentSettings`.
    """
    script = json.dumps(scenes or {})
    given: dict[str, Any] = {"drain_window": 0.0, **options}
    if diary is not None:
        given["env"] = {**given.get("env", {}), "DIARY": str(diary)}
    return AgentSettings([sys.executable, "-S", str(SCRIPTED), script], **given)


def hands(can: dict[str, Any] | None = None, **more: Any) -> list[Scene]:
    """The scene of `initialize`: what it can, and what it says beside."""
    return [
        [["answer", {"protocolVersion": 1, "agentCapabilities": can or {}, **more}]]
    ]


def told(diary: Path) -> list[dict[str, Any]]:
    """All that it was told, in its order."""
    text = diary.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def calls(diary: Path) -> list[str]:
    """The methods of all that it was told."""
    return [each.get("method", "") for each in told(diary)]


def params(diary: Path, method: str) -> list[dict[str, Any]]:
    """The params of all calls of a method."""
    return [each["params"] for each in told(diary) if each.get("method") == method]
