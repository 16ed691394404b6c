"""So many records a second, and then their number."""

from __future__ import annotations

from supervision._log.rate import IN_A_WINDOW, WINDOW, Rate


def test_so_many_in_a_second_then_they_are_counted() -> None:
    """The first that is held back says so; the number is said once."""
    rate = Rate()
    start = 100.0

    found = [rate.full(start + n / 1000) for n in range(IN_A_WINDOW + 3)]
    assert found == [False] * IN_A_WINDOW + [True] * 3
    assert rate.held == 3
    assert not rate.is_over(start + WINDOW - 0.001)
    assert rate.is_over(start + WINDOW)
    assert rate.take() == 3
    assert rate.take() == 0
    assert not rate.full(start + WINDOW)


def test_the_first_of_them_is_overdue() -> None:
    """So that somebody sees to the summary, once."""
    rate = Rate()
    seen: list[bool] = []
    for _ in range(IN_A_WINDOW + 3):
        rate.full(0.0)
        seen.append(rate.overdue)
    assert seen == [False] * IN_A_WINDOW + [True, False, False]
