"""The promises, a sentence each: what is true of every sound storm.

A check goes through a story and says what is wrong.  What is found while a storm is
played (`Story.wrong`, `rest`, `hangs`) has its sentence where it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.storm.world.story import Fault, Story

from . import of_actors, of_prompts, of_turns

CHECKS: dict[str, Callable[[Story], Iterable[str]]] = {
    "every accepted prompt has exactly one outcome": of_prompts.one_outcome,
    "a refused prompt was not accepted": of_prompts.refused_have_none,
    "the prompts of a session keep their order": of_prompts.order_is_kept,
    "what a verb names as withdrawn is withdrawn": of_prompts.withdrawn_is_withdrawn,
    "a withdrawn prompt never runs": of_prompts.withdrawn_never_runs,
    "a prompt fails with what its script raises": of_prompts.fails_as_it_says,
    "a message id that is known gets its receipt": of_prompts.known_by_its_id,
    "a job does not overlap itself": of_prompts.jobs_do_not_overlap,
    "no two turns of a key run at once": of_turns.one_at_a_time,
    "no more turns run than there are slots": of_turns.slots_are_kept,
    "no more sessions live than there are places": of_turns.places_are_kept,
    "the state is what the completed turns have left": of_turns.state_is_the_fold,
    "a turn that a verb aborts is aborted": of_turns.aborted_is_aborted,
    "nothing is read of a turn that is forgotten": of_turns.nothing_of_the_forgotten,
    "a reader gets chunks of its own turn only": of_turns.its_own_chunks,
    "turn_ended runs once for each turn": of_turns.one_last_word,
    "the body of every turn comes to its end": of_turns.no_body_is_left,
    "a turn ends after its body": of_turns.ends_after_its_body,
    "every tell is handled, or a dead letter": of_actors.every_tell_ends,
    "messages of a sender keep their order": of_actors.senders_order_is_kept,
    "nothing is counted as alive": of_actors.nothing_is_counted_as_alive,
}
"""`{sentence: check}`."""

SHOWN = 5


def check(story: Story) -> list[Fault]:
    """All that is wrong with a story."""
    faults = list(story.faults)
    for promise, look in CHECKS.items():
        found = list(look(story))
        faults += [Fault(promise, detail) for detail in found[:SHOWN]]
    return faults
