"""What counts as the same result, and what is said of the first difference."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
import pytest

from zoo.conformance.equality import difference
from zoo.conformance.sockets import no_sockets
from zoo.errors import OfflineError
from zoo.tasks import Classification, Embedding, Label, Segment

SAME = [
    (1.0, 1.0009),
    (1000.0, 1000.9),
    (float("nan"), float("nan")),
    ([1, "a", None], (1, "a", None)),
    (Embedding(np.array([0.1, 0.2])), Embedding(np.array([0.1004, 0.2]))),
    ("at 12.500 and 3.1", "at 12.504 and 3.1"),
    (  # two scores so near that either may come first
        Classification((Label("a", 0.3333), Label("b", 0.3332))),
        Classification((Label("b", 0.3334), Label("a", 0.3331))),
    ),
    (Segment("a", 1.0, np.eye(40) > 0).to_dict(), Segment("a", 1.0, np.eye(40) > 0).to_dict()),
]
OTHER = [
    (1.0, 1.002, "x is 1, not 1.002"),
    (True, 1, "x is True, not 1"),
    ([1], [1, 2], "x has 1 items, not 2"),
    ({"a": 1}, {"b": 1}, "x has a, b only once"),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "x.a.b[1] is 2, not 3"),
    ("cat 1", "cat 2", "x is 'cat 1', not 'cat 2'"),
    ("at 1.5", "at 1.6", "x holds 1.5, not 1.6"),
    (np.zeros(3), np.zeros(4), "x has the shape (3,), not (4,)"),
    (np.zeros((2, 2)), np.array([[0, 0], [1, 1.0]]), "x[1, 0] is 0, not 1 (2 of 4 differ)"),
    (np.zeros(10, bool), np.arange(10) < 2, "x differs in 20.00% of 10 elements"),
    (
        Classification((Label("a", 0.5), Label("b", 0.1))),
        Classification((Label("b", 0.5), Label("a", 0.1))),
        "x.labels[0].label is 'a', not 'b'",
    ),
    (Embedding(np.zeros(2)), None, "x is an object, and the other is not so"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: Any, other: Any) -> None:
    assert difference(one, other, 1e-3, "x") is None


@pytest.mark.parametrize(("one", "other", "said"), OTHER)
def test_another(one: Any, other: Any, said: str) -> None:
    assert difference(one, other, 1e-3, "x") == said


def test_no_socket_reaches_another_machine() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with no_sockets() as asked, socket.socket() as client, pytest.raises(OfflineError, match="a socket to 127"):
        client.connect(server.getsockname())
    with no_sockets() as looked, pytest.raises(OfflineError):
        socket.getaddrinfo("example.org", 80)
    assert (asked, looked) == (["127.0.0.1"], ["example.org"])
    with socket.create_connection(server.getsockname(), timeout=5):  # all is as before
        server.close()
