"""Wrong uses of the typed state: each is rejected at its line; never run."""

from __future__ import annotations

from actors import Session, Turn


class Typed(Session[str, int, tuple[str, ...]]):
    """Keeps words."""

    def new_state(self) -> int:  # error: mypy[override] pyright[reportIncompatibleMethodOverride]
        """Make a number of it."""
        return 0

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Set what it is not."""
        word = turn.prompt
        self.state.append(word)  # error: mypy[attr-defined] pyright[reportAttributeAccessIssue,reportUnknownMemberType]
        self.state = 5  # error: mypy[assignment] pyright[reportAttributeAccessIssue]


class Told(Session[str, int, tuple[str, ...]]):
    """Keeps words, and its turns say so."""

    async def take_turn(self, turn: Turn[str, int, tuple[str, ...]]) -> None:
        """Set what it is not."""
        turn.state = 5  # error: mypy[assignment] pyright[reportAttributeAccessIssue]
        await turn.run_child(other)  # error: mypy[arg-type] pyright[reportArgumentType]

    async def answer_aside(self, turn: Turn[str, int, int]) -> None:  # error: mypy[override] pyright[reportIncompatibleMethodOverride]
        """Say another type."""


async def other(turn: Turn[str, int, int]) -> None:
    """For a number."""
    turn.state += 1
