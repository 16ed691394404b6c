"""What a store has found of a key or a prompt, as shapes."""

from __future__ import annotations

from supervision._routing.core.core import Core
from supervision._routing.reports import KeyInfo, PromptInfo
from supervision._view.sessions import passivated_shape, shape_of
from supervision._words.plain import outcome_text

from .shapes import KeyShape, OutcomeShape


def key_shape(core: Core, key: str, info: KeyInfo | None) -> KeyShape:
    """One key; None: its store has nothing of it."""
    lane = core.lanes.get(key)
    if lane is not None:
        session = shape_of(core, lane)
    else:
        session = passivated_shape(core, key, info)
    return KeyShape(
        session=session,
        memory=lane is not None,
        open=info.waiting if info is not None else 0,
        state=info.state if info is not None else None,
        token=info is not None and info.token,
    )


def outcome_shape(path: str, key: str, name: str, info: PromptInfo) -> OutcomeShape:
    """One prompt, by its address."""
    outcome = info.outcome
    return OutcomeShape(
        router=path,
        key=key,
        id=name,
        number=info.number,
        outcome=type(outcome).__name__ if outcome is not None else None,
        text=outcome_text(outcome) if outcome is not None else None,
        turn=info.turn,
        age=info.age,
        ended=info.ended,
        held=info.held,
    )
