"""From token vectors to one text vector, the way the checkpoint's sentence-transformers files say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from zoo.cards import check_file_path
from zoo.errors import BadCard, IntegrityError, UnsupportedFormat
from zoo.plugin import Checkpoint, read_object

__all__ = ["PooledClassifier", "Pooling", "encoder_of"]

# Names in `1_Pooling/config.json`, as written up to and since sentence-transformers 5.
_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
}
_KNOWN = frozenset(_MODES.values())


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """How token vectors become one vector.

    Attributes:
        mode: `mean` over the tokens, `cls` (the first), `lasttoken`, or `max`.
        normalise: scale the vector to length 1.
    """

    mode: str = "mean"
    normalise: bool = False

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> Pooling:
        """From `modules.json` and the pooling folder that it names; the plain mean where there is none.

        Raises:
            UnsupportedFormat: it names another module (a dense layer, say) or another way of pooling.
        """
        if not checkpoint.has("modules.json"):
            return cls()
        mode, normalise = "mean", False
        for kind, path in _modules(checkpoint):
            if kind == "Pooling":
                mode = _mode(checkpoint, f"{path}/config.json")
            elif kind == "Normalize":
                normalise = True
            elif kind != "Transformer":
                raise UnsupportedFormat(f"{checkpoint.card.id}: sentence-transformers module {kind} is not supported")
        return cls(mode=mode, normalise=normalise)

    def __call__(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors (batch, dimensions) in float32 of token vectors (batch, tokens, dimensions) and their mask.

        The mean is that of sentence-transformers' `Pooling`: over the tokens that the mask keeps, special ones too.
        """
        hidden = hidden.float()
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        if self.mode == "cls":
            made = hidden[:, 0]
        elif self.mode == "lasttoken":
            made = hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1) - 1]
        elif self.mode == "max":
            made = hidden.masked_fill(weights == 0, -torch.inf).amax(1)
        else:
            made = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(made, dim=1) if self.normalise else made


def _modules(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """Kind and folder of each module that modules.json lists."""
    content = checkpoint.read_json("modules.json")
    try:
        if not isinstance(content, list):
            raise TypeError("it is not a list")
        listed = [(str(module["type"]).rpartition(".")[2], str(module["path"])) for module in content]
        return [(kind, check_file_path(path) if path else path) for kind, path in listed]
    except (TypeError, KeyError, BadCard) as error:
        raise IntegrityError(f"{checkpoint.card.id}: modules.json is malformed: {error}") from error


def _mode(checkpoint: Checkpoint, name: str) -> str:
    config = read_object(checkpoint, name)
    stated = config.get("pooling_mode")
    modes = (
        [stated] if stated else [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    )
    found = [_MODES.get(str(mode), str(mode)) for mode in modes]
    if len(found) != 1 or found[0] not in _KNOWN:
        raise UnsupportedFormat(f"{checkpoint.card.id}: pooling {' + '.join(found) or 'of no kind'} is not supported")
    return found[0]


class PooledClassifier(nn.Module):
    """A text classifier: an encoder, pooling, and one linear layer.

    Args:
        encoder: a transformers model that gives `last_hidden_state`.
        pooling: from token vectors to a text vector.
        classes: how many.
    """

    def __init__(self, encoder: Any, pooling: Pooling, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.head = nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, **batch: torch.Tensor) -> Any:
        """Logits (batch, classes) as the attribute `logits`, as transformers' own classifiers give them."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        hidden = self.encoder(**batch).last_hidden_state
        vectors = self.pooling(hidden, batch["attention_mask"])
        return SequenceClassifierOutput(logits=self.head(vectors.to(self.head.weight.dtype)))


def encoder_of(module: Any) -> Any:
    """The part of a module that turns tokens into vectors: a model with a head is asked for its body."""
    return module.encoder if isinstance(module, PooledClassifier) else module.base_model
