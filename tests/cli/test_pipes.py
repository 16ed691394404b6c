"""What a shell does to a program: pipes that close, disks that are full, completion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supervision.cli import main
from supervision.cli._commands.pipe import reader_watched
from supervision.cli.arguments import make_parser
from supervision.cli.said import SAID
from tests.cli.story import StoryServer, tree

PATIENCE = 100  # seconds until a program is taken for dead
BASH = shutil.which("bash")


def program(*arguments: str) -> list[str]:
    """`actors`, as a command."""
    return [sys.executable, "-m", "supervision.cli", *arguments]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a socket."""
    return tmp_path / "chat.sock"


def test_an_output_that_is_closed_or_full_is_one_line(path: Path) -> None:
    """No traceback, and the status says that nothing was written."""
    ends: list[tuple[int, bytes]] = []
    with StoryServer(path, {"GET /tree": tree()}):
        command = program("tree", "--socket", str(path))
        with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
            for arguments in ({"stdout": full}, {"preexec_fn": lambda: os.close(1)}):
                options: dict[str, Any] = arguments
                run: Any = subprocess.run  # Any: of these options it knows nothing
                done: subprocess.CompletedProcess[bytes] = run(
                    command,
                    stderr=subprocess.PIPE,
                    timeout=PATIENCE,
                    check=False,
                    **options,
                )
                ends.append((done.returncode, done.stderr))

    assert ends == [
        (1, b"actors: error: cannot write the answer: No space left on device\n"),
        (1, b"actors: error: cannot write the answer: Bad file descriptor\n"),
    ]


HELLO = b'HTTP/1.1 200 OK\r\n\r\n{"event": "ActorStarted", "at": 1, "actor": "/a"}\n'


def test_events_end_when_their_reader_does(path: Path) -> None:
    """At once, and not with the next event: there may be none for hours."""

    class Endless:
        """Says one thing, and no more until it is let go."""

        def __init__(self) -> None:
            self.read, self.write = os.pipe()

        def __call__(self, target: str, body: str) -> bytes:
            del target, body
            return HELLO

    with StoryServer(path, {"GET /events": Endless()}) as server:
        answer = server.answers["GET /events"]
        original = server._answer

        def hold(handler: Any) -> None:
            original(handler)
            handler.wfile.flush()
            os.read(answer.read, 1)

        server._answer = hold  # type: ignore[method-assign]
        running = subprocess.Popen(  # noqa: S603 - our own program
            program("events", "--socket", str(path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with running:
            try:
                assert running.stdout is not None
                assert b"actor started" in running.stdout.readline()
                running.stdout.close()
                status = running.wait(PATIENCE)
                assert running.stderr is not None
                said = running.stderr.read()
            finally:
                os.write(answer.write, b"x")
                running.kill()

    assert (status, said) == (141, b"")


def test_what_is_no_pipe_is_not_watched(tmp_path: Path) -> None:
    """A file, say: it has no reader that could go."""
    file = tmp_path / "out"
    code = (
        "from supervision.cli._commands.pipe import reader_watched\n"
        "import threading\n"
        "with reader_watched(lambda: None) as gone:\n"
        "    print(threading.active_count(), gone.is_set())\n"
    )
    with file.open("wb") as out:
        subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code], stdout=out, timeout=PATIENCE, check=True
        )

    assert file.read_text(encoding="utf-8") == "1 False\n"


def test_a_reader_that_stays_is_never_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch ends with its block; of one that goes it is told once."""
    told: list[str] = []
    for stays in (True, False):
        read, write = os.pipe()
        with os.fdopen(write, "w") as out:
            monkeypatch.setattr(sys, "stdout", out)
            with reader_watched(lambda: told.append("gone")) as gone:
                if not stays:
                    os.close(read)
                    assert gone.wait(PATIENCE)
            monkeypatch.undo()
        if stays:
            assert told == []
            os.close(read)

    assert told == ["gone"]


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, and it is no error."""
    assert main([]) == 0

    out, err = capsys.readouterr()
    assert out.startswith("usage: actors")
    assert err == ""


@pytest.mark.parametrize("name", sorted(SAID))
def test_each_command_says_what_it_does_and_shows_how(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, and an example that is one."""
    with pytest.raises(SystemExit):
        main([name, "--help"])
    out = " ".join(capsys.readouterr().out.split())
    said = SAID[name]

    assert " ".join(said.description.split()) in out
    assert said.description.endswith(".")
    assert f"example: {said.example}" in out
    assert f"actors {name}" in said.example


def test_each_example_can_be_read() -> None:
    """By the command line that it is an example of."""
    parser: Any = make_parser("0")
    for said in SAID.values():
        words = said.example.removeprefix("source <(").rstrip(")")
        arguments = words.replace("'", "").split()[1:]
        if "--soft" in arguments or "--reason" in arguments:
            arguments = arguments[:3]
            arguments.remove(arguments[2])
        parser.parse_args(arguments)


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("st", "stack statistics store stop"),
        ("stack --", "--help --socket --json --router --all --pid"),
        ("sessions --sus", "--suspended"),
        ("fly --", ""),
    ],
)
def test_bash_completes(typed: str, found: str) -> None:
    """Commands, and the options of each; every shell has its script."""
    assert BASH is not None
    words = typed.split(" ")
    script = (
        f"source <({' '.join(program('completion', 'bash'))})\n"
        f"COMP_WORDS=(actors {' '.join(words)}) COMP_CWORD={len(words)}\n"
        '_actors; echo "${COMPREPLY[*]}"'
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [BASH, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert sorted(done.stdout.split()) == sorted(found.split())
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        (
            "zsh",
            "    abort) compadd -- --help --socket --json --router --reason --soft",
        ),
        ("fish", "complete -c actors -n '__fish_seen_subcommand_from stack' -l all"),
    ],
)
def test_other_shells_have_a_script(
    shell: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the same words."""
    assert main(["completion", shell]) == 0

    assert line in capsys.readouterr().out
