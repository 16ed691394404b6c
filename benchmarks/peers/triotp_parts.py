"""What workloads of TriOTP begin with: a nursery, a server, a cast that may fail."""

# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import trio
from triotp import gen_server, mailbox

# A state and a message are whatever the server of the workload makes of them.
State = Any


@asynccontextmanager
async def running() -> AsyncGenerator[trio.Nursery]:
    """A nursery with TriOTP's registry, cancelled at the end of the block."""
    mailbox._init()
    async with trio.open_nursery() as nursery:
        yield nursery
        # To take each of n names out of the registry takes n steps.
        mailbox.context_name_registry.get().clear()
        nursery.cancel_scope.cancel()


async def settle() -> None:
    """Let those that were started come up."""
    for _ in range(3):
        await trio.lowlevel.checkpoint()


async def _init(state: State) -> State:
    return state


def server_with(**handlers: Callable[..., Awaitable[Any]]) -> ModuleType:
    """A server module with these handlers."""
    module = ModuleType("server")
    vars(module).update(init=_init, **handlers)
    return module


async def try_cast(name: str, message: str) -> bool:
    """Cast; False if the mailbox is not there, or not any more."""
    try:
        await gen_server.cast(name, message)
    except (
        mailbox.MailboxDoesNotExist,
        trio.BrokenResourceError,
        trio.ClosedResourceError,
    ):
        return False
    return True
