"""`Admission`: the questions, their order, and that a refusal changes nothing."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    ClosedToNewError,
    PromptKind,
    PromptPolicy,
    QuarantinedError,
    QueueFullError,
    Receipt,
    RefusedError,
    StillRunningError,
    TenantLimitError,
    WhileBusy,
)
from actors.hosting import ASIDE, FOLLOW_UP, PROMPT, WORK, More, SteeringQueue
from supervision import RestartLimit
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import (
    Admission,
    Entrance,
    Offer,
    quarantined,
)
from supervision._routing.parts.lane import Lane
from tests.routing.parts.making import PROPERTY, end, fill, lane, receipt

SMALL = PromptPolicy(capacity=2, steering_capacity=1)
ALL_STEER = PromptPolicy(capacity=2, steering_capacity=1, busy=WhileBusy.STEER)
NONE_STEERS = PromptPolicy(capacity=2, busy=WhileBusy.NEVER_STEER)


@attrs.define(eq=False)
class Extra:
    """What the turn below has."""

    steering: SteeringQueue | None = None


@attrs.define(eq=False)
class Run:
    """A turn, as admission sees it."""

    receipts: tuple[Receipt[Any], ...]
    verdict: object = None
    interrupted: str | None = None
    extra: Extra | None = None


def offer(
    *,
    kind: PromptKind = PROMPT,
    steer: bool = False,
    tenant: str | None = None,
    stream: object = None,
    message_id: str | None = None,
    job: str | None = None,
) -> Offer:
    """Make a prompt for the key a."""
    more = More()
    more.kind = kind
    more.stream = stream
    more.message_id = message_id
    more.job = job
    return Offer("a", "prompt", more, tenant, steer)


def open_lane(*numbers: int, running: bool = False) -> Lane:
    """An entry with a session, perhaps with a turn, and so many prompts that wait."""
    home = lane()
    home.phase = lanes.OPEN
    fill(home, *numbers)
    if running:
        home.turn = Run((receipt(home, 100),))
    return home


def judge(
    admission: Admission,
    home: Lane | None,
    what: Offer,
    policy: PromptPolicy = SMALL,
    *,
    ending: bool = False,
    per_tenant: int | None = None,
) -> Entrance:
    """Have it judged, with the usual surroundings."""
    return admission.judge(home, what, policy, ending=ending, per_tenant=per_tenant)


# -------------------------------------------------------------------------- is it known


def test_a_new_key_knows_nothing() -> None:
    """Neither a key without an entry nor one without a memory knows a message."""
    admission, what = Admission(), offer(message_id="x", job="y")

    assert admission.known(None, what) is None
    assert admission.known(lane(), what) is None
    home = lane()
    home.need_extra()
    assert admission.known(home, what) is None


def test_a_message_that_has_come_before_is_known() -> None:
    """It has the receipt of the first time; one without an id is always new."""
    admission, home = Admission(), open_lane()
    first = receipt(home, 1)
    home.need_known().remember("x", first, 9)

    assert admission.known(home, offer(message_id="x")) is first
    assert admission.known(home, offer(message_id="y")) is None
    assert admission.known(home, offer()) is None


def test_a_job_that_runs_is_refused_before_its_message_is_looked_for() -> None:
    """The first question is whether the job runs, even for a message that is known."""
    admission, home = Admission(), open_lane()
    first = receipt(home, 1)
    home.need_known().remember("x", first, 9)
    home.need_known().remember_job("nightly", first)

    with pytest.raises(StillRunningError):
        admission.known(home, offer(message_id="x", job="nightly"))
    assert admission.known(home, offer(message_id="x", job="hourly")) is first

    end(first)
    assert admission.known(home, offer(message_id="x", job="nightly")) is first


# --------------------------------------------------------------------- where does it go


@pytest.mark.parametrize(
    ("what", "way"),
    [
        (offer(), Entrance.QUEUE),
        (offer(kind=FOLLOW_UP), Entrance.QUEUE),
        (offer(kind=WORK), Entrance.QUEUE),
        (offer(kind=ASIDE), Entrance.ASIDE),
        (offer(steer=True), Entrance.QUEUE),  # no turn runs
    ],
)
@pytest.mark.parametrize(
    "phase",
    [
        lanes.PLACE,
        lanes.STARTING,
        lanes.OPEN,
        lanes.CLOSING,
        lanes.BACKOFF,
        lanes.ASLEEP,
    ],
)
def test_a_known_key_has_a_queue_in_nearly_every_phase(
    phase: int, what: Offer, way: Entrance
) -> None:
    """A prompt waits in the queue of its key whatever its session is doing."""
    home = open_lane()
    home.phase = phase

    assert judge(Admission(), home, what) is way


def test_a_new_key_is_a_new_key() -> None:
    """A prompt for it brings its entry, whatever kind it is of."""
    for kind in (PROMPT, FOLLOW_UP, WORK, ASIDE):
        what = offer(kind=kind, steer=kind is PROMPT)
        assert judge(Admission(), None, what) is Entrance.NEW


@pytest.mark.parametrize(
    ("policy", "what", "steers"),
    [
        (SMALL, offer(steer=True), True),
        (SMALL, offer(), False),
        (SMALL, offer(kind=ASIDE), False),
        (ALL_STEER, offer(), True),
        (ALL_STEER, offer(steer=True), True),
        (ALL_STEER, offer(kind=FOLLOW_UP), False),
        (ALL_STEER, offer(kind=WORK), False),
        (ALL_STEER, offer(kind=ASIDE), False),
        (ALL_STEER, offer(stream=object()), False),  # somebody reads its answer
        (NONE_STEERS, offer(steer=True), False),
        (NONE_STEERS, offer(), False),
    ],
)
def test_what_steers_a_turn_that_runs(
    policy: PromptPolicy, what: Offer, *, steers: bool
) -> None:
    """What was sent to steer, and by policy each plain prompt without a reader."""
    way = judge(Admission(), open_lane(running=True), what, policy)

    assert (way is Entrance.STEER) == steers


@pytest.mark.parametrize("reason", ["verdict", "interrupted", "work", "phase", "turn"])
def test_a_turn_that_cannot_be_steered_is_not(reason: str) -> None:
    """One that is to end, one that is asked to, upkeep, a session that closes, none."""
    home = open_lane(running=True)
    match reason:
        case "verdict":
            home.turn.verdict = object()
        case "interrupted":
            home.turn.interrupted = ""
        case "work":
            home.turn.receipts = (receipt(home, 1, kind=WORK),)
        case "phase":
            home.phase = lanes.CLOSING
        case _:
            home.turn = None

    assert judge(Admission(), home, offer(steer=True)) is Entrance.QUEUE


# ------------------------------------------------------------------------ is there room


def test_a_full_queue_refuses() -> None:
    """With as many as its capacity waiting, and not with one less."""
    home = open_lane(1)
    assert judge(Admission(), home, offer()) is Entrance.QUEUE

    fill(home, 2)
    with pytest.raises(QueueFullError):
        judge(Admission(), home, offer())


def test_side_questions_have_room_of_their_own() -> None:
    """They are counted by themselves: a full queue refuses none, and none fills it."""
    home = open_lane(1, 2, running=True)
    assert judge(Admission(), home, offer(kind=ASIDE)) is Entrance.ASIDE

    home.need_extra().asides = {1: object()}
    home.need_extra().aside_queue = deque([receipt(home, 9, kind=ASIDE)])
    with pytest.raises(QueueFullError):
        judge(Admission(), home, offer(kind=ASIDE))

    home.take(None)
    assert judge(Admission(), home, offer()) is Entrance.QUEUE


def test_a_checkpoint_has_room_of_its_own() -> None:
    """Those that wait for it fill it; husks do not; a full queue does not matter."""
    home = open_lane(1, 2, running=True)
    run: Run = home.turn
    assert judge(Admission(), home, offer(steer=True)) is Entrance.STEER

    run.extra = Extra()
    assert judge(Admission(), home, offer(steer=True)) is Entrance.STEER

    waiting = receipt(home, 3)
    run.extra.steering = SteeringQueue()
    run.extra.steering.put(waiting)
    with pytest.raises(QueueFullError, match="steering"):
        judge(Admission(), home, offer(steer=True))

    end(waiting)
    assert judge(Admission(), home, offer(steer=True)) is Entrance.STEER


# --------------------------------------------------------------- the order of questions


def test_a_closed_router_refuses_first() -> None:
    """Whatever else is wrong with it: the router takes no more."""
    admission = Admission()
    admission.open = False
    admission.enter("me")
    home = open_lane(1, 2)
    home.phase = lanes.QUARANTINED

    for where, what in ((home, offer()), (None, offer(tenant="me"))):
        with pytest.raises(ClosedToNewError):
            judge(admission, where, what, per_tenant=1)


def test_a_tenant_is_asked_about_before_the_end() -> None:
    """A new key over its tenant's limit is that, also when the router is to end."""
    admission = Admission()
    admission.enter("me")

    with pytest.raises(TenantLimitError):
        judge(admission, None, offer(tenant="me"), ending=True, per_tenant=1)
    with pytest.raises(ClosedToNewError):
        judge(admission, None, offer(tenant="you"), ending=True, per_tenant=1)


@pytest.mark.parametrize(
    ("has", "most", "spare", "enters"),
    [
        (1, 2, 0, True),
        (2, 2, 0, False),
        (2, 2, 1, True),
        (3, 2, 1, False),  # the limit was lowered, and two would have to go
        (3, 2, 2, True),
        (3, None, 0, True),
    ],
)
def test_a_tenant_may_have_one_more_if_enough_of_its_own_may_go(
    has: int, most: int | None, spare: int, *, enters: bool
) -> None:
    """The error says how many it has, and the limit."""
    admission = Admission()
    for _ in range(has):
        admission.enter("me")
    what, policy = offer(tenant="me"), SMALL

    if enters:
        way = admission.judge(
            None, what, policy, ending=False, per_tenant=most, spare=spare
        )
        assert way is Entrance.NEW
        return
    with pytest.raises(TenantLimitError) as caught:
        admission.judge(None, what, policy, ending=False, per_tenant=most, spare=spare)
    assert (caught.value.limit, caught.value.has) == (most, has)


def test_the_tenants_that_have_too_many_are_named() -> None:
    """When the limit is lowered, say."""
    admission = Admission()
    for tenant in ("me", "you", "me", "he"):
        admission.enter(tenant)

    assert admission.over(1) == ["me"]
    assert admission.over(2) == []


def test_a_router_that_is_to_end_still_lets_known_keys_queue() -> None:
    """What comes in for a key that is there is given its outcome at the end."""
    assert judge(Admission(), open_lane(), offer(), ending=True) is Entrance.QUEUE


def test_quarantine_is_asked_about_before_room() -> None:
    """A full queue in quarantine is in quarantine, for side questions too."""
    home = open_lane(1, 2)
    home.phase = lanes.QUARANTINED

    for what in (offer(), offer(kind=ASIDE), offer(steer=True)):
        with pytest.raises(QuarantinedError):
            judge(Admission(), home, what)


def test_quarantine_has_its_cause() -> None:
    """The error's cause is the latest crash; there may be none to tell."""
    home = lane()
    assert quarantined(home).__cause__ is None
    home.need_extra()
    assert quarantined(home).__cause__ is None

    bang = RuntimeError("bang")
    home.need_crashes().charge(bang, 0.0, RestartLimit(0, within=1.0))
    error = quarantined(home)

    assert error.__cause__ is bang
    assert error.key == "a"


REFUSALS: list[tuple[str, Lane | None, Offer]] = [
    ("closed", open_lane(1, running=True), offer(steer=True)),
    ("ending", None, offer(tenant="you")),
    ("tenant", None, offer(tenant="me")),
    ("quarantine", open_lane(1), offer()),
    ("full", open_lane(1, 2), offer()),
    ("full", open_lane(1, 2), offer(tenant="me")),
]


@pytest.mark.parametrize(("why", "home", "what"), REFUSALS)
def test_a_refusal_changes_nothing(why: str, home: Lane | None, what: Offer) -> None:
    """Neither the entry, nor the offer, nor a tenant's count."""
    admission = Admission()
    admission.enter("me")
    admission.open = why != "closed"
    if home is not None and why == "quarantine":
        home.phase = lanes.QUARANTINED
    before = (_facts(home), _said(what))

    with pytest.raises(RefusedError):
        judge(admission, home, what, ending=why == "ending", per_tenant=1)

    assert (_facts(home), _said(what)) == before
    assert (admission.owns("me"), admission.owns("you")) == (1, 0)
    assert admission.open == (why != "closed")


def _facts(home: Lane | None) -> object:
    if home is None:
        return None
    return (home.phase, list(home.live()), home.turn, home.waiting, home.room)


def _said(what: Offer) -> object:
    return (what.key, what.tenant, what.steer, what.more.kind, what.more.steers)


# ------------------------------------------------------------------------------ tenants


@PROPERTY
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=30),
    st.integers(1, 3),
)
def test_tenants_are_counted(acts: list[tuple[bool, str]], most: int) -> None:
    """A tenant may have one more exactly as long as there are less than the limit."""
    admission = Admission()
    counts: dict[str, int] = {}
    for comes, tenant in acts:
        if comes:
            admission.enter(tenant)
            counts[tenant] = counts.get(tenant, 0) + 1
        elif counts.get(tenant):
            admission.leave(tenant)
            counts[tenant] -= 1
        for each in "abc":
            assert admission.owns(each) == counts.get(each, 0)
            assert admission.may_own(each, most) == (counts.get(each, 0) < most)
            assert admission.may_own(each, None)
    assert admission.may_own(None, 1)
    assert set(admission._tenants) == {each for each in counts if counts[each]}


def test_a_tenant_without_keys_has_none_to_lose() -> None:
    """Forgetting one key twice is a mistake that shows."""
    admission = Admission()
    with pytest.raises(KeyError):
        admission.leave("me")
