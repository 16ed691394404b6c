"""How an agent is run: its command, its surroundings, and how long it may take.

Pure vocabulary: a frozen value, checked when it is made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs
from acp.schema import AcpMcpServer, HttpMcpServer, McpServerStdio, SseMcpServer

from actors.hosting import valid_count, valid_seconds, valid_seconds_or_0

McpServer = HttpMcpServer | SseMcpServer | AcpMcpServer | McpServerStdio
"""A server of tools that the agent is to connect to."""

_SERVERS = (HttpMcpServer, SseMcpServer, AcpMcpServer, McpServerStdio)


def _words(given: Sequence[str | os.PathLike[str]]) -> Any:
    """A list of words as a tuple; anything else as it is, for the validator."""
    return tuple(given) if isinstance(given, list) else given


def _command(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    del instance
    if not isinstance(value, tuple) or not value:
        msg = (
            f"{attribute.name} must be a sequence of words, such as "
            f"shlex.split('my-agent --acp'), got {value!r}"
        )
        raise TypeError(msg)
    for word in cast("tuple[object, ...]", value):
        if not isinstance(word, str | os.PathLike) or "\0" in os.fspath(
            cast("str", word)
        ):
            msg = f"{attribute.name} must be words without NUL, got {word!r}"
            raise TypeError(msg)


def _absolute(given: str | os.PathLike[str]) -> Any:
    """A path as an absolute one; anything else as it is, for the validator."""
    if isinstance(given, str | os.PathLike):
        return Path(given).absolute()
    return given


@attrs.frozen
class AgentSettings:
    """How an agent is run.  All times are seconds.

    Raises:
        TypeError, ValueError: a field that is not what it says.

    Example:
        >>> AgentSettings(["my-agent", "--acp"], cwd="/srv/project")
    """

    command: Sequence[str | os.PathLike[str]] = attrs.field(
        converter=_words, validator=_command
    )
    """The program and its arguments; no shell is involved."""
    cwd: Path | str = attrs.field(default=".", converter=_absolute, kw_only=True)
    """Where it runs, and the working directory of its session.  Default: where we are;
    a relative path counts from there, too."""
    env: Mapping[str, str] = attrs.field(
        factory=dict[str, str], kw_only=True, repr=False
    )
    """Put over our own environment; not shown by `repr`.  Default: nothing."""
    mcp_servers: Sequence[McpServer] = attrs.field(default=(), kw_only=True)
    """What servers of tools it is to use.  Default: none."""
    auth_method: str | None = attrs.field(default=None, kw_only=True)
    """The id of one of its own ways to log in, done before a session is made.
    Default None: it needs none."""

    start_within: float = attrs.field(
        default=30.0, validator=valid_seconds, kw_only=True
    )
    """To answer `initialize`.  Default 30."""
    open_within: float = attrs.field(
        default=120.0, validator=valid_seconds, kw_only=True
    )
    """To make or load its session.  Default 120."""
    cancel_grace: float = attrs.field(
        default=10.0, validator=valid_seconds_or_0, kw_only=True
    )
    """To end a turn that was cancelled; then the process is ended.  Default 10."""
    end_within: float = attrs.field(
        default=1.5, validator=valid_seconds_or_0, kw_only=True
    )
    """From SIGTERM to SIGKILL, for it and for all that it has started.
    Default 1.5."""
    drain_window: float = attrs.field(
        default=0.2, validator=valid_seconds_or_0, kw_only=True
    )
    """After the end of its answer, for chunks that come late.  Default 0.2."""

    line_limit: int = attrs.field(default=16 << 20, validator=valid_count, kw_only=True)
    """Bytes in a line that it writes; a longer one breaks it off.  Default 16 MiB."""
    stderr_tail: int = attrs.field(default=8192, validator=valid_count, kw_only=True)
    """How many of the last bytes of its stderr are kept for errors.  Default 8192."""
    queue: int = attrs.field(default=64, validator=valid_count, kw_only=True)
    """Messages that may wait for it to read; updates that may wait for the turn to
    take; requests of its own that may wait for us.  Default 64."""
    result_limit: int = attrs.field(
        default=1_000_000, validator=valid_count, kw_only=True
    )
    """Characters of an answer that are kept for the outcome's `result`; chunks are
    handed on without end.  Default 1,000,000."""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.cwd, Path):
            msg = f"cwd must be a path, got {self.cwd!r}"
            raise TypeError(msg)
        env: object = self.env
        if not isinstance(env, Mapping) or not all(
            isinstance(each, str) for pair in _pairs(env) for each in pair
        ):
            msg = f"env must be a mapping of str to str, got {env!r}"
            raise TypeError(msg)
        servers: object = self.mcp_servers
        if not isinstance(servers, list | tuple) or not all(
            isinstance(each, _SERVERS) for each in cast("list[object]", servers)
        ):
            msg = (
                "mcp_servers must be a sequence of servers as in acp.schema, such as "
                f"McpServerStdio, got {servers!r}"
            )
            raise TypeError(msg)
        method: object = self.auth_method
        if not isinstance(method, str | None):
            msg = f"auth_method must be a str or None, got {method!r}"
            raise TypeError(msg)

    @property
    def program(self) -> str:
        """The first word of the command."""
        return str(self.command[0])


def _pairs(mapping: object) -> list[tuple[object, object]]:
    return list(cast("Mapping[object, object]", mapping).items())
