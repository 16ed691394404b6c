"""An agent that does what a script says: one for each kind that others have written.

The script is its argument, in JSON: `{method: [scene, scene, ...]}`.  The first call of
a method is answered by its first scene, and so on; the last one stays.  A scene is a
list of steps, each a list: what to do, and with what.  What it is told it writes to
$DIARY, line by line.  As `puppet` it uses the standard library alone and never sleeps.
"""

from __future__ import annotations

import collections
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

SCRIPT: dict[str, list[list[list[Any]]]] = json.loads(sys.argv[1])
DEFAULT: dict[str, list[list[Any]]] = {
    "initialize": [["answer", {"protocolVersion": 1}]],
    "session/new": [["answer", {"sessionId": "s1"}]],
    "session/prompt": [["say", "hello"], ["end"]],
}
counts: collections.Counter[str] = collections.Counter()
last: dict[str, Any] = {}  # the last answer to a question of ours


def write(message: dict[str, Any]) -> None:
    """Write a message."""
    line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
    os.write(1, line.encode())


def read() -> dict[str, Any]:
    """Read a message, and put it into the diary; at the end of them end."""
    line = sys.stdin.buffer.readline()
    if "DIARY" in os.environ:
        with open(os.environ["DIARY"], "ab") as diary:  # noqa: PTH123
            diary.write(line or b'{"method": "end"}\n')
    if not line:
        sys.exit(0)
    message: dict[str, Any] = json.loads(line)
    return message


def update(fields: dict[str, Any]) -> None:
    """Write an update."""
    params = {"sessionId": "s1", "update": fields}
    write({"method": "session/update", "params": params})


def say(text: str, more: dict[str, Any] | None = None) -> None:
    """Write a piece of the answer."""
    content = {"type": "text", "text": text}
    kind = {"sessionUpdate": "agent_message_chunk"}
    update({**kind, "content": content, **(more or {})})


def repeat(text: str) -> None:
    """Write a prompt."""
    say(text, {"sessionUpdate": "user_message_chunk"})


def raw(text: str) -> None:
    """Write it as it is."""
    os.write(1, text.encode())


def tell() -> None:
    """Say the answer to the last question."""
    say(json.dumps(last, sort_keys=True))


def perform(step: list[Any], call: dict[str, Any]) -> None:
    """Do one step of a scene that was called for: an answer, or something else."""
    number = call.get("id")
    match step:
        case ["answer", result]:
            write({"id": number, "result": result})
        case ["error", code, text]:
            write({"id": number, "error": {"code": code, "message": text}})
        case ["end"]:
            write({"id": number, "result": {"stopReason": "end_turn"}})
        case ["end", more]:
            write({"id": number, "result": {"stopReason": "end_turn", **more}})
        case [what, *with_what]:
            ACTS[what](*with_what)
        case _:
            os._exit(99)


def ask(method: str, params: dict[str, Any]) -> None:
    """Ask, and wait for the answer."""
    write({"id": "q", "method": method, "params": params})
    while (message := read()).get("id") != "q":
        pass
    last.clear()
    last.update(message.get("result") or message["error"])


def wait_for(method: str) -> None:
    """Read until this comes."""
    while (message := read()).get("method") != method:
        pass
    last.clear()
    last.update(message)


def reply(answer: list[Any]) -> None:
    """Answer what was waited for."""
    write({"id": last["id"], answer[0]: answer[1]})


def pause() -> None:
    """Do nothing more."""
    while True:
        signal.pause()


ACTS: dict[str, Callable[..., object]] = {
    "say": say,
    "user": repeat,
    "update": update,
    "raw": raw,
    "ask": ask,
    "tell": tell,
    "await": wait_for,
    "reply": reply,
    "exit": os._exit,
    "pause": pause,
}


def main() -> None:
    """Play until there is nothing more to read."""
    while True:
        call = read()
        method = call.get("method", "")
        scenes = SCRIPT.get(method, [DEFAULT.get(method, [["answer", {}]])])
        scene = scenes[min(counts[method], len(scenes) - 1)]
        counts[method] += 1
        if "id" in call or method in SCRIPT:
            for step in scene:
                perform(step, call)


main()
