"""Devices are found as they are for this process: in its container, with its drivers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from zoo.devices import discover
from zoo.devices.container import cpu_count, memory_limit


def test_this_machine_has_a_cpu_with_memory_and_cores() -> None:
    found = discover()
    cpu = found[-1]
    assert cpu.name == cpu.kind == "cpu"
    assert 0 < cpu.free <= cpu.total
    assert cpu.own > 10**7
    assert cpu.description
    assert 1 <= (cpu.cores or 0) <= (os.cpu_count() or 1)
    assert len({d.name for d in found}) == len(found)


def accelerators(monkeypatch: pytest.MonkeyPatch, ask) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "mem_get_info", ask)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda index: 7)


def test_accelerators_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerators(monkeypatch, lambda index: (100 - index, 200))
    found = discover()
    assert [d.name for d in found] == ["cuda:0", "cuda:1", "cuda:2", "cpu"]
    assert (found[1].free, found[1].total, found[1].own, found[1].kind) == (99, 200, 7, "cuda")
    assert found[1].description == "GPU 1"


def test_a_driver_that_fails_leaves_its_device_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(index: int) -> tuple[int, int]:
        if index == 1:
            raise RuntimeError("CUDA error: uncorrectable ECC error encountered\nlong story")
        return 1, 2

    accelerators(monkeypatch, ask)
    with pytest.warns(RuntimeWarning, match=r"^cuda:1 is left out, .*: CUDA error: uncorrectable ECC error e\w+$"):
        found = discover()
    assert [d.name for d in found] == ["cuda:0", "cuda:2", "cpu"]


def test_a_driver_that_cannot_even_count_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise OSError("no driver")

    accelerators(monkeypatch, lambda index: (1, 2))
    monkeypatch.setattr(torch.cuda, "device_count", broken)
    with pytest.warns(RuntimeWarning, match="cuda is left out"):
        assert [d.name for d in discover()] == ["cpu"]


def test_mps_shares_the_memory_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 10**15)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 5)
    mps = discover()[0]
    assert (mps.name, mps.kind, mps.total, mps.own) == ("mps", "mps", 10**15, 5)
    assert 0 < mps.free < 10**14


def group(folder: Path, **files: str | int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")
    return folder


def test_version_2_with_groups_inside_groups(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/pod/container\n")
    group(root)
    stat = "anon 10\ninactive_file 300\nactive_file 100\nshmem 5"
    group(root / "pod", memory__max=1000, memory__current=900, memory__stat=stat, cpu__max="150000 100000")
    assert memory_limit(root, own) == (1000, 500)
    group(root / "pod/container", memory__max="max", memory__current=850, cpu__max="max 100000")
    assert memory_limit(root, own) == (1000, 500)
    group(root / "pod/container", memory__max=700, memory__current=650, memory__stat="inactive_file 50")
    assert memory_limit(root, own) == (700, 100)
    assert cpu_count(root, own) == min(2, len(os.sched_getaffinity(0)))
    group(root / "pod/container", cpu__max="20000 100000")
    assert cpu_count(root, own) == 1


def test_version_2_as_seen_inside_a_container(tmp_path: Path) -> None:
    """The path is the host's and not to be seen; the container's own group is the root."""
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/system.slice/docker-123.scope\n")
    group(root, memory__max=1000, memory__current=2000)
    assert memory_limit(root, own) == (1000, 0)


def test_version_1(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n")
    files = {"memory__usage_in_bytes": 500, "memory__stat": "inactive_file 1\ntotal_inactive_file 200"}
    group(root / "unified")
    group(root / "memory", memory__limit_in_bytes=9223372036854771712, **files)
    assert memory_limit(root, own) is None
    group(root / "memory/docker/abc", memory__limit_in_bytes=800, **files)
    assert memory_limit(root, own) == (800, 500)
    group(root / "cpu", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    assert cpu_count(root, own) == len(os.sched_getaffinity(0))
    group(root / "cpu/docker/abc", cpu__cfs_quota_us=50000, cpu__cfs_period_us=100000)
    assert cpu_count(root, own) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "0::/\n", "0::/../../x\n", "\x00"])
def test_without_groups_nothing_is_limited(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own"
    own.write_text(text)
    assert memory_limit(tmp_path / "cgroup", own) is None
    assert cpu_count(tmp_path / "cgroup", own) == len(os.sched_getaffinity(0))


def test_the_containers_limit_is_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    # By its name, as the package holds a function that is called like the module.
    monkeypatch.setattr(sys.modules["zoo.devices.discover"], "memory_limit", lambda: (10**6, 10**5))
    assert (discover()[-1].total, discover()[-1].free) == (10**6, 10**5)
