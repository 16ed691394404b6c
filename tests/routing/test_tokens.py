"""The stores of tokens: what is saved is there again, whatever happened meanwhile."""

from __future__ import annotations

import enum
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Session, Turn, open_system
from actors.testing import seeds
from supervision import (
    FileTokens,
    MemoryTokens,
    Tokens,
    TokensFileError,
    TokensHeldError,
    start_router,
)


def make(kind: str, path: Path) -> Tokens:
    """A store of this kind."""
    return MemoryTokens() if kind == "memory" else FileTokens(path / "tokens.jsonl")


KINDS = pytest.mark.parametrize("kind", ["memory", "file"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
LISTS = st.lists(SCALARS)
JSON = SCALARS | LISTS | st.dictionaries(st.text(), SCALARS | LISTS)


@KINDS
def test_what_is_saved_is_there_again(kind: str, tmp_path: Path) -> None:
    """The last token of each key; a key that was forgotten is not there."""
    store = make(kind, tmp_path)

    before = store.load()
    store.save("a", "first")
    store.save("b", {"id": [1, 2.5, None, True, "é\n"]})
    store.save("a", "second")
    store.save("c", 1)
    store.save("c", None)
    store.save("never", None)

    assert before == {}
    assert store.load() == {"a": "second", "b": {"id": [1, 2.5, None, True, "é\n"]}}


@KINDS
def test_a_token_that_is_changed_later_is_kept_as_it_was(
    kind: str, tmp_path: Path
) -> None:
    """The store has its own; so has everybody who loads."""
    store = make(kind, tmp_path)
    store.load()
    token = ["a"]

    store.save("k", token)
    token.append("b")
    loaded: Any = store.load()["k"]
    loaded.append("c")

    assert store.load() == {"k": ["a"]}


class Colour(enum.Enum):
    """Not JSON."""

    RED = 1


LOOP: dict[str, object] = {}
LOOP["me"] = LOOP


@KINDS
@pytest.mark.parametrize(
    "token",
    [
        pytest.param((1, 2), id="tuple"),
        pytest.param({1: 2}, id="keys that are no str"),
        pytest.param({"a": {1}}, id="set"),
        pytest.param(b"bytes", id="bytes"),
        pytest.param(Colour.RED, id="enum"),
        pytest.param(float("nan"), id="nan"),
        pytest.param(float("inf"), id="inf"),
        pytest.param(object(), id="object"),
        pytest.param(LOOP, id="loop"),
    ],
)
def test_only_json_is_kept(kind: str, token: object, tmp_path: Path) -> None:
    """What would not come back as it is; the token before stays."""
    store = make(kind, tmp_path)
    store.load()
    store.save("k", "before")

    with pytest.raises(TypeError, match="a token must be a JSON value"):
        store.save("k", token)

    assert store.load() == {"k": "before"}


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=2), JSON | st.just(None)), max_size=15))
def test_both_stores_keep_the_same(
    tmp_path_factory: pytest.TempPathFactory, saves: list[tuple[str, object]]
) -> None:
    """Any keys, any values; also for who opens the file again."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.jsonl"
    kept: dict[str, object] = {}
    memory, file = MemoryTokens(), FileTokens(path)
    file.load()

    for key, token in saves:
        memory.save(key, token)
        file.save(key, token)
        kept.pop(key, None)
        if token is not None:
            kept[key] = token

    assert memory.load() == file.load() == kept
    file.close()
    assert FileTokens(path).load() == kept
    assert list(FileTokens(path).load()) == list(kept)


def test_a_killed_process_has_lost_nothing(tmp_path: Path) -> None:
    """S92: all five keys are there, those in use and those at rest."""
    path = tmp_path / "tokens.jsonl"
    program = (
        "import os, signal, sys\n"
        "from supervision import FileTokens\n"
        "store = FileTokens(sys.argv[1])\n"
        "store.load()\n"
        "for n in range(5):\n"
        "    store.save(f'chat-{n}', {'id': n})\n"
        "os._exit(9)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)  # noqa: S603

    assert ended.returncode == 9
    assert FileTokens(path).load() == {f"chat-{n}": {"id": n} for n in range(5)}


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    """Wherever the kill struck, what was saved before is there."""
    path = tmp_path / "tokens.jsonl"
    store = FileTokens(path)
    store.load()
    store.save("a", "é" * 3)
    whole = path.read_bytes()
    store.save("b", [1, 23])
    more = path.read_bytes()
    found: list[dict[str, object]] = []
    store.close()

    for length in range(len(whole), len(more) + 1):
        path.write_bytes(more[:length])
        found.append(FileTokens(path).load())

    only_a: dict[str, object] = {"a": "ééé"}
    assert found[:-2] == [only_a] * (len(more) - len(whole) - 1)
    assert found[-2:] == [{**only_a, "b": [1, 23]}] * 2


def test_saving_after_a_cut_off_line_is_safe(tmp_path: Path) -> None:
    """Also for who has not loaded before: the two lines do not become one."""
    path = tmp_path / "tokens.jsonl"
    first = FileTokens(path)
    first.save("a", 1)
    first.close()
    path.write_bytes(path.read_bytes() + b'{"key": "b", "to')

    FileTokens(path).save("c", 3)

    assert FileTokens(path).load() == {"a": 1, "c": 3}


def test_a_write_that_fails_leaves_no_half_line(tmp_path: Path) -> None:
    """The next one sets the file in order first."""
    path = tmp_path / "tokens.jsonl"
    store = FileTokens(path)
    store.load()
    store.save("a", 1)
    path.unlink()
    path.mkdir()

    with pytest.raises(OSError, match=r"tokens\.jsonl"):
        store.save("b", 2)
    path.rmdir()
    path.write_bytes(b'{"key": "a", "token": 1}\n{"key": "b", "tok')
    store.save("c", 3)
    store.close()

    assert FileTokens(path).load() == {"a": 1, "c": 3}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json", "Expecting value"),
        (b'["k", 1]', "expected"),
        (b'{"key": 1, "token": 2}', "expected"),
        (b'{"key": "k"}', "expected"),
        (b'{"key": "k", "token": 2, "more": 3}', "expected"),
        (b"", "Expecting value"),
        (b"\xff\xfe\xff", "decode"),
    ],
)
def test_a_file_that_holds_something_else_is_not_touched(
    line: bytes, why: str, tmp_path: Path
) -> None:
    """The error names file and line, and the file is as before."""
    path = tmp_path / "tokens.jsonl"
    content = b'{"key": "a", "token": 1}\n' + line + b'\n{"key": "b", "token": 2}\n'
    path.write_bytes(content)

    with pytest.raises(TokensFileError, match=why) as caught:
        FileTokens(path).load()
    with pytest.raises(TokensFileError, match=why):
        FileTokens(path).save("c", 3)

    assert (caught.value.path, caught.value.line) == (str(path.resolve()), 2)
    assert str(path.resolve()) + ", line 2: " in str(caught.value)
    assert path.read_bytes() == content


def test_what_is_superseded_is_thrown_away(tmp_path: Path) -> None:
    """By `load`, and also while the process runs: the file does not grow for ever."""
    path = tmp_path / "tokens.jsonl"
    store = FileTokens(path)
    store.load()

    longest = 0
    for number in range(5000):
        store.save(f"k{number % 10}", number)
        longest = max(longest, path.read_bytes().count(b"\n"))
    store.close()
    loaded = FileTokens(path).load()

    assert longest <= 1100
    assert loaded == {f"k{n % 10}": n for n in range(4990, 5000)}
    assert path.read_bytes().count(b"\n") == 10
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["tokens.jsonl", "tokens.jsonl.lock"]


@pytest.mark.parametrize("at", ["load", "save"])
def test_a_rewrite_that_fails_leaves_the_old_file(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one takes its place in one step, or not at all."""
    path = tmp_path / "tokens.jsonl"
    FileTokens(path).save("a", 1)
    content = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        store = FileTokens(path)
        with pytest.raises(OSError, match=r"\d"):
            store.load() if at == "load" else store.save("b", 2)
        left = path.read_bytes()
    store.save("c", 3)
    store.close()

    assert left == content
    assert FileTokens(path).load() == {"a": 1, "c": 3}


def test_the_rewritten_file_has_the_permissions_of_the_old_one(tmp_path: Path) -> None:
    """A token may be a secret."""
    path = tmp_path / "tokens.jsonl"
    FileTokens(path).save("a", 1)
    path.chmod(0o600)

    FileTokens(path).load()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """It is the file behind it that is rewritten."""
    real = tmp_path / "real"
    link = tmp_path / "link"
    link.symlink_to(real)

    FileTokens(link).save("a", 1)

    assert link.is_symlink()
    assert FileTokens(real).load() == {"a": 1}


def test_a_folder_that_does_not_exist_shows_at_once(tmp_path: Path) -> None:
    """When the router loads, not when the first session binds."""
    store = FileTokens(tmp_path / "nowhere" / "tokens.jsonl")

    with pytest.raises(FileNotFoundError):
        store.load()


class Resumed(Session[object, None]):
    """Binds what it is sent, and answers with what was bound before."""

    async def take_turn(self, turn: Turn[object, None]) -> object:
        """Bind it."""
        before = self.token
        self.bind(turn.prompt)
        return before


@seeds(5)
async def test_a_session_finds_what_its_key_has_bound_in_an_earlier_run(
    tmp_path: Path,
) -> None:
    """Each key its own, and no longer than until it is forgotten."""
    store = FileTokens(tmp_path / "tokens.jsonl")
    found: list[object] = []

    for prompts in ((1, 2), (3, None), (4, 5)):
        async with open_system() as system:
            router = start_router(system, Resumed, tokens=store)
            for key, prompt in zip("ab", prompts, strict=True):
                outcome = await router.send(key, prompt).outcome()
                found.append(getattr(outcome, "result", outcome))
        store = FileTokens(store.path)

    assert found == [None, None, 1, 2, 3, None]
    assert store.load() == {"a": 4, "b": 5}
    for key in "ab":  # for the next seed
        store.save(key, None)
    store.close()


def test_a_file_of_another_is_refused(tmp_path: Path) -> None:
    """In this process and in another one, until the first lets go of it."""
    path = tmp_path / "tokens.jsonl"
    first, second = FileTokens(path), FileTokens(path)
    first.load()
    program = (
        "import sys; from supervision import FileTokens as F; F(sys.argv[1]).load()"
    )
    command = [sys.executable, "-c", program, str(path)]

    with pytest.raises(TokensHeldError, match=r"tokens\.jsonl is held by another"):
        second.load()
    with pytest.raises(TokensHeldError):
        second.save("b", 1)
    other = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    first.save("a", 1)
    first.close()

    assert "TokensHeldError" in other.stderr
    assert second.load() == {"a": 1}
    second.save("b", 2)
    with pytest.raises(TokensHeldError):
        first.save("c", 3)
    second.close()
    first.save("c", 3)
    assert first.load() == {"a": 1, "b": 2, "c": 3}
    first.close()


async def test_a_router_lets_go_of_its_file_when_it_ends(tmp_path: Path) -> None:
    """Whoever has the same file is refused at the call, while it lives."""
    path = tmp_path / "tokens.jsonl"
    async with open_system() as system:
        first = start_router(system, Resumed, tokens=FileTokens(path), name="first")
        with pytest.raises(TokensHeldError):
            start_router(system, Resumed, tokens=FileTokens(path))
        await first.send("a", 1).outcome()
        first.ref.kill()
        await first.ref.wait_stopped()
        second = start_router(system, Resumed, tokens=FileTokens(path), name="second")
        assert second.suspended() == ["a"]


async def test_a_store_of_tokens_is_closed_with_its_router() -> None:
    """If it has a `close`: whatever it holds is free then, and held again later."""
    told: list[str] = []

    class Held(MemoryTokens):
        def load(self) -> dict[str, object]:
            told.append("load")
            return super().load()

        def close(self) -> None:
            told.append("close")

    held = Held()
    async with open_system() as system:
        for _ in range(2):
            router = start_router(system, Resumed, tokens=held)
            await router.send("a", 1).outcome()
            router.ref.kill()
            await router.ref.wait_stopped()

    assert told == ["load", "close"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_holds_nothing(tmp_path: Path) -> None:
    """The lock is the parent's alone: when it lets go, the file is free."""
    path = tmp_path / "tokens.jsonl"
    program = (
        "import os, sys; from supervision import FileTokens as F\n"
        "first = F(sys.argv[1]); first.load()\n"
        "told, tell = os.pipe(); hold, go = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.close(go); os.write(tell, b'x'); os.read(hold, 1); os._exit(0)\n"
        "os.read(told, 1); first.close()\n"
        "F(sys.argv[1]).load(); print('free')\n"
    )
    command = [sys.executable, "-c", program, str(path)]

    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603

    assert done.stdout == "free\n", done.stderr
