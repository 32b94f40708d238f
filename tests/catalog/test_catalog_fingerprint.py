from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.catalog.catalog_cards import run_bare
from zoo.catalog import fingerprint


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    site, work = tmp_path / "site-packages", tmp_path / "work"
    for folder in (site, work):
        folder.mkdir()
        os.utime(folder, ns=(10**18, 10**18))
    return [str(site), str(work), str(tmp_path / "missing"), str(tmp_path / "python.zip")]


def later(folder: str) -> None:
    os.utime(folder, ns=(2 * 10**18, 2 * 10**18))


def test_nothing_changed(folders: list[str]):
    assert fingerprint.current("1", paths=folders) == fingerprint.current("1", paths=[*folders, folders[0]])


def test_an_installation_is_seen(folders: list[str]):
    before = fingerprint.current(paths=folders)
    (Path(folders[0]) / "new-1.0.dist-info").mkdir()
    later(folders[0])
    assert fingerprint.current(paths=folders) != before


def test_a_package_in_another_folder_of_the_path_is_seen(folders: list[str]):
    before = fingerprint.current(paths=folders)
    (Path(folders[1]) / "new.egg-info").mkdir()
    second = fingerprint.current(paths=folders)
    (Path(folders[1]) / "new.egg-info").rename(Path(folders[1]) / "new2.egg-info")
    assert len({before, second, fingerprint.current(paths=folders)}) == 3


def test_files_in_the_working_directory_do_not_count(folders: list[str]):
    before = fingerprint.current(paths=folders)
    (Path(folders[1]) / "notes.txt").write_text("x")
    later(folders[1])
    assert fingerprint.current(paths=folders) == before


def test_the_version_and_the_folders_count(folders: list[str]):
    assert len({fingerprint.current(v, paths=p) for v in "12" for p in (folders, folders[1:])}) == 4


def test_the_entry_points_of_this_environment_are_declared():
    found = fingerprint.declared()
    assert found == sorted(found)
    for distribution, version, name, value in found:
        assert distribution and version and name and value


def test_the_fingerprint_reads_no_metadata():
    code = (
        "import sys; from zoo.catalog.fingerprint import current; current(); print('importlib.metadata' in sys.modules)"
    )
    assert run_bare(code) == "False"
