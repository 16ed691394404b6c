"""A server of tools; `mcp_tools.py` starts `python examples/mcp_server.py`."""

import asyncio
import os

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("tools")
cancelled: list[str] = []  # names of who was cancelled


@server.tool()
async def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


@server.tool()
async def watch(name: str, context: Context) -> str:
    """Watch the pot for ever; it says that it has begun."""
    try:
        await context.report_progress(0, message="it does not boil")
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        cancelled.append(name)
        raise
    return "it boils"


@server.tool()
async def given_up() -> list[str]:
    """Name those who do not watch any more."""
    return cancelled


@server.tool()
async def pid() -> int:
    """Say which process this is."""
    return os.getpid()


if __name__ == "__main__":
    server.run("stdio")
