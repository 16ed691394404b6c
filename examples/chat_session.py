"""The sessions of `chat_page.py`, and the rooms in which they are seen."""

from collections import deque
from functools import partial
from json import dumps
from typing import Any, Never
from weakref import WeakValueDictionary

import trio
from starlette.websockets import WebSocket

import actors
from actors import Session, Turn

SPEECH = """Say more while I speak, and I am steered at my next word. Press stop, and \
this turn ends, with all that it has started, and is forgotten. Reload the page, and \
nothing is lost. Open another session in a second tab: it does not wait for me."""


class Room:
    """What is to be seen of a session: its latest events."""

    def __init__(self) -> None:
        self.events, self.total = deque[str](maxlen=2000), 0
        self.prompts = set[object]()  # that were said
        self.lookers = trio.lowlevel.ParkingLot()

    def post(self, prompt: object, **event: object) -> None:
        """Tell one more thing about a prompt."""
        self.events.append(dumps({"prompt": prompt, **event}))
        self.total += 1
        self.lookers.unpark_all()

    async def show(self, browser: WebSocket) -> None:
        """Tell a browser, at its own pace, what is there, and then what comes."""
        seen = 0
        while True:
            while seen == self.total:
                await self.lookers.park()
            new, seen = [*self.events][seen - self.total :], self.total
            await browser.send_text(f"[{','.join(new)}]")


class Rooms(WeakValueDictionary[str, Room]):
    """Kept by sessions and lookers."""


class Chat(Session[str, Never, tuple[tuple[str, str, str], ...]]):
    """One conversation; a model would stand where the words are."""

    initial_state = ()  # what was said, in turns that have completed: id, said, answer
    prompts = actors.PromptPolicy(busy=actors.WhileBusy.STEER)  # sent meanwhile: steers

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    def started(self) -> None:
        """Put what it remembers into a room that is new: after a restart, say."""
        self.room = self.rooms.setdefault(self.key, Room())
        for prompt, said, answer in () if self.room.total else self.state:
            self.room.prompts.add(prompt)
            self.room.post(prompt, said=said)
            for word in answer.split():
                self.room.post(prompt, word=f"{word} ")
            self.room.post(prompt, outcome="Completed", why="before a restart")

    async def take_turn(self, turn: Turn[str, Never, Any]) -> None:
        """Answer one prompt, word by word; it may be steered before each."""
        post = partial(self.room.post, turn.receipts[0].origin)
        known = f"“{turn.prompt}” is number {len(turn.state) + 1} of what I remember."
        words, answer = f"{known} {SPEECH}".split(" "), ""
        while words:
            await trio.sleep(0.06)
            for more in await turn.checkpoint():
                post(steered=more.prompt, by=more.origin)
                words = f"“{more.prompt}”: all right, I go on from there.".split(" ")
            answer += f"{words[0]} "
            post(word=f"{words.pop(0)} ")
        turn.state = (*turn.state, (turn.receipts[0].origin, turn.prompt, answer))

    async def answer_aside(self, turn: Turn[str, Never, Any]) -> None:
        """Nothing is asked: somebody looks, so that it is there."""
