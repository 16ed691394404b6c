"""An agent that does what its prompt says: `say a b c`, `exit 3`, `rubbish`, ...

It speaks the Agent Client Protocol by hand, so that it can also speak it wrongly, and
uses the standard library alone, so that it starts fast.  Words on its command line are
what it can (`load`, `resume`) or what is wrong with it from the start (`mute`, `exit`,
`rubbish`, `version`, `refuse`, `deaf`).  It never sleeps: it waits for what it reads,
or for a signal.  If the path in `GATE` is there, it is a pipe to wait for first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

CAN = set(sys.argv[1:])
SESSION = f"s{os.getpid()}"
OPTIONS = [
    {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
    {"optionId": "no", "name": "No", "kind": "reject_once"},
]
state: dict[str, Any] = {"session": SESSION, "prompt": 0, "call": 0, "cancelled": False}


def write(*messages: dict[str, Any]) -> None:
    """Write messages, all at once."""
    lines = [json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages]
    sys.stdout.buffer.write("".join(lines).encode())
    sys.stdout.buffer.flush()


def read() -> dict[str, Any]:
    """Read a message; at the end of them it is the end of the program."""
    line = sys.stdin.buffer.readline()
    message: dict[str, Any] = json.loads(line) if line else {}
    if "DIARY" in os.environ:
        with open(os.environ["DIARY"], "a", encoding="utf-8") as diary:  # noqa: PTH123
            print(message.get("method") if line else "end", file=diary)
    if not line:
        sys.exit(0)
    return message


def answer(result: Any, number: Any = None) -> dict[str, Any]:
    """Make the answer to a call, by default to the prompt."""
    return {"id": state["prompt"] if number is None else number, "result": result}


def update(kind: str, /, session: Any = None, **fields: Any) -> dict[str, Any]:
    """Make an update."""
    return {
        "method": "session/update",
        "params": {
            "sessionId": session or state["session"],
            "update": {"sessionUpdate": kind, **fields},
        },
    }


def text(words: str, kind: str = "agent_message_chunk", **more: Any) -> dict[str, Any]:
    """Make an update with a piece of text."""
    return update(kind, content={"type": "text", "text": words}, **more)


def end(reason: str = "end_turn") -> dict[str, Any]:
    """Make the answer to the prompt."""
    return answer({"stopReason": reason})


def wait_for_cancel() -> None:
    """Read until the turn is cancelled."""
    while not state["cancelled"] and read().get("method") != "session/cancel":
        pass
    state["cancelled"] = False


def pause() -> NoReturn:
    """Read nothing more; wait for a signal."""
    while True:
        signal.pause()


def ask(*, wait: bool = True) -> str:
    """Ask for permission; returns what was decided."""
    state["call"] += 1
    number = f"p{state['call']}"
    tool = {"toolCallId": "t1", "title": "Delete everything"}
    params = {"sessionId": state["session"], "toolCall": tool, "options": OPTIONS}
    write({"id": number, "method": "session/request_permission", "params": params})
    while wait:
        message = read()
        if message.get("method") == "session/cancel":
            state["cancelled"] = True
        if message.get("id") == number:
            if "error" in message:
                return f"error {message['error']['code']}"
            outcome = message["result"]["outcome"]
            return str(outcome.get("optionId", outcome["outcome"]))
    return number


def spawn(how: str) -> int:
    """Start a process that outlives us, if nobody looks; returns its number."""
    import subprocess  # noqa: PLC0415 - few agents need it, and it is slow to import

    code = "import signal\n"
    if "deaf" in how:
        code += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code += "print(flush=True)\nsignal.pause()"
    held = os.dup(1)
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-S", "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if "holding" in how else subprocess.DEVNULL,
        pass_fds=(held,) if "holding" in how else (),
        start_new_session="session" in how,
        env={} if "naked" in how else None,
    )
    os.close(held)
    assert child.stdout is not None
    child.stdout.readline()  # it is deaf now, if it is to be
    return child.pid


# ------------------------------------------------------------------------------- verbs


def say(words: str) -> None:
    """Say each word, and end the turn."""
    write(*(text(word) for word in words.split()), end())


def tell(key: str) -> None:
    """Say something about the process."""
    facts: dict[str, Callable[[], object]] = {
        "pid": os.getpid,
        "cwd": os.getcwd,
        "session": lambda: state["session"],
        "env": lambda: os.environ.get("PUPPET"),
        "servers": lambda: json.dumps(state["servers"], sort_keys=True),
    }
    write(text(str(facts[key]())), end())


def stay(words: str) -> None:
    """Say that it stays; when cancelled do as told."""
    write(text("staying"))
    if words == "reading nothing":
        pause()
    wait_for_cancel()
    match words:
        case "stubborn":
            wait_for_cancel()
        case "lying":
            write(end())
        case "talking":
            write(text("well"), end("cancelled"))
        case _:
            write(end("cancelled"))


def leave(words: str) -> None:
    """Say something, and end in some way."""
    how, *rest = words.split()
    if how == "deafening":
        os.close(0)
    write(text("half an "))
    sys.stderr.write("dying words\n")
    sys.stderr.flush()
    match how:
        case "exit":
            os._exit(int(rest[0]))
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "orphaning":
            spawn("holding")
            os.kill(os.getpid(), signal.SIGKILL)
        case "closing":
            os.close(1)
            pause()
        case "mid-line":
            os.write(1, b'{"jsonrpc": "2.0", "id":')
            os._exit(0)
        case "deafening":
            pause()
        case _:
            os._exit(99)


def print_line(words: str) -> None:
    """Write a line as it is; `*N` at its end: that many bytes."""
    line, star, count = words.rpartition("*")
    os.write(1, (line * int(count) if star else words).encode("latin-1") + b"\n")
    pause()


def flood(words: str) -> None:
    """Say very much."""
    what, count = words.split()
    for number in range(int(count)):
        match what:
            case "text":
                write(text(f"{number} "))
            case "stderr":
                sys.stderr.write(f"line {number}\n")
            case "calls":
                write({"id": number, "method": "fs/read_text_file", "params": {}})
            case "tools":
                write(update("tool_call", toolCallId=f"t{number}", title="Dig"))
            case "strays":
                write(text("x", session="another"))
            case _:
                os._exit(99)
    sys.stderr.flush()
    if what == "calls":
        pause()
    write(end())


def late(words: str) -> None:
    """End the turn, and say something after that."""
    write(end(), text(words))


def show(words: str) -> None:
    """Say things of all kinds."""
    tool = {"toolCallId": "t1", "title": "Search", "kind": "search"}
    plan = {"content": "look", "priority": "high", "status": "pending"}
    image = {"type": "image", "data": "", "mimeType": "image/png"}
    kinds: dict[str, dict[str, Any]] = {
        "thought": text("hm", "agent_thought_chunk"),
        "call": update("tool_call", status="in_progress", **tool),
        "called": update("tool_call_update", toolCallId="t1", status="completed"),
        "plan": update("plan", entries=[plan]),
        "image": update("agent_message_chunk", content=image),
        "unknown": update("tomorrow", news=1),
        "broken": update("tool_call", title=7),
        "stray": text("not for you", session="another"),
        "idle": update("state_update", state="idle", stopReason="end_turn"),
        "end": end(),
        "nameless": {"method": "session/update", "params": {"update": {}}},
        "notice": {"method": "_vendor/news", "params": [1]},
        "unasked": answer({}, 4711),
        "odd": answer({}, "x"),
    }
    write(*(kinds[word] for word in words.split()))
    if "idle" not in words:
        write(end())


def tools(words: str) -> None:
    """Begin a tool; end it when cancelled... or never."""
    tool = {"toolCallId": "t1", "title": "Search", "kind": "search"}
    write(update("tool_call", status="in_progress", **tool))
    stay(words)


def permit(words: str) -> None:
    """Ask, and say what was decided."""
    match words:
        case "revoke":
            number = ask(wait=False)
            write({"method": "$/cancel_request", "params": {"requestId": number}})
            message = read()
            write(text(f"error {message['error']['code']}"), end())
        case "much":
            many = 10
            for _ in range(many):
                ask(wait=False)
            # as many as there is room for are being decided, and nobody decides
            told = [read()["result"]["outcome"]["outcome"] for _ in range(many - 4)]
            write(text(" ".join(sorted(set(told)))), end())
        case "file":
            params = {"sessionId": state["session"], "path": "/etc/passwd"}
            write({"id": 5, "method": "fs/read_text_file", "params": params})
            write(text(str(read()["error"]["code"])), end())
        case "badly":
            write({"id": 6, "method": "session/request_permission", "params": [1]})
            write(text(str(read()["error"]["code"])), end())
        case "to the end":
            decided = ask()
            wait_for_cancel()
            write(text(f"decided: {decided}"), end("cancelled"))
        case _:
            write(text(ask()), end())


def stop(reason: str) -> None:
    """End the turn for a reason."""
    write(text("so "), text("far"), end(reason))


def fail(words: str) -> None:
    """Answer with an error."""
    write({"id": state["prompt"], "error": {"code": -32603, "message": words}})


def start(how: str) -> None:
    """Start a process, say its number, and stay."""
    write(text(str(spawn(how))))
    wait_for_cancel()
    write(end("cancelled"))


VERBS: dict[str, Callable[[str], None]] = {
    "say": say,
    "tell": tell,
    "stay": stay,
    "leave": leave,
    "print": print_line,
    "flood": flood,
    "late": late,
    "show": show,
    "tools": tools,
    "permit": permit,
    "stop": stop,
    "fail": fail,
    "start": start,
}


# ----------------------------------------------------------------------------- opening


def initialize(message: dict[str, Any]) -> None:
    """Shake hands."""
    if "mute" in CAN:
        pause()
    can: dict[str, Any] = {"loadSession": "load" in CAN}
    if "resume" in CAN:
        can["sessionCapabilities"] = {"resume": {}}
    protocol = 9 if "version" in CAN else message["params"]["protocolVersion"]
    result = {"protocolVersion": protocol, "agentCapabilities": can}
    write(answer([] if "nonsense" in CAN else result, message["id"]))


def open_session(message: dict[str, Any]) -> None:
    """Make, load or resume a session."""
    params = message["params"]
    state["servers"] = params["mcpServers"]
    asked = params.get("sessionId")
    if asked and "forgetful" in CAN:
        error = {"code": -32602, "message": "no such session"}
        write({"id": message["id"], "error": error})
        return
    state["session"] = asked or SESSION
    if message["method"] == "session/load":
        write(text("as I said"), text("what you said", "user_message_chunk"))
    said = [text("by the way")] if "chatty" in CAN else []
    write(answer({"sessionId": state["session"]}, message["id"]), *said)


def main() -> None:
    """Serve until there is nothing more to read."""
    if "deaf" in CAN:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.path.exists(os.environ.get("GATE", "")):  # noqa: PTH110 - no more imports
        with open(os.environ["GATE"], "rb") as gate:  # noqa: PTH123
            gate.read()
    if "exit" in CAN:
        sys.stderr.write("no licence\n")
        sys.exit(3)
    if "rubbish" in CAN:
        os.write(1, b"Welcome to the agent!\n")
    while True:
        message = read()
        match message.get("method"):
            case "initialize":
                initialize(message)
            case "authenticate":
                state["session"] = message["params"]["methodId"]
                write(answer({}, message["id"]))
            case "session/new" | "session/load" | "session/resume":
                open_session(message)
            case "session/prompt":
                state["prompt"] = message["id"]
                words = " ".join(each["text"] for each in message["params"]["prompt"])
                verb, _, rest = words.partition(" ")
                VERBS[verb](rest)
            case _:
                pass


main()
