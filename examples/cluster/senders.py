"""The users of `python -m examples.cluster`, and the account that they keep.

They send the turns of a recording, each conversation in its order: the next prompt when
the one before is accepted.  Who has heard nothing, or that a node goes, sends again
with the same id.
"""

import json
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import trio

from examples.cluster.node import RECALL
from supervision.demo.traffic import CHUNK, TOKENS_PER_SECOND, Prompt, planned, recorded

LONG = 5  # turns of a conversation
PATIENCE = 4.0  # seconds until a prompt that nobody has accepted is sent again


class Senders:
    """All users.

    Args:
        port: of the proxy.
        turns: how many of the recording, of its longer conversations.
        seconds: in which they are sent.
    """

    def __init__(self, port: int, turns: int, seconds: float) -> None:
        self.port = port
        everything = recorded()
        long = Counter(each.key for each in everything)
        chosen = [each for each in everything if long[each.key] >= LONG][:turns]
        self.prompts: list[Prompt] = planned(chosen)
        self.speed = max(each.at for each in self.prompts) / seconds
        self.accepted: dict[str, list[int]] = defaultdict(list)
        """`{key: numbers of its prompts, as they were accepted}`."""
        self.told: dict[int, dict[str, Any]] = {}
        """`{number: its outcome}`."""
        self.notes = Counter[str]()
        """What else has happened, and how often."""

    async def run(self) -> None:
        """Send all, and wait until all have their outcome."""
        before: dict[str, trio.Event] = {}
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for prompt in self.prompts:
                await trio.sleep_until(began + prompt.at / self.speed)
                first, mine = before.get(prompt.key), trio.Event()
                before[prompt.key] = mine
                nursery.start_soon(self.talk, prompt, first, mine)

    async def talk(
        self, prompt: Prompt, first: trio.Event | None, accepted: trio.Event
    ) -> None:
        """Send a prompt until its outcome is told."""
        if first is not None:
            await first.wait()
        length = prompt.prefill + prompt.chunks * CHUNK / TOKENS_PER_SECOND
        question = {
            "do": "send",
            "key": prompt.key,
            "name": f"m{prompt.number}",
            "number": prompt.number,
            "takes": round(length / self.speed, 3),
        }
        while prompt.number not in self.told:
            with suppress(OSError, trio.BrokenResourceError):
                async with await trio.open_tcp_stream("127.0.0.1", self.port) as line:
                    await line.send_all(json.dumps(question).encode())
                    await self.listen(line, prompt, accepted)
            if prompt.number not in self.told:
                self.notes["sent again"] += 1
                await trio.sleep(0.2)

    async def listen(
        self, line: trio.SocketStream, prompt: Prompt, accepted: trio.Event
    ) -> None:
        """Hear what becomes of a prompt, as far as somebody says it."""
        rest = b""
        with trio.move_on_after(PATIENCE) as patience:
            async for part in line:
                *lines, rest = (rest + part).split(b"\n")
                for said in map(json.loads, lines):
                    if "accepted" in said:
                        patience.deadline = float("inf")
                        if not accepted.is_set():
                            accepted.set()
                            self.accepted[prompt.key].append(prompt.number)
                    elif "outcome" in said:
                        self.told[prompt.number] = said
                        self.notes[said["outcome"]] += 1
                    else:
                        self.notes[said["refused"]] += 1

    def completed(self, key: str) -> list[int]:
        """Give the prompts of a key that were completed, in their order."""
        return [
            number
            for number in self.accepted[key]
            if self.told[number]["outcome"] == "Completed"
        ]


def recall(key: str) -> dict[str, Any]:
    """Make the question what a session knows."""
    return {"do": "send", "key": key, "name": "recall", "number": RECALL, "takes": 0}
