"""Facts about the guard, the goals and the pictures as commands.

What they measure is made up here, so that no process is started.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from benchmarks import Result
from benchmarks.cli import BAD_INPUT, FAILED, FINE, main
from benchmarks.judging.baseline import load_baseline
from benchmarks.measuring.orders import Measured, Order
from benchmarks.measuring.store import Entry, Report, save
from benchmarks.showing.paint import PlotsMissingError


def canned(speed: float, *, failed: bool = False) -> Callable[..., Measured]:
    """A measurement that always finds ours this fast, its floor at 100 per second."""

    def measure(order: Order, console: Console) -> Measured:
        del console
        entries: list[Entry] = []
        for name in order.names:
            for contender, value in (("ours", speed), ("park", 100.0)):
                rounds = tuple(Result(value + part, 1, 1.0) for part in (0.0, 0.1, 0.2))
                entry = Entry(name, contender, "/s", "park", "", 0, 1, "", rounds)
                entries.append(entry)
        if failed:
            entries[0] = attrs.evolve(
                entries[0], failed=True, missing="is 41", results=()
            )
        python = {"python": f"{sys.version_info.major}.{sys.version_info.minor}.0"}
        return Measured(Report(1, python, {}, tuple(entries)), interrupted=False)

    return measure


def test_the_guard_has_three_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A baseline is written; the same is fine; half as fast, or wrong, is code 1."""
    file = tmp_path / "baseline.json"
    check = ["check", "--short", "--baseline", str(file)]

    monkeypatch.setattr("benchmarks.cli.measure", canned(1_000))
    assert main([*check, "--update"]) == FINE
    assert main(check) == FINE
    assert "0 regressed" in capsys.readouterr().out
    monkeypatch.setattr("benchmarks.cli.measure", canned(300))
    assert main(check) == FAILED
    assert "REGRESSED" in capsys.readouterr().out
    monkeypatch.setattr("benchmarks.cli.measure", canned(1_000, failed=True))
    assert main(check) == FAILED
    assert "is 41" in capsys.readouterr().out


def test_the_goals_are_shown_from_a_run_or_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both give the same text, for a README too."""
    file = tmp_path / "a.json"
    monkeypatch.setattr("benchmarks.cli.measure", canned(1_000))

    assert main(["goals", "--json", str(file), "--markdown"]) == FINE
    first = capsys.readouterr().out
    assert main(["goals", str(file), "--markdown"]) == FINE
    second = capsys.readouterr().out
    assert main(["goals", str(file)]) == FINE

    assert first == second
    assert "| goal |" in first
    assert "goal" in capsys.readouterr().out


def test_pictures_are_drawn_or_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without matplotlib nothing is measured first."""

    def missing() -> None:
        raise PlotsMissingError

    monkeypatch.setattr("benchmarks.showing.paint.matplotlib", missing)

    assert main(["run", "tell", "--plots", str(tmp_path / "plots")]) == BAD_INPUT

    output, errors = capsys.readouterr()
    assert output == ""
    assert "matplotlib" in errors


def test_a_baseline_is_made_of_a_run_that_was_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--update --from F.json` measures nothing; `--from` alone is bad input."""
    run, file = tmp_path / "run.json", tmp_path / "baseline.json"
    check = ["check", "--short", "--baseline", str(file)]
    measure = canned(1_000)
    save(run, measure(Order(names=("tell", "ring_100")), Console()).report)

    monkeypatch.setattr("benchmarks.cli.measure", pytest.fail)
    assert main([*check, "--from", str(run)]) == BAD_INPUT
    assert "it goes with --update" in capsys.readouterr().err
    assert main([*check, "--update", "--from", str(run)]) == FINE

    known = load_baseline(file).pythons
    assert [sorted(names) for names in known.values()] == [["ring_100", "tell"]]
