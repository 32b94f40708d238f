"""How much memory a model needs: weights, activations by batch, and what training adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from zoo.fitting.adapting import feature_count, keep_less, prepare
from zoo.fitting.forward import Taken, forward, training_mode, training_step
from zoo.fitting.known import Known
from zoo.fitting.question import Question

__all__ = ["PROBED", "Need", "Needs"]

# Where no forward shows it: a share of the weights, and at least this, as `zoo.load` claims before the first batch.
_SHARE = 0.2
_LEAST = 64 * 1024**2
# A forward that stops at a step which depends on numbers has shown most of what it takes.
_MARGIN = 1.5
# Batches that are run on the meta device; what lies between and beyond is on the line through them. The third is for
# modules that cannot be trained on one input (batch normalisation).
_TRIED = (1, 8, 2)
# Examples whose features a probe is taken to keep.
PROBED = 10_000
_FLOAT32 = 4


@dataclass(frozen=True, kw_only=True)
class Need:
    """Bytes that a model needs at once.

    Attributes:
        weights: of parameters, buffers and adapters.
        activations: of inputs and of what is computed from them, at the highest point.
        gradients: of the parameters that are trained.
        optimizer: of what AdamW keeps of them: two averages, and float32 copies of 16-bit parameters.
        features: of what a probe keeps of its examples.
    """

    weights: int
    activations: int
    gradients: int = 0
    optimizer: int = 0
    features: int = 0

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.activations + self.gradients + self.optimizer + self.features

    def to_dict(self) -> dict[str, int]:
        """By name, with the total."""
        return {
            "weights": self.weights,
            "activations": self.activations,
            "gradients": self.gradients,
            "optimizer": self.optimizer,
            "features": self.features,
            "total": self.total,
        }


@dataclass(frozen=True, kw_only=True)
class _Trained:
    """Bytes of what is trained: its gradients, what the optimiser keeps and takes in a step, added adapters."""

    gradients: int = 0
    optimizer: int = 0
    step: int = 0
    added: int = 0


class Needs:
    """What one model needs under one question, on one kind of device and in one type, for any batch.

    Args:
        known: the model.
        question: how it is to run or to be trained; its batch is not looked at.
        dtype: of the weights.
        kind: of device: `cpu`, `cuda`, …

    Attributes:
        inputs: the shapes of one input, by name; empty where they are not known.
        estimated: why the activations are an estimate; None where forwards on the meta device showed them.

    Raises:
        BadOption: the question does not fit the model.
    """

    def __init__(self, known: Known, question: Question, dtype: str, kind: str) -> None:
        self._known = known
        self._question = question
        self._dtype = dtype
        self._kind = kind
        self._trained = _Trained()
        self._features = 0
        self.inputs: dict[str, tuple[int, ...]] = {}
        self.estimated: str | None = None
        self._points = self._measure()

    def of(self, batch: int) -> Need | None:
        """What a batch needs; None where not even the size of the weights is known."""
        weights = self._known.weights(self._dtype)
        if weights is None:
            return None
        trained = self._trained
        moving = max(self._line(batch, weights), trained.gradients + trained.step)
        if self._question.quantize:  # the float32 weights are there while the int8 ones are made of them
            return Need(weights=weights // _FLOAT32, activations=max(moving, weights))
        return Need(
            weights=weights + trained.added,
            activations=moving - trained.gradients,
            gradients=trained.gradients,
            optimizer=trained.optimizer,
            features=self._features,
        )

    def largest(self, room: int) -> int | None:
        """The largest batch that room is enough for, 0 where none is; None where this is not known."""
        if (least := self.of(1)) is None:
            return None
        if least.total > room:
            return 0
        low, high = 1, 2
        while high < 2**31 and self._total(high) <= room:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._total(middle) <= room else (low, middle)
        return low

    def _total(self, batch: int) -> int:
        need = self.of(batch)
        return need.total if need else 0

    def _line(self, batch: int, weights: int) -> int:
        """Bytes of activations and gradients of a batch, by the line through the points on both sides of it."""
        if not self._points:
            return max(_LEAST, int(_SHARE * weights)) * batch
        if len(self._points) == 1:
            ((tried, taken),) = self._points
            return -(-taken * batch // tried)
        place = next((i for i, (tried, _) in enumerate(self._points) if tried >= batch), len(self._points) - 1)
        (b0, t0), (b1, t1) = self._points[max(0, place - 1)], self._points[max(1, place)]
        return max(0, t0 + -(-(t1 - t0) * (batch - b0) // (b1 - b0)))

    def _measure(self) -> list[tuple[int, int]]:
        """Batches with the bytes that they took on the meta device."""
        module = self._known.module(self._dtype)
        if module is None:
            self.estimated = "the module cannot be built without its files"
            return []
        if self._question.finetune == "probe":
            self._features = feature_count(module) * _FLOAT32 * PROBED
        if self._question.trains:
            self._trained = self._prepare(module)
        taken = self._taken(module)
        return self._scaled([(batch, one.bytes) for batch, one in self._sound(taken)])

    def _prepare(self, module: torch.nn.Module) -> _Trained:
        question, name = self._question, self._known.card.id
        if question.checkpointing:
            keep_less(module, name)
        parameters = prepare(module, question.finetune or "full", name)
        numbers = sum(p.numel() for p in parameters)
        copies = sum(p.numel() for p in parameters if p.element_size() < _FLOAT32)
        gradients = sum(p.nbytes for p in parameters)
        # AdamW goes from parameter to parameter on the CPU, and through all at once on other devices (foreach).
        largest = max(p.numel() for p in parameters)
        return _Trained(
            gradients=gradients,
            optimizer=_FLOAT32 * (2 * numbers + copies),
            step=_FLOAT32 * (2 * largest if self._kind == "cpu" else numbers),
            added=gradients if question.finetune == "lora" else 0,
        )

    def _taken(self, module: torch.nn.Module) -> list[tuple[int, Taken]]:
        found: list[tuple[int, Taken]] = []
        for batch in _TRIED:
            sample = self._known.sample(module, batch, self._question.length)
            if sample is None:
                break
            if not self.inputs:
                self.inputs = _shapes(_whole(module, sample) if self._question.trains else sample)
            found.append((batch, self._run(module, sample)))
            if len([one for _, one in found if one.stopped is None]) == 2:
                break
        return sorted(found, key=lambda pair: pair[0])

    def _run(self, module: torch.nn.Module, sample: tuple[tuple[Any, ...], dict[str, Any]]) -> Taken:
        if not self._question.trains:
            return forward(module, sample, kind=self._kind)
        with training_mode(module):
            return training_step(module, _whole(module, sample), kind=self._kind)

    def _sound(self, taken: list[tuple[int, Taken]]) -> list[tuple[int, Taken]]:
        """The runs that came to their end; all of them, with a margin, where not two did."""
        whole = [(batch, one) for batch, one in taken if one.stopped is None]
        if len(whole) >= 2:
            return whole
        if not taken:
            self.estimated = "it is not known what goes in"
            return []
        why = next((one.stopped for _, one in taken if one.stopped), "it takes long to run")
        self.estimated = f"a forward without numbers stops ({why[:100]})"
        weights = self._known.weights(self._dtype) or 0
        least = max(_LEAST, int(_SHARE * weights))
        return [(batch, Taken(peak=max(least, int(_MARGIN * one.peak)), inputs=one.inputs)) for batch, one in taken]

    def _scaled(self, points: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The points, larger where the card says that the model is larger than what can be built from it."""
        if (scale := self._known.scale) == 1:
            return points
        self.estimated = "the card leaves its sizes open, so they are scaled from the architecture's usual ones"
        return [(batch, int(taken * max(1.0, scale))) for batch, taken in points]


def _whole(
    module: torch.nn.Module, sample: tuple[tuple[Any, ...], dict[str, Any]]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs as training has them: every place of a text is learned from, and nothing is kept for the next token."""
    args, named = sample
    made = {name: value for name, value in named.items() if name != "logits_to_keep"}
    read, written = made.get("input_ids"), made.get("decoder_input_ids")
    config: Any = getattr(module, "config", None)
    if hasattr(config, "use_cache"):
        config.use_cache = False
    if read is not None and written is not None:
        made["decoder_input_ids"] = torch.zeros_like(read)
    return args, made


def _shapes(sample: tuple[tuple[Any, ...], Mapping[str, Any]]) -> dict[str, tuple[int, ...]]:
    """The shape of one input under each argument."""
    args, named = sample
    made: dict[str, tuple[int, ...]] = {}
    for name, value in (*((f"input{index or ''}", value) for index, value in enumerate(args)), *named.items()):
        if isinstance(value, torch.Tensor):
            made[name] = tuple(value.shape[1:])
        elif isinstance(value, list) and value and isinstance(value[0], torch.Tensor):
            made[name] = tuple(value[0].shape)
    return made
