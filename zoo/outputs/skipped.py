"""The inputs that were left out: listed beside the results, so that a later run leaves them out too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zoo.errors import ZooError
from zoo.outputs.journal import Journal
from zoo.outputs.records import Done, Maker, read_line

__all__ = ["Skipped", "skipped_file"]


class Skipped:
    """`NAME.skipped.jsonl`: what failed, why, and after how many results it would have come.

    Args:
        path: of the result file.
        maker: who makes its records.
    """

    def __init__(self, path: Path, maker: Maker) -> None:
        self._maker = maker
        self.journal = Journal(skipped_file(path))

    def add(self, name: str, error: ZooError, after: int) -> None:
        """Note an input that was left out after so many results."""
        self.journal.append(self._maker.line(name, error, after=after))

    def between(self, results: Iterator[Done]) -> Iterator[Done]:
        """The inputs with results and those that were left out, in the order in which they were given.

        What was noted behind the last result is dropped: a process that ended in the middle may have noted it and not
        come to write the results before it.
        """
        count = 0
        notes = self._notes()
        note = next(notes, None)
        for result in results:
            while note and note[0] <= count:
                yield note[1]
                note = next(notes, None)
            yield result
            count += 1
        while note and note[0] <= count:
            yield note[1]
            note = next(notes, None)
        if note:
            self.journal.cut(note[2])

    def _notes(self) -> Iterator[tuple[int, Done, int]]:
        begin = 0
        for number, (end, line) in enumerate(self.journal.lines(), 1):
            record = read_line(line, number, self.journal.path)
            yield record.get("after", 0), Done(record["input"], True), begin
            begin = end


def skipped_file(path: Path) -> Path:
    """The file beside a result file that lists what was left out."""
    return path.with_name(f"{path.name}.skipped.jsonl")
