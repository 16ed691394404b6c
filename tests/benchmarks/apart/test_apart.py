"""Ours gives the answers that the page says; who is missing is named."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import attrs
import pytest
import trio
import trio.testing
from rich.console import Console

from benchmarks.apart import play as playing
from benchmarks.apart.__main__ import main
from benchmarks.apart.model import Model
from benchmarks.apart.play import Answers
from benchmarks.apart.report import markdown, show

OURS = Answers("ours", "1", 1, 5, 9, 100e-6, 110e-6, 2048)


async def test_the_model_counts_who_asks_at_once(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001
) -> None:
    """And what each was shown."""
    model = Model(trio.sleep, 1)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(model.answer, ["x"] * (number + 1))
    said = await model.answer(["a", "b"])

    assert model.most == 3
    assert sorted(model.shown[:3]) == [1, 2, 3]
    assert said == "re: b"


def test_ours_takes_one_prompt_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It remembers all five, and shows the model all that came before."""
    for name, value in (("IDLE", 20), ("TURNS", 40), ("FEW", 5), ("SECONDS", 0.001)):
        monkeypatch.setattr(playing, name, value)

    found = playing.play("trio_actors")

    assert (found.name, found.at_once) == ("trio-actors", 1)
    assert (found.remembered, found.shown) == (5, 9)
    assert found.first > 0
    assert found.last > 0


def test_the_table_says_what_was_found() -> None:
    """For people and for a page; who is missing, with the reason."""
    other = attrs.evolve(OURS, name="other", at_once=5, remembered=1, shown=4)
    out = io.StringIO()

    show([OURS], {"other": "not installed"}, Console(file=out, width=200))
    lines = markdown([OURS, other]).splitlines()

    assert "other: not installed" in out.getvalue()
    assert lines[2] == "| ours 1 | 1 | 5 of 5 | 9 of 9 | 1.1 x | 100 us | 2.0 KiB |"
    assert lines[3].startswith("| other 1 | 5 | 1 of 5 | 4 of 9 | ")


def test_who_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are played all the same; who breaks makes the exit code 1."""
    said = {
        "trio_actors": json.dumps(attrs.asdict(OURS)),
        "langgraph": json.dumps("not installed"),
        "autogen": "",
    }

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, said[command[-1]], "")

    monkeypatch.setattr(subprocess, "run", run)

    assert main(["trio_actors", "langgraph"]) == 0
    assert "langgraph: not installed" in capsys.readouterr().out
    assert main(["trio_actors", "langgraph", "--markdown"]) == 0
    out, err = capsys.readouterr()
    assert err == "langgraph: not installed\n"
    assert out.startswith("|  | turns at once")
    assert main(["langgraph"]) == 1
    assert capsys.readouterr().out == "langgraph: not installed\n"
    assert main(["langgraph", "--markdown"]) == 1
    assert capsys.readouterr().out == ""
    assert main(["trio_actors", "autogen"]) == 1
    assert "autogen-core: it ended with 0" in capsys.readouterr().out


def test_who_is_broken_is_not_taken_for_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An installed package that cannot be imported is a defect, and says its own."""

    def play(_: str) -> Answers:
        raise error

    monkeypatch.setattr("benchmarks.apart.__main__.play", play)
    error: ImportError = ModuleNotFoundError("no such", name="langgraph")
    assert main(["--play", "langgraph"]) == 0
    assert "not installed (langgraph)" in capsys.readouterr().out
    error = ImportError("cannot import name 'Graph'", name="langgraph")
    with pytest.raises(ImportError, match="cannot import name"):
        main(["--play", "langgraph"])


def test_a_runtime_that_is_none_is_refused() -> None:
    """With the names that there are."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.apart", "nobody"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 2
    assert "there are trio_actors, langgraph, autogen, google_adk" in done.stderr
