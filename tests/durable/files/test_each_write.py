"""D12: a file as each write leaves it, which is what a kill there would leave."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import apsw
import attrs
import pytest

from actors import Completed, Failed, Session, Turn, open_system
from supervision import RouterRef, start_router
from supervision.durable import SqliteStore, TurnInterruptedError
from supervision.durable._sqlite import database as database_file
from supervision.durable._sqlite.sql import connect
from tests.durable.store.disk import integrity

NAMES = ("one", "two", "bad", "three")


@attrs.frozen
class Image:
    """The file and its log after one write, and what had been told by then."""

    files: dict[str, bytes]
    accepted: frozenset[str]
    completed: frozenset[str]


class Camera:
    """Takes an image of a file after each write to it."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.images: list[Image] = []
        self.accepted: set[str] = set()
        self.completed: set[str] = set()

    def take(self) -> None:
        """Take one, if it is on."""
        if self.folder is not None:
            files = {
                name: (self.folder / name).read_bytes()
                for name in ("chat.db", "chat.db-wal")
                if (self.folder / name).exists()
            }
            told = frozenset(self.accepted), frozenset(self.completed)
            self.images.append(Image(files, *told))


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Generator[Camera]:
    """A camera for all files that are opened by a store."""
    made = Camera()

    class Watched(apsw.VFSFile):
        def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's
            disk: Any = super()  # apsw says half of its types
            disk.xWrite(data, offset)
            made.take()

    class Disk(apsw.VFS):
        def __init__(self) -> None:
            super().__init__("watched", "")

        def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
            return Watched("", name, flags)

    disk = Disk()

    def watched(path: Path) -> Any:  # Any: see `connect`
        flags = apsw.SQLITE_OPEN_READWRITE
        return apsw.Connection(os.fspath(path), flags=flags, vfs="watched")

    monkeypatch.setattr(database_file, "connect", watched)
    yield made
    disk.unregister()


class Notes(Session[str, str, tuple[str, ...]]):
    """Leaves all that a turn can leave."""

    initial_state = ()
    entry_type = str

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> None:
        """A state, an entry, a prompt for another session, a reminder."""
        turn.state = (*turn.state, turn.prompt)
        if turn.key == "ann":
            turn.history.append(turn.prompt)
            turn.send("bob", f"from {turn.prompt}", id=turn.prompt)
            turn.remind(turn.prompt, after=10**6, prompt="late")
        if turn.prompt == "bad":
            raise ValueError(turn.prompt)


Router = RouterRef[str, str]


async def first_process(path: Path, camera: Camera) -> None:
    """Have four prompts answered; the camera is on from before the first one."""
    async with open_system() as system:
        router = start_router(system, Notes, durable=SqliteStore(path))
        await (await router.accept("ann", "before")).outcome()
        camera.folder = path.parent
        for name in NAMES:
            attempts = 2 if name == "two" else 1
            receipt = await router.accept("ann", name, id=name, attempts=attempts)
            camera.accepted.add(name)
            if isinstance(await receipt.outcome(), Completed):
                camera.completed.add(name)
        camera.folder = None


async def found(router: Router, key: str, name: str) -> object:
    """The outcome of a prompt; None: nobody knows it."""
    receipt = await router.find(key, name)
    return await receipt.outcome() if receipt is not None else None


async def check(path: Path, image: Image) -> int:
    """Open an image as the next process would; how many prompts were interrupted."""
    interrupted = 0
    right = ["before"]
    async with open_system() as system:
        router: Router = start_router(system, Notes, durable=SqliteStore(path))
        for name in NAMES:
            outcome = await found(router, "ann", name)
            sent = await found(router, "bob", name)
            assert name not in image.accepted or outcome is not None
            assert name not in image.completed or isinstance(outcome, Completed)
            assert isinstance(outcome, Completed) == (sent is not None)
            if isinstance(outcome, Completed):
                right.append(name)
            elif isinstance(outcome, Failed):
                cut = isinstance(outcome.error, TurnInterruptedError)
                assert cut or name == "bad"
                assert not cut or name != "two"  # it is tried again
                interrupted += cut

        async def look(turn: Turn[str, str, tuple[str, ...]]) -> None:
            assert list(turn.state) == right
            assert list(await turn.history.window(9)) == right

        assert isinstance(await router.run_exclusive("ann", look).outcome(), Completed)
    assert integrity(path) == "ok"
    connection = connect(path)
    names = connection.execute("select name from reminders").fetchall()
    connection.close()
    assert {name for (name,) in names} == set(right)
    return interrupted


async def test_d12_a_kill_at_each_write_leaves_all_of_a_turn_or_nothing(
    camera: Camera, tmp_path: Path
) -> None:
    """State, history, outcome, what it has sent, and its reminder."""
    folder = tmp_path / "first"
    folder.mkdir()
    await first_process(folder / "chat.db", camera)
    images, interrupted = camera.images, 0
    assert len(images) > 40
    for number, image in enumerate(images):
        place = tmp_path / f"{number}"
        place.mkdir()
        for name, content in image.files.items():
            (place / name).write_bytes(content)
        interrupted += await check(place / "chat.db", image)
    assert interrupted > 0
    assert len({image.completed for image in images}) >= 3
