"""What runs in Restate: a virtual object, one for each session.

python -m hypercorn benchmarks.peers.restate_service:app
"""

# restate need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

from typing import Any

import restate

session = restate.VirtualObject("Session")


@session.handler()  # type: ignore[untyped-decorator]  # restate may be missing
async def take_turn(context: Any, text: str) -> int:
    """Count the turns, and say how long the text was; Any: the SDK's context."""
    turns = await context.get("turns")
    context.set("turns", (turns or 0) + 1)
    return len(text)


app = restate.app([session])
