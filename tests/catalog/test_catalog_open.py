from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from zoo.catalog import hot, shipped
from zoo.catalog.build import build, content_digest
from zoo.catalog.catalog import Catalog
from zoo.errors import CatalogError

OPEN = """
import sys
from pathlib import Path
from zoo.catalog.catalog import Catalog
with Catalog(Path(sys.argv[1]), shipped=Path(sys.argv[2])) as catalog:
    catalog.remember(sys.argv[3], "here")
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "packed.db"
    build(path, [("vision", "1.0", catalog_cards.vision()[:5])])
    return path


def test_the_shipped_database_is_copied_on_first_use(tmp_path: Path, packed: Path):
    home = tmp_path / "a home" / "registry.db"
    assert shipped.prepare(home, shipped=packed)
    assert home.read_bytes() == packed.read_bytes()
    assert not shipped.prepare(home, shipped=packed)
    assert sorted(p.name for p in home.parent.iterdir()) == ["registry.db", "registry.db.lock"]


def test_without_a_shipped_database_an_empty_one_is_made(tmp_path: Path, empty: Path):
    shipped.prepare(tmp_path / "registry.db", shipped=empty)
    assert hot.search(tmp_path / "registry.db", "") == ([], 0, True)


def test_the_packed_database_is_found_in_this_checkout():
    found = shipped.packed()
    assert found is not None
    assert found.name == "registry.db"


def test_processes_opening_at_once_share_one_database(tmp_path: Path, packed: Path):
    home = tmp_path / "home" / "registry.db"
    keys = [f"key{i}" for i in range(4)]
    command = [sys.executable, "-c", OPEN, str(home), str(packed)]
    running = [subprocess.Popen([*command, key]) for key in keys]
    assert [process.wait() for process in running] == [0] * 4
    assert [hot.setting(home, key) for key in keys] == ["here"] * 4


def test_the_journal_of_a_database_that_was_moved_away_is_not_played_back(tmp_path: Path, packed: Path):
    home = tmp_path / "home" / "registry.db"
    home.parent.mkdir()
    home.with_name("registry.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(1000))
    shipped.prepare(home, shipped=packed)
    assert content_digest(home) == content_digest(packed)


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_file_is_refused_with_the_way_to_rebuild_it(tmp_path: Path, packed: Path, content: bytes):
    home = tmp_path / "registry.db"
    home.write_bytes(content)
    for call in (lambda: Catalog(home).open(), lambda: hot.search(home, "x"), lambda: hot.state(home)):
        with pytest.raises(CatalogError, match=r"not a sound database.*\n.*mv .*broken") as error:
            call()
        assert error.value.exit_code == 9
    assert home.read_bytes() == content
    home.rename(tmp_path / "registry.db.broken")
    with Catalog(home, shipped=packed) as catalog:
        assert catalog.needs_rebuild
        assert catalog.feeds()[0].models == 5


def test_a_file_corrupt_in_its_middle_gives_one_error(tmp_path: Path, packed: Path):
    home = tmp_path / "registry.db"
    content = bytearray(packed.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    home.write_bytes(content)
    with pytest.raises(CatalogError, match="not a sound database"):
        hot.search(home, "resnet")
    with pytest.raises(CatalogError, match="not a sound database"):
        Catalog(home).sync_feed("vision", "plugin", "2", catalog_cards.vision())


def test_a_corrupt_shipped_database_is_named(tmp_path: Path):
    (tmp_path / "bad.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(CatalogError, match=r"shipped catalog.*bad.db.*\n.*force-reinstall"):
        shipped.prepare(tmp_path / "home" / "registry.db", shipped=tmp_path / "bad.db")
    assert not (tmp_path / "home" / "registry.db").exists()


def test_a_missing_database_is_an_error_for_readers(tmp_path: Path):
    for path in (tmp_path / "registry.db", tmp_path):
        with pytest.raises(CatalogError, match="there is no catalog at"):
            hot.listing(path)


@pytest.mark.parametrize("name", ["a b?c#d%20.db", "é😀.db", "quote'\".db"])
def test_odd_paths(tmp_path: Path, empty: Path, name: str):
    with Catalog(tmp_path / name, shipped=empty) as catalog:
        catalog.remember("k", "v")
    assert hot.setting(tmp_path / name, "k") == "v"


def test_urls(tmp_path: Path, empty: Path):
    with Catalog(f"sqlite:///{tmp_path}/registry.db", shipped=empty) as catalog:
        assert catalog.path == tmp_path / "registry.db"
    for url in ("postgresql://host/zoo", "sqlite://", "sqlite:///"):
        with pytest.raises(CatalogError, match="ZOO_DATABASE_URL=sqlite:"):
            Catalog(url)


def as_nobody(work: Callable[[], None]) -> str:
    """Run a function in a child process that may not do what root may; returns its traceback, or nothing."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            work()
        except BaseException:
            os.write(write, traceback.format_exc().encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def sealed(packed: Path):
    """A home that may be read and not written."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())
    shutil.copyfile(packed, folder / "registry.db")
    (folder / "registry.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to give up root's rights")
def test_in_a_read_only_home_reading_works_and_writing_is_one_clear_error(sealed: Path, packed: Path):
    home = sealed / "registry.db"
    cards = catalog_cards.vision()[:5]
    with Catalog(packed, shipped=packed) as warm:  # all imports, before rights are given up
        warm.remember("a", "b")

    def work() -> None:
        assert hot.search(home, "resnet18")[1] == 4
        with Catalog(home) as catalog:
            assert catalog.get("timm/resnet18.a1_in1k").library == "timm"
            assert not catalog.sync_feed("vision", "shipped", "1.0", cards).changed
            for write in (
                lambda: catalog.remember("k", "v"),
                lambda: catalog.sync_feed("vision", "plugin", "2.0", cards[:1]),
            ):
                with pytest.raises(CatalogError, match=r"read-only\n.*ZOO_HOME"):
                    write()
        with pytest.raises(CatalogError, match=r"cannot be created.*\n.*ZOO_HOME"):
            Catalog(sealed / "deeper" / "registry.db").open()

    assert as_nobody(work) == ""


def test_an_unknown_failure_still_names_the_file(tmp_path: Path, empty: Path):
    with Catalog(tmp_path / "registry.db", shipped=empty) as catalog:
        connection = sqlite3.connect(catalog.path)
        connection.execute("DROP TABLE setting")
        connection.close()
        with pytest.raises(CatalogError, match=r"registry\.db failed: no such table"):
            catalog.remember("k", "v")
