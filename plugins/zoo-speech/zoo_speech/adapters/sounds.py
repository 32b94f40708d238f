"""Audio classification: a linear head on the mean of an encoder's states, alone or with the encoder."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.errors import BadData
from zoo.plugin import HEAD_FILE, FineTuner, Head, Target, Trained
from zoo_speech.adapters.keeping import WEIGHTS, dropped, keep_weights
from zoo_speech.adapters.parts import called, layer_groups, layer_list
from zoo_speech.audio import RATE
from zoo_speech.heads import POOLED_LINEAR, SoundClassifier, encoder_of, pooled
from zoo_speech.hearing import Heard, Sounds, WhisperSounds
from zoo_speech.whisper_loader import ENCODER

if TYPE_CHECKING:
    import random

__all__ = ["SpeakerSoundTuner", "TransformersSoundTuner", "WhisperSoundTuner"]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A part of a recording, and the number of its class."""

    heard: Heard
    label: int

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.heard.values.nbytes


class SoundTuner(FineTuner):
    """What the encoders of all libraries share.

    The features are what the head sees: the mean of the encoder's last states over the time in which there is sound,
    of the spectrogram transformer its pooled vector. The head is one linear layer; the classifier that a base may have
    is not kept. Recordings are not varied while learning: what keeps a model from learning few by heart is dropout, and
    of a recording longer than 30 s one part is learnt from in each epoch. It is validated on the first.
    """

    methods: ClassVar[tuple[str, ...]] = ("probe", "head", "lora", "full")
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 5e-4, "full": 1e-4}

    @property
    def runner(self) -> Any:
        """The task's runner, which hears recordings."""
        raise TypeError(f"{type(self).__name__} does not define runner")

    def features(self, module: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """What a head sees (batch, dimensions); raises `UnknownTask` for a model that is no encoder of sound."""
        return pooled(encoder_of(module, self.checkpoint.card.id), batch)

    def head(self, weight: Tensor, bias: Tensor, target: Target) -> Head:
        """The head as `SoundClassifier` names its parts."""
        return _head(weight, bias, target)

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """A `SoundClassifier` on the module's encoder, with a new head; raises as `features`."""
        encoder = encoder_of(module, self.checkpoint.card.id)
        # Both take numbers from global generators; the one fails for recordings of less than a fifth of a second.
        for name, off in (("apply_spec_augment", False), ("layerdrop", 0.0), ("encoder_layerdrop", 0.0)):
            if hasattr(encoder.config, name):
                setattr(encoder.config, name, off)
        return SoundClassifier(encoder, len(target.labels)).requires_grad_(True)

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Example:
        """The recording as the model hears it, of a long one a part; see the base class."""
        if label not in target.labels:
            raise BadData(f"the label {label!r} is none of those that are learnt: {', '.join(target.labels[:10])}")
        parts = self.runner.prepare(value, self.runner.Options())
        heard = next(iter(parts)) if draw is None else _drawn(list(parts), draw)
        return Example(heard=heard, label=target.labels.index(label))

    def batch(self, examples: Sequence[Example], target: Target) -> dict[str, Tensor]:
        """What the runner collates, and `labels` (batch,)."""
        made: dict[str, Tensor] = self.runner.collate([example.heard for example in examples])
        return {**made, "labels": torch.tensor([example.label for example in examples])}

    def loss(self, module: Any, batch: Mapping[str, Tensor], target: Target) -> tuple[Tensor, Tensor]:
        """Cross entropy, and the logits (batch, classes)."""
        logits = module(**{name: value for name, value in batch.items() if name != "labels"}).logits.float()
        return functional.cross_entropy(logits, batch["labels"]), logits

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """What hears the sound first, each layer of the encoder, and the head."""
        return [*layer_groups(module, "encoder"), ["head"]]

    def lora(self, module: nn.Module) -> Sequence[str]:
        """The linear layers of the encoder's layers, of attention and feed-forward parts alike."""
        noise = torch.randn(RATE, generator=torch.Generator().manual_seed(0)).numpy() * 0.1
        heard = next(iter(self.runner.prepare((noise, RATE), self.runner.Options())))
        place = next(module.parameters())
        batch = {name: value.to(place.device) for name, value in self.runner.collate([heard]).items()}
        return called(module, [layer_list(module, "encoder")], lambda: module(**batch))

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """The head, and with `full` the encoder; see the base class."""
        keep_weights(module.head, folder / HEAD_FILE, prefix="head.")
        if method != "full":
            return Trained(files=(HEAD_FILE,), config=_config(target))
        self.keep_encoder(module.encoder, folder)
        files = tuple(sorted(path.name for path in folder.iterdir()))
        return Trained(files=files, drop=dropped(self.checkpoint, files), config=_config(target))

    def keep_encoder(self, encoder: Any, folder: Path) -> None:
        """Write an encoder's weights as the loader reads them."""
        keep_weights(encoder, folder / WEIGHTS)


class SpeakerSoundTuner(FineTuner):
    """The voice encoder: a head on the voice, which is the mean of its partial utterances."""

    def features(self, module: Any, batch: Tensor) -> Tensor:
        """Voices (batch, 256) of partial utterances; the core takes their mean."""
        made: Tensor = module(batch)
        return made

    def head(self, weight: Tensor, bias: Tensor, target: Target) -> Head:
        """See the base class."""
        return _head(weight, bias, target)


class TransformersSoundTuner(SoundTuner):
    """wav2vec 2.0, HuBERT, WavLM, UniSpeech, data2vec, SEW, the spectrogram transformer, with any head or none."""

    @functools.cached_property
    def runner(self) -> Sounds:
        """See the base class."""
        return Sounds(self.checkpoint)


class WhisperSoundTuner(SoundTuner):
    """Whisper's encoder; what is made of it has no decoder, and hears windows of 30 s."""

    @functools.cached_property
    def runner(self) -> WhisperSounds:
        """See the base class."""
        return WhisperSounds(self.checkpoint)

    def keep_encoder(self, encoder: Any, folder: Path) -> None:
        """Weights under the names that they have in a whole Whisper, and its configuration."""
        keep_weights(encoder, folder / WEIGHTS, prefix=ENCODER)
        encoder.config.to_json_file(folder / "config.json")


def _head(weight: Tensor, bias: Tensor, target: Target) -> Head:
    return Head(tensors={"head.weight": weight, "head.bias": bias}, config=_config(target))


def _config(target: Target) -> dict[str, Any]:
    return {"head": POOLED_LINEAR, **target.config}


def _drawn(parts: list[Heard], draw: random.Random) -> Heard:
    return parts[draw.randrange(len(parts))] if len(parts) > 1 else parts[0]
