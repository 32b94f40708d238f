"""What a server's answer means: wait and try again, or say clearly why not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import FAST, make_card, safetensors
from zoo.errors import NetworkError, NotFound
from zoo.store import Store

BODY = safetensors(200_000)


def card_of(url: str, content: bytes | None = BODY):
    return make_card("acme/net", {"model.safetensors": (url, content)})


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "headers": {"Retry-After": "0"}}, {"status": 408}])
def test_passing_failures(server: FaultyServer, store: Store, read, fault: dict[str, Any]) -> None:
    url = server.add("w.safetensors", BODY, fault, fault)
    assert read(store.pull(card_of(url)), "model.safetensors") == BODY
    assert len(server.gets()) == 3


def test_failures_that_do_not_pass_end(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", BODY, *[{"status": 502}] * 50)
    with pytest.raises(NetworkError, match="HTTP 502"):
        store.pull(card_of(url))
    assert len(server.gets()) == FAST.tries


def test_a_server_that_never_gets_further_ends(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", BODY, *[{"cut": 1000, "ignore_range": True}] * 50)
    with pytest.raises(NetworkError, match="broke after 1000"):
        store.pull(card_of(url))
    assert len(server.gets()) == FAST.tries


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, NotFound, "does not exist"),
        (410, NotFound, "does not exist"),
        (401, NetworkError, "access refused"),
        (403, NetworkError, "access refused"),
        (418, NetworkError, "HTTP 418"),
        (204, NetworkError, "HTTP 204"),
    ],
)
def test_final_answers(server: FaultyServer, store: Store, status: int, error: type[Exception], words: str) -> None:
    url = server.add("w.safetensors", BODY, {"status": status})
    with pytest.raises(error, match=words):
        store.pull(card_of(url))
    assert len(server.gets()) == 1


def test_long_waits_are_not_waited_for(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", BODY, {"status": 429, "headers": {"Retry-After": "86400"}})
    with pytest.raises(NetworkError, match="86400 seconds"):
        store.pull(card_of(url))


@pytest.mark.parametrize("head", [403, 405, 501])
def test_head_unsupported(server: FaultyServer, store: Store, read, head: int) -> None:
    url = server.add("w.safetensors", BODY, head=head)
    plan = store.plan(card_of(url, None))
    assert plan.download == len(BODY)
    assert read(store.pull(card_of(url, None), plan=plan), "model.safetensors") == BODY
