"""A `ChildSpec` as a value: shown, compared, changed."""

from __future__ import annotations

import attrs
import pytest

from actors import Actor, Mailbox
from supervision import Backoff, ChildSpec, CombinationError, Restart, RestartLimit


class Counter(Actor[int]):
    """Counts."""

    def __init__(self, first: int = 0, *, step: int = 1) -> None:
        self.total = first
        self.step = step

    def receive(self, message: int) -> None:
        """Count."""
        self.total += message * self.step


FULL = ChildSpec(
    Counter,
    40,
    id="c",
    restart=Restart.TRANSIENT,
    grace=2.0,
    mailbox=Mailbox(7),
    significant=True,
    limit=RestartLimit(1, within=1.0),
    backoff=Backoff(1.0, 2.0),
)


def test_a_spec_is_a_value() -> None:
    """Equal specs are equal, have one hash, and say what they are."""
    again = ChildSpec(Counter, 40)

    assert ChildSpec(Counter, 40) == again
    assert ChildSpec(Counter, 41) != again
    assert hash(ChildSpec(Counter, 40)) == hash(again)
    assert "Counter" in repr(again)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        again.id = "other"  # type: ignore[misc]


def test_an_evolved_spec_differs_in_what_was_asked_for() -> None:
    """All other fields are the same, and the old one is as it was."""
    changed = FULL.evolve(id="d", args=(1,))

    assert (changed.id, changed.args) == ("d", (1,))
    for field in attrs.fields_dict(ChildSpec):
        if field not in ("id", "args"):
            assert getattr(changed, field) == getattr(FULL, field)
    assert FULL.id == "c"
    assert FULL.evolve() == FULL


def test_an_evolved_spec_is_checked() -> None:
    """Like a new one."""
    with pytest.raises(CombinationError, match="TRANSIENT or TEMPORARY"):
        FULL.evolve(restart=Restart.PERMANENT)
    with pytest.raises(TypeError, match="a ChildSpec has no 'shutdown'; it has make"):
        FULL.evolve(shutdown=5)


def test_a_template_is_a_spec_without_the_last_arguments() -> None:
    """It has no id: children of a template have none."""
    mailbox = Mailbox(7)
    made = ChildSpec.template(Counter, 40, restart=Restart.TEMPORARY, mailbox=mailbox)

    assert made == ChildSpec(Counter, 40, restart=Restart.TEMPORARY, mailbox=mailbox)
    wrong: dict[str, object] = {"id": "c"}
    with pytest.raises(TypeError, match="a template has no 'id'; it has restart, "):
        ChildSpec.template(Counter, **wrong)
