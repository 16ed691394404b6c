"""Views, as plain as the tests need them."""

from __future__ import annotations

from collections.abc import Mapping

from supervision.durable._sharing.words import NodeRow, PartitionRow, View


def node(
    name: str,
    beat: int = 1,
    *,
    opened: int = 1,
    release: int = 0,
    leaving: bool = False,
) -> NodeRow:
    """Make a node."""
    return NodeRow(name, None, release, opened, beat, leaving)


def parts(
    owners: Mapping[int, tuple[str | None, int]], number: int, release: int = 0
) -> tuple[PartitionRow, ...]:
    """Make so many partitions; `{partition: (owner, epoch)}`, the others nobody's."""
    return tuple(
        PartitionRow(each, *owners.get(each, (None, 0)), release)
        for each in range(number)
    )


def view(
    *nodes: NodeRow,
    owners: Mapping[int, tuple[str | None, int]] | None = None,
    number: int = 4,
) -> View:
    """Make a view; see `parts`."""
    return View(nodes, parts(owners or {}, number), 0.0)
