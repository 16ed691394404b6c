"""A Python that has no more of Unix than that of Windows has: `hide()` makes it so.

What is not ours is imported before, as it has its own ways there.  Two things stay,
because Trio stands on them here: `select.epoll`, and pairs of sockets.
"""

from __future__ import annotations

import functools
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

NOT_OURS: Final = (
    *("asyncio", "logging.handlers", "multiprocessing.connection", "subprocess"),
    *("trio.testing", "rich.live", "rich.progress", "pytest"),
    *("hypercorn.trio.tcp_server", "starlette.applications", "apsw", "msgspec"),
    *("psycopg", "acp", "opentelemetry.trace", "cryptography.fernet"),
)
MODULES: Final = (
    *("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"),
)
NAMES: Final[dict[ModuleType, str]] = {
    os: """
        EX_OK EX_USAGE O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC
        P_PGID P_PID P_PIDFD WEXITED WIFEXITED WNOHANG WNOWAIT chown chroot ctermid
        eventfd fchmod fchown fdatasync fork forkpty fpathconf getegid geteuid getgid
        getgroups getloadavg getpgid getpgrp getpriority getsid getuid initgroups
        killpg lchown lockf login_tty memfd_create mkfifo mknod nice openpty
        pidfd_open posix_fadvise posix_fallocate posix_spawn pread preadv pwrite
        pwritev register_at_fork sched_getaffinity sched_setaffinity sched_yield
        sendfile setegid seteuid setgid setpgid setpriority setsid setuid statvfs sync
        sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid
        """,
    signal: """
        SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGPWR
        SIGQUIT SIGRTMAX SIGRTMIN SIGSTOP SIGSYS SIGTRAP SIGTSTP SIGTTIN SIGTTOU
        SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK
        SIG_SETMASK SIG_UNBLOCK alarm getitimer pause pidfd_send_signal pthread_kill
        pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait
        """,
    select: "POLLERR POLLHUP POLLIN POLLOUT poll",
    socket: "AF_UNIX SCM_RIGHTS SO_PEERCRED SO_REUSEPORT recv_fds send_fds",
    time: "CLOCK_MONOTONIC CLOCK_REALTIME clock_gettime pthread_getcpuclockid",
}


class _Hidden(MetaPathFinder):
    """Finds no module that is of Unix alone."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Say that there is none, as the interpreter does."""
        del path, target
        if fullname in MODULES:
            msg = f"No module named {fullname!r}"
            raise ModuleNotFoundError(msg, name=fullname)
        return None


def hide() -> None:
    """Take it away, for the rest of this process."""
    for name in NOT_OURS:
        importlib.import_module(name)
    sys.meta_path.insert(0, _Hidden())
    for name in MODULES:
        sys.modules.pop(name, None)
    pair = functools.partial(socket.socketpair, socket.AF_UNIX)
    socket.socketpair = pair
    for module, names in NAMES.items():
        for name in names.split():
            if hasattr(module, name):  # it depends on the version
                delattr(module, name)
