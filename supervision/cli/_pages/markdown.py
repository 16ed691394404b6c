"""The reference as Markdown: the command line, and every exit status.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .reading import Argument, Command
from .status import Status

_HEAD = """# The command line

Every command of `actors`, with all that it takes. What they are for, with examples of what they print, is in [The command `actors`](../command.md); what they end with, in [Exit codes](exit-codes.md). The same as a manual page: `man actors`, where the environment's `bin` is on the path.

Commands that ask a service talk to `--socket PATH`, else to `$ACTORS_SOCKET`, else to the only live service in the runtime folder: `$ACTORS_RUNTIME_DIR`, or `$XDG_RUNTIME_DIR/trio-actors`, or `/tmp/trio-actors-UID`. `actors --help` lists the commands, `actors COMMAND --help` says what one takes, `actors --version` which version this is.
"""  # noqa: E501 - a paragraph is a line

_STATUS_HEAD = """# Exit codes

What `actors` ends with. `supervision.ExitCode` has those that have a name; `run()` returns it, and `ServiceReport.exit_code` has it.

| | | `actors run` | all other commands | systemd |
|---|---|---|---|---|
"""  # noqa: E501 - as above

_STATUS_END = """
A signal that ended the process shows in a shell as 128 and its number: 137 is `kill -9`, or the kernel that was out of memory. systemd says `signal` then, and `Restart=on-failure` starts it again: what was accepted is in the [store](../durable.md), if there is one.

`Restart=on-failure` with `RestartPreventExitStatus=2` is right for most; a [unit file](../service.md#under-systemd-and-in-a-container) has both. `actors check module:Tree --unit FILE` looks at yours. In Kubernetes and Docker any status but 0 counts as a failure: see that `--budget` is some seconds under the grace period.
"""  # noqa: E501 - as above


def command_line(groups: Mapping[str, Iterable[Command]]) -> str:
    """Make docs/reference/command-line.md."""
    lines = [_HEAD]
    for group, commands in groups.items():
        lines += [f"## {group}\n"]
        for each in commands:
            lines += [_section(each)]
    return "\n".join(lines)


def exit_codes(statuses: Iterable[Status]) -> str:
    """Make docs/reference/exit-codes.md."""
    rows = [
        f"| {each.number} | {f'`{each.name}`' if each.name else ''} "
        f"| {_cell(each.run)} | {_cell(each.others)} | {_cell(each.systemd)} |\n"
        for each in statuses
    ]
    return _STATUS_HEAD + "".join(rows) + _STATUS_END


def _section(command: Command) -> str:
    parts = [
        f"### `{command.synopsis}`",
        " ".join(command.description.split()),
        f"```console\n$ {command.example}\n```",
    ]
    if command.arguments:
        rows = [_row(each) for each in command.arguments]
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(argument: Argument) -> str:
    said = f"`{argument}`" + ("" if argument.optional else " (needed)")
    return f"| {_cell(said)} | {_cell(argument.says)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
