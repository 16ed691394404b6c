"""Counters, gauges, histograms and the text of others, as Prometheus reads them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Counter as TheirCounter
from prometheus_client.parser import text_string_to_metric_families

from supervision import metrics
from supervision.metrics import REGISTRY, Registry


def values(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """`{(name, labels): value}` as the scraper reads it."""
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_counter_grows() -> None:
    """Each combination of labels by itself; without labels it begins at 0."""
    registry = Registry()
    plain = registry.counter("a_total", "A.")
    split = registry.counter("b_total", "B.\nmore", ["x", "y"])
    assert values(registry.text()) == {("a_total", ()): 0}
    plain.inc()
    plain.inc(2.5)
    split.inc(x="1", y=2)
    split.inc(y=2, x='q"\\\n')

    assert values(registry.text()) == {
        ("a_total", ()): 3.5,
        ("b_total", (("x", "1"), ("y", "2"))): 1,
        ("b_total", (("x", 'q"\\\n'), ("y", "2"))): 1,
    }
    assert "# TYPE a_total counter\na_total 3.5\n" in registry.text()


def test_a_gauge_goes_up_and_down_or_is_read() -> None:
    """One that is read cannot be set."""
    registry = Registry()
    rooms = registry.gauge("rooms", "Rooms.", ["floor"])
    rooms.set(3, floor=1)
    rooms.inc(floor=1)
    rooms.dec(0.5, floor=1)
    read = registry.gauge("read", "Read.", read=lambda: 7)
    free = registry.gauge("free", "Free.")

    assert values(registry.text()) == {
        ("rooms", (("floor", "1"),)): 3.5,
        ("read", ()): 7,
        ("free", ()): 0,
    }
    for verb in (read.set, read.inc, read.dec):
        with pytest.raises(TypeError, match="cannot be set"):
            verb(1)
    free.set(math.inf)
    assert values(registry.text())["free", ()] == math.inf


def test_a_histogram_counts_what_is_below_each_bound() -> None:
    """The bound itself too; the last one has all, also what is no number."""
    registry = Registry()
    seconds = registry.histogram("s", "S.", buckets=(1, 2))
    split = registry.histogram("t", "T.", ["k"], buckets=(1, math.inf))
    for each in (0.5, 1, 1.5, 9):
        seconds.observe(each)
    split.observe(5, k="a")
    found = values(registry.text())

    assert [
        found["s_bucket", (("le", bound),)] for bound in ("1.0", "2.0", "+Inf")
    ] == [
        2,
        3,
        4,
    ]
    assert (found["s_sum", ()], found["s_count", ()]) == (12, 4)
    assert found["t_bucket", (("k", "a"), ("le", "+Inf"))] == 1
    seconds.observe(math.nan)
    assert values(registry.text())["s_count", ()] == 5


def test_nothing_is_lost_between_threads() -> None:
    """A thousand counts in each of four."""
    registry = Registry()
    count = registry.counter("n_total", "N.")

    def work() -> None:
        for _ in range(1000):
            count.inc()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert values(registry.text()) == {("n_total", ()): 4000}


def test_what_another_library_has_is_scraped_too() -> None:
    """prometheus_client's own text, bytes or str; its end is not ours."""
    theirs = CollectorRegistry()
    TheirCounter("theirs", "Theirs.", registry=theirs).inc(3)
    registry = Registry()
    registry.add(lambda: generate_latest(theirs))
    registry.add(lambda: "more 1\n# EOF")
    labelled = 'odd{of="one\u2028two\x85"} 2'
    registry.add(lambda: f"{labelled}\r\n\n")
    found = values(registry.text())

    assert labelled in registry.text().split("\n")
    assert found["theirs_total", ()] == 3
    assert found["more", ()] == 1
    assert "EOF" not in registry.text()


def test_what_cannot_be_read_does_not_spoil_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says what; the scrape goes on."""

    def fail() -> Any:
        raise LookupError("no database")

    registry = Registry()
    registry.add(fail)
    registry.gauge("bad", "Bad.", read=fail)
    registry.counter("good_total", "Good.").inc()

    assert values(registry.text()) == {("good_total", ()): 1}
    assert "the metric bad cannot be read" in caplog.text
    assert "metrics of another library cannot be read" in caplog.text


NO_NAME: Any = 3
WRONG: list[tuple[Callable[[Registry], object], str]] = [
    (lambda r: r.counter("a", "A."), "ends in _total"),
    (lambda r: r.counter("a b_total", "A."), "letters, digits and _"),
    (lambda r: r.gauge(NO_NAME, "A."), "letters, digits and _"),
    (lambda r: r.gauge("actors_x", "A."), "are this library's"),
    (lambda r: r.gauge("taken", "A."), "already"),
    (lambda r: r.gauge("a", "A.", ["x-y"]), "a list of names"),
    (lambda r: r.gauge("a", "A.", "xy"), "a list of names"),
    (lambda r: r.gauge("a", "A.", ["x"], read=lambda: 1), "can have no labels"),
    (lambda r: r.histogram("a", "A.", ["le"]), "its buckets have it"),
    (lambda r: r.histogram("a", "A.", buckets=()), "at least one"),
    (lambda r: r.histogram("a", "A.", buckets=(2, 1)), "must rise"),
]


@pytest.mark.parametrize(("call", "words"), WRONG)
def test_a_wrong_declaration_is_refused(
    call: Callable[[Registry], object], words: str
) -> None:
    """Where it is made, and nothing is kept of it."""
    registry = Registry()
    registry.gauge("taken", "T.")
    with pytest.raises(ValueError, match=words):
        call(registry)
    assert list(values(registry.text())) == [("taken", ())]


def test_a_wrong_count_is_refused() -> None:
    """Below 0, not a number, or not its labels."""
    registry = Registry()
    count = registry.counter("n_total", "N.", ["x"])
    for amount in (-1, math.nan):
        with pytest.raises(ValueError, match="can only grow"):
            count.inc(amount, x=1)
    with pytest.raises(ValueError, match="has these labels: x; got none"):
        count.inc()
    with pytest.raises(ValueError, match="has these labels: none; got y"):
        registry.gauge("g", "G.").set(1, y=2)
    wrong: Any = "text"
    with pytest.raises(TypeError, match="a function that gives the text"):
        registry.add(wrong)


def test_there_is_one_that_services_serve() -> None:
    """What a tree of `actors run` declares is found without being handed on."""
    assert isinstance(REGISTRY, Registry)
    assert metrics.SECONDS[0] == 0.005
