"""What a run leaves behind: a report, in memory and as a JSON file.

The file holds every round in its order and whatever is needed to repeat the run. This
room knows neither how a figure is measured nor how it is shown.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import attrs

from benchmarks.run import Result
from benchmarks.scenario import BYTES, OURS, PER_SECOND

SCHEMA: Final = 1
"""The version of the file's form; a reader refuses every other."""


class ReportError(Exception):
    """A file that is not a report. The user's act: it is another file, or an old one.

    Its text is one line that a person can act on.
    """


@attrs.frozen
class Entry:
    """What one contender reached at one scenario, round by round."""

    scenario: str
    contender: str
    unit: str
    """`PER_SECOND`, `BYTES` or `MICROSECONDS`."""
    floor: str
    """The contender that the scenario's `ours` is compared with first."""
    family: str
    """The curve that the scenario is a point of; empty if none."""
    size: int
    """Where on that curve it stands."""
    count: int
    """How much each run was asked to do."""
    missing: str = ""
    """Why there are no (more) results; empty if nothing is missing."""
    results: tuple[Result, ...] = ()
    """One of each round, in the order of the rounds."""
    failed: bool = False
    """It gave a wrong result; then `missing` says which, and `results` is empty."""

    @property
    def values(self) -> list[float]:
        """The figures of the rounds, in their order."""
        return [result.value for result in self.results]

    @property
    def lower_is_better(self) -> bool:
        """True for bytes and for times."""
        return self.unit != PER_SECOND

    def cost(self, value: float) -> float:
        """What `size` of them take if each has this figure: seconds or bytes.

        A latency is itself the cost.
        """
        if self.unit == PER_SECOND:
            return self.size / value if value else 0.0
        return self.size * value if self.unit == BYTES else value


@attrs.frozen
class Report:
    """A whole run: under which conditions, with which parameters, and what came out."""

    schema: int
    # {name: JSON value}
    conditions: dict[str, Any]
    """What the figures depend on: versions, processor, load, collector, date."""
    # {name: JSON value}
    parameters: dict[str, Any]
    """What was asked for: command line, names, rounds, seed, contenders."""
    entries: tuple[Entry, ...]

    def entry(self, scenario: str, contender: str = OURS) -> Entry | None:
        """What this contender reached there; None if it was not in the run."""
        for each in self.entries:
            if each.scenario == scenario and each.contender == contender:
                return each
        return None

    def scenarios(self) -> list[str]:
        """The names of the scenarios, in the order of the run."""
        return list(dict.fromkeys(each.scenario for each in self.entries))

    def contenders(self) -> list[str]:
        """The names of the contenders, in the order of the run."""
        return list(dict.fromkeys(each.contender for each in self.entries))


def save(path: Path, report: Report) -> None:
    """Write the report, for people to read too: indented, keys in their order.

    Raises:
        ReportError: the file cannot be written.
    """
    data = {
        "schema": report.schema,
        "conditions": report.conditions,
        "parameters": report.parameters,
        "entries": [attrs.asdict(each) for each in report.entries],
    }
    try:
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror or error}") from None


def load(path: Path) -> Report:
    """Read a report.

    Raises:
        ReportError: there is no such file, it is no report, or of another schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ReportError(f"{path} is not JSON: it is not even text") from None
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise ReportError(f"{path} is not JSON: {error}") from None
    if not isinstance(data, dict) or "schema" not in data:
        raise ReportError(f"{path} is not a report of `run --json`: it names no schema")
    found = cast("dict[str, Any]", data)
    if found["schema"] != SCHEMA:
        raise ReportError(
            f"{path} has schema {found['schema']!r}, this version reads {SCHEMA}: "
            "measure again with `run --json`"
        )
    try:
        return Report(
            schema=SCHEMA,
            conditions=dict(found["conditions"]),
            parameters=dict(found["parameters"]),
            entries=tuple(_entry(each) for each in found["entries"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        kind = type(error).__name__
        raise ReportError(f"{path} is a damaged report: {kind}: {error}") from None


def result_from(data: Mapping[str, Any]) -> Result:
    """The result of which `attrs.asdict` made this."""
    return Result(
        value=_number(data["value"]),
        count=int(data["count"]),
        seconds=_number(data["seconds"]),
        notes={str(key): _number(value) for key, value in data["notes"].items()},
        percentiles={
            float(key): _number(value) for key, value in data["percentiles"].items()
        },
    )


def _entry(data: Mapping[str, Any]) -> Entry:
    words = ("scenario", "contender", "unit", "floor", "family", "missing")
    return Entry(
        **{word: str(data[word]) for word in words},
        size=int(data["size"]),
        count=int(data["count"]),
        results=tuple(result_from(each) for each in data["results"]),
        failed=bool(data["failed"]),
    )


def _number(value: Any) -> float:
    """A number of the file.

    Raises:
        ValueError: it is none, or not a finite one.
    """
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{value!r} is not a finite number")
    return found
