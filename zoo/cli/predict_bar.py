"""How far is a long run of `zoo predict`? A bar with throughput and time left, for people at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

__all__ = ["bar_is_shown", "progress_bar"]


def bar_is_shown(quiet: bool, to_file: bool) -> bool:
    """On a terminal, unless result lines come to the same one: a bar would stand between them."""
    return not quiet and sys.stderr.isatty() and (to_file or not sys.stdout.isatty())


@contextmanager
def progress_bar(shown: bool, total: Callable[[], int | None]) -> Iterator[Callable[[int, int], None]]:
    """A function that moves the bar: to how many inputs are done, of which so many were before this run.

    Args:
        shown: show one at all.
        total: asked once for the number of inputs, when one is shown; None: not known.
    """
    if not shown:
        yield lambda done, before: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    # What else is printed on standard error meanwhile is shown above the bar.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("predict", total=total())
        begun = False

        def move(done: int, before: int) -> None:
            nonlocal begun
            if not begun:  # what was there before says nothing about the speed
                bar.reset(task, completed=before)
                begun = True
            bar.update(task, completed=done)

        yield move
