"""The commands about stores: sessions --all, outcome, reminders, store, nodes ...

The service asks its store: no other process opens the file.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.text import Text

from supervision._drawing.columns import Column
from supervision._drawing.look import DIM, GOOD, MAYBE, PLAIN, WRONG, phase
from supervision._drawing.text import clean, plural, size, span, whole, words
from supervision._view.shapes import StoreShape
from supervision._view.stored.shapes import (
    KeyShape,
    LocatedShape,
    NodeShape,
    OutcomeShape,
    ReminderShape,
    RouterStoreShape,
)
from supervision.client.directory import CommandError, choose_client
from supervision.service import ExitCode

from .printing import (
    Fact,
    print_done,
    print_facts,
    print_json,
    print_lines,
    print_table,
)

_NONE_HELD: Final = (
    "none is known: a key is tried when somebody speaks to it; to try all of a copy: "
    "actors check module:Tree --store FILE"
)


def list_keys(arguments: Namespace) -> int:
    """`actors sessions --all`: a page of keys, also of those that are only stored."""
    for name in ("phase", "match", "order"):
        if getattr(arguments, name) is not None:
            text = (
                f"--{name} is not for --all, --held, --prefix and --after: keys come "
                "in order, and --prefix TEXT gives those that begin with it"
            )
            raise CommandError(text)
    found = choose_client(arguments.socket).keys(
        router=arguments.router,
        prefix=arguments.prefix,
        after=arguments.after,
        held=arguments.held,
        limit=arguments.limit,
    )
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    keys = found["keys"]
    elsewhere = any(each["session"]["node"] is not None for each in keys)
    columns = [
        Column(title="KEY"),
        Column(title="PHASE"),
        *([Column(title="NODE")] if elsewhere else ()),
        Column(title="OPEN", right=True),
        Column(title="STATE", right=True),
        Column(title="TOKEN"),
        Column(title="HELD"),
    ]
    print_table(columns, [_key_cells(each, nodes=elsewhere) for each in keys])
    if found["after"] is not None:
        print_lines([Text(f"more: --after {clean(found['after'])}", DIM)])
    elif arguments.held and not keys:
        print_lines([Text(_NONE_HELD, DIM)])
    return ExitCode.OK


def show_outcome(arguments: Namespace) -> int:
    """`actors outcome`: what became of a prompt."""
    client = choose_client(arguments.socket)
    found = client.outcome(arguments.key, arguments.id, router=arguments.router)
    if arguments.json:
        print_json(found)
    else:
        print_facts(_outcome_facts(found))
    return ExitCode.OK


def read(arguments: Namespace) -> int:
    """`actors read`: what is remembered of a conversation, as lines of JSON.

    The first line is the key's, with its state; then a line for each entry.
    """
    found = choose_client(arguments.socket).read(
        arguments.key,
        newest=arguments.newest,
        before=arguments.before,
        router=arguments.router,
    )
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    state = json.loads(found["state"]) if found["state"] is not None else None
    first = {**found, "state": state}
    del first["history"]
    entries = (json.loads(each) for each in found["history"])
    for each in (first, *entries):
        sys.stdout.write(json.dumps(each) + "\n")
    return ExitCode.OK


def list_reminders(arguments: Namespace) -> int:
    """`actors reminders`: what is to come, of all sessions or of one."""
    found = choose_client(arguments.socket).reminders(
        key=arguments.key, router=arguments.router, limit=arguments.limit
    )
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    if arguments.key is not None and not found["reminders"]:
        text = f"session {clean(repr(arguments.key))} has no reminders"
        print_lines([Text(text, DIM)])
        return ExitCode.OK
    columns = [
        Column(title="KEY"),
        Column(title="NAME"),
        Column(title="DUE", right=True),
        Column(title="EVERY", right=True),
    ]
    print_table(columns, [_reminder_cells(each) for each in found["reminders"]])
    if found["more"]:
        print_lines([Text("there are more, which come later: --limit", DIM)])
    return ExitCode.OK


def store(arguments: Namespace) -> int:
    """`actors store`: what the stores of routers do; or copy one, `backup PATH`."""
    client = choose_client(arguments.socket)
    match arguments.words:
        case []:
            found = client.stores(arguments.router)
            if arguments.json:
                print_json(found)
                return ExitCode.OK
            for number, each in enumerate(found["stores"]):
                if number:
                    print_lines([Text()])
                print_facts(_router_facts(each))
            return ExitCode.OK
        case ["backup", path]:
            # of the caller's directory, which is not the service's
            where = Path(path).absolute()
            return print_done(client.backup(where, router=arguments.router), arguments)
        case _:
            text = "say 'actors store', or 'actors store backup PATH'"
            raise CommandError(text)


def nodes(arguments: Namespace) -> int:
    """`actors nodes`: the nodes that share the stores of routers."""
    found = choose_client(arguments.socket).nodes(arguments.router)
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    columns = [
        Column(title="NODE"),
        Column(title="ADDRESS"),
        Column(title="RELEASE", right=True),
        Column(title="PARTITIONS", right=True),
        Column(title="LIVES"),
        Column(title="LEAVING"),
        Column(title="HERE"),
    ]
    for number, each in enumerate(found["routers"]):
        if number:
            print_lines([Text()])
        if len(found["routers"]) > 1:
            print_lines([Text(clean(each["router"]))])
        print_table(columns, [_node_cells(node) for node in each["nodes"]])
        if not each["ready"]:
            text = "this node is not one of them (yet, or any more), or is drained"
            print_lines([Text(text, WRONG)])
    return ExitCode.OK


def locate(arguments: Namespace) -> int:
    """`actors locate`: which node owns a key, and where that is."""
    client = choose_client(arguments.socket)
    found = client.locate(arguments.key, router=arguments.router)
    if arguments.json:
        print_json(found)
    else:
        print_facts(_located_facts(found))
    return ExitCode.OK


def release(arguments: Namespace) -> int:
    """`actors release`: try a held key again."""
    client = choose_client(arguments.socket)
    return print_done(client.release(arguments.key, router=arguments.router), arguments)


def passivate(arguments: Namespace) -> int:
    """`actors passivate`: put a key away, and forget nothing."""
    client = choose_client(arguments.socket)
    done = client.passivate(arguments.key, router=arguments.router)
    return print_done(done, arguments)


def store_facts(store: StoreShape) -> Iterator[Fact]:
    """What there is to say of a store, the worst first."""
    yield "store", clean(store["path"])
    if store["down"] is not None:
        text = f"for {span(store['down'])}: {clean(store['why'] or '')}"
        yield "down", Text(text, WRONG)
    yield (
        "commits",
        (
            f"{whole(store['batches'])}, {plural(store['operations'], 'operation')}, "
            f"{span(store['seconds'])} in it"
        ),
    )
    yield "unwritten", plural(store["unwritten"], "prompt")
    if store["held"]:
        yield "held", Text(plural(store["held"], "key"), WRONG)
    if store["node"] is not None:
        yield from _node_facts(store)


def _node_facts(store: StoreShape) -> Iterator[Fact]:
    yield "node", clean(store["node"] or "")
    yield (
        "partitions",
        Text(
            f"{whole(store['partitions'])} are its own",
            PLAIN if store["partitions"] else MAYBE,
        ),
    )
    yield "following", plural(store["following"], "prompt")
    yield "sent on", plural(store["sent_on"], "prompt")
    yield "moved", plural(store["moved"], "prompt")
    fenced = plural(store["fenced"], "turn")
    yield "fenced", Text(fenced, MAYBE if store["fenced"] else PLAIN)


def _router_facts(found: RouterStoreShape) -> Iterator[Fact]:
    each = found["store"]
    yield "router", clean(found["router"])
    yield from store_facts(each)
    yield "size", f"{size(each['size'])}, log {size(each['log'])}"
    opening = f"opening {whole(each['opened'])}" if each["opened"] else "not open"
    since = "" if each["age"] is None else f", for {span(each['age'])}"
    yield "open", f"{opening}{since}"
    if each["age"]:
        rate = each["batches"] / each["age"]
        yield "rate", f"{rate:,.1f} commits a second, on average"
    yield "waiting", f"{size(each['unwritten_bytes'])} to be written"
    yield "kept", plural(found["kept"], "prompt")
    yield (
        "answers",
        Text("no", WRONG) if each["down"] is not None else Text("yes", GOOD),
    )


def _outcome_facts(found: OutcomeShape) -> Iterator[Fact]:
    yield "key", clean(found["key"])
    yield "id", clean(found["id"])
    yield "router", clean(found["router"])
    yield "prompt", str(found["number"])
    if found["outcome"] is None:
        is_held = found["held"] is not None
        text = "its key is held" if is_held else "it waits, or its turn runs"
        yield "outcome", Text(f"none yet: {text}", MAYBE)
        if found["held"] is not None:
            yield "held", Text(clean(found["held"]), WRONG)
    else:
        yield "outcome", words(found["outcome"])
    if found["text"] is not None:
        yield "says", clean(found["text"])
    if found["turn"] is not None:
        yield "turn", str(found["turn"])
    yield "accepted", f"{span(found['age'])} ago"
    if found["ended"] is not None:
        yield "ended", f"{span(found['ended'])} ago"


def _node_cells(found: NodeShape) -> list[Text]:
    lives = Text("yes", GOOD) if found["lives"] else Text("no", WRONG)
    return [
        Text(clean(found["node"])),
        Text(clean(found["address"] or ""), DIM),
        Text(whole(found["release"])),
        Text(whole(found["partitions"])),
        lives,
        Text("yes", MAYBE) if found["leaving"] else Text(""),
        Text("here" if found["here"] else ""),
    ]


def _located_facts(found: LocatedShape) -> Iterator[Fact]:
    yield "key", clean(found["key"])
    yield "router", clean(found["router"])
    if found["node"] is None:
        yield "node", Text("none owns it just now", MAYBE)
        return
    yield "node", clean(found["node"]) + (", this one" if found["here"] else "")
    if found["address"] is not None:
        yield "address", clean(found["address"])


def _key_cells(found: KeyShape, *, nodes: bool) -> list[Text]:
    session = found["session"]
    style = phase(session["phase"]) if found["memory"] else DIM
    return [
        Text(clean(session["key"]) or "''", PLAIN if found["memory"] else DIM),
        Text(clean(session["phase"]), style),
        *([Text(clean(session["node"] or ""))] if nodes else ()),
        Text(whole(found["open"]) if found["open"] else "", MAYBE),
        Text("" if found["state"] is None else size(found["state"])),
        Text("yes" if found["token"] else ""),
        Text(clean(session["held"] or ""), WRONG),
    ]


def _reminder_cells(found: ReminderShape) -> list[Text]:
    due, every = found["due"], found["every"]
    return [
        Text(clean(found["key"]) or "''"),
        Text(clean(found["name"]) or "''"),
        Text(f"in {span(due)}") if due > 0 else Text("now", MAYBE),
        Text("" if every is None else span(every)),
    ]
