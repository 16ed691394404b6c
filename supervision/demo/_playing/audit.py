"""What the store says in the end, held against what the senders were told.

The service has ended; whoever opens its store now is the next process, and `find` tells
it what it would tell any client that comes back.  Nothing is run: it has no sessions
that answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import trio

from actors import Session, Turn, open_system
from supervision import RouterRef, start_router
from supervision.demo.traffic.book import Filed
from supervision.demo.traffic.recording import Prompt

_AT_ONCE: Final = 500


@attrs.frozen
class Audit:
    """How the store and the senders agree."""

    agree: int
    """Prompts that have the outcome in the store that their senders were told."""
    differ: list[str] = attrs.field(factory=list[str])
    """What the others have, in words."""


class Silent(Session[Prompt, int]):
    """Reads what is kept, and answers nothing."""

    async def take_turn(self, turn: Turn[Prompt, int]) -> int:
        """Never end."""
        del turn
        return await trio.sleep_forever()


async def look_into(path: Path, prompts: Mapping[str, Filed]) -> Audit:
    """Ask a store for every prompt that was accepted.

    Args:
        path: of the store.
        prompts: `{id: what the senders know of it}`.

    Raises:
        StoreError: it cannot be opened.
    """
    from supervision.durable import SqliteStore  # noqa: PLC0415 - it is installed

    found: dict[str, str | None] = {}
    accepted = [id for id, each in prompts.items() if each.accepted]  # noqa: A001
    async with open_system() as system:
        router = start_router(system, Silent, durable=SqliteStore(path))
        for first in range(0, len(accepted), _AT_ONCE):
            async with trio.open_nursery() as nursery:
                for each in accepted[first : first + _AT_ONCE]:
                    key = prompts[each].key
                    nursery.start_soon(_look, router, key, each, found)
    differ = [
        f"{each} of session {prompts[each].key} is {found[each] or 'not ended'} in the "
        f"store, its sender was told {prompts[each].end or 'nothing'}"
        for each in accepted
        if found[each] != prompts[each].end
    ]
    return Audit(len(accepted) - len(differ), differ)


async def _look(
    router: RouterRef[Prompt, int],
    key: str,
    id: str,  # noqa: A002 - its name to users
    found: dict[str, str | None],
) -> None:
    receipt = await router.find(key, id)
    if receipt is None:
        found[id] = "unknown"
    elif receipt.ended is None:
        found[id] = None
    else:
        found[id] = type(receipt.ended).__name__
