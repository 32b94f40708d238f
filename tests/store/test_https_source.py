"""`https:` origins: which URLs are taken, and what is asked of the server."""

from __future__ import annotations

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import make_card
from zoo.errors import BadInput, NotFound, OfflineError
from zoo.store import Store
from zoo.store.sources.https import WebReader, check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://host/x",
        "https://host:8443/x?y=1",
        "http://127.0.0.1:1/x",
        "http://127.9.9.9/x",
        "http://[::1]/x",
        "http://localhost:80/x",
    ],
)
def test_good_urls(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/x", "plain http"),
        ("http://127.0.0.1.example.org/x", "plain http"),
        ("http://localhost.example.org/x", "plain http"),
        ("http://10.0.0.1/x", "plain http"),
        ("http://[::ffff:8.8.8.8]/x", "plain http"),
        ("https://user:secret@host/x", "user name or password"),
        ("https://user@host/x", "user name or password"),
        ("https://", "malformed"),
        ("https:/x", "malformed"),
        ("https://host:99999/x", "malformed"),
        ("https://host:bad/x", "malformed"),
        ("https://[::1/x", "malformed"),
        ("https://ho st/x", "malformed"),
        ("https://host/\r\nx", "malformed"),
    ],
)
def test_bad_urls(url: str, words: str) -> None:
    reader = WebReader(offline=False)
    with pytest.raises(BadInput, match=words) as caught:
        reader.locate(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(BadInput):
        reader.listing(url)


def test_one_look_for_all_members(server: FaultyServer) -> None:
    url = server.add("a.zip", b"12345", etag='"tag"')
    reader = WebReader(offline=False)
    first, second = reader.locate(f"{url}#x/a%20b"), reader.locate(f"{url}#y")
    assert (first.uri, first.url, first.size, first.etag, first.member) == (url, url, 5, '"tag"', "x/a b")
    assert second.member == "y"
    assert [r.method for r in server.requests] == ["HEAD"]
    reader.session().close()


def test_missing_file(server: FaultyServer, store: Store) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        store.plan(make_card("net", {"x.json": (server.url("nothing"), None)}))


def test_empty_file_where_ranges_fail(server: FaultyServer) -> None:
    url = server.add("empty.txt", b"", head=405)
    reader = WebReader(offline=False)
    assert reader.locate(url).size == 0
    reader.session().close()


def test_offline_names_the_file(server: FaultyServer, home) -> None:
    card = make_card("net", {"x.json": (server.add("x.json", b"{}"), None)})
    with pytest.raises(OfflineError, match=r"x\.json of net") as caught:
        Store(home, offline=True).pull(card)
    assert "ZOO_OFFLINE" in caught.value.remedy
    assert server.requests == []
    assert not (home / "models").exists()


@pytest.mark.parametrize("url", ["https://host/", "https://host/a/", "https://host/a%2F..%2Fb/.."])
def test_listing_needs_a_name(url: str) -> None:
    with pytest.raises(BadInput, match="plain file name"):
        WebReader(offline=True).listing(url)


def test_listing() -> None:
    (file,) = WebReader(offline=True).listing("https://host/a/net%20v1.safetensors?raw=1").files
    assert (file.path, file.origin) == ("net v1.safetensors", ("https://host/a/net%20v1.safetensors?raw=1",))
