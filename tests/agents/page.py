"""The tables of `docs/agents.md`, made from the results.

Pure but for two functions: one reads the results, one writes the page.  A test holds
that the page says what the results say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from .asking.wire import Json
from .model.tools import as_json
from .recipes import RECIPES

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"
LONG = 140
"""Characters of a cell."""
SETTLED = ("end_turn", "")
"""Stop reasons that need no words."""


def results() -> list[Json]:
    """Read all results, in the order of the recipes."""
    paths = [RESULTS / f"{name}.json" for name in RECIPES]
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()
    ]


def write_page() -> None:
    """Put the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_tables(text, results()), encoding="utf-8")


def with_tables(text: str, found: Sequence[Json]) -> str:
    """Put the tables between their marks: `<!-- table: NAME -->` to `<!-- end -->`."""

    def filled(match: re.Match[str]) -> str:
        made = TABLES[match[1]](found)
        return f"<!-- table: {match[1]} -->\n\n{made}\n\n<!-- end -->"

    mark = r"<!-- table: (\w+) -->\n.*?<!-- end -->"
    return re.sub(mark, filled, text, flags=re.DOTALL)


def table(head: str, rows: Sequence[Sequence[str]]) -> str:
    """Make a table in Markdown."""
    names = head.split(" | ")
    lines = [f"| {head} |", "|" + " --- |" * len(names)]
    lines += [
        f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows
    ]
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Make a text fit for a cell: one line, without bars, not long."""
    words = " ".join(text.split()).replace("|", "/")
    return words if len(words) <= LONG else f"{words[: LONG - 3]}..."


def said(answer: str) -> str:
    """Shorten what an agent has answered: without ids, without data."""
    words = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", answer)
    if "error -32601" in words:
        return "no such method"
    found = re.match(r'(error -?\d+: [^{\[\n]*)(?:\{"details": "(.*))?', words)
    if found is None:
        return words
    detail = (found[2] or "").replace("\\n", " ").replace('\\"', "").strip('"}. ')
    bare = found[1].strip(" :")
    return f"{bare} ({detail})" if detail and "Internal" in bare else bare


def ran(found: Sequence[Json]) -> list[Json]:
    """List those that opened a session."""
    return [each for each in found if "fields" in fact(each, "opened")]


def fact(each: Json, name: str) -> Json:
    """Give what a probe has found; nothing if it was not made."""
    return as_json(as_json(each.get("facts")).get(name))


def failed(each: Json, name: str) -> str:
    """Say why a probe has found nothing, else nothing."""
    about = fact(each, name)
    words = str(about.get("error", "")) if about else "not tried"
    return "no answer in time" if words == "NoAnswerError" else words


def version(each: Json) -> str:
    """Give the version that it prints, else the one of its `agentInfo`."""
    about = as_json(each.get("version"))
    info = as_json(about.get("agentInfo"))
    found = str(about.get("printed") or info.get("version") or "says none")
    return found.rstrip(".")


# ------------------------------------------------------------------------- the tables


def agents(found: Sequence[Json]) -> str:
    """Who they are, and how they are started."""
    rows = [
        [
            each["name"],
            version(each),
            f"`{command(each)}`",
            ", ".join(fact(each, "said").get("dialects", [])) or "none of ours",
            f"{each['started']}, {fact(each, 'opened').get('ready')}",
            modes(each),
        ]
        for each in ran(found)
    ]
    head = "agent | version | command | model's API | answers, opens | modes"
    return table(head, rows)


def command(each: Json) -> str:
    """Give its command, as it is written by hand."""
    words = [str(word).rpartition("/")[2] for word in each["command"]]
    return " ".join(words)


def modes(each: Json) -> str:
    """List its modes, the one that it begins in first and bold."""
    opened = fact(each, "opened")
    found = [short(str(mode)) for mode in opened.get("modes", [])]
    how = "" if opened.get("as") == "modes" else " (config option)"
    return ", ".join([f"**{found[0]}**", *found[1:]]) + how if found else "none"


def short(mode: str) -> str:
    """Shorten a mode that is an address."""
    return mode.rpartition("#")[2]


def asks(found: Sequence[Json]) -> str:
    """What they ask for permission, in each mode."""
    rows: list[list[str]] = []
    for each in ran(found):
        about = fact(each, "permissions")
        by_mode = as_json(about.get("modes"))
        if not by_mode:
            rows.append([each["name"], "", failed(each, "permissions"), "", ""])
        first, *more = fact(each, "opened")["modes"] or [""]
        for mode in (first, *more) if by_mode else ():
            tried, name = by_mode[mode], short(mode) or "(no modes)"
            name = f"**{name}**" if mode == first and mode else name
            if "cannot be set" in tried:
                wrong = f"cannot be set: {said(str(tried['cannot be set']))}"
                rows.append([each["name"], name, wrong, "", ""])
                continue
            shell, write = as_json(tried["shell"]), as_json(tried["write"])
            options = shell["options"] or write["options"]
            cells = [asked(shell), asked(write), ", ".join(options)]
            rows.append([each["name"], name, *cells])
    return table("agent | mode | a command | a file | options of the request", rows)


def asked(tried: Json) -> str:
    """Say what it did with a tool that we would have denied."""
    if not tried["tool"]:
        return "has no tool"
    what = {
        (True, False): "asks",
        (True, True): "asks, is denied, **does it**",
        (False, True): "**does it unasked**",
        (False, False): "neither asks nor does it",
    }[bool(tried["asked"]), bool(tried["done"])]
    if tried["told of"] is False:
        what += "; the request is the first word of it"
    ended = tried["reason"]
    return what if ended in SETTLED else f"{what}; ends with {ended}"


def turns(found: Sequence[Json]) -> str:
    """How they take a second prompt, a cancel, a model's error, a wrong session."""
    rows = [
        [
            each["name"],
            second(each),
            cancel(each),
            answered(each, "model error"),
            answered(each, "unknown session"),
            said(str(fact(each, "version 2").get("protocol", "not tried"))),
        ]
        for each in ran(found)
    ]
    head = "agent | a second prompt | cancel | the model's error 400"
    return table(f"{head} | an unknown session | asked for version 2", rows)


def second(each: Json) -> str:
    """Say what became of a prompt that came while another was answered."""
    about = fact(each, "two prompts")
    if "order" not in about:
        return failed(each, "two prompts")
    (one, first), (_, other) = (line.split(": ", 1) for line in about["order"])
    if one == "second":
        return _overtaken(about, first, other)
    if "error" in other:
        return f"refused after the first: {said(other)}"
    if not about["first whole"]:
        return f"ends the first ({said(first)}), is answered"
    return "waits, is answered" if about["second"] else f"waits, comes to {other}"


def _overtaken(about: Json, second: str, first: str) -> str:
    if "error" in second:
        return f"refused: {said(second)}" + (
            "" if about["first whole"] else "; both end"
        )
    if about["first whole"]:
        return "ends before the first, which is answered"
    return f"ends before the first: {said(second)}; the first: {said(first)}"


def cancel(each: Json) -> str:
    """Say how a cancelled turn ends."""
    about = fact(each, "cancelled")
    if "reason" not in about:
        return failed(each, "cancelled")
    words = f"{about['reason']}, {about.get('took', 'never')}"
    if about.get("late"):
        words += f"; late: {', '.join(about['late'])}"
    if about.get("after") not in (None, "end_turn"):
        words += f"; then {about['after']}"
    return words


def answered(each: Json, name: str) -> str:
    """Say how a prompt was answered."""
    about = fact(each, name)
    if "reason" not in about:
        return failed(each, name)
    reason, text = said(str(about["reason"])), str(about.get("text", ""))
    if not reason.startswith("error") and "text" in about:
        reason += f", `{' '.join(text.split())[:60]}`" if text else ", no words"
    return reason


def ends(found: Sequence[Json]) -> str:
    """How they end, and what they keep."""
    rows = [
        [
            each["name"],
            going(each, "end of input"),
            going(each, "terminated"),
            ", ".join(fact(each, "killed").get("offered", [])) or "nothing",
            kept(each, "load"),
            kept(each, "resume"),
            hosted(each),
        ]
        for each in ran(found)
    ]
    head = "agent | end of input | SIGTERM | offers | after `kill -9`, load"
    return table(f"{head} | resume | `AgentSession` after `kill -9`", rows)


def going(each: Json, name: str) -> str:
    """Say whether it goes when it is told to, idle and busy."""
    about = fact(each, name)
    if "idle" not in about:
        return failed(each, name)
    idle, busy = about["idle"], about["busy"]
    return idle if idle == busy else f"idle: {idle}; busy: {busy}"


def kept(each: Json, verb: str) -> str:
    """Say what is left of two prompts after a kill."""
    about = as_json(fact(each, "killed").get(verb))
    if not about:
        return failed(each, "killed")
    if about["answer"] != "ok":
        return said(str(about["answer"]))
    told = set(about["model was told"])
    known = {2: "all there", 0: "**nothing there**"}
    words = known.get(len(told & {"quince", "medlar"}), "half there")
    words += ", and of other sessions" if told - {"quince", "medlar"} else ""
    if about["replayed late"]:
        return f"{words}; replayed late"
    return f"{words}; replayed" if about["replayed"] else words


def hosted(each: Json) -> str:
    """Say what a session of ours has of its history after a kill."""
    about = fact(each, "hosted")
    if "after kill" not in about:
        return failed(each, "hosted")
    words = str(about["after kill"])
    if about["history lost"]:
        return "`HistoryLost`"
    return "remembers" if "quince" in words else words


def others(found: Sequence[Json]) -> str:
    """Who could not be had, or could not be talked to."""
    rows: list[list[str]] = []
    there = ran(found)
    for each in found:
        if each not in there:
            start = fact(each, "start")
            why = each.get("not had") or failed(each, "opened")
            if start:
                why = f"has gone before it greeted. {start['stderr']}".strip()
            number = version(each) if "version" in each else "not had"
            words = str(why).removeprefix("RefusedError ")
            rows.append([each["name"], each["packages"], number, words])
    return table("agent | packages | version | what happened", rows)


def notes(found: Sequence[Json]) -> str:
    """List what is to be known of each."""
    names = [each["name"] for each in found if RECIPES[each["name"]].note]
    told = [(RECIPES[name].packages, RECIPES[name].note) for name in names]
    lines = [f"**{n}** ({p}): {w}" for n, (p, w) in zip(names, told, strict=True)]
    return "\n".join(f"- {line}" for line in lines)


TABLES: dict[str, Callable[[Sequence[Json]], str]] = {
    "agents": agents,
    "asks": asks,
    "turns": turns,
    "ends": ends,
    "others": others,
    "notes": notes,
}
