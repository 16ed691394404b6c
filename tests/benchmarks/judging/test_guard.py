"""Facts about the guard: what is a clear regression, and what is only noise."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.figures import Ratio
from benchmarks.judging.baseline import (
    Baseline,
    BaselineError,
    Known,
    load_baseline,
    python_of,
    save_baseline,
    updated,
)
from benchmarks.judging.guard import FULL, SHORT, Verdict, check, lines
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, OURS, PER_SECOND
from tests.benchmarks.reports import entry, report, steady

HALF = Baseline({"3.11": {"tell": Known("park", Ratio(0.5, 0.49, 0.51))}})


class Fake:
    """Gives out reports, the last one again and again, and keeps what was asked."""

    def __init__(self, *reports: Report) -> None:
        self.reports = list(reports)
        self.asked: list[list[str]] = []

    def __call__(self, names: Sequence[str]) -> Report:
        """Hand out the next one."""
        self.asked.append(list(names))
        return self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]


def tells(*values: float, floor: float = 100.0, unit: str = PER_SECOND) -> Report:
    """Rounds of ours beside a floor of 100."""
    return report(
        entry("tell", OURS, *values, unit=unit),
        entry("tell", "park", *[floor] * len(values), unit=unit),
    )


SAME = tells(*steady(50.0))
SLOW = tells(*steady(25.0))
NOISY = tells(10.0, 90.0, 5.0, 60.0, 8.0)


def verdict_of(fake: Fake, allowance: float = FULL) -> Verdict:
    """What the guard says of `tell`."""
    return check(HALF, fake, names=["tell"], python="3.11", allowance=allowance)


@pytest.mark.parametrize(
    ("found", "unit", "passed"),
    [
        (steady(50.0), PER_SECOND, True),
        (steady(45.0), PER_SECOND, True),
        (steady(41.5), PER_SECOND, True),
        (steady(35.0), PER_SECOND, False),
        (steady(90.0), PER_SECOND, True),
        (steady(55.0), BYTES, True),
        (steady(70.0), BYTES, False),
        (steady(20.0), BYTES, True),
    ],
)
def test_worse_by_more_than_the_allowance_is_a_regression(
    found: Sequence[float], unit: str, *, passed: bool
) -> None:
    """A quarter is allowed; worse is less of a speed, and more of anything else."""
    assert verdict_of(Fake(tells(*found, unit=unit))).passed is passed


@pytest.mark.parametrize(("allowance", "passed"), [(FULL, False), (SHORT, True)])
def test_the_short_form_allows_more(allowance: float, *, passed: bool) -> None:
    """Half again as slow is a regression for the full form only."""
    assert verdict_of(Fake(tells(*steady(33.0))), allowance).passed is passed


def test_noise_is_no_regression() -> None:
    """Much slower on the average, but the interval reaches into the allowed."""
    fake = Fake(NOISY)

    verdict = verdict_of(fake)

    assert verdict.passed
    assert verdict.compared[0].worse.value > FULL
    assert fake.asked == [["tell"]]
    assert "too noisy to rule out x 1.25" in lines(verdict)[0]


def test_a_steady_scenario_is_fine() -> None:
    """Nothing that is not allowed can hide in its noise."""
    assert lines(verdict_of(Fake(SAME)))[0].endswith(" fine")


def test_a_regression_is_measured_again_three_times() -> None:
    """Each fresh measurement has to agree."""
    fake = Fake(SLOW)

    verdict = verdict_of(fake)

    assert [each.scenario for each in verdict.regressed] == ["tell"]
    assert fake.asked == [["tell"]] * 4
    assert verdict.regressed[0].attempt == 4


@pytest.mark.parametrize("slow", [1, 2, 3])
def test_one_good_measurement_acquits(slow: int) -> None:
    """Whether it is the first fresh one or the last."""
    fake = Fake(*[SLOW] * slow, SAME)

    verdict = verdict_of(fake)

    assert verdict.passed
    assert verdict.acquitted == ("tell",)
    assert len(fake.asked) == slow + 1
    assert "suspect at first" in lines(verdict)[0]


def test_only_suspects_are_measured_again() -> None:
    """Those who were fine are left in peace."""
    fine = [entry("ring", OURS, *steady(50.0)), entry("ring", "park", *[100.0] * 5)]
    known = {**HALF.pythons["3.11"], "ring": Known("park", Ratio(0.5, 0.49, 0.51))}
    fake = Fake(report(*SLOW.entries, *fine))

    verdict = check(
        Baseline({"3.11": known}), fake, names=["tell", "ring"], python="3.11"
    )

    assert fake.asked[0] == ["tell", "ring"]
    assert fake.asked[1:] == [["tell"]] * 3
    assert [each.scenario for each in verdict.regressed] == ["tell"]


def test_another_python_is_not_compared() -> None:
    """It is not even measured, and it is said."""
    fake = Fake(SLOW)

    verdict = check(HALF, fake, names=["tell"], python="3.13")

    assert verdict.passed
    assert fake.asked == []
    assert lines(verdict) == [
        (
            "not compared: tell: not in the baseline of Python 3.13, "
            "`check --update` writes it"
        ),
        "Nothing was compared on Python 3.13.",
    ]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (report(entry("tell", OURS, 1.0, 1.0)), "it has no floor here"),
        (
            report(
                entry("tell", OURS, 1.0, 1.0), entry("tell", "park", missing="no park")
            ),
            "its floor park is missing: no park",
        ),
        (tells(50.0), "one round has no interval"),
        (
            report(entry("tell", OURS, 0.0, 0.0), entry("tell", "park", 1.0, 1.0)),
            "no round has a figure of both",
        ),
    ],
)
def test_without_a_floor_there_is_nothing_to_compare(
    found: Report, reason: str
) -> None:
    """It is skipped, with the reason."""
    verdict = verdict_of(Fake(found))

    assert verdict.passed
    assert verdict.compared == ()
    assert f"not compared: tell: {reason}" in lines(verdict)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (report(entry("tell", OURS, missing="3 is wrong")), "3 is wrong"),
        (report(), "it was not measured"),
    ],
)
def test_ours_failing_is_worse_than_slow(found: Report, reason: str) -> None:
    """Work that is not done does not pass."""
    verdict = verdict_of(Fake(found))

    assert not verdict.passed
    assert lines(verdict)[0] == f"FAILED: tell: {reason}"


def test_a_suspect_that_loses_its_floor_is_not_compared() -> None:
    """It has not been shown to be slow."""
    verdict = verdict_of(Fake(SLOW, report(entry("tell", OURS, 1.0, 1.0))))

    assert verdict.passed
    assert verdict.compared == ()
    assert [each.reason for each in verdict.skipped] == ["it has no floor here"]


def test_what_the_baseline_has_besides_is_named() -> None:
    """A short form does not hide that there is more."""
    verdict = check(HALF, Fake(SAME), names=[], python="3.11")

    assert "not compared: tell: in the baseline, but not asked for here" in lines(
        verdict
    )


def test_a_line_says_what_was_compared_and_the_noise() -> None:
    """Before and now, the floor, the change of the cost."""
    verdict = verdict_of(Fake(tells(*[25.0] * 5)))

    (line, last) = lines(verdict)
    assert "0.5 -> 0.25 x park, cost x 2.00 (noise 2 %)" in line
    assert "REGRESSED by more than x 1.25 in 4 measurements of 4" in line
    assert last == "1 compared on Python 3.11: 1 regressed, 0 failed, 0 not compared."


def test_a_clear_gain_is_told() -> None:
    """So that somebody writes it into the baseline."""
    assert "clearly better" in lines(verdict_of(Fake(tells(*steady(90.0)))))[0]


def test_an_endless_interval_is_no_regression() -> None:
    """Two rounds that contradict each other say nothing."""
    verdict = verdict_of(Fake(tells(1e-300, 1e300)))

    assert verdict.passed
    assert "(noise ?)" in lines(verdict)[0]


def test_the_baseline_keeps_what_was_not_measured() -> None:
    """Other versions of Python and other scenarios stay."""
    before = Baseline(
        {
            "3.13": HALF.pythons["3.11"],
            "3.11": {"ring": Known("park", Ratio(2.0, 1.9, 2.1))},
        }
    )
    found = report(*SAME.entries, entry("lone", OURS, 1.0), entry("gone", "park", 1.0))

    after, skipped = updated(before, found)

    assert after.pythons["3.13"] == HALF.pythons["3.11"]
    assert set(after.pythons["3.11"]) == {"ring", "tell"}
    assert after.pythons["3.11"]["tell"].ratio.value == pytest.approx(0.5, rel=1e-2)
    assert [(each.scenario, each.reason) for each in skipped] == [
        ("lone", "it has no floor here"),
        ("gone", "ours was not measured"),
    ]


def test_a_baseline_survives_its_file(tmp_path: Path) -> None:
    """Four digits are kept."""
    path = tmp_path / "baseline.json"

    save_baseline(HALF, path)

    assert load_baseline(path) == HALF


def test_without_a_file_there_is_an_empty_baseline(tmp_path: Path) -> None:
    """The first `--update` writes it."""
    assert load_baseline(tmp_path / "none.json") == Baseline()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "is not JSON"),
        ("[]", "is not a baseline of schema 1"),
        ('{"schema": 2}', "is not a baseline of schema 1"),
        ('{"schema": 1}', "damaged baseline: KeyError"),
        ('{"schema": 1, "pythons": []}', "damaged baseline: AttributeError"),
        (
            '{"schema": 1, "pythons": {"3.11": {"tell": {"floor": "park"}}}}',
            "damaged baseline: KeyError",
        ),
        (
            (
                '{"schema": 1, "pythons": {"3.11": {"tell": '
                '{"floor": "park", "ratio": 1, "low": 2, "high": 3}}}}'
            ),
            "is no interval around a ratio",
        ),
    ],
)
def test_a_damaged_file_is_refused(text: str, wanted: str, tmp_path: Path) -> None:
    """The message names the file and what is wrong."""
    path = tmp_path / "baseline.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match=wanted) as caught:
        load_baseline(path)

    assert str(path) in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """It can be neither read nor written, which is said."""
    with pytest.raises(BaselineError, match="cannot read"):
        load_baseline(tmp_path)
    with pytest.raises(BaselineError, match="cannot write"):
        save_baseline(HALF, tmp_path)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3.11.7", "3.11"), ("CPython 3.13.0", "3.13"), ("", "unknown")],
)
def test_the_version_is_without_its_last_part(text: str, wanted: str) -> None:
    """Patch releases are compared with each other."""
    entries: tuple[Entry, ...] = ()

    assert python_of(report(*entries, python=text)) == wanted
