"""The file of lines: whole after whatever end, one writer at a time, and clear about a full disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import NoSpace, ResourceError
from zoo.outputs.journal import Journal

LINES = [b'{"a": 1}\n', "ä 日本\n".encode(), b"x" * 100_000 + b"\n", b"\n", b"last\n"]


def written(path: Path, lines: list[bytes]) -> bytes:
    journal = Journal(path)
    for line in lines:
        journal.append(line)
    journal.close()
    return path.read_bytes()


def test_lines_are_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    journal = Journal(path)
    for count, line in enumerate(LINES, 1):
        journal.append(line)
        assert path.read_bytes() == b"".join(LINES[:count])
        assert journal.size == path.stat().st_size
    assert [line for _, line in journal.lines()] == LINES
    assert [end for end, _ in journal.lines()][-1] == journal.size
    journal.close()
    journal.close()


@pytest.mark.parametrize("cut", [0, 1, 8, 9, 10, 15, 20, 65_000, 100_018, 100_019, 100_020, 100_024])
def test_a_half_written_line_is_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x"
    whole = written(path, LINES)
    path.write_bytes(whole[:cut])
    journal = Journal(path)
    kept = whole[:cut].count(b"\n")
    assert path.read_bytes() == b"".join(LINES[:kept])
    for line in LINES[kept:]:
        journal.append(line)
    journal.close()
    assert path.read_bytes() == whole


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x")
    journal.append(b"one\n")
    with pytest.raises(ResourceError, match="another process is writing"):
        Journal(tmp_path / "x")
    journal.close()
    Journal(tmp_path / "x").close()
    assert (tmp_path / "x").read_bytes() == b"one\n"


def test_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x")
    for line in LINES[:2]:
        journal.append(line)
    journal.cut(len(LINES[0]))
    journal.append(b"other\n")
    assert (tmp_path / "x").read_bytes() == LINES[0] + b"other\n"
    journal.close()


FULL = """
import resource, sys
from pathlib import Path
from zoo.errors import NoSpace
from zoo.outputs.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (1050, 1050))
journal = Journal(Path(sys.argv[1]))
try:
    while True:
        journal.append(b"x" * 99 + b"\\n")
except NoSpace as error:
    print(error.cause)
journal.append(b"y" * 49 + b"\\n")
journal.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "x"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"no more can be written into {path}: ")
    assert path.read_bytes() == (b"x" * 99 + b"\n") * 10 + b"y" * 49 + b"\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_disk_without_space(tmp_path: Path) -> None:
    """The device that is always full: the error is the one of a full disk."""
    (tmp_path / "x").symlink_to("/dev/full")
    with pytest.raises((NoSpace, ResourceError)):
        Journal(tmp_path / "x").append(b"x\n")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot be written"):
        Journal(tmp_path)
    assert not list(tmp_path.iterdir())
