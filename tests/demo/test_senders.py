"""The demo's senders when the service says no, and the store when it says otherwise."""

from __future__ import annotations

from pathlib import Path

import trio
import trio.testing

from actors import open_system
from supervision import start_router
from supervision.demo import Plan
from supervision.demo._playing.audit import Silent, look_into
from supervision.demo.traffic import Accident, Prompt
from supervision.demo.traffic.book import UNANSWERED, Book, Filed
from supervision.demo.traffic.senders import Senders
from supervision.demo.traffic.words import (
    Accepted,
    Ask,
    Ended,
    Find,
    Kept,
    Refused,
    Send,
    Unknown,
)
from supervision.durable import SqliteStore


def prompt_of(number: int) -> Prompt:
    """One of a session of its own."""
    return Prompt(number, 0.0, f"k{number}", 0.0, 1, False, 1, Accident.NONE, 0)  # noqa: FBT003


class Silence:
    """A line on which nobody answers; what was asked is there."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    def ask(self, ask: Ask) -> None:
        """Write it down."""
        self.asked.append(ask)

    async def wait_there(self) -> None:
        """Somebody is there."""
        await trio.lowlevel.checkpoint()


async def test_senders_ask_again_for_what_has_no_outcome(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What was accepted is looked for, what nobody has answered is sent again."""
    del autojump_clock
    line, book = Silence(), Book()
    senders = Senders(Plan(), book, [prompt_of(each) for each in range(5)], line)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(senders.run)
        await trio.sleep(1)
        for each in ("0.0", "0.1", "0.2"):
            senders.hear(Accepted(each))
        senders.hear(Refused("0.4", "SaturatedError"))
        line.asked.clear()
        book.kill()
        senders.again()
        asked = line.asked.copy()
        senders.hear(Kept("0.0"))
        senders.hear(Unknown("0.1"))
        senders.hear(Ended("0.2", "Completed"))
        senders.hear(Ended("0.2", "Completed"))
        senders.hear(Kept("0.3"))  # it has come too late to be accepted

    assert asked == [
        *(Find(f"0.{each}", f"k{each}") for each in range(3)),
        Send("0.3", prompt_of(3), again=True),
    ]
    assert (book.kept, book.missing, book.open) == (1, 1, 0)
    assert book.outcomes == {"Completed": 1}
    assert book.refused == {"SaturatedError": 1, UNANSWERED: 1}
    assert book.finished.is_set()


async def test_an_audit_tells_what_the_store_says_otherwise(tmp_path: Path) -> None:
    """An outcome that nobody was told, a prompt that is not there; not what is kept."""
    path = tmp_path / "demo.db"
    async with open_system() as system:
        router = start_router(system, Silent, durable=SqliteStore(path))
        await router.accept("k", prompt_of(0), id="first")
        taken = await router.accept("k", prompt_of(1), id="taken")
        taken.withdraw()
        await taken.outcome()
        await router.accept("k", prompt_of(2), id="waits")
    prompts = {
        "waits": Filed("k", "nothing", accepted=True),
        "taken": Filed("k", "nothing", accepted=True, end="Completed"),
        "never": Filed("k", "nothing", accepted=True),
        "refused": Filed("k", "nothing"),
    }

    audit = await look_into(path, prompts)

    assert audit.agree == 1
    assert audit.differ == [
        "taken of session k is Withdrawn in the store, its sender was told Completed",
        "never of session k is unknown in the store, its sender was told nothing",
    ]
