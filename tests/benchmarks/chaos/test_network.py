"""The network of chaos: machines that hear each other, or one of them not."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.chaos.network import Network, NoNetworkError, Spot, open_network

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def opens() -> None:
    """Skip where there can be no networks."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("no network namespaces: that takes root, and iproute2")
    try:
        with open_network(0):
            pass
    except NoNetworkError as error:
        pytest.skip(f"no network namespaces here: {error}")


@pytest.fixture
def network() -> Generator[Network]:
    """A network with one node."""
    opens()
    with open_network(1) as opened:
        yield opened


def socket_at(spot: Spot) -> socket.socket:
    """Make a socket on a machine: a thread goes there, and ends."""
    made: list[socket.socket] = []

    def make() -> None:
        with Path(spot.path).open() as there:
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.setns(there.fileno(), _NEW_NETWORK) == 0
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind((spot.address, 7))
        found.settimeout(10)
        made.append(found)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def test_a_way_that_is_cut_loses_what_is_sent_on_it(network: Network) -> None:
    """What comes the other way arrives, and all does when it is mended."""
    one, other = network.server, network.spots[0]
    with socket_at(one) as here, socket_at(other) as there:
        network.cut(one, other)
        here.sendto(b"lost", (other.address, 7))
        there.sendto(b"back", (one.address, 7))
        assert here.recv(10) == b"back"
        network.mend(one, other)
        here.sendto(b"there", (other.address, 7))

        assert there.recv(10) == b"there"


def test_all_of_it_is_removed() -> None:
    """Also when something goes wrong, and what a run has left that was killed."""
    opens()
    left = "chaos-4194305-0"  # no process has this id
    subprocess.run(["ip", "netns", "add", left], check=True)  # noqa: S603, S607

    def fails() -> None:
        with open_network(1) as opened:
            assert Path(opened.server.path).exists()
            raise KeyError(opened.server.path)

    with pytest.raises(KeyError) as caught:
        fails()

    assert not Path(caught.value.args[0]).exists()
    assert not Path(f"/run/netns/{left}").exists()


def test_a_place_is_nobody_elses(network: Network) -> None:
    """Where another node is, none is put."""
    (spot,) = network.spots

    assert network.free([]) == spot
    with pytest.raises(LookupError):
        network.free([spot.path])
