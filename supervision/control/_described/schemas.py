"""The shapes of answers as JSON Schema, with what is said of their fields.

Read from the `TypedDict`s, so there is one place where a field is declared.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any, Final, get_args, get_origin, get_type_hints, is_typeddict

from actors.hosting import declaration_of, words_in

# Any in this file: types, and JSON

Schema = dict[str, Any]

_PLAIN: Final = {
    bool: "boolean",
    float: "number",
    int: "integer",
    str: "string",
    types.NoneType: "null",
}


def name_of(shape: Any) -> str:
    """What a shape is called in the file: `SessionShape` is `Session`."""
    name: str = shape.__name__
    return name.removesuffix("Shape")


def schema_of(declared: Any) -> Schema:
    """Make the schema of a type; of a shape a reference.

    Raises:
        TypeError: nothing of that kind is in an answer.
    """
    if declared in _PLAIN:
        return {"type": _PLAIN[declared]}
    if is_typeddict(declared):
        return {"$ref": f"#/components/schemas/{name_of(declared)}"}
    origin, inner = get_origin(declared), get_args(declared)
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    if isinstance(declared, types.UnionType):
        each = [schema_of(one) for one in inner]
        if all("$ref" not in one for one in each):
            return {**each[0], "type": [one["type"] for one in each]}
        return {"anyOf": each}
    msg = f"no answer has a {declared!r}"
    raise TypeError(msg)


def object_of(shape: Any) -> Schema:
    """Make the schema of a shape: each field is there, and later ones may be added."""
    hints, said = get_type_hints(shape), dict(_said(shape))
    fields: Schema = {}
    for name, declared in hints.items():
        fields[name] = schema_of(declared)
        if name in said:
            fields[name]["description"] = said[name]
    return {
        "type": "object",
        "description": inspect.cleandoc(shape.__doc__ or ""),
        "properties": fields,
        "required": list(hints),
    }


def shapes_in(declared: Any) -> Iterator[Any]:
    """Yield the shapes in a type, and those in their fields, each once."""
    seen: set[Any] = set()
    rest = [declared]
    while rest:
        each = rest.pop()
        rest.extend(get_args(each))
        if is_typeddict(each) and each not in seen:
            seen.add(each)
            yield each
            rest.extend(get_type_hints(each).values())


def _said(shape: Any) -> Iterator[tuple[str, str]]:
    """Yield what stands below each field of a shape, and of those it extends."""
    declaration = declaration_of(shape)
    names = vars(sys.modules[shape.__module__])
    for base in declaration.bases:  # Python 3.11 keeps them nowhere else
        if is_typeddict(found := names.get(ast.unparse(base))):
            yield from _said(found)
    for name, text in words_in(declaration).items():
        yield name, " ".join(text.split())
