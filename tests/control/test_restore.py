"""A socket whose folder is emptied under it comes back by itself."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
import trio

from supervision.control import SocketHeldError, SocketPathError, bind_socket
from supervision.control import server as room
from supervision.control.socket import BoundSocket
from tests.control.client import serving


def connects(path: Path) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def lose(folder: Path, what: str) -> None:
    """Remove the socket's file, its lock's, both, or the folder."""
    if what == "folder":
        shutil.rmtree(folder)
    for each in ("a.sock", "a.sock.lock"):
        if what in {each, "both"}:
            (folder / each).unlink()


@pytest.mark.parametrize("what", ["a.sock", "a.sock.lock", "both", "folder"])
def test_what_was_removed_is_made_again(tmp_path: Path, what: str) -> None:
    """And held as before: a second one is refused; nothing is left at the end."""
    folder = tmp_path / "run"
    path = folder / "a.sock"
    with bind_socket(path) as bound:
        before = bound.socket
        assert not bound.is_lost()
        assert not bound.restore()
        lose(folder, what)
        assert bound.is_lost()

        again = bound.restore()

        assert again is (what != "a.sock.lock")
        assert (bound.socket is before) is (not again)
        before.close() if again else None
        assert not bound.is_lost()
        assert connects(path)
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(SocketHeldError):
            bind_socket(path)
    assert list(folder.iterdir()) == []
    assert not bound.is_lost()
    assert not bound.restore()


def test_who_has_taken_the_path_meanwhile_keeps_it(tmp_path: Path) -> None:
    """The first one says whose it is; when that one has gone it is its own again."""
    path = tmp_path / "a.sock"
    with bind_socket(path) as bound:
        lose(tmp_path, "both")
        other = bind_socket(path)
        with pytest.raises(SocketHeldError, match=str(os.getpid())):
            bound.restore()
        assert connects(path)
        other.close()

        assert bound.is_lost()
        bound.socket.close()
        assert bound.restore()
        assert connects(path)


def test_a_folder_that_is_somebody_elses_now_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder for all, such as /tmp, anybody may make one of that name."""
    with bind_socket(tmp_path / "run" / "a.sock") as bound:
        lose(tmp_path / "run", "both")
        monkeypatch.setattr("supervision.control.socket._owner_of", somebody)
        with pytest.raises(SocketPathError, match="another user's now"):
            bound.restore()


def test_something_else_at_the_path_stays(tmp_path: Path) -> None:
    """It is somebody's."""
    path = tmp_path / "a.sock"
    with bind_socket(path) as bound:
        path.unlink()
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(SocketPathError, match="there is a file"):
            bound.restore()
        assert bound.is_lost()
        assert path.read_text(encoding="utf-8") == "mine"


def test_a_socket_that_cannot_listen_again_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No descriptor is left over."""
    path = tmp_path / "a.sock"

    def fail(bound: BoundSocket) -> None:
        raise SocketPathError(bound.path, "no room")

    with bind_socket(path) as bound:
        path.unlink()
        bound.socket.close()
        with monkeypatch.context() as patch:
            patch.setattr("supervision.control.socket._listen", fail)
            with pytest.raises(SocketPathError, match="no room"):
                bound.restore()
        assert bound.restore()
        assert connects(path)


def test_the_folder_of_no_file_is_nobodys(tmp_path: Path) -> None:
    """It is made for us alone."""
    from supervision.control.socket import _owner_of  # noqa: PLC0415

    assert _owner_of(str(tmp_path / "a")) == os.getuid()
    assert _owner_of(str(tmp_path / "b" / "a")) is None


def forget(path: Path) -> None:
    """Remove the socket's file, and its lock's."""
    path.unlink()
    Path(f"{path}.lock").unlink()


def somebody(path: str) -> int:
    """Another user's id."""
    del path
    return os.getuid() + 1


async def until(path: Path, *, there: bool = True) -> None:
    """Wait until somebody listens there."""
    with trio.fail_after(100):
        while connects(path) is not there:  # noqa: ASYNC110 - a file has no event
            await trio.lowlevel.checkpoint()


async def test_a_service_answers_again_and_goes_on_with_who_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that was open stays, new ones find the new socket."""
    monkeypatch.setattr(room, "LOOK", 0.001)
    async with serving(tmp_path) as served:
        path = Path(served.path)
        old = await served.connect()
        await old.send_all(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        forget(path)
        await until(path)

        assert (await served.get("/health")).status == 200
        await old.send_all(b"Connection: close\r\n\r\n")
        assert b"200" in await old.receive_some()
        await old.aclose()
    assert "was removed: made again" in caplog.text


async def test_a_service_says_once_that_another_has_its_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And takes it again when that one has gone."""
    monkeypatch.setattr(room, "LOOK", 0.001)
    async with serving(tmp_path) as served:
        path = Path(served.path)
        forget(path)
        other = bind_socket(path)
        with trio.fail_after(100):
            while "held by process" not in caplog.text:  # noqa: ASYNC110
                await trio.lowlevel.checkpoint()
        other.close()
        await until(path)

        assert (await served.get("/health")).status == 200
    assert caplog.text.count("held by process") == 1
