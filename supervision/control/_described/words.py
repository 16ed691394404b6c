"""What an endpoint is described with, and the shapes that only endpoints have."""

from __future__ import annotations

from typing import Any, TypedDict

import attrs

from supervision._view.shapes import ServiceShape


class RootShape(ServiceShape):
    """The service, and its endpoints."""

    endpoints: list[str]
    """One a line: the method, the path with its parameters, what it is."""


class HealthShape(TypedDict):
    """The process answers."""

    healthy: bool
    """Always true."""
    state: str
    """starting, ready, draining, stopping, ended."""


class ReadyShape(TypedDict):
    """Whether prompts should be sent here."""

    ready: bool
    state: str
    why: str | None
    """Why it is not ready; null: it is."""


@attrs.frozen
class Parameter:
    """A parameter: in the path, the query, or the body of a POST."""

    name: str
    says: str
    kind: str = "string"
    """As in JSON Schema."""
    needed: bool = False
    default: Any = None  # Any: JSON
    many: bool = False
    """It may be given several times."""


@attrs.frozen
class Operation:
    """What a method does at a path."""

    method: str
    path: str
    """With the names of its parts in braces."""
    id: str
    """A name for it, of which there is one."""
    says: str
    answer: Any  # Any: a shape, or a kind of content
    parameters: tuple[Parameter, ...] = ()
    refuses: tuple[tuple[int, str], ...] = ()
    """`(status, why)` beside what any may answer."""
