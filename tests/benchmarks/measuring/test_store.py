"""Facts about reports and their files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from benchmarks import MICROSECONDS, Result
from benchmarks.measuring.store import SCHEMA, Entry, Report, ReportError, load, save


def report_with(*entries: Entry) -> Report:
    """A report of these, under no conditions."""
    return Report(SCHEMA, {"python": "3.11"}, {"rounds": 2}, entries)


ENTRY = Entry(
    scenario="tell",
    contender="ours",
    unit="/s",
    floor="park",
    family="",
    size=0,
    count=10,
    results=(
        Result(1.5, 10, 2.0, {"depth": 3.0}, {50: 1.0, 99.9: 2.0}),
        Result(1.25, 10, 2.0),
    ),
)


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    """Every round, in its order, percentiles by number again."""
    other = attrs.evolve(ENTRY, contender="park", results=(), missing="m", failed=True)
    report = report_with(ENTRY, other)

    save(tmp_path / "a.json", report)

    assert load(tmp_path / "a.json") == report


def test_a_report_finds_its_entries() -> None:
    """By scenario and contender; names are in the order of the run."""
    entries = [
        attrs.evolve(ENTRY, scenario=scenario, contender=contender)
        for scenario in ("b", "a")
        for contender in ("ours", "park")
    ]
    report = report_with(*entries)

    assert report.scenarios() == ["b", "a"]
    assert report.contenders() == ["ours", "park"]
    assert report.entry("a", "park") == entries[3]
    assert report.entry("a") == entries[2]
    assert report.entry("a", "erlang") is None


def change_schema(data: dict[str, Any]) -> None:
    """Another version wrote it."""
    data["schema"] = 99


def drop_unit(data: dict[str, Any]) -> None:
    """Somebody edited it."""
    del data["entries"][0]["unit"]


def drop_schema(data: dict[str, Any]) -> None:
    """Something else wrote it."""
    del data["schema"]


def spoil_entries(data: dict[str, Any]) -> None:
    """No list."""
    data["entries"] = 3


def spoil_value(data: dict[str, Any]) -> None:
    """A figure that is none."""
    data["entries"][0]["results"][0]["value"] = "NaN"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (change_schema, "has schema 99, this version reads 1"),
        (drop_unit, "damaged report: KeyError: 'unit'"),
        (spoil_value, "damaged report: ValueError: 'NaN' is not a finite number"),
        (drop_schema, "names no schema"),
        (spoil_entries, "damaged report: TypeError"),
    ],
)
def test_a_file_that_is_no_report_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], words: str
) -> None:
    """In one line that names the file."""
    path = tmp_path / "a.json"
    save(path, report_with(ENTRY))
    data = json.loads(path.read_text(encoding="utf-8"))
    spoil(data)
    path.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(ReportError, match=words) as caught:
        load(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "is not JSON"), (b"[]", "no report|not a report"), (b"\xff\xfe", "text")],
)
def test_a_file_that_is_no_json_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """Whatever is in it."""
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(ReportError, match=words):
        load(path)


def test_a_file_that_cannot_be_read_or_written_is_refused(tmp_path: Path) -> None:
    """The system's reason is in the message."""
    with pytest.raises(ReportError, match="No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(ReportError, match="cannot write"):
        save(tmp_path / "none" / "a.json", report_with())


def test_a_latency_is_better_when_lower() -> None:
    """As bytes are; speeds are not."""
    assert attrs.evolve(ENTRY, unit=MICROSECONDS).lower_is_better
    assert not ENTRY.lower_is_better
