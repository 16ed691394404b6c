"""Facts about what the benchmarks refuse: one line on standard error, and code 2."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.cli import BAD_INPUT, main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """Where modules are written; what was imported from there is forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "has no scenario: subclass benchmarks.Scenario"),
        ("class _Hidden(Scenario): pass", "has no scenario"),
        ("class A(Scenario): count = 0", "count must be a whole number above 0, got 0"),
        ("class A(Scenario): rounds = 0.5", "rounds must be a whole number above 0"),
        ("class A(Scenario): counts = {'park': -1}", "counts['park'] must be"),
        ("class A(Scenario): unit = 'km'", "unit must be PER_SECOND, BYTES or"),
        ("class A(Scenario): warm_up = 2", "warm_up must be a part from 0 to 1"),
        ("class A(Scenario): name = 'a b'", "name must be a word, got 'a b'"),
        ("class A(Scenario): pass", "it has no contender `ours`"),
        ("class A(Scenario):\n  def ours(self): pass", "must take one argument"),
        ("class A(Scenario):\n  def __init__(self, x): pass", "without arguments"),
        ("raise SystemExit", "cannot be imported"),
    ],
)
def test_a_bad_module_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    """Before anything is measured; the last line says what is wrong."""
    path = folder / "bad.py"
    path.write_text(f"from benchmarks import Scenario\n{text}\n", encoding="utf-8")

    for command in (["run"], ["list"]):
        assert main([*command, "--module", str(path)]) == BAD_INPUT
        output, errors = capsys.readouterr()
        assert output == ""
        assert words in errors.splitlines()[-1]
        assert errors.splitlines()[-1].startswith("benchmarks: ")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("int('ten')", "ValueError: invalid literal for int() with base 10: 'ten'"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("import no_such_module", "No module named 'no_such_module'"),
    ],
)
def test_a_module_that_does_not_import_shows_its_own_error(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, error: str
) -> None:
    """With the user's frames and none of ours."""
    path = folder / "bad.py"
    path.write_text(text, encoding="utf-8")

    assert main(["run", "--module", str(path)]) == BAD_INPUT

    errors = capsys.readouterr().err
    assert error in errors
    assert f'File "{path}", line' in errors
    assert "catalogue.py" not in errors
    assert "importlib" not in errors
    assert errors.splitlines()[-1] == f"benchmarks: {path} cannot be imported"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--module", "none.py"], "there is no module"),
        (["run", "skynt_10k"], "unknown scenario 'skynt_10k': did you mean skynet_10k"),
        (["run", "B23"], "unknown scenario 'B23'"),
        (["run", "tell", "--against", "erlnag"], "did you mean erlang"),
        (["run", "tell", "--json", "no/such/folder/a.json"], "cannot write"),
        (["report", "none.json"], "cannot read none.json: No such file"),
        (["compare", "none.json", "none.json"], "cannot read none.json"),
        (["goals", "none.json"], "cannot read none.json"),
        (["check", "--baseline", "none.json"], "there is no baseline none.json"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    arguments: list[str],
    words: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On standard error, with code 2."""
    monkeypatch.chdir(folder)

    assert main(arguments) == BAD_INPUT

    output, errors = capsys.readouterr()
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert words in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--rounds", "-3"], "must be above 0, got -3"),
        (["run", "--rounds", "0"], "must be above 0, got 0"),
        (["run", "--rounds", "many"], "'many' is not a number"),
        (["run", "--limit", "0"], "must be above 0"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["compare", "a.json"], "B.json"),
    ],
)
def test_a_bad_command_line_is_refused_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the same code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    errors = capsys.readouterr().err
    assert caught.value.code == BAD_INPUT
    assert len(errors.splitlines()) == 1
    assert words in errors


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The hidden command of the workers is not in it."""
    assert main([]) == BAD_INPUT

    errors = capsys.readouterr().err
    assert "compare" in errors
    assert "worker" not in errors
