"""Facts about the peers: each contender that can be had here does its work.

Nothing is asserted about time or memory; a run that has not done its work is refused by
its own check. A peer that is not installed is skipped with the harness's reason.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from _pytest.mark import ParameterSet

from benchmarks.load import TREES, tree_size
from benchmarks.peers import MissingPeerError, sum_below, whole_tree
from benchmarks.run import Result, Run, WrongResultError
from benchmarks.scenario import Contender, provided_by
from benchmarks.scenarios.standard import SCENARIOS

PEERS = ("uvloop", "triotp", "fauxtp", "pykka", "erlang")


def contenders() -> Iterator[ParameterSet]:
    """One for each scenario of each peer, or one that is skipped for the peer."""
    for peer in PEERS:
        provider = provided_by(peer)
        if isinstance(provider, str):
            reason = pytest.mark.skip(reason=f"{peer}: {provider}")
            yield pytest.param(None, marks=reason, id=peer)
        else:
            for name, contender in provider.items():
                yield pytest.param(contender, id=f"{peer}-{name}")


def done_by(contender: Contender, count: int) -> Result:
    """What is left of a run, as the harness does it."""
    run = Run(count)
    if inspect.iscoroutinefunction(contender):
        trio.run(contender, run)
    else:
        contender(run)
    return run.result()


@pytest.mark.parametrize("contender", [*contenders()])
def test_a_contender_does_its_work(contender: Contender) -> None:
    """It measures something and its own check is content."""
    assert done_by(contender, 10).count > 0


@pytest.mark.parametrize("peer", PEERS)
def test_the_names_are_those_of_scenarios(peer: str) -> None:
    """A contender under another name would never be found."""
    provider = provided_by(peer)
    if isinstance(provider, str):
        pytest.skip(provider)

    assert set(provider) <= {each.name for each in SCENARIOS if each.provided}


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_is_missing_for_its_own_sake_only(peer: str) -> None:
    """A module of ours that cannot be imported is a defect, not a missing peer."""
    provider = provided_by(peer)

    assert not isinstance(provider, str) or "benchmarks" not in provider


def test_erlang_has_supervisors_of_its_own() -> None:
    """Whatever crashes, ends or starts under a supervisor of ours is done there too."""
    erlang_peer = pytest.importorskip(
        "benchmarks.peers.erlang_peer", exc_type=ImportError
    )
    modules = ("storming", "cascading")
    ours = {
        each.name for each in SCENARIOS if each.__module__.rpartition(".")[2] in modules
    }

    assert len(ours) == 13
    assert ours <= set(erlang_peer.ERLANG)


@pytest.mark.parametrize("name", ["cascade_3x10", "cascade_5x5", "cascade_10x2"])
@pytest.mark.parametrize("count", [10, 8_000])
def test_erlang_stops_whole_trees(name: str, count: int) -> None:
    """A count becomes trees of the same shape as ours."""
    erlang_peer = pytest.importorskip(
        "benchmarks.peers.erlang_peer", exc_type=ImportError
    )
    size = tree_size(*TREES[name])

    result = done_by(erlang_peer.ERLANG[name], count)

    assert result.count == max(1, count // size) * size


def test_without_erl_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Erlang is missing where it is not on the PATH."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delitem(sys.modules, "benchmarks.peers.erlang_peer", raising=False)

    assert provided_by("erlang") == "erl is not on the PATH"


@pytest.mark.parametrize("package", ["uvloop", "triotp", "fauxtp", "pykka"])
def test_a_peer_that_is_not_installed_gives_the_reason(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names what cannot be imported."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"benchmarks.peers.{package}_peer", raising=False)

    reason = provided_by(package)

    assert isinstance(reason, str)
    assert package in reason


def test_sources_that_do_not_compile_are_a_missing_peer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the compiler says is the reason, and nothing is left of the attempt."""
    erlang_peer = pytest.importorskip(
        "benchmarks.peers.erlang_peer", exc_type=ImportError
    )
    source = tmp_path / "wrong.erl"
    source.write_text("-module(wrong).\nnonsense\n")
    monkeypatch.setattr(erlang_peer, "SOURCES", [source])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(MissingPeerError, match=r"wrong\.erl"):
        erlang_peer.compiled()

    assert list(tmp_path.iterdir()) == [source]


def test_an_erlang_program_that_fails_says_why() -> None:
    """What the emulator prints becomes the error."""
    erlang_peer = pytest.importorskip(
        "benchmarks.peers.erlang_peer", exc_type=ImportError
    )

    with pytest.raises(erlang_peer.ErlangError, match="unheard_of"):
        erlang_peer.emulated("unheard_of", 1, 0, 0)


def test_an_erlang_program_with_a_wrong_total_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check is made on this side, from the count."""
    erlang_peer = pytest.importorskip(
        "benchmarks.peers.erlang_peer", exc_type=ImportError
    )

    def emulated(*_words: object) -> dict[str, float]:
        return {"seconds": 1.0, "total": 11}

    monkeypatch.setattr(erlang_peer, "emulated", emulated)

    with pytest.raises(WrongResultError, match="the total is 11, it must be 12"):
        erlang_peer.ERLANG["tell"](Run(12))


@pytest.mark.parametrize(
    ("count", "leaves"), [(1, 1), (9, 1), (10, 10), (20_000, 10_000), (99, 10)]
)
def test_a_tree_of_tens_has_a_power_of_ten_leaves(count: int, leaves: int) -> None:
    """The largest one that is not more than the count."""
    assert whole_tree(count) == leaves


def test_the_leaves_of_a_tree_hold_the_numbers_below_their_count() -> None:
    """Their sum is known without adding them up."""
    assert sum_below(1_000) == sum(range(1_000))
