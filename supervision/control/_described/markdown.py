"""docs/reference/http.md: the endpoints as tables.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .operations import ANYWHERE
from .schemas import name_of
from .words import Operation, Parameter

_HEAD: Final = """# HTTP

What a service answers on its control socket, HTTP on a Unix socket of mode 0600: [what it is for, and how to ask it with curl](../service.md#the-control-socket). For programs there is an OpenAPI 3.1 file, [openapi.json](openapi.json), made from the same table, which the service itself has at `GET /openapi.json`; the names of answers are its schemas, and `supervision.service` has them as `TypedDict`s (`Session` is `SessionShape`).

Keys are percent-encoded in a path. A `GET` has its parameters in the query, a `POST` there, or in a form or a JSON object as its body; one that is not known, is given twice or has a wrong value is refused. Ages and times are seconds; what does not apply is `null`. A later version may add fields; it does not change one.

Over TCP, with `--metrics HOST:PORT`, there are `/metrics`, `/health` and `/ready`, and no others.
"""  # noqa: E501 - a paragraph is a line
_ERRORS: Final = """## Errors

The body of a refusal is `{"error": "what was wrong, and what would be right"}`. Beside what stands with an endpoint, any may answer:

| | |
|---|---|
"""  # noqa: E501 - as above


def http_page(groups: Mapping[str, Iterable[Operation]]) -> str:
    """Make the page."""
    parts = [_HEAD]
    for group, operations in groups.items():
        parts += [f"## {group}\n", *map(_section, operations)]
    rows = [f"| {status} | {why} |\n" for status, why in ANYWHERE]
    return "\n".join([*parts, _ERRORS + "".join(rows)])


def _section(operation: Operation) -> str:
    answer = operation.answer
    answers = f"`{answer}`" if isinstance(answer, str) else name_of(answer)
    lines = [
        f"### `{operation.method} {operation.path}`\n",
        f"{operation.says} Answer: {answers}.\n",
    ]
    rows = [_row(each) for each in operation.parameters]
    rows += [f"| {status} | {why} |" for status, why in operation.refuses]
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Parameter) -> str:
    kind = "" if parameter.kind == "string" else f", {parameter.kind}"
    needed = ", needed" if parameter.needed else ""
    many = ", may be repeated" if parameter.many else ""
    default = parameter.default
    shown = str(default).lower() if isinstance(default, bool) else default
    usual = "" if default is None else f"; default: `{shown}`"
    return f"| `{parameter.name}`{kind}{needed}{many} | {parameter.says}{usual} |"
