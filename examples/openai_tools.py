"""The tools of `openai_agent.py`: what one is, and one that reads files."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import trio


@attrs.frozen
class Tool:
    """What the model may call."""

    name: str
    about: str
    properties: dict[str, Any]  # JSON schema
    call: Callable[..., Awaitable[str]]

    def schema(self) -> dict[str, Any]:
        """Give it as the server takes it."""
        rules = {"type": "object", "properties": self.properties}
        about = {"name": self.name, "description": self.about, "parameters": rules}
        return {"type": "function", "function": about}


async def read(name: str) -> str:
    """A tool: a file of this folder."""
    path = await trio.Path(name).resolve()
    if not path.is_relative_to(Path.cwd()):
        raise PermissionError(name)
    return (await path.read_text(encoding="utf-8"))[:10_000]


READ = Tool("read", "read a file", {"name": {"type": "string"}}, read)
