"""One turn at a time on each device, first come, first served."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Queue"]


@dataclass(eq=False)
class _Ticket:
    devices: frozenset[str]
    gate: threading.Lock = field(default_factory=threading.Lock)
    granted: bool = False


class Queue:
    """The queue of every device.

    A turn over several devices takes all of them at once, when it is the first in each of their queues; as nothing is
    held while waiting, no two turns can wait for each other. For the same reason a turn inside a turn of the same
    thread does not wait at all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._busy: set[str] = set()
        self._depth: dict[int, int] = {}

    def nested(self) -> bool:
        """Whether the calling thread is in a turn."""
        return self._depth.get(threading.get_ident(), 0) > 0

    def waiting(self, device: str) -> int:
        """How many threads wait for a turn on a device."""
        with self._lock:
            return sum(device in ticket.devices for ticket in self._waiting)

    @contextmanager
    def turn(self, devices: Sequence[str]) -> Iterator[bool]:
        """Wait for all these devices, and have them until the block ends; False where it is a turn inside a turn."""
        if self.nested():
            with self.passing():
                yield False
            return
        ticket = _Ticket(frozenset(devices))
        try:
            self._wait(ticket)
            with self.passing():
                yield True
        finally:
            self._leave(ticket)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Until the block ends, this thread's turns do not wait: it holds something that others may wait for."""
        me = threading.get_ident()  # a generator may be closed by another thread than the one that began it
        self._depth[me] = self._depth.get(me, 0) + 1
        try:
            yield
        finally:
            self._depth[me] -= 1
            if not self._depth[me]:
                del self._depth[me]

    def _wait(self, ticket: _Ticket) -> None:
        ticket.gate.acquire()
        with self._lock:
            self._waiting.append(ticket)
            self._grant()
        ticket.gate.acquire()  # until _grant opens it; Ctrl-C gets through

    def _leave(self, ticket: _Ticket) -> None:
        with self._lock:
            if ticket.granted:
                self._busy -= ticket.devices
            elif ticket in self._waiting:
                self._waiting.remove(ticket)
            self._grant()

    def _grant(self) -> None:
        """Let everyone go who is the first in the queue of each of their devices, and finds all of them free."""
        taken = set(self._busy)
        for ticket in tuple(self._waiting):
            if not ticket.devices & taken:
                ticket.granted = True
                self._waiting.remove(ticket)
                self._busy |= ticket.devices
                ticket.gate.release()
            taken |= ticket.devices
