"""What is true of prompts: of their acceptance, their order and their outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

from actors import (
    AnyRef,
    BudgetExceededError,
    ChildSlotTimeoutError,
    Failed,
    NotAliveError,
    OutcomeForgottenError,
    PromptAccepted,
    PromptEnded,
    PromptRefused,
    QuarantinedError,
    RefusedError,
    SessionClosed,
    SessionCrashedError,
    SessionOpened,
    SessionStartError,
    StillRunningError,
    Withdrawal,
    Withdrawn,
)
from actors import WhileBusy as Busy
from tests.storm.checking.replay import Replay, offers_by_receipt, receipts_of
from tests.storm.world.story import Commanded, Offered, StormError, Story, Took

ERRORS = (
    *(StormError, SessionStartError, SessionCrashedError, QuarantinedError),
    *(BudgetExceededError, NotAliveError, ChildSlotTimeoutError),
    OutcomeForgottenError,
)


def one_outcome(story: Story) -> Iterator[str]:
    """Each accepted prompt ends once, and its receipt says how."""
    accepted: Counter[tuple[AnyRef, int]] = Counter()
    ended: Counter[tuple[AnyRef, int]] = Counter()
    outcomes: dict[tuple[AnyRef, int], object] = {}
    for each in story.tape:
        if isinstance(each, PromptAccepted):
            accepted[each.ref, each.prompt] += 1
        elif isinstance(each, PromptEnded):
            ended[each.ref, each.prompt] += 1
            outcomes[each.ref, each.prompt] = each.outcome
    for prompt in accepted.keys() | ended.keys():
        if (accepted[prompt], ended[prompt]) != (1, 1):
            yield (
                f"prompt {prompt[1]} was accepted {accepted[prompt]} times and ended "
                f"{ended[prompt]} times"
            )
    for prompt, receipt in receipts_of(story).items():
        if receipt.ended is None:
            yield f"{receipt} has no outcome"
        elif receipt.ended.forgotten:
            continue  # what is left of one that was sent again
        elif story.hears and receipt.ended is not outcomes.get(prompt):
            yield f"{receipt} was told as {outcomes.get(prompt)}"


def refused_have_none(story: Story) -> Iterator[str]:
    """Who was refused has started nothing, who was accepted has its number."""
    numbers: dict[object, list[tuple[AnyRef, int]]] = {}
    refused: Counter[object] = Counter()
    for each in story.tape:
        if isinstance(each, PromptAccepted):
            numbers.setdefault(each.origin, []).append((each.ref, each.prompt))
        elif isinstance(each, PromptRefused):
            refused[each.origin] += 1
    for each in story.refused():
        if each.origin in numbers:
            yield f"{each.origin} got {each.error!r} and was accepted"
    if not story.hears:
        return
    first = offers_by_receipt(story)
    for each in story.offers():
        if each.way == "exclusive" or first[id(each.receipt)] is not each:
            continue  # has no origin, or: was known by its id
        assert each.receipt is not None
        mine = numbers.get(each.receipt.origin, [])
        if each.receipt.origin is not None and len(mine) != 1:
            yield f"{each.receipt} was accepted {len(mine)} times"


def order_is_kept(story: Story) -> Iterator[str]:
    """Prompts of a session are begun as they were accepted.

    Steering prompts, those that are tried again and those that go before all others
    have an order of their own.
    """
    if story.plan.cast.prompts.busy in {Busy.STEER, Busy.INTERRUPT, Busy.REPLACE}:
        return
    offers = offers_by_receipt(story)
    latest: dict[tuple[AnyRef, str], int] = {}
    for record in Replay(story).run():
        if record.aside or record.begun is None:
            continue
        for receipt in record.begun.receipts:
            offer = offers.get(id(receipt))
            if offer is None or offer.way in {"steer", "aside", "attempts"}:
                continue
            lane = (offer.router, record.key)
            if receipt.id <= latest.get(lane, 0):
                yield f"{receipt} was begun after {latest[lane]}"
            latest[lane] = receipt.id


def withdrawn_is_withdrawn(story: Story) -> Iterator[str]:
    """What a verb says it has taken back is `Withdrawn`."""
    receipts = receipts_of(story)
    for each in story.tape:
        if isinstance(each, Commanded) and each.result is not None:
            for number in each.result.withdrawn:
                receipt = receipts.get((each.router, number))
                if receipt is not None and not isinstance(receipt.ended, Withdrawn):
                    yield f"{each.verb} of {each.key} named {receipt}"
        elif isinstance(each, Took) and each.result is Withdrawal.WITHDRAWN:
            lies = not isinstance(each.receipt.ended, Withdrawn)
            yield from [f"{each.receipt} was withdrawn"] * lies


def withdrawn_never_runs(story: Story) -> Iterator[str]:
    """No turn begins with a prompt that was taken back; one may be before a retry."""
    offers = offers_by_receipt(story)
    for record in Replay(story).run():
        for receipt in record.begun.receipts if record.begun is not None else ():
            offer = offers.get(id(receipt))
            once = offer is not None and offer.way != "attempts"
            if once and isinstance(receipt.ended, Withdrawn):
                yield f"turn {record.id} of {record.key} ran {receipt}"


def fails_as_it_says(story: Story) -> Iterator[str]:
    """A prompt fails with what its script raises, or with what is promised."""
    for offer in story.offers():
        assert offer.receipt is not None
        outcome = offer.receipt.ended
        if isinstance(outcome, Failed) and not _is_promised(outcome.error):
            yield f"{offer.receipt}: {outcome.error!r}, {outcome.error.__cause__!r}"
    for each in story.refused():
        if not isinstance(each.error, RefusedError):
            yield f"{each.origin} was refused with {each.error!r}"


def known_by_its_id(story: Story) -> Iterator[str]:
    """A message id that is known gets the first one's receipt, and only such a one."""
    # {(router, key, id): the offer that is remembered}
    known: dict[tuple[AnyRef, str, str], Offered] = {}
    receipts: dict[int, Offered] = {}
    is_open: set[tuple[AnyRef, str]] = set()
    for each in story.tape:
        match each:
            case SessionOpened(ref=ref, key=key):
                is_open.add((ref, key))
            case SessionClosed(ref=ref, key=key) | Commanded(router=ref, key=key):
                known = {k: v for k, v in known.items() if k[:2] != (ref, key)}
                if isinstance(each, SessionClosed):
                    is_open.discard((ref, key))
            case Offered(receipt=receipt) if receipt is not None:
                first = receipts.setdefault(id(receipt), each)
                if first.id != each.id or first.key != each.key:
                    yield f"{each} got the receipt of {first}"
                if each.id is None:
                    continue
                name = (each.router, each.key, each.id)
                before = known.setdefault(name, each)
                window = story.plan.cast.prompts.dedupe
                first_one = before.receipt
                if window > 2 and first_one is not None and first_one.id != receipt.id:
                    yield f"{each} is known, by {before}"
                if name[:2] not in is_open:
                    del known[name]
            case _:
                pass


def jobs_do_not_overlap(story: Story) -> Iterator[str]:
    """A job is refused while the one before runs, and only then."""
    ended = {
        (each.ref, each.prompt): place
        for place, each in enumerate(story.tape)
        if isinstance(each, PromptEnded)
    }
    latest: dict[tuple[AnyRef, str, str], tuple[AnyRef, int]] = {}
    for place, each in enumerate(story.tape if story.hears else ()):
        if not isinstance(each, Offered) or each.job is None:
            continue
        job = (each.router, each.key, each.job)
        before = latest.get(job)
        runs = before is not None and ended.get(before, place) >= place
        if each.receipt is not None:
            if runs:
                yield f"{each} was accepted while {before} had not ended"
            latest[job] = (each.router, each.receipt.id)
        elif isinstance(each.error, StillRunningError) and not runs:
            yield f"{each} was refused and nothing runs"


def _is_promised(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(_is_promised(each) for each in group.exceptions)
    return isinstance(error, ERRORS)
