"""A pooler that lends its few connections for a transaction each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.postgres.server import (
    PASSWORD,
    PATIENCE,
    Server,
    free_port,
    open_folder,
    patiently,
    run_as,
    somebody,
)


def find_pooler() -> str | None:
    """Give the program; None: there is none."""
    return shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


@contextmanager
def open_pooler(program: str, server: Server) -> Generator[str]:
    """Run one before a server; gives how it is reached."""
    with open_folder() as folder:
        port, who = free_port(), somebody()
        settings = Path(folder) / "pgbouncer.ini"
        quoted = PASSWORD.replace("'", "''")
        settings.write_text(
            "[databases]\n"
            f"postgres = host=127.0.0.1 port={server.port} user=keeper"
            f" password='{quoted}'\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
            f"logfile = {folder}/log\n"
        )
        if who is not None:
            for each in (folder, settings):
                os.chown(each, who.pw_uid, who.pw_gid)
        with subprocess.Popen(  # noqa: S603 - a program of the system's
            [program, "-q", str(settings)],
            stderr=subprocess.DEVNULL,
            **run_as(who, folder),
        ) as process:
            try:
                dsn = f"host=127.0.0.1 port={port} dbname=postgres user=keeper"
                for _ in patiently():
                    assert process.poll() is None, (Path(folder) / "log").read_text()
                    if server.is_ready(port):
                        break
                yield dsn
            finally:
                process.terminate()
                process.wait(PATIENCE)
