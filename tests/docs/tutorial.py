"""The tutorial, done as a reader does it: files are saved, commands typed.

`pages.py` says what a file is, and how it is changed.  A console block is typed into a
terminal, line by line, and must say what stands there: `...` is anything, and times,
process ids and widths are theirs.  A comment before it says what a person does without
being told:

    <!-- terminal 2 -->   where; 1 if nothing is said
    <!-- serves -->       it goes on, and is ready before anything else is typed
    <!-- goes on -->      it goes on, and has said this before anything else is typed
    <!-- at last -->      it is typed again and again until it says this
    <!-- further -->      nothing is typed: what the command there says to its end
    <!-- Ctrl-C -->       the same, after this was pressed
    <!-- says -->         nothing is typed: what it says next, and it goes on
    <!-- presses Ctrl-C -->  before that, this was pressed
    <!-- leaves 2 -->     Ctrl-C was pressed in that terminal
    <!-- ended 1 -->      what went on in that terminal is killed: `(sleep 2; ...) &`
    <!-- server -->       here and below a PostgreSQL server is needed
    <!-- elsewhere -->    not typed here: it installs something
    <!-- if need be -->   a reader of all pages need not type it
    <!-- takes 3 s -->    how long a person waits here; `test_tutorial.py` adds it up

A person has time, so here nothing takes any: each `trio.sleep(...)` of a file is over
at once, or when `<!-- go on -->` comes, if `<!-- hold -->` was before.  In between
`<!-- a word -->` lets one of them be over.  What is virtual time on its own page is
that there alone: later ones have its file as a service.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs

from .pages import PATIENCE, ROOT, Program, before, jumping, programs

FOLDER: Final = ROOT / "docs" / "tutorial"
DSN: Final = "postgresql:///chat"  # of the page
TRIES: Final = 100  # of a command that says it at last
SIZE: Final = (50, 100)  # of a terminal: rows, columns
WHEN_TOLD: Final = "(until [ -e later ]; do sleep 0.1; done;"
GATE: Final = """
from pathlib import Path
import trio

async def pause(seconds: float) -> None:
    del seconds
    await trio.sleep(0)
    while Path("hold").exists():
        try:
            Path("word").unlink()
        except FileNotFoundError:
            await trio.sleep(0.01)
        else:
            return
"""
_BLOCK = re.compile(
    r"((?:<!-- [^>\n]+ -->\n)*)```(python|diff|console)\n(.*?)```", re.DOTALL
)
_THEIRS = re.compile(
    r"(\.\.\.|\d\d:\d\d:\d\d\.\d+|(?:\d+m)?\d+(?:\.\d+)? ?m?s\b|\d+\.\d+|\d+ [KM]iB"
    r"|user \d+|/[\w/.-]+/[\w-]+\.sock|\b\d{4,7}\b| +)"
)
_LATER = re.compile(r"\(sleep \d+;")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@attrs.frozen
class Block:
    """A file to save, or lines of a terminal."""

    notes: tuple[str, ...]
    language: str
    text: str

    @property
    def terminal(self) -> int:
        """In which it is typed."""
        found = re.search(r"terminal (\d)", " ".join(self.notes))
        return int(found[1]) if found is not None else 1

    def commands(self) -> list[tuple[str, str]]:
        """What is typed, and what is said then; the first may be nothing."""
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append((line[2:].strip(), ""))
            else:
                typed, said = found.pop() if found else ("", "")
                found.append((typed, said + line))
        return found


def blocks(page: str) -> list[Block]:
    """Those of a page, in their order."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    return [
        Block(
            tuple(
                note
                for comment in re.findall(r"<!-- (.+) -->", notes)
                for note in comment.split(", ")
            ),
            language,
            body,
        )
        for notes, language, body in _BLOCK.findall(text)
    ]


def pattern(shown: str) -> str:
    """A regular expression of what a page shows."""
    made = ""
    for line in shown.splitlines():
        if line.strip() == "...":
            made += r"(?:.*\n)*?"
            continue
        for number, part in enumerate(_THEIRS.split(line.rstrip())):
            if number % 2 == 0:
                made += re.escape(part)
            elif part.isspace():
                made += " +"
            else:
                made += r"\d+" if part.isdigit() else ".*?"
        made += r" *(?:\n|\Z)"  # an answer over HTTP may end without one
    return made


class Terminal:
    """A terminal of its own, in which one command after the other is typed."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.said = ""
        self.seen = 0  # characters of it that were looked for
        self.heard = threading.Condition()
        self.reader: threading.Thread | None = None

    def type(self, command: str) -> None:
        """Type a command."""
        assert self.process is None, f"something runs here: {self.said}"
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", *SIZE, 0, 0))
        self.said, self.seen = "", 0
        self.process = subprocess.Popen(  # noqa: S603 - our own documentation
            ["/bin/sh", "-c", command],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
        )
        os.close(follower)
        self.reader = threading.Thread(target=self._read, args=(leader,))
        self.reader.start()

    def _read(self, leader: int) -> None:
        with open(leader, "rb", buffering=0) as file:
            while True:
                try:
                    some = file.read(65536)
                except OSError:  # Linux says so that the other end is closed
                    some = b""
                with self.heard:
                    self.said += _COLOURS.sub("", some.decode(errors="replace"))
                    self.heard.notify_all()
                if not some:
                    return

    def wait_said(self, shown: str) -> None:
        """Wait until it has said this, among other things, behind what was seen."""
        wanted = re.compile(f"^{pattern(shown)}", re.MULTILINE)
        with self.heard:
            found = self.heard.wait_for(
                lambda: wanted.search(self.said, self.seen), PATIENCE
            )
        assert found, f"{shown}\nis not in\n{self.said[self.seen :]}"
        self.seen = found.end()

    def wait(self) -> int:
        """Wait until it has ended; its status."""
        assert self.process is not None
        assert self.reader is not None
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process = None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to what runs here, as its terminal does."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def close(self) -> None:
        """End what still runs."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.wait()


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


class Reader:
    """Somebody who does what a page says.

    Args:
        page: its name.
        folder: where they work; its path must be short, a socket is in it.
        server: the address of a PostgreSQL server; None: there is none.
    """

    def __init__(self, page: str, folder: Path, server: str | None = None) -> None:
        self.page = page
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("8000", "8001", "8002")}
        self.server = server
        size = ("COLUMNS", "LINES")  # the terminal's is the one that counts
        self.environment = {
            **{name: each for name, each in os.environ.items() if name not in size},
            "ACTORS_RUNTIME_DIR": str(folder / "run"),
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONWARNINGS": "error",
            "TERM": "xterm",
        }
        (folder / "gate.py").write_text(GATE, encoding="utf-8")
        self.terminals: dict[int, Terminal] = {}

    def do(self) -> None:
        """Do all of it."""
        for program in before(FOLDER / self.page):
            self.save(program)
        files = iter(programs(FOLDER / self.page))
        try:
            for block in blocks(self.page):
                if "server" in block.notes and self.server is None:
                    return  # there is none: the rest of the page is about it
                if block.language != "console":
                    self.save(next(files))
                elif "elsewhere" not in block.notes:
                    self.obey(block)
        finally:
            for terminal in self.terminals.values():
                terminal.close()

    def save_all(self) -> None:
        """Save all files, and type nothing."""
        path = FOLDER / self.page
        for program in (*before(path), *programs(path)):
            self.save(program)

    def here(self, text: str) -> str:
        """A text of the page, as it is here."""
        for old, new in self.ports.items():
            text = text.replace(old, new)
        return text.replace(DSN, self.server) if self.server is not None else text

    def save(self, program: Program) -> None:
        """Save a file, if it is one."""
        if program.file is None:
            return
        code = self.here(program.code)
        here = (ROOT / program.page).samefile(FOLDER / self.page)
        if "virtual time" in program.notes and here:
            code = jumping(code)
        else:
            code = code.replace("trio.sleep(", "pause(")
            code = f"from gate import pause\n{code}"
        (self.folder / program.file).write_text(code, encoding="utf-8")

    def obey(self, block: Block) -> None:
        """Type what a block says, and look at what is said."""
        self.do_first(block)
        if block.terminal not in self.terminals:
            new = Terminal(self.folder, self.environment)
            self.terminals[block.terminal] = new
        terminal = self.terminals[block.terminal]
        for command, shown in block.commands():
            said = self.here(shown)
            if command.startswith("export "):
                name, _, value = command.removeprefix("export ").partition("=")
                self.environment[name] = self.here(value)
            elif command:
                self.type(terminal, block, self.here(command), said)
            else:
                self.look(terminal, block, said)

    def do_first(self, block: Block) -> None:
        """Do what is done before a block."""
        if "hold" in block.notes:
            (self.folder / "hold").touch()
        if "a word" in block.notes:
            (self.folder / "word").touch()
        for note in block.notes:
            verb, _, number = note.partition(" ")
            if note == "presses Ctrl-C":
                self.terminals[block.terminal].signal(signal.SIGINT)
            if verb == "leaves":
                self.terminals[int(number)].signal(signal.SIGINT)
            if verb == "ended":
                (self.folder / "later").touch()
            if verb in ("leaves", "ended"):
                self.terminals[int(number)].wait()
        if "go on" in block.notes:
            (self.folder / "hold").unlink()

    def look(self, terminal: Terminal, block: Block, said: str) -> None:
        """Look at what a command says that was typed before."""
        assert {"Ctrl-C", "further", "says"} & set(block.notes), block
        if "Ctrl-C" in block.notes:
            terminal.signal(signal.SIGINT)
        if "says" not in block.notes:
            terminal.wait()
        terminal.wait_said(said)

    def type(self, terminal: Terminal, block: Block, command: str, said: str) -> None:
        """Type one command."""
        terminal.type(_LATER.sub(WHEN_TOLD, command))
        if {"serves", "goes on"} & set(block.notes):
            terminal.wait_said(said)
            return
        wanted = re.compile(pattern(said))
        terminal.wait()
        for _ in range(TRIES if "at last" in block.notes else 0):
            if wanted.fullmatch(terminal.said):
                break
            terminal.type(command)
            terminal.wait()
        found = wanted.fullmatch(terminal.said)
        assert found, f"{command}\nsays\n{terminal.said}\nand not\n{said}"
