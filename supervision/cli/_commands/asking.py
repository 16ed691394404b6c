"""The commands that only look: ps, tree, inspect, sessions, events, statistics ...

Each asks one question and prints the answer.
"""

from __future__ import annotations

import socket
import sys
from argparse import Namespace
from collections.abc import Iterator

from rich.text import Text

from supervision._drawing.columns import Column
from supervision._drawing.events import EventWriter
from supervision._drawing.head import badge
from supervision._drawing.look import (
    DIM,
    WRONG,
    actor_state,
    child_state,
    phase_in_full,
)
from supervision._drawing.session_rows import (
    session_cells,
    session_columns,
    session_title,
)
from supervision._drawing.text import clean, plural, size, span, whole, words
from supervision._drawing.tree_rows import tree_cells, tree_columns, tree_rows
from supervision._view.sessions import AWAY
from supervision._view.shapes import (
    ActorDetailShape,
    RouterShape,
    ServiceShape,
    SessionShape,
    StatisticsShape,
)
from supervision.client.asking import Client
from supervision.client.directory import (
    CommandError,
    choose_client,
    live_services,
    named_client,
    runtime_directory,
)
from supervision.client.failures import ClientError
from supervision.service import ExitCode

from .pipe import reader_watched
from .printing import Fact, print_facts, print_json, print_lines, print_table
from .stack import print_stack
from .stores import list_keys, store_facts


def list_services(arguments: Namespace) -> int:
    """`actors ps`: the services of this user that answer, and the one that is named."""
    if arguments.pid is not None:
        return _print_pid(arguments)
    directory = runtime_directory()
    clients = live_services(directory)
    named = named_client(arguments.socket)
    if named is not None and named.path.resolve() not in {
        each.path.resolve() for each in clients
    }:
        clients.append(named)
    answers: list[ServiceShape] = []
    silent: list[ClientError] = []
    for client in clients:
        try:
            answers.append(Client(client.path, timeout=_KNOCK).service())
        except ClientError as error:
            silent.append(error)
    if arguments.json:
        print_json(answers)
    elif answers:
        columns = [
            Column(title="NAME"),
            Column(title="STATE"),
            Column(title="PID", right=True),
            Column(title="UP", right=True),
            Column(title="SOCKET"),
        ]
        print_table(columns, [_service_cells(each) for each in answers])
    else:
        sys.stderr.write(f"no service runs here (no live socket in {directory}); ")
        sys.stderr.write("with its socket elsewhere: actors ps --socket PATH\n")
    for each in silent:
        sys.stderr.write(f"actors: {clean(str(each))}\n")
    return ExitCode.OK


def show_tree(arguments: Namespace) -> int:
    """`actors tree`: the actors from one on, the worst children of each."""
    client = choose_client(arguments.socket)
    top = client.tree(arguments.path, depth=arguments.depth, width=arguments.width)
    if arguments.json:
        print_json(top)
        return ExitCode.OK
    columns = tree_columns("ACTOR", fixed=False)
    print_table(columns, [tree_cells(row) for row in tree_rows(top)])
    return ExitCode.OK


def show_actor(arguments: Namespace) -> int:
    """`actors inspect`: all about one actor."""
    detail = choose_client(arguments.socket).actor(arguments.path)
    if arguments.json:
        print_json(detail)
        return ExitCode.OK
    print_facts(_actor_facts(detail))
    if detail["supervised"]:
        columns = [
            Column(title="CHILD"),
            Column(title="STATE"),
            Column(title="RESTART"),
            Column(title="RESTARTS", right=True),
        ]
        rows = [
            [
                Text(clean(each["id"])),
                Text(clean(each["state"]), child_state(each["state"])),
                Text(clean(each["restart"])),
                Text(whole(each["restarts"])),
            ]
            for each in detail["supervised"]
        ]
        print_lines([Text()])
        print_table(columns, rows)
    elif detail["actor"]["children"]:
        rows_below = tree_rows(detail["actor"])[1:]
        print_lines([Text()])
        print_table(
            tree_columns("CHILD", fixed=False), [tree_cells(row) for row in rows_below]
        )
    for restart in detail["restarts"]:
        text = f"restarted {clean(restart['child'])} {span(restart['ago'])} ago: "
        print_lines([Text(text + clean(restart["why"]), DIM)])
    return ExitCode.OK


def list_sessions(arguments: Namespace) -> int:
    """`actors sessions`: the sessions that match, in an order; or a page of all."""
    of_all = arguments.prefix, arguments.after
    if arguments.all or arguments.held or of_all != (None, None):
        return list_keys(arguments)
    order = arguments.order or "worst"
    found = choose_client(arguments.socket).sessions(
        router=arguments.router,
        phase=arguments.phase,
        match=arguments.match,
        order=order,
        limit=arguments.limit,
    )
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    shown = found["sessions"]
    several = len({each["router"] for each in shown}) > 1
    title = session_title(shown, found["matching"], order)
    columns = session_columns(title, shown, fixed=False, routers=several)
    print_table(columns, [session_cells(each, routers=several) for each in shown])
    return ExitCode.OK


def show_session(arguments: Namespace) -> int:
    """`actors session`: all about one session."""
    client = choose_client(arguments.socket)
    session = client.session(arguments.key, router=arguments.router)
    if arguments.json:
        print_json(session)
    else:
        print_facts(_session_facts(session))
        if session["phase"] in AWAY or session["node"] is not None:
            return ExitCode.OK  # where it stands is known there alone, if anywhere
        stack = client.session_stack(session["key"], router=session["router"])
        print_lines([Text()])
        print_stack(client, stack)
    return ExitCode.OK


def show_statistics(arguments: Namespace) -> int:
    """`actors statistics`: everything that is counted."""
    found = choose_client(arguments.socket).statistics()
    if arguments.json:
        print_json(found)
    else:
        print_facts(_statistics_facts(found))
    return ExitCode.OK


def follow_events(arguments: Namespace) -> int:
    """`actors events`: what happens, as it does, until the service ends or Ctrl-C."""
    client = choose_client(arguments.socket)
    writer = EventWriter()
    with client.events(arguments.kind) as events, reader_watched(events.cut) as gone:
        for event in events:
            if arguments.json:
                print_json(event)
            else:
                print_lines([writer.write(event)])
    if gone.is_set():
        raise BrokenPipeError
    return ExitCode.OK


def _print_pid(arguments: Namespace) -> int:
    if arguments.json or arguments.socket is not None:
        raise CommandError("--pid NAME says all: no --socket, no --json")
    client = choose_client(arguments.pid or None)
    # the kernel knows it of a service that hangs, too; not on a Mac, nor of a process
    # in another namespace, whose own word would be the number of another one here
    pid = client.pid()
    if pid is None and not hasattr(socket, "SO_PEERCRED"):
        pid = client.service()["pid"]
    if pid is None:
        text = f"the process behind {client.path} has no number here: it runs in "
        raise CommandError(f"{text}another PID namespace", ExitCode.SOCKET)
    print_lines([Text(str(pid))])
    return ExitCode.OK


def _service_cells(service: ServiceShape) -> list[Text]:
    return [
        Text(clean(service["name"])),
        badge(service["state"], None),
        Text(str(service["pid"])),
        Text(span(service["uptime"])),
        Text(clean(service["socket"] or "")),
    ]


def _actor_facts(detail: ActorDetailShape) -> Iterator[Fact]:
    actor = detail["actor"]
    capacity = actor["capacity"]
    room = "without limit" if capacity is None else f"of {whole(capacity)}"
    restarts = actor["incarnation"] - 1
    yield "path", clean(actor["path"])
    yield "class", f"{clean(actor['cls'])} ({actor['kind']})"
    yield "state", Text(clean(actor["state"]), actor_state(actor["state"]))
    yield "mailbox", f"{whole(actor['depth'])} {room}"
    if actor["in_hand"] is not None:
        age = span(actor["in_hand_age"])
        yield "in hand", f"{clean(actor['in_hand'])} for {age}"
    yield "handled", plural(detail["handled"], "message")
    yield "restarts", whole(restarts)
    yield "tasks", whole(actor["tasks"])
    yield "children", whole(actor["owns"])
    grace = detail["grace"]
    yield "grace", "as long as it takes" if grace is None else f"{grace:g} s"
    if detail["strategy"] is not None:
        yield "strategy", clean(detail["strategy"])
    if detail["limit"] is not None:
        yield "limit", clean(detail["limit"])


def _session_facts(session: SessionShape) -> Iterator[Fact]:
    said = {name: session[name] for name in ("key", "router", "node", "tenant")}
    yield from ((name, clean(text)) for name, text in said.items() if text is not None)
    yield "phase", phase_in_full(session)
    if session["turn"] is not None:
        yield "turn", str(session["turn"])
    if session["tool"] is not None:
        yield "tool", clean(session["tool"])
    yield "queued", plural(session["queued"], "prompt")
    yield "steering", plural(session["steering"], "prompt")
    yield "children", plural(session["children"], "turn")
    yield "asides", plural(session["asides"], "question")
    yield "readers", whole(session["readers"])
    if session["entries"]:
        yield "history", plural(session["entries"], "entry", "entries")
    yield "generation", f"{whole(session['generation'])} (sessions of this key so far)"
    if session["burning"] is not None:
        turns = plural(session["given_up"], "turn")
        text = f"{turns} given up, code that goes on for {span(session['burning'])}"
        yield "burning", Text(text, WRONG)
    if session["held"] is not None:
        yield "held", Text(clean(session["held"]), WRONG)
    if session["quarantined"] is not None:
        yield "refused", Text(f"for {span(session['quarantined'])} more", WRONG)
    if session["age"] is not None:
        yield "age", span(session["age"])
        yield "last sign", f"{span(session['last_activity'])} ago"
    if session["idle"] is not None:
        yield "idle", f"for {span(session['idle'])}"


def _statistics_facts(found: StatisticsShape) -> Iterator[Fact]:
    service, process, system = found["service"], found["process"], found["system"]
    yield (
        "service",
        Text(clean(service["name"]) + " ").append_text(badge(service["state"], None)),
    )
    yield "up", span(service["uptime"])
    yield "process", f"pid {service['pid']}, python {clean(service['python'])}"
    files = process["files"]
    opened = "" if files is None else f", {plural(files, 'open file')}"
    yield "takes", f"{process['cpu']:,.1f} s of cpu, {size(process['rss'])}{opened}"
    yield "actors", f"{whole(system['actors'])}, {whole(system['ready'])} ready"
    yield (
        "so far",
        (
            f"{whole(system['started'])} started, {whole(system['ended'])} ended, "
            f"{plural(system['restarts'], 'restart')}, "
            f"{plural(system['crashes'], 'crash', 'crashes')}"
        ),
    )
    yield "messages", f"{whole(system['handled'])} handled"
    yield (
        "workers",
        f"{whole(system['workers'])}, {whole(system['spare_workers'])} spare",
    )
    yield "timers", whole(system["timers"])
    yield "dead letters", _counted(system["dead_letters"])
    yield "late replies", whole(system["late_replies"])
    for router in found["routers"]:
        yield from _router_facts(router)


def _router_facts(router: RouterShape) -> Iterator[Fact]:
    yield "", ""
    down = "" if router["alive"] else " (down)"
    yield "router", clean(router["path"]) + down
    yield (
        "sessions",
        (
            f"{whole(router['sessions'])}, {whole(router['idle'])} idle, "
            f"{whole(router['opened'])} opened, {whole(router['suspended'])} suspended"
        ),
    )
    yield "closed", _counted(router["closed"])
    yield (
        "turns",
        (
            f"{whole(router['turns_running'])} of {whole(router['slots'])} run, "
            f"{whole(router['turns_waiting'])} wait"
        ),
    )
    yield (
        "prompts",
        (
            f"{whole(router['accepted'])} accepted, {whole(router['queued'])} queued, "
            f"{whole(router['repeated'])} repeated"
        ),
    )
    yield "outcomes", _counted(router["outcomes"])
    yield "refused", _counted(router["refused"])
    ended = sum(router["turns"].values())
    mean = sum(router["turn_seconds"].values()) / ended if ended else None
    yield "took", f"{span(mean)} a turn, on average"
    yield "waited", f"{span(router['wait_longest'])} at most"
    yield (
        "chunks",
        (
            f"{whole(router['chunks'])}, {whole(router['unread'])} unread, "
            f"{whole(router['out_of_turn'])} out of turn"
        ),
    )
    if router["store"] is not None:
        yield from store_facts(router["store"])


def _counted(numbers: dict[str, int]) -> str:
    """Write `{name: number}` without the zeros."""
    return (
        ", ".join(
            f"{words(name)} {whole(each)}" for name, each in numbers.items() if each
        )
        or "none"
    )


_KNOCK = 2.0  # seconds for a service that accepts and does not answer
