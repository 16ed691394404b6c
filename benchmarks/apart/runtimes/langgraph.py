"""LangGraph, the library: a graph of one node, a thread for each conversation."""

# It need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import operator
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from benchmarks.apart.model import SHOWN, Model


class State(TypedDict):
    """What a thread's checkpoint has."""

    said: Annotated[list[str], operator.add]


class Graph:
    """Compiled, with a checkpointer in memory."""

    def __init__(self, graph: Any) -> None:  # Any: see above
        self.graph = graph

    async def say(self, key: str, text: str) -> str:
        """Run the graph on this thread."""
        state = await self.graph.ainvoke({"said": [text]}, _config(key))
        return str(state["said"][-1])

    async def remembered(self, key: str) -> list[str]:
        """Look at the thread's last checkpoint."""
        return list((await self.graph.aget_state(_config(key))).values["said"])


def _config(key: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": key}}


@asynccontextmanager
async def open_runtime(model: Model) -> AsyncGenerator[Graph]:
    """Compile it."""

    async def answer(state: State) -> State:
        return {"said": [await model.answer(state["said"][-SHOWN:])]}

    builder: Any = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    yield Graph(builder.compile(checkpointer=InMemorySaver()))
