"""`user_traceback`: the frames of who uses the library, and none of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import trio

from actors import Actor, ActorStoppedError, open_system
from supervision import (
    ChildSpec,
    RestartLimit,
    RestartLimitError,
    Supervisor,
    check_specs,
    find_child,
)
from supervision._words.traceback import user_traceback


def deeper(number: int) -> None:
    """Fail."""
    raise ValueError(number)


class Faulty(Actor[int]):
    """Fails two calls below `receive`."""

    def receive(self, message: int) -> None:
        deeper(message)


class Impatient(Supervisor):
    """Gives up at the first crash."""

    limit = RestartLimit(0, within=1.0)
    children = (ChildSpec(Faulty, id="faulty"),)


async def crash(make: type[Actor[Any]]) -> BaseException:
    """What leaves the system when it, or its child, is told 7."""
    try:
        async with open_system() as system:
            ref = system.start(make, name="top")
            await ref.wait_started()
            if make is Impatient:
                ref = await find_child(ref, "faulty")
            await ref.tell(7)
            await trio.sleep_forever()
    except Exception as error:  # noqa: BLE001 - it is what the test is about
        return error
    raise AssertionError


def functions_of(text: str) -> list[str]:
    """The functions named in a traceback, in order."""
    return re.findall(r'File "[^"]+", line \d+, in (\w+)', text)


async def test_a_crash_is_shown_from_receive_on() -> None:
    """The frames of the engine and of Trio are left out; the note names the actor."""
    error = await crash(Faulty)

    text = user_traceback(error)

    assert functions_of(text) == ["crash", "receive", "deeper"]
    assert "deeper(message)" in text
    assert text.splitlines()[-2:] == ["ValueError: 7", error.__notes__[-1]]
    assert "/top" in error.__notes__[-1]


async def test_an_error_of_ours_is_shown_with_its_cause_and_without_our_frames() -> (
    None
):
    """Who reads that a supervisor gave up wants to know on what."""
    error = await crash(Impatient)

    text = user_traceback(error)

    assert isinstance(error, RestartLimitError)
    assert functions_of(text) == ["receive", "deeper", "crash"]
    assert "The above exception was the direct cause" in text
    assert "/supervision/_" not in text


def raised(act: Callable[[], object]) -> BaseException:
    """What it raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        act()
    return caught.value


def test_users_frames_below_ours_stay() -> None:
    """Only what is between them goes."""

    def back() -> None:
        deeper(1)

    async def main() -> None:
        back()

    text = user_traceback(raised(lambda: trio.run(main)))

    assert functions_of(text) == ["raised", "main", "back", "deeper"]
    assert "in <lambda>" in text


def test_the_members_of_a_group_lose_our_frames_too() -> None:
    """A user's nursery wraps what a user's task raises."""

    async def task() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep, 0)
            deeper(1)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(task)
            nursery.start_soon(trio.sleep, 0)

    text = user_traceback(raised(lambda: trio.run(main)))

    assert "ExceptionGroup" in text
    assert "ValueError: 1" in text
    assert set(functions_of(text)) == {"raised", "main", "task", "deeper"}


def without_user(error: BaseException) -> BaseException:
    """The same, as if only frameworks had been on the way."""
    for _ in range(2):
        assert error.__traceback__ is not None
        error.__traceback__ = error.__traceback__.tb_next
    return error


def test_a_bug_of_ours_is_shown_in_full() -> None:
    """When nothing would be left, the report of it needs the frames."""
    error = raised(lambda: trio.run(7))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    text = user_traceback(without_user(error))

    assert "trio" in text
    assert functions_of(text)


def test_an_error_that_we_raise_on_purpose_needs_no_frames() -> None:
    """Its text says it all."""
    error = raised(lambda: check_specs([7]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]

    text = user_traceback(without_user(error))

    assert text.startswith("supervision._trees.errors.SpecError: children must be ")


def test_an_error_that_was_never_raised_has_just_its_text() -> None:
    """One that is made as a value."""
    ours = user_traceback(ActorStoppedError("/chat"))

    assert ours.startswith("actors.errors.ActorStoppedError: ")
    assert user_traceback(ValueError("x")) == "ValueError: x"


def test_frames_of_the_standard_library_stay() -> None:
    """They tell what was called."""
    text = user_traceback(raised(lambda: json.loads("{")))

    assert functions_of(text)[:1] == ["raised"]
    assert "raw_decode" in functions_of(text)


def test_control_characters_do_not_reach_the_terminal() -> None:
    """The text of an exception is a stranger's."""
    text = user_traceback(ValueError("\x1b[2J\nsecond\r"))

    assert text == "ValueError: \\x1b[2J\nsecond\\r"


class Odd(Exception):  # noqa: N818 - it is one
    """Everything about it fails."""

    def __str__(self) -> str:
        raise RuntimeError

    __notes__ = property(__str__)  # pyright: ignore[reportAssignmentType]


@pytest.mark.parametrize("error", [Odd(), ExceptionGroup("g", [Odd()])])
def test_an_exception_whose_parts_fail_is_shown_somehow(error: Exception) -> None:
    """The report of a crash must not crash."""
    assert type(error).__name__ in user_traceback(error)


functions_by_name: dict[str, str] = {}


def inner(number: int) -> None:
    """Fail because of something."""
    try:
        deeper(number)
    except ValueError as error:
        failure = ModuleNotFoundError("No module named 'pkg.x'", name="pkg.x")
        failure.add_note("a note")
        raise failure from error


def caught(call: Callable[[], object]) -> BaseException:
    """What a call raises."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001, ASYNC103 - what the test is about
        return error  # noqa: ASYNC104
    raise AssertionError


def grouped() -> None:
    """Fail in two ways, while something else is being dealt with."""
    try:
        functions_by_name["first"]
    except KeyError:
        several = [caught(lambda: deeper(7)), caught(lambda: inner(8))]
        raise ExceptionGroup("both", several)  # type: ignore[type-var] # noqa: B904


@pytest.mark.parametrize("error", [ImportError("x"), SystemExit(1)])
def test_where_python_cannot_format_it_the_users_frames_are_there(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its formatting raises: causes, contexts, notes and members are there."""

    def fail(*_: object, **__: object) -> None:
        raise error

    failure = caught(grouped)
    monkeypatch.setattr(
        "supervision._words.traceback.TracebackException.from_exception", fail
    )
    text = user_traceback(failure)

    assert sorted(set(functions_of(text))) == ["caught", "deeper", "grouped", "inner"]
    for words in (
        "ExceptionGroup: both (2 sub-exceptions)",
        "KeyError: 'first'",
        "ValueError: 7",
        "ValueError: 8",
        "ModuleNotFoundError: No module named 'pkg.x'\na note",
        "direct cause of the following exception",
        "During handling of the above exception",
        "one of the following group",
        "deeper(number)",
    ):
        assert words in text, words
    assert text.index("ValueError: 8") < text.index("ModuleNotFoundError")
    assert text.endswith("ExceptionGroup: both (2 sub-exceptions)")


def test_what_python_would_guess_about_by_importing_is_written_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From 3.15 on its formatting of a missing module runs the user's packages."""
    failure = caught(lambda: inner(9))
    usual = user_traceback(failure)
    monkeypatch.setattr("supervision._words.traceback._GUESSING", (3, 0))

    def fail(*_: object, **__: object) -> None:
        pytest.fail("it was asked")

    monkeypatch.setattr(
        "supervision._words.traceback.TracebackException.from_exception", fail
    )
    text = user_traceback(failure)

    assert functions_of(text) == functions_of(usual)
    assert "ModuleNotFoundError: No module named 'pkg.x'" in text
    assert "ValueError: 9" in text


def test_if_nothing_works_there_is_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report never fails."""

    def fail(*_: object, **__: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr("supervision._words.traceback._formatted", fail)
    monkeypatch.setattr("supervision._words.traceback._hide", fail)

    assert user_traceback(caught(lambda: deeper(3))) == "ValueError: 3"
