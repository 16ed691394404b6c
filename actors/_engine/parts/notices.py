"""The control lane: what goes before messages, is never full, and comes in order.

A bare deque of three kinds of items, made when the first one comes.
"""

from __future__ import annotations

from collections import deque
from typing import Any, TypeAlias

import attrs

from actors.exits import Exit

# Any: refs and children are cells, whose room stands above this one


@attrs.frozen
class ChildEnded:
    """For an owner: decide about this child."""

    child: Any
    exit: Exit


@attrs.frozen
class ChildNews:
    """For an owner: have a hook told something about a child."""

    hook: str
    args: tuple[Any, ...]
    final: bool  # told also while the owner is ending


@attrs.define(eq=False)
class Notice:
    """For a watcher: somebody it watches has ended."""

    ref: Any
    message: Any


Item: TypeAlias = ChildEnded | ChildNews | Notice
Lane: TypeAlias = deque[Item]


def drop_notices(lane: Lane, ref: object) -> None:
    """Nobody wants to hear of this one any more."""
    kept = [item for item in lane if not (type(item) is Notice and item.ref is ref)]
    lane.clear()
    lane.extend(kept)


def take_final_news(lane: Lane) -> list[ChildNews]:
    """The owner is ending: what it must be told; of the rest only notices stay."""
    news = [item for item in lane if type(item) is ChildNews and item.final]
    kept = [item for item in lane if type(item) is Notice]
    lane.clear()
    lane.extend(kept)
    return news
