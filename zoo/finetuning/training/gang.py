"""The processes that train one model together: who am I, and do we agree?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Gang"]


@dataclass(frozen=True, kw_only=True)
class Gang:
    """One process among those that `torchrun` started, or a process alone, for which every method is cheap and local.

    Attributes:
        size: how many processes.
        rank: this one's number, from 0.
        local: its number on this machine.
        restarts: how often torchrun has started the processes again.
    """

    size: int = 1
    rank: int = 0
    local: int = 0
    restarts: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Gang:
        """What the environment says (`RANK`, `WORLD_SIZE`, … as torchrun sets them); nothing is connected."""

        def number(name: str, default: int) -> int:
            text = environment.get(name, "")
            return int(text) if text.isdecimal() else default

        size = number("WORLD_SIZE", 1)
        if size < 2 or "RANK" not in environment:
            return cls()
        return cls(
            size=size,
            rank=number("RANK", 0),
            local=number("LOCAL_RANK", 0),
            restarts=number("TORCHELASTIC_RESTART_COUNT", 0),
        )

    @classmethod
    def join(cls, device: str = "auto") -> Gang:
        """The gang of this process, connected: gloo between CPUs, and nccl between CUDA devices beside it.

        Twice is once. Every process of the gang must call it, and then each of the methods below in the same order.
        """
        gang = cls.of()
        if gang.size == 1:
            return gang
        import torch
        import torch.distributed as dist

        # accelerate would otherwise set the number of threads by itself, for the whole process.
        os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
        if not dist.is_initialized():
            cuda = device.partition(":")[0] in {"auto", "cuda"} and torch.cuda.is_available()
            dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")
        return gang

    @property
    def main(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def share(self, value: Any) -> Any:
        """The main process's value, in every process."""
        if self.size == 1:
            return value
        import torch.distributed as dist

        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes in the order of their ranks, in every process."""
        if self.size == 1:
            return [value]
        import torch.distributed as dist

        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def total(self, *values: float) -> list[float]:
        """The sums of each value over all processes, in every process, to the same last bit."""
        if self.size == 1:
            return list(values)
        import torch
        import torch.distributed as dist

        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return [float(value) for value in sums]

    def any(self, *flags: bool) -> list[bool]:
        """For each flag whether one process has it set."""
        return [value > 0 for value in self.total(*map(float, flags))]

    def wait(self) -> None:
        """Until every process is here."""
        self.total(0.0)

    def leave(self) -> None:
        """Part; nothing where nobody was joined."""
        import sys

        dist = sys.modules.get("torch.distributed")
        if self.size > 1 and dist is not None and dist.is_initialized():
            dist.destroy_process_group()
