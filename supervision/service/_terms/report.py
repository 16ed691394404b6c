"""`ServiceReport`: how a service has ended, as a value, in words and in a table.

The service makes it when everything has ended; the log, the terminal, a file and the
tests read it.  Its size does not depend on how much the service has done.  Knows
neither the service nor its process.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from actors import Late
from supervision._trees.draining import LetGo
from supervision._words.text import (
    amount,
    counted,
    cut,
    duration,
    error_line,
    listed,
    printable,
)
from supervision._words.traceback import user_traceback

from .exit_codes import SHELL, ExitCode

TOLERANCE: Final = 0.5
"""Seconds over the budget that still count as in time: a busy machine's share."""
_LOST: Final = 100
_SHOWN: Final = 5  # of the late and the lost, in words
_ROUTERS: Final = 10  # in words
_WIDTH: Final = 80
_INDENT: Final = 12
_PATH: Final = 40  # characters of a path or a key, in words


@attrs.frozen
class LostPrompt:
    """A prompt that was accepted and that no turn has taken."""

    router: str
    """Path of its router."""
    key: str
    """Of its session."""
    id: int
    """`Receipt.id`: unique in its router."""


@attrs.frozen(kw_only=True)
class RouterReport:
    """The prompts of one router, over all its incarnations."""

    path: str
    """Where it is in the tree."""
    accepted: int
    """How many prompts it has accepted."""
    outcomes: Mapping[str, int]
    """`{name of the outcome's class: number}`: their sum, and `kept`, is `accepted`."""
    refused: Mapping[str, int]
    """`{name of the error's class: number}` of those that it did not accept."""
    in_drain: Mapping[str, int]
    """Of `outcomes`: those since the drain began."""
    kept: int = 0
    """How many its incarnations have left in their store, for the next one."""

    @property
    def adds_up(self) -> bool:
        """Every accepted prompt has its outcome, or is kept in a store."""
        return self.accepted == sum(self.outcomes.values()) + self.kept


def _first_lost(lost: Iterable[LostPrompt]) -> tuple[LostPrompt, ...]:
    return tuple(lost)[:_LOST]


@attrs.frozen(kw_only=True)
class ServiceReport:
    """How a service has ended.

    `print` it with rich for a table, take `lines()` for a log and `as_json()` for a
    file.
    """

    name: str
    """What the service was called."""
    seconds: float
    """How long it has lived, from its start to the end of its stop."""
    why: str
    """What made it end: `SIGTERM`, a request, the end or the crash of its tree."""
    exit_code: int
    """The exit status of the process: an `ExitCode`, or 128 and a signal's number."""
    routers: tuple[RouterReport, ...]
    """Each router that there was, in the order of their paths."""
    drain_seconds: float
    """How long the accepted prompts were given their chance; 0 without a drain."""
    stop_seconds: float
    """How long the tree took to stop after that."""
    budget: float
    """Seconds that both together may take."""
    late: tuple[Late, ...] = ()
    """The actors that did not stop in time and were killed, in that order."""
    lost: tuple[LostPrompt, ...] = attrs.field(default=(), converter=_first_lost)
    """The first 100 prompts that no turn has taken, in the life of the service: in its
    drain, or as a router was stopped, restarted or crashed."""
    lost_total: int = 0
    """How many there are in all: those of `outcomes`."""
    aborted: int = 0
    """Turns that were aborted because the time of the drain was up."""
    let_go: tuple[LetGo, ...] = ()
    """The first 100 of the children that crashed while it drained and that nobody has
    restarted: because they were turned away, or over a limit."""
    let_go_total: int = 0
    """How many there are in all."""
    crash: BaseException | None = None
    """What the tree crashed with; None: it did not."""

    @property
    def accepted(self) -> int:
        """How many prompts were accepted, by all routers."""
        return sum(each.accepted for each in self.routers)

    @property
    def outcomes(self) -> dict[str, int]:
        """`{name of the outcome's class: number}`, the most frequent first."""
        return _sum(each.outcomes for each in self.routers)

    @property
    def refused(self) -> dict[str, int]:
        """`{name of the error's class: number}`, the most frequent first."""
        return _sum(each.refused for each in self.routers)

    @property
    def in_drain(self) -> dict[str, int]:
        """Of `outcomes`: those since the drain began."""
        return _sum(each.in_drain for each in self.routers)

    @property
    def kept(self) -> int:
        """How many prompts wait in a store, for the next process."""
        return sum(each.kept for each in self.routers)

    @property
    def adds_up(self) -> bool:
        """In every router every accepted prompt has its outcome, or is kept."""
        return all(each.adds_up for each in self.routers)

    @property
    def in_time(self) -> bool:
        """Drain and stop have kept to the budget.

        Who has not stopped within a grace of its own is killed and named in `late`;
        that is as it was declared, as long as the budget is not over.
        """
        took = self.drain_seconds + self.stop_seconds
        if self.late:
            return took < self.budget
        return took <= self.budget + TOLERANCE

    @property
    def cut_short(self) -> bool:
        """A second signal has ended it at once: the budget did not matter any more."""
        return self.exit_code > SHELL

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON, the sums and verdicts included.

        `crash` is null or `{"error": "ValueError: ...", "stack": [lines]}`.
        """
        crash = self.crash
        return {
            "name": self.name,
            "why": self.why,
            "exit_code": int(self.exit_code),  # an enum has a name too
            "seconds": self.seconds,
            "budget": self.budget,
            "drain_seconds": self.drain_seconds,
            "stop_seconds": self.stop_seconds,
            "in_time": self.in_time,
            "cut_short": self.cut_short,
            "accepted": self.accepted,
            "outcomes": self.outcomes,
            "refused": self.refused,
            "in_drain": self.in_drain,
            "kept": self.kept,
            "adds_up": self.adds_up,
            "aborted": self.aborted,
            "late": [{"path": each.path, "phase": each.phase} for each in self.late],
            "let_go": [
                {"path": each.path, "error": error_line(each.error)}
                for each in self.let_go
            ],
            "let_go_total": self.let_go_total,
            "lost": [attrs.asdict(each) for each in self.lost],
            "lost_total": self.lost_total,
            "crash": None
            if crash is None
            else {
                "error": error_line(crash),
                "stack": user_traceback(crash).splitlines(),
            },
            "routers": [
                {
                    "path": each.path,
                    "accepted": each.accepted,
                    "outcomes": dict(each.outcomes),
                    "refused": dict(each.refused),
                    "in_drain": dict(each.in_drain),
                    "kept": each.kept,
                    "adds_up": each.adds_up,
                }
                for each in self.routers
            ],
        }

    def lines(self) -> list[str]:
        """The same in words: at most 80 columns and some thirty lines."""
        found = textwrap.wrap(self._headline(), _WIDTH)
        for title, text, _ in self._facts():
            found += _entry(title, text)
        return found

    def __rich__(self) -> Any:  # rich's protocol; Any: rich is not loaded here
        """The same as a table, for `rich.print`."""
        # It is loaded by who has a terminal.
        from rich.box import ROUNDED  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        good = self.exit_code == ExitCode.OK
        table = Table(
            box=ROUNDED,
            title=Text(self._headline(), style="bold green" if good else "bold red"),
            title_justify="left",
            show_header=False,
            width=_WIDTH,
        )
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        for title, text, fine in self._facts():
            table.add_row(title, Text(text, style="" if fine else "bold red"))
        return table

    def _headline(self) -> str:
        code = f"exit code {self.exit_code} ({_meaning(self.exit_code)})"
        lived = duration(self.seconds)
        name, why = printable(cut(self.name, _PATH)), printable(cut(self.why, _WIDTH))
        return f"{name}: ended after {lived}: {why}; {code}"

    def _facts(self) -> list[tuple[str, str, bool]]:
        """List title, words, and whether it is as it should be."""
        facts: list[tuple[str, str, bool]] = [self._time(), self._prompts()]
        for title, numbers, after in (
            ("outcomes", self.outcomes, ""),
            ("refused", self.refused, ""),
            ("in drain", self.in_drain, ": outcomes since the drain began"),
        ):
            if text := counted(numbers):
                facts.append((title, text + after, True))
        if self.aborted:
            text = "aborted when the time of the drain was up"
            facts.append(("cut off", f"{amount(self.aborted, 'turn')} {text}", True))
        if self.lost_total:
            some = listed(map(_lost, self.lost), self.lost_total, _SHOWN)
            facts.append(
                ("lost", f"{amount(self.lost_total, 'prompt')}: {some}", False)
            )
        if self.late:
            some = listed(map(_late, self.late), len(self.late), _SHOWN)
            text = f"{amount(len(self.late), 'actor')} killed: {some}"
            in_grace = self.in_time and not self.cut_short
            if in_grace:
                text += "; their own grace was over"
            title = "killed" if self.cut_short or in_grace else "late"
            facts.append((title, text, False))
        if self.let_go_total:
            some = listed(map(_let_go, self.let_go), self.let_go_total, _SHOWN)
            what = amount(self.let_go_total, "child", "children")
            text = f"{what} crashed in the drain, not restarted: {some}"
            facts.append(("let go", text, False))
        if self.crash is not None:
            facts.append(("crash", error_line(self.crash), False))
        if len(self.routers) > 1:
            facts += self._of_routers()
        return facts

    def _time(self) -> tuple[str, str, bool]:
        took = self.drain_seconds + self.stop_seconds
        parts = f"drain {self.drain_seconds:.2f} s + stop {self.stop_seconds:.2f} s"
        verdict = "in time" if self.in_time else "LATE"
        if self.cut_short:
            verdict = "cut short"
        return (
            "time",
            f"{parts} = {took:.2f} s of {self.budget:g} s: {verdict}",
            self.in_time and not self.cut_short,
        )

    def _prompts(self) -> tuple[str, str, bool]:
        if not self.routers:
            return "prompts", "none: there was no router", True
        text = _balance(self.accepted, sum(self.outcomes.values()), self.kept)
        if not self.adds_up and "=" in text:
            text += ", but not in each router"
        return "prompts", text, self.adds_up

    def _of_routers(self) -> list[tuple[str, str, bool]]:
        # Those that do not add up first: the last ones may not be shown.
        ordered = sorted(self.routers, key=lambda each: each.adds_up)
        found = [
            (
                "router",
                f"{_short(each.path)}: "
                + _balance(each.accepted, sum(each.outcomes.values()), each.kept),
                each.adds_up,
            )
            for each in ordered[:_ROUTERS]
        ]
        if len(ordered) > _ROUTERS:
            rest = amount(len(ordered) - _ROUTERS, "more router")
            found.append(
                ("", f"and {rest}", all(e.adds_up for e in ordered[_ROUTERS:]))
            )
        return found


def _sum(numbers: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in numbers:
        total.update(each)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _balance(accepted: int, ended: int, kept: int) -> str:
    """Words for the sum that must be right."""
    left = f" + {kept:,} kept" if kept else ""
    if accepted == ended + kept:
        return f"{accepted:,} accepted = {amount(ended, 'outcome')}{left}"
    differ = abs(accepted - ended - kept)
    what = f"{differ:,} WITHOUT" if accepted > ended + kept else f"{differ:,} TOO MANY"
    return f"{accepted:,} accepted, {amount(ended, 'outcome')}{left}: {what}"


def _meaning(code: int) -> str:
    if code in frozenset(ExitCode):
        return ExitCode(code).name.replace("_", " ")
    return f"signal {code - SHELL}" if code > SHELL else "unknown"


def _short(text: str) -> str:
    return printable(cut(text, _PATH))


def _lost(prompt: LostPrompt) -> str:
    return f"{_short(prompt.router)} {_short(prompt.key)} #{prompt.id}"


def _let_go(child: LetGo) -> str:
    return f"{_short(child.path)} ({cut(error_line(child.error), _WIDTH)})"


def _late(late: Late) -> str:
    return f"{_short(late.path)} ({late.phase})"


def _entry(title: str, text: str) -> list[str]:
    first = f"  {title:{_INDENT - 2}}"
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT
    )
