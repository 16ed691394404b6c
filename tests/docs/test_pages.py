"""README and `docs/` are true: what stands there runs, and is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.extras import lacks

from .pages import MEASURED, PAGES, ROOT, Program, measure, programs, run

README_PAGE: Final = PAGES[0]
README: Final = README_PAGE.read_text(encoding="utf-8")
README_BYTES: Final = 10_000
HELLO_WORLD_LINES: Final = 30
SCENARIO_LINES: Final = 30


def text_of(page: Path) -> str:
    """What a page says, without its programs."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


ALL: Final = [program for page in PAGES for program in programs(page)]
LINKS: Final = [
    (page.relative_to(ROOT).as_posix(), target)
    for page in PAGES
    for target in re.findall(r"\]\(([^)#\s]+)", text_of(page))
    if "://" not in target
]


@pytest.mark.parametrize(
    "program", [each for each in ALL if "a scenario" not in each.notes], ids=str
)
def test_a_program_prints_what_its_page_says(program: Program, tmp_path: Path) -> None:
    """Nothing else either, and no warning."""
    if why := lacks(program.code):
        pytest.skip(why)
    done = run(program, tmp_path)

    assert done.stderr == ""
    assert done.returncode == 0
    if program.output is not None:
        assert done.stdout == program.output


def test_every_block_of_python_is_a_program() -> None:
    """None is passed over because of how it stands there."""
    blocks = [page.read_text(encoding="utf-8").count("```python") for page in PAGES]

    assert sum(blocks) == len([each for each in ALL if each.language == "python"])


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_a_link_leads_somewhere(page: str, target: str) -> None:
    """To a file of the project."""
    assert ((ROOT / page).parent / target).exists()


def test_every_page_is_reached_from_the_readme() -> None:
    """By links of pages that are reached: nobody has to look into the folder."""
    reached = {README_PAGE}
    while True:
        further = {
            (ROOT / page).parent.joinpath(target).resolve()
            for page, target in LINKS
            if ROOT / page in reached
        }
        if further <= reached:
            break
        reached |= further

    assert set(PAGES) <= reached


def test_the_readme_is_one_screen() -> None:
    """And its first program is short."""
    hello = programs(PAGES[0])[0]

    assert len(README.encode()) <= README_BYTES
    assert hello.output is not None
    assert len([line for line in hello.code.splitlines() if line]) < HELLO_WORLD_LINES


@pytest.mark.parametrize("name", ["main-command", "test-command"])
def test_the_commands_are_one_line_each(name: str) -> None:
    """The two commands that a fresh machine needs stand where `.ci/run` looks."""
    found = re.search(rf"<!-- {name} -->\n```console\n(.*?)```", README, re.DOTALL)

    assert found is not None
    assert found[1].count("\n") == 1
    assert found[1].startswith("python3 -m venv .venv && .venv/bin/pip install -e ")


def test_a_scenario_is_measured_as_its_page_says(tmp_path: Path) -> None:
    """Against its floor; it has less than 30 lines."""
    (scenario,) = (each for each in ALL if "a scenario" in each.notes)
    (tmp_path / "my_bench.py").write_text(scenario.code, encoding="utf-8")

    done = measure(tmp_path)

    assert MEASURED in (ROOT / scenario.page).read_text(encoding="utf-8")
    assert len(scenario.code.splitlines()) < SCENARIO_LINES
    assert done.returncode == 0, done.stderr
    assert "signing" in done.stdout
    assert "x channel" in done.stdout
