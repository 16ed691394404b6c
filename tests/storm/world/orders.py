"""What players do to plain actors and to the tree: the other half of `players`."""

from __future__ import annotations

from contextlib import suppress

import trio

from actors import (
    ActorCrashedError,
    ActorStoppedError,
    AnyRef,
    MailboxFullError,
    MessageDroppedError,
)
from supervision import (
    SupervisionError,
    list_children,
    resize_partitions,
    restart_child,
    start_child,
    stop_child,
)
from tests.storm.world.clerks import HardError, Note, Query
from tests.storm.world.plan import Step
from tests.storm.world.story import Story

LIMITS = (0.0, 0.5, 2.0, 20.0)
"""Seconds that players wait at most; by `choice`."""
LONGEST = 60.0
"""Seconds after which an order is given up."""
NEARLY = 1e-6  # the clock's floats are no exact sums


async def play_order(story: Story, step: Step) -> None:
    """Do one thing to a clerk, or to the tree."""
    ref = story.clerks.get(step.who)
    if ref is None:
        return
    if step.verb in {"tell", "tell-nowait", "tell-cancel", "burst"}:
        await tell(story, step, ref)
    elif step.verb in {"ask", "ask-within", "ask-cancel"}:
        await ask(story, step, ref)
    else:
        with (
            trio.move_on_after(LONGEST),
            suppress(SupervisionError, ActorStoppedError, ActorCrashedError),
        ):
            await arrange(story, step, ref)


async def tell(story: Story, step: Step, ref: AnyRef) -> None:
    """Tell a clerk something, or several things in a row."""
    limit = LIMITS[step.choice % 2] if step.verb == "tell-cancel" else LONGEST
    with trio.move_on_after(limit):
        for act in step.script.split():
            number = story.next_number()
            note = Note(number, step.number, act, step.choice)
            with suppress(ActorStoppedError, MailboxFullError):
                if step.verb == "tell-nowait":
                    ref.tell_nowait(note)
                else:
                    await ref.tell(note)
                story.accepted.add(number)


async def ask(story: Story, step: Step, ref: AnyRef) -> None:
    """Ask a clerk something; what comes is one of what is promised."""
    within = LIMITS[step.choice % 4] if step.verb == "ask-within" else None
    limit = LIMITS[step.choice % 4] if step.verb == "ask-cancel" else LONGEST
    promise = "an ask has one of the ends that are promised"
    begun = trio.current_time()
    query = Query(story.next_number(), step.script or "total")
    with trio.move_on_after(limit):
        try:
            answer = await ref.ask(query, within=within)
        except trio.TooSlowError:
            if within is None or trio.current_time() < begun + within - NEARLY:
                story.wrong(promise, f"{step} was too slow too early")
        except (ActorStoppedError, ActorCrashedError, HardError):
            pass
        except (MailboxFullError, MessageDroppedError):
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            story.wrong(promise, f"{step} got {error!r}")
        else:
            if not isinstance(answer, int):
                story.wrong(promise, f"{step} got {answer!r}")
    if within is not None and trio.current_time() > begun + within + NEARLY:
        story.wrong(promise, f"{step} took longer than {within}")


async def arrange(story: Story, step: Step, ref: AnyRef) -> None:  # noqa: C901, PLR0912 - a table
    """Do something to the tree."""
    clerks = story.clerks
    match step.verb:
        case "kill-clerk":
            ref.kill()
        case "stop-clerk":
            ref.stop("step")
        case "stop-child":
            await stop_child(clerks["rest"], "oldest")
        case "restart-child":
            await restart_child(clerks["rest"], "oldest")
        case "hire":
            await start_child(clerks["crowd"], story, f"hired-{step.choice}")
        case "fire":
            name = next((n for n in sorted(clerks) if n.startswith("hired")), None)
            if name is not None:
                await stop_child(clerks["crowd"], clerks[name])
        case "resize":
            await resize_partitions(clerks["parts"], 1 + step.choice % 2)
        case "list":
            for name in ("all", "rest", "crowd", "parts", "desk"):
                await list_children(clerks[name])
        case "crash-backend":
            number = story.next_number()
            with suppress(MailboxFullError):
                await clerks["backend"].tell(Note(number, step.number, "boom", 0))
                story.accepted.add(number)
        case "kill-router":
            router = story.router()
            if router is not None:
                router.kill()
        case "stop-supervisor":
            clerks[("all", "rest", "crowd", "parts", "desk")[step.choice % 5]].stop()
        case _:
            pass
