"""A chat client of asyncio, such as one for Discord, with a tree beside it.

Run it with `python -m examples.asyncio_client`.

`Client` stands for the library that owns the event loop: it calls `on_message` for each
message, and can send to a channel.  Each channel is a session.  While an answer is on
its way, one more message steers it, and "stop" aborts it.  From its turn a session
reaches back into the client's loop: `run_in_host`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import trio

from actors import Aborted, Failed, Outcome, RefusedError, Session, Turn
from supervision import ChildSpec, Limits, Router, Supervisor
from supervision.bridge import AsyncRouter, open_tree, run_in_host

Say = Callable[[str, str], Awaitable[None]]


class Client:
    """A chat library: it is asyncio's, and knows nothing of actors."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.news = asyncio.Condition()

    async def send(self, channel: str, text: str) -> None:
        """Say something in a channel."""
        async with self.news:
            self.shown.append(f"#{channel}: {text}")
            print(self.shown[-1])
            self.news.notify_all()

    async def wait_for(self, text: str) -> None:
        """Wait until it has been said."""
        async with self.news:
            await self.news.wait_for(lambda: any(text in line for line in self.shown))


class Chat(Session[str, None]):
    """One channel; a model would stand where the words are."""

    def __init__(self, say: Say) -> None:
        self.say = say

    async def take_turn(self, turn: Turn[str, None]) -> str:
        """Think, be steered, and say what has come of it, in the client's loop."""
        await run_in_host(self.say, self.key, f"let me think about {turn.prompt} ...")
        said = [turn.prompt]
        while turn.prompt.startswith("long"):
            said += [more.prompt for more in await turn.checkpoint()]
            if len(said) > 1:
                break
            await trio.sleep(0.1)
        await run_in_host(self.say, self.key, f"my answer to {' and '.join(said)}")
        return "said"


class Tree(Supervisor):
    """A router of channels."""

    def __init__(self, say: Say) -> None:
        self.say = say

    def declare(self) -> list[ChildSpec[str]]:
        """Each session gets the client's way to speak."""
        limits = Limits(sessions=1000)
        return [ChildSpec(Router, Chat, (self.say,), limits, id="router")]


class Bot:
    """What happens when there is a message."""

    def __init__(self, client: Client, router: AsyncRouter[str, None]) -> None:
        self.client = client
        self.router = router

    async def on_message(self, channel: str, text: str) -> Outcome | None:
        """Hand it to the channel's session, and tell the channel if that fails."""
        if text == "stop":
            await self.router.cancel(channel, reason="somebody said stop")
            return None
        try:
            outcome = await (await self.router.steer(channel, text)).outcome()
        except RefusedError as error:
            await self.client.send(channel, f"not now: {error}")
            return None
        if isinstance(outcome, Aborted | Failed):
            await self.client.send(channel, f"[{type(outcome).__name__}]")
        return outcome


async def main() -> None:
    """Play a short evening in two channels."""
    client = Client()
    async with open_tree(Tree, client.send) as tree, asyncio.TaskGroup() as messages:
        bot = Bot(client, await tree.router(Chat, "router"))
        messages.create_task(bot.on_message("tea", "long stories"))
        await client.wait_for("about long stories")
        messages.create_task(bot.on_message("tea", "biscuits"))
        await client.wait_for("long stories and biscuits")
        messages.create_task(bot.on_message("zen", "long silence"))
        await client.wait_for("about long silence")
        await bot.on_message("zen", "stop")


if __name__ == "__main__":
    asyncio.run(main())
