"""How a run went: as text for people, and as JSON."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .checking import RULES
from .play import Played

# Any in this file: JSON
_SHOWN = 10  # wrongs of a rule


def show(played: Played, console: Console) -> None:
    """Print it."""
    book, rows = played.book, played.rows
    wrong = Counter(each.rule for each in played.wrong)
    console.print(
        f"chaos: seed {played.plan.seed}, {played.plan.nodes} nodes,"
        f" ttl {played.plan.ttl} s, {played.seconds:.0f} s in all"
    )
    console.print("done: " + _counts(book.done))
    console.print(
        f"prompts: {len(book.sent)} made up, {len(rows.prompts)} stored, "
        + _counts(Counter(each.outcome or "none" for each in rows.prompts))
    )
    began = Counter(each.id for each in book.began)
    console.print(
        f"turns: {len(book.began)} begun, {sum(n > 1 for n in began.values())} prompts"
        f" begun again; told: {sum(len(each.told) for each in book.sent.values())}"
    )
    console.print("senders were told, and tried again: " + _counts(book.refused))
    table = Table("", "wrong")
    for rule in RULES:
        count = wrong[rule]
        table.add_row(rule, str(count), style="red" if count else "")
    console.print(table)
    for rule in wrong:
        of_rule = [each.words for each in played.wrong if each.rule == rule]
        console.print(f"[red]{rule}[/red]")
        for words in of_rule[:_SHOWN]:
            console.print("  " + escape(words), soft_wrap=True)
            for known in _known(played, words):
                console.print("    " + escape(known), style="dim", soft_wrap=True)
        if len(of_rule) > _SHOWN:
            console.print(f"  and {len(of_rule) - _SHOWN} more")


def as_json(played: Played) -> dict[str, Any]:
    """Make what stands in a file."""
    book, rows = played.book, played.rows
    plan = played.plan
    return {
        "plan": {
            "seconds": plan.seconds,
            "nodes": plan.nodes,
            "seed": plan.seed,
            "ttl": plan.ttl,
            "partitions": plan.partitions,
            "only": list(plan.only),
            "network": plan.network,
        },
        "seconds": played.seconds,
        "done": book.done,
        "refused": book.refused,
        "sent": len(book.sent),
        "stored": len(rows.prompts),
        "outcomes": Counter(each.outcome or "none" for each in rows.prompts),
        "begun": len(book.began),
        "told": sum(len(each.told) for each in book.sent.values()),
        "wrong": {
            rule: [
                {"words": each.words, "known": _known(played, each.words)}
                for each in played.wrong
                if each.rule == rule
            ]
            for rule in RULES
        },
    }


def _known(played: Played, words: str) -> list[str]:
    """All that is known of the prompts that are named in these words."""
    book, found = played.book, list[str]()
    for name in dict.fromkeys(re.findall(r"\bp\d+\b", words)):
        rows = [each for each in played.rows.prompts if each.id == name]
        found += [f"{each}" for each in (book.sent.get(name), *rows) if each]
        found += [f"{each}" for each in book.began if each.id == name]
    return found


def _counts(counts: dict[str, int]) -> str:
    words = [f"{n} {what}" for what, n in sorted(counts.items(), key=lambda it: -it[1])]
    return ", ".join(words) or "nothing"
