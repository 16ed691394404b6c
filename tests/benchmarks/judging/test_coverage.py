"""Nothing is measured in vain: the guard's baseline, goals, modules of workers."""

from __future__ import annotations

from benchmarks.judging import baseline
from benchmarks.judging.aims import scenarios_needed
from benchmarks.judging.aims_sessions import SESSIONS
from benchmarks.judging.goals import goals_table
from benchmarks.measuring.catalogue import standard, standard_in
from benchmarks.measuring.rounds import Measurement
from benchmarks.measuring.worker import BROKEN, Job, Outcome
from benchmarks.scenario import OURS
from benchmarks.scenarios.standard import SCENARIOS
from tests.benchmarks.reports import entry, report

UNGUARDED = {
    *("real_traffic", "drain_hung", "passivated_10k", "accept_backup", "reads"),
}
"""Without a floor: held against goals, or against their own checks."""


def test_what_has_a_floor_has_its_place_in_the_guard() -> None:
    """A scenario that nobody compares would grow slower unseen.

    Those that take long, of which there is one round, have no interval.
    """
    known = baseline.load_baseline().pythons
    floored = {
        kind.name: kind
        for kind in SCENARIOS
        if kind.rounds > 1 and kind.floor in kind().contenders()
    }

    assert set(floored) - set(known["3.11"]) == set()
    brief = {name for name, kind in floored.items() if kind.short}
    assert brief - set(known["3.13"]) == set()


def test_what_belongs_to_sessions_is_guarded_or_checked() -> None:
    """Each scenario of sessions and services: compared, or named here."""
    known = baseline.load_baseline().pythons["3.11"]
    theirs = {
        kind.name
        for kind in SCENARIOS
        if kind.rounds > 1 and kind.__module__.split(".")[2] in ("sessions", "services")
    }

    assert theirs - set(known) - UNGUARDED == set()
    assert {"watched_10k", "drain", "stop_now", "look_10k", "route_10k"} <= theirs


def test_the_goals_are_about_what_it_costs_to_be_watched() -> None:
    """A twentieth of the turns is the limit, and what is over it is missed."""
    assert {"watched_10k", "drain_hung", "look_100k"} <= set(scenarios_needed())
    (goal,) = (each for each in SESSIONS if each.note == "watched_percent")

    for taken, verdict in ((4.9, "reached"), (5.1, "missed")):
        found = report(
            entry("watched_10k", OURS, 9_000.0, notes={"watched_percent": taken})
        )
        (row,) = goals_table(found, [goal])
        assert row.verdict == verdict


def test_a_worker_loads_the_module_of_its_scenario_alone() -> None:
    """Each scenario is found in the module that its job names."""
    jobs: list[Job] = []

    def worker(job: Job, _limit: float) -> Outcome:
        jobs.append(job)
        return Outcome(BROKEN, reason="not measured here")

    items = list(standard().values())
    Measurement(items, {OURS: ""}, rounds=1, worker=worker).run(lambda _step: None)

    assert [job.scenario for job in jobs] == [item.name for item in items]
    for job in jobs:
        assert job.scenario in standard_in(job.room)
