"""Reports made by hand, for the tests of what is shown and decided from them."""

from collections.abc import Mapping, Sequence

from benchmarks.measuring.store import SCHEMA, Entry, Report
from benchmarks.run import PERCENTILES, Result
from benchmarks.scenario import PER_SECOND


def entry(
    scenario: str,
    contender: str,
    *values: float,
    unit: str = PER_SECOND,
    floor: str = "park",
    family: str = "",
    size: int = 0,
    notes: Mapping[str, float] | None = None,
    percentiles: bool = False,
    missing: str = "",
) -> Entry:
    """What a contender reached, a value for each round."""
    results = tuple(
        Result(
            value,
            count=1_000,
            seconds=1.0,
            notes=dict(notes or {}),
            percentiles=_percentiles(value) if percentiles else {},
        )
        for value in values
    )
    return Entry(
        scenario=scenario,
        contender=contender,
        unit=unit,
        floor=floor,
        family=family,
        size=size,
        count=1_000,
        missing=missing,
        results=results,
    )


def _percentiles(middle: float) -> dict[float, float]:
    return {float(each): middle * (1 + each / 100) for each in PERCENTILES}


def report(*entries: Entry, python: str = "3.11.7") -> Report:
    """A report of these."""
    return Report(
        schema=SCHEMA,
        conditions={
            "date": "2026-11-21T05:00:00+00:00",
            "implementation": "CPython",
            "python": python,
            "versions": {"trio": "0.35.0", "attrs": "26.1.0"},
            "peers": {"erlang": "25"},
        },
        parameters={"command": "python -m benchmarks run"},
        entries=entries,
    )


def steady(value: float, rounds: int = 5, noise: float = 0.01) -> Sequence[float]:
    """Values around this one, by turns above and below it."""
    return [value * (1 + noise * (-1) ** number) for number in range(rounds)]
