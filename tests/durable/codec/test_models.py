"""Models of pydantic in bodies: taken apart, and made again as they were."""

from __future__ import annotations

from typing import Any, get_args

import acp.schema
import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel

from actors import Session, Turn
from supervision.acp import AgentSession, Other, Text, ToolCall
from supervision.durable import CodecError
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values


class Size(BaseModel):
    """Stands inside."""

    width: int = 1


class Order(BaseModel):
    """Has a bit of everything."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    what: str = Field(alias="itemName")
    sizes: tuple[Size, ...] = ()
    note: str | None = None
    _seen: int = PrivateAttr(default=0)


class Shop(Session[Order, str]):
    """Takes models as prompts."""

    async def take_turn(self, turn: Turn[Order, str]) -> None:
        """Do nothing."""


class Anything(Session[Any, Any]):
    """Says nothing of its types."""

    async def take_turn(self, turn: Turn[Any, Any]) -> None:
        """Do nothing."""


def again(value: Any, values: Values | None = None) -> Any:
    """Make bytes of it, and it of them."""
    codec = values or Values(Shop)
    return codec.decode(codec.encode(value, Where.PROMPT), Where.PROMPT)


def test_a_model_comes_back_as_it_was() -> None:
    """What is inside, beside its fields, private; and which fields were given."""
    beside: dict[str, Any] = {"colour": "green"}
    order = Order(itemName="tea", sizes=(Size(width=3), Size()), **beside)
    order._seen = 7

    found = again(order)

    assert found == order
    assert type(found.sizes[0]) is Size
    assert found.model_extra == {"colour": "green"}
    assert found.model_fields_set == {"what", "sizes", "colour"}
    assert found._seen == 7
    assert found.model_dump_json() == order.model_dump_json()


def test_nothing_is_validated_again() -> None:
    """What somebody has put into it past its validators is there."""
    odd = Order.model_construct(what=5)

    assert again(odd).what == 5


def test_a_newer_class_has_its_defaults() -> None:
    """And what it has no more is gone; a field without a default is an error."""

    def made(**fields: Any) -> type[BaseModel]:
        namespace = {"__module__": "shop", "__qualname__": "Thing"}
        return type("Thing", (BaseModel,), {**namespace, **fields})

    old = made(__annotations__={"a": int, "b": int}, b=2)
    new = made(
        __annotations__={"a": int, "c": list[int]}, c=Field(default_factory=list)
    )
    strict = made(__annotations__={"a": int, "c": int})
    body = Values(Anything, types=[old]).encode(old(a=1), Where.PROMPT)

    found = Values(Anything, types=[new]).decode(body, Where.PROMPT)
    assert found == new.model_construct({"a"}, a=1, c=[])
    with pytest.raises(CodecError):
        Values(Anything, types=[strict]).decode(body, Where.PROMPT)


def test_a_model_that_nobody_has_named_is_refused() -> None:
    """As any class."""
    with pytest.raises(TypeError, match="a prompt cannot be stored"):
        Values(Anything).encode(Size(), Where.PROMPT)
    assert again(Size(), Values(Anything, types=[Size])) == Size()


def test_whatever_an_agent_says_can_be_kept() -> None:
    """Each update of the protocol, as a chunk of a journal."""
    codec = Values(AgentSession)
    start = acp.schema.ToolCallStart(
        session_update="tool_call", tool_call_id="1", title="read", kind="read"
    )
    known = get_args(acp.schema.SessionNotification.model_fields["update"].annotation)
    chunks = [
        Text("hello", meta={"a": [1]}),
        ToolCall("1", "read", "read", "pending", start),
        *(
            Other("odd", each.model_construct(**dict.fromkeys(each.model_fields, 1)))
            for each in known
        ),
        Other("new", {"sessionUpdate": "new"}),
    ]
    for chunk in chunks:
        found = codec.decode(codec.encode(chunk, Where.CHUNK), Where.CHUNK)
        assert found == chunk
        assert type(found) is type(chunk)
    assert len(chunks) > 12


class Sizes(RootModel[list[Size]]):
    """Is a list."""


def test_a_model_with_a_root_comes_back() -> None:
    """Its state has fewer parts than that of other models."""
    sizes = Sizes([Size(width=3), Size()])
    found = again(sizes, Values(Anything, types=[Sizes]))
    assert type(found) is Sizes
    assert found == sizes
    assert found.model_fields_set == {"root"}
    assert found.root[0].model_fields_set == {"width"}
