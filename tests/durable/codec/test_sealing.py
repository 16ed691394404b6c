"""A sealed body is read by who has the seal, and only where it belongs."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from supervision.durable._codec.protocol import Codec, Where
from supervision.durable._codec.sealing import Sealed, Sealer, context
from supervision.durable._words.errors import CodecError
from tests.durable.codec.asking import UNTYPED, values_of

HERE = context("sessions", "alice")


class Keyed:
    """A toy of a seal: hides by exclusive or, and knows what is its own."""

    def __init__(self, *keys: bytes) -> None:
        self.keys = keys

    def _hidden(self, key: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_128(key).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))

    def seal(self, data: bytes, context: bytes) -> bytes:
        """With the first key."""
        mark = hmac.digest(self.keys[0], context + data, "sha256")
        return mark + self._hidden(self.keys[0], data)

    def open(self, data: bytes, context: bytes) -> bytes:
        """With any."""
        for key in self.keys:
            found = self._hidden(key, data[32:])
            if hmac.compare_digest(
                hmac.digest(key, context + found, "sha256"), data[:32]
            ):
                return found
        msg = f"not mine: {data!r}"
        raise ValueError(msg)


def sealed(seal: Any, where: bytes = HERE) -> Codec:
    """Make a codec of strings that are sealed."""
    return Sealed(values_of(str), Sealer(seal), where)


def test_a_sealed_body_comes_back() -> None:
    """And does not show what is in it."""
    codec = sealed(Keyed(b"new"))
    body = codec.encode("a secret", Where.PROMPT)

    assert b"secret" not in body
    assert codec.decode(body, Where.PROMPT) == "a secret"
    assert codec.version == 1


def test_a_body_of_an_older_key_is_read_as_long_as_the_seal_can() -> None:
    """New ones have the new key."""
    body = sealed(Keyed(b"old")).encode("x", Where.STATE)

    assert sealed(Keyed(b"new", b"old")).decode(body, Where.STATE, 1) == "x"
    with pytest.raises(CodecError):
        sealed(Keyed(b"new")).decode(body, Where.STATE)


@pytest.mark.parametrize(
    "elsewhere", [context("sessions", "bob"), context("prompts", "alice"), b""]
)
def test_a_body_cannot_be_moved(elsewhere: bytes) -> None:
    """To another key or table."""
    body = sealed(Keyed(b"new")).encode("x", Where.STATE)

    with pytest.raises(CodecError, match="a state cannot be read: the seal does not"):
        sealed(Keyed(b"new"), elsewhere).decode(body, Where.STATE)


def test_the_error_of_a_seal_is_told_without_its_text() -> None:
    """It might show the body."""
    body = sealed(Keyed(b"new")).encode("x", Where.STATE)

    with pytest.raises(CodecError) as caught:
        sealed(Keyed(b"old")).decode(body, Where.STATE)
    assert "ValueError" in str(caught.value.__cause__)
    assert "not mine" not in f"{caught.value} {caught.value.__cause__}"


@given(some.binary(max_size=40))
def test_bytes_that_were_not_sealed_are_refused(data: bytes) -> None:
    """Also those of a time before the seal."""
    plain = UNTYPED.encode("x", Where.PROMPT)
    for body in (data, b"S\x01" + data, plain):
        with pytest.raises(CodecError):
            sealed(Keyed(b"new")).decode(body, Where.PROMPT)


@given(*[some.lists(some.text(max_size=3), min_size=1, max_size=3)] * 2)
def test_no_two_places_have_the_same_name(one: list[str], other: list[str]) -> None:
    """Whatever is in a key."""
    assert (context(*one) == context(*other)) == (one == other)


class Odd:
    """Gives no bytes."""

    def seal(self, data: bytes, context: bytes) -> Any:
        """Give a str."""
        return f"{data!r}{context!r}"

    open = seal


def test_a_seal_that_gives_no_bytes_is_a_mistake() -> None:
    """Found at once; at opening it is one of the body."""
    with pytest.raises(TypeError, match=r"seal\(\) must return bytes, it gave a str"):
        sealed(Odd()).encode("x", Where.PROMPT)
    with pytest.raises(CodecError, match="the seal has not given bytes"):
        sealed(Odd()).decode(b"S\x01x", Where.PROMPT)


@pytest.mark.parametrize("seal", [None, object(), "key"])
def test_what_cannot_seal_is_no_seal(seal: Any) -> None:
    """It has two methods."""
    with pytest.raises(TypeError, match=r"seal= must have seal\(data, context\)"):
        Sealer(seal)


def test_what_cannot_be_encoded_is_not_sealed() -> None:
    """The codec's error comes through."""
    with pytest.raises(TypeError, match="a prompt cannot be stored"):
        sealed(Keyed(b"new")).encode(3, Where.PROMPT)
