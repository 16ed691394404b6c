"""The head of the live view: the service, and what goes through it.  Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from supervision._view.shapes import RouterShape, StoreShape, TopShape

from .look import (
    BOLD,
    BUSY,
    DIM,
    GONE,
    GOOD,
    LABEL,
    MAYBE,
    OUTCOMES,
    PLAIN,
    SERVICE_STATES,
    WRONG,
)
from .rates import Rates
from .text import clean, plural, rate, size, span, whole, words

HEAD_LINES = 6
"""How many lines `head_lines` writes; one more if there is a store."""

_BAR = Style(bgcolor="grey19", color="white")
_BARS = " ▁▂▃▄▅▆▇█"
_GAUGE = 20  # characters
_NARROW = 100  # characters of a screen: below it words are left out
_LABEL = 10  # characters
_APART = 5  # characters between two facts


def head_lines(
    now: TopShape,
    changes: Rates,
    width: int,
    *,
    history: Sequence[float] = (),
    gone: str | None = None,
) -> list[Text]:
    """Write the head: a title, turns, sessions, prompts, outcomes, stores, actors.

    Args:
        now: the frame.
        changes: what happens a second.
        width: of the screen.
        history: prompts accepted a second, frame by frame, the latest last.
        gone: why the service does not answer any more; None: it does.
    """
    routers = now["statistics"]["routers"]
    lines = [_title(now, changes, width, gone)]
    if routers:
        lines += [
            _labelled("turns", _turns(routers, width), width),
            _labelled("sessions", _sessions(routers), width),
            _labelled("prompts", _prompts(routers, changes, history, width), width),
            _labelled("outcomes", _outcomes(routers, changes, width), width),
        ]
    stores = [each["store"] for each in routers if each["store"] is not None]
    if stores:
        lines.append(_labelled("store", _stores(stores, changes), width))
    lines.append(_labelled("actors", _actors(now, changes), width))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def badge(state: str, gone: str | None) -> Text:
    """Write the state of a service on its colour."""
    if gone is not None:
        return Text(" GONE ", GONE)
    style = SERVICE_STATES.get(state, SERVICE_STATES["ended"])
    return Text(f" {clean(state).upper()} ", style)


def _title(now: TopShape, changes: Rates, width: int, gone: str | None) -> Text:
    service, process = now["statistics"]["service"], now["statistics"]["process"]
    line = Text(no_wrap=True, style=_BAR)
    line.append(f" {clean(service['name'])} ", BOLD)
    line.append_text(badge(service["state"], gone))
    if gone is not None:
        line.append(f" {clean(gone)}")
    elif service["left"] is not None:
        why = f" ({clean(service['why'])})" if service["why"] else ""
        line.append(f" {span(service['left'])} left{why}")
    else:
        line.append(f" up {span(service['uptime'])}")
    facts = [
        f"pid {service['pid']}",
        f"cpu {changes.cpu:.0%}".replace("%", " %"),
        size(process["rss"]),
        f"python {clean(service['python'])}",
    ]
    while facts:
        text = "   ".join(facts) + " "
        room = width - line.cell_len - cell_len(text)
        if room > 0:
            line.append(" " * room + text)
            break
        facts.pop()
    line.append(" " * (width - line.cell_len))
    return line


def _labelled(label: str, facts: Iterable[Text], width: int) -> Text:
    line = Text(no_wrap=True).append(f" {label:{_LABEL}}", LABEL)
    for number, fact in enumerate(facts):
        if number:
            line.append("  ·  " if width >= _NARROW else " · ", DIM)
        line.append_text(fact)
    return line


def _turns(routers: Sequence[RouterShape], width: int) -> list[Text]:
    running = sum(each["turns_running"] for each in routers)
    slots = sum(each["slots"] for each in routers)
    waiting = sum(each["turns_waiting"] for each in routers)
    queued = sum(each["queued"] for each in routers)
    style = MAYBE if waiting else GOOD
    gauge = _gauge(running, slots, _GAUGE if width >= _NARROW else _GAUGE // 2, style)
    gauge.append(f" {whole(running)}/{whole(slots)}", BOLD).append(" running")
    return [
        gauge,
        _count(waiting, "waiting", MAYBE),
        _count(queued, "queued", PLAIN),
    ]


def _sessions(routers: Sequence[RouterShape]) -> list[Text]:
    known = sum(each["sessions"] for each in routers)
    idle = sum(each["idle"] for each in routers)
    opened = sum(each["opened"] for each in routers)
    suspended = sum(each["suspended"] for each in routers)
    return [
        Text(whole(known), BOLD),
        Text(f"{whole(known - idle)} busy", BUSY if known > idle else DIM),
        Text(f"{whole(idle)} idle", DIM),
        Text(f"{whole(opened)} opened so far", DIM),
        *([Text(f"{whole(suspended)} suspended", DIM)] if suspended else []),
    ]


def _prompts(
    routers: Sequence[RouterShape],
    changes: Rates,
    history: Sequence[float],
    width: int,
) -> list[Text]:
    flow = changes.flow
    accepted = Text(rate(flow.accepted), BOLD).append(" accepted", PLAIN)
    if not changes.recent:
        accepted.append(" on average", DIM)
    if history:
        accepted.append(" ")
        accepted.append_text(_sparkline(history, min(width // 5, 24)))
    refused = sum(sum(each["refused"].values()) for each in routers)
    text = rate(flow.refused) + " refused" if flow.refused else _so_far(refused)
    count = sum(each["accepted"] for each in routers)
    return [
        accepted,
        Text(f"{whole(count)} in all", DIM),
        Text(text, MAYBE if flow.refused else DIM),
    ]


def _so_far(refused: int) -> str:
    return f"{whole(refused)} refused"


def _outcomes(routers: Sequence[RouterShape], changes: Rates, width: int) -> list[Text]:
    totals: Counter[str] = Counter()
    for each in routers:
        totals.update(each["outcomes"])
    names = [name for name in OUTCOMES if totals[name]]
    names += sorted(name for name in totals if name not in OUTCOMES and totals[name])
    if not names:
        return [Text("none yet", DIM)]
    room = width - _LABEL - 1
    if width >= _NARROW:
        found = _each_outcome(names, totals, changes, detailed=True)
        if sum(each.cell_len for each in found) + _APART * (len(found) - 1) <= room:
            return found
    names = [name for name in names if changes.flow.outcomes.get(name)]
    found = _each_outcome(names, totals, changes, detailed=False)
    return found or [Text("none now", DIM)]


def _each_outcome(
    names: Sequence[str], totals: Mapping[str, int], changes: Rates, *, detailed: bool
) -> list[Text]:
    found: list[Text] = []
    for name in names:
        now = changes.flow.outcomes.get(name, 0.0)
        style = OUTCOMES.get(name, PLAIN) if now else DIM
        text = Text(words(name), style)
        if detailed:
            text.append(f" {whole(totals[name])}", DIM)
        if now:
            text.append(f" ({rate(now)})" if detailed else f" {rate(now)}")
        found.append(text)
    return found


def _stores(stores: Sequence[StoreShape], changes: Rates) -> list[Text]:
    down = [each for each in stores if each["down"] is not None]
    unwritten = sum(each["unwritten"] for each in stores)
    batches = sum(each["batches"] for each in stores)
    took = sum(each["seconds"] for each in stores) / max(batches, 1)
    held = sum(each["held"] for each in stores)
    commits = Text(f"{rate(changes.commits)} commits", BOLD)
    facts = [
        commits if not down else Text(f"DOWN for {span(down[0]['down'])}", WRONG),
        _count(unwritten, "unwritten", MAYBE),
        Text(f"{1000 * took:,.1f} ms each, on average", DIM),
        Text(size(_total(each["size"] for each in stores)), DIM),
        Text(f"log {size(_total(each['log'] for each in stores))}", DIM),
    ]
    shared = [each for each in stores if each["node"] is not None]
    if shared:
        facts[2:] = _nodes(shared)
    if down:
        facts.insert(1, Text(clean(down[0]["why"] or ""), WRONG))
    if held:
        facts.insert(1, Text(f"{plural(held, 'key')} held", WRONG))
    return facts


def _nodes(stores: Sequence[StoreShape]) -> list[Text]:
    """Of stores that nodes share, in place of the sizes of their files."""
    partitions = sum(each["partitions"] for each in stores)
    named = ", ".join(dict.fromkeys(clean(each["node"] or "") for each in stores))
    fenced = sum(each["fenced"] for each in stores)
    return [
        Text(f"node {named}", DIM),
        *([Text(f"{whole(fenced)} fenced", MAYBE)] if fenced else ()),
        Text(plural(partitions, "partition"), PLAIN if partitions else MAYBE),
        Text(f"{whole(sum(each['following'] for each in stores))} elsewhere", DIM),
    ]


def _total(sizes: Iterable[int | None]) -> int | None:
    known = [each for each in sizes if each is not None]
    return sum(known) if known else None


def _actors(now: TopShape, changes: Rates) -> list[Text]:
    system = now["statistics"]["system"]
    letters = sum(system["dead_letters"].values())
    crashes = Text(plural(system["crashes"], "crash", "crashes"), WRONG)
    if not system["crashes"]:
        crashes = Text("no crash", DIM)
    if changes.crashes:
        crashes.append(f" (+{changes.crashes})", WRONG)
    return [
        Text(whole(system["actors"]), BOLD),
        Text(f"{rate(changes.handled)} messages"),
        crashes,
        _count(system["restarts"], "restart", MAYBE, "restarts"),
        _count(letters, "dead letter", MAYBE, "dead letters"),
    ]


def _count(number: int, word: str, style: Style, more: str | None = None) -> Text:
    text = plural(number, word, more or word)
    return Text(text, style if number else DIM)


def _gauge(value: int, whole_value: int, width: int, style: Style) -> Text:
    """Draw a bar that is so full."""
    share = value / whole_value if whole_value else 0.0
    full = min(math.ceil(share * width), width)
    return Text("█" * full, style).append("░" * (width - full), DIM)


def _sparkline(values: Sequence[float], width: int) -> Text:
    """Draw the latest values as bars, the largest the highest."""
    shown = [max(each, 0.0) for each in values[-width:]]
    top = max([*shown, 1.0])
    steps = len(_BARS) - 1
    bars = "".join(_BARS[math.ceil(each / top * steps)] for each in shown)
    return Text(bars, BUSY)
