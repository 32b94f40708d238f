"""Downloads from a real server that misbehaves: always continued or clearly refused, never wrong."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import FAST, make_card, safetensors, sha256, visible
from zoo.errors import HashMismatch, NetworkError, NotFound
from zoo.store import Store

BODY = safetensors(200_000)
OTHER = safetensors(200_000, seed=1)
PINNED = [True, False]


def card_of(url: str, content: bytes | None = BODY):
    return make_card("acme/net", {"model.safetensors": (url, content)})


@pytest.mark.parametrize("pinned", PINNED)
def test_whole(server: FaultyServer, store: Store, read, pinned: bool) -> None:
    url = server.add("w.safetensors", BODY)
    manifest = store.pull(card_of(url, BODY if pinned else None))
    assert read(manifest, "model.safetensors") == BODY
    assert manifest.files[0].sha256 == sha256(BODY)
    assert manifest.files[0].origin == (url,)
    assert len(server.gets()) == 1
    assert server.gets()[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("pinned", PINNED)
def test_cut_is_continued(server: FaultyServer, store: Store, read, pinned: bool) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, {"cut": 60_001}, {"cut": 0})
    manifest = store.pull(card_of(url, BODY if pinned else None))
    assert read(manifest, "model.safetensors") == BODY
    assert [r.range for r in server.gets()] == [None, "bytes=70000-", "bytes=130001-", "bytes=130001-"]
    assert all(r.headers["if-range"] == '"v1"' for r in server.gets()[1:])
    assert server.sent == len(BODY)


def test_cut_is_continued_by_the_next_pull(server: FaultyServer, store: Store, read, home) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 90_000}, *[{"status": 500}] * 3)
    with pytest.raises(NetworkError, match="HTTP 500"):
        store.pull(card_of(url, None))
    assert visible(home) == []
    manifest = store.pull(card_of(url, None))
    assert read(manifest, "model.safetensors") == BODY
    assert server.gets()[-1].range == "bytes=90000-"
    assert server.sent == len(BODY)


def test_without_tag_and_hash_it_begins_again(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 90_000}, *[{"status": 500}] * 3, etag=None)
    with pytest.raises(NetworkError):
        store.pull(card_of(url, None))
    assert read(store.pull(card_of(url, None)), "model.safetensors") == BODY
    assert server.gets()[-1].range is None


def test_weak_tag_is_not_trusted(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 90_000}, *[{"status": 500}] * 3, etag='W/"v1"')
    with pytest.raises(NetworkError):
        store.pull(card_of(url, None))
    assert read(store.pull(card_of(url, None)), "model.safetensors") == BODY
    assert server.gets()[-1].range is None


@pytest.mark.parametrize("pinned", PINNED)
def test_200_to_a_range_begins_again(server: FaultyServer, store: Store, read, pinned: bool) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, {"ignore_range": True})
    assert read(store.pull(card_of(url, BODY if pinned else None)), "model.safetensors") == BODY
    assert len(server.gets()) == 2


@pytest.mark.parametrize("spelled", ["bytes 0-{1}/{2}", "bytes 69999-{1}/{2}", "items", "", "bytes {0}-{1}/999999"])
def test_wrong_content_range_begins_again(server: FaultyServer, store: Store, read, spelled: str) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, {"content_range": spelled})
    assert read(store.pull(card_of(url, None)), "model.safetensors") == BODY
    assert server.gets()[-1].range is None


@pytest.mark.parametrize("same_size", [True, False])
def test_changed_file_begins_again(server: FaultyServer, store: Store, read, same_size: bool) -> None:
    new = OTHER if same_size else safetensors(150_000, seed=2)
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, *[{"status": 503}] * 3)
    with pytest.raises(NetworkError):
        store.pull(card_of(url, None))
    server.add("w.safetensors", new, etag='"v2"')
    assert read(store.pull(card_of(url, None)), "model.safetensors") == new


@pytest.mark.parametrize(
    ("new", "etag", "fault"),
    [
        (OTHER, '"v2"', {"ignore_if_range": True, "no_etag": True}),
        (safetensors(250_000, seed=3), '"v1"', {"content_range": "bytes {0}-{1}/*"}),
    ],
)
def test_change_that_only_the_plan_sees(
    server: FaultyServer, store: Store, read, new: bytes, etag: str, fault: dict[str, Any]
) -> None:
    """The server would gladly continue with another file's bytes; what HEAD says tells."""
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, *[{"status": 503}] * 3)
    with pytest.raises(NetworkError):
        store.pull(card_of(url, None))
    server.add("w.safetensors", new, fault, etag=etag)
    assert read(store.pull(card_of(url, None)), "model.safetensors") == new


def test_changed_between_two_requests(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, {"content": OTHER, "etag": '"v2"'})
    assert read(store.pull(card_of(url, None)), "model.safetensors") == OTHER


def test_206_with_another_tag_begins_again(server: FaultyServer, store: Store, read) -> None:
    """A server that ignores If-Range and sends the rest of another version."""
    lying = {"content": OTHER, "headers": {"ETag": '"v2"'}, "no_etag": True}
    url = server.add("w.safetensors", BODY, {"cut": 70_000}, lying)
    assert read(store.pull(card_of(url, None)), "model.safetensors") == OTHER


def test_changed_under_one_tag_is_found_by_the_hash(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", OTHER, {"cut": 70_000}, {"content": BODY})
    assert read(store.pull(card_of(url, BODY)), "model.safetensors") == BODY
    assert server.gets()[-1].range is None


def test_short_body_is_refused(server: FaultyServer, store: Store, home) -> None:
    url = server.add("w.safetensors", BODY[:-1])
    with pytest.raises(HashMismatch, match=str(len(BODY))):
        store.pull(card_of(url))
    assert visible(home) == []


def test_body_shorter_than_declared_is_never_taken(server: FaultyServer, store: Store, home) -> None:
    url = server.add("w.safetensors", BODY, *[{"declare": 10, "no_etag": True}] * 9, etag=None, head=405)
    with pytest.raises((NetworkError, HashMismatch)):
        store.pull(card_of(url, None))
    assert visible(home) == []


def test_oversize_body_is_refused(server: FaultyServer, store: Store, home) -> None:
    url = server.add("w.safetensors", BODY, {"extra": b"more" * 9999, "no_length": True})
    with pytest.raises(HashMismatch, match="goes on beyond"):
        store.pull(card_of(url))
    assert visible(home) == []
    assert not list(home.rglob("w.safetensors"))


def test_oversize_before_the_download(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", BODY + b"x")
    with pytest.raises(HashMismatch, match="nothing was downloaded"):
        store.plan(card_of(url))
    assert server.gets() == []


def test_wrong_bytes_of_the_right_size(server: FaultyServer, store: Store, home) -> None:
    url = server.add("w.safetensors", OTHER)
    with pytest.raises(HashMismatch, match=sha256(OTHER)):
        store.pull(card_of(url))
    assert visible(home) == []
    assert not list(home.rglob("w.safetensors"))


def test_no_length_is_fine_where_the_size_is_known(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", BODY, {"no_length": True, "cut": 50_000}, {"no_length": True})
    assert read(store.pull(card_of(url, None)), "model.safetensors") == BODY


def test_no_length_and_no_pin_is_refused(server: FaultyServer, store: Store) -> None:
    """Nothing would tell a broken connection from the end of the file."""
    url = server.add("w.safetensors", BODY, {"no_length": True})
    server.files["/w.safetensors"].head = 200
    plan = store.plan(card_of(url, None))
    download = plan.downloads[0]
    unsized = type(download)(**{**vars(download), "size": None})
    with pytest.raises(NetworkError, match="does not say how long"):
        store.pull(card_of(url, None), plan=type(plan)(**{**vars(plan), "downloads": (unsized,)}))


def test_chunked(server: FaultyServer, store: Store, read) -> None:
    url = server.add("w.safetensors", BODY, {"chunked": True, "cut": 80_000}, {"chunked": True})
    assert read(store.pull(card_of(url, None)), "model.safetensors") == BODY
    assert len(server.gets()) == 2


def test_compressed_answers_are_refused(server: FaultyServer, store: Store) -> None:
    url = server.add("w.safetensors", BODY, {"headers": {"Content-Encoding": "gzip"}})
    with pytest.raises(NetworkError, match="compresses"):
        store.pull(card_of(url))


def test_complete_part_of_unknown_size_is_not_fetched_again(server: FaultyServer, store: Store, read, home) -> None:
    """Killed between the last byte and the end of the pull: the server answers 416, and that is the end."""
    url = server.add("w.safetensors", BODY, {"cut": len(BODY)})
    card = card_of(url, None)
    plan = store.plan(card)
    download = plan.downloads[0]
    unsized = type(plan)(**{**vars(plan), "downloads": (type(download)(**{**vars(download), "size": None}),)})
    folder = home / "partial" / "acme%2Fnet" / download.key
    folder.mkdir(parents=True)
    (folder / "w.safetensors").write_bytes(BODY)
    (folder / "state.json").write_text(f'{{"strong":"\\"v1\\"","tag":"\\"v1\\"","url":"{url}"}}')
    assert read(store.pull(card, plan=unsized), "model.safetensors") == BODY
    assert server.sent == 0


def test_bytes_of_unknown_origin_are_not_used(server: FaultyServer, store: Store, read, home) -> None:
    url = server.add("w.safetensors", BODY)
    key = store.plan(card_of(url)).downloads[0].key
    folder = home / "partial" / "acme%2Fnet" / key
    folder.mkdir(parents=True)
    (folder / "w.safetensors").write_bytes(OTHER[:1000])
    assert read(store.pull(card_of(url)), "model.safetensors") == BODY
    assert server.gets()[0].range is None


def test_refused_connection(store: Store) -> None:
    with pytest.raises(NetworkError, match="cannot connect to 127") as caught:
        store.pull(card_of("http://127.0.0.1:9/w.safetensors"))
    assert "try again" in caught.value.remedy


def test_several_at_once(server: FaultyServer, home) -> None:
    """The server answers nobody before three have asked, and sees no fourth then."""
    files = {f"part{i}.safetensors": safetensors(5000, seed=i) for i in range(6)}
    meeting = threading.Barrier(3, timeout=20)
    asked: list[int] = []

    def hold() -> None:
        meeting.wait()
        time.sleep(0.1)
        asked.append(len(server.gets()))
        meeting.wait()

    card = make_card("net", {n: (server.add(n, c, hold=hold), c) for n, c in files.items()})
    manifest = Store(home, downloads=3, retries=FAST).pull(card)
    assert {f.path: f.sha256 for f in manifest.files} == {n: sha256(c) for n, c in files.items()}
    assert asked == [3] * 3 + [6] * 3


def test_one_failure_ends_the_others_and_keeps_their_bytes(server: FaultyServer, store: Store, read, home) -> None:
    slow = server.add("slow.safetensors", BODY, pause=0.02, chunk=4000)
    gone = server.add("gone.safetensors", OTHER, {"status": 404})
    card = make_card("net", {"a.safetensors": (slow, BODY), "b.safetensors": (gone, OTHER)})
    with pytest.raises(NotFound):
        store.pull(card)
    assert server.sent < len(BODY)
    server.files["/slow.safetensors"].pause = 0
    manifest = store.pull(card)
    assert read(manifest, "a.safetensors") == BODY
    assert server.sent <= len(BODY) + len(OTHER) + 100_000
