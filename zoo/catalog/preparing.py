"""Cards made ready to be written, many at a time: checked and derived in other processes, in the order they came.

The other processes run nothing but `zoo.catalog.preparing.work`, told by pipes, so that the program that imports needs
no guard against being started twice, and ends them when it ends, however that happens.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from queue import SimpleQueue
from typing import IO, Any, NamedTuple

from zoo.catalog.entries import Entry, entry_of_data, entry_of_line
from zoo.errors import BadCard, CatalogError

__all__ = ["Numbered", "prepared", "work"]

_SOME = 1000  # cards in one parcel
_AHEAD = 8  # parcels that each process has before it
_MOST_PROCESSES = 4
_VALUES = attrgetter(*Entry.__slots__)
_LENGTH = 8  # bytes before each parcel


class Numbered(NamedTuple):
    """A card as JSON (a line), or as plain data, with the line that it stands on, 0 where it stands on none."""

    line: int
    card: Any


def prepared(cards: Iterable[Numbered], *, processes: int | None = None) -> Iterator[list[Entry]]:
    """The entries of cards, a few thousand at a time, in their order.

    Args:
        cards: of lines or of plain data.
        processes: how many to use beside this one; by default as many as there are processors, at most four.

    Raises:
        BadCard: that names the line of the first bad card.
    """
    source = iter(cards)
    parcels = iter(lambda: list(islice(source, _SOME)), [])
    count = min(_MOST_PROCESSES, _processors()) if processes is None else processes
    if count < 1:
        for parcel in parcels:
            yield _entries(_answer(parcel))
        return
    with _Workers(count) as workers:
        waiting: deque[_Worker] = deque()
        for worker in itertools.chain.from_iterable(itertools.repeat(workers, _AHEAD)):
            if parcel := next(parcels, []):
                worker.give(parcel)
                waiting.append(worker)
        while waiting:
            worker = waiting.popleft()
            answer = worker.take()
            if parcel := next(parcels, []):
                worker.give(parcel)
                waiting.append(worker)
            yield _entries(answer)


def _processors() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return count if count > 1 else 0


def _answer(parcel: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]] | tuple[int, str, str]:
    """The entries of a parcel as tuples; or the line, cause and remedy of its first bad card."""
    made = []
    for line, card in parcel:
        try:
            entry = entry_of_line(card) if isinstance(card, str | bytes) else entry_of_data(card)
        except BadCard as error:
            return line, error.cause, error.remedy
        made.append(_VALUES(entry))
    return made


def _entries(answer: list[tuple[Any, ...]] | tuple[int, str, str]) -> list[Entry]:
    if isinstance(answer, tuple):
        line, cause, remedy = answer
        raise BadCard(f"line {line}: {cause}" if line else cause, remedy)
    return [Entry(*values) for values in answer]


class _Worker:
    """Another process, and a thread that hands it parcel after parcel while the caller is busy."""

    def __init__(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from zoo.catalog.preparing import work; work()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 20
        )
        self._given: SimpleQueue[Sequence[Sequence[Any]] | None] = SimpleQueue()
        self._taken: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Answer what is given, in its order; None where the process has ended."""
        source, target = _pipe(self._process.stdin), _pipe(self._process.stdout)
        while (parcel := self._given.get()) is not None:
            answer = None
            with contextlib.suppress(OSError, ValueError):  # the process has ended, or its pipes were closed
                _write(source, _packed(parcel))
                answer = _read(target)
            self._taken.put(answer)

    def give(self, parcel: Sequence[Sequence[Any]]) -> None:
        self._given.put(parcel)

    def take(self) -> Any:
        answer = self._taken.get()
        if answer is None:
            raise CatalogError("a process that reads cards has ended unexpectedly", "Run the command again.")
        return marshal.loads(answer)  # noqa: S302 (from our own process)

    def end(self) -> None:
        self._given.put(None)
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()


def _packed(parcel: Sequence[Sequence[Any]]) -> bytes:
    """A parcel as bytes; a card with a value that no JSON can hold is sent as a text that says so."""
    try:
        return marshal.dumps([tuple(item) for item in parcel])
    except ValueError:
        return marshal.dumps([(line, _sendable(card)) for line, card in parcel])


def _sendable(card: Any) -> Any:
    try:
        marshal.dumps(card)
    except ValueError:
        return {**card, "config": {"": "a value that JSON cannot hold"}, "id": None}
    return card


class _Workers(contextlib.AbstractContextManager[list[_Worker]]):
    """Workers that end with the block."""

    def __init__(self, count: int) -> None:
        self._workers = [_Worker() for _ in range(count)]

    def __enter__(self) -> list[_Worker]:
        return self._workers

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise CatalogError("a process that reads cards has no pipe", "Run the command again.")
    return pipe


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH, "little"))
    pipe.write(data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """What was written, or None at the end."""
    head = pipe.read(_LENGTH)
    return pipe.read(int.from_bytes(head, "little")) if len(head) == _LENGTH else None


def work() -> None:
    """Answer parcels from the standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked is interrupted, and ends this one
    with contextlib.suppress(BrokenPipeError):
        while (parcel := _read(sys.stdin.buffer)) is not None:
            _write(sys.stdout.buffer, marshal.dumps(_answer(marshal.loads(parcel))))  # noqa: S302
