"""Words for people: what strangers write is safe to print, numbers are easy to read."""

from __future__ import annotations

import sys

import pytest

from supervision._words.text import (
    amount,
    counted,
    cut,
    duration,
    error_line,
    listed,
    printable,
    safe_repr,
)


class Mute(Exception):  # noqa: N818 - it is one that cannot speak
    """Its `str` and `repr` fail."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("é 中文 👩‍🚀", "é 中文 👩‍🚀"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\u202egnp", r"abc\u202egnp"),
        ("\u2028line", r"\u2028line"),
        ("\ud800", r"\ud800"),
        (r"\x1b", r"\x1b"),
    ],
)
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    """Nothing that a terminal obeys is left; all else is as it was."""
    assert printable(text) == shown


def test_lines_may_stay_lines() -> None:
    """For a traceback: newlines and tabs stay, a carriage return does not."""
    assert printable("a\n\tb\r\x1b", lines=True) == "a\n\tb" + r"\r\x1b"


def test_every_control_character_is_caught() -> None:
    """All of the category Cc, and every half of a character."""
    controls = [chr(n) for n in [*range(32), *range(127, 160), 0xD800, 0xDFFF]]

    assert all(printable(each).isascii() and printable(each) for each in controls)
    assert all("\\" in printable(each) for each in controls)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc..."), ("abc", 2, "...")],
)
def test_a_long_text_is_cut(text: str, limit: int, shown: str) -> None:
    """Three dots tell so."""
    assert cut(text, limit) == shown


def test_a_repr_that_fails_is_named() -> None:
    """Also that of a number which Python refuses to write."""
    huge = 10 ** (sys.get_int_max_str_digits() + 1)

    assert safe_repr([1]) == "[1]"
    assert safe_repr("x" * 300, 10) == "'xxxxxx..."
    assert safe_repr(Mute()) == "(Mute: its repr() fails: RuntimeError)"
    assert safe_repr(huge) == "(int: its repr() fails: ValueError)"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("empty"), "ValueError: empty"),
        (ValueError(), "ValueError"),
        (ValueError("a\nb\x1b"), r"ValueError: a\nb\x1b"),
        (Mute(), "Mute: (its str() fails: RuntimeError)"),
    ],
)
def test_an_error_is_one_line(error: Exception, line: str) -> None:
    """Whatever its text is."""
    assert error_line(error) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.34, "0.3 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7_620, "2 h 07 min"),
        (3_600_000, "1,000 h 00 min"),
    ],
)
def test_a_time_is_as_exact_as_a_person_wants_it(seconds: float, text: str) -> None:
    """Nothing is rounded to sixty of anything."""
    assert duration(seconds) == text


def test_numbers_come_with_their_words() -> None:
    """One is not many, and nothing is not said."""
    assert [amount(1, "turn"), amount(1200, "turn")] == ["1 turn", "1,200 turns"]
    assert amount(2, "turn runs", "turns run") == "2 turns run"
    assert counted({"Completed": 1200, "Failed": 0, "Lost": 1}) == (
        "Completed 1,200, Lost 1"
    )
    assert counted({}) == ""


@pytest.mark.parametrize(
    ("total", "text"), [(2, "a, b"), (3, "a, b, and 1 more"), (0, "a, b")]
)
def test_a_list_says_how_many_it_leaves_out(total: int, text: str) -> None:
    """Of those that were given and of those that were not."""
    assert listed(["a", "b", "c"][: total or 2], total, 2) == text
