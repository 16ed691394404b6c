"""A PostgreSQL server in a temporary folder, for `python -m examples.cluster`.

It is run by an ordinary user, listens on a socket in its folder alone, and is gone with
it.
"""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import trio

WANTED = """There is no PostgreSQL server here, which this example would start:
    apt install postgresql          on Debian and Ubuntu
    dnf install postgresql-server   on Fedora
    brew install postgresql         on a Mac"""


def binaries() -> Path | None:
    """Find the programs of a server, the newest; None: there are none."""
    found = [
        each.parent
        for each in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if each.parents[1].name.isdecimal()
    ]
    if found:
        return max(found, key=lambda each: int(each.parent.name))
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there is not None else None


class Server:
    """The server.

    Args:
        programs: where they are.
        folder: where it lives; the path of a socket must be short.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        folder.chmod(0o711)  # the server is run by somebody else, it may be
        self.programs, self.folder = programs, folder / "pg"
        self.folder.mkdir()
        self.dsn = f"host={self.folder} dbname=postgres user=chat"
        self.options: dict[str, Any] = {"cwd": self.folder}
        if os.getuid() == 0:  # a server refuses to be run by root
            who = pwd.getpwnam("nobody")
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.options |= {"user": who.pw_uid, "group": who.pw_gid}
            self.options |= {"extra_groups": ()}
        self.process: subprocess.Popen[Any] | None = None

    async def make(self) -> None:
        """Make its files, and start it."""
        await trio.run_process(
            [
                *(str(self.programs / "initdb"), "--pgdata", str(self.folder / "data")),
                *("--username", "chat", "--auth", "trust", "--no-sync"),
                *("--encoding", "UTF8", "--locale", "C"),
            ],
            capture_stdout=True,
            **self.options,
        )
        await self.start()

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - at once, ours
                [
                    *(str(self.programs / "postgres"), "-D", str(self.folder / "data")),
                    *("-k", str(self.folder), "-c", "listen_addresses="),
                ],
                stdout=log,
                stderr=log,
                **self.options,
            )
        with trio.fail_after(60):
            while not await trio.to_thread.run_sync(self.answers):  # noqa: ASYNC110
                await trio.sleep(0.1)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    async def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask it."""

        def asked() -> list[tuple[Any, ...]]:
            with psycopg.connect(self.dsn) as connection:
                return connection.execute(question.encode()).fetchall()

        return await trio.to_thread.run_sync(asked)

    async def stop(self) -> None:
        """Stop it, without waiting for those who use it."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            await trio.to_thread.run_sync(process.wait)

    async def kill(self) -> None:
        """End it at once, whatever it does: its files go too."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            await trio.to_thread.run_sync(self.process.wait)
