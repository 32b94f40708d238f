"""How far is the download? What the store reports to, with a bar for people at a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["BarProgress", "Progress", "SilentProgress", "terminal_progress"]


class Progress(Protocol):
    """Receives the progress of one pull; the methods are called from several threads.

    `done` is called once after each `start`, whatever happened in between.
    """

    def start(self, total: int | None, what: str) -> None:
        """A download of `total` bytes (None: not known beforehand) of `what` begins."""

    def advance(self, count: int) -> None:
        """So many further bytes are here; fewer, when a file had to be started again and `count` is negative."""

    def message(self, text: str) -> None:
        """Something happens that takes a while, or that the user should know."""

    def done(self) -> None:
        """Nothing more will be reported."""


class SilentProgress:
    """Reports nothing."""

    def start(self, total: int | None, what: str) -> None:
        """Ignored."""

    def advance(self, count: int) -> None:
        """Ignored."""

    def message(self, text: str) -> None:
        """Ignored."""

    def done(self) -> None:
        """Ignored."""


class BarProgress:
    """A bar on standard error; `done` takes it away and restores the terminal."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def start(self, total: int | None, what: str) -> None:
        """Show the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
        self._bar = Bar(
            *columns,
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def message(self, text: str) -> None:
        """Print a line, above the bar where there is one."""
        if self._bar is None:
            print(text, file=sys.stderr)  # noqa: T201 (this is the terminal's own reporter)
        else:
            self._bar.console.print(text, markup=False, highlight=False)

    def done(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def terminal_progress() -> Progress:
    """A bar when standard error is a terminal, else silence."""
    return BarProgress() if sys.stderr.isatty() else SilentProgress()
