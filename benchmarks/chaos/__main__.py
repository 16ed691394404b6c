"""`python -m benchmarks.chaos`: the command line."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from random import SystemRandom

import trio
from rich.console import Console

from .mischief import KINDS, ON_NETWORK
from .network import NoNetworkError
from .play import NoServerError, Plan, play
from .report import as_json, show


def main(arguments: list[str] | None = None) -> int:
    """Play, check and report.

    Returns:
        0: all is as it must be; 1: something is not; 2: it could not be played.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos",
        description="Kill, stop and cut off nodes on one PostgreSQL server, and look"
        " whether anything was lost or done twice.",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="default: 10")
    parser.add_argument("--nodes", type=int, default=3, help="default: 3")
    parser.add_argument("--seed", type=int, help="default: another one each time")
    parser.add_argument("--ttl", type=float, default=2.0, help="seconds; default: 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report as JSON")
    parser.add_argument(
        "--only", help="what is done, by commas: " + ", ".join(KINDS), default=""
    )
    parser.add_argument(
        "--network",
        action="store_true",
        help="nodes and server in network namespaces of their own, which are cut off;"
        " takes root",
    )
    parser.add_argument("--quiet", action="store_true", help="the report alone")
    given = parser.parse_args(arguments)
    wanted: str = given.only
    all_kinds = tuple(each for each in KINDS if given.network or each not in ON_NETWORK)
    only = tuple(each for each in wanted.split(",") if each) or all_kinds
    if given.minutes <= 0 or given.nodes < 2 or given.ttl <= 0:  # noqa: PLR2004
        parser.error("--minutes and --ttl must be above 0, --nodes at least 2")
    if unknown := sorted(set(only) - set(all_kinds)):
        parser.error(f"--only knows {', '.join(all_kinds)}, not {', '.join(unknown)}")
    seed = SystemRandom().randrange(2**31) if given.seed is None else given.seed
    plan = Plan(
        seconds=60 * given.minutes,
        nodes=given.nodes,
        seed=seed,
        ttl=given.ttl,
        only=only,
        network=given.network,
    )
    console, began = Console(), time.monotonic()

    def say(words: str) -> None:
        if not given.quiet:
            console.print(f"{time.monotonic() - began:6.1f} s  {words}", style="dim")

    try:
        played = trio.run(play, plan, say)
    except (NoServerError, NoNetworkError) as error:
        print(error.__doc__, error, file=sys.stderr)
        return 2
    show(played, console)
    if given.json is not None:
        given.json.write_text(json.dumps(as_json(played), indent=1) + "\n")
    return 1 if played.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
