"""How an agent is run: its command, its surroundings, and how long it may take.

Pure vocabulary: a frozen value, checked when it is made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import attrs
from acp.schema import AcpMcpServer, HttpMcpServer, McpServerStdio, SseMcpServer

from actors.hosting import explained, valid_count, valid_seconds, valid_seconds_or_0

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


def _folders(given: Sequence[str | os.PathLike[str]]) -> Any:
    """A list of paths as a tuple of absolute ones."""
    if not isinstance(given, list | tuple):
        return given
    return tuple(_absolute(each) for each in given)


@explained
@attrs.frozen
class AgentSettings:
    """How an agent is run.  All times are seconds.

    `mode`, `model` and `config` are set when a conversation is made, and again whenever
    it is gone on with, before the first prompt: model, mode, then `config` in its
    order.  An agent that does not offer them is not used: its session does not start
    (`AgentOptionError`).

    Hashable, as other settings are: by the fields that are no mappings and no servers.

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
    env: Mapping[str, str | None] = attrs.field(
        factory=dict[str, str | None], kw_only=True, repr=False, hash=False
    )
    """Put over our own environment; None removes a variable.  Not shown by `repr`.
    Default: nothing."""
    mcp_servers: Sequence[McpServer] = attrs.field(default=(), kw_only=True, hash=False)
    """What servers of tools it is to use.  Default: none."""
    auth_method: str | None = attrs.field(default=None, kw_only=True)
    """The id of one of its own ways to log in, done each time before a session is made.
    Default None: it needs none."""
    authenticate: str | Mapping[str, Any] | None = attrs.field(
        default=None, kw_only=True, repr=False, hash=False
    )
    """The id of one of its own ways to log in, or all params of `authenticate` (with
    `methodId`, and `_meta` for a key); done only if it says that it needs a login, and
    then it is asked again, once.  Not shown by `repr`.  Default None: then that is an
    `AgentAuthError`."""
    mode: str | None = attrs.field(default=None, kw_only=True)
    """The id of the mode in which it is to work, which decides what it asks for.
    Default None: its own default."""
    model: str | None = attrs.field(default=None, kw_only=True)
    """The id of the model that it is to use.  Default None: its own default."""
    config: Mapping[str, str | bool] = attrs.field(
        factory=dict[str, str | bool], kw_only=True, hash=False
    )
    """`{option: value}` of its own options, by their ids.  Default: none."""
    meta: Mapping[str, Any] = attrs.field(
        factory=dict[str, Any], kw_only=True, repr=False, hash=False
    )
    """JSON for agents that want more when a conversation is made or gone on with: the
    `_meta` of these requests.  Not shown by `repr`.  Default: nothing."""
    additional_directories: Sequence[str | os.PathLike[str]] = attrs.field(
        default=(), converter=_folders, kw_only=True
    )
    """Where it may work beside `cwd`, made absolute; told only to agents that offer it.
    Default: nowhere."""
    usage_of: Literal["turn", "session"] | None = attrs.field(
        default=None, kw_only=True
    )
    """What its counts of tokens are about; see `AgentSession`.  Default None: it is
    found out as far as it can be."""

    start_within: float = attrs.field(
        default=60.0, validator=valid_seconds, kw_only=True
    )
    """To answer `initialize`, from its start: some need 20 seconds, and more when the
    machine is busy.  Default 60.  The first start of a session has
    `Limits.start_within` in all."""
    open_within: float = attrs.field(
        default=120.0, validator=valid_seconds, kw_only=True
    )
    """To make or load its session.  Default 120."""
    cancel_grace: float = attrs.field(
        default=10.0, validator=valid_seconds_or_0, kw_only=True
    )
    """To end a turn that was cancelled; then the process is ended.  Less than
    `TurnPolicy.abort_grace`.  Default 10."""
    end_within: float = attrs.field(
        default=1.5, validator=valid_seconds_or_0, kw_only=True
    )
    """From SIGTERM to SIGKILL, for it and for all that it has started.
    Default 1.5."""
    drain_window: float = attrs.field(
        default=0.2, validator=valid_seconds_or_0, kw_only=True
    )
    """After the end of its answer, for chunks that come late; after an abort the next
    prompt is held back as long.  Default 0.2."""
    history_quiet: float = attrs.field(
        default=0.3, validator=valid_seconds_or_0, kw_only=True
    )
    """Without a word, until the history that `session/load` tells again is taken to be
    over; at most `open_within`.  Default 0.3."""

    line_limit: int = attrs.field(default=16 << 20, validator=valid_count, kw_only=True)
    """Bytes in a line that it writes; a longer one breaks it off.  Default 16 MiB."""
    noise_lines: int = attrs.field(default=100, validator=valid_count, kw_only=True)
    """Lines between two messages that are none, such as a banner, and are passed over
    with a warning; one more breaks it off.  Default 100."""
    noise_bytes: int = attrs.field(default=1 << 16, validator=valid_count, kw_only=True)
    """How many bytes they may have together.  Default 64 KiB."""
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
        _check_mapping("env", self.env, str | None, "str to str or None")
        _check_mapping("config", self.config, str | bool, "str to str or bool")
        _check_mapping("meta", self.meta, object, "str to JSON")
        _check_json("meta", self.meta)
        folders: object = self.additional_directories
        if not isinstance(folders, tuple) or not all(
            isinstance(each, Path) for each in cast("tuple[object, ...]", folders)
        ):
            msg = f"additional_directories must be a sequence of paths, got {folders!r}"
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
        for name in ("auth_method", "mode", "model"):
            value: object = getattr(self, name)
            if not isinstance(value, str | None):
                msg = f"{name} must be a str or None, got {value!r}"
                raise TypeError(msg)
        _check_login(self.authenticate)
        if self.usage_of not in (None, "turn", "session"):
            msg = f"usage_of must be 'turn', 'session' or None, got {self.usage_of!r}"
            raise ValueError(msg)

    @property
    def program(self) -> str:
        """The first word of the command."""
        return str(self.command[0])


def _check_mapping(name: str, given: object, kind: Any, words: str) -> None:
    """Raise TypeError: no mapping of str to this kind."""
    if not isinstance(given, Mapping) or not all(
        isinstance(key, str) and isinstance(value, kind)
        for key, value in cast("Mapping[object, object]", given).items()
    ):
        msg = f"{name} must be a mapping of {words}, got {given!r}"
        raise TypeError(msg)


def _check_json(name: str, given: Mapping[str, Any]) -> None:
    """Raise TypeError: it cannot be said in JSON."""
    try:
        json.dumps(dict(given))
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"{name} must be JSON: {error}"
        raise TypeError(msg) from error


def _check_login(given: object) -> None:
    """Raise TypeError: neither an id, nor the params of `authenticate`."""
    if isinstance(given, Mapping):
        params = cast("Mapping[str, Any]", given)
        if isinstance(params.get("methodId"), str):
            _check_json("authenticate", params)
            return
    elif isinstance(given, str | None):
        return
    msg = f"authenticate must be a str, or a mapping with 'methodId', got {given!r:.80}"
    raise TypeError(msg)
