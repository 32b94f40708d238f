"""What one forward, or one step of training, takes beside the weights: run on torch's meta device, where nothing is
computed and nothing is allocated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from zoo.models.memory import PeakMemory

__all__ = ["Taken", "forward", "training_mode", "training_step"]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a run on the meta device took.

    Attributes:
        peak: the most bytes at once, beside weights and inputs.
        inputs: bytes of the inputs.
        output: what came out, on the meta device; None where it stopped.
        stopped: why it could not be run to its end: a step depends on numbers that are not there; else None.
    """

    peak: int
    inputs: int
    output: Any = None
    stopped: str | None = None

    @property
    def bytes(self) -> int:
        """Inputs and peak together."""
        return self.inputs + self.peak


def forward(module: torch.nn.Module, sample: tuple[tuple[Any, ...], Mapping[str, Any]], *, kind: str = "cpu") -> Taken:
    """One forward in inference mode.

    Args:
        module: on the meta device.
        sample: its arguments, from `Loader.sample`.
        kind: of the device that is meant: fused attention is not the same everywhere.
    """
    args, named = sample
    return _run(lambda: module(*args, **named), sample, kind, torch.inference_mode)


def training_step(
    module: torch.nn.Module, sample: tuple[tuple[Any, ...], Mapping[str, Any]], *, kind: str = "cpu"
) -> Taken:
    """A forward with what it keeps for the backward pass, a loss, and the backward pass with the gradients it makes.

    The parameters that require a gradient are those that are trained.
    """
    args, named = sample

    def step() -> None:
        # Not the tensor's own method: while that runs function modes are off, and checkpoints are computed again.
        torch.autograd.backward(_loss(module(*args, **named)))

    try:
        return _run(step, sample, kind, torch.enable_grad)
    finally:
        module.zero_grad(set_to_none=True)


def _run(step: Callable[[], Any], sample: Any, kind: str, grad: Any) -> Taken:
    inputs = sum(leaf.nbytes for leaf in tree_leaves(sample) if isinstance(leaf, torch.Tensor))
    made = _once(step, inputs, kind, grad, answer=False)
    if made.stopped is None:
        return made
    other = _once(step, inputs, kind, grad, answer=True)
    return other if other.stopped is None or other.peak > made.peak else made


def _once(step: Callable[[], Any], inputs: int, kind: str, grad: Any, *, answer: bool) -> Taken:
    memory, output, stopped = PeakMemory(), None, None
    try:
        with ExitStack() as stack:
            for context in (grad(), _Unknown(answer), memory, _Fused(kind)):
                stack.enter_context(context)
            output = step()
    except Exception as error:  # a module may fail in any way on tensors without numbers: that is an answer too
        stopped = str(error).strip().partition("\n")[0] or type(error).__name__
    return Taken(peak=memory.peak, inputs=inputs, output=output, stopped=stopped)


class _Unknown(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Gives one answer wherever a module asks whether something holds for the numbers of a tensor.

    No is the usual one: modules ask whether a mask leaves nothing out, to do without it, and a batch of texts of
    several lengths needs one. Others ask whether their inputs are sound, and go on with yes only.
    """

    def __init__(self, answer: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answer = answer

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_meta and args[0].dtype is torch.bool:
            return self._answer
        return func(*args, **(kwargs or {}))


class _Fused(TorchFunctionMode):
    """Lets attention on the meta device keep the memory of the fused kernels, which the devices themselves choose.

    The meta device alone would take the plain path, whose scores grow with the square of the length. What the CPU's
    kernel cannot do (`sdp_utils_cpp.cpp`: dropout, other sizes of values, unequal numbers of heads) is left to
    that path.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type[Any]],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        if func is torch.nn.functional.scaled_dot_product_attention:
            made = self._attend(*args, **named)
            if made is not None:
                return made
        return func(*args, **named)

    def _attend(  # noqa: PLR0917  (the arguments are torch's)
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor | None:
        plain = dropout_p > 0 and self._kind == "cpu"
        if not query.is_meta or query.dim() != 4 or plain or query.shape[-1] != value.shape[-1]:
            return None
        if key.shape[1] != query.shape[1]:
            if self._kind == "cpu":
                return None
            key, value = (part.repeat_interleave(query.shape[1] // key.shape[1], 1) for part in (key, value))
        if attn_mask is not None and (attn_mask.requires_grad or attn_mask.dim() not in {2, 4}):
            return None
        if attn_mask is not None and attn_mask.dtype is torch.bool:
            attn_mask = torch.zeros_like(attn_mask, dtype=query.dtype)
        made: torch.Tensor = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, is_causal, attn_mask=attn_mask, scale=scale
        )[0]
        return made


def _loss(output: Any) -> torch.Tensor:
    """A number to go back from: cross-entropy over scores, as of classifiers and language models, else a mean."""
    scores = _scores(output)
    if scores.dim() < 2:
        return scores.float().mean()
    classes = scores.shape[-1] if scores.dim() < 4 else scores.shape[1]
    flat = (scores if scores.dim() < 4 else scores.movedim(1, -1)).reshape(-1, classes).float()
    return torch.nn.functional.cross_entropy(flat, torch.zeros(len(flat), dtype=torch.long, device=flat.device))


def _scores(output: Any) -> torch.Tensor:
    """The first tensor of an output that a gradient can come from."""
    found: Any = getattr(output, "logits", None)
    if isinstance(found, torch.Tensor):
        return found
    return next(_tensors(output))


def _tensors(output: Any) -> Iterator[torch.Tensor]:
    parts = output if isinstance(output, list | tuple) else [output]
    for value in output.values() if isinstance(output, Mapping) else parts:
        if isinstance(value, torch.Tensor):
            if value.requires_grad:
                yield value
        elif isinstance(value, list | tuple | Mapping):
            yield from _tensors(value)


@contextmanager
def training_mode(module: torch.nn.Module) -> Iterator[None]:
    """The module as it is trained, with dropout, and back again."""
    before = module.training
    module.train()
    try:
        yield
    finally:
        module.train(before)
