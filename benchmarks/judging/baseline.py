"""The baseline of the guard: what ours was, by its floor, on which version of Python.

A version of Python has ratios of its own: it is never compared with another one. This
room reads, writes and renews the file; `guard.py` compares.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import attrs

from benchmarks import figures
from benchmarks.figures import Ratio
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import OURS

SCHEMA: Final = 1
"""The version of the baseline file's form; a reader refuses every other."""

BASELINE: Final = Path(__file__).parent / "baseline.json"


class BaselineError(Exception):
    """A file that is not a baseline, or of another version. The user's act."""


@attrs.frozen
class Known:
    """What ours was, by its floor, when the baseline was written."""

    floor: str
    ratio: Ratio


@attrs.frozen
class Baseline:
    """What the file has."""

    # {Python's version, as "3.11": {scenario's name: what was}}
    pythons: Mapping[str, Mapping[str, Known]] = attrs.field(
        factory=dict[str, Mapping[str, Known]]
    )


@attrs.frozen
class Skipped:
    """A scenario that was not compared."""

    scenario: str
    reason: str


def load_baseline(path: Path = BASELINE) -> Baseline:
    """Read the file; without one, an empty baseline.

    Raises:
        BaselineError: it cannot be read, is no baseline, or of another version.
    """
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Baseline()
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise BaselineError(f"{path} is not JSON: {error}") from None
    data = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    if data.get("schema") != SCHEMA:
        raise BaselineError(
            f"{path} is not a baseline of schema {SCHEMA}: write it anew with "
            "`check --update`"
        )
    try:
        pythons: dict[str, dict[str, dict[str, Any]]] = data["pythons"]
        return Baseline(
            {
                python: {name: _known(each) for name, each in known.items()}
                for python, known in pythons.items()
            }
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        kind = type(error).__name__
        raise BaselineError(f"{path} is a damaged baseline: {kind}: {error}") from None


def save_baseline(baseline: Baseline, path: Path = BASELINE) -> None:
    """Write the file, sorted, so that a change of it can be read.

    Raises:
        BaselineError: it cannot be written.
    """
    pythons = {
        python: {name: _plain(each) for name, each in sorted(known.items())}
        for python, known in sorted(baseline.pythons.items())
    }
    text = json.dumps({"schema": SCHEMA, "pythons": pythons}, indent=1)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"cannot write {path}: {error.strerror or error}") from None


def updated(baseline: Baseline, report: Report) -> tuple[Baseline, tuple[Skipped, ...]]:
    """The baseline with what this report has, and what of it could not be used.

    Other versions of Python, and scenarios that are not in the report, are kept.
    """
    python = python_of(report)
    known = dict(baseline.pythons.get(python, {}))
    skipped: list[Skipped] = []
    for name in report.scenarios():
        ours = report.entry(name, OURS)
        if ours is None or not ours.results:
            skipped.append(Skipped(name, "ours was not measured"))
            continue
        found = to_floor(ours, report.entry(name, ours.floor))
        if isinstance(found, str):
            skipped.append(Skipped(name, found))
        else:
            known[name] = Known(ours.floor, found)
    return Baseline({**baseline.pythons, python: known}), tuple(skipped)


def python_of(report: Report) -> str:
    """The version without its last part, "3.11"; "unknown" if it does not say."""
    found = re.search(r"\d+\.\d+", str(report.conditions.get("python", "")))
    return found[0] if found else "unknown"


def to_floor(ours: Entry, floor: Entry | None) -> Ratio | str:
    """Ours by the floor, or why they cannot be compared."""
    if floor is None:
        return "it has no floor here"
    if not floor.results:
        return (
            f"its floor {floor.contender} is missing: {floor.missing or 'no results'}"
        )
    found = figures.ratio(ours.values, floor.values)
    if found is None:
        return "no round has a figure of both"
    if found.low is None or found.high is None:
        return "one round has no interval"
    return found


def _known(data: Mapping[str, Any]) -> Known:
    value, low, high = (float(data[key]) for key in ("ratio", "low", "high"))
    if not 0 < low <= value <= high < math.inf:
        raise ValueError(f"{low!r}, {value!r}, {high!r} is no interval around a ratio")
    return Known(str(data["floor"]), Ratio(value, low, high))


def _plain(known: Known) -> dict[str, Any]:
    ratio = known.ratio
    numbers = {"ratio": ratio.value, "low": ratio.low, "high": ratio.high}
    rounded = {key: float(f"{value:.4g}") for key, value in numbers.items() if value}
    return {"floor": known.floor, **rounded}
