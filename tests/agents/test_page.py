"""The page says what the results say, and the results are those of the recipes."""

from __future__ import annotations

import json
import re

import pytest

from .asking.wire import Json
from .page import (
    PAGE,
    RESULTS,
    TABLES,
    asked,
    kept,
    ran,
    results,
    said,
    second,
    version,
    with_tables,
)
from .recipes import RECIPES

FOUND = results()


def test_the_page_says_what_the_results_say() -> None:
    """`python -m tests.agents --page` would change nothing."""
    text = PAGE.read_text(encoding="utf-8")

    assert all(f"<!-- table: {name} -->" in text for name in TABLES)
    assert with_tables(text, FOUND) == text


def test_twelve_agents_were_run() -> None:
    """Each to an open session, and each says its version by itself or by a command."""
    there = ran(FOUND)

    assert len(there) >= 12
    assert all(version(each) for each in there)


def test_the_results_are_those_of_the_recipes() -> None:
    """Who changes what is installed, or how it is started, has it run again."""
    assert {path.stem for path in RESULTS.iterdir()} <= set(RECIPES)
    for each in FOUND:
        recipe = RECIPES[each["name"]]
        assert each["packages"] == recipe.packages
        assert each.get("command", list(recipe.command)) == list(recipe.command)


def test_the_results_say_nothing_of_the_machine() -> None:
    """Folders and ports are words of the recipe."""
    text = json.dumps(FOUND)

    assert re.findall(r"[\"\s]/(?:tmp|home|root)/\S*", text) == []
    assert re.findall(r"127\.0\.0\.1:\d{4,}", text) == []


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ({"asked": 1, "done": False}, "asks"),
        ({"asked": 0, "done": True}, "**does it unasked**"),
        ({"asked": 1, "done": True}, "asks, is denied, **does it**"),
        ({"asked": 0, "done": False}, "neither asks nor does it"),
        ({"tool": ""}, "has no tool"),
        ({"reason": "cancelled"}, "asks; ends with cancelled"),
    ],
)
def test_what_a_tool_came_to(tried: Json, words: str) -> None:
    """In words."""
    usual = {"tool": "sh", "asked": 1, "done": False, "reason": "end_turn"}

    assert asked({**usual, "told of": None, **tried}) == words


@pytest.mark.parametrize(
    ("order", "whole", "heard", "words"),
    [
        ("first: end_turn, second: end_turn", True, True, "waits, is answered"),
        ("first: end_turn, second: x", True, False, "waits, comes to x"),
        ("second: error 1, first: end_turn", True, False, "refused: error 1"),
        ("second: error 1, first: x", False, False, "refused: error 1; both end"),
        ("first: end_turn, second: error 1", True, False, "refused after the first"),
        ("first: cancelled, second: end_turn", False, True, "ends the first"),
        ("second: end_turn, first: end_turn", True, True, "ends before the first,"),
        ("second: end_turn, first: end_turn", False, True, "ends before the first:"),
    ],
)
def test_what_a_second_prompt_came_to(
    order: str, words: str, *, whole: bool, heard: bool
) -> None:
    """In words."""
    about = {"order": order.split(", "), "first whole": whole, "second": heard}

    assert second({"facts": {"two prompts": about}}).startswith(words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("end_turn", "end_turn"),
        ('error -32601: "none": x {"method": "x"}', "no such method"),
        ('error -32603: Internal error {"details": "it burns"}', "it burns)"),
        ('error -32603: Internal error: 400 {"service": "x", "n": "Y"}', "400"),
        ('error -32602: not found: 7 {"details": "7"}', "not found: 7"),
    ],
)
def test_what_an_error_says(answer: str, words: str) -> None:
    """Its text, and its details if that says nothing; no other data."""
    assert said(answer).endswith(words)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"answer": "error 1: no"}, "error 1: no"),
        ({"answer": "ok", "model was told": ["quince", "medlar"]}, "all there"),
        ({"answer": "ok", "model was told": ["medlar"]}, "half there"),
        ({"answer": "ok", "model was told": [], "replayed": 2}, "**nothing there**; r"),
        (
            {"answer": "ok", "model was told": ["medlar", "x"], "replayed late": 1},
            "half there, and of other sessions; replayed late",
        ),
    ],
)
def test_what_is_left_after_a_kill(about: Json, words: str) -> None:
    """In words."""
    made = {"replayed": 0, "replayed late": 0, **about}

    assert kept({"facts": {"killed": {"load": made}}}, "load").startswith(words)
