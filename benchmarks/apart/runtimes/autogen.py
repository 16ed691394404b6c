"""autogen-core: an agent for each conversation, with a context of messages."""

# It need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false
# pyright: reportUntypedFunctionDecorator=false

# its `rpc` reads the annotations: they must be no strings

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from autogen_core import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    rpc,
)
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import AssistantMessage, UserMessage

from benchmarks.apart.model import SHOWN, Model


@dataclass
class Said:
    """A message, and an answer."""

    text: str


@dataclass
class Ask:
    """What do you remember?"""


@dataclass
class Remembered:
    """The answer to it."""

    texts: list[str]


class Talk(RoutedAgent):
    """Keeps its messages in a model context, as its documentation's agents do."""

    def __init__(self, model: Model) -> None:
        super().__init__("talks")
        self.model = model
        self.context = UnboundedChatCompletionContext()

    async def texts(self) -> list[str]:
        """What has been said."""
        return [str(each.content) for each in await self.context.get_messages()]

    @rpc  # type: ignore[untyped-decorator, unused-ignore]
    async def said(self, message: Said, ctx: MessageContext) -> Said:
        """Answer one message."""
        del ctx
        await self.context.add_message(UserMessage(content=message.text, source="u"))
        answer = await self.model.answer((await self.texts())[-SHOWN:])
        await self.context.add_message(AssistantMessage(content=answer, source="a"))
        return Said(answer)

    @rpc  # type: ignore[untyped-decorator, unused-ignore]
    async def asked(self, message: Ask, ctx: MessageContext) -> Remembered:
        """Say what is remembered."""
        del message, ctx
        return Remembered(await self.texts())


class Agents:
    """Agents by key."""

    def __init__(self, runtime: Any) -> None:  # Any: see above
        self.runtime = runtime

    async def say(self, key: str, text: str) -> str:
        """Send it to the conversation's agent."""
        answer = await self.runtime.send_message(Said(text), AgentId("talk", key))
        return str(answer.text)

    async def remembered(self, key: str) -> list[str]:
        """Ask it."""
        answer = await self.runtime.send_message(Ask(), AgentId("talk", key))
        return list(answer.texts)


@asynccontextmanager
async def open_runtime(model: Model) -> AsyncGenerator[Agents]:
    """Start a runtime."""
    runtime: Any = SingleThreadedAgentRuntime()
    await Talk.register(runtime, "talk", lambda: Talk(model))
    runtime.start()
    yield Agents(runtime)
    await runtime.stop()
