"""Where somebody stands, as lines: turns, their tasks, frames, what waits.  Pure.

Of a stack the frames of yours are shown, and what each of them awaits; those of this
library and of Trio below that say nothing new.  The line of source beside a frame is
whoever's who can read it: a service gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from supervision._view.shapes import (
    FrameShape,
    StackShape,
    TaskShape,
    TurnShape,
    WholeShape,
)

from .look import (
    BOLD,
    BUSY,
    DIM,
    MAYBE,
    PLAIN,
    WRONG,
    actor_state,
    phase,
    phase_in_full,
)
from .text import clean, plural, span, whole

Source = Callable[[str, int], str | None]
"""`source(file, line)`: that line of that file, or None."""

_STEP = "  "


def stack_lines(
    stack: StackShape, source: Source, *, everything: bool = False
) -> list[Text]:
    """Write a stack.

    Args:
        stack: as the service said it.
        source: gives lines of source.
        everything: frames of the library too.
    """
    writer = _Writer(source, everything=everything)
    lines = [*_title(stack), *writer.tasks(stack["tasks"], _STEP)]
    for turn in stack["turns"]:
        lines += writer.turn(turn, "")
    if stack["queue"]:
        lines.append(Text("waiting", BOLD))
        for prompt in stack["queue"]:
            line = Text(f"{_STEP}{prompt['id']}  ")
            line.append(f"{clean(prompt['kind'])}  for {span(prompt['age'])}  ", DIM)
            lines.append(line.append(clean(prompt["text"])))
    if stack["hidden"]:
        lines.append(Text(f"... {whole(stack['hidden'])} more not shown", DIM))
    if not (stack["tasks"] or stack["turns"] or stack["queue"]):
        why = "waits for nothing: it has nothing to do"
        if stack["session"] is not None and stack["session"]["phase"] == "held":
            why = "nothing of it begins: what is kept of it cannot be read"
        lines.append(Text(f"{_STEP}{why}", DIM))
    return lines


def whole_lines(found: WholeShape, source: Source, *, everything: bool) -> list[Text]:
    """Write a whole process: its main thread, and every actor that waits."""
    writer = _Writer(source, everything=everything)
    waiting = plural(len(found["stacks"]), "actor")
    lines = [Text(f"process {found['pid']}", BOLD)]
    main = TaskShape(
        name="main",
        kind="thread",
        frames=found["frames"],
        cut=found["cut"],
        tasks=[],
        hidden=0,
    )
    lines += writer.tasks([main], _STEP)
    lines.append(Text(f"{waiting} of {whole(found['actors'])} wait", DIM))
    for stack in found["stacks"]:
        lines += stack_lines(stack, source, everything=everything)
    return lines


def _title(stack: StackShape) -> Iterator[Text]:
    session, actor = stack["session"], stack["actor"]
    if session is not None:
        line = Text(clean(session["key"]), BOLD).append("  ")
        line.append_text(phase_in_full(session))
        yield line.append(f"  of {clean(session['router'])}", DIM)
    elif actor is not None:
        line = Text(clean(actor["path"]), BOLD).append("  ")
        line.append(clean(actor["state"]), actor_state(actor["state"]))
        if actor["in_hand"] is not None:
            what = f"  {clean(actor['in_hand'])} in hand for "
            line.append(what + span(actor["in_hand_age"]))
        yield line


class _Writer:
    """Writes turns and tasks.

    Args:
        source: gives lines of source.
        everything: frames of the library too.
    """

    def __init__(self, source: Source, *, everything: bool) -> None:
        self._source = source
        self._everything = everything

    def turn(self, turn: TurnShape, indent: str) -> Iterator[Text]:
        """One turn, its tasks and its children."""
        wrong = turn["kind"] == "given up"
        line = Text(indent).append(f"{clean(turn['kind'])} ", WRONG if wrong else PLAIN)
        line.append(str(turn["turn"]), BOLD).append("  ")
        if wrong:
            line.append("its code goes on", WRONG)
        else:
            line.append(clean(turn["phase"]), phase(turn["phase"]))
        if turn["age"] is not None:
            line.append(f"  for {span(turn['age'])}, silent {span(turn['silent'])}")
        yield line
        for tool in turn["tools"]:
            line = Text(f"{indent}{_STEP}tool ").append(clean(tool["name"]), BUSY)
            yield line.append(f"  for {span(tool['age'])}")
        if turn["left"]:
            left = ", ".join(
                f"{clean(name)} {span(seconds)}"
                for name, seconds in turn["left"].items()
            )
            style = MAYBE if "grace" in turn["left"] else DIM
            yield Text(f"{indent}{_STEP}left: {left}", style)
        if turn["prompts"]:
            numbers = ", ".join(str(each) for each in turn["prompts"])
            yield Text(f"{indent}{_STEP}answers prompt {numbers}", DIM)
        yield from self.tasks(turn["tasks"], indent + _STEP)
        for child in turn["children"]:
            yield from self.turn(child, indent + _STEP)

    def tasks(self, tasks: Sequence[TaskShape], indent: str) -> Iterator[Text]:
        """Some tasks, each with its frames and those that it has started."""
        for task in tasks:
            name = Text(f"{indent}{clean(task['kind'])} ", DIM)
            yield name.append(clean(task["name"]), BOLD)
            if not task["frames"]:
                yield Text(f"{indent}{_STEP}has not begun, or runs just now", DIM)
            yield from self._frames(task, indent + _STEP)
            yield from self.tasks(task["tasks"], indent + _STEP)
            if task["hidden"]:
                yield Text(f"{indent}{_STEP}... {task['hidden']} more tasks", DIM)

    def _frames(self, task: TaskShape, indent: str) -> Iterator[Text]:
        frames = task["frames"]
        everything = self._everything or not any(each["yours"] for each in frames)
        before = False
        for frame in frames:
            if frame["yours"] or everything:
                yield from self._frame(frame, indent)
            elif before:
                inner = ", ".join(frame["arguments"])
                awaited = f"{frame['function']}({inner})"
                yield Text(f"{indent}awaits ", DIM).append(clean(awaited), BUSY)
            before = frame["yours"]
        if task["cut"]:
            yield Text(f"{indent}({plural(task['cut'], 'frame')} not shown)", DIM)

    def _frame(self, frame: FrameShape, indent: str) -> Iterator[Text]:
        call = f"{frame['function']}({', '.join(frame['arguments'])})"
        line = Text(indent).append(clean(call), PLAIN if frame["yours"] else DIM)
        where = clean(frame["file"])
        if frame["line"] is not None:
            where += f":{frame['line']}"
        yield line.append(f"  {where}", DIM)
        text = None
        if frame["line"] is not None:
            text = self._source(frame["file"], frame["line"])
        if text:
            yield Text(f"{indent}{_STEP}{_STEP}{clean(text.strip())}", BOLD)
