"""`Sorter`: whose a chunk is: of the turn that runs, of one before, of the past.

Pure: it is told what happens and when.  Agents tell the history of a conversation that
they go on with, some of it after they have said that they have; and what belongs to a
turn that has ended comes when the next one runs.  So:

While a conversation is loaded, and until it has been quiet for a while, all is past.
Later a prompt that we have not sent (an agent repeats them) says that more of the past
comes, until it is quiet, or repeats ours.

A chunk that has the id of a message or of a tool call belongs to the turn in which that
began.  For messages there is a doubt: some agents use the same ids in each turn.  Such
chunks are held back to the end of the turn; if the agent has said nothing else by then,
they are its answer, and its ids mean nothing from then on.
"""

from __future__ import annotations

import math
from typing import Final

from .chunks import Chunk, PermissionAsked, Text, Thought, ToolCall, ToolUpdate
from .updates import said_by_user

PAST: Final = -1
"""Instead of the id of a turn: it is of the history."""
NOBODY: Final = -2
"""Instead of the id of a turn: it came between turns."""
HELD: Final = -3
"""Instead of the id of a turn: it is held back."""
_MOST = 2000  # ids that are remembered; and chunks that are held back


class Sorter:
    """What belongs to which turn, for one conversation.

    Args:
        quiet: seconds without a word after which the past is over.
    """

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._turn = NOBODY
        self._prompt = ""  # what we have sent, while its turn runs
        self._past_until = -math.inf
        self._loaded = False  # there is a past, and it may not be over
        self._owners: dict[str, int] = {}  # {id of a message or a tool call: its turn}
        self._trusted = True  # the ids of messages
        self._held: list[tuple[int, Chunk]] = []  # (turn that it is of, chunk)

    def load(self) -> None:
        """The agent is to tell the history."""
        self._loaded = True
        self._past_until = math.inf

    def not_loaded(self) -> None:
        """It has refused: there is no past."""
        self._loaded = False
        self._past_until = -math.inf

    def loaded(self, now: float) -> None:
        """It has said that it has done so."""
        self._past_until = now + self._quiet

    def begin(self, turn: int, prompt: str) -> None:
        """A prompt is put to the agent."""
        self._turn, self._prompt = turn, prompt

    def end(self) -> list[tuple[int, Chunk]]:
        """The turn is over; returns what was held back."""
        self._turn, self._prompt = NOBODY, ""
        self._loaded = False
        held, self._held = self._held, []
        return held

    def doubt(self) -> list[Chunk]:
        """What was held back is the answer after all; the ids mean nothing."""
        self._trusted = self._trusted and not self._held
        held, self._held = self._held, []
        return [chunk for _, chunk in held]

    def past_for(self, now: float) -> float:
        """Seconds until the past is over, if nothing comes; at most 0: it is."""
        return self._past_until - now

    def owner(self, chunk: Chunk, now: float) -> int:
        """Say whose it is: the id of a turn, PAST, NOBODY or HELD.

        The turn that runs is the one that has begun last.
        """
        if self._loaded:
            said = said_by_user(chunk)
            if said and self._prompt.startswith(said):
                self._past_until = -math.inf
                self._loaded = False
            elif said is not None or now < self._past_until:
                self._past_until = max(self._past_until, now + self._quiet)
                self._claim(chunk, PAST)
                return PAST
        return self._owner_by_id(chunk)

    def knows_tool(self, tool: str) -> bool:
        """Whether the turn that runs has announced this tool call."""
        return self._owners.get(f"t {tool}") == self._turn

    def _owner_by_id(self, chunk: Chunk) -> int:
        name = _name(chunk)
        if name is None:
            return self._turn
        owner = self._owners.get(name)
        begins = isinstance(chunk, ToolCall | PermissionAsked)
        if owner is None or begins or owner == self._turn:
            self._claim(chunk, self._turn)
            return self._turn
        if not isinstance(chunk, Text | Thought):
            return owner
        if not self._trusted:
            return self._turn
        if self._turn != NOBODY and len(self._held) < _MOST:
            self._held.append((owner, chunk))
            return HELD
        return owner

    def _claim(self, chunk: Chunk, turn: int) -> None:
        name = _name(chunk)
        if name is None:
            return
        self._owners.pop(name, None)
        self._owners[name] = turn
        if len(self._owners) > _MOST:
            del self._owners[next(iter(self._owners))]


def _name(chunk: Chunk) -> str | None:
    """What tells whose a chunk is; None: nothing does."""
    match chunk:
        case Text(message=str(message)) | Thought(message=str(message)):
            return f"m {message}"
        case ToolCall(id=tool) | ToolUpdate(id=tool) | PermissionAsked(tool=tool):
            return f"t {tool}"
        case _:
            return None
