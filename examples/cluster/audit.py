"""What `python -m examples.cluster` comes to: it adds up, or it says what does not."""

from collections.abc import Sequence
from typing import Any

import trio

from examples.cluster.proxy import ask
from examples.cluster.senders import Senders, recall
from examples.cluster.server import Server

AT_ONCE = 20  # questions
PATIENCE = 15.0  # seconds for an answer


async def audit(server: Server, senders: Senders, ports: Sequence[int]) -> list[str]:
    """Hold what users were told against the store and the sessions: what is wrong?"""
    wrong: list[str] = []
    room = trio.CapacityLimiter(AT_ONCE)

    async def check(
        what: str, wanted: Any, port: int, question: dict[str, Any]
    ) -> None:
        said: list[dict[str, Any]] = []
        async with room:
            with trio.move_on_after(PATIENCE):
                said = await ask(port, **question)
        if (said[-1] if said else None) != wanted:
            wrong.append(f"{what}: users know {wanted}, nodes say {said}")

    async with trio.open_nursery() as nursery:
        for key, numbers in senders.accepted.items():
            for number in numbers:
                find = {"do": "find", "key": key, "name": f"m{number}"}
                told = senders.told.get(number)
                name = f"prompt {number} of {key}"
                port = ports[number % len(ports)]
                nursery.start_soon(check, name, told, port, find)
            state = {"outcome": "Completed", "result": senders.completed(key)}
            name = f"the state of {key}"
            nursery.start_soon(check, name, state, ports[len(numbers) % 2], recall(key))
    ((rows, without),) = await server.ask(
        "select count(*), count(*) filter (where outcome is null)"
        " from trio_actors.prompts where id <> 'recall'"
    )
    accepted = sum(map(len, senders.accepted.values()))
    planned = len(senders.prompts)
    if not planned == accepted == len(senders.told) == rows or without:
        wrong.append(
            f"of {planned} prompts {accepted} were accepted, {len(senders.told)} were "
            f"told an outcome, {rows} are stored, {without} of these without one"
        )
    return wrong
