"""The module that is trained: an adapter's loss as forward pass, what is frozen, and at which rates the rest learns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadOption
from zoo.finetuning.training.examples import ROWS

if TYPE_CHECKING:
    from zoo.plugin import FineTuner, Target

__all__ = ["Learner", "Objective", "groups_of", "parameter_groups"]

# Their running averages are part of what the module computes: where the weights rest, these must rest too.
_AVERAGING = (torch.nn.modules.batchnorm._BatchNorm,)


class Objective:
    """What the loss takes of the labels itself, where smoothing or balance are asked for.

    Args:
        truth: for `single` (rows,) class indices; for `multi` (rows, classes) of 0 and 1.
        smoothing: of labels; Szegedy et al., arXiv:1512.00567.
        weights: of classes.
    """

    def __init__(self, truth: torch.Tensor, *, smoothing: float, weights: torch.Tensor | None) -> None:
        self._truth = truth
        self._smoothing = smoothing
        self._weights = weights

    def __call__(self, logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """The mean loss of a batch of logits (batch, classes)."""
        from torch.nn import functional

        truth = self._truth[rows.cpu()].to(logits.device)
        weights = None if self._weights is None else self._weights.to(logits.device)
        if truth.ndim == 1:
            return functional.cross_entropy(logits.float(), truth, weight=weights, label_smoothing=self._smoothing)
        soft = truth * (1 - self._smoothing) + 0.5 * self._smoothing
        return functional.binary_cross_entropy_with_logits(logits.float(), soft, pos_weight=weights)


class Learner(torch.nn.Module):
    """A module with its adapter's loss as forward pass, so that it can be wrapped for several processes.

    Args:
        module: what `FineTuner.trainable` returned.
        adapter, target: whose.
        learnable: names of the parameters that learn.
        objective: in the place of the adapter's own loss while training.
        resting: True where all that is frozen rests (`head`): without dropout, and with the averages of its norms kept.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        adapter: FineTuner,
        target: Target,
        learnable: Iterable[str],
        *,
        objective: Objective | None = None,
        resting: bool = False,
    ) -> None:
        super().__init__()
        self.module = module
        self._adapter = adapter
        self._target = target
        self._objective = objective
        self._resting = resting
        self._learnable = frozenset(learnable)
        self._rests: list[torch.nn.Module] = []
        self.learn(self._learnable)

    def forward(self, batch: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss and outputs."""
        given = {name: value for name, value in batch.items() if name != ROWS}
        loss, outputs = self._adapter.loss(self.module, given, self._target)
        if self._objective is not None and self.training:
            loss = self._objective(outputs, batch[ROWS])
        return loss, outputs

    def train(self, mode: bool = True) -> Learner:
        """As `torch.nn.Module.train`, but what is frozen stays as it is."""
        super().train(mode)
        if mode:
            for part in self._rests:
                part.eval()
        return self

    def learn(self, names: Iterable[str]) -> None:
        """Let only these parameters learn, of those that may."""
        wanted = set(names)
        for name, value in self.module.named_parameters():
            if name in self._learnable:
                value.requires_grad_(name in wanted)
                if name not in wanted:
                    value.grad = None
        self._rests = self._frozen()

    def state(self) -> dict[str, torch.Tensor]:
        """What training may change: parameters that learn, and buffers that are stored; the tensors themselves."""
        stored = self.module.state_dict(keep_vars=True)
        parameters = {n: p.data for n, p in self.module.named_parameters() if n in self._learnable}
        known = {name for name, _ in self.module.named_parameters(remove_duplicate=False)}
        return parameters | {n: b for n, b in stored.items() if n not in known and isinstance(b, torch.Tensor)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take over a state, in place."""
        mine = self.state()
        if mine.keys() != state.keys():
            odd = ", ".join(sorted(mine.keys() ^ state.keys())[:5])
            raise BadOption(f"the saved state is of another training: {odd}", "Start a new run.")
        with torch.no_grad():
            for name, tensor in mine.items():
                tensor.copy_(state[name])

    def _frozen(self) -> list[torch.nn.Module]:
        """The largest parts that rest: whose parameters are all frozen."""
        found: list[torch.nn.Module] = []
        waiting: list[torch.nn.Module] = [self.module]
        while waiting:
            part = waiting.pop()
            parameters = list(part.parameters())
            if not parameters or any(p.requires_grad for p in parameters):
                waiting += part.children()
            elif self._resting or isinstance(part, _AVERAGING):
                found.append(part)
            else:
                waiting += part.children()
        return found


def groups_of(module: torch.nn.Module, layers: Sequence[Sequence[str]]) -> dict[str, int]:
    """For each parameter's name the number of its group, by the longest name that it lies below; else the first."""
    by_name = {name: number for number, names in enumerate(layers) for name in names}

    def group(parameter: str) -> int:
        name = parameter
        while name:
            if name in by_name:
                return by_name[name]
            name = name.rpartition(".")[0]
        return by_name.get("", 0)

    return {name: group(name) for name, _ in module.named_parameters()}


def parameter_groups(
    module: torch.nn.Module, groups: Mapping[str, int], *, rate: float, decay: float, weight_decay: float
) -> list[dict[str, Any]]:
    """What AdamW takes: each layer at its rate, biases and norms without weight decay.

    Rates by layer: Howard & Ruder, "Universal language model fine-tuning", arXiv:1801.06146, section 3.2.
    """
    last = max(groups.values(), default=0)
    made: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, value in module.named_parameters():
        if not value.requires_grad:
            continue
        key = (groups[name], value.ndim > 1)
        if key not in made:
            layer_rate = rate * decay ** (last - key[0])
            made[key] = {"params": [], "lr": layer_rate, "weight_decay": weight_decay if key[1] else 0.0}
        made[key]["params"].append(value)
    return [made[key] for key in sorted(made, reverse=True)]
