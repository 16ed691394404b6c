"""An agent loop: the single owner of its state and of every request that is pending.

It calls a model, tools and a person and awaits none: a call goes out with its reply
address and its deadline, and what comes back (in time, late, never, or a crash) is one
more message to the loop.  So the state changes in one place, without a lock, and no
chat holds up another.  An answer to a call that is not pending any more is dropped: a
"yes" after its deadline deletes nothing.  Run it: `python examples/agent_loop.py`.
"""

from __future__ import annotations

import attrs
import trio

from actors import Actor, ActorRef, Decision, Exit, Request, StashFullError, open_system

# {whom the loop calls: (seconds that it has, what its silence means)}
SILENCE = {"model": (1.0, "no idea"), "tools": (0.5, "nothing"), "person": (1.0, "no")}
SCRIPT = {  # {what a service is told: (seconds that it takes, what it says)}
    "what does main.py do?": (0.4, "tools: read main.py"),
    "read main.py": (0.1, "print('hello')"),
    "print('hello')": (0.3, "it says hello"),
    "and lost.py?": (0.3, "tools: read lost.py"),  # which is not in this script
    "Crashed(error=KeyError('read lost.py'))": (0.3, "there is no lost.py"),
    "clean up": (0.5, "person: may I delete main.py?"),
    "may I delete main.py?": (1.5, "yes"),
    "no": (0.1, "then I leave it"),
    "prove it": (1.8, "a long proof"),
}


@attrs.frozen
class Question(Request[str]):
    """Somebody asks in a chat; the questions of one chat are answered in order."""

    chat: str
    text: str


@attrs.frozen(eq=False)  # two calls are never the same one
class Call:
    """What the loop asks of a service."""

    service: str
    text: str
    reply_to: ActorRef[Answer]


@attrs.frozen
class Answer:
    """What comes back, from the service or from the clock."""

    call: Call
    text: str


class Service(Actor[Call]):
    """Something slow.  Each call is a child task: none waits for another."""

    def receive(self, message: Call) -> None:
        """Begin to work on it."""
        self.start_soon(self._work, message)

    async def _work(self, call: Call) -> None:
        seconds, text = SCRIPT[call.text]
        await trio.sleep(seconds)
        await call.reply_to.tell(Answer(call, text))


class AgentLoop(Actor[Question | Answer]):
    """Owns the services, the chats, and the calls that are pending."""

    def __init__(self) -> None:
        self.began = trio.current_time()
        self.busy: set[str] = set()  # chats with a question that is being answered
        self.pending: dict[Call, Question] = {}

    def started(self) -> None:
        """Start the services: they end before the loop does."""
        self.services = {name: self.start(Service, name=name) for name in SILENCE}

    def receive(self, message: Question | Answer) -> None:
        """Take one step.  A plain `def`: nothing in it can wait."""
        match message:
            case Answer(call, text) if call in self.pending:
                self._settle(call, text)
            case Answer(call, text):
                self._log(f"dropped, too late: {call.text} - {text}")
            case Question(chat, text) if chat not in self.busy:
                self.busy.add(chat)
                self._call("model", message, text)
            case Question():
                try:
                    self.stash(message)
                except StashFullError as error:
                    message.fail(error)

    def child_ended(self, child: ActorRef[Call], exit: Exit) -> Decision:  # noqa: A002
        """A service has crashed: that is the answer to all its calls."""
        for call in tuple(self.pending):
            if call.service == child.name:
                self._settle(call, str(exit))
        return Decision.RESTART

    def _call(self, service: str, question: Question, text: str) -> None:
        call = Call(service, text, self.ref)
        self.pending[call] = question
        within, silence = SILENCE[service]
        self.after(within, Answer(call, silence), key=call)  # the deadline
        self.services[service].tell_nowait(call)

    def _log(self, text: str) -> None:
        print(f"{trio.current_time() - self.began:.1f} {text}")

    def _settle(self, call: Call, text: str) -> None:
        question = self.pending.pop(call)
        self.cancel_timer(call)
        self._log(f"{question.chat} <- {call.service}: {text}")
        service, _, said = text.partition(": ")
        if call.service != "model":
            service, said = "model", text
        if service in self.services and not question.abandoned:
            self._call(service, question, said)
            return
        question.reply(text)  # dropped, if the asker has left
        self.busy.remove(question.chat)
        self.unstash_all()  # in their order, and before later ones


async def main() -> None:
    """Let four people ask at once."""

    async def ask(after: float, chat: str, text: str, patience: float = 9) -> None:
        await trio.sleep(after)
        with trio.move_on_after(patience):
            print(f"{chat} asks: {text} - {await loop.ask(Question(chat, text))}")

    async with open_system() as system, trio.open_nursery() as nursery:
        loop = system.start(AgentLoop, name="loop")
        nursery.start_soon(ask, 0.00, "ann", "what does main.py do?")
        nursery.start_soon(ask, 0.02, "ann", "and lost.py?")
        nursery.start_soon(ask, 0.10, "bob", "clean up")
        nursery.start_soon(ask, 0.20, "cat", "prove it")
        nursery.start_soon(ask, 0.30, "dan", "what does main.py do?", 0.2)
        nursery.start_soon(ask, 2.20, "bob", "what does main.py do?")


if __name__ == "__main__":
    trio.run(main)
