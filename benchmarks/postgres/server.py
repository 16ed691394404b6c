"""A PostgreSQL server of one's own: made in a folder, stopped by its pid.

It listens on a socket in that folder and on a port of this machine, and waits for its
disk as it would in earnest.  PostgreSQL refuses to run as root: then another user runs
it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import trio

PASSWORD: Final = "q7!s@cret/of ours"  # noqa: S105 - of a server that is ours
"""What its user logs in with; full of what means something in an address."""
USER: Final = "keeper"
HOST: Final = "127.0.0.1"
PATIENCE: Final = 60  # seconds for what takes one


def binaries() -> Path | None:
    """Find the programs of a server; the newest."""
    found: list[Path] = [
        each
        for each in Path("/usr/lib/postgresql").glob("*/bin")
        if (each / "initdb").exists() and each.parent.name.isdecimal()
    ]
    if found:
        return max(found, key=lambda each: int(each.parent.name))
    there = shutil.which("initdb")
    return Path(there).parent if there is not None else None


def somebody() -> pwd.struct_passwd | None:
    """Say who is to run it; None: whoever we are."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


@contextmanager
def open_folder() -> Generator[str]:
    """Make a folder for a server: the path of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield folder


class Server:
    """A server in a folder.

    Args:
        binaries: where its programs are.
        folder: empty.
        host: the address that it listens at, and is reached at from the network of
            this machine's that it is in.
        network: the path of a network namespace that it lives in; "": this process's.
    """

    def __init__(
        self,
        binaries: Path,
        folder: Path,
        *,
        host: str = HOST,
        network: str = "",
    ) -> None:
        self._binaries = binaries
        self.folder = folder
        self.host = host
        self._network = network
        self._data = folder / "data"
        self._who = somebody()
        self.port = free_port()
        self._process: subprocess.Popen[Any] | None = None  # Any: nobody reads
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if self._who is not None:
            for each in (folder, secret):
                os.chown(each, self._who.pw_uid, self._who.pw_gid)
        self._run(
            *("initdb", "--pgdata", str(self._data), "--username", USER),
            *("--pwfile", str(secret), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {self.port}\n"
                f"listen_addresses = '{host}'\n"
                f"unix_socket_directories = '{folder}'\n"
                "fsync = on\n"
                "max_connections = 60\n"
                "log_min_messages = fatal\n"
            )
        if host != HOST:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet scram-sha-256\n")

    def dsn(self, *, host: str | None = None, database: str = "postgres") -> str:
        """Say how it is reached; by its folder from every network of this machine."""
        quoted = PASSWORD.replace("\\", r"\\").replace("'", r"\'")
        return (
            f"host={host or self.host} port={self.port} dbname={database} user={USER}"
            f" password='{quoted}'"
        )

    def do(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Carry statements out, from outside; the rows of the last one, or nothing."""
        rows: list[Any] = []
        with self.connect(database) as connection:
            for each in statements:
                cursor = connection.execute(each.encode())
                rows = cursor.fetchall() if cursor.description is not None else []
        return rows

    def connect(self, database: str = "postgres") -> Any:  # Any: it may be missing
        """Make a connection."""
        import psycopg  # noqa: PLC0415 - where there is none, nothing is asked

        return psycopg.connect(self.dsn(database=database), autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        log, there = self.folder / "log", self._there()
        how = run_as(None if there else self._who, self.folder)
        program = str(self._binaries / "postgres")
        with log.open("ab") as output:
            process = self._process = subprocess.Popen(  # noqa: S603 - ours
                [*there, program, "-D", str(self._data)],
                stdout=output,
                stderr=output,
                **how,
            )
        for _ in patiently():
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            ready = (self._data / "postmaster.pid").exists() and self.is_ready()
            if ready:
                return
        raise RuntimeError(log.read_text())

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it: SIGINT is "fast", SIGQUIT "immediate"."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(how)
            process.wait(PATIENCE)

    def restart(self, how: int = signal.SIGINT) -> None:
        """Stop it, and start it again, on the same port."""
        self.stop(how)
        self.start()

    @contextmanager
    def stopped(self) -> Generator[None]:
        """Have all its processes stand still in this block."""
        pids = [self.pid, *_children(self.pid)]
        for each in pids:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    async def until_waiting(self) -> None:
        """Wait until somebody waits for a lock."""
        asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        await until(lambda: self.do(asked) != [(0,)])

    @property
    def pid(self) -> int:
        """Of its first process."""
        assert self._process is not None
        return self._process.pid

    def is_ready(self, port: int | None = None) -> bool:
        """Whether somebody takes connections at this port, or at its own."""
        done = subprocess.run(  # noqa: S603 - ours
            [
                *(str(self._binaries / "pg_isready"), "-q"),
                *("-h", self.host if port else str(self.folder)),
                *("-p", str(port or self.port)),
            ],
            check=False,
            timeout=PATIENCE,
        )
        return done.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - ours
            [str(self._binaries / program), *arguments],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
            **run_as(self._who, self.folder),
        )

    def _there(self) -> list[str]:
        """Go into its network, as who runs it."""
        if not self._network:
            return []
        who = self._who
        by = [f"--setuid={who.pw_uid}", f"--setgid={who.pw_gid}"] if who else []
        return ["nsenter", f"--net={self._network}", *by, "--"]


def run_as(who: pwd.struct_passwd | None, folder: Path | str) -> dict[str, Any]:
    """Give options of `Popen`, for this user and folder; Any: each has its type."""
    if who is None:
        return {"cwd": folder}
    user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": ()}
    return {"cwd": folder, **user}


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a server to have seen something."""
    with trio.fail_after(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - nobody here is told
            await trio.sleep(0.01)


def _children(pid: int) -> list[int]:
    """List the processes of one."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in listed.read_text().split()]


def patiently() -> Iterator[None]:
    """Step by step, a twentieth of a second each."""
    pause = threading.Event()
    for _ in range(20 * PATIENCE):
        yield
        pause.wait(0.05)


def free_port() -> int:
    """Find a port of this machine that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
