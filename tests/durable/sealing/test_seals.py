"""A sealed body is read by who has the seal, and only where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from supervision.durable import CodecError
from supervision.durable._sealing.seals import (
    NotSealedError,
    Sealer,
    Unopened,
    context,
)
from tests.durable.sealing.boxes import Choosy, Keyed

HERE = context("STATE", "alice")


def why(body: bytes) -> CodecError:
    """Say why a body has not been opened."""
    assert isinstance(body, Unopened)
    return body.why


def test_a_sealed_body_comes_back() -> None:
    """And does not show what is in it."""
    sealer = Sealer(Keyed(b"new"))
    body = sealer.seal(b"a secret", HERE)

    assert b"secret" not in body
    assert sealer.open(body, HERE, "a state") == b"a secret"


def test_d69_a_body_of_an_older_key_is_read_as_long_as_the_seal_can() -> None:
    """New ones have the new key."""
    body = Sealer(Keyed(b"old")).seal(b"x", HERE)

    assert Sealer(Keyed(b"new", b"old")).open(body, HERE, "a state") == b"x"
    assert isinstance(Sealer(Keyed(b"new")).open(body, HERE, "a state"), Unopened)


def test_a_body_that_is_not_opened_is_written_as_it_was() -> None:
    """Not sealed twice: who has the key can still read it."""
    body = Sealer(Keyed(b"old")).seal(b"x", HERE)
    found = Sealer(Keyed(b"new")).open(body, HERE, "a prompt")

    again = Sealer(Keyed(b"new")).seal(found, HERE)
    assert type(again) is bytes
    assert again == body


@pytest.mark.parametrize(
    "elsewhere", [context("STATE", "bob"), context("PROMPT", "alice"), b""]
)
def test_a_body_cannot_be_moved(elsewhere: bytes) -> None:
    """To another key or kind."""
    sealer = Sealer(Keyed(b"new"))
    body = sealer.seal(b"x", HERE)

    error = why(sealer.open(body, elsewhere, "a state"))
    assert str(error).startswith("a state cannot be read: the seal does not")


def test_the_error_of_a_seal_is_told_without_its_text() -> None:
    """It might show the body."""
    body = Sealer(Keyed(b"new")).seal(b"x", HERE)
    error = why(Sealer(Keyed(b"old")).open(body, HERE, "a state"))

    assert "ValueError" in str(error.__cause__)
    assert "not mine" not in f"{error} {error.__cause__}"
    with pytest.raises(NotSealedError) as caught:
        Sealer(Choosy(b"new", b"STATE", b"mine")).seal(b"mine", HERE)
    assert str(caught.value) == "seal() has failed with ValueError"
    assert caught.value.__suppress_context__


@given(some.binary(max_size=40))
def test_bytes_that_were_not_sealed_are_not_opened(data: bytes) -> None:
    """Also those of a time before the seal."""
    for body in (data, b"S\x01" + data):
        assert isinstance(Sealer(Keyed(b"new")).open(body, HERE, "x"), Unopened)


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


def test_a_seal_that_gives_no_bytes_seals_nothing() -> None:
    """And opens nothing."""
    with pytest.raises(NotSealedError, match="must return bytes, it gave a str"):
        Sealer(Odd()).seal(b"x", HERE)
    error = why(Sealer(Odd()).open(b"S\x01x", HERE, "a state"))
    assert str(error) == "a state cannot be read: the seal has not given bytes"
