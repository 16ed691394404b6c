"""docs/reference/openapi.json: OpenAPI 3.1.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from supervision._view.shapes import ErrorShape

from .operations import ANYWHERE
from .schemas import name_of, object_of, schema_of, shapes_in
from .words import Operation, Parameter

# Any in this file: JSON

_ERROR: Final = ErrorShape
_UNREADY: Final = 503
_KINDS: Final = {"application/json": "object"}  # {kind of content: what it is}
_LINES: Final = "application/x-ndjson"
_INFO: Final = (
    "What a service answers on its control socket: HTTP on a Unix socket, for its user "
    "alone (`curl --unix-socket PATH http://localhost/ready`). Ages and times are "
    "seconds; what does not apply is null. A later version may add fields; it does not "
    "change one. `/metrics`, `/health` and `/ready` are also there over TCP, with "
    "--metrics."
)


def openapi(groups: Mapping[str, Iterable[Operation]], version: str) -> dict[str, Any]:
    """Make the document."""
    paths: dict[str, dict[str, Any]] = {}
    shapes: dict[str, Any] = {name_of(_ERROR): object_of(_ERROR)}
    for group, operations in groups.items():
        for each in operations:
            paths.setdefault(each.path, {})[each.method.lower()] = _one(each, group)
            for shape in shapes_in(each.answer):
                shapes[name_of(shape)] = object_of(shape)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The control socket of a trio-actors service",
            "version": version,
            "description": _INFO,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://localhost", "description": "over its Unix socket"}],
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": {
            "responses": {
                f"{status}": _refusal(why, _ERROR) for status, why in ANYWHERE
            },
            "schemas": dict(sorted(shapes.items())),
        },
    }


def _one(operation: Operation, group: str) -> dict[str, Any]:
    in_path = set(re.findall(r"\{(\w+)\}", operation.path))
    asked = [each for each in operation.parameters if each.name not in in_path]
    is_post = operation.method == "POST"
    said: dict[str, Any] = {
        "tags": [group],
        "operationId": operation.id,
        "summary": operation.says,
    }
    parameters = [
        *(_in(each, "path") for each in operation.parameters if each.name in in_path),
        *(_in(each, "query") for each in asked if not is_post),
    ]
    if parameters:
        said["parameters"] = parameters
    if is_post and asked:
        said["requestBody"] = _body(asked)
    said["responses"] = _responses(operation)
    return said


def _in(parameter: Parameter, where: str) -> dict[str, Any]:
    schema = _schema(parameter)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": where,
        "required": parameter.needed,
        "description": parameter.says,
        "schema": schema,
    }


def _schema(parameter: Parameter) -> dict[str, Any]:
    default = {} if parameter.default is None else {"default": parameter.default}
    return {"type": parameter.kind, **default}


def _body(asked: Iterable[Parameter]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            each.name: {**_schema(each), "description": each.says} for each in asked
        },
        "required": [each.name for each in asked if each.needed],
        "additionalProperties": False,
    }
    return {
        "description": "Or the same in the query.",
        "required": bool(schema["required"]),
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema},
        },
    }


def _responses(operation: Operation) -> dict[str, Any]:
    answer = operation.answer
    if isinstance(answer, str):
        kinds = [answer, _LINES] if answer == "text/event-stream" else [answer]
        content: dict[str, Any] = {
            kind: {"schema": {"type": _KINDS.get(kind, "string")}} for kind in kinds
        }
    else:
        content = {"application/json": {"schema": schema_of(answer)}}
    found: dict[str, Any] = {"200": {"description": operation.says, "content": content}}
    for status, _ in ANYWHERE:
        found[f"{status}"] = {"$ref": f"#/components/responses/{status}"}
    whys: dict[int, list[str]] = {}
    for status, why in operation.refuses:
        whys.setdefault(status, []).append(why)
    for status, several in whys.items():
        own = operation.id == "ready" and status == _UNREADY
        found[f"{status}"] = _refusal("; or ".join(several), answer if own else _ERROR)
    return dict(sorted(found.items()))


def _refusal(why: str, shape: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema_of(shape)}}
    return {"description": why, "content": content}
