"""From token vectors to one text vector, the way the checkpoint's sentence-transformers files say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from zoo.cards import check_file_path
from zoo.errors import BadCard, IntegrityError, UnsupportedFormat
from zoo.plugin import Checkpoint, read_object

__all__ = ["Pooling"]

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

    @classmethod
    def of_head(cls, checkpoint: Checkpoint) -> Pooling:
        """What a linear head stands on: as the card says (`pooling`), else as the files do, else as it suits the model.

        Models that write on take the last token, which alone has seen the whole text.
        """
        if mode := checkpoint.card.config.get("pooling"):
            if mode not in _KNOWN:
                raise UnsupportedFormat(f"{checkpoint.card.id}: pooling {mode} is not supported")
            return cls(mode=mode)
        if not checkpoint.has("modules.json") and _looks_back(checkpoint):
            return cls(mode="lasttoken")
        return cls.read(checkpoint)

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


def _looks_back(checkpoint: Checkpoint) -> bool:
    """Whether each token sees only those before it: transformers has the model for writing and not for filling in."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as WRITING
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as FILLING

    stated: Any = read_object(checkpoint, "config.json") if checkpoint.has("config.json") else checkpoint.card.config
    kind = stated.get("model_type")
    return kind in WRITING and kind not in FILLING and not stated.get("is_encoder_decoder")


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
