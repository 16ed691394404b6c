"""The agent loop and the parallel agents: their logs line by line, and more of them.

Played on virtual time, in several orders of scheduling.
"""

from __future__ import annotations

import re
from collections import defaultdict
from random import Random

import pytest
import trio

from actors import ActorRef, Mailbox, StashFullError, open_system
from actors.testing import run_seeded, seeds
from examples import agent_loop, parallel_agents
from examples.agent_loop import AgentLoop, Answer, Question

SEEDS = 20

LOOP_LOG = """\
0.4 ann <- model: tools: read main.py
0.5 ann <- tools: print('hello')
0.6 bob <- model: person: may I delete main.py?
0.7 dan <- model: tools: read main.py
0.8 ann <- model: it says hello
ann asks: what does main.py do? - it says hello
1.1 ann <- model: tools: read lost.py
1.1 ann <- tools: Crashed(error=KeyError('read lost.py'))
1.2 cat <- model: no idea
cat asks: prove it - no idea
1.4 ann <- model: there is no lost.py
ann asks: and lost.py? - there is no lost.py
1.6 bob <- person: no
1.7 bob <- model: then I leave it
bob asks: clean up - then I leave it
2.0 dropped, too late: prove it - a long proof
2.1 dropped, too late: may I delete main.py? - yes
2.6 bob <- model: tools: read main.py
2.7 bob <- tools: print('hello')
3.0 bob <- model: it says hello
bob asks: what does main.py do? - it says hello
"""

AGENTS_LOG = """\
0.00 ann> read, plan, write
0.05 bob> fetch, parse, plot
0.10 cat> search
0.15 ann> send
0.20 ann> tidy up
0.25 ann> sleep
0.25 ann: 'sleep' is refused: session 'ann' is full: 2 prompts wait, 2 may
0.35 bob> /stop
0.50 ann: read
0.55 bob: fetch
0.55 bob: not yet parse: interrupted
0.55 bob: 'fetch, parse, plot' is Completed(turn=2, result='left: parse, plot', \
interrupted='stopped')
0.75 ann> /also cite
1.00 ann: plan
1.00 ann: not yet write: queued user message
1.00 ann: 'cite' is Steered(turn=1)
1.05 cat: search
1.05 cat: 'search' is Completed(turn=3, result='all done')
1.25 dan> explode
1.30 dan> explain
1.50 ann: cite
1.75 dan: 'explode' is Failed(turn=4, error=RuntimeError('boom'))
2.00 ann: write
2.00 ann: 'read, plan, write' is Completed(turn=1, result='all done')
2.25 dan: explain
2.25 dan: 'explain' is Completed(turn=5, result='all done')
2.35 bob> continue
2.50 ann: send
2.50 ann: 'send' is Completed(turn=6, result='all done')
2.85 bob: parse
3.00 ann: tidy up
3.00 ann: 'tidy up' is Completed(turn=8, result='all done')
3.20 eve> dream, dream, dream
3.35 bob: plot
3.35 bob: 'continue' is Completed(turn=7, result='all done')
3.70 eve: dream
4.00 eve> /cancel
4.00 eve: 'dream, dream, dream' is Aborted(turn=9, reason='cancelled')
10 accepted: {'Completed': 7, 'Steered': 1, 'Failed': 1, 'Aborted': 1}
"""


# ---------------------------------------------------------------------- the agent loop


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_agent_loop_says_what_it_does(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """In time, late, never, with a crash, with a "yes" that is late: line by line."""
    run_seeded(agent_loop.main, seed=seed)

    assert capsys.readouterr().out == LOOP_LOG


class Watched(AgentLoop):
    """A loop whose books a test may read."""

    loops: list[AgentLoop]

    def __init__(self, loops: list[AgentLoop]) -> None:
        super().__init__()
        loops.append(self)


@seeds(SEEDS)
async def test_nothing_is_pending_when_all_is_answered() -> None:
    """Calls, deadlines and chats are forgotten: also of an asker who has left."""
    loops: list[AgentLoop] = []
    async with open_system() as system:
        loop = system.start(Watched, loops, name="loop")
        async with trio.open_nursery() as nursery:
            for number in range(5):
                question = Question(f"chat {number % 2}", "what does main.py do?")
                nursery.start_soon(loop.ask, question)
            with trio.move_on_after(0.1):
                await loop.ask(Question("another", "clean up"))

        assert system.statistics().timers == 0
    assert loops[0].pending == {}
    assert loops[0].busy == set()


@seeds(SEEDS)
async def test_a_crashed_service_answers_all_its_calls() -> None:
    """At once, not at their deadlines; and it is there for the next one."""
    async with open_system() as system:
        loop = system.start(AgentLoop, name="loop")
        answers: dict[str, str] = {}

        async def ask(chat: str, text: str) -> None:
            answers[chat] = await loop.ask(Question(chat, text))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "ann", "prove it")
            await trio.sleep(0.5)
            nursery.start_soon(ask, "bob", "what nobody has written down")
        seconds = trio.current_time()
        await ask("cat", "what does main.py do?")

    crash = "Crashed(error=KeyError('what nobody has written down'))"
    assert answers == {"ann": crash, "bob": crash, "cat": "it says hello"}
    assert seconds == 0.5


@seeds(SEEDS)
async def test_a_chat_with_too_many_questions_turns_more_away() -> None:
    """As many wait as the stash holds; the loop and the questions before live on."""
    answers: list[object] = []
    async with open_system() as system:
        loop = system.start(AgentLoop, name="loop", mailbox=Mailbox(stash=2))

        async def ask(number: int) -> None:
            try:
                answers.append((number, await loop.ask(Question("ann", "no"))))
            except StashFullError as error:
                answers.append((number, error.capacity))

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(ask, number)
                await trio.sleep(0.01)

    said = "then I leave it"
    assert answers == [(3, 2), (0, said), (1, said), (2, said)]


async def test_an_answer_to_a_stranger_is_dropped(
    autojump_clock: trio.testing.MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call counts by its identity: one that looks the same is another one."""
    del autojump_clock
    loops: list[AgentLoop] = []
    async with open_system() as system:
        loop: ActorRef[Question | Answer] = system.start(Watched, loops, name="loop")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(loop.ask, Question("ann", "no"))
            await trio.sleep(0.05)
            (call,) = loops[0].pending
            twin = agent_loop.Call(call.service, call.text, call.reply_to)
            await loop.tell(Answer(twin, "person: delete everything"))

    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "0.1 dropped, too late: no - person: delete everything",
        "0.1 ann <- model: then I leave it",
    ]


# ----------------------------------------------------------------- the parallel agents


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_parallel_agents_say_what_they_do(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Order, slots, steering, stop, continue, cancel, a crash, a refusal: each line."""
    run_seeded(parallel_agents.main, seed=seed)

    assert capsys.readouterr().out == AGENTS_LOG


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_script_keeps_the_order_of_each_session(
    seed: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random people, random stops: in order each, two at a time, and it adds up."""
    random = Random(seed)  # noqa: S311 - a load, not a secret
    sent: defaultdict[str, list[str]] = defaultdict(list)
    script: list[tuple[float, str, str]] = []
    for number in range(40):
        who = random.choice("abcd")
        text = random.choice((f"step {number}", f"step {number}", "/stop", "/cancel"))
        script.append((number * 0.3, who, text))
        if text[0] != "/":
            sent[who].append(text)
    monkeypatch.setattr(parallel_agents, "SCRIPT", script)

    run_seeded(parallel_agents.main, seed=seed)

    log = capsys.readouterr().out
    ended: defaultdict[str, list[str]] = defaultdict(list)
    for who, text, word in re.findall(r" (\w): '(.*?)' is (\w+)", log):
        if word != "refused":
            ended[who].append(text)
    refused = set(re.findall(r"'(.*?)' is refused", log))
    accepted = {
        who: [text for text in texts if text not in refused]
        for who, texts in sent.items()
    }
    counted = re.findall(r"^(\d+) accepted: (.*)$", log, re.MULTILINE)
    assert ended == {who: texts for who, texts in accepted.items() if texts}
    assert [int(total) for total, _ in counted] == [sum(map(len, ended.values()))]
    assert sum(map(int, re.findall(r": (\d+)", counted[0][1]))) == int(counted[0][0])
    done = [float(at) for at in re.findall(r"([\d.]+) \w: step", log)]
    spans = [third - first for first, third in zip(done, done[2:], strict=False)]
    assert min(spans) > parallel_agents.STEP - 0.02  # else three had run at once
