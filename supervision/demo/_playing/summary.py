"""What is said at the end of the demo: its accounts, and whether they add up.

The senders' account counts what they were told.  It is held against the store, which
knows of every prompt what a process said that was killed since; without a store there
is one process, and its report counts what its router did.  Every prompt that was
accepted must have one outcome in both, and the same.  Pure: it reads and draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from supervision._words.text import amount
from supervision.demo._tree.faults import Fault
from supervision.demo.traffic.book import (
    ANSWERED,
    MADE_AGAIN,
    NOTHING,
    STEERED,
    UNANSWERED,
    WITHOUT,
    BookShape,
    KillsShape,
)
from supervision.demo.traffic.plan import Plan
from supervision.demo.traffic.recording import Accident
from supervision.service import ExitCode

from .audit import Audit

OUTCOMES: Final = (
    "Completed",
    "Steered",
    "Aborted",
    "Withdrawn",
    "TimedOut",
    "Failed",
    "Rejected",
    "Lost",
)
"""In the order in which they are told."""

_WHY: Final = {
    "ClosedToNewError": "while it drained",
    "QuarantinedError": "its session had crashed too often",
    "QueueFullError": "too many waited in its session",
    "SaturatedError": "there was no room for its session",
    UNANSWERED: "sent as the service ended",
}
_WIDTH = 80
_MILLI = 1_000
_MINUTE = 60


@attrs.frozen(kw_only=True)
class Summary:
    """How a demo went."""

    plan: Plan
    account: BookShape | None
    """The senders'; None: the service did not get so far."""
    report: Mapping[str, Any] | None
    """The service's; None: it did not get so far."""
    service_exit: int
    """The exit status of the service."""
    audit: Audit | None = None
    """What the store says; None: there is none."""

    @property
    def broken(self) -> list[str]:
        """What is not as it must be, in words; empty: nothing."""
        late = self.report is not None and not self.report["in_time"]
        return self.differences + ["the service did not stop in time"] * late

    @property
    def differences(self) -> list[str]:
        """Where the accounts do not add up, in words; empty: they do."""
        found: list[str] = []
        account, report = self.account, self.report
        if account is None or report is None:
            which = "account of its senders" if account is None else "report"
            return [f"the service has left no {which}"]
        if not report["adds_up"]:
            ended = sum(report["outcomes"].values())
            text = f"the service counts {report['accepted']:,} accepted prompts, and"
            found.append(f"{text} {ended:,} with an outcome")
        ended = sum(account["outcomes"].values())
        if account["accepted"] != ended + account["kept"]:
            text = f"{account['accepted']:,} prompts were accepted, {ended:,} have"
            found.append(f"{text} an outcome")
        if account["offered"] != account["accepted"] + sum(account["refused"].values()):
            found.append("prompts were neither accepted nor refused")
        if self.audit is None:
            found += self._of_router(account, report)
        elif self.audit.differ:
            number, first = len(self.audit.differ), self.audit.differ[0]
            found.append(f"{amount(number, 'prompt')} other than told: {first}")
        return found

    def _of_router(self, account: BookShape, report: Mapping[str, Any]) -> list[str]:
        """Where the senders' account is not the router's."""
        found: list[str] = []
        if account["accepted"] != report["accepted"]:
            text = f"the senders count {account['accepted']:,} accepted prompts"
            found.append(f"{text}, the router {report['accepted']:,}")
        if account["outcomes"] != {k: n for k, n in report["outcomes"].items() if n}:
            found.append("the senders were told other outcomes than the router counts")
        return found

    @property
    def exit_code(self) -> int:
        """What the command ends with: 0 only if all is as it must be."""
        if self.service_exit != ExitCode.OK:
            return self.service_exit
        return ExitCode.CRASHED if self.broken else ExitCode.OK

    @property
    def verdict(self) -> Text:
        """In a line, for the end: whether the accounts add up."""
        if self.differences:
            return Text("adds up: NO", "bold red")
        return Text("adds up: yes", "bold green")

    def __rich__(self) -> RenderableType:
        """Draw it, for `rich.print`: at most 80 columns."""
        parts: list[RenderableType] = [self._facts()]
        if self.account is not None:
            parts.append(self._filed(self.account))
            if self.account["faults"]:
                parts.append(self._faults(self.account))
        parts += [
            Text(f"NOT AS IT MUST BE: {each}", "bold red") for each in self.broken
        ]
        return Group(*parts)

    # ------------------------------------------------------------------------ the parts

    def _facts(self) -> Table:
        table = Table(
            box=None,
            show_header=False,
            title=Text("\nsummary of the demo", "bold not italic"),
            title_justify="left",
            pad_edge=False,
            width=_WIDTH,
        )
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        if self.account is not None:
            for title, words in self._of_senders(self.account):
                table.add_row(title, words)
        if self.report is not None:
            table.add_row("drain", _drain(self.report))
        if self.account is not None and self.report is not None:
            good = not self.differences
            books = "store" if self.audit is not None else "router's books"
            words = f"yes: every accepted prompt has one outcome, in the {books} "
            words += "and as its sender was told"
            table.add_row(
                Text("adds up", "bold"),
                Text(words if good else "NO", "bold green" if good else "bold red"),
            )
        code = self.exit_code
        meaning = ExitCode(code).name if code in frozenset(ExitCode) else "a signal"
        table.add_row("exit code", f"{code} ({meaning})")
        return table

    def _of_senders(self, account: BookShape) -> Iterator[tuple[str, str]]:
        plan = self.plan
        report = self.report
        # the senders go on while the service drains, and are refused
        drained = report["drain_seconds"] + report["stop_seconds"] if report else 0.0
        seconds = max(0.0, account["seconds"] - drained)
        played = max(0.0, seconds - account["kills"]["away"])
        recorded = played * plan.speed / _MINUTE
        text = f"{played:.0f} s at {plan.speed:g} times the speed: {recorded:.0f} min "
        text += f"of the recording, {account['conversations']:,} conversations"
        yield "traffic", text
        refused = sum(account["refused"].values())
        text = f"{account['offered']:,} = {account['accepted']:,} accepted + "
        yield "prompts", f"{text}{refused:,} refused"
        text = f"{account['accepted']:,} = {_sum(account['outcomes'])}"
        if account["kept"]:
            text += f" + {account['kept']:,} kept in the store for the next process"
        yield "accepted", text
        if account["kills"]["number"]:
            yield "kill -9", _kills(account["kills"])
        if refused or account["came_back"]:
            text = _refused(account["refused"]) or "none for good"
            if account["came_back"]:
                text += f"; {account['came_back']:,} waited for room and were accepted"
            yield "refused", text
        if seconds:
            text = f"{account['accepted'] / seconds:,.0f} prompts/s accepted, "
            text += f"{account['read'] / seconds:,.0f} chunks/s read as they came"
            yield "throughput", text
        waits = account["waits"]
        text = ", ".join(
            f"{name} {_time(each)}"
            for name, each in (
                ("p50", waits["p50"]),
                ("p99", waits["p99"]),
                ("longest", waits["longest"]),
            )
        )
        what = f"one of {plan.slots} slots"
        what = f"the store and {what}" if self.audit is not None else what
        yield "waits", f"{text}, for {what}"

    def _filed(self, account: BookShape) -> Table:
        """What went wrong with prompts, and what became of them."""
        table = _table("what went wrong with prompts")
        filed = account["filed"]
        order = [NOTHING, STEERED, *(each.value for each in Accident)]
        for under in sorted(filed, key=lambda u: order.index(u) if u in order else 99):
            number = sum(filed[under].values())
            table.add_row(under, f"{number:,}", _sum(filed[under]))
        return table

    def _faults(self, account: BookShape) -> Table:
        """What went wrong with the tree, and what became of it."""
        table = _table("what went wrong with the tree")
        notes = account["notes"]
        became = {
            Fault.TOOL_BROKEN: f"started again by its supervisor; "
            f"{amount(notes.get(MADE_AGAIN, 0), 'call')} made again, "
            f"{notes.get(ANSWERED, 0):,} answered, "
            f"{notes.get(WITHOUT, 0):,} done without",
            Fault.TOOL_REPLACED: "stopped in order and started again, under load",
            Fault.SESSION_KILLED: "a new one took over the key and what waited",
            Fault.SLOTS_TAKEN: "a third: turns waited, none that ran was touched",
            Fault.SLOTS_BACK: "the line moved on",
            Fault.ROUTER_CRASHED: "its supervisor had another in its place within "
            f"{_time(account['longest_repair'])}; every prompt had its outcome",
        }
        for fault, words in became.items():
            times = account["faults"].get(fault.value, 0)
            if times:
                table.add_row(fault.value, f"{times:,}", words)
        return table


def _table(title: str) -> Table:
    """A table of what, how often, and what became of it."""
    table = Table(box=None, show_header=False, pad_edge=False, width=_WIDTH)
    table.title = Text(f"\n{title}", "bold not italic")
    table.title_justify = "left"
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    return table


def _drain(report: Mapping[str, Any]) -> str:
    ended = sum(report["in_drain"].values())
    took = report["drain_seconds"] + report["stop_seconds"]
    text = f"{report['why']}: {amount(ended, 'prompt')} left, "
    text += f"{_sum(report['in_drain']) or 'none'}; " if ended else ""
    text += f"{took:.2f} s of {report['budget']:g} s"
    for number, word, what in (
        (report["aborted"], "turn", "cut off"),
        (report["lost_total"], "prompt", "lost"),
        (len(report["late"]), "actor", "late"),
    ):
        text += f", {amount(number, word)} {what}" if number else ""
    return text


def _kills(kills: KillsShape) -> str:
    """What became of the prompts that a dead process had."""
    number = kills["number"]
    rest = kills["open"] - kills["interrupted"] - kills["tried_again"]
    text = f"{amount(number, 'time')}, back within {_time(kills['longest_away'])}: "
    text += f"of {amount(kills['open'], 'open prompt')} {kills['interrupted']:,} "
    text += f"interrupted, {kills['tried_again']:,} tried again, {rest:,} waited and "
    return text + f"went on; {kills['sent_again']:,} that had no answer sent again"


def _sum(outcomes: Mapping[str, int]) -> str:
    """Write `3 Completed + 1 Lost`."""
    known = [name for name in OUTCOMES if outcomes.get(name)]
    others = [name for name in outcomes if name not in OUTCOMES]
    return " + ".join(f"{outcomes[name]:,} {name}" for name in known + others)


def _refused(numbers: Mapping[str, int]) -> str:
    """Write `3 QueueFullError (one session had too many)`."""
    return ", ".join(
        f"{number:,} {name}" + (f" ({_WHY[name]})" if name in _WHY else "")
        for name, number in numbers.items()
    )


def _time(seconds: float) -> str:
    """Write a short time: `3 ms`, `1.20 s`."""
    if seconds < 1:
        return f"{seconds * _MILLI:.0f} ms"
    return f"{seconds:.2f} s"
