"""What may be missing where the tests run, and why."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

HAS_ACP: Final = importlib.util.find_spec("acp") is not None
NO_ACP: Final = "no agent-client-protocol here: its releases want a Python below 3.15"
"""Why what needs `supervision.acp` is skipped."""

_NEED_ACP = ("acp", "agents", "examples/test_broker.py")


def needs_acp(path: Path) -> bool:
    """Whether a test file can be imported only with the extra `acp`."""
    where = path.relative_to(Path(__file__).parent)
    return any(where.is_relative_to(each) for each in _NEED_ACP)


def mentions_acp(path: Path) -> bool:
    """Whether a program or a module uses `supervision.acp`."""
    return "supervision.acp" in path.read_text(encoding="utf-8")
