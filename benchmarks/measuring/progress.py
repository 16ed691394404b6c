"""What is going on, on standard error, while the figures are not there yet.

On a terminal a bar; in a log file a line for each scenario of each round. Standard
output belongs to the results.
"""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from benchmarks.amounts import duration
from benchmarks.measuring.rounds import Step


class Display:
    """A context manager; `step` is called before each step of the measurement."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = (0, "")
        self._bar = Progress(
            TextColumn("round {task.fields[round]} of {task.fields[rounds]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]} left"),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", round=1, rounds=1, left=duration(None))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def step(self, step: Step) -> None:
        """Show where the measurement stands."""
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                completed=step.done,
                total=step.total,
                description=f"{step.scenario}, {step.contender}",
                round=step.round,
                rounds=step.rounds,
                left=duration(step.left),
            )
        elif self._last != (step.round, step.scenario):
            self._last = (step.round, step.scenario)
            self._console.print(
                f"round {step.round} of {step.rounds}, step {step.done + 1} of "
                f"{step.total}, {duration(step.left)} left: {step.scenario}",
                highlight=False,
                soft_wrap=True,
            )
