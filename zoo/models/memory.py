"""How much memory do tensors take at most, while something runs?"""

from __future__ import annotations

import functools
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["PeakMemory", "storages"]


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors made inside it, each storage once however many views it has, until they are freed.

    It sees what torch's operations return, on every device, also on the meta device, where nothing is computed: there
    it foretells what a real run takes. It works under `inference_mode`, and with gradients, where what autograd keeps
    for the backward pass counts as long as it is kept. What an operation takes for itself and gives back before it
    returns (the workspace of a convolution, the packed copies of a matrix product) is not seen, nor is the rounding of
    an allocator.

    Attributes:
        peak: the most bytes that were there at once.

    Example:
        >>> with PeakMemory() as memory:
        ...     y = torch.ones(1000) * 2
        >>> memory.peak, memory.live
        (8000, 4000)
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._live = 0
        # Of each storage made inside: its bytes, and what tells when it goes.
        self._made: dict[int, tuple[int, weakref.ref[Any]]] = {}
        # Storages may go at any moment and in any thread: they are only noted then, and taken off before counting.
        self._gone: deque[int] = deque()

    @property
    def live(self) -> int:
        """Bytes of the tensors made inside that are still there."""
        self._forget()
        return self._live

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one operation and count what it makes; one that is made of others is counted in its parts."""
        kwargs = kwargs or {}
        if not isinstance(func, torch._ops.OpOverload):
            return func(*args, **kwargs)
        # Under inference_mode operations arrive whole (`linear`), and what they make in between would be missed.
        with self:
            parts = func.decompose(*args, **kwargs)
        if parts is not NotImplemented:
            return parts
        there = {storage._cdata for storage in storages((args, kwargs))}
        made = func(*args, **kwargs)
        self._forget()  # first of all: a storage that is gone may have left its address to a new one
        for storage in storages(made):
            # What was there before and comes back (a view, the target of an in-place operation) is not new.
            if storage._cdata in self._made or storage._cdata not in there:
                self._count(storage)
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        """Take one storage into account, or its growth where it is known already."""
        key, size = storage._cdata, storage.nbytes()
        known, reference = self._made.get(key, (0, None))
        self._made[key] = (size, reference or weakref.ref(storage, functools.partial(_note, self._gone, key)))
        self._live += size - known
        self.peak = max(self.peak, self._live)

    def _forget(self) -> None:
        """Take off what is gone."""
        while self._gone:
            size, _ = self._made.pop(self._gone.popleft())
            self._live -= size


def _note(gone: deque[int], key: int, _: Any) -> None:
    gone.append(key)


def storages(value: Any) -> Iterator[torch.UntypedStorage]:
    """The storages of all tensors in nested lists, tuples and dictionaries; of sparse ones those of their parts."""
    for leaf in tree_leaves(value):
        if isinstance(leaf, torch.Tensor):
            yield from _storages_of(leaf)


def _storages_of(tensor: torch.Tensor) -> Iterator[torch.UntypedStorage]:
    if tensor.layout is torch.sparse_coo:
        yield from (tensor._indices().untyped_storage(), tensor._values().untyped_storage())
    elif tensor.layout is torch.strided:
        yield tensor.untyped_storage()
