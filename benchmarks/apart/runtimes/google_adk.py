"""Google's Agent Development Kit: a session for each conversation, in memory."""

# It need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from google.adk.agents import BaseAgent
from google.adk.events import Event
from google.adk.runners import InMemoryRunner
from google.genai import types

from benchmarks.apart.model import SHOWN, Model

APP = "apart"


class Talk(BaseAgent):
    """Shows the model the events of its session."""

    # Any: its fields are pydantic's, this one is none
    model_in_use: ClassVar[Any] = None

    async def _run_async_impl(self, ctx: Any) -> AsyncIterator[Any]:
        answer = await self.model_in_use.answer(_texts(ctx.session)[-SHOWN:])
        yield Event(
            author=self.name, invocation_id=ctx.invocation_id, content=_content(answer)
        )


class Sessions:
    """A runner with a session service in memory."""

    def __init__(self, runner: Any) -> None:  # Any: see above
        self.runner = runner
        self.known = set[str]()

    async def say(self, key: str, text: str) -> str:
        """Run the agent in this session."""
        if key not in self.known:
            self.known.add(key)
            await self.runner.session_service.create_session(
                app_name=APP, user_id=key, session_id=key
            )
        answer = ""
        async for event in self.runner.run_async(
            user_id=key, session_id=key, new_message=_content(text)
        ):
            answer = event.content.parts[0].text
        return answer

    async def remembered(self, key: str) -> list[str]:
        """Look at the session's events."""
        return _texts(
            await self.runner.session_service.get_session(
                app_name=APP, user_id=key, session_id=key
            )
        )


def _content(text: str) -> Any:
    return types.Content(role="user", parts=[types.Part(text=text)])


def _texts(session: Any) -> list[str]:
    return [
        str(event.content.parts[0].text) for event in session.events if event.content
    ]


@asynccontextmanager
async def open_runtime(model: Model) -> AsyncGenerator[Sessions]:
    """Make a runner."""
    Talk.model_in_use = model
    yield Sessions(InMemoryRunner(agent=Talk(name="talk"), app_name=APP))
