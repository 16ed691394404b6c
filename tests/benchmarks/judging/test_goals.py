"""Facts about the goals: what is found in a report, and how it is told."""

import attrs
import pytest

from benchmarks.judging.aims import (
    GOALS,
    THROUGHPUT,
    contenders_needed,
    scenarios_needed,
)
from benchmarks.judging.aims_sessions import POOLS
from benchmarks.judging.goal import Goal
from benchmarks.judging.goals import (
    goals_table,
    heading,
    main_goals,
    markdown,
    rich_table,
    summary,
)
from benchmarks.measuring import catalogue
from benchmarks.measuring.store import Report
from benchmarks.scenario import BYTES, OURS, PROVIDERS, provided_by
from tests.benchmarks.reports import entry, report, steady


def tells(ours: float, theirs: float, rounds: int = 5) -> Report:
    """A report in which ours tells so fast and Erlang so fast."""
    return report(
        entry("tell", OURS, *steady(ours, rounds)),
        entry("tell", "erlang", *steady(theirs, rounds)),
    )


TELL = Goal("tell", ("tell",), 0.5, "erlang")
SMALL = Goal("memory", ("memory",), 0.5, "erlang", at_most=True)


@pytest.mark.parametrize(
    ("ours", "verdict"), [(60.0, "reached"), (50.0, "reached"), (49.0, "missed")]
)
def test_a_speed_must_be_at_least_the_limit(ours: float, verdict: str) -> None:
    """The limit itself is enough."""
    (row,) = goals_table(tells(ours, 100.0), [TELL])

    assert row.found is not None
    assert row.found.value == pytest.approx(ours / 100)
    assert row.verdict == verdict


@pytest.mark.parametrize(
    ("ours", "verdict"), [(40.0, "reached"), (50.0, "reached"), (51.0, "missed")]
)
def test_a_size_must_be_at_most_the_limit(ours: float, verdict: str) -> None:
    """For bytes and times the limit is an upper one."""
    found = report(
        entry("memory", OURS, ours, ours, unit=BYTES),
        entry("memory", "erlang", 100.0, 100.0, unit=BYTES),
    )

    (row,) = goals_table(found, [SMALL])

    assert row.verdict == verdict


def test_another_contender_is_told_without_a_limit() -> None:
    """The verdict is about the one that the goal is against."""
    goal = attrs.evolve(TELL, against="asyncio", shown="erlang")
    figures = [*tells(20.0, 200.0).entries, entry("tell", "asyncio", *steady(25.0))]

    (row,) = goals_table(report(*figures), [goal])

    assert row.verdict == "reached"
    assert "0.8 x (0.8 to 0.8); of Erlang gen_server 0.1 x |" in markdown(
        report(*figures), [goal]
    )
    (row,) = goals_table(report(*figures[:1], *figures[2:]), [goal])
    assert row.verdict == "reached"
    assert row.shown is None


@pytest.mark.parametrize(
    ("note", "verdict"), [("", "reached"), ("async_us", "missed"), ("none", "")]
)
def test_a_goal_may_be_about_the_slowest(note: str, verdict: str) -> None:
    """A percentile of theirs, and of ours the same or a note."""
    goal = Goal("p99", ("ask",), 2, "park", at_most=True, percentile=99, note=note)
    notes = {"async_us": 500.0}
    found = report(
        entry("ask", OURS, 100.0, unit="us", percentiles=True, notes=notes),
        entry("ask", "park", 90.0, unit="us", percentiles=True),
    )

    (row,) = goals_table(found, [goal])

    if verdict:
        assert row.verdict == verdict
    else:
        assert row.reason == "ask of ours has no latencies"


@pytest.mark.parametrize("goal", [TELL, SMALL])
def test_the_limit_itself_holds(goal: Goal) -> None:
    """Exactly what was wanted is enough, whichever way the goal points."""
    assert goal.holds(goal.limit)


def test_an_interval_across_the_limit_is_said() -> None:
    """What may be chance is not told as if it were sure."""
    found = report(
        entry("tell", OURS, 40.0, 55.0, 62.0), entry("tell", "erlang", *[100.0] * 3)
    )

    (row,) = goals_table(found, [TELL])

    assert row.verdict == "reached"
    assert not row.clear
    assert row.words == "reached, within noise"


def test_one_round_has_no_interval() -> None:
    """It is told that there was only one."""
    (row,) = goals_table(tells(60.0, 100.0, rounds=1), [TELL])

    assert row.found is not None
    assert row.found.low is None
    assert row.words == "reached, one round only"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (report(), "no tell of ours in this run"),
        (
            report(entry("tell", OURS, 1.0)),
            "no tell of Erlang gen_server in this run",
        ),
        (
            report(
                entry("tell", OURS, 1.0),
                entry("tell", "erlang", missing="no erl\non the PATH"),
            ),
            "Erlang gen_server: no erl on the PATH",
        ),
        (
            report(entry("tell", OURS, 0.0), entry("tell", "erlang", 1.0)),
            "a figure is not positive",
        ),
    ],
)
def test_what_is_not_measured_has_a_reason(found: Report, reason: str) -> None:
    """A goal that nobody measured is neither reached nor missed."""
    (row,) = goals_table(found, [TELL])

    assert row.verdict == "not measured"
    assert row.found is None
    assert (row.words, row.reason) == ("not measured", reason)


def test_an_absolute_goal_is_the_mean_of_the_rounds_in_its_unit() -> None:
    """Microseconds of a note are told as milliseconds."""
    goal = Goal(
        "pause", ("gc",), 10, at_most=True, note="longest", unit="ms", scale=1e-3
    )
    found = report(entry("gc", OURS, 1.0, 1.0, notes={"longest": 8_000.0}))

    (row,) = goals_table(found, [goal])

    assert row.found is not None
    assert (row.found.value, row.found.low, row.found.high) == pytest.approx((8, 8, 8))
    assert row.verdict == "reached"


def test_a_missing_note_is_not_measured() -> None:
    """The figure is never taken in its place."""
    goal = Goal("pause", ("gc",), 10, at_most=True, note="longest", unit="ms")

    (row,) = goals_table(report(entry("gc", OURS, 1.0)), [goal])

    assert (row.words, row.reason) == ("not measured", "gc has no note longest")


def test_a_percentage_may_be_negative() -> None:
    """What costs nothing may seem to give something back."""
    goal = Goal("cost", ("seen",), 5, at_most=True, note="percent", unit="%")
    found = report(entry("seen", OURS, 1.0, 1.0, notes={"percent": -0.5}))

    (row,) = goals_table(found, [goal])

    assert row.found is not None
    assert row.found.value == -0.5
    assert row.verdict == "reached"


def test_the_geometric_mean_is_taken_round_by_round() -> None:
    """Twice as fast here and half as fast there is as fast, in each round."""
    goal = Goal("mean", ("tell", "ring"), 1.0, "erlang")
    found = report(
        entry("tell", OURS, 20.0, 200.0),
        entry("tell", "erlang", 10.0, 100.0),
        entry("ring", OURS, 5.0, 50.0),
        entry("ring", "erlang", 10.0, 100.0),
    )

    (row,) = goals_table(found, [goal])

    assert row.found is not None
    assert (row.found.value, row.found.low, row.found.high) == pytest.approx((1, 1, 1))


MORE = Goal("more", ("held",), 200, "plain", at_most=True, more=True, unit="B")
GROWTH = Goal("grows", ("few", "many"), 1.15, at_most=True, growth=True, unit="")


@pytest.mark.parametrize(
    ("ours", "verdict"), [(500.0, "reached"), (520.0, "missed"), (299.0, "reached")]
)
def test_what_ours_takes_more_is_found_round_by_round(
    ours: float, verdict: str
) -> None:
    """A difference, in the unit of the figure; it may be negative."""
    found = report(
        entry("held", OURS, ours, ours + 7, unit=BYTES),
        entry("held", "plain", 300.0, 307.0, unit=BYTES),
    )

    (row,) = goals_table(found, [MORE])

    assert row.found is not None
    assert (row.found.value, row.found.low) == pytest.approx((ours - 300, ours - 300))
    assert row.verdict == verdict
    assert "200 B" in markdown(found, [MORE])


@pytest.mark.parametrize(
    ("few", "many", "exponent", "verdict"),
    [
        (100.0, 100.0, 1.0, "reached"),
        (100.0, 10.0, 2.0, "missed"),
        (100.0, 200.0, 0.699, "reached"),
    ],
)
def test_a_growth_is_that_of_the_whole_cost(
    few: float, many: float, exponent: float, verdict: str
) -> None:
    """Ten times as many at the same speed take ten times as long: 1."""
    sizes = {"few": (10, few), "many": (100, many)}
    found = report(
        *(
            entry(name, OURS, speed, 2 * speed, family="f", size=size)
            for name, (size, speed) in sizes.items()
        )
    )

    (row,) = goals_table(found, [GROWTH])

    assert row.found is not None
    assert row.found.value == pytest.approx(exponent, abs=0.001)
    assert row.verdict == verdict
    assert "| at most 1.15 |" in markdown(found, [GROWTH])


@pytest.mark.parametrize(
    ("goal", "found", "reason"),
    [
        (MORE, report(entry("held", OURS, 1.0)), "no held of an actor without a"),
        (GROWTH, report(entry("few", OURS, 1.0)), "no many of ours in this run"),
        (
            GROWTH,
            report(entry("few", OURS, 1.0), entry("many", OURS, 0.0)),
            "a figure is not positive",
        ),
    ],
)
def test_a_difference_or_a_growth_needs_both(
    goal: Goal, found: Report, reason: str
) -> None:
    """Without one of its ends it is not measured."""
    (row,) = goals_table(found, [goal])

    assert row.verdict == "not measured"
    assert row.reason.startswith(reason)


def test_a_mean_without_one_of_its_rows_is_not_measured() -> None:
    """A mean of other rows would be another goal."""
    goal = Goal("mean", ("tell", "ring"), 1.0, "erlang")

    (row,) = goals_table(tells(1.0, 1.0), [goal])

    assert (row.words, row.reason) == ("not measured", "no ring of ours in this run")


def test_a_contender_may_be_measured_in_another_scenario() -> None:
    """Where its only way to do the work is measured under another name."""
    goal = Goal("async", ("tell_async",), 2, "triotp", beside="tell")
    found = report(entry("tell_async", OURS, 30.0), entry("tell", "triotp", 10.0))

    (row,) = goals_table(found, [goal])

    assert row.found is not None
    assert row.found.value == pytest.approx(3)


def test_the_goals_are_about_scenarios_and_contenders_that_exist() -> None:
    """A name that nobody measures would be "not measured" for ever."""
    assert set(scenarios_needed()) <= set(catalogue.standard())
    assert set(contenders_needed()) == {
        OURS,
        "erlang",
        "triotp",
        "park",
        "channel",
        "asyncio",
        "plain",
        "disk",
        "memory",
        "new",
    }
    own = {OURS, "plain", "disk", "memory", "new"}
    assert set(contenders_needed()) <= {*own, *PROVIDERS}
    assert set(THROUGHPUT) <= set(scenarios_needed())


def test_a_ratio_points_where_its_scenario_does() -> None:
    """At least for speeds, at most for bytes and times."""
    scenarios = catalogue.standard()
    for goal in GOALS:
        if goal.against:
            for name in goal.scenarios:
                assert scenarios[name].scenario.lower_is_better is goal.at_most


def test_every_goal_is_against_a_contender_of_its_scenario() -> None:
    """Where the provider of the contender can be had here."""
    scenarios = catalogue.standard()
    for goal in GOALS:
        against = goal.against
        missing = against in PROVIDERS and isinstance(provided_by(against), str)
        if against and not missing:
            for name in (goal.beside,) if goal.beside else goal.scenarios:
                assert against in scenarios[name].contenders()


def test_a_growth_is_asked_of_one_curve() -> None:
    """Its scenarios are points of one family, at sizes of their own."""
    scenarios = catalogue.standard()
    growths = [goal for goal in GOALS if goal.growth]

    assert growths
    for goal in growths:
        points = [scenarios[name].scenario for name in goal.scenarios]
        assert len({each.family for each in points} - {""}) == 1
        assert len({each.size for each in points}) == len(points) > 1


def test_no_goal_is_set_twice() -> None:
    """One limit for each question."""
    asked = [(goal.scenarios, goal.against, goal.note) for goal in GOALS]
    doubled = {each for each in asked if asked.count(each) > 1}

    # Told twice: the main goal of TriOTP's tell and ours of the finer ones.
    assert doubled == {
        (("tell",), "triotp", ""),
        (("ask_async",), "channel", ""),
        # and how far it may go
        (POOLS, "asyncio", ""),
    }


def test_the_markdown_names_date_versions_and_command() -> None:
    """No figure without the command that made it."""
    text = markdown(tells(60.0, 100.0))

    assert text.splitlines()[0] == (
        "The goals we set, on 2026-11-21 with CPython 3.11.7, Trio 0.35.0, "
        "Erlang/OTP 25: `python -m benchmarks run`."
    )
    assert "| tell | Erlang gen_server | at least 0.45 x | 0.6 x (0.6 to 0.6) |" in text


def test_why_something_is_not_measured_is_said_once() -> None:
    """Below the table, however many goals miss the same peer."""
    goals = [TELL, attrs.evolve(TELL, text="tell again")]
    found = report(entry("tell", OURS, 1.0), entry("tell", "erlang", missing="no erl"))

    text = markdown(found, goals)

    assert text.count("not measured |") == len(goals)
    assert text.count("Erlang gen_server: no erl.") == 1


def test_what_is_not_in_the_run_is_counted() -> None:
    """A run of one scenario does not name all the others."""
    text = markdown(tells(60.0, 100.0))

    assert "more were not in this run" in text
    assert text.count("in this run") == 1


def test_the_main_goals_are_a_part_of_all() -> None:
    """In their order, and not all."""
    chosen = main_goals()

    assert [goal for goal in GOALS if goal in chosen] == chosen
    assert 0 < len(chosen) < len(GOALS)


def test_a_report_without_conditions_has_a_heading() -> None:
    """What is not known is left out or said so."""
    found = Report(1, {}, {}, ())

    assert heading(found) == (
        "The goals we set, on an unknown day with Python ?: "
        "`python -m benchmarks goals --markdown`"
    )


def test_the_heading_leaves_out_what_was_written() -> None:
    """The files of a run say nothing about its figures."""
    command = "python -m benchmarks run --short --json some/run.json --rounds 4"
    found = Report(1, {}, {"command": command}, ())

    assert heading(found).endswith("`python -m benchmarks run --short --rounds 4`")


def test_the_summary_counts() -> None:
    """All of them are accounted for."""
    missing = len(GOALS) - 1

    assert (
        summary(goals_table(tells(60.0, 100.0)))
        == f"1 of {len(GOALS)} reached, 0 missed, {missing} not measured."
    )


def test_the_table_has_a_row_for_each_goal() -> None:
    """None is left out, measured or not."""
    assert rich_table(tells(60.0, 100.0)).row_count == len(GOALS)
