"""What nodes write down: who is there, what is whose, and what does not count."""

from __future__ import annotations

import logging

import pytest
import trio

from actors.testing import seeds

from .town import TTL, open_town


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Give what was written with this level."""
    return [each.getMessage() for each in caplog.records if each.levelno == level]


@seeds(3)
async def test_what_is_taken_and_given_is_news(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At INFO, in one line for all that came at once."""
    caplog.clear()
    caplog.set_level(logging.INFO, "supervision")
    async with open_town("a") as town:
        alone = lines(caplog, logging.INFO)
        await town.add("b")
        await town.settled("a", "b")
        both = lines(caplog, logging.INFO)[len(alone) :]

    assert "/router: has taken partitions 0, 1, 2, 3, 4, 5, 6, 7" in alone
    assert any("node b is there" in each for each in both)
    assert len([each for each in both if "has given away partition " in each]) == 4
    assert any(each.startswith("/router: has taken partition") for each in both)
    assert [each for each in lines(caplog, logging.WARNING) if "lost" in each] == []


@seeds(3)
async def test_what_is_lost_and_does_not_count_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a node that was silent for too long."""
    caplog.clear()
    caplog.set_level(logging.INFO, "supervision")
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        receipt = await town.nodes["b"].router.accept(key, "wait:door")
        await town.until(lambda: bool(town.stage.begun))
        town.nodes["b"].store.cut_off()
        await trio.sleep(3 * TTL)
        town.nodes["b"].store.join_again()
        await town.until(lambda: town.nodes["b"].owns() == 4)
        town.stage.open("door")
        await receipt.outcome()
        written = lines(caplog, logging.WARNING)

    (lost,) = [each for each in written if "has lost partition" in each]
    assert lost.endswith(": another node has not waited for this one")
    (turn,) = [each for each in written if "does not count" in each]
    assert f"of {key!r} does not count: the key is another node's by now" in turn
    assert any("node b is gone" in each for each in written)
