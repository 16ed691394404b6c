"""The how-to guides about tests and benchmarks are true: theirs are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import MEASURED, ROOT, measure, python

from .files import save, text_of


@pytest.mark.parametrize(
    ("page", "number"),
    [("test-a-session", 5), ("test-a-tree", 3), ("test-a-service", 2)],
)
def test_the_tests_of_a_page_pass(page: str, number: int, tmp_path: Path) -> None:
    """As many as it says."""
    save(page, tmp_path)

    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = python(*words, cwd=tmp_path, path=[ROOT, tmp_path])

    assert f"\n{number} passed" in done.stdout, done.stdout
    assert f"\n{number} passed" in text_of(page)


def test_a_benchmark_measures_what_its_page_says(tmp_path: Path) -> None:
    """Ours beside the same by hand, and how long somebody waits."""
    save("benchmark", tmp_path)

    done = measure(tmp_path)

    assert f"$ {MEASURED}\n" in text_of("benchmark")
    assert done.returncode == 0, done.stderr
    for words in ("answering", "x by_hand", "waiting", "p99.9"):
        assert words in text_of("benchmark")
        assert words in done.stdout
