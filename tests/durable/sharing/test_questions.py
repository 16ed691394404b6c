"""What a node asks beside its batches, and what the store says."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from supervision._routing.core.core import IDS as ROUTERS_IDS
from supervision.durable import (
    MemoryServer,
    MemoryStore,
    SharingPolicy,
    StoreAwayError,
    StoreInUseError,
    StoreRefusedError,
)
from supervision.durable._memory.faults import Point
from supervision.durable._sharing.words import (
    IDS,
    Beat,
    Give,
    Given,
    Hint,
    Lease,
    Leave,
    NodeRow,
    Post,
    Posted,
    Recall,
    Reply,
    Take,
    Taken,
    View,
    numbers_of,
    partition_of,
)
from tests.durable.sealing.boxes import Keyed
from tests.durable.sharing.desk import Desk, at
from tests.durable.store.bench import accept, complete

# ------------------------------------------------------------------------- who is there


async def test_a_beat_makes_a_row_and_tells_all() -> None:
    """Of nodes by name, of partitions by number; in a later step."""
    server = MemoryServer(partitions=3)
    async with (
        at(server.node("b", address="b:1", release=2)) as b,
        at(server.node("a")) as a,
    ):
        await b.beat()
        view = await a.beat(leaving=True)
        assert [each.node for each in view.nodes] == ["a", "b"]
        assert view.nodes[0] == NodeRow("a", None, 0, 2, 1, leaving=True)
        assert view.nodes[1] == NodeRow("b", "b:1", 2, 1, 1, leaving=False)
        assert [each.partition for each in view.partitions] == [0, 1, 2]
        assert {each.owner for each in view.partitions} == {None}
    assert server.nodes() == ("a", "b"), "closed without leaving, as if killed"


async def test_partitions_are_taken_by_epoch() -> None:
    """Those that have the one that was seen; the release is the highest there was."""
    server = MemoryServer(partitions=3)
    async with at(server.node("a", release=2)) as a, at(server.node("b")) as b:
        assert await a.take(0, 1) == {0: Lease(0, 1), 1: Lease(1, 1)}
        taken = await b.asks(Take((Lease(0, 0), Lease(1, 1), Lease(2, 0))), Taken)
        assert taken.leases == (Lease(1, 2), Lease(2, 1))
        assert server.owners() == {0: "a", 1: "b", 2: "b"}
        assert server.epochs() == {0: 1, 1: 2, 2: 1}
        view = await b.beat()
        assert [each.release for each in view.partitions] == [2, 2, 0]


async def test_partitions_are_given_by_lease() -> None:
    """Another's, or those of an old epoch, stay."""
    server = MemoryServer(partitions=3)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        await a.take(0, 1, 2)
        await b.take(1)
        await a.asks(Give((Lease(0, 1), Lease(1, 1), Lease(2, 0))), Given)
        assert server.owners() == {0: None, 1: "b", 2: "a"}
        assert server.epochs() == {0: 1, 1: 2, 2: 1}


async def test_one_that_leaves_gives_all() -> None:
    """And is forgotten."""
    server = MemoryServer(partitions=2)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        await a.take(0)
        await b.take(1)
        await a.asks(Leave(), Given)
        assert server.owners() == {0: None, 1: "b"}
        assert server.nodes() == ("b",)


async def test_the_younger_one_of_a_name_stays() -> None:
    """The older one changes nothing of it, and sees it."""
    server = MemoryServer(partitions=2)
    async with at(server.node("a")) as old, at(server.node("a")) as new:
        await old.take(0)
        await new.take(1)
        view = await old.asks(Beat(99), View)
        assert view.nodes == (NodeRow("a", None, 0, 2, 1, leaving=False),)
        assert await old.take(0) == {}
        await old.asks(Leave(), Given)
        assert server.nodes() == ("a",)
        assert server.owners() == {0: "a", 1: "a"}


async def test_openings_rise_and_claims_are_beyond_them() -> None:
    """No claim has the number of another one; one store is for one router."""
    server = MemoryServer()
    first, second = server.node("a"), server.node("b")
    claims = [first.claim(), second.claim()]
    assert claims[0].number != claims[1].number
    assert all(2**22 <= each.number < 2**23 for each in claims)
    with pytest.raises(StoreInUseError):
        first.claim()
    opened = [await each.open() for each in reversed(claims)]
    assert [each.opened for each in opened] == [1, 2]
    assert (second.opened, first.opened) == (1, 2)
    for each in opened:
        await each.close()


async def test_time_is_the_servers(autojump_clock: trio.testing.MockClock) -> None:
    """D78: whatever the wall clock of a node says."""
    del autojump_clock
    server = MemoryServer()
    ahead = server.node("a", clock_off=3600.0)
    async with at(ahead) as a, at(server.node("b")) as b:
        here = (await a.beat()).now
        assert (await b.beat()).now == here == server.time.timestamp()
        assert ahead.time == server.time
        assert ahead.clock.now() == here + 3600.0
        await trio.sleep(10)
        assert (await a.beat()).now == here + 10


# -------------------------------------------------------------------------- what is new


async def test_a_look_finds_what_others_have_stored() -> None:
    """Of some partitions, in the order of acceptance, so many at most."""
    server = MemoryServer(partitions=2)
    keys = {server.partition_of(str(each)): str(each) for each in range(20)}
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        mine, theirs = a.opened.opened - 1, b.opened.opened - 1
        await b.carry(accept(theirs * IDS + 5, keys[0]))
        await a.carry(accept(mine * IDS + 1, keys[0], begun=1))
        await b.carry(
            accept(theirs * IDS + 1, keys[0], body=b"x"),
            accept(theirs * IDS + 2, keys[1]),
            accept(theirs * IDS + 3, keys[0]),
            accept((theirs + 1) * IDS, keys[0]),  # the last one of an opening
            complete(theirs * IDS + 3, key=keys[0]),
        )
        found = await a.poll(0)
        numbers = [each.number - theirs * IDS for each in found.rows]
        assert numbers == [5, 1, IDS]
        assert found.rows[1].body == b"x"
        found = await a.poll(0, 1, known=(theirs * IDS + 1,))
        assert [each.number - theirs * IDS for each in found.rows] == [5, 2, IDS]
        found = await a.poll(0, 1, most=2)
        assert [each.number - theirs * IDS for each in found.rows] == [5, 1]
        assert (await a.poll()).rows == ()
        found = await b.poll(0)
        assert [each.number for each in found.rows] == [mine * IDS + 1]


async def test_a_look_finds_outcomes() -> None:
    """Of those that are followed; one that is not there has none, and is told."""
    server = MemoryServer()
    async with at(server.node("a")) as a:
        await a.carry(accept(1), accept(2), complete(1, turn=7))
        found = await a.poll(follows=(1, 2, 3))
        told = [
            (each.number, each.outcome, each.turn, each.key) for each in found.ended
        ]
        assert told == [(1, b"done", 7, "a"), (3, None, None, "")]


async def test_a_verb_goes_to_the_owner_and_its_answer_back() -> None:
    """It is told until it is answered; the answer until it is recalled."""
    server = MemoryServer(partitions=2)
    partition = server.partition_of("k")
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        first = (await a.asks(Post("k", "cancel", b"why"), Posted)).id
        second = (await a.asks(Post("k", "reset", b""), Posted)).id
        assert (await b.poll(1 - partition)).verbs == ()
        await b.poll(partition)
        verbs = (await b.poll(partition)).verbs
        assert [each.id for each in verbs] == [first, second]
        row = verbs[0]
        told = (row.key, row.verb, row.arguments, row.node)
        assert told == ("k", "cancel", b"why", "a")

        answers = ((first, b"done"), (99, b"?"))
        await b.asks(Reply(answers), Given)
        assert [each.id for each in (await b.poll(partition)).verbs] == [second]
        assert (await b.poll(asked=(first,))).answers == (), "b has not asked"
        asked = (first, second, 99)
        for _ in range(2):  # what was told may have got lost
            assert (await a.poll(asked=asked)).answers == ((first, b"done"),)
        await a.asks(Recall((first,)), Given)
        assert (await a.poll(asked=asked)).answers == ()


async def test_a_verb_is_taken_back() -> None:
    """By its number; and with the node that has asked."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        first = (await a.asks(Post("k", "cancel", b""), Posted)).id
        second = (await a.asks(Post("k", "cancel", b""), Posted)).id
        third = (await b.asks(Post("k", "cancel", b""), Posted)).id
        await a.asks(Recall((first, 99)), Given)
        assert [each.id for each in (await b.poll(0)).verbs] == [second, third]
        await a.asks(Leave(), Given)
        assert [each.id for each in (await b.poll(0)).verbs] == [third]


async def test_what_is_asked_is_sealed() -> None:
    """Verbs, answers, and what others have stored."""
    server = MemoryServer(partitions=1)
    seal = Keyed(b"key")
    async with (
        at(server.node("a", seal=seal)) as a,
        at(server.node("b", seal=seal)) as b,
    ):
        number = b.opened.opened * IDS
        await b.carry(accept(number, "k"), accept(number - 1, "k", origin=b"o"))
        await b.carry(complete(number, key="k"))
        posted = (await a.asks(Post("k", "cancel", b"secret"), Posted)).id
        found = await a.poll(0, follows=(number, 99))
        assert [(each.body, each.origin) for each in found.rows] == [(b"body", b"o")]
        assert [each.outcome for each in found.ended] == [None, b"done"]
        assert [each.arguments for each in found.verbs] == [b"secret"]
        await b.asks(Reply(((posted, b"answer"),)), Given)

    async with at(server.node("a")) as bare:
        raw = await bare.poll(0, asked=(posted,))
        assert raw.rows[0].body != b"body"
        ((_, answer),) = raw.answers
        assert answer != b"answer"


async def test_what_cannot_be_sealed_is_refused() -> None:
    """Nothing of it stands in the store."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a", seal=Keyed())) as a:  # without a key
        with pytest.raises(StoreRefusedError, match="seal"):
            await a.asks(Post("k", "cancel", b"secret"), Posted)
        assert (await a.poll(0)).verbs == ()


# ---------------------------------------------------------------------------- its hints


class Ear:
    """Counts hints."""

    def __init__(self, desk: Desk) -> None:
        self.heard = 0
        desk.sharing.hinted = self.hear

    def hear(self) -> None:
        self.heard += 1


async def test_a_hint_comes_in_a_later_step() -> None:
    """To the nodes that are named, and are there."""
    server = MemoryServer()
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        ears = [Ear(a), Ear(b)]
        await a.asks(Hint(("b", "c")), Given)
        await trio.testing.wait_all_tasks_blocked()
        assert [each.heard for each in ears] == [0, 1]
        b.sharing.hinted = None
        await a.asks(Hint(("b",)), Given)
        await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize("silently", [False, True])
async def test_hints_that_are_held_are_lost(silently: bool) -> None:  # noqa: FBT001
    """The node knows it, or it does not."""
    server = MemoryServer()
    store = server.node("b")
    async with at(server.node("a")) as a, at(store) as b:
        ear = Ear(b)
        store.hold_hints(silently=silently)
        await trio.testing.wait_all_tasks_blocked()
        assert b.sharing.hears is silently
        assert ear.heard == (0 if silently else 1), "that nothing is heard is news"
        ear.heard = 0
        await a.asks(Hint(("b",)), Given)
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == 0

        store.pass_hints()
        await a.asks(Hint(("b",)), Given)
        await trio.testing.wait_all_tasks_blocked()
        assert b.sharing.hears
        assert ear.heard == (1 if silently else 2)


async def test_no_hint_comes_to_one_that_is_cut_off() -> None:
    """Nor to one that has been closed meanwhile."""
    server = MemoryServer()
    store = server.node("b")
    async with at(server.node("a")) as a:
        async with at(store) as b:
            ear = Ear(b)
            store.cut_off()
            await a.asks(Hint(("b",)), Given)
            store.join_again()
            a.sharing.way.hub.hint(Hint(("b",)))
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == 0


# ---------------------------------------------------------------------- what goes wrong


async def test_questions_are_answered_in_their_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Each after its time on the way; they wait for no batch."""
    del autojump_clock
    server = MemoryServer(partitions=1)
    store = server.node("a")
    store.question_latency = 2.0
    assert store.question_latency == 2.0
    async with at(store) as a:
        store.stand_still()
        began = trio.current_time()
        heard: list[tuple[int, float]] = []

        def hear(view: View) -> None:
            heard.append((view.nodes[0].beat, trio.current_time() - began))

        for each in range(3):
            a.sharing.ask(Beat(each), hear)
        await trio.sleep(100)
        assert heard == [(0, 2.0), (1, 4.0), (2, 6.0)]


async def test_a_node_that_stands_still_is_not_heard(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """As if its process were stopped; then it goes on."""
    del autojump_clock
    server = MemoryServer(partitions=1)
    store = server.node("a")
    async with at(store) as a:
        store.stand_still(questions=True)
        store.stand_still()
        heard: list[Any] = []  # Any: reactions
        a.sharing.ask(Beat(1), heard.append)
        await trio.sleep(100)
        assert (heard, server.nodes()) == ([], ())
        store.go_on()
        await trio.testing.wait_all_tasks_blocked()
        assert len(heard) == 1
        store.stand_still()
        await a.beat()


async def test_an_answer_gets_lost() -> None:
    """The question has been carried out."""
    server = MemoryServer(partitions=1)
    store = server.node("a")
    async with at(store) as a:
        store.lose_reactions()
        with pytest.raises(StoreAwayError):
            await a.asks(Take((Lease(0, 0),)), Taken)
        assert server.owners() == {0: "a"}
        await a.beat()


async def test_one_that_is_cut_off_hears_nothing() -> None:
    """Of what it asks nothing is done; the others see nothing of it."""
    server = MemoryServer(partitions=1)
    store = server.node("a")
    async with at(store) as a, at(server.node("b")) as b:
        store.cut_off()
        with pytest.raises(StoreAwayError, match="node a is cut off"):
            await a.beat()
        await b.beat()
        assert server.nodes() == ("b",)
        store.join_again()
        await a.beat()


@pytest.mark.parametrize("when", ["before question", "after question", "after heard"])
async def test_a_node_dies_in_the_middle_of_a_question(when: Point) -> None:
    """What is done is done, and nothing is told; others of its line go nowhere."""
    server = MemoryServer(partitions=1)
    store = server.node("a")
    desk = Desk(await store.claim().open())
    heard: list[Any] = []  # Any: reactions
    store.at_point(lambda point, _: store.kill() if point == when else None)
    desk.sharing.ask(Take((Lease(0, 0),)), heard.append)
    desk.sharing.ask(Take((Lease(0, 1),)), heard.append)
    await trio.testing.wait_all_tasks_blocked()

    assert len(heard) == (when == "after heard")
    assert server.epochs() == {0: 0 if when == "before question" else 1}
    desk.sharing.ask(Beat(1), heard.append)
    await trio.testing.wait_all_tasks_blocked()
    assert server.nodes() == ()

    store.at_point(None)
    async with at(store) as again:
        assert again.opened.opened == 2
        await again.beat()


async def test_a_node_is_closed_in_the_middle_of_a_question() -> None:
    """Nothing is told; nothing more can be asked."""
    server = MemoryServer(partitions=1)
    heard: list[Any] = []  # Any: reactions
    async with at(server.node("a")) as a:
        a.sharing.ask(Beat(1), heard.append)
    await trio.testing.wait_all_tasks_blocked()
    assert heard == []
    a.sharing.close()
    with pytest.raises(RuntimeError, match="closed"):
        a.sharing.ask(Beat(1), heard.append)


# ----------------------------------------------------------------------- how it is made


def test_what_is_wrong_is_refused() -> None:
    """At the call, by name."""
    with pytest.raises(ValueError, match="partitions"):
        MemoryServer(partitions=0)
    wrong: Any = 10.0  # Any: what a user may give
    with pytest.raises(TypeError, match="sharing must be a SharingPolicy, got"):
        MemoryServer(sharing=wrong)
    with pytest.raises(TypeError, match=r"name must be a str, got 10\.0"):
        MemoryServer().node(wrong)
    with pytest.raises(ValueError, match="name must not be empty"):
        MemoryServer().node("")
    with pytest.raises(ValueError, match="release"):
        MemoryServer().node("a", release=-1)
    for verb in ("cut_off", "join_again", "hold_hints", "pass_hints"):
        with pytest.raises(RuntimeError, match="no node of a MemoryServer"):
            getattr(MemoryStore(), verb)()


def test_a_store_alone_is_shared_with_nobody() -> None:
    """A node's says how nodes live together, and whose it is."""
    assert MemoryStore().sharing is None
    policy = SharingPolicy(ttl=3.0)
    server = MemoryServer(sharing=policy, partitions=16)
    assert server.node("a").sharing is policy
    assert MemoryServer().node("a").sharing == SharingPolicy()
    assert "of node a" in repr(server.node("a"))
    assert "MemoryServer" in repr(server)
    assert server.partition_of("key") == partition_of("key", 16)


def test_the_numbers_of_an_opening_are_those_that_its_router_gives() -> None:
    """One after the other, and none twice."""
    assert IDS == ROUTERS_IDS
    assert numbers_of(1) == (1, IDS)
    assert numbers_of(2) == (IDS + 1, 2 * IDS)
