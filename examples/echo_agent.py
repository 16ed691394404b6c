"""A small agent for `broker.py`: it repeats what it hears, word by word.

It speaks the Agent Client Protocol on its standard input and output, by hand and with
the standard library alone, to show how little there is to it.  It can go on with any
conversation (`session/resume`), because it remembers nothing.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

CAN: dict[str, Any] = {"sessionCapabilities": {"resume": {}}}


def write(**message: Any) -> None:
    """Write one message: one line."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def say(session: str, text: str) -> None:
    """Say a piece of the answer."""
    update = {
        "sessionUpdate": "agent_message_chunk",
        "content": {"type": "text", "text": text},
    }
    params = {"sessionId": session, "update": update}
    write(method="session/update", params=params)


def respond(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; returns the result."""
    match method:
        case "initialize":
            return {"protocolVersion": 1, "agentCapabilities": CAN}
        case "session/new":
            return {"sessionId": uuid.uuid4().hex}
        case "session/prompt":
            for block in params["prompt"]:
                for word in block.get("text", "").split():
                    say(params["sessionId"], f"{word} ")
            return {"stopReason": "end_turn"}
        case _:
            return {}


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        message: dict[str, Any] = json.loads(line)
        if "id" in message and "method" in message:  # else it wants no answer
            result = respond(message["method"], message["params"])
            write(id=message["id"], result=result)


if __name__ == "__main__":
    main()
