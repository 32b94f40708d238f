"""What processes have loaded is seen by others, and goes with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.devices.fakes import World, device, together, use
from zoo.cli import running
from zoo.devices import board

OTHER = """
import os, sys
from pathlib import Path
from zoo.devices import Claim, Device, DeviceManager, board
cpu = Device(name="cpu", description="", total=1000, free=1000, cores=1)
manager = DeviceManager(lambda: (cpu,), budget="100%")
board.publish(Path(sys.argv[1]), manager)
lease = manager.lease("cpu", lambda d: Claim(owner="theirs", key=1, weights=400, activation=50), lambda c, p: "module")
lease.pin()
print("ready", os.getpid(), flush=True)
how = sys.stdin.readline().strip()
if how == "fork":
    child = os.fork()
    if not child:
        sys.exit(0)  # runs what is registered for the end of a process
    os.waitpid(child, 0)
    print("forked", flush=True)
    how = sys.stdin.readline().strip()
if how == "release":
    lease.release()
    print("released", flush=True)
    how = sys.stdin.readline().strip()
if how == "die":
    os._exit(1)
"""


class Other:
    """A second process with one model on the board."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = int(self._answer().split()[1])

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        if word in {"fork", "release"}:
            self._answer()
        else:
            self._process.wait(20)
            self._process.stdin.close()
            self._process.stdout.close()


def test_another_process_is_seen_until_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "running"
    other = Other(folder)
    [row] = board.read(folder)
    assert (row["model"], row["device"], row["state"], row["pinned"]) == ("theirs", "cpu", "here", True)
    assert (row["pid"], row["holders"], row["weights"]) == (other.pid, 1, 400)
    assert row["command"].startswith("-c")
    assert board.leased([row], "cpu") == 450
    other.tell("fork")
    assert len(board.read(folder)) == 1, "a child that ends does not take its parent off the board"
    other.tell("end")
    assert list(folder.iterdir()) == []


def test_a_process_that_was_killed_is_forgotten_by_the_next_reader(tmp_path: Path) -> None:
    other = Other(tmp_path)
    other.tell("die")
    assert len(list(tmp_path.iterdir())) == 1
    assert board.read(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_last_release_takes_the_entry_away(tmp_path: Path) -> None:
    other = Other(tmp_path)
    other.tell("release")
    assert list(tmp_path.iterdir()) == []
    other.tell("end")


def test_a_number_that_was_given_again_is_another_process(tmp_path: Path) -> None:
    world = World(device("cpu", 100))
    entry = board.publish(tmp_path, world.manager)
    world.load("m", 10)
    [file] = tmp_path.iterdir()
    written = json.loads(file.read_text())
    assert written["pid"] == os.getpid()
    file.write_text(json.dumps(written | {"started": written["started"] - 100}))
    assert board.read(tmp_path) == []
    assert not file.exists()
    entry.write()
    assert len(board.read(tmp_path)) == 1
    foreign = tmp_path / f"elsewhere.{os.getpid()}.json"
    foreign.write_text("{}")
    file.write_text("not json")
    assert board.read(tmp_path) == []
    assert foreign.exists(), "entries of other machines are theirs"
    entry.remove()


def test_a_home_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    world = World(device("cpu", 100))
    board.publish(blocked / "running", world.manager)
    assert use(world.load("m", 10)) is not None
    assert board.read(blocked / "running") == []


def test_published_twice_is_once_and_many_writers_end_with_the_truth(tmp_path: Path) -> None:
    world = World(device("cpu", 1000))
    assert board.publish(tmp_path, world.manager) is board.publish(tmp_path, world.manager)

    def worker(number: int) -> None:
        for turn in range(20):
            lease = world.load(f"m{number}.{turn}", 1, keep=turn == 19)
            if turn < 19:
                lease.release()

    together([lambda n=n: worker(n) for n in range(8)])
    assert {row["model"] for row in board.read(tmp_path)} == {f"m{n}.19" for n in range(8)}
    assert len(list(tmp_path.iterdir())) == 1
    for lease in world.kept:
        lease.release()
    assert list(tmp_path.iterdir()) == []


def test_ps_prints_what_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert running.ps(as_json=False) == 0
    assert "no model is loaded" in capsys.readouterr().err
    assert running.ps(as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []
    world = World(device("cpu:1", 10**10), device("cpu", 10**10))
    board.publish(Path(os.environ["ZOO_HOME"]) / "running", world.manager)
    use(world.load("mine", 2 * 10**9, activation=10**8))
    running.ps(as_json=False)
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["pid", "model", "device", "weights"]
    assert line.split()[:8] == [str(os.getpid()), "mine", "cpu:1", "2.0", "GB", "100.0", "MB", "here"]
    running.ps(as_json=True)
    [row] = json.loads(capsys.readouterr().out)
    assert row["devices"] == {"cpu:1": 2 * 10**9}
    assert row["idle_s"] >= 0


def test_devices_prints_what_there_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_DEVICE_BUDGET", "cpu=100MB")
    world = World(device("cpu", 10**10))
    board.publish(Path(os.environ["ZOO_HOME"]) / "running", world.manager)
    world.load("mine", 2 * 10**7)
    assert running.devices(as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "device", "cores", "total", "free", "budget", "leased", "description",
    ]  # fmt: skip
    running.devices(as_json=True)
    cpu = json.loads(capsys.readouterr().out)[-1]
    assert (cpu["device"], cpu["budget"], cpu["leased"]) == ("cpu", 10**8, 2 * 10**7)
