"""`bind_socket`: who may have a path, and what may be removed from it."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from supervision.control import SocketHeldError, SocketPathError, bind_socket

BIND = (
    "import sys\n"
    "from supervision.control import bind_socket\n"
    "bound = bind_socket(sys.argv[1])\n"
    "print('bound', flush=True)\n"
    "sys.stdin.read()\n"
)


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Start a process that has bound the path."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", BIND, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"bound\n"
    return process


def connects(path: Path) -> bool:
    """Tell whether somebody listens."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_only_the_owner_can_open_the_socket(tmp_path: Path) -> None:
    """Its mode is 0600 whatever the mask is, and so is that of a folder it makes."""
    path = tmp_path / "run" / "a.sock"
    before = os.umask(0)
    try:
        with bind_socket(path) as bound:
            modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
            listens = connects(path)
        after = os.umask(0)
    finally:
        os.umask(before)

    assert modes == [0o600, 0o700]
    assert (bound.path, listens) == (str(path), True)
    assert after == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_talk_to_it() -> None:
    """The kernel refuses him, in a folder that he may enter."""
    program = (
        "import os, socket, sys\n"
        "os.setgroups([])\n"
        "os.setgid(65534)\n"
        "os.setuid(65534)\n"
        "print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))\n"
    )
    folder = Path(f"/tmp/control-{os.getpid()}")  # noqa: S108 - others may enter it
    folder.mkdir(mode=0o755)
    try:
        with bind_socket(folder / "a.sock") as bound:
            said = subprocess.run(  # noqa: S603 - ours
                [sys.executable, "-W", "ignore", "-c", program, bound.path],
                check=True,
                capture_output=True,
            )
    finally:
        folder.rmdir()

    assert int(said.stdout) == 13  # EACCES


def test_nothing_is_left_afterwards(tmp_path: Path) -> None:
    """Neither the socket nor its lock; closing again does no harm."""
    with bind_socket(tmp_path / "a.sock") as bound:
        there = sorted(each.name for each in tmp_path.iterdir())
    bound.close()

    assert there == ["a.sock", "a.sock.lock"]
    assert list(tmp_path.iterdir()) == []


def test_a_living_holder_is_named(tmp_path: Path) -> None:
    """Its process id is in the error, and it goes on undisturbed."""
    path = tmp_path / "a.sock"
    with holder(path) as process:
        with pytest.raises(
            SocketHeldError, match=f"held by process {process.pid}"
        ) as e:
            bind_socket(path)
        still = connects(path)
        process.kill()

    assert (e.value.path, e.value.pid) == (str(path), process.pid)
    assert still


def test_a_stopped_holder_is_alive(tmp_path: Path) -> None:
    """Who answers nobody just now still has it."""
    path = tmp_path / "a.sock"
    with holder(path) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(SocketHeldError):
            bind_socket(path)
        process.kill()


def test_a_killed_holder_has_left_it_at_once(tmp_path: Path) -> None:
    """Its socket file is stale and replaced."""
    path = tmp_path / "a.sock"
    with holder(path) as process:
        process.kill()
        process.wait()
        stale = path.is_socket() and not connects(path)

        with bind_socket(path):
            listens = connects(path)

    assert stale
    assert listens


def test_the_same_process_has_it_only_once(tmp_path: Path) -> None:
    """The second asker is told that it is itself who holds it."""
    path = tmp_path / "a.sock"

    with bind_socket(path), pytest.raises(SocketHeldError, match=str(os.getpid())):
        bind_socket(path)
    with bind_socket(path):
        pass


def test_a_socket_that_another_program_serves_stays(tmp_path: Path) -> None:
    """Who has no lock but listens is alive, too."""
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()

        with pytest.raises(SocketHeldError) as caught:
            bind_socket(path)
        still = connects(path)

    assert still
    assert caught.value.pid in {os.getpid(), None}
    assert [each.name for each in tmp_path.iterdir()] == ["a.sock"]


def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    """A file, a folder, a link, a pipe: the error says which, and it is all there."""
    made = {"file": "a", "folder": "b", "link": "c", "a pipe": "d"}
    (tmp_path / "a").write_text("mine")
    (tmp_path / "b").mkdir()
    (tmp_path / "c").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "d")
    said: dict[str, str] = {}

    for what, name in made.items():
        with pytest.raises(SocketPathError) as caught:
            bind_socket(tmp_path / name)
        said[what] = str(caught.value)

    assert [what for what, text in said.items() if f"is a {what}" not in text] == [
        "a pipe"
    ]
    assert (tmp_path / "a").read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == list("abcd")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("/tmp/a\0b", "null character"),  # noqa: S108 - never made
        ("/" + "x" * 107, "has 108 bytes.*at most 107.*shorter"),
        ("/" + "é" * 54, "has 109 bytes"),
        ("/proc/nowhere/a.sock", "folder cannot be made: No such file"),
        ("/dev/null/a.sock", "'/dev/null' is not a folder"),
        ("/proc/self/fdinfo/a.sock", "lock file .* cannot be used"),
    ],
)
def test_a_path_that_cannot_be_says_why(path: str, why: str) -> None:
    """In words, and with what would be right."""
    with pytest.raises(SocketPathError, match=why):
        bind_socket(path)


def test_the_longest_path_works(tmp_path: Path) -> None:
    """One byte more is too long."""
    length = 107 - len(os.fsencode(tmp_path)) - 1
    if length < 1:
        pytest.skip("the folder for temporary files has a long name itself")

    with bind_socket(tmp_path / ("x" * length)) as bound:
        listens = connects(Path(bound.path))

    assert listens
    with pytest.raises(SocketPathError, match="shorter"):
        bind_socket(tmp_path / ("x" * (length + 1)))


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's file keeps its content."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "a.sock.lock").symlink_to(victim)

    with pytest.raises(SocketPathError, match=r"a\.sock\.lock"):
        bind_socket(tmp_path / "a.sock")

    assert victim.read_text() == "precious"


def test_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a process that goes elsewhere."""
    monkeypatch.chdir(tmp_path)

    with bind_socket("a.sock") as bound:
        monkeypatch.chdir("/")

    assert bound.path == str(tmp_path / "a.sock")
    assert list(tmp_path.iterdir()) == []


def test_a_successors_socket_is_not_removed(tmp_path: Path) -> None:
    """Who has removed the files by hand and started another keeps that one."""
    path = tmp_path / "a.sock"
    first = bind_socket(path)
    path.unlink()
    (tmp_path / "a.sock.lock").unlink()

    with bind_socket(path):
        first.close()
        listens = connects(path)
        names = sorted(each.name for each in tmp_path.iterdir())

    assert listens
    assert names == ["a.sock", "a.sock.lock"]


def test_a_lock_that_was_just_given_up_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder has removed the file between our open and our lock."""
    path = tmp_path / "a.sock"
    calls: list[int] = []
    real = fcntl.flock

    def flock(lock: int, how: int) -> None:
        if not calls:
            (tmp_path / "a.sock.lock").unlink()
        calls.append(lock)
        real(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with bind_socket(path):
        names = sorted(each.name for each in tmp_path.iterdir())
        with pytest.raises(SocketHeldError):
            bind_socket(path)

    assert names == ["a.sock", "a.sock.lock"]
    assert len(calls) == 3


def test_a_forked_child_has_no_part_in_it(tmp_path: Path) -> None:
    """It outlives its killed parent, and the next one can bind all the same."""
    program = (
        "import os, sys\n"
        "from supervision.control import bind_socket\n"
        "with bind_socket(sys.argv[1]) as bound:\n"
        "    if os.fork() == 0:\n"
        "        bound.close()\n"
        "        print('forked', flush=True)\n"
        "        sys.stdin.read()\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    path = tmp_path / "a.sock"
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"forked\n"
        served = connects(path)  # the child's close has removed nothing

        process.kill()
        process.wait()
        with bind_socket(path):
            listens = connects(path)

    assert served
    assert listens


def test_many_who_want_it_at_once_are_told_apart(tmp_path: Path) -> None:
    """One has it, also when the one before was killed a moment ago."""
    path = tmp_path / "a.sock"
    with holder(path) as dead:
        dead.kill()
    program = BIND.replace("bound = ", "try: bound = ").replace(
        "\nprint('bound', flush=True)",
        "\nexcept Exception as error: sys.exit(type(error).__name__)"
        "\nprint('bound', flush=True)",
    )
    rivals = [
        subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]

    said: list[bytes] = []
    for each in rivals:
        assert each.stdout is not None
        said.append(each.stdout.readline())
    errors = [each.communicate()[1] for each in rivals]

    assert sorted(said) == [b"", b"bound\n"]
    assert sorted(errors) == [b"", b"SocketHeldError\n"]


def test_the_errors_are_errors_of_the_system() -> None:
    """For who catches `OSError`."""
    held, wrong = SocketHeldError("/a", None), SocketPathError("/b", "no")

    assert isinstance(held, OSError)
    assert isinstance(wrong, OSError)
    assert "a process that lives" in str(held)
    assert (wrong.path, wrong.why) == ("/b", "no")
