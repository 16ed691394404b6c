"""What may be missing where the tests run, and why."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Final

HAS_ACP: Final = importlib.util.find_spec("acp") is not None
NO_ACP: Final = "no agent-client-protocol here: its releases want a Python below 3.15"
"""Why what needs `supervision.acp` is skipped."""

NO_OPENAI: Final = "no openai here: its wheels come some time after a new Python"
"""Why what needs `examples.openai_model` is skipped."""
NO_MCP: Final = "no mcp here: what it needs comes some time after a new Python"
"""Why what needs `examples.mcp_tools` is skipped."""
_OPENAI: Final = re.compile(r"^(from|import) (openai|examples\.openai_)", re.MULTILINE)
_MCP: Final = re.compile(r"^(from|import) (mcp|examples\.mcp_)", re.MULTILINE)

_NEED_ACP = ("acp", "agents", "examples/test_broker.py")


def needs_acp(path: Path) -> bool:
    """Whether a test file can be imported only with the extra `acp`."""
    where = path.relative_to(Path(__file__).parent)
    return any(where.is_relative_to(each) for each in _NEED_ACP)


def mentions_acp(path: Path) -> bool:
    """Whether a program or a module uses `supervision.acp`."""
    return "supervision.acp" in path.read_text(encoding="utf-8")


def lacks(code: str) -> str | None:
    """Say why a program cannot be run or checked here; None: it can."""
    if not HAS_ACP and "supervision.acp" in code:
        return NO_ACP
    for name, uses, why in (("openai", _OPENAI, NO_OPENAI), ("mcp", _MCP, NO_MCP)):
        if uses.search(code) and importlib.util.find_spec(name) is None:
            return why
    return None
