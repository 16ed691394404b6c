"""`load_tree`: what can be run is found; what cannot is a clear error."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervision.service.loading import Tree, TreeError, load_tree

Write = Callable[[str, str], None]

HEAD = """
    from actors import Actor, Mailbox, Session
    from supervision import ChildSpec, RestartLimit, Router, Supervisor

    class Plain(Actor[int]):
        def receive(self, message):
            pass

    class Needy(Actor[int]):
        def __init__(self, path, speed=1, *, token):
            pass

        def receive(self, message):
            pass

    class Chat(Session[str, str]):
        async def take_turn(self, turn):
            pass

    class Half(Actor[int]):
        pass

    class Outer:
        class Inner(Supervisor):
            pass

        @property
        def broken(self):
            raise ValueError("no")

    class Meta(type):
        @property
        def odd(cls):
            raise ValueError("odd")

    class Strange(metaclass=Meta):
        pass

    class Top(Supervisor):
        children = (ChildSpec(Router, Chat, id="router"),)

    spec = ChildSpec(Needy, "a.db", id="store")
    enough = ChildSpec(Plain, id="enough")
    heeded = ChildSpec(Plain, grace=3.0, limit=RestartLimit(1, within=1.0))

    def build():
        return Top

    def declare(width=3):
        return ChildSpec(Plain, id="declared")

    def needs(path, *more, token):
        return Top

    def fails():
        return [][0]

    def leaves():
        raise SystemExit("bye")

    async def later():
        return Top

    async def many():
        yield Top

    def hidden():
        return later()

    def nothing():
        pass

    def made():
        return Plain()

    def again():
        return build

    number = 42
    noise = "\\x1b[31m"
    instance = Plain()
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write modules into the current folder, and forget them afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def put(name: str, source: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")

    put("bank.py", HEAD)
    yield put
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def refusal(text: str) -> TreeError:
    """The error for it."""
    with pytest.raises(TreeError) as caught:
        load_tree(text)
    return caught.value


def summary(tree: Tree) -> tuple[str, tuple[object, ...], str]:
    """The class's name, the arguments, the name."""
    return tree.make.__name__, tree.args, tree.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bank:Plain", ("Plain", (), "Plain")),
        ("bank:Top", ("Top", (), "Top")),
        ("bank:enough", ("Plain", (), "enough")),
        ("bank:Outer.Inner", ("Inner", (), "Inner")),
        ("bank:build", ("Top", (), "Top")),
        ("bank:declare", ("Plain", (), "declared")),
    ],
)
def test_a_tree_is_found(
    write: Write, text: str, expected: tuple[str, tuple[object, ...], str]
) -> None:
    """A class, a spec, or what a function returns."""
    del write

    assert summary(load_tree(text)) == expected


def test_the_arguments_of_a_spec_are_kept(write: Write) -> None:
    """A spec is how a class that needs arguments is run."""
    write(
        "stored.py",
        """
        from actors import Actor
        from supervision import ChildSpec

        class Store(Actor[int]):
            def __init__(self, path, *, speed=1):
                pass

            def receive(self, message):
                pass

        spec = ChildSpec(Store, "a.db", id="store")
        """,
    )

    assert summary(load_tree("stored:spec")) == ("Store", ("a.db",), "store")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bank", "'bank' names no tree: give a module and a name in it, as app:Tree"),
        ("bank:", "'bank:' names no tree: give a module"),
        (":Top", "':Top' names no tree: give a module"),
        ("", "'' names no tree: give a module"),
        ("bank\x1b", r"'bank\\x1b' names no tree"),
        ("bank.py:Top", r"'bank.py' is no name of a module: .* `import`: bank$"),
        ("trees/bank:Top", r"as for `import`: trees.bank:Top$"),
        ("b\x1bc:Top", r"'b\\x1bc' is no name of a module"),
        ("./bank.py:Top", r"'./bank.py' is no name of a module.*: bank:Top$"),
        ("trees/bank.py:Top", r"as for `import`: trees.bank:Top$"),
        ("/tmp/bank.py:Top", r"as for `import`$"),  # noqa: S108 - just a text
        (".bank:Top", r"'.bank' is no name of a module"),
        ("a-b:Top", r"'a-b' is no name of a module"),
        ("bank:Top()", r"'Top\(\)' is no name in a module"),
        ("bank:Top:", r"'Top:' is no name in a module"),
        ("bank:.Top", r"'.Top' is no name in a module"),
        ("bank:Topp", r"'bank' has no 'Topp'; did you mean 'Top'\?$"),
        ("bank:zzzzzz", r"'bank' has no 'zzzzzz'$"),
        ("bank:Outer.Iner", r"'bank.Outer' has no 'Iner'; did you mean 'Inner'\?$"),
        ("bank:Strange.odd", r"'odd' cannot be taken from 'bank.Strange': ValueError"),
        ("bamk:Top", r"there is no module 'bamk' in /.* on sys.path; .* 'bank'\?$"),
        ("zzz.sub:Top", r"there is no module 'zzz' .*, so no 'zzz.sub'"),
        ("bank.sub:Top", r"^'bank' has no module 'sub'$"),
        ("bank:number", r"bank.number is of type int: 42, and no tree; a tree is a su"),
        ("bank:noise", r"is of type str: '\\x1b\[31m', and no tree"),
        ("bank:Outer", r"the class Outer, not a subclass of Actor, and no tree"),
        ("bank:nothing", r"bank.nothing\(\) is None, and no tree; a tree is a subclas"),
        ("bank:made", r"bank.made\(\) is an actor already \(give its class, Plain\)"),
        ("bank:instance", r"bank.instance is an actor already \(give its class, Plain"),
        ("bank:again", r"bank.again\(\) is of type function: <function build .*no tre"),
        ("bank:Chat", r"Chat is a Session, which only a router can start; run a Super"),
        ("bank:Half", r"bank.Half cannot be started: Half does not define receive"),
        ("bank:Actor", r"Actor does not define receive"),
        ("bank:Needy", r"Needy needs the arguments path, token; give a ChildSpec\(Ne"),
        ("bank:spec", r"bank.spec cannot be made: Needy needs the argument token"),
        ("bank:heeded", r"bank.heeded says grace, limit, which only a supervisor can"),
        ("bank:needs", r"bank.needs needs the arguments path, token: only a function"),
        ("bank:later", r"bank.later is an async function: .* make it a plain `def`"),
        ("bank:many", r"bank.many is an async function"),
        ("bank:hidden", r"bank.hidden\(\) is a coroutine: make it a plain `def`"),
        ("bank:fails", r"bank.fails\(\) failed: IndexError: list index out of range"),
        ("bank:leaves", r"bank.leaves\(\) ends the program: SystemExit\('bye'\)"),
    ],
)
def test_what_is_no_tree_is_refused(write: Write, text: str, said: str) -> None:
    """The text says what was wrong, and what would be right."""
    del write

    with pytest.raises(TreeError, match=said) as caught:
        load_tree(text)

    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_spec_with_too_many_arguments_is_refused(write: Write) -> None:
    """Before anything runs."""
    write("wide.py", HEAD + "    wide = ChildSpec(Plain, 1, 2, id='wide')\n")

    error = refusal("wide:wide")

    assert str(error).startswith(
        "wide.wide cannot be made: Plain needs other arguments: too many positional"
    )


def test_what_the_users_code_raises_is_the_cause(write: Write) -> None:
    """With the frames of the user's code alone."""
    del write

    error = refusal("bank:fails")

    assert isinstance(error.__cause__, IndexError)
    assert error.details.startswith("Traceback (most recent call last):\n")
    assert error.details.count("File ") == 1
    assert "return [][0]" in error.details
    assert error.details.endswith("\nIndexError: list index out of range")


def test_an_exception_while_importing_shows_the_users_frames(write: Write) -> None:
    """Also those of the modules that the module imports."""
    write("upper.py", "import lower\n")
    write("lower.py", "def f():\n    raise RuntimeError('no database')\nf()\n")

    error = refusal("upper:Top")

    assert str(error) == "'upper' cannot be imported: RuntimeError: no database"
    assert isinstance(error.__cause__, RuntimeError)
    assert error.details.count("File ") == 3
    assert "importlib" not in error.details


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"upper.py": "import nosuchthing\n"}, "nosuchthing"),
        ({"upper.py": "import upper.sub\n"}, "upper.sub"),
        ({"upper.py": "from json import nosuchthing\n"}, "cannot import name"),
        ({"upper.py": "import lower\n", "lower.py": "import upp\n"}, "upp"),
    ],
)
def test_a_module_that_needs_a_missing_one_is_not_missing_itself(
    write: Write, files: dict[str, str], missing: str
) -> None:
    """The traceback says who wants it."""
    for name, source in files.items():
        write(name, source)

    error = refusal("upper:Top")

    assert str(error).startswith("'upper' cannot be imported: ")
    assert missing in str(error)
    assert "upper.py" in error.details


def test_a_package_that_fails_is_not_a_missing_module(write: Write) -> None:
    """`pkg.sub` is there; `pkg` imports itself by a wrong name."""
    write("pkg/__init__.py", "import pkg.sub.deep\n")
    write("pkg/sub.py", "")

    error = refusal("pkg.sub.deep:Top")

    assert str(error).startswith("'pkg.sub.deep' cannot be imported: ModuleNotFound")
    assert "import pkg.sub.deep" in error.details


def test_a_missing_module_of_a_package_is_named(write: Write) -> None:
    """Nobody's traceback is needed for that."""
    write("pkg/__init__.py", "")

    error = refusal("pkg.sub:Top")

    assert str(error) == "'pkg' has no module 'sub'"
    assert (error.details, error.__cause__) == ("", None)


@pytest.mark.parametrize("at", ["upper", "lower"])
def test_a_syntax_error_names_file_and_line(write: Write, at: str) -> None:
    """Wherever it is."""
    write("upper.py", "import lower\n")
    write("lower.py", "")
    write(f"{at}.py", "x = 1\nclass :\n")

    error = refusal("upper:Top")

    assert f"{at}.py, line 2: invalid syntax" in str(error)
    assert "class :" in error.details
    assert "importlib" not in error.details


def test_a_null_byte_in_a_module_is_an_error_too(write: Write) -> None:
    """It is one that has no line."""
    write("upper.py", "x = '\0'\n")

    assert "'upper' cannot be imported: " in str(refusal("upper:Top"))


def test_a_module_that_ends_the_program_is_told_where_that_belongs(
    write: Write,
) -> None:
    """A script that was never meant to be imported."""
    write("script.py", "import sys\nsys.exit('usage: script FILE')\n")

    error = refusal("script:Top")

    assert str(error) == (
        "'script' ends the program while it is imported: SystemExit('usage: script "
        'FILE\'); what starts a program belongs under `if __name__ == "__main__":`'
    )
    assert "sys.exit" in error.details


def test_ctrl_c_is_not_an_error_of_the_module(write: Write) -> None:
    """It goes on to who is to hear it."""
    write("slow.py", "raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        load_tree("slow:Top")


def test_the_current_folder_comes_first(write: Write, tmp_path: Path) -> None:
    """As with `python -m`: also before a folder that has the same module; once."""
    write("elsewhere/near.py", "raise RuntimeError\n")
    write("near.py", HEAD)
    sys.path[:0] = [str(tmp_path / "elsewhere"), str(tmp_path)]

    load_tree("near:Top")
    load_tree("near:Plain")

    assert sys.path[0] == str(tmp_path)
    assert sys.path.count(str(tmp_path)) == 2


def test_a_current_folder_that_is_gone_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module may be found elsewhere."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(gone)
    gone.rmdir()

    error = refusal("nosuchthing:Top")
    tree = load_tree("supervision:Supervisor")

    assert str(error).startswith("there is no module 'nosuchthing' in ")
    assert tree.name == "Supervisor"
