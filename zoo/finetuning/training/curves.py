"""`curves.jsonl`: one JSON object a line, in the order of steps; and TensorBoard's logs, where they are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zoo.errors import MissingDependency
from zoo.store.disk import write_text, writing

__all__ = ["Curves"]


class Curves:
    """The curves of a run.

    Args:
        folder: the run's.
        writes: False in processes that only follow.
        tensorboard: whether `tensorboard/` is written too.

    Raises:
        MissingDependency: tensorboard is asked for and not installed.
    """

    def __init__(self, folder: Path, *, writes: bool = True, tensorboard: bool = False) -> None:
        self._path = folder / "curves.jsonl"
        self._writes = writes
        self.rows: list[dict[str, Any]] = []
        self._board = _board(folder / "tensorboard") if tensorboard and writes else None

    def rewind(self, step: int) -> None:
        """Keep what was written up to a step: what came after it is going to be done again."""
        text = self._path.read_text(encoding="utf-8") if self._path.is_file() else ""
        self.rows = [row for row in map(_row, text.splitlines()) if row is not None and row["step"] <= step]
        if self._writes:
            with writing(self._path.parent):
                write_text(self._path, "".join(f"{json.dumps(row)}\n" for row in self.rows))

    def add(self, row: dict[str, Any]) -> None:
        """Append one row, which has a `step`."""
        self.rows.append(row)
        if not self._writes:
            return
        with writing(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(row)}\n")
        if self._board is not None:
            for name, value in row.items():
                if name not in {"step", "epoch"}:
                    self._board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Write out what is waiting."""
        if self._board is not None:
            self._board.close()

    @property
    def summary(self) -> dict[str, Any]:
        """The first and last loss, and each validation."""
        losses = [row["loss"] for row in self.rows if "loss" in row]
        scored = [row for row in self.rows if "validation_loss" in row]
        ends = {"first_loss": losses[0], "last_loss": losses[-1]} if losses else {}
        return {**ends, "validations": scored}


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependency(
            "logs for TensorBoard need the tensorboard library", "Install it: `pip install tensorboard`."
        ) from error
    return SummaryWriter(str(folder))


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:  # torn by a crash
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None
