"""Linear heads on encoders of sound: what speech models become when they are fine-tuned to classes of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zoo.errors import BadCard, UnknownTask
from zoo.plugin import Checkpoint, LoadContext

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["POOLED_LINEAR", "Headless", "SoundClassifier", "encoder_of", "has_head", "labels_of", "pooled", "with_head"]

# What a card's `config` says under `head`.
POOLED_LINEAR = "pooled-linear"

DROPOUT = 0.1  # before the head, as the small heads of SUPERB's tasks and BERT's have it
SPECTROGRAM = "audio-spectrogram-transformer"
_FRAMES_A_STATE = 2  # Whisper's second convolution halves the frames


class SoundClassifier(nn.Module):
    """An encoder of sound, the mean of its states over time, dropout while it learns, and one linear layer.

    Args:
        encoder: Whisper's encoder, or a body of transformers' as `encoder_of` gives it.
        outputs: how many.
    """

    def __init__(self, encoder: Any, outputs: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(encoder.config.hidden_size, outputs)

    def forward(self, **batch: Tensor) -> Any:
        """Logits (batch, outputs) as the attribute `logits`, as transformers' own classifiers give them."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        vectors = pooled(self.encoder, batch)
        return SequenceClassifierOutput(logits=self.head(self.dropout(vectors.to(self.head.weight.dtype))))


def pooled(encoder: Any, batch: Mapping[str, Tensor]) -> Tensor:
    """One vector (batch, dimensions) a recording: the mean of the last layer's states over those that are sound.

    Of the spectrogram transformer it is the vector that its own classifier sees, which heard the whole.

    Args:
        encoder: from `encoder_of`.
        batch: `input_values` or `input_features`, and which of it is sound: `frames` (batch,) of Whisper's windows, an
            `attention_mask` of others; without them, all is.
    """
    made = encoder(**{name: value for name, value in batch.items() if name != "frames"})
    if encoder.config.model_type == SPECTROGRAM:
        vectors: Tensor = made.pooler_output
        return vectors
    states: Tensor = made.last_hidden_state
    sounding = _sounding(encoder, states.shape[1], batch)
    if sounding is None:
        return states.mean(1)
    share = sounding.to(states.dtype)[..., None]
    return (states * share).sum(1) / share.sum(1).clamp(min=1)


def _sounding(encoder: Any, steps: int, batch: Mapping[str, Tensor]) -> Tensor | None:
    """Which states (batch, steps) are of sound; None where all are."""
    if (frames := batch.get("frames")) is not None:
        last = (frames + _FRAMES_A_STATE - 1) // _FRAMES_A_STATE
        return torch.arange(steps, device=frames.device)[None] < last[:, None]
    mask = batch.get("attention_mask")
    if mask is None or mask.shape[1] == steps:
        return mask
    made: Tensor = encoder._get_feature_vector_attention_mask(steps, mask)
    return made


def encoder_of(module: Any, model: str) -> Any:
    """The part of a module that turns sound into states.

    Args:
        module: of one of this plugin's torch loaders.
        model: its name, for messages.

    Raises:
        UnknownTask: it has none with states that can be pooled.
    """
    if isinstance(module, SoundClassifier):
        return module.encoder
    body = module.base_model
    if body.config.model_type == "whisper":
        return getattr(body, "encoder", body)
    hears = callable(getattr(body, "_get_feature_vector_attention_mask", None)) and not body.config.is_encoder_decoder
    if hears or body.config.model_type == SPECTROGRAM:
        return body
    raise UnknownTask(
        f"{model}: {type(body).__name__} is no encoder of sound on which a head for classes could stand",
        "Fine-tune another model, such as `whisper-base`.",
    )


class Headless(Checkpoint):
    """A checkpoint as it is without its separate head."""

    @classmethod
    def of(cls, checkpoint: Checkpoint, **changes: Any) -> Headless:
        """The same files; keywords change the card."""
        return cls(card=checkpoint.card.replace(**changes), path=checkpoint.path, revision=checkpoint.revision)

    def head_tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}


def has_head(card: ModelCard) -> bool:
    """Whether a card says that there is a linear head beside the weights."""
    return card.config.get("head") == POOLED_LINEAR


def labels_of(card: ModelCard) -> tuple[str, ...]:
    """The classes of a card's head, in the order of its outputs; raises `BadCard` where it names none."""
    labels = tuple(str(label) for label in card.config.get("labels") or ())
    if not labels:
        raise BadCard(f"{card.id}: its card lacks the labels of its head")
    return labels


def with_head(body: Any, checkpoint: Checkpoint, context: LoadContext) -> SoundClassifier:
    """A loaded module's encoder with the head that lies beside its weights, in evaluation mode.

    Raises:
        BadCard: the card does not name the head's classes.
        UnknownTask: the module has no encoder for it.
        WeightsMismatch: the head is for vectors of another width, or for another number of classes.
    """
    with context.no_init():
        made = SoundClassifier(encoder_of(body, checkpoint.card.id), len(labels_of(checkpoint.card))).to(context.dtype)
    context.assign(nn.ModuleDict({"head": made.head}), checkpoint.head_tensors())
    return made.to(context.device).eval()
