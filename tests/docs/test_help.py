"""What `help` shows of a class is what a user may call, and says what it does.

A name without an underscore is a promise.  The lists here are what the manual promises:
a name that is not on them gets an underscore, or a line in the changelog.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pickle
import pydoc
import re
import textwrap
from typing import Any, Final

import attrs
import pytest

import actors
import supervision
import supervision.durable
from actors import Actor, Session
from actors.hosting import explained as with_words
from docs._site import names
from supervision import Router, RouterRef
from tests.extras import HAS_ACP

# to write or to call in a subclass of `Actor`
ACTOR = """
    mailbox grace stop_at_once
    started receive stopped undelivered
    ref finish ending
    start start_soon child_refs owns end_child halt_child resume_child place_child
    child_started child_ended child_stopped release_args revive_child
    postpone_ready report_ready
    watch watch_with unwatch
    after every cancel_timer
    stash unstash_all
"""
# the same in a subclass of `Session`, beside all that an actor has
SESSION = """
    prompts turns child_turns limits initial_state entry_type
    take_turn turn_ended handle suspend alive child_orphaned
    key state new_state turn token generation
    bind deliver follow_up answer_aside
"""


def shown(what: type) -> set[str]:
    """List the names that `help` shows, but for Python's own and private ones."""
    return {
        each.name
        for each in inspect.classify_class_attrs(what)
        if pydoc.visiblename(each.name, obj=what) and not each.name.startswith("_")
    }


def explained(what: type) -> set[str]:
    """List the names that have a docstring: of their own, or below an attribute."""
    found = {
        each.name
        for each in inspect.classify_class_attrs(what)
        if each.kind != "data" and inspect.getdoc(each.object)
    }
    for base in inspect.getmro(what):
        if base.__module__.split(".")[0] in {"actors", "supervision"}:
            found |= explained_attributes(base)
    return found


def explained_attributes(what: type) -> set[str]:
    """List the attributes that are followed by a docstring in the class's source."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(what))).body
    assert isinstance(made, ast.ClassDef)
    found: set[str] = set()
    for node, after in zip(made.body, made.body[1:], strict=False):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name))
                | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str())),
            ):
                found.add(name)
            case _:
                pass
    return found


PROMISED: dict[type, set[str]] = {
    Actor: {*ACTOR.split()},
    Session: {*ACTOR.split(), *SESSION.split()},
    # who has no ref may call the same on the actor itself
    Router: {*ACTOR.split(), "spec"} | shown(RouterRef),
}


@pytest.mark.parametrize("what", PROMISED, ids=lambda what: what.__name__)
def test_help_shows_what_a_user_may_call(what: type) -> None:
    """And nothing else."""
    assert sorted(shown(what) - PROMISED[what]) == []


@pytest.mark.parametrize("what", [Actor, Session], ids=lambda what: what.__name__)
def test_help_shows_all_that_is_promised(what: type) -> None:
    """A name that is gone is gone from the promise, too."""
    assert sorted(PROMISED[what] - shown(what)) == []


@pytest.mark.parametrize("what", [*PROMISED, RouterRef], ids=lambda what: what.__name__)
def test_what_help_shows_is_explained(what: type) -> None:
    """Each name that a user may call says what it does."""
    assert sorted(shown(what) - explained(what)) == []


POLICIES: Final = [
    *(actors.Batch, actors.Bounded, actors.ChildPolicy, actors.Journal, actors.Latest),
    *(actors.Mailbox, actors.Partial, actors.PromptPolicy, actors.Replay),
    *(actors.TurnPolicy, supervision.Backoff, supervision.ChildSpec),
    *(supervision.Limits, supervision.RestartLimit, supervision.Settings),
    *(supervision.durable.SharingPolicy, supervision.durable.StorePolicy),
]


@pytest.mark.parametrize("what", POLICIES, ids=lambda what: what.__name__)
def test_help_shows_the_words_of_each_field(what: Any) -> None:
    """They stand below the fields, and nowhere twice."""
    shown = pydoc.plain(pydoc.render_doc(what))

    for field in attrs.fields(what):
        words = inspect.getdoc(getattr(what, field.name))
        assert words, field.name
        assert words.splitlines()[0] in shown


def test_a_policy_is_copied_and_sent_as_before() -> None:
    """What its slots are is for `help` alone."""
    limits = supervision.Limits(turns=3)

    assert copy.copy(limits) == limits
    assert pickle.loads(pickle.dumps(limits)) == limits  # noqa: S301 - our own
    assert attrs.evolve(limits, turns=4).turns == 4


def test_a_class_without_source_has_no_words() -> None:
    """As one that was typed in."""
    made: Any = with_words(type("Made", (), {"__slots__": ("field",)}))

    assert made.__slots__["field"] == ""


def public_errors() -> list[type[BaseException]]:
    """List the error classes of ours that users can import, each once."""
    found: dict[type[BaseException], None] = {}
    for module in names.MODULES:
        if module == "supervision.acp" and not HAS_ACP:
            continue
        for value in vars(importlib.import_module(module)).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseException)
                and names.ours(value)
            ):
                found[value] = None
    return sorted(found, key=lambda cls: cls.__name__)


def lacking(said: str) -> list[str]:
    """List what the docstring of an error does not say.

    When it comes is the first sentence; whose act it is has the word "act"; what to do
    needs a sentence more.
    """
    words = " ".join(said.split())
    missing: list[str] = []
    if len(re.findall(r"[.?](?= |$)", words)) < 2:
        missing.append("what to do")
    if not re.search(r"\bact\b", words):
        missing.append("whose act")
    return missing


@pytest.mark.parametrize("cls", public_errors(), ids=lambda cls: cls.__name__)
def test_an_error_says_when_whose_act_and_what_to_do(cls: type[BaseException]) -> None:
    """In its own docstring, which the page of all errors shows."""
    assert lacking(vars(cls)["__doc__"] or "") == []


def test_an_error_of_one_line_is_found() -> None:
    """It says when, and nothing else."""
    assert lacking("It is full.") == ["what to do", "whose act"]
    assert lacking("It is full: the act of senders.") == ["what to do"]
    assert lacking("It is full.\n\n    The act of senders: be slower.") == []
