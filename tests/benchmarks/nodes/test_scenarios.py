"""Scenarios with nodes do their work, in small; peers that are missing say so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trio

from benchmarks.nodes.handing import NodeKilled
from benchmarks.nodes.rivals import SESSIONS, DurableTurns
from benchmarks.nodes.sharing import OutcomeElsewhere, seconds_of
from benchmarks.peers import MissingPeerError, restate_peer
from benchmarks.postgres.server import binaries
from benchmarks.run import Run

needs_server = pytest.mark.skipif(binaries() is None, reason="there is no PostgreSQL")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_a_process_that_has_ended_takes_no_time() -> None:
    """A server's workers end while they are counted; its parent has their time."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()

    assert seconds_of(ended.pid) == 0
    assert seconds_of(os.getpid()) > 0


def test_turns_are_kept_in_a_file() -> None:
    """Each session takes its turns, and the figure is of all of them."""
    run = Run(2 * SESSIONS)

    trio.run(DurableTurns().file, run)

    assert run.result().count == 2 * SESSIONS


@needs_server
def test_turns_are_kept_on_a_server() -> None:
    """As in a file."""
    run = Run(2 * SESSIONS)

    trio.run(DurableTurns().ours, run)

    assert run.result().count == 2 * SESSIONS


@needs_server
def test_an_outcome_comes_from_another_node() -> None:
    """Every prompt is answered, and each gives a sample."""
    run = Run(3)

    trio.run(OutcomeElsewhere().ours, run)

    assert run.result().count == 3


def test_a_lease_is_what_its_loss_is_compared_with() -> None:
    """The floor is the lease."""
    run = Run(1)

    NodeKilled().ttl(run)

    assert run.result().value == pytest.approx(2_000_000)


def test_a_server_of_others_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BENCH_RESTATE", raising=False)

    with pytest.raises(MissingPeerError, match="npm install"):
        restate_peer.program()
