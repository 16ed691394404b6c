"""How an agent fails its session: each with what the agent last said on its stderr.

One base, `AgentError`.  Most mean that the process is of no more use: it is ended, and
the next prompt gets a new one.  Not so `AgentRefusedError` (it has answered, with an
error), `AgentContentError` (it was not asked) and `AgentCancelledError`.

These are the `error` of a `Failed` turn; of a session that could not be started they
are the `__cause__` of its `SessionStartError`.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import trio

from supervision import SupervisionError

from .wire import shown

_SHOWN = 600  # characters of stderr in the text of an error


class AgentError(SupervisionError):
    """Base of all errors of agents.

    `program` is the first word of the agent's command, `stderr` what it last said.
    Whose act it is, and what to do, says each class below it.
    """

    def __init__(self, program: str, *args: object, stderr: str = "") -> None:
        super().__init__(program, *args)
        self.program = program
        """What was run."""
        self.stderr = stderr
        """The end of what the agent has written to its standard error by then."""

    def what(self) -> str:
        """Say what is wrong, as the end of a sentence that begins with the agent."""
        return "has failed"

    def __str__(self) -> str:
        tail = self.stderr.strip()
        if len(tail) > _SHOWN:
            tail = "..." + tail[-_SHOWN:]
        said = f"; its stderr ends with: {tail}" if tail else ""
        return f"agent {self.program!r} {self.what()}{said}"


class AgentStartError(AgentError):
    """The program could not be started; `__cause__` is the system's error.

    The act of who wrote `AgentSettings`, or of the machine: such as no program of that
    name.  `why` says what is missing; install it, or mend `command`, `cwd` or `env`.
    """

    def __init__(self, program: str, why: str) -> None:
        super().__init__(program, why)
        self.why = why
        """In words."""

    def what(self) -> str:
        """Say why."""
        return f"could not be started: {self.why}"


class AgentExitedError(AgentError):
    """The process has ended, or has closed its output; what it was asked is void.

    The agent's act, or of whoever killed it: `code` and `stderr` say why.  The next
    prompt gets a new process, so send again.
    """

    def __init__(self, program: str, code: int | None, *, stderr: str = "") -> None:
        super().__init__(program, code, stderr=stderr)
        self.code = code
        """Its exit code; -9: killed by signal 9; None: it runs on, without output."""

    def what(self) -> str:
        """Say how it has ended."""
        if self.code is None:
            return "has closed its output"
        if self.code >= 0:
            return f"has ended with exit code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        return f"was killed by {name}"


class AgentProtocolError(AgentError, ValueError):
    """It has said something that is not of the protocol.

    The agent's act; its process is ended and the next prompt gets a new one.  `why`
    shows what it said: is `command` an agent, in the mode that speaks the protocol?
    """

    def __init__(self, program: str, why: str, *, stderr: str = "") -> None:
        super().__init__(program, why, stderr=stderr)
        self.why = why
        """In words, with the beginning of what it has said."""

    def what(self) -> str:
        """Say what it has said."""
        return f"does not keep to the protocol: {self.why}"


class AgentVersionError(AgentProtocolError):
    """It speaks another version of the protocol; `theirs` is that, `ours` is ours.

    The act of who installed it.  Install a release of the agent that speaks ours, or a
    release of this package that speaks its version.
    """

    def __init__(
        self, program: str, theirs: int, ours: int, *, stderr: str = ""
    ) -> None:
        why = f"it speaks version {theirs}, we speak version {ours}"
        super().__init__(program, why, stderr=stderr)
        self.theirs = theirs
        """The version that it wants."""
        self.ours = ours
        """The version that we have asked for."""

    def what(self) -> str:
        """Say which versions do not meet."""
        return f"speaks version {self.theirs} of the protocol, we version {self.ours}"


class AgentTimeoutError(AgentError, trio.TooSlowError):
    """It has not answered a request in time.

    The agent's act; its process is ended and the next prompt gets a new one.  `method`
    and `seconds` say which: raise `start_within` or `open_within` of `AgentSettings` if
    it is only slow.
    """

    def __init__(
        self, program: str, method: str, seconds: float, *, stderr: str = ""
    ) -> None:
        super().__init__(program, method, seconds, stderr=stderr)
        self.method = method
        """What it was asked."""
        self.seconds = seconds
        """How long it had."""

    def what(self) -> str:
        """Say to what it owes an answer."""
        return f"has not answered {self.method!r} within {self.seconds:g} s"


class AgentStuckError(AgentError):
    """It does not do what it must to go on: it reads nothing, or does not cancel.

    The agent's act, or ours, who have ended it: `why` says which.  Its process is
    ended and the next prompt gets a new one, so send again.
    """

    def __init__(self, program: str, why: str, *, stderr: str = "") -> None:
        super().__init__(program, why, stderr=stderr)
        self.why = why
        """In words."""

    def what(self) -> str:
        """Say what it does not do."""
        return self.why


class AgentRefusedError(AgentError):
    """It has answered a request with an error.  The process is as good as before.

    The agent's act: `code`, `text` and `data` are what it said.  Mend what it says and
    send again.
    """

    def __init__(  # the fields of an error of JSON-RPC
        self,
        program: str,
        method: str,
        code: int,
        text: str,
        data: object = None,
        *,
        stderr: str = "",
    ) -> None:
        super().__init__(program, method, code, text, data, stderr=stderr)
        self.method = method
        """What it was asked."""
        self.code = code
        """The code of its error, as in JSON-RPC."""
        self.text = text
        """The text of its error."""
        self.data = data
        """What came with it; None."""

    def what(self) -> str:
        """Say what it has answered."""
        data = f" ({shown(self.data, 300)})" if self.data is not None else ""
        return f"has refused {self.method!r}: {self.text} [{self.code}]{data}"


class AgentAuthError(AgentRefusedError):
    """It wants a login first (error -32000).

    The act of the operator, who has not logged in.
    Set `AgentSettings.authenticate` to one of `methods`, or log in by its own command.
    """

    def __init__(
        self,
        program: str,
        method: str,
        code: int,
        text: str,
        data: object = None,
        *,
        methods: Sequence[Any] = (),  # any: values that rooms above this one make
        stderr: str = "",
    ) -> None:
        super().__init__(program, method, code, text, data, stderr=stderr)
        self.methods = tuple(methods)
        """The ways to log in that it offers, as `AuthMethod`s."""

    def what(self) -> str:
        """Say which ways it offers."""
        ways = ", ".join(repr(each.id) for each in self.methods) or "none"
        return f"{super().what()}; the ways to log in that it offers: {ways}"


class AgentContentError(AgentError, ValueError):
    """A prompt has what this agent does not take; it was not asked.

    The sender's act.  Send it without the `kind` of block that `Capabilities` does not
    have.
    """

    def __init__(self, program: str, kind: str) -> None:
        super().__init__(program, kind)
        self.kind = kind
        """What it does not take: "image", "audio" or "resource"."""

    def what(self) -> str:
        """Say what it does not take."""
        return f"does not take content of type {self.kind!r}"


class AgentOptionError(AgentError, ValueError):
    """It does not offer what `AgentSettings` says: a mode, a model, an option.

    The act of who wrote the settings.  Choose one of `offered`.  `__cause__` is the
    agent's refusal, if it has answered with one.
    """

    def __init__(
        self, program: str, name: str, value: object, offered: Sequence[object]
    ) -> None:
        super().__init__(program, name, value, offered)
        self.name = name
        """"mode", "model", or the id of the option."""
        self.value = value
        """What it was to be."""
        self.offered = tuple(offered)
        """What the agent offers; nothing: it has no such option."""

    def what(self) -> str:
        """Say what it offers."""
        ways = ", ".join(map(repr, self.offered))
        said = f"it offers {ways}" if ways else "it offers nothing of the kind"
        return f"has no {self.name} {self.value!r}: {said}"


class AgentNotOfferedError(AgentError):
    """It was not asked for something that it does not offer; see `Capabilities`.

    The caller's act; nothing was done.  Look at `Capabilities` first, or do without.
    """

    def __init__(self, program: str, method: str) -> None:
        super().__init__(program, method)
        self.method = method
        """What it would have been asked, such as `session/list`."""

    def what(self) -> str:
        """Say what it does not offer."""
        return f"does not offer {self.method!r}"


class AgentCancelledError(AgentError):
    """It has ended the turn as cancelled, and nobody here has asked it to.

    The agent's act; its process is as good as before, so send again.
    """

    def what(self) -> str:
        """Say it."""
        return "has cancelled the turn by itself"
