"""Facts about the description of the HTTP: it has every endpoint, as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from trio.testing import MockClock

from actors import open_system
from supervision._view.shapes import ErrorShape
from supervision.control._described.__main__ import pages
from supervision.control._described.operations import OPERATIONS
from supervision.control._described.schemas import schema_of
from supervision.control._described.words import Operation
from supervision.control._endpoints.app import ENDPOINTS, make_app
from supervision.service import View
from tests.control.client import serving
from tests.control.test_nodes import pair

DOCS = Path(__file__).parents[2] / "docs" / "reference"
ALL = tuple(chain.from_iterable(OPERATIONS.values()))
FILE: Any = json.loads(pages()["openapi.json"])  # Any: JSON


def in_path(operation: Operation) -> set[str]:
    """Names of the parts of its path."""
    return set(re.findall(r"\{(\w+)\}", operation.path))


def asked(operation: Operation) -> set[str]:
    """Names of its other parameters."""
    return {each.name for each in operation.parameters} - in_path(operation)


KINDS: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def faults(value: Any, schema: Any, where: str = "$") -> Iterator[str]:
    """Say where JSON is not as a schema says: as much of it as there is in ours."""
    if "$ref" in schema:
        schema = FILE["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        if all(list(faults(value, each, where)) for each in schema["anyOf"]):
            yield f"{where} is none of {schema['anyOf']}: {value!r:.80}"
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(type(value) in KINDS[kind] for kind in kinds):
        yield f"{where} is no {kinds}: {value!r:.80}"
    elif type(value) in KINDS["array"]:
        for number, each in enumerate(value):
            yield from faults(each, schema["items"], f"{where}[{number}]")
    elif type(value) in KINDS["object"]:
        yield from in_object(value, schema, where)


def in_object(value: dict[str, Any], schema: Any, where: str) -> Iterator[str]:
    """Say it of an object: each field is there, and nobody has invented one."""
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where} has no {name}"
    for name, each in value.items():
        inner = known.get(name, schema.get("additionalProperties"))
        if inner is None:
            yield f"{where} has a {name} that nobody has said"
        else:
            yield from faults(each, inner, f"{where}.{name}")


@pytest.mark.parametrize("name", list(pages()))
def test_the_files_are_as_the_table_is(name: str) -> None:
    """If not: `python -m supervision.control._described docs/reference`."""
    assert (DOCS / name).read_text("utf-8") == pages()[name]


async def test_a_service_serves_the_file(tmp_path: Path) -> None:
    """To the byte, as the docs have it.  If not: see above."""
    async with serving(tmp_path) as served:
        answer = await served.get("/openapi.json")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == (DOCS / "openapi.json").read_bytes()
    assert answer.json == FILE


async def test_every_route_is_described_and_nothing_else() -> None:
    """Each once, with a name of its own."""
    async with open_system() as system:
        routes = make_app(View(system)).routes

    there = {
        (method, route.path.replace(":path", ""))
        for route in routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert sorted((each.method, each.path) for each in ALL) == sorted(there)
    assert len({each.id for each in ALL}) == len(ALL)
    assert {
        (m.upper(), path) for path, it in FILE["paths"].items() for m in it
    } == there


def test_the_service_lists_the_same_endpoints() -> None:
    """With the same parameters."""
    listed: dict[tuple[str, str], set[str]] = {}
    for line in ENDPOINTS:
        method, target = line.split()[:2]
        path, _, query = target.partition("?")
        names = set(re.findall(r"(\w+)=", query))
        if (body := re.search(r"\((.*?)\)", line)) and method == "POST":
            names = set(re.findall(r"\w+", body[1]))
        listed[method, re.sub(r"[A-Z]+", lambda m: f"{{{m[0].lower()}}}", path)] = names

    assert {(each.method, each.path) for each in ALL} == set(listed)
    for each in ALL:
        names = listed[each.method, each.path]
        assert names == asked(each) or each.id == "configure", each
    (configure,) = (each for each in ALL if each.id == "configure")
    assert listed["POST", "/limits"] < asked(configure)


@pytest.mark.parametrize("operation", ALL, ids=[each.id for each in ALL])
async def test_an_endpoint_takes_these_parameters_and_no_others(
    operation: Operation, tmp_path: Path
) -> None:
    """It says which, to whoever gives it another."""
    path = re.sub(r"\{\w+\}", "1", operation.path)
    async with serving(tmp_path) as served:
        if operation.method == "GET":
            answer = await served.get(f"{path}?nonsense=1")
        else:
            answer = await served.post(path, {"nonsense": 1})

    assert answer.status == 400
    assert list(faults(answer.json, {"$ref": "Error"})) == []
    _, _, names = answer.error.partition("here, ")
    allowed = set(names.removeprefix("only ").split(", ")) - {"none"}
    assert allowed == asked(operation)


# {operation: what it is asked, and its status}; KEY is a key of a stored router
ASKED: list[tuple[str, str, int]] = [
    ("root", "/", 200),
    ("health", "/health", 200),
    ("ready", "/ready", 200),
    ("statistics", "/statistics", 200),
    ("tree", "/tree", 200),
    ("tree", "/tree?path=/nowhere", 404),
    ("actor", "/actors/notes", 200),
    ("actor", "/actors/nowhere", 404),
    ("top", "/top", 200),
    ("stack", "/stack?key=KEY", 200),
    ("stack", "/stack?path=/router", 200),
    ("sessions", "/sessions", 200),
    ("sessions", "/sessions?router=/nowhere", 404),
    ("session", "/sessions/KEY", 200),
    ("session", "/sessions/nobody", 404),
    ("keys", "/keys", 200),
    ("outcome", "/outcome?key=KEY&id=1", 200),
    ("outcome", "/outcome?key=KEY&id=2", 200),
    ("outcome", "/outcome?key=KEY&id=3", 404),
    ("read", "/read?key=KEY", 200),
    ("read", "/read", 400),
    ("reminders", "/reminders", 200),
    ("stores", "/stores", 200),
    ("nodes", "/nodes", 200),
    ("nodes", "/nodes?router=/router", 409),
    ("locate", "/locate?key=KEY", 200),
    ("locate", "/locate", 400),
    ("limits", "/limits", 200),
    ("configure", "/limits?router=/router&turns=3", 200),
    ("configure", "/limits?turns=3", 409),
    ("abort", "/turns/1/abort?router=/router&hard=true", 200),
    ("abort", "/turns/77/abort", 404),
    ("release", "/sessions/KEY/release", 409),
    ("passivate", "/sessions/KEY/passivate", 409),
    ("cancel", "/sessions/KEY/cancel?reason=enough", 200),
    ("cancel_all", "/sessions/KEY/cancel_all", 200),
    ("reset", "/sessions/KEY/reset", 200),
    ("close", "/sessions/KEY/close", 200),
    ("stop", "/stop", 409),
    ("backup", "/store/backup", 400),
    ("restartActor", "/actors/router/restart", 409),
    ("stopActor", "/actors/router/stop", 200),
]


def schema_for(operation: Operation, status: int) -> Any:
    """What the file says of an answer."""
    method = operation.method.lower()
    said = FILE["paths"][operation.path][method]["responses"][f"{status}"]
    if "$ref" in said:
        said = FILE["components"]["responses"][f"{status}"]
    return said["content"]["application/json"]["schema"]


async def test_real_answers_are_as_described(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Of every endpoint that answers in JSON, and of refusals."""
    del autojump_clock  # time is virtual
    known = {each.id: each for each in ALL}
    async with pair(tmp_path) as both:
        served, here = both.served, both.here
        key = await both.key_of("a")
        await (await here.accept(key, "milk", id="1", tenant="o")).outcome()
        await here.remind(key, "soon", after=3600, every=600, prompt="y")
        await here.accept(key, "hang", id="2")
        served.router.send("ann", "hang")
        await served.router.send("bob", "hi").outcome()

        for id, target, status in ASKED:  # noqa: A001 - its name in the file
            operation = known[id]
            answer = await served.ask(operation.method, target.replace("KEY", key))
            assert answer.status == status, answer.body
            assert list(faults(answer.json, schema_for(operation, status))) == []

    told = {each.id for each in ALL if not isinstance(each.answer, str)}
    assert {id for id, _, _ in ASKED} == told  # noqa: A001 - as above


def test_what_may_be_null_keeps_the_rest_of_its_schema() -> None:
    """What is in a list, say; a shape has a schema of its own."""
    numbers = schema_of(list[int] | None)

    assert numbers == {"type": ["array", "null"], "items": {"type": "integer"}}
    assert schema_of(ErrorShape | None) == {
        "anyOf": [{"$ref": "#/components/schemas/Error"}, {"type": "null"}]
    }
    with pytest.raises(TypeError, match="no answer has a"):
        schema_of(bytes)


def test_what_is_not_as_described_is_found() -> None:
    """The check can fail: by a kind, a field that is missing, one too many."""
    error = {"$ref": "#/components/schemas/Error"}

    assert list(faults({"error": "x"}, error)) == []
    assert len(list(faults({"error": 1}, error))) == 1
    assert len(list(faults({}, error))) == 1
    assert len(list(faults({"error": "x", "more": 1}, error))) == 1
    assert len(list(faults([], error))) == 1
    either = {"anyOf": [error, {"type": "null"}]}
    assert list(faults(None, either)) == []
    assert len(list(faults("x", either))) == 1
