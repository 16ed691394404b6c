"""Which processes belong to an agent, and how all of them are ended.

A process that an agent has started outlives it, if nobody looks: it may ignore SIGTERM,
have a group or a session of its own, and no parent.  So each agent gets a mark in its
environment, which whatever it starts inherits.  Its *family* is: who has the mark, and
who is in its session (which finds those that were started with an empty environment).
A daemon that is meant to stay is started without the mark: `env -u ACTORS_AGENT ...`.

Whose parent has ended becomes the child of process 1, or of the nearest subreaper, and
that has to reap it.  If we are that (a container without an init), we reap our agents'
families; what else is left to us we do not touch, because its owner may be in this
program, and say so once.

On Linux the family is read from `/proc` and signalled through pidfds, so that no other
process is hit that has got the same number meanwhile.  Elsewhere it is the process
group.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Final

import trio

from .starting import Child

MARK: Final = "ACTORS_AGENT"
"""The variable of the environment."""

_PROC: Final = Path("/proc")
_ROUNDS: Final = 10  # how often we look for who was born while the others were killed
_ROUND: Final = 1.0  # seconds for them to go, each time
_READABLE: Final = hasattr(os, "pidfd_open") and _PROC.joinpath("self/stat").exists()

_log = logging.getLogger("supervision.acp")
_told: list[int] = []  # that nobody reaps


class Family:
    """The processes of one agent, found by its mark and its session.

    Args:
        mark: the value of `MARK` in its environment.
        leader: the process; its session has the same number.
    """

    def __init__(self, mark: str, leader: Child) -> None:
        self._entry = f"{MARK}={mark}".encode()
        self._leader = leader
        self._orphans: set[int] = set()  # to be reaped, if they are our children now
        _mind_orphans(os.getpid())

    async def end(self, within: float) -> None:
        """Ask all to end, kill the rest after `within` seconds; reap the leader.

        Shielded; takes `within` and a moment.  Does nothing if nobody is left.
        """
        with trio.CancelScope(shield=True):
            members = await self._find()
            self._orphans.update(members)
            self._signal_all(members, signal.SIGTERM)
            self._signal_all(members, signal.SIGCONT)  # who is stopped hears nothing
            with trio.move_on_after(within):
                await self._wait(members)
            for _ in range(_ROUNDS):
                members = await self._find()
                self._orphans.update(members)
                if not members and self._leader.returncode is not None:
                    break
                self._signal_all(members, signal.SIGKILL)
                with trio.move_on_after(_ROUND):
                    await self._wait(members)
            else:
                _log.error(
                    "processes of an agent cannot be killed",
                    extra={"leader": self._leader.pid, "processes": members},
                )
            if not _READABLE:
                self._signal_group(signal.SIGKILL)
            await self._reap()

    async def look(self) -> None:
        """Remember who lives now, to reap those that are left to us."""
        self._orphans.update(await self._find())

    async def heir(self, pipe: int) -> int | None:
        """Find one that still reads this pipe, by its inode; None: nobody does."""
        for pid in await self._find():
            with contextlib.suppress(OSError):
                if _input_of(pid) == pipe:
                    return pid
        return None

    async def _find(self) -> list[int]:
        """All that live but the leader."""
        if not _READABLE:
            return []
        own_limiter = trio.CapacityLimiter(1)  # all threads may be busy for long
        return await trio.to_thread.run_sync(self._members, limiter=own_limiter)

    def _members(self) -> list[int]:
        own = os.getuid()
        found: list[int] = []
        for entry in os.scandir(_PROC):
            if not entry.name.isdecimal() or int(entry.name) == self._leader.pid:
                continue
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if own in (0, entry.stat().st_uid) and self._belongs(entry.path):
                    found.append(int(entry.name))
        return found

    def _belongs(self, folder: str) -> bool:
        """Whether it lives and is one of ours.  Raises OSError: there is none."""
        text = Path(folder, "stat").read_bytes()
        # PID (NAME) STATE PARENT GROUP SESSION ...; any character may be in the name
        state, parent, _, session = text[text.rindex(b")") + 2 :].split(maxsplit=4)[:4]
        same = int(session) == self._leader.pid
        if state in b"ZX":
            if same and int(parent) == os.getpid():
                self._orphans.add(int(folder.rpartition("/")[2]))
            return False
        if same:
            return True
        with contextlib.suppress(PermissionError):
            environment = Path(folder, "environ").read_bytes().split(b"\0")
            return self._entry in environment
        return False

    def _signal_all(self, members: list[int], number: signal.Signals) -> None:
        self._signal_group(number)
        for pid in members:
            with contextlib.suppress(OSError), _pidfd(pid) as handle:
                if self._belongs(f"{_PROC}/{pid}"):
                    signal.pidfd_send_signal(handle, number)

    def _signal_group(self, number: signal.Signals) -> None:
        # until it is reaped its number is nobody else's
        if self._leader.returncode is None or not _READABLE:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader.pid, number)

    async def _wait(self, members: list[int]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._leader.wait)
            for pid in members:
                nursery.start_soon(self.wait_one, pid)

    async def wait_one(self, pid: int) -> None:
        """Wait until this one of the family has ended."""
        with contextlib.suppress(OSError), _pidfd(pid) as handle:
            if self._belongs(f"{_PROC}/{pid}"):
                await trio.lowlevel.wait_readable(handle)

    async def _reap(self) -> None:
        """Reap those whose parents have left them to us.

        Who is about to end has no environment any more, so nobody finds it, and is not
        dead yet: it is waited for.  Its dead children are ours only then.
        """
        reaped: set[int] = set()

        async def reap(pid: int) -> None:
            if await _reap_one(pid):
                reaped.add(pid)

        with trio.move_on_after(_ROUND):
            while True:
                reaped.clear()
                async with trio.open_nursery() as nursery:
                    for pid in self._orphans:
                        nursery.start_soon(reap, pid)
                self._orphans -= reaped
                if not reaped:
                    break
        self._orphans.clear()


async def _reap_one(pid: int) -> bool:
    """Reap a child of ours, as soon as it has ended; False: it is none."""
    with contextlib.suppress(OSError):  # it has another parent, which may reap it
        if _reaped(pid):
            return True
        with _pidfd(pid) as handle:
            await trio.lowlevel.wait_readable(handle)
        return _reaped(pid)
    return False


def _reaped(pid: int) -> bool:
    """Reap it if it has ended.  Raises ChildProcessError: it is no child of ours."""
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _input_of(pid: int) -> int:
    """The inode of its standard input.  Raises OSError."""
    return Path(_PROC, str(pid), "fd/0").stat().st_ino


def _mind_orphans(own: int) -> None:
    """Say once that nobody reaps, if this is process 1."""
    if own == 1 and not _told:
        _told.append(own)
        _log.warning(
            "this is process 1, and no init: orphans that are not an agent's are "
            "reaped by nobody (run it under an init, such as `docker run --init`)"
        )


class _pidfd:  # noqa: N801 - used as a function
    """A handle of a process: `with _pidfd(pid) as handle`.  Raises OSError."""

    def __init__(self, pid: int) -> None:
        self._handle = os.pidfd_open(pid)

    def __enter__(self) -> int:
        return self._handle

    def __exit__(self, *error: object) -> None:
        os.close(self._handle)
