"""A real network: the server, and each node, in a network namespace of its own.

They hang on one bridge.  A way from one to another is cut by giving the sender a wrong
hardware address for the other: what it sends is lost without a word, and what comes the
other way arrives.  For that iproute2 is enough, and to be root.

Names have the process's id in them.  Leaving the block removes all of it; what a run
that was killed has left behind is removed by the next one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

DELAY: Final = 200
"""Milliseconds that a slow node's packets take, one way."""
_NOWHERE: Final = "02:00:00:00:00:fe"  # the hardware address of nobody
_PREFIX: Final = "chaos"
_SUBNET: Final = "10.213.77"


class NoNetworkError(Exception):
    """There can be no networks here: it takes root, and `ip` (iproute2)."""


@attrs.frozen
class Spot:
    """A namespace: a machine on the network."""

    name: str
    address: str
    link: str
    """Its hardware address."""

    @property
    def path(self) -> str:
        """Where it is found, for nsenter."""
        return f"/run/netns/{self.name}"


@attrs.frozen
class Network:
    """Machines on one network."""

    server: Spot
    spots: tuple[Spot, ...]
    """For nodes."""
    delays: bool
    """Whether this kernel can delay packets."""

    def free(self, used: Collection[str]) -> Spot:
        """Give a machine for a node, other than those that are used (their paths).

        Raises:
            LookupError: all of them are.
        """
        found = [each for each in self.spots if each.path not in used]
        return found[0]

    def cut(self, sender: Spot, to: Spot) -> None:
        """From now on what one sends to another is lost."""
        self._aim(sender, to, _NOWHERE)

    def mend(self, sender: Spot, to: Spot) -> None:
        """It arrives again."""
        self._aim(sender, to, to.link)

    def slow(self, spot: Spot) -> None:
        """Have all that a machine sends arrive later."""
        ip_at(spot.name, "tc", "qdisc", *_dev("add"), "netem", "delay", f"{DELAY}ms")

    def quick(self, spot: Spot) -> None:
        """Have it arrive at once again."""
        ip_at(spot.name, "tc", "qdisc", *_dev("del"))

    @staticmethod
    def _aim(sender: Spot, to: Spot, link: str) -> None:
        ip_at(
            *(sender.name, "ip", "neigh", "replace", to.address),
            *("lladdr", link, "dev", "eth0", "nud", "permanent"),
        )


def ip_at(name: str, *command: str) -> None:
    """Carry a command out in a namespace.  Raises NoNetworkError: it fails."""
    _run("ip", "netns", "exec", name, *command)


@contextmanager
def open_network(nodes: int) -> Generator[Network]:
    """Make a network for a server and so many nodes; leaving removes it.

    Raises:
        NoNetworkError: there can be none here.
    """
    if os.getuid() != 0 or shutil.which("ip") is None:
        raise NoNetworkError
    _remove_old()
    pid = os.getpid()
    bridge = f"{_PREFIX}{pid}"
    try:
        _run("ip", "link", "add", bridge, "type", "bridge")
        _run("ip", "link", "set", bridge, "up")
        server, *spots = (_make(pid, number, bridge) for number in range(nodes + 1))
        for each in (server, *spots):
            for other in (server, *spots):
                if other is not each:
                    Network._aim(each, other, other.link)
        yield Network(server, tuple(spots), _can_delay(server))
    finally:
        _remove(pid)


def _make(pid: int, number: int, bridge: str) -> Spot:
    name, here = f"{_PREFIX}-{pid}-{number}", f"ch{pid}-{number}"
    spot = Spot(name, f"{_SUBNET}.{number + 1}", f"02:00:00:00:01:{number:02x}")
    _run("ip", "netns", "add", name)
    _run(
        *("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0"),
        *("netns", name),
    )
    _run("ip", "link", "set", here, "master", bridge, "up")
    ip_at(name, "ip", "link", "set", "lo", "up")
    ip_at(name, "ip", "link", "set", "eth0", "address", spot.link)
    ip_at(name, "ip", "addr", "add", f"{spot.address}/24", "dev", "eth0")
    ip_at(name, "ip", "link", "set", "eth0", "up")
    return spot


def _can_delay(spot: Spot) -> bool:
    try:
        ip_at(spot.name, "tc", "qdisc", *_dev("add"), "netem", "delay", "1ms")
        ip_at(spot.name, "tc", "qdisc", *_dev("del"))
    except NoNetworkError:
        return False
    return True


def _dev(what: str) -> tuple[str, ...]:
    return (what, "dev", "eth0", "root")


def _remove_old() -> None:
    """Remove what processes have left that are no more."""
    there = _names()
    for pid in {int(found.group(1)) for each in there if (found := _OURS.match(each))}:
        if not Path(f"/proc/{pid}").exists():
            _remove(pid)


_OURS: Final = re.compile(rf"{_PREFIX}-?(\d+)\b")


def _names() -> list[str]:
    """The namespaces and bridges of this machine."""
    spaces = [each.name for each in Path("/run/netns").glob(f"{_PREFIX}-*")]
    links = [each.name for each in Path("/sys/class/net").glob(f"{_PREFIX}[0-9]*")]
    return [*spaces, *links]


def _remove(pid: int) -> None:
    """Remove all that this process has made."""
    for each in Path("/run/netns").glob(f"{_PREFIX}-{pid}-*"):
        subprocess.run(["ip", "netns", "del", each.name], check=False)  # noqa: S603, S607
    if Path(f"/sys/class/net/{_PREFIX}{pid}").exists():
        subprocess.run(  # noqa: S603
            ["ip", "link", "del", f"{_PREFIX}{pid}"],  # noqa: S607
            check=False,
        )


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        msg = f"{' '.join(command)}: {done.stderr.strip()}"
        raise NoNetworkError(msg)
