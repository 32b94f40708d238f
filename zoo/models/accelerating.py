"""The forward step, faster: autocast, `torch.compile`, memory formats and transfers to the device."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from zoo.devices.faults import kind
from zoo.errors import BadOption
from zoo.plugin import Runner

__all__ = ["AUTOCAST", "Forward", "Mover"]

AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Forward:
    """A runner's forward step, in autocast and compiled where asked for.

    Args:
        runner: whose step it is.
        device: where it runs.
        autocast: compute in this type what torch holds safe in it: `bfloat16` or `float16`.
        compile: run it through `torch.compile`; a name is that of the backend. What cannot be compiled runs
            plainly, with a warning.

    Raises:
        BadOption: no such type.
    """

    def __init__(self, runner: Runner, *, device: torch.device, autocast: str | None, compile: bool | str) -> None:
        if autocast is not None and autocast not in AUTOCAST:
            raise BadOption(f"autocast to {autocast!r} is not possible", f"Use {' or '.join(AUTOCAST)}.")
        self._runner = runner
        self._device = device
        self._autocast = AUTOCAST[autocast] if autocast else None
        self._backend = "inductor" if compile is True else compile
        self._compiled: Any = None

    @property
    def compiled(self) -> bool:
        """Whether it goes through `torch.compile`."""
        return bool(self._backend)

    def __call__(self, module: Any, batch: Any, options: Any) -> Any:
        """The module's outputs for a batch."""
        with self._casting():
            if self._backend:
                return self._run_compiled(module, batch, options)
            return self._runner.forward(module, batch, options)

    def _casting(self) -> AbstractContextManager[Any]:
        if self._autocast is None:
            return nullcontext()
        # The cache of cast weights would outlive a module that is moved away.
        return torch.autocast(self._device.type, dtype=self._autocast, cache_enabled=False)

    def _run_compiled(self, module: Any, batch: Any, options: Any) -> Any:
        """Compiled at the first call; a failure that the plain step does not have is the compiler's."""
        try:
            if self._compiled is None:
                self._compiled = torch.compile(self._runner.forward, backend=str(self._backend))
            return self._compiled(module, batch, options)
        except Exception as error:  # the compiler raises of all kinds, up to a missing C++ compiler
            if kind(error) is not None:
                raise
            said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        made = self._runner.forward(module, batch, options)
        self._backend, self._compiled = False, None
        warnings.warn(f"torch.compile does not work here, going on without it: {said[:200]}", stacklevel=2)
        return made


class Mover:
    """Brings batches to the device, in the module's floating-point type.

    Args:
        device: None leaves tensors where they are.
        dtype: of floating-point tensors; None leaves them.
        channels_last: lay batches of pictures out pixel by pixel, as fast convolutions read them, for modules that run
            on torch; None does so on a CPU, where it was measured to help.
    """

    def __init__(
        self, device: torch.device | None, dtype: torch.dtype | None, *, channels_last: bool | None = None
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._channels_last = channels_last if channels_last is not None else _is_cpu(device)
        # Only from pinned memory does a copy run beside the host; other devices' copies are not known to be safe so.
        self._pins = device is not None and device.type == "cuda"

    def pinned(self, value: Any) -> Any:
        """The same batch in memory from which CUDA copies by itself; done ahead, in a worker."""
        return _each(value, self._pin) if self._pins else value

    def moved(self, value: Any, module: Any) -> Any:
        """The batch on the device, as the module takes it."""
        made = _each(value, self._move)
        return _each(made, _by_pixel) if self._channels_last and isinstance(module, torch.nn.Module) else made

    def _pin(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.device.type != "cpu" or tensor.is_pinned():
            return tensor
        try:
            return tensor.pin_memory()
        except RuntimeError:  # too much memory is pinned already: an ordinary copy does
            return tensor

    def _move(self, tensor: torch.Tensor) -> torch.Tensor:
        dtype = self._dtype if tensor.is_floating_point() else None
        return tensor.to(self._device, dtype, non_blocking=self._pins)


def _is_cpu(device: torch.device | None) -> bool:
    return device is not None and device.type == "cpu"


def _by_pixel(tensor: torch.Tensor) -> torch.Tensor:
    """Only the batch is laid out anew: weights that are mapped from files stay shared, and oneDNN reorders its own."""
    if tensor.dim() == 4 and tensor.is_floating_point():
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor


def _each(value: Any, change: Any) -> Any:
    """A batch with every tensor in it changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, dict):
        return {name: _each(item, change) for name, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(_each(item, change) for item in value)
    if isinstance(value, tuple | list):
        return type(value)(_each(item, change) for item in value)
    return value
