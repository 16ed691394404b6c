"""Names, labels and numbers as the text format of Prometheus has them, 0.0.4.  Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, Mapping[str, str], float]
"""Suffix of the name, labels, value."""


def family(
    name: str, kind: str, about: str, samples: Iterable[Sample]
) -> Iterable[str]:
    """Give the lines of one metric; none if it has no samples."""
    found = [
        f"{name}{suffix}{labels_of(labels)} {number(value)}"
        for suffix, labels, value in samples
    ]
    if found:
        words = about.replace("\\", "\\\\").replace("\n", "\\n")
        found[:0] = (f"# HELP {name} {words}", f"# TYPE {name} {kind}")
    return found


def labels_of(labels: Mapping[str, str]) -> str:
    """Give the labels in their brackets; nothing if there are none."""
    if not labels:
        return ""
    pairs = (f'{name}="{escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def escaped(value: str) -> str:
    """Give a label's value, which is a stranger's text."""
    # a carriage return ends a line for some readers; half a character is no UTF-8
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return text.replace("\r", "\\\\r").encode("utf-8", "replace").decode()


def number(value: float) -> str:
    """Give a number, also one that is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return repr(float(value)) if isinstance(value, float) else str(int(value))
