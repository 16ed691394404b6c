"""`actors limits`: the limits of routers, shown, or changed by their names."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from supervision._drawing.text import clean
from supervision._view.limits import LimitsShape
from supervision.client.directory import CommandError, choose_client
from supervision.service import ExitCode

from .printing import print_facts, print_json


def limits(arguments: Namespace) -> int:
    """`actors limits`: with `NAME=VALUE`s, change those; then, or without, show."""
    router, changes = _taken_apart(arguments.words)
    client = choose_client(arguments.socket)
    if changes:
        result = client.configure(changes, router=router)
        if arguments.json:
            print_json(result)
        else:
            sys.stdout.write(clean(result["done"]) + "\n")
        return ExitCode.OK
    found = client.limits(router)
    if arguments.json:
        print_json(found)
        return ExitCode.OK
    for number, each in enumerate(found["limits"]):
        if number:
            sys.stdout.write("\n")
        print_facts(_facts(each))
    return ExitCode.OK


def _taken_apart(words: list[str]) -> tuple[str | None, dict[str, str]]:
    """The router, and `{name: value}`."""
    routers = [word for word in words if word.startswith("/") or "=" not in word]
    if len(routers) > 1:
        text = f"one router at most, not {' and '.join(routers)}"
        raise CommandError(f"{text}; see 'actors limits --help'")
    changes: dict[str, str] = {}
    for word in words:
        if word not in routers:
            name, _, value = word.partition("=")
            if name in changes:
                text = f"{name} is given more than once"
                raise CommandError(f"{text}; see 'actors limits --help'")
            changes[name.replace("-", "_")] = value
    return (routers[0] if routers else None), changes


def _facts(shape: LimitsShape) -> Iterator[tuple[str, str]]:
    yield "router", clean(shape["router"])
    yield "sessions", str(shape["sessions"])
    yield "sessions_per_tenant", _or_none(shape["sessions_per_tenant"])
    yield "turns", str(shape["turns"])
    yield "turns_per_tenant", _or_none(shape["turns_per_tenant"])
    yield "replays", str(shape["replays"])
    yield "idle", _seconds(shape["idle"])
    yield "start_within", _seconds(shape["start_within"])
    yield "restarts", clean(shape["restarts"])
    yield "quarantine", clean(shape["quarantine"])
    yield "backoff", clean(shape["backoff"] or "none")


def _or_none(number: int | None) -> str:
    return "none" if number is None else str(number)


def _seconds(seconds: float | None) -> str:
    return "inf" if seconds is None else f"{seconds:g} s"
