"""What the container gives this process: memory and processor time, by its control groups (Linux, versions 1 and 2).

Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. A group is bound by its own
limits and by those of every group above it. Pages of files that were read are counted as used and given back when
somebody needs them, so they are free here, as in `MemAvailable`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["cpu_count", "memory_limit"]

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def memory_limit(root: Path = ROOT, own: Path = OWN) -> tuple[int, int] | None:
    """`(limit, free)` in bytes of the group with least free memory; None where nothing limits it."""
    found = [
        *_limits(_folders(root, own, ""), "memory.max", "memory.current", ""),
        *_limits(_folders(root, own, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ]
    return (min(limit for limit, _ in found), min(free for _, free in found)) if found else None


def cpu_count(root: Path = ROOT, own: Path = OWN) -> int:
    """Processors that this process may use: those it may run on, or fewer where its group's share of time is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [*_quotas_2(_folders(root, own, "")), *_quotas_1(_folders(root, own, "cpu"))]
    return max(1, min([count, *(math.ceil(quota) for quota in quotas)]))


def _folders(root: Path, own: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those above it; `controller` is empty for version 2."""
    for base, path in _groups(root, own, controller):
        inside = base / path.strip("/")
        # Inside a container the path may be the host's, which is not to be seen there: its root is the own group then.
        yield from (inside, *inside.parents)[: len(inside.parts) - len(base.parts) + 1]


def _groups(root: Path, own: Path, controller: str) -> Iterator[tuple[Path, str]]:
    for line in _text(own).splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if controller in names.split(","):
            for mounted in (names, controller) if controller else ("unified", ""):
                if (root / mounted).is_dir():
                    yield root / mounted, path
                    break


def _limits(folders: Iterator[Path], limit: str, used: str, prefix: str) -> Iterator[tuple[int, int]]:
    for folder in folders:
        most, taken = _text(folder / limit), _text(folder / used)
        # Version 1 has no word for "none": the largest whole number of pages.
        if most.isdecimal() and taken.isdecimal() and int(most) < 2**62:
            yield int(most), max(0, int(most) - max(0, int(taken) - _cached(folder, prefix)))


def _cached(folder: Path, prefix: str) -> int:
    """Bytes of file pages, without those of shared memory."""
    wanted = {f"{prefix}inactive_file", f"{prefix}active_file"}
    pairs = (line.split() for line in _text(folder / "memory.stat").splitlines())
    return sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in wanted and pair[1].isdecimal())


def _quotas_2(folders: Iterator[Path]) -> Iterator[float]:
    for folder in folders:
        yield from _quota(*(_text(folder / "cpu.max").split() or [""])[:2])


def _quotas_1(folders: Iterator[Path]) -> Iterator[float]:
    for folder in folders:
        yield from _quota(_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us"))


def _quota(quota: str, period: str = "100000") -> Iterator[float]:
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
