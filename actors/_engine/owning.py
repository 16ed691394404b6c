"""What a cell is as an owner: its hooks about children, run in its own turn.

`consult` asks what is to become of a child, `hear` tells news.  Both are plain calls:
at once when the owner is at rest, through its control lane when it is busy.  An owner
that is ending is told only that children have ended for good, at once: it is in no
hook of its own until they all have.
"""

from __future__ import annotations

from typing import Any

from trio.lowlevel import enable_ki_protection

from actors.events import HookFailed
from actors.exits import Crashed, Decision, Exit, Killed

from .life import STOPPED, ChildNews, Life, Notice, split_crash
from .state import ALIVE, CONTROL, ENDED, ENDING, FAIL, HELD, CellState, Rare


class Owner(Life):
    """The part of a cell that has children."""

    __slots__ = ()

    def hook_failed(self, hook: str, crash: Exception) -> None:
        hub = self.hub
        crash.add_note(f"in {hook} of actor {self.path}")
        hub.crashes += 1
        if isinstance(self.pending_exit, Crashed):
            if HookFailed in hub.events.wanted:
                hub.publish(HookFailed(self.hub.now(), self, hook, crash))
            crash.__context__ = self.pending_exit.error
        self.add_errors([crash])

    def add_errors(self, errors: list[BaseException]) -> None:
        """Crashes of tasks and children while ending are this actor's crash too."""
        if isinstance(self.pending_exit, Crashed):
            errors = [self.pending_exit.error, *errors]
        if len(errors) == 1:
            self.pending_exit = Crashed(errors[0])
        else:
            text = f"several crashes ended {self.path}"
            self.pending_exit = Crashed(BaseExceptionGroup(text, errors))

    def consult(self, child: Life, exit_: Exit, *, inside: bool = False) -> Decision:
        """Run the actor's `child_ended`; its crash is this actor's crash.

        `inside`: the cell's context has been entered already.
        """
        hook = self.actor.child_ended
        hub = self.hub
        asked, hub.asked = hub.asked, child
        try:
            decision: object
            if inside:
                decision = hook(child, exit_)
            else:
                decision = self.context.run(hook, child, exit_)
            if not isinstance(decision, Decision):
                msg = f"child_ended must return a Decision, got {decision!r}"
                raise TypeError(msg)  # noqa: TRY301 - as if the hook had raised it
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split
            self.failed_plain(error, "in child_ended")
            return Decision.END  # noqa: ASYNC104 - Cancelled cannot come from a plain def
        finally:
            hub.asked = asked
        return decision

    def failed_plain(self, error: BaseException, where: str) -> None:
        """Something has left a plain hook: a crash, or Ctrl-C and its like."""
        crash, rest = split_crash(error)
        if rest is not None:
            self.hub.interrupt(rest)
        if crash is not None:
            self.crash(crash, None, where)
        else:
            self.fail(Killed())

    def rest_or_ready(self) -> None:
        """After a turn outside of a worker: to rest, or to the ready queue."""
        queue = self.queue
        hub = self.hub
        if not queue and not self.attention and not self.closed:
            self.queue = None
            return
        hub.ready.append(self)
        if hub.asleep:
            hub.wake()

    def hear(self, news: ChildNews) -> None:
        """Have a hook told about a child, in the owner's turn."""
        if self.state == ALIVE and not self.attention & FAIL:
            if self.queue is not None:
                self.control(news)
                return
            self.queue = self.new_queue()  # busy: nobody may enter it meanwhile
            try:
                self.context.run(self.listen, news)
            finally:
                self.rest_or_ready()
        elif not news.final:
            return
        elif self.state == ENDING:
            self.context.run(self.listen, news)
        else:
            self.control(news)  # `flush_news` has it

    def listen(self, news: ChildNews) -> None:
        """Run the hook; its crash is this actor's crash."""
        try:
            getattr(self.actor, news.hook)(*news.args)
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split
            if self.state != ENDING:
                self.failed_plain(error, f"in {news.hook}")
                return  # noqa: ASYNC104 - Cancelled cannot come from a plain def
            crash, rest = split_crash(error)
            if rest is not None:
                self.hub.interrupt(rest)
            if crash is not None:
                self.hook_failed(news.hook, crash)

    def flush_news(self, rare: Rare) -> None:
        """The incarnation is ending: tell what must be told, drop the rest."""
        control = rare.control
        assert control is not None
        kept = [item for item in control if type(item) is Notice]
        news = [item for item in control if type(item) is ChildNews and item.final]
        control.clear()
        control.extend(kept)
        if not control:
            self.attention &= ~CONTROL
        for item in news:
            self.listen(item)

    # ------------------------------------------------- what it does with its children

    def _own(self, child: Any) -> Any:
        if isinstance(child, CellState) and child.owner is self:
            return child
        msg = f"{child!r} is not a child of {self.path}"
        raise ValueError(msg)

    def owns(self, child: object) -> bool:
        """See `Actor.owns`."""
        return (
            isinstance(child, CellState)
            and child.owner is self
            and child.state != ENDED
        )

    @property
    def ending(self) -> bool:
        """See `Actor.ending`."""
        return self.closed or self.state != ALIVE or bool(self.attention & FAIL)

    @enable_ki_protection
    def resume_child(self, child: Any, decision: Decision) -> None:
        """See `Actor.resume_child`."""
        if not self.owns(child) or (
            child.state != HELD and self.hub.asked is not child
        ):
            msg = f"{child!r} is not a child of {self.path} that is held"
            raise ValueError(msg)
        child.decide(decision)

    @enable_ki_protection
    def end_child(self, child: Any) -> bool:
        """See `Actor.end_child`."""
        own = self._own(child)
        idle = own.queue is None and own.rare is None and own.youngest is None
        if idle and own.state == ALIVE and own.vanish(STOPPED, untold=True):
            return True
        own.request_stop(STOPPED)
        return False

    @enable_ki_protection
    def halt_child(self, child: Any) -> None:
        """See `Actor.halt_child`."""
        self._own(child).halt()

    @enable_ki_protection
    def release_args(self, child: Any) -> None:
        """See `Actor.release_args`."""
        self._own(child).args = ()

    @enable_ki_protection
    def place_child(self, child: Any, before: Any) -> None:
        """See `Actor.place_child`."""
        self._own(child)
        self._own(before)
        if self.owns(child) and self.owns(before) and child is not before:
            self.move(child, before)
