"""Facts about the pages of the command line: they say what there is, and all of it."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from supervision.cli import main, program
from supervision.cli._pages.__main__ import pages
from supervision.cli._pages.manual import manual
from supervision.cli._pages.reading import Command, read_commands
from supervision.cli._pages.status import STATUSES
from supervision.cli.arguments import DEMO
from supervision.cli.said import GROUPS, SAID
from supervision.client.directory import CommandError
from supervision.client.failures import ClientError
from supervision.service import ExitCode
from supervision.service._terms.exit_codes import SHELL

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", ["actors.1", *pages()])
def test_the_pages_are_as_the_command_line_is(name: str) -> None:
    """If not: `python -m supervision.cli._pages docs`."""
    assert (DOCS / name).read_text("utf-8") == pages()[name]


def test_every_command_is_in_one_group() -> None:
    """And every one says what it is, and what it takes."""
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted(grouped) == sorted({*program._COMMANDS, DEMO})
    assert sorted(grouped) == sorted(SAID)
    commands = [each for group in read_commands().values() for each in group]
    assert [each.name for each in commands] == grouped
    for command in commands:
        assert command.example.split()[0] in ("actors", "source")
        assert f" {command.name}" in command.example
        for argument in command.arguments:
            assert argument.says, (command.name, argument.names)


def test_options_are_read_without_argparse(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is in the help that argparse writes, however that is laid out."""
    for group in read_commands().values():
        for command in group:
            with pytest.raises(SystemExit):
                main([command.name, "--help"])
            said = capsys.readouterr().out
            for argument in command.arguments:
                assert argument.names[0].removesuffix(" ...").split("|")[0] in said
    demo = read_commands()["Make and run a service"][-1]
    faults = [each for each in demo.arguments if "--faults" in each.names]
    assert [(each.names, each.value) for each in faults] == [
        (("--faults", "--no-faults"), "")
    ]


def test_the_help_has_the_commands_by_what_one_wants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As wide as the terminal is, and no wider than can be read."""
    for columns, widest in (("60", 60), ("300", 88)):
        monkeypatch.setenv("COLUMNS", columns)
        assert main([]) == ExitCode.OK
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= widest
        assert "Make and run a service:" in lines
        assert "  new         write a small service to begin with" in lines


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man here")
@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_man_takes_the_manual() -> None:
    """Without a warning."""
    done = subprocess.run(  # noqa: S603 - our own page
        ["man", "--warnings", "-l", str(DOCS / "actors.1")],  # noqa: S607 - as a user
        capture_output=True,
        check=True,
        text=True,
        timeout=100,
    )

    assert done.stderr == ""
    assert "actors session" in done.stdout


def test_no_text_is_a_request_of_the_manual() -> None:
    """Whatever is said of a command: roff would take a dot or a quote for one."""
    command = Command("x", ".so /etc/motd\n'br \\f", "actors x -y", ())

    lines = manual({"All": [command]}, [], "1").splitlines()

    assert r"\&.so /etc/motd \(aqbr \ef" in lines
    assert r".RS 4" in lines
    assert r"actors x \-y" in lines


def test_every_exit_status_is_in_the_table() -> None:
    """Those of the service, those of the commands, and those of signals."""
    numbers = [each.number for each in STATUSES]

    assert numbers == sorted(set(numbers))
    assert {(each.number, each.name) for each in STATUSES if each.name} == {
        (each.value, each.name) for each in ExitCode
    }
    assert int(CommandError("x").exit_code) in numbers
    assert {int(each.exit_code) for each in ClientError.__subclasses__()} == {
        ExitCode.SOCKET,
        ExitCode.REFUSED,
    }
    assert set(numbers) - set(ExitCode) == {
        SHELL + signal.SIGINT,
        SHELL + signal.SIGTERM,
        program._BROKEN_PIPE,
    }
    assert program._INTERRUPTED == SHELL + signal.SIGINT
    assert program._UNWRITTEN == ExitCode.CRASHED


@pytest.mark.parametrize(
    ("verb", "twin"),
    [
        ("abort", "cancel"),
        ("cancel", "abort"),
        ("session", "sessions"),
        ("sessions", "session"),
        ("stop", "close"),
    ],
)
def test_who_has_taken_the_wrong_one_of_two_is_told_the_other(
    verb: str, twin: str
) -> None:
    """In its own help."""
    assert f"`actors {twin}`" in SAID[verb].description
