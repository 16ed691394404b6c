"""`docs/nodes.md` is true on a server, and of the command and the metrics."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

import pytest

from benchmarks.postgres.server import Server
from supervision.cli.arguments import make_parser
from tests.docs.pages import PATIENCE, ROOT, programs

PAGE: Final = ROOT / "docs" / "nodes.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
ADDRESS: Final = '"postgresql:///notes"'


def on_a_server(code: str) -> str:
    """The first program, as the page has it changed for a server."""
    (found,) = re.findall(r"```diff\n(.*?)```", TEXT, re.DOTALL)
    for each in found.split("\n\n"):
        old, new = each.strip().split("\n")
        assert code.count(old.removeprefix("-")) == 1
        code = code.replace(old.removeprefix("-"), new.removeprefix("+"))
    return code


def test_the_first_program_does_the_same_on_a_server(server: Server) -> None:
    """With the lines that the page changes, and no others."""
    first = programs(PAGE)[0]
    code = on_a_server(first.code)
    assert code.count(ADDRESS) == 1
    server.do("create database notes")
    try:
        done = subprocess.run(  # noqa: S603 - our own documentation
            [
                *(sys.executable, "-W", "error", "-c"),
                code.replace(ADDRESS, repr(server.dsn(database="notes"))),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            cwd=ROOT,
        )
    finally:
        server.do("drop database notes with (force)")

    assert done.stderr == ""
    assert done.stdout == first.output


@pytest.mark.parametrize(
    "said",
    [
        *re.findall(r"ExecStart=\S+/actors (.*)", TEXT),
        *(
            re.sub(r'[",]', "", each)
            for each in re.findall(r"args: \[actors, (.*)\]", TEXT)
        ),
    ],
)
def test_the_command_takes_what_a_unit_and_a_manifest_say(said: str) -> None:
    """Options and tree."""
    words = said.replace("%i", "1").split()

    given = make_parser("0").parse_args(words)

    assert given.command == "run"
    assert f"<!-- file: {given.tree.partition(':')[0]}.py -->" in TEXT


def test_the_metrics_that_it_names_are_there() -> None:
    """Each of them is on the page of metrics too."""
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    named = set(re.findall(r"actors_[a-z_]+", TEXT))

    assert "actors_store_partitions" in named
    assert [each for each in sorted(named) if f"`{each}" not in metrics] == []
