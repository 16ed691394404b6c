"""Facts about `actors new`: what it writes passes its own checks, and hides nothing."""

from __future__ import annotations

import configparser
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from supervision.cli import main
from supervision.cli._check.findings import Found
from supervision.cli._check.folders import check_folders
from supervision.cli._new.names import name_fault
from supervision.cli._new.project import project
from supervision.service import ExitCode, load_tree

PATIENCE = 100  # seconds until a process is taken for one that hangs
LONGEST = "a" * 28 + "_b"


def run(folder: Path, *tools: tuple[str, ...]) -> None:
    """Run tools as a user would, in this environment, all at once."""
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", *tool],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for tool in tools
    ]
    said = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    for process, text in zip(processes, said, strict=True):
        assert process.returncode == 0, text


@pytest.mark.usefixtures("folder")
def test_a_new_service_passes_its_tests_and_both_type_checkers() -> None:
    """As it is written, with the settings that it brings."""
    assert main(["new", "weather"]) == ExitCode.OK

    tests = ("pytest", "-q", "-p", "no:cacheprovider")
    pyright = ("pyright", "--pythonpath", sys.executable)
    run(Path("weather"), tests, ("mypy",), pyright)


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="no ruff here")
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["a", "weather", LONGEST])
def test_a_new_service_is_written_as_ruff_would(name: str) -> None:
    """Whatever its name, lines are short and imports in order; tests may have fakes."""
    assert main(["new", name]) == ExitCode.OK
    fake = (
        '"""Fakes."""\n\n\nclass Fake:\n    def ask(self) -> str:\n        return "x"\n'
    )
    Path(name, "tests", "fakes.py").write_text(fake)

    check = ("ruff", "check", "--no-cache")
    run(Path(name), check, ("ruff", "format", "--check", "--diff", "--no-cache"))


def test_its_tree_is_what_it_says_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It lists the files, and the two commands that follow, as its README does."""
    assert main(["new", "weather", "--into", "a b"]) == ExitCode.OK

    listed, _, following = capsys.readouterr().out.partition("\n\n")
    written = [path for path in Path("a b").rglob("*") if path.is_file()]
    assert sorted(map(str, written)) == sorted(listed.splitlines())
    assert following.splitlines() == [
        "next:",
        "  cd 'a b' && python -m pip install -e '.[test]' && pytest",
        "  actors run weather:Tree --name weather",
    ]
    readme = Path("a b", "README.md").read_text(encoding="utf-8")
    assert f"\n{following.splitlines()[-1].strip()}\n" in readme
    monkeypatch.chdir(folder / "a b")
    assert load_tree("weather:Tree").name == "Tree"


def test_an_empty_folder_is_used_and_a_full_one_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second time nothing is overwritten, whichever file is there."""
    assert main(["new", "weather", "--into", "."]) == ExitCode.OK
    assert "next:\n  python -m pip install" in capsys.readouterr().out
    (folder / "README.md").write_text("mine")

    assert main(["new", "weather", "--into", "."]) == ExitCode.USAGE
    assert main(["new", "weather", "--into", "README.md"]) == ExitCode.USAGE
    assert "nothing in it is overwritten" in capsys.readouterr().err
    assert (folder / "README.md").read_text() == "mine"


def test_what_cannot_be_written_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the path and the reason, in one line."""
    (folder / "file").write_text("")

    assert main(["new", "weather", "--into", "file/below"]) == ExitCode.CRASHED
    assert capsys.readouterr().err == (
        "actors: error: cannot write file/below: Not a directory\n"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "no name for a package"),
        ("Weather", "such as weather"),
        ("my-service", "such as my_service"),
        ("2fast", "such as fast"),
        ("wetter_", "such as wetter"),
        ("größe", "such as gr_e"),
        ("a/b", "such as a_b"),
        ("-", "no underscore last"),
        ("a" * 31, "at most 30 characters"),
        ("class", "take class_service"),
        ("tests", "the folder of tests"),
        ("json", "a module of Python"),
        ("trio", "an installed package"),
        ("hatchling", "an installed package"),
        ("_pytest", "no name for a package"),
        ("pluggy", "an installed package"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, said: str, folder: Path) -> None:
    """It says what would be right."""
    fault = name_fault(name, folder)

    assert fault is not None
    assert said in fault


def test_nothing_is_written_under_such_a_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why."""
    assert main(["new", "trio"]) == ExitCode.USAGE

    assert list(folder.iterdir()) == []
    assert capsys.readouterr().err.startswith("actors: error: 'trio' is an installed")


def test_a_module_of_the_current_folder_is_not_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` has that folder on its path: it hides nobody's package."""
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    (folder / "weather").mkdir()
    (folder / "climate.py").write_text("")

    assert name_fault("weather", folder) is None
    assert name_fault("climate", folder) is None
    assert name_fault("weather", folder / "elsewhere") is not None


def test_a_new_services_files_can_be_read_by_their_tools() -> None:
    """The unit leaves the service more time than its drain may take."""
    files = {str(path): text for path, text in project("zoo_keeper", "1.2").items()}

    about = tomllib.loads(files["pyproject.toml"])["project"]
    assert about["name"] == "zoo-keeper"
    assert about["dependencies"] == ["trio-actors[control,http]>=1.2"]
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(files["zoo_keeper.service"])
    service = unit["Service"]
    assert float(service["TimeoutStopSec"]) > 25
    assert "actors run zoo_keeper:Tree" in service["ExecStart"]
    assert service["Type"] == "notify"
    assert '"zoo_keeper:Tree"' in files["Dockerfile"]
    found = Found()
    found.stores.append(("/Tree/Router", Path("/home/ann/zoo_keeper.db")))
    check_folders(dict(service), PurePosixPath("/home/ann"), "a unit", found)
    assert found.findings == []  # a relative path of a store is in its StateDirectory
    own, folder = "install -d -o zoo_keeper -m 0700 /data", "WORKDIR /data\nUSER zoo"
    assert files["Dockerfile"].index(own) < files["Dockerfile"].index(folder)
    assert "*.db\n" in files[".gitignore"]
    assert not any("$name" in text for text in files.values())
