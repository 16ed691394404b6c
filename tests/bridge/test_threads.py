"""What a program of threads can do with a tree beside it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import trio

from actors import Aborted, Completed, Turn, Withdrawal, Withdrawn
from supervision import Limits, UnknownChildError, find_child
from supervision.bridge import BlockingRouter, open_blocking_tree
from supervision.bridge._blocking import turn, waiting
from supervision.bridge._blocking.waiting import arrive

from .ground import (
    Boom,
    Counter,
    Doer,
    Gate,
    Never,
    Total,
    Tree,
    hang,
    quiet_here,
    say,
)


def test_a_prompt_is_sent_and_its_outcome_awaited() -> None:
    """From start to end; looking again asks nobody."""
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        receipt = router.send("ann", say())
        outcome = receipt.outcome()

        assert outcome == Completed(turn=1, result="said")
        assert receipt.outcome() is outcome is receipt.ended
        assert (receipt.id, receipt.key, receipt.turn) == (1, "ann", 1)
        assert receipt.prompt is receipt.receipt.prompt
        assert repr(receipt).startswith("<BlockingReceipt 1 of 'ann': Completed(")
        assert repr(router) == "<BlockingRouter /Tree/router>"


def test_every_verb_crosses() -> None:
    """Each once; what it has done is seen in the outcomes."""

    async def work(turn: Turn[Any, Any]) -> str:
        return f"turn {turn.id}"

    with open_blocking_tree(Tree) as tree:
        router: BlockingRouter[Any, Any] = tree.router(Doer, "router")
        first = router.send("ann", hang)
        second = router.send("ann", say())
        waits = router.send_wait("ann", say())
        assert second.withdraw("no") is Withdrawal.WITHDRAWN
        assert waits.withdraw() is Withdrawal.WITHDRAWN
        steered = router.steer("ann", say())
        own = router.follow_up("ann", say())
        upkeep = router.run_exclusive("ann", work)
        aside = router.ask_aside("ann", say())
        info = router.inspect("ann")
        assert info is not None
        assert info.phase == "running"
        assert [each.key for each in router.list()] == ["ann"]
        assert router.statistics().turns_running >= 1
        assert router.cancel("ann", reason="enough").known
        assert first.outcome() == Aborted(turn=1, reason="enough")
        assert steered.outcome() == Withdrawn("enough")
        assert isinstance(own.outcome(), Completed)
        assert isinstance(upkeep.outcome(), Completed)
        assert isinstance(aside.outcome(), Completed)

        more = router.send("bob", hang)
        behind = router.send("bob", say())
        assert router.cancel_all("bob", "all").known
        assert isinstance(more.outcome(), Aborted)
        assert behind.outcome() == Withdrawn("all")
        last = router.send("bob", hang)
        assert last.turn is not None
        router.abort(last.turn, reason="by number")
        assert isinstance(last.outcome(), Aborted)
        assert router.reset("bob").known
        assert router.close("bob").known
        router.configure(Limits(turns=1))
        assert router.limits() == Limits(turns=1)
        assert list(router.suspended()) == []
        router.stop_admission()
        assert router.drain(5.0).seconds >= 0


def test_waits_have_their_terms() -> None:
    """TimeoutError, after the call has ended in Trio: what was not sent is not."""
    tidied = Gate()

    async def tidy() -> None:
        try:
            await trio.sleep_forever()
        finally:
            tidied.open()

    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        receipt = router.send("ann", hang)
        for _ in range(10):
            router.send("ann", hang)
        with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
            router.send_wait("ann", hang, within=0.01)
        with pytest.raises(TimeoutError):
            receipt.outcome(within=0.01)
        with pytest.raises(TimeoutError):
            tree.run(tidy, within=0.01)
        assert tidied.is_open
        with pytest.raises(TimeoutError):
            tree.wait_ended(within=0.01)
        counter = tree.run(find_child, tree.ref, "counter")
        with pytest.raises(trio.TooSlowError):
            tree.ask(counter, Never(), within=0.01)
        assert router.statistics().accepted == 11
        router.cancel_all("ann")


def test_anything_may_be_run_in_trio() -> None:
    """What it returns and what it raises come back as they are."""
    boom = Boom("in Trio")

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise boom

    with open_blocking_tree(Tree) as tree:
        assert tree.run_sync(max, 1, 2) == 2
        with pytest.raises(Boom) as found:
            tree.run(fail)
        assert found.value is boom
        with pytest.raises(UnknownChildError):
            tree.router(Doer, "nobody")


def test_many_threads_use_one_tree() -> None:
    """Each gets its own answers."""
    answers: dict[str, list[object]] = {}

    def talk(name: str) -> None:
        router = tree.router(Doer, "router")
        with router.open_turn(name, say(*[name] * 100)) as answer:
            answers[name] = list(answer)

    with open_blocking_tree(Tree) as tree:
        threads = [threading.Thread(target=talk, args=(f"t{n}",)) for n in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    assert answers == {f"t{n}": [f"t{n}"] * 100 for n in range(8)}


def test_actors_are_told_and_asked_from_threads() -> None:
    """In the order of telling."""
    with open_blocking_tree(Counter) as tree:
        for amount in range(10):
            tree.tell(tree.ref, amount)

        assert tree.ask(tree.ref, Total()) == 45
        quiet_here(tree)


def test_a_thread_that_is_interrupted_leaves_its_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has begun is cancelled in Trio; a clean-up that fails is heard of."""

    def interrupted_once(source: Any, within: float | None = None) -> None:
        del source, within
        monkeypatch.setattr(waiting, "arrive", arrive)
        monkeypatch.setattr(turn, "arrive", arrive)
        raise KeyboardInterrupt

    async def fail() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom

    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        monkeypatch.setattr(turn, "arrive", interrupted_once)
        with pytest.raises(KeyboardInterrupt):
            router.open_turn("ann", hang).__enter__()
        info = router.inspect("ann")
        assert info is None or info.phase != "running"
        with pytest.raises(Boom):
            tree.run(fail, within=0.01)
