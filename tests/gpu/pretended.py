"""Accelerators that are not there: tensors that say `cuda:0`, hold real numbers, and refuse what a real device refuses.

Each pretended tensor keeps its numbers in an ordinary tensor, on which every operation is computed by the CPU. An
operation on tensors of two devices, the CPU among them, raises as CUDA does; so does `.numpy()`. What a test with it
proves: where a program puts its tensors. What it does not: kernels, speed, memory, or numbers of a real accelerator.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

__all__ = ["Pretended", "pretended"]

aten = torch.ops.aten
ACROSS = {aten._to_copy.default, aten.copy_.default, aten._has_compatible_shallow_copy_type.default}


class Pretended(torch.Tensor):
    """A tensor on a pretended device; `inner` holds its numbers."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor, device: torch.device | None = None, requires_grad: bool = False) -> Pretended:
        if isinstance(inner, Pretended):
            inner, device = inner.inner, device or inner.device
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=device,
            requires_grad=False,
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.tolist:  # torch refuses it to subclasses, not to devices
            return args[0].inner.tolist()
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})

    def __repr__(self, **_: Any) -> str:
        return f"Pretended({self.inner!r}, device={self.device})"


class _Everywhere(TorchDispatchMode):
    """Catches what makes tensors out of none, such as `torch.zeros(3, device="cuda:0")`."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


@contextlib.contextmanager
def pretended(monkeypatch: Any) -> Iterator[None]:
    """Within it `cuda:0`, `cuda:1`… can be used as devices, in this thread."""
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    torch._C._ensureCUDADeviceGuardSet()  # as torch's own fake tensors do where there is no CUDA
    lift = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)  # `torch.tensor(..., device=...)` is made on the CPU, then moved
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # `Module.to` makes new parameters
    try:
        with torch.backends.cudnn.flags(enabled=False), _Everywhere():
            yield
    finally:
        torch._C._set_only_lift_cpu_tensors(lift)
        torch.__future__.set_overwrite_module_params_on_conversion(before)


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    if func.overloadpacket is aten.to:
        with _Everywhere():  # under inference mode it comes whole: take it apart first
            return func.decompose(*args, **kwargs)
    flat, _ = tree_flatten((args, kwargs))
    tensors = [value for value in flat if isinstance(value, torch.Tensor)]
    device = _device(func, tensors, kwargs)
    plain_args, plain_kwargs = tree_map(_plain, args), tree_map(_plain, kwargs)
    if "device" in plain_kwargs and plain_kwargs["device"] is not None:
        plain_kwargs["device"] = torch.device("cpu")
    made = func(*plain_args, **plain_kwargs)
    if func is aten.copy_.default:
        return args[0]
    given = {id(value.inner): value for value in tensors if isinstance(value, Pretended)}
    return tree_map(lambda value: _wrapped(value, device, given), made)


def _device(func: Any, tensors: list[torch.Tensor], kwargs: dict[str, Any]) -> torch.device:
    """Where the result will lie; two devices in one operation are refused, but for single numbers of the CPU."""
    if kwargs.get("device") is not None:
        return torch.device(kwargs["device"])
    if func in ACROSS:
        return tensors[0].device
    found = {tensor.device for tensor in tensors if tensor.device.type != "cpu" or tensor.dim()}
    if len(found) > 1 and not func.namespace.startswith("prim") and not _indexes(func, tensors):
        names = " and ".join(sorted(str(device) for device in found))
        raise RuntimeError(f"Expected all tensors to be on the same device, but found {names}! (in {func})")
    if _indexes(func, tensors):
        return tensors[0].device
    return next(iter(found), torch.device("cpu"))


def _indexes(func: Any, tensors: list[torch.Tensor]) -> bool:
    """CUDA takes indices that lie on the CPU."""
    names = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
    return func in names and all(t.device.type == "cpu" or t.device == tensors[0].device for t in tensors[1:])


def _plain(value: Any) -> Any:
    return value.inner if isinstance(value, Pretended) else value


def _wrapped(value: Any, device: torch.device, given: dict[int, Pretended]) -> Any:
    if not isinstance(value, torch.Tensor) or device.type == "cpu":
        return value
    return given[id(value)] if id(value) in given else Pretended(value, device)
