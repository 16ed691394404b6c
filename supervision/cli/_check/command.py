"""`actors check`: looks at a tree, and says what is wrong or doubtful with it."""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path

from rich.text import Text

from supervision._drawing.look import DIM, MAYBE, WRONG
from supervision._drawing.text import clean, plural
from supervision.cli._commands.printing import print_json, print_lines
from supervision.client.directory import CommandError
from supervision.service import ExitCode

from .findings import Finding, Found, Severity
from .folders import check_folders
from .trees import check_tree
from .unit import check_unit, command_of, read_service


def check(arguments: Namespace) -> int:
    """`actors check`: 0, nothing found; 1, something was."""
    target, file, budget = arguments.tree, arguments.unit, arguments.budget
    if ":" not in target:
        text = f"'{target}' names no tree: give a module and a name in it, as app:Tree"
        raise CommandError(text)
    service = None if file is None else _read(file)
    if service is not None:
        said = command_of(service).budget
        budget = budget if said is None else said
    with redirect_stdout(sys.stderr):  # what the user's code prints is no answer
        found = check_tree(target, budget)
        wrong = any(each.severity is Severity.WRONG for each in found.findings)
        if arguments.store is not None and not wrong:
            # at run time: it needs what stores need
            kept = importlib.import_module("supervision.cli._check.kept")
            kept.check_kept(arguments.store, arguments.router, target, found)
    if service is not None:
        check_unit(service, target, str(file), found)
        check_folders(service, Path.cwd(), str(file), found)
    if arguments.json:
        print_json(_as_json(target, found))
    else:
        print_lines(_lines(target, found))
    return ExitCode.CRASHED if found.findings else ExitCode.OK


def _read(file: Path) -> dict[str, str]:
    try:
        service = read_service(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CommandError(f"--unit {file}: {why}") from error
    if service is None:
        raise CommandError(f"--unit {file}: it has no section [Service]")
    return dict(service)


def _lines(target: str, found: Found) -> list[Text]:
    lines: list[Text] = []
    for each in found.findings:
        lines += _of_one(each)
    looked = plural(found.actors, "actor")
    lines += [Text(clean(each)) for each in found.read]
    if not found.findings:
        text = f"{clean(target)}: nothing is wrong; {looked} looked at"
        return [*lines, Text(text)]
    numbers = [
        f"{number} {severity.value}"
        for severity in Severity
        if (number := sum(each.severity is severity for each in found.findings))
    ]
    return [*lines, Text(f"{clean(target)}: {', '.join(numbers)}; {looked} looked at")]


def _of_one(finding: Finding) -> list[Text]:
    style = WRONG if finding.severity is Severity.WRONG else MAYBE
    line = Text().append(finding.severity.value, style)
    line.append(f"  {clean(finding.where)}: {clean(finding.what)}")
    if not finding.right:
        return [line]
    return [line, Text("  right: ", DIM).append(clean(finding.right))]


def _as_json(target: str, found: Found) -> dict[str, object]:
    return {
        "tree": target,
        "actors": found.actors,
        "read": found.read,
        "findings": [
            {
                "severity": each.severity.value,
                "where": each.where,
                "what": each.what,
                "right": each.right or None,
            }
            for each in found.findings
        ],
    }
