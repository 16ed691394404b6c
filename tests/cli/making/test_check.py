"""Facts about `actors check`: what it finds in a tree, and that it starts nothing."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest

from supervision.cli import main
from supervision.cli._check.findings import Severity
from supervision.cli._check.trees import check_tree
from supervision.service import ExitCode

HEAD = """
    from __future__ import annotations
    import math
    from actors import Actor, Session
    from supervision import *
    from supervision.durable import MemoryStore, SqliteStore

    class Plain(Actor[int]):
        def receive(self, message):
            pass

    class Needy(Plain):
        def __init__(self, path, *, token=None):
            raise AssertionError("it was made")

    class Half(Actor[int]):
        pass

    class Slow(Plain):
        grace = 60.0

    class Opaque:
        pass

    class Chat(Session[str, str]):
        async def take_turn(self, turn):
            pass

    class Asks(Session[str, str, Opaque]):
        def __init__(self, model):
            raise AssertionError("it was made")

        async def take_turn(self, turn):
            pass

    class Mute(Session[str, str]):
        pass

    class Strict(Supervisor):
        children = (ChildSpec(Plain, id="a"), ChildSpec(Plain, id="b"))

    def tree(*specs, **attributes):
        attributes["declare"] = lambda self: specs
        return type("Tree", (Supervisor,), attributes)
"""
Found = list[tuple[str, str, str]]


def look(tree: str) -> Found:
    """Say what is found in this: `(severity, where, what and right)`."""
    Path("checked.py").write_text(textwrap.dedent(HEAD) + f"\n{textwrap.dedent(tree)}")
    sys.modules.pop("checked", None)
    found = check_tree("checked:Tree", 25.0)
    return [
        (each.severity.value, each.where, f"{each.what} / {each.right}")
        for each in found.findings
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "tree",
    [
        "Tree = tree(ChildSpec(Strict), Router.spec(Chat, limits=Limits(turns=3)))",
        "Tree = Strict",
        "Tree = tree(ChildSpec(Needy, 'a.db'), ChildSpec(Router, Asks, ('gpt',)))",
        "Tree = tree(ChildSpec(Plain, limit=RestartLimit(2, within=60)))",
        "Tree = tree(Router.spec(Chat, durable=MemoryStore()))",
        """
        class Tree(Supervisor):
            def declare(self):
                return [ChildSpec(Needy, self.ref), ChildSpec(Plain, id=self.ref.name)]
        """,
        """
        class Many(DynamicSupervisor):
            template = ChildSpec(Needy)

        Tree = tree(ChildSpec(Many))
        """,
        """
        class Own(Router):
            def __init__(self, path):
                super().__init__(Chat)

        Tree = tree(ChildSpec(Own, "a.db"))
        """,
        "Tree = Plain",
    ],
)
def test_nothing_is_found_in_a_tree_that_works(tree: str) -> None:
    """Also not where something is made only later."""
    assert look(tree) == []


WRONG = [
    ("Trees = Strict", "checked:Tree", "has no 'Tree'; did you mean 'Trees'?"),
    (
        "import nowhere",
        "checked:Tree",
        "No module named 'nowhere'",
    ),
    ("class Tree(Session[str, str]): initial_state = []", "checked:Tree", "shared"),
    ("Tree = tree(ChildSpec(Half))", "/Tree/Half", "does not define receive"),
    ("Tree = tree(ChildSpec(Needy))", "/Tree/Needy", "needs the argument path"),
    ("Tree = tree(ChildSpec(Plain, 1))", "/Tree/Plain", "too many positional"),
    ("Tree = tree(ChildSpec(Plain), ChildSpec(Plain))", "/Tree", "unique among"),
    ("Tree = tree(Plain)", "/Tree", "ChildSpec objects"),
    ("Tree = tree(ChildSpec(Chat))", "checked:Tree", "Router.spec"),
    ("Tree = tree(1 / 0)", "checked:Tree", "division by zero"),
    (
        """
        class Tree(Supervisor):
            def declare(self):
                return [ChildSpec(Plain, id="a/b")]
        """,
        "/Tree",
        "id must be a non-empty str",
    ),
    (
        """
        class Tree(Supervisor):
            def declare(self):
                raise OSError("no\\n config")
        """,
        "/Tree",
        "OSError: no config",
    ),
    (
        """
        class Tree(Supervisor):
            def declare(self):
                return [ChildSpec(Tree)]
        """,
        "/Tree" * 52,
        "more than 50 deep",
    ),
    (
        """
        class Many(DynamicSupervisor):
            def declare(self):
                return Plain

        Tree = tree(ChildSpec(Many, id="many"))
        """,
        "/Tree/many",
        "template must be a ChildSpec",
    ),
    (
        """
        class Many(DynamicSupervisor):
            template = ChildSpec(Needy, 1, 2)

        Tree = Many
        """,
        "/Many/*",
        "too many positional",
    ),
    ("Tree = tree(Router.spec(Mute))", "/Tree/router", "has no take_turn"),
    ("Tree = tree(Router.spec(Asks))", "/Tree/router", "needs the argument model"),
    (
        "Tree = tree(ChildSpec(Router, Asks, 'gpt', id='r'))",
        "/Tree/r",
        "must be a tuple",
    ),
    ("Tree = tree(ChildSpec(Router, Plain, id='r'))", "/Tree/r", "Session"),
    (
        "Tree = tree(ChildSpec(Router, Chat, (), 5, id='r'))",
        "/Tree/r",
        "limits must be Limits, got 5",
    ),
    (
        """
        both = MemoryTokens(), MemoryStore()
        Tree = tree(ChildSpec(Router, Chat, (), None, *both, id="r"))
        """,
        "/Tree/r",
        "where there is durable=",
    ),
    (
        "Tree = tree(Router.spec(Asks, 1, durable=MemoryStore()))",
        "/Tree/router",
        "cannot keep a Opaque, which is among the state of Asks / make it one of",
    ),
    (
        """
        class Counts(Session[str, str, int]):
            initial_state = "none"

            async def take_turn(self, turn):
                pass

        Tree = tree(Router.spec(Counts, durable=MemoryStore()))
        """,
        "/Tree/router",
        "Counts.initial_state is no state of it: a state cannot be stored: 'none'",
    ),
    (
        """
        class Next(Chat):
            state_version = 0

        Tree = tree(Router.spec(Next, durable=MemoryStore()))
        """,
        "/Tree/router",
        "state_version",
    ),
    (
        """
        def store():
            return SqliteStore("a.db")

        Tree = tree(
            Router.spec(Chat, durable=store()),
            Router.spec(Chat, durable=store(), id="other"),
        )
        """,
        "/Tree/other",
        "is that of /Tree/router already",
    ),
]
DOUBTFUL = [
    ("class Tree(Supervisor): pass", "/Tree", "starts nothing"),
    (
        "Tree = tree(ChildSpec(Plain, id='a', limit=RestartLimit(5, within=60)))",
        "/Tree/a",
        "instead of being let go",
    ),
    (
        """
        class Tree(Supervisor):
            limit = RestartLimit(1, within=5)
            children = (ChildSpec(Plain, limit=RestartLimit(5, within=60)),)
        """,
        "/Tree/Plain",
        "instead of being let go",
    ),
    ("Tree = tree(ChildSpec(Slow))", "/Tree/Slow", "may take 60 s to stop"),
    (
        "Tree = tree(ChildSpec(Strict, grace=math.inf))",
        "/Tree/Strict",
        "may take for ever to stop",
    ),
    (
        """
        class Tree(Supervisor):
            def declare(self):
                self.ref.tell_nowait("hello")
                return []
        """,
        "/Tree",
        "/Tree does not run yet",
    ),
    (
        """
        class Tree(Supervisor):
            def declare(self):
                self.after(1, "hello")
                return []
        """,
        "/Tree",
        "has no 'timer'",
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("severity", "tree", "where", "said"),
    [
        *((Severity.WRONG, *each) for each in WRONG),
        *((Severity.DOUBTFUL, *each) for each in DOUBTFUL),
    ],
)
def test_what_does_not_work_as_it_reads_is_found(
    severity: Severity, tree: str, where: str, said: str
) -> None:
    """With its path, and what would be right; nothing is made but supervisors."""
    findings = look(tree)

    assert [each[:2] for each in findings] == [(severity.value, where)]
    assert said in findings[0][2]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "use",
    [
        "self.ref.stop()",
        "self.ref.kill()",
        "self.ref.forward(1)",
        "self.ref.tell_from_thread(1)",
        "self.ref.tell(1).send(None)",
        "self.ref.ask(1).send(None)",
        "self.ref.wait_started().send(None)",
        "self.ref.wait_stopped().send(None)",
    ],
)
def test_a_ref_that_is_not_born_refuses_every_use(use: str) -> None:
    """And has not ended."""
    findings = look(f"""
        class Tree(Supervisor):
            def declare(self):
                assert self.ref.exit is None
                {use}
        """)

    assert "/Tree does not run yet" in findings[0][2]


@pytest.mark.usefixtures("folder")
def test_a_class_that_is_listed_for_its_base_is_enough() -> None:
    """Values are of the classes below it."""
    assert (
        look("""
        import attrs

        @attrs.frozen
        class Known(Opaque):
            n: int

        store = MemoryStore(types=[Known])
        Tree = tree(Router.spec(Asks, 1, durable=store))
        """)
        == []
    )


def test_it_is_said_in_lines_and_in_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings end the command with 1, none with 0, no target with 2."""
    look("Tree = tree(ChildSpec(Needy), ChildSpec(Slow))")
    assert main(["check", "checked:Tree"]) == ExitCode.CRASHED
    assert capsys.readouterr().out.splitlines() == [
        "wrong  /Tree/Needy: Needy cannot be made: it needs the argument path",
        "  right: ChildSpec(Needy, ...) with what its constructor takes",
        (
            "doubtful  /Tree/Slow: it may take 60 s to stop, the service 25 s in all: "
            "it would be killed"
        ),
        "  right: grace below 25, or a larger --budget",
        "checked:Tree: 1 wrong, 1 doubtful; 3 actors looked at",
    ]
    assert main(["check", "checked:Tree", "--json", "--budget", "70"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "tree": "checked:Tree",
        "actors": 3,
        "read": [],
        "findings": [
            {
                "severity": "wrong",
                "where": "/Tree/Needy",
                "what": "Needy cannot be made: it needs the argument path",
                "right": "ChildSpec(Needy, ...) with what its constructor takes",
            }
        ],
    }

    look("Tree = Strict")
    unit = folder / "chat.service"
    unit.write_text("[Service]\nExecStart=actors run checked:Tree --budget 70\n")
    assert main(["check", "checked:Tree"]) == ExitCode.OK
    assert capsys.readouterr().out == (
        "checked:Tree: nothing is wrong; 3 actors looked at\n"
    )
    assert main(["check", "checked:Tree", "--unit", str(unit)]) == ExitCode.CRASHED
    assert f"doubtful  {unit}: " in capsys.readouterr().out

    look("Tree = tree(ChildSpec(Slow))")  # its grace is within the unit's budget
    assert main(["check", "checked:Tree", "--unit", str(unit)]) == ExitCode.CRASHED
    assert "/Tree/Slow" not in capsys.readouterr().out

    capsys.readouterr()
    look("Tree = tree(Router.spec(Chat, durable=SqliteStore('a.db')))")
    unit.write_text("[Service]\nDynamicUser=yes\n")
    assert main(["check", "checked:Tree", "--unit", str(unit)]) == ExitCode.CRASHED
    said = "the store of /Tree/router would be /a.db, which this unit may not write"
    assert said in capsys.readouterr().out

    assert main(["check", "checked"]) == ExitCode.USAGE
    unit.write_text("[Unit]\n")
    assert main(["check", "checked:Tree", "--unit", str(unit)]) == ExitCode.USAGE
    assert main(["check", "checked:Tree", "--unit", "nowhere"]) == ExitCode.USAGE
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"actors: error: --unit {unit}: it has no section [Service]",
        "actors: error: --unit nowhere: No such file or directory",
    ]


def test_a_store_whose_extra_is_missing_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    del folder
    for name in ("database", "opening"):
        monkeypatch.delitem(sys.modules, f"supervision.durable._sqlite.{name}", False)  # noqa: FBT003
    monkeypatch.setitem(sys.modules, "apsw", None)

    findings = look("Tree = tree(Router.spec(Chat, durable=SqliteStore('a.db')))")

    assert "pip install 'trio-actors[durable]'" in findings[0][2]
