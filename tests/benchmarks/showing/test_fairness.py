"""Facts about fairness: nobody is compared without its terms being said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.measuring.catalogue import standard
from benchmarks.scenario import OURS, PROVIDERS
from benchmarks.showing.comparison import fairness_rows
from benchmarks.showing.fairness import FAIRNESS, WORDS, alike, terms

ROOT = next(each for each in Path(__file__).parents if (each / "README.md").exists())
FLOORS = ("park", "channel", "asyncio")
PEERS = set(PROVIDERS) - set(FLOORS)


def test_every_contender_of_a_scenario_with_a_peer_has_terms() -> None:
    """Where one can be had here; a new one is not forgotten."""
    unsaid: list[str] = []
    for item in standard().values():
        contenders = [each for each in item.contenders() if each in {OURS, *PROVIDERS}]
        if PEERS & set(contenders):
            unsaid += [
                f"{item.name}: {each}"
                for each in contenders
                if terms(item.name, each) is None
            ]

    assert unsaid == []


def test_terms_are_those_of_scenarios_that_there_are() -> None:
    """Each once."""
    named = [name for each in FAIRNESS for name in each.scenarios]

    assert len(named) == len(set(named))
    assert set(named) <= set(standard())


def test_terms_that_differ_are_those_of_contenders() -> None:
    """Whoever is named can be a contender, and what is named is one of the three."""
    for each in FAIRNESS:
        assert set(each.but) <= {OURS, *PROVIDERS}
        for own in each.but.values():
            assert set(own) <= {"sent", "proved", "waited_for"}


def test_every_contender_has_its_own_word_for_what_it_sends() -> None:
    """None is shown with ours."""
    for item in standard().values():
        for fairness in FAIRNESS:
            if item.name in fairness.scenarios:
                acts = re.findall(r"{(\w+)}", fairness.sent)
                for contender in {*item.contenders()} - {"uvloop", "plain"}:
                    assert all(contender in WORDS[act] for act in acts), item.name


def test_who_starts_and_stops_does_the_same() -> None:
    """Proof of life and the end of each, whatever it is called."""
    ((first, _), *others) = alike("spawn_stop", [OURS, "erlang", *FLOORS])

    assert first.proved == "each has handled its message before the first is stopped"
    assert {each.proved for each, _ in others} == {first.proved}
    assert "tell_nowait" in first.sent
    assert terms("nobody", OURS) is None


def test_telling_without_waiting_is_not_taken_for_telling() -> None:
    """The row of `await tell` follows that of `tell_nowait`, which stands by a cast."""
    names = list(standard())
    for without, waiting in (("tell", "tell_wait"), ("fan_in", "fan_in_wait")):
        for name, word in ((without, "tell_nowait"), (waiting, "await tell")):
            ours = terms(name, OURS)
            assert ours is not None
            assert word in ours.sent
        assert names.index(waiting) == names.index(without) + 1


def test_the_terms_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """For people, and for the documentation."""
    assert main(["list", "--fairness"]) == 0
    shown = capsys.readouterr().out
    assert "waited for" in shown
    assert main(["list", "--fairness", "--markdown"]) == 0
    assert "| churn | erlang |" in capsys.readouterr().out or "erlang" not in shown
    assert main(["list", "--markdown"]) == 2


def test_the_documentation_has_the_terms() -> None:
    """`list --fairness --markdown` wrote them."""
    text = (ROOT / "docs" / "benchmarks" / "fairness.md").read_text(encoding="utf-8")

    for name, _, *cells in fairness_rows(standard()):
        assert f"| {name} | " in text
        assert f" | {' | '.join(cells)} |" in text, name
