"""How many threads a turn on the CPU computes with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["cpu_threads"]


@contextmanager
def cpu_threads(cores: int | None) -> Iterator[None]:
    """Compute with at most as many threads as there are cores for this process; as before when the block ends.

    One turn at a time computes with all cores, rather than several turns with a part of them each. The number must not
    depend on how many models run: sums are cut by the number of threads, so results would depend on the load; and with
    a fixed part of the cores, a model that runs alone would leave the others idle.

    torch starts one thread for each core of the machine, also where a container's share of time is less. Threads that
    wait for each other on cores that others use cost far more than they bring: measured on two cores with about twelve
    other busy threads, MobileNet V3 (small, one picture) ran 62 pictures a second with one thread and 5 with two; ViT
    (tiny, eight pictures) 15 and 5. Hence a number that was set lower (`OMP_NUM_THREADS`, `torch.set_num_threads`)
    stays: who shares the cores with others knows it.

    In torch's OpenMP builds the number is the calling thread's own, and new threads take the number that was set last;
    hence it is set in each turn.
    """
    torch = sys.modules.get("torch")  # what does not run on torch has no need of it
    before = torch.get_num_threads() if torch is not None and cores else 0
    if torch is None or cores is None or before <= cores:
        yield
        return
    torch.set_num_threads(cores)
    try:
        yield
    finally:
        torch.set_num_threads(before)
