"""`python -m benchmarks.apart`: each in a process of its own, then the table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

import attrs
from rich.console import Console

from .play import Answers, play
from .report import markdown, show
from .runtimes import RUNTIMES

PATIENCE = 600
"""Seconds for one of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; exit code 1: one could not be played that is installed, or none was."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.apart",
        description="What becomes of one conversation here, and in other runtimes.",
    )
    parser.add_argument(
        "runtimes", nargs="*", metavar="RUNTIME", help=f"of {', '.join(RUNTIMES)}"
    )
    parser.add_argument("--markdown", action="store_true", help="the table for a page")
    parser.add_argument("--play", choices=RUNTIMES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.play is not None:
        try:
            print(json.dumps(attrs.asdict(play(options.play))))
        except ModuleNotFoundError as error:  # another is a defect of who is installed
            print(json.dumps(f"not installed ({error.name}): extra `rivals`"))
        return 0
    wanted: list[str] = options.runtimes or list(RUNTIMES)
    for each in wanted:
        if each not in RUNTIMES:
            parser.error(f"no such runtime: {each!r}; there are {', '.join(RUNTIMES)}")
    answers, missing, broken = _play_all(wanted)
    if options.markdown:
        for name, why in missing.items():
            print(f"{name}: {why}", file=sys.stderr)
        if answers:
            print(markdown(answers))
    else:
        show(answers, missing, Console())
    return broken if answers else 1


def _play_all(
    wanted: Sequence[str],
) -> tuple[list[Answers], dict[str, str], int]:
    """Play each in a process of its own: answers, who is missing and why, 1: broken."""
    answers, missing, broken = list[Answers](), dict[str, str](), 0
    for each in wanted:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "benchmarks.apart", "--play", each],
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        lines = done.stdout.splitlines()
        if done.returncode != 0 or not lines:
            missing[RUNTIMES[each]] = f"it ended with {done.returncode}"
            broken = 1
            continue
        said = json.loads(lines[-1])
        if isinstance(said, str):
            missing[RUNTIMES[each]] = said
        else:
            answers.append(Answers(**said))
    return answers, missing, broken


if __name__ == "__main__":
    sys.exit(main())
