"""What is measured of turns while metrics are on: how long they took, and waited.

A router counts sums anyway; how they are spread is learned from its events.  They are
made only for who listens, so that nothing is measured while nobody scrapes; who does
pays with two events for each turn.
"""

from __future__ import annotations

from actors import ActorSystem, PromptEnded, Steered, TurnEnded
from actors.hosting import hub_of
from supervision._metrics.registry import Registry


class Measures:
    """Histograms of one service's turns."""

    def __init__(self) -> None:
        self.registry = Registry(ours=True)
        """Has them."""
        self._turns = self.registry.histogram(
            "actors_turn_duration_seconds",
            "How long turns took, from their first step to their end.",
            ["router", "outcome"],
        )
        self._waits = self.registry.histogram(
            "actors_prompt_wait_seconds",
            "How long prompts waited for the first step of their turn, or for their "
            "end without one.",
            ["router"],
        )

    def begin(self, system: ActorSystem) -> None:
        """Measure, as long as the system is open."""
        hub_of(system).events.listen((TurnEnded, PromptEnded), self._hear)

    def _hear(self, event: TurnEnded | PromptEnded) -> None:
        router = event.ref.path
        if isinstance(event, TurnEnded):
            kind = type(event.outcome).__name__
            self._turns.observe(event.seconds, router=router, outcome=kind)
        elif not isinstance(event.outcome, Steered):  # its turn ran already
            self._waits.observe(event.waited, router=router)
