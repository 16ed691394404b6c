"""`PartitionSupervisor`: the same child several times, each for a share of the keys.

Not for speed: all actors run in one thread, and a supervisor never waits for a child.
It is for containment: partitions that are supervisors have limits of their own, so a
key whose actors crash too often takes down its share and no more.  As Elixir's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar

import attrs

from actors import ActorRef, AnyRef
from actors.hosting import looked_for

from .errors import SpecError
from .policies import ChildState
from .requests import ListChildren, RestartChild, StopChild
from .spec import ChildSpec
from .supervisor import Supervisor

_SPEC: Any = ChildSpec  # Any: a checker would lose M in isinstance


class PartitionSupervisor(Supervisor):
    """A `Supervisor` of `partitions` children that are alike, with ids "0", "1", ...

    Subclass it and declare both; the rest is as for `Supervisor`.  `find_partitions`
    says which child a key belongs to.
    """

    partitions: ClassVar[int]
    """How many, at least 1."""
    partition: ClassVar[ChildSpec[Any]]
    """What each of them is; its `id` is not used."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if hasattr(cls, "partitions"):
            count: object = cls.partitions
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise SpecError("partitions", count, "an int of at least 1")
        given: object = getattr(cls, "partition", None)
        if given is not None and not isinstance(given, _SPEC):
            raise SpecError("partition", given, "a ChildSpec")

    def arguments(self, number: int) -> tuple[Any, ...]:
        """The constructor's arguments of partition `number`; by default the spec's."""
        del number
        return self.partition.args

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """The partitions, in the order of their numbers."""
        return [
            self.partition.evolve(id=f"{number}", args=self.arguments(number))
            for number in range(self.partitions)
        ]


@attrs.frozen
class Partitions:
    """Which partition a key belongs to; made by `find_partitions`.

    Refs stay valid across restarts, so this may be kept, until the supervisor itself
    is restarted or the partitions are resized.
    """

    refs: tuple[AnyRef, ...]
    """Those in use, in the order of their numbers."""

    def of(self, key: Hashable) -> AnyRef:
        """The partition of a key: the same for equal keys; not a checkpoint.

        Raises:
            LookupError: no partition is in use.
            TypeError: the key cannot be hashed.
        """
        if not self.refs:
            msg = "no partition is in use: resize_partitions() to at least 1"
            raise LookupError(msg)
        return self.refs[hash(key) % len(self.refs)]


async def find_partitions(supervisor: ActorRef[ListChildren]) -> Partitions:
    """The partitions of a `PartitionSupervisor` that are in use.

    Those that are restarting are; those that are stopped or quarantined are not.
    """
    children = await supervisor.ask(ListChildren())
    numbered = [child for child in children if child.id.isdecimal()]
    numbered.sort(key=lambda child: int(child.id))
    refs = [child.ref for child in numbered if child.state is not ChildState.STOPPING]
    return Partitions(tuple(ref for ref in refs if ref is not None))


async def resize_partitions(
    supervisor: ActorRef[ListChildren | StopChild | RestartChild], count: int
) -> Partitions:
    """Use the first `count` partitions: stop the others, start those that are stopped.

    Returns when that is done; keys belong to other partitions from then on.

    Args:
        supervisor: a `PartitionSupervisor`.
        count: from 0 to as many as it was started with.

    Raises:
        ValueError: more than that, or less than 0.
        ChildStartError: a partition could not be started again.
    """
    children = await supervisor.ask(ListChildren())
    numbers = sorted(int(child.id) for child in children if child.id.isdecimal())
    if not 0 <= count <= len(numbers):
        msg = f"count must be from 0 to {len(numbers)}, got {count!r}"
        raise ValueError(msg)
    states = {child.id: child.state for child in children}
    idle = (ChildState.STOPPED, ChildState.QUARANTINED)
    for number in numbers:
        if number < count and states[f"{number}"] in idle:
            await supervisor.ask(RestartChild(f"{number}"))
    for number in reversed(numbers[count:]):
        await supervisor.ask(StopChild(f"{number}"))
    return await find_partitions(supervisor)


looked_for(find_partitions, resize_partitions)
