"""The README is run: every Python block as a program, its output as it is printed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
PROGRAM = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
PROGRAMS = [(code, output or None) for code, output in PROGRAM.findall(TEXT)]
HELLO_WORLD_LINES = 25
EXAMPLE_LINES = 30
CHAT_LINES = 40


@pytest.mark.parametrize(("code", "output"), PROGRAMS)
def test_a_program_of_the_readme_prints_what_the_readme_says(
    code: str, output: str | None
) -> None:
    """Each Python block runs; a text block behind it is what it prints."""
    done = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
    )

    assert done.stderr == ""
    assert done.returncode == 0
    if output is not None:
        assert done.stdout == output


def test_the_readme_has_its_programs() -> None:
    """Hello world, chat, service, agent, crash, supervision, test, scenario."""
    assert len(PROGRAMS) == 8
    assert PROGRAMS[0][1] == "/counter 42\n"
    assert [output is not None for _, output in PROGRAMS[:6]] == [1, 1, 0, 1, 1, 1]


def test_the_hello_world_is_short() -> None:
    """Under 25 lines of code."""
    lines = [line for line in PROGRAMS[0][0].splitlines() if line.strip()]

    assert len(lines) < HELLO_WORLD_LINES


def test_the_chat_service_is_short() -> None:
    """Under 40 lines: streamed, steered, aborted."""
    code = PROGRAMS[1][0]

    assert len(code.splitlines()) < CHAT_LINES
    assert all(verb in code for verb in ("open_turn", "steer", "cancel"))


def test_the_tree_is_run_as_the_readme_says(tmp_path: Path) -> None:
    """Saved as the README says it is a service, which drains when it is told to."""
    command = "actors run chat:Tree"
    (tmp_path / "chat.py").write_text(PROGRAMS[2][0])

    with (
        subprocess.Popen(  # noqa: S603 - our own README
            [sys.executable, "-m", "supervision.cli", *command.split()[1:]],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "ACTORS_RUNTIME_DIR": str(tmp_path / "run")},
        ) as process
    ):
        try:
            assert process.stderr is not None
            records: list[dict[str, object]] = []
            for line in process.stderr:
                records.append(json.loads(line))
                if "is ready" in str(records[-1]["message"]):
                    process.send_signal(signal.SIGTERM)
        finally:
            process.kill()

    assert f"```console\n{command}\n```" in TEXT
    assert process.returncode == 0
    assert records[-1]["message"] == "final report"


def test_the_scenario_is_measured_as_the_readme_says(tmp_path: Path) -> None:
    """Saved as the README says it is measured against its floor; under 30 lines."""
    code = PROGRAMS[7][0]
    command = "python -m benchmarks run --module my_bench.py"
    (tmp_path / "my_bench.py").write_text(code)

    done = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, *command.split()[1:], "--quick", "--rounds", "1"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
    )

    assert command in TEXT
    assert len(code.splitlines()) < EXAMPLE_LINES
    assert done.returncode == 0, done.stderr
    assert "signing" in done.stdout
    assert "x channel" in done.stdout


@pytest.mark.parametrize("name", ["main-command", "test-command"])
def test_the_commands_are_one_line_each(name: str) -> None:
    """The two commands that a fresh machine needs stand where `.ci/run` looks."""
    found = re.search(rf"<!-- {name} -->\n```console\n(.*?)```", TEXT, re.DOTALL)

    assert found is not None
    assert found[1].count("\n") == 1
    assert found[1].startswith("python3 -m venv .venv && .venv/bin/pip install -e ")
