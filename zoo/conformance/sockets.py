"""No socket: what would reach another machine is noted and refused while a block runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zoo.errors import OfflineError

__all__ = ["no_sockets"]

_ONE = threading.Lock()
_METHODS = ("connect", "connect_ex", "sendto")
_FUNCTIONS = ("create_connection", "getaddrinfo", "gethostbyname")


@contextmanager
def no_sockets() -> Iterator[list[str]]:
    """Refuse connections and look-ups of this process, in all threads, until the block ends.

    Yields:
        the addresses that were asked for, also where the error was swallowed.
    """
    asked: list[str] = []
    with _ONE:
        own = {name: getattr(socket.socket, name) for name in _METHODS}
        functions = {name: getattr(socket, name) for name in _FUNCTIONS}
        try:
            for name, method in own.items():
                setattr(socket.socket, name, _method(method, asked))
            for name in functions:
                setattr(socket, name, _function(asked))
            yield asked
        finally:
            for name in _METHODS:
                delattr(socket.socket, name)  # those of the C class below come to light again
            for name, function in functions.items():
                setattr(socket, name, function)


def _method(method: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    def refused(self: socket.socket, *args: Any) -> Any:
        if self.family not in {socket.AF_INET, socket.AF_INET6}:
            return method(self, *args)  # a socket of this machine
        raise _noted(asked, args[-1] if args else "")

    return refused


def _function(asked: list[str]) -> Callable[..., Any]:
    def refused(address: Any = "", *args: Any, **options: Any) -> Any:
        raise _noted(asked, address)

    return refused


def _noted(asked: list[str], address: Any) -> OfflineError:
    host = address[0] if isinstance(address, tuple) and address else address
    asked.append(str(host))
    return OfflineError(f"a socket to {host} was asked for while no network may be used")
