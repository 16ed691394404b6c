"""Facts about `actors check --store`: what is kept is read by the code of a tree."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from actors import Session, Turn, open_system
from supervision import RouterRef, start_router
from supervision.cli import main
from supervision.durable import SqliteStore
from supervision.service import ExitCode

# Any in this file: of a session of these tests, and its codec

NEW = """
    from __future__ import annotations

    import attrs

    from actors import Session
    from supervision import ChildSpec, Router, Supervisor
    from supervision.durable import SqliteStore


    @attrs.frozen
    class State:
        words: int = 0


    @attrs.frozen
    class Entry:
        text: str


    class Chat(Session[PROMPT, str, State]):
        state_version = VERSION
        entry_version = ENTRIES
        entry_type = Entry

        async def take_turn(self, turn):
            raise AssertionError("nothing is to run")


    def count(state):
        return {"words": len(state["text"].split()) // len(state["text"])}


    def entries(entry):
        if entry["said"] == "odd":
            raise KeyError(entry["said"])
        return {"text": entry["said"]}


    class Tree(Supervisor):
        def declare(self):
            store = SqliteStore(
                "live.db", upcasters=UPCASTERS, entry_upcasters={1: entries}, seal=SEAL
            )
            return [Router.spec(Chat, durable=store, id="router")]


    class Two(Supervisor):
        def declare(self):
            return [
                Router.spec(Chat, durable=SqliteStore(f"{name}.db"), id=name)
                for name in ("one", "two")
            ]


    class None_(Supervisor):
        def declare(self):
            return [Router.spec(Chat, id="router")]
"""


@attrs.frozen
class State:
    """As the old code had it."""

    text: str = ""


@attrs.frozen
class Entry:
    """As the old code had it."""

    said: str


class Chat(Session[str, str, State]):
    """The old code."""

    initial_state = State()
    entry_type = Entry

    async def take_turn(self, turn: Turn[str, str, State]) -> None:
        """Remember it; one of them never ends."""
        if turn.prompt == "wait":
            await trio.sleep_forever()
        turn.history.append(Entry(turn.prompt))
        turn.state = State(turn.prompt)
        turn.remind("later", after=3600, prompt="remind")


class Mask:
    """Seals a body, not well."""

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Turn it round."""
        return context[:1] + data[::-1]

    def open(self, data: bytes, context: bytes) -> bytes:
        """Turn it back."""
        assert data[:1] == context[:1]
        return data[:0:-1]


def write(
    folder: Path, said: Sequence[tuple[str, str]], waits: int = 0, seal: Any = None
) -> Path:
    """Make a copy of a store in which this was said."""

    async def run() -> None:
        async with open_system() as system:
            store = SqliteStore(folder / "old.db", seal=seal)
            router: RouterRef[str, str] = start_router(system, Chat, durable=store)
            for key, text in said:
                await (await router.accept(key, text)).outcome()
            for number in range(waits):
                await router.accept("ann", "wait" if not number else "more")
            await router.backup(folder / "copy.db")
            router.cancel_all("ann")

    trio.run(run)
    return folder / "copy.db"


def look(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    copy: Path,
    *more: str,
    tree: str = "Tree",
    **given: str,
) -> int:
    """Have `actors check` read it by the new code."""
    source = textwrap.dedent(NEW)
    words = {"PROMPT": "str", "VERSION": "2", "ENTRIES": "2", "SEAL": "None"}
    for word, text in {**words, "UPCASTERS": "{1: count}", **given}.items():
        source = source.replace(word, text)
    name = f"new_{abs(hash((str(folder), *given.items()))):x}"
    (folder / f"{name}.py").write_text(source)
    monkeypatch.chdir(folder)
    return main(["check", f"{name}:{tree}", "--store", str(copy), *more])


SAID = [("ann", "a b"), ("bob", "c"), ("bob", "d"), ("eve", "f")]


def test_all_that_is_kept_is_read_and_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """States, entries, what waits, reminders; and no turn is run."""
    copy = write(tmp_path, SAID, waits=2)
    before = copy.read_bytes()

    assert look(tmp_path, monkeypatch, copy) == ExitCode.OK

    told, last = capsys.readouterr().out.splitlines()
    assert told == (
        f"/Tree/router: read of {copy}: 3 keys, 4 entries, 2 prompts that wait, "
        "3 reminders; states brought up to 2: 3 of version 1"
    )
    assert "nothing is wrong" in last
    assert copy.read_bytes() == before
    assert not list(tmp_path.glob("copy.db?*"))
    assert not list(tmp_path.glob("live.db*"))


def test_each_key_that_would_be_held_is_named_with_the_line_that_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Together with others that have the same trouble; five of them."""
    copy = write(tmp_path, [(f"key{number}", "") for number in range(7)])

    assert look(tmp_path, monkeypatch, copy) == ExitCode.CRASHED

    wrong, right, told, last = capsys.readouterr().out.splitlines()
    assert wrong.startswith(
        "wrong  /Tree/router: 7 keys would be held: a state cannot be read: "
        "upcasters[1] raised ZeroDivisionError (new_"
    )
    assert wrong.endswith("'key0', 'key1', 'key2', 'key3', 'key4' and 2 more")
    assert right.startswith("  right: upcasters")
    assert "brought up" not in told
    assert last.endswith("1 wrong; 2 actors looked at")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"UPCASTERS": "{}"}, "3 keys would be held: a state cannot be read: it has"),
        ({"VERSION": "1"}, "it has a field State.text, which this code does not know"),
        ({"PROMPT": "int"}, "prompts would fail: a prompt cannot be read"),
        ({"ENTRIES": "1"}, "4 entries would fail the turn that reads: an entry"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    words: str,
) -> None:
    """Of states, prompts that wait or will come, entries."""
    copy = write(tmp_path, SAID, waits=1)

    code = look(tmp_path, monkeypatch, copy, "--json", **given)

    answer = json.loads(capsys.readouterr().out)
    assert code == ExitCode.CRASHED
    assert any(words in each["what"] for each in answer["findings"])
    assert len(answer["read"]) == 1


def test_a_class_of_a_script_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name is another one where the program is imported."""

    class Mood:
        __module__, __qualname__ = "__main__", "Mood"

    mood = attrs.frozen(Mood)

    class Script(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            turn.state = (mood(),)

    async def run() -> None:
        async with open_system() as system:
            store = SqliteStore(tmp_path / "old.db", types=(mood,))
            router = start_router(system, Script, durable=store)
            await (await router.accept("ann", "milk")).outcome()

    trio.run(run)

    assert look(tmp_path, monkeypatch, tmp_path / "old.db", VERSION="1") != ExitCode.OK

    wrong, right, *_ = capsys.readouterr().out.splitlines()
    assert "it has an object of __main__.Mood, which is neither declared nor" in wrong
    assert "a program that was run as a script" in wrong
    assert right.startswith("  right: classes in a module that is imported")


def test_one_entry_that_cannot_be_read_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others of its key are read all the same."""
    said = [("ann", "odd" if number == 150 else "x") for number in range(230)]
    copy = write(tmp_path, said)

    assert look(tmp_path, monkeypatch, copy) == ExitCode.CRASHED

    wrong, _, told, _ = capsys.readouterr().out.splitlines()
    assert "1 entry would fail the turn that reads: an entry cannot be read" in wrong
    assert "230 entries" in told


def test_sealed_bodies_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the seal of the tree; without it nothing can be read."""
    copy = write(tmp_path, SAID, seal=Mask())
    seal = f"__import__('{__name__}', fromlist=['Mask']).Mask()"

    assert look(tmp_path, monkeypatch, copy, SEAL=seal) == ExitCode.OK
    assert look(tmp_path, monkeypatch, copy) == ExitCode.CRASHED
    assert "3 keys would be held" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tree", "more", "words"),
    [
        ("Two", (), "say by --router whose store it is: /Two/one, /Two/two"),
        ("Two", ("--router", "/x"), "--router /x: those with a store in a file are"),
        ("None_", (), "has a store in a file"),
    ],
)
def test_whose_store_it_is_must_be_clear(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tree: str,
    more: tuple[str, ...],
    words: str,
) -> None:
    """With one router that has one it is."""
    code = look(tmp_path, monkeypatch, tmp_path / "copy.db", *more, tree=tree)

    assert code == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_a_file_that_is_no_store_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is one that is not there, or is empty; none is made."""
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no store " * 200)
    for name, words in (
        ("nothing.db", "there is no such file"),
        ("empty.db", "is empty, or of an older release"),
        ("text.db", "file is not a database"),
    ):
        assert look(tmp_path, monkeypatch, tmp_path / name) == ExitCode.USAGE
        assert words in capsys.readouterr().err
    assert not (tmp_path / "nothing.db").exists()
    assert not (tmp_path / "empty.db").read_bytes()
