"""Facts about the order of rounds, what is given up, and the catalogue.

The workers are functions here: no process is started.
"""

from collections.abc import Iterator

import pytest

from benchmarks import Result, Run, Scenario
from benchmarks.measuring import catalogue
from benchmarks.measuring.catalogue import CatalogueError, Item
from benchmarks.measuring.rounds import INTERRUPTED, Measurement, Step
from benchmarks.measuring.store import SCHEMA, Entry, Report
from benchmarks.measuring.worker import ABSENT, BROKEN, DONE, WRONG, Job, Outcome
from benchmarks.showing.comparison import changes


class Alpha(Scenario):
    """The first one."""

    short = True
    number = "B1"

    async def ours(self, run: Run) -> None:
        """Nothing."""

    async def park(self, run: Run) -> None:
        """Nothing."""

    async def channel(self, run: Run) -> None:
        """Nothing."""


class AlphaBeta(Alpha):
    """The second one; its name begins like the first one's."""

    name = "alpha_beta"
    short = False
    number = "B10"
    rounds = 1


CATALOGUE = {"alpha": Item(Alpha()), "alpha_beta": Item(AlphaBeta())}
EVERYBODY = {"ours": "", "park": "", "channel": ""}


class Scripted:
    """Does jobs as told: `{(contender, round): outcome}`; the others well."""

    def __init__(self, **script: Outcome) -> None:
        self.jobs: list[Job] = []
        self.script = script

    def __call__(self, job: Job, limit: float) -> Outcome:
        assert limit == 300
        self.jobs.append(job)
        done = Outcome(DONE, Result(float(len(self.jobs)), 1, 1.0), seconds=2.0)
        return self.script.get(f"{job.contender}{job.seed}", done)


def ignore(step: Step) -> None:
    """Show nothing."""


def measured(worker: Scripted, rounds: int = 3, *items: Item) -> tuple[Entry, ...]:
    """The entries after all rounds of these scenarios, by default of the first."""
    measurement = Measurement(
        items or (CATALOGUE["alpha"],), EVERYBODY, rounds=rounds, worker=worker
    )
    measurement.run(ignore)
    return measurement.entries()


def test_the_rounds_are_the_outer_loop_and_the_order_turns() -> None:
    """Nobody is always first, and a slow minute meets everybody."""
    worker = Scripted()

    measured(worker)

    assert [(job.seed, job.contender) for job in worker.jobs] == [
        *[(0, "ours"), (0, "park"), (0, "channel")],
        *[(1, "park"), (1, "channel"), (1, "ours")],
        *[(2, "channel"), (2, "ours"), (2, "park")],
    ]


def test_scenarios_take_turns_within_a_round() -> None:
    """One that sets itself fewer rounds has no more than these."""
    worker = Scripted()

    entries = measured(worker, 2, *CATALOGUE.values())

    assert [job.scenario for job in worker.jobs] == [
        *["alpha"] * 3,
        *["alpha_beta"] * 3,
        *["alpha"] * 3,
    ]
    assert [len(each.results) for each in entries] == [2, 2, 2, 1, 1, 1]


def test_results_stand_in_the_order_of_the_rounds() -> None:
    """So that the n-th of all contenders belong together."""
    ours, park, channel = measured(Scripted())

    assert ours.values == [1, 6, 8]
    assert park.values == [2, 4, 9]
    assert channel.values == [3, 5, 7]


def test_who_breaks_is_given_up_and_keeps_its_rounds() -> None:
    """The others go on."""
    worker = Scripted(park1=Outcome(BROKEN, reason="KeyError: 'a'"))

    ours, park, _ = measured(worker)

    assert len(ours.results) == 3
    assert (len(park.results), park.missing, park.failed) == (1, "KeyError: 'a'", True)
    assert [job.seed for job in worker.jobs if job.contender == "park"] == [0, 1]


def test_who_is_wrong_once_is_not_believed_the_other_times() -> None:
    """Its rounds are dropped."""
    _, park, _ = measured(Scripted(park1=Outcome(WRONG, reason="is 1")))

    assert (park.results, park.missing, park.failed) == ((), "is 1", True)


def test_who_is_absent_has_not_failed() -> None:
    """It only has no figures."""
    _, park, _ = measured(Scripted(park0=Outcome(ABSENT, reason="no such peer")))

    assert (park.results, park.missing, park.failed) == ((), "no such peer", False)


def test_an_interrupted_measurement_keeps_what_it_has() -> None:
    """Whoever had no round yet says so."""
    measurement = Measurement(
        [CATALOGUE["alpha"]], EVERYBODY, rounds=2, worker=Scripted()
    )

    def interrupt(step: Step) -> None:
        if step.contender == "channel":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measurement.run(interrupt)
    ours, park, channel = measurement.entries()

    assert (len(ours.results), len(park.results)) == (1, 1)
    assert (ours.missing, park.missing) == ("", "")
    assert channel.missing == INTERRUPTED


def test_the_steps_say_what_is_left() -> None:
    """In steps, and in seconds as soon as one has been taken; less after a failure."""
    steps: list[Step] = []
    worker = Scripted(park0=Outcome(BROKEN, reason="x", seconds=2.0))
    measurement = Measurement([CATALOGUE["alpha"]], EVERYBODY, rounds=2, worker=worker)

    measurement.run(steps.append)

    assert [each.done for each in steps] == [0, 1, 2, 3, 4]
    assert [each.total for each in steps] == [6, 6, 5, 5, 5]
    assert [each.left for each in steps] == [None, 10, 6, 4, 2]


def test_a_contender_without_a_provider_is_missing_where_it_could_have_been() -> None:
    """Only in scenarios for which there are providers at all."""
    contenders = {"ours": "", "triotp": "No module named 'triotp'"}
    provided = Alpha()
    provided.provided = True  # type: ignore[misc]
    for scenario, wanted in ((Alpha(), ["ours"]), (provided, ["ours", "triotp"])):
        measurement = Measurement([Item(scenario)], contenders, rounds=1)

        assert [each.contender for each in measurement.entries()] == wanted


@pytest.mark.parametrize(
    ("names", "short", "wanted"),
    [
        ([], False, ["alpha", "alpha_beta"]),
        (["alpha"], False, ["alpha"]),
        (["alp"], False, ["alpha", "alpha_beta"]),
        (["alpha_", "alpha"], False, ["alpha", "alpha_beta"]),
        (["B1"], False, ["alpha"]),
        (["B10"], False, ["alpha_beta"]),
        ([], True, ["alpha"]),
        (["alp"], True, ["alpha"]),
    ],
)
def test_scenarios_are_chosen_by_name_beginning_or_number(
    names: list[str], *, short: bool, wanted: list[str]
) -> None:
    """A name in full means that one alone."""
    found = catalogue.select(CATALOGUE, names, short=short)

    assert [item.name for item in found] == wanted


@pytest.mark.parametrize(
    ("names", "short", "words"),
    [
        (["alpah"], False, "unknown scenario 'alpah': did you mean alpha"),
        (["zzz"], False, "unknown scenario 'zzz': `list` names them"),
        ([""], False, "unknown scenario ''"),
        (["B23"], False, "unknown scenario 'B23'"),
        (["alpha_beta"], True, "none of these scenarios belongs to the short set"),
    ],
)
def test_what_cannot_be_chosen_is_named(
    names: list[str], *, short: bool, words: str
) -> None:
    """With what comes close, or what it waits for."""
    with pytest.raises(CatalogueError, match=words):
        catalogue.select(CATALOGUE, names, short=short)


def test_contenders_are_chosen_by_name() -> None:
    """Ours is always one of them, and first; without names all are."""
    items = [CATALOGUE["alpha"]]

    assert list(catalogue.choose(items, ["channel"])) == ["ours", "channel"]
    assert {"ours", "park", "channel"} <= set(catalogue.choose(items, None))
    assert list(catalogue.choose(items, [])) == ["ours"]
    with pytest.raises(CatalogueError, match="'chanel': did you mean channel"):
        catalogue.choose(items, ["chanel"])


def entries_of(*figures: tuple[str, list[float]]) -> Iterator[Entry]:
    """`(contender, figures)` of one scenario, bytes each."""
    for contender, values in figures:
        results = tuple(Result(value, 1, 1.0) for value in values)
        yield Entry("s", contender, "bytes", "park", "", 0, 1, "", results)


@pytest.mark.parametrize(
    ("ours", "park", "verdict"),
    [
        ([20.0, 22.0, 20.0], [40.0, 44.0, 40.0], ""),
        ([20.0, 22.0, 20.0], [20.0, 22.0, 20.0], "worse"),
        ([10.0, 11.0, 10.0], [40.0, 44.0, 40.0], "better"),
        ([20.0], [20.0], ""),
        ([20.0, 22.0, 20.0], [], "worse"),
    ],
)
def test_a_change_of_ours_is_judged_by_the_floor(
    ours: list[float], park: list[float], verdict: str
) -> None:
    """A slower machine is no change, one round proves none, others are not judged."""
    before = entries_of(("ours", [10, 11, 10]), ("park", [20, 22, 20]))
    after = entries_of(("ours", ours), ("park", park))

    found = changes(
        Report(SCHEMA, {}, {}, tuple(before)), Report(SCHEMA, {}, {}, tuple(after))
    )

    verdicts = {each.after.contender: each.verdict for each in found}
    assert verdicts.pop("ours") == verdict
    assert set(verdicts.values()) <= {""}
