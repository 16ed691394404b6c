"""The defaults that are written below fields are the defaults."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.extras import HAS_ACP

HOUSE = Path(__file__).parent.parent
_SAID = re.compile(  # a number alone, not "30 seconds, twice as long each time"
    r"Default:? (\d+(?:,\d{3})*(?:\.\d+)?)(?: (KiB|MiB))?(?=[.,:;]|$| \(| and )"
)
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def _said_in(path: Path) -> Iterator[tuple[str, str, float]]:
    """Class, field and number of each default that is written in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ClassDef):
            continue
        for field, words in pairwise(node.body):
            if not (isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr)):
                continue
            text = " ".join(str(ast.literal_eval(words.value)).split())
            said = _SAID.search(text)
            if said is not None:
                number = float(said[1].replace(",", "")) * _UNITS[said[2] or ""]
                yield node.name, ast.unparse(field.target), number


def _default_of(cls: Any, name: str) -> object:
    """Of a field; the first one, if it is several."""
    value: Any = getattr(cls, name, None)  # Any: of whatever type its field is
    if attrs.has(cls) and name in attrs.fields_dict(cls):
        value = attrs.fields_dict(cls)[name].default
    several = issubclass(type(value), tuple)
    first: object = value[0] if several else value
    return first


FOUND = [
    (path.relative_to(HOUSE), *said)
    for room in ("actors", "supervision")
    for path in sorted((HOUSE / room).rglob("*.py"))
    if HAS_ACP or "acp" not in path.parts
    for said in _said_in(path)
]


@pytest.mark.parametrize(
    ("path", "cls", "field", "number"),
    [pytest.param(*each, id=f"{each[1]}.{each[2]}") for each in FOUND],
)
def test_a_default_is_what_is_written(
    path: Path, cls: str, field: str, number: float
) -> None:
    """To whoever reads the documentation."""
    module = importlib.import_module(".".join(path.with_suffix("").parts))

    assert _default_of(getattr(module, cls), field) == number


def test_defaults_are_written() -> None:
    """The search finds those of the policies and of the limits."""
    fields = {f"{cls}.{field}" for _, cls, field, _ in FOUND}

    assert {"TurnPolicy.time_limit", "PromptPolicy.capacity"} <= fields
    assert {"Limits.turns", "Limits.idle"} <= fields
