"""What is asked of an agent while it lives: all in one process, each in a session."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import trio

from tests.agents.model.tools import as_json, as_list

from .subject import PATIENCE, Subject, prompt, seconds, shown
from .wire import (
    AgentGoneError,
    Choose,
    Json,
    NoAnswerError,
    Wire,
    allow,
    reject,
)

Talk = Callable[[Subject, Wire], Awaitable[Json]]


async def opened(subject: Subject, wire: Wire) -> Json:
    """What it says of itself, and how long that takes."""
    begun = trio.current_time()
    new = await subject.new(wire)
    ready = trio.current_time() - begun
    await subject.settle()
    return {
        "ready": seconds(ready),
        "modes": modes_of(new),
        "as": "modes" if new.get("modes") else "option",
        "models": models_of(new),
        "options": {
            str(each.get("id")): each.get("currentValue")
            for each in as_list(new.get("configOptions"))
        },
        "fields": sorted(new),
        "after": wire.told.kinds(),
        "others": wire.told.others,
    }


async def said(subject: Subject, wire: Wire) -> Json:
    """What comes of an answer of three words."""
    session = await subject.session(wire)
    told = wire.fresh()
    reason = await subject.ask(wire, session, "[[say alpha beta gamma]]")
    asked = [each for each in subject.model.requests if each.verb == "say"]
    return {
        "reason": reason,
        "text": told.text(),
        "kinds": told.kinds(),
        "dialects": sorted({each.dialect for each in asked}),
        "tools": sorted({name for each in asked for name in each.tools}),
    }


async def permissions(subject: Subject, wire: Wire) -> Json:
    """What it asks before a command and before a file, in each of its modes."""
    modes = modes_of(await subject.new(wire))
    made: Json = {}
    for mode in modes or [""]:
        new = await subject.new(wire)
        if wrong := await set_mode(wire, new, mode):
            made[mode] = {"cannot be set": wrong}
            continue
        session = str(new["sessionId"])
        made[mode] = {
            what: await tried(subject, wire, session, what, reject)
            for what in ("shell", "write")
        }
    session = await subject.session(wire)
    allowed = await tried(subject, wire, session, "shell", allow)
    return {"modes": made, "allowed": allowed}


async def tried(
    subject: Subject, wire: Wire, session: str, what: str, choose: Choose
) -> Json:
    """Have it use a tool: was it asked, was it done, how did the turn end."""
    trace = subject.place.project / f"trace-{len(subject.model.requests)}-{what}"
    command = f"touch {trace}" if what == "shell" else f"{trace} probe"
    wire.choose, told = choose, wire.fresh()
    before = len(subject.model.requests)
    reason = await subject.ask(wire, session, f"[[{what} {command}]]")
    called = [each.called for each in subject.model.requests[before:] if each.called]
    options = as_list(told.asks[0].get("options")) if told.asks else []
    tool = as_json(told.asks[0].get("toolCall")) if told.asks else {}
    named = {str(each.get("toolCallId")) for each in told.updates}
    return {
        "tool": called[0] if called else "",
        "asked": len(told.asks),
        "options": [str(each.get("kind")) for each in options],
        "told of": str(tool.get("toolCallId")) in named if tool else None,
        "done": any(subject.place.project.rglob(trace.name)),
        "reason": reason,
    }


def modes_of(new: Json) -> list[str]:
    """List the modes of a session, the one that it is in first.

    Some agents have them as modes, some as an option, some as both.
    """
    about = as_json(new.get("modes"))
    found = [str(each["id"]) for each in as_list(about.get("availableModes"))]
    current = about.get("currentModeId")
    option = option_of(new, "mode")
    if option and not found:
        found = [str(each.get("value")) for each in as_list(option.get("options"))]
        current = option.get("currentValue")
    return sorted(found, key=lambda each: each != current)


def models_of(new: Json) -> list[str]:
    """List the models of a session."""
    found = as_list(as_json(new.get("models")).get("availableModels"))
    options = found or as_list(option_of(new, "model").get("options"))
    return [str(each.get("modelId", each.get("value"))) for each in options]


def option_of(new: Json, category: str) -> Json:
    """Find the option of a category; an empty one if there is none."""
    for option in as_list(new.get("configOptions")):
        if option.get("category") == category:
            return option
    return {}


async def set_mode(wire: Wire, new: Json, mode: str) -> str:
    """Set a mode, as the session offers it; what is wrong with that, else nothing."""
    session = str(new["sessionId"])
    if not mode:
        return ""
    if new.get("modes"):
        params = {"sessionId": session, "modeId": mode}
        answer = await wire.call("session/set_mode", params, PATIENCE)
    else:
        option = option_of(new, "mode")["id"]
        params = {"sessionId": session, "configId": option, "value": mode}
        answer = await wire.call("session/set_config_option", params, PATIENCE)
    return shown(answer) if "error" in answer else ""


async def two_prompts(subject: Subject, wire: Wire) -> Json:
    """What it does with a prompt that comes while it answers one."""
    session = await subject.session(wire)
    told = wire.fresh()
    first = await prompt(wire, session, "[[slow 15]]")
    await wire.until(lambda: bool(told.text()), PATIENCE)
    second = await prompt(wire, session, "[[say second]]")
    order: list[str] = []

    async def wait(name: str, number: int) -> None:
        answer: Json = {}
        with contextlib.suppress(NoAnswerError, AgentGoneError):
            answer = await wire.answer(number, PATIENCE)
        order.append(f"{name}: {shown(answer) if answer else 'no answer'}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, "first", first)
        nursery.start_soon(wait, "second", second)
    await subject.settle()
    text = told.text()
    whole = all(f"word{n}" in text for n in range(15))
    return {"order": order, "first whole": whole, "second": "second" in text}


async def cancelled(subject: Subject, wire: Wire) -> Json:
    """How it ends a turn that is cancelled, and whether it can go on."""
    session = await subject.session(wire)
    number = await subject.begin(wire, session)
    await wire.notify("session/cancel", {"sessionId": session})
    begun = trio.current_time()
    try:
        reason = shown(await wire.answer(number, PATIENCE))
    except NoAnswerError:
        return {"reason": f"no answer within {PATIENCE:g} s"}
    took = trio.current_time() - begun
    late = wire.fresh()
    await subject.settle()
    words = ["text"] if late.text() else []
    after = await subject.ask(wire, session, "[[say after]]")
    return {
        "reason": reason,
        "took": seconds(took),
        "late": words + [kind for kind in late.kinds() if "chunk" not in kind],
        "model was left": any(each.left for each in subject.model.requests),
        "after": after,
    }


async def model_error(subject: Subject, wire: Wire) -> Json:
    """What becomes of a prompt when the model answers with an error."""
    session = await subject.session(wire)
    told = wire.fresh()
    reason = await subject.ask(wire, session, "[[error 400]]")
    return {"reason": reason, "text": told.text()[:200]}


async def unknown_session(subject: Subject, wire: Wire) -> Json:
    """What it says to a prompt for a session that there is not."""
    never = "00000000-0000-4000-8000-000000000000"
    return {"reason": await subject.ask(wire, never, "[[say hello]]")}


TALKS: dict[str, Talk] = {
    "opened": opened,
    "said": said,
    "permissions": permissions,
    "two prompts": two_prompts,
    "cancelled": cancelled,
    "model error": model_error,
    "unknown session": unknown_session,
}
"""In the order in which they are made."""
