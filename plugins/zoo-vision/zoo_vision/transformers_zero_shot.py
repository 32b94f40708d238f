"""The runner that sorts pictures into labels of one's own: CLIP, SigLIP and their relatives."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import normalize

from zoo.errors import BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, option
from zoo.tasks import Classification, Label
from zoo_vision.transformers_runners import Pixels, ProcessedPictures, pooled

__all__ = ["ZeroShotOptions", "ZeroShotPictures"]

# One of these holds a tokenizer's words; without any, transformers makes an empty tokenizer and says nothing.
_WORDS = ("vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_KEPT = 8  # sets of labels whose vectors a runner remembers


@dataclass(frozen=True, kw_only=True)
class ZeroShotOptions:
    """Options of `ZeroShotPictures`."""

    labels: str = option("", "the labels to choose from, with commas between them; needed")
    template: str = option("a photo of {}", "the caption of a fitting picture; {} stands for the label")

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise BadOption("there are no labels to choose from", 'Name them: --set labels="cat, dog, car".')
        if len(set(names)) != len(names):
            raise BadOption(f"labels={self.labels!r} repeats a label")
        if "{}" not in self.template:
            raise BadOption(f"template={self.template!r} has no {{}}", "Write for example: a drawing of {}.")

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, one by one."""
        return tuple(name.strip() for name in self.labels.split(",") if name.strip())

    @property
    def captions(self) -> tuple[str, ...]:
        """The caption of each label."""
        return tuple(self.template.replace("{}", name) for name in self.names)


class ZeroShotPictures(ProcessedPictures):
    """Labels of one's own, best first: how near is the picture to the caption "a photo of <label>"?

    CLIP (https://arxiv.org/abs/2103.00020), Chinese CLIP and ALIGN compare the labels with each other: softmax over
    their scores. SigLIP (https://arxiv.org/abs/2303.15343) judges each by itself: sigmoid, so that all of them may be
    low. The captions go through the model once for a set of labels, and their vectors are kept.
    """

    Options = ZeroShotOptions

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._vectors: dict[tuple[str, ...], Tensor] = {}

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the checkpoint; raises `NotInstalled` without files, `UnsupportedFormat` for broken ones."""
        from transformers import AutoTokenizer

        if not any(map(self.checkpoint.has, _WORDS)):
            self.checkpoint.file("tokenizer.json")
        folder = str(self.checkpoint.path)
        try:
            made = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            made(["a"])
        except Exception as error:  # tokenizers fail in their own ways on absent and malformed files
            line = str(error).strip().partition("\n")[0]
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id}: its tokenizer cannot be read: {line}",
                f"Pull it again: `zoo rm {self.checkpoint.card.id}`, `zoo pull {self.checkpoint.card.id}`.",
            ) from error
        return made

    def forward(self, module: Any, batch: Tensor, options: ZeroShotOptions) -> Tensor:
        """A score for each label (batch, labels), 0 to 1, float32."""
        pictures = normalize(pooled(module.get_image_features(pixel_values=batch)), dim=-1)
        captions = self._captions(module, options.captions).to(pictures)
        scale = 1 / module.temperature if hasattr(module, "temperature") else module.logit_scale.exp()
        scores = pictures @ captions.T * scale.float()
        if hasattr(module, "logit_bias"):
            return (scores + module.logit_bias.float()).sigmoid()
        return scores.softmax(-1)

    def finish(self, outputs: Tensor, examples: Sequence[Pixels], options: ZeroShotOptions) -> Sequence[Classification]:
        """All labels of each picture, best first."""
        scores, order = (found.tolist() for found in outputs.cpu().sort(descending=True, stable=True))
        return [
            Classification(tuple(Label(options.names[i], score) for i, score in zip(best, row, strict=True)))
            for best, row in zip(order, scores, strict=True)
        ]

    def _captions(self, module: Any, captions: tuple[str, ...]) -> Tensor:
        """Vectors of length one (captions, dimensions), float32; the oldest set makes room for a new one."""
        if captions not in self._vectors:
            tokens = self._tokens(module, captions)
            made = pooled(module.get_text_features(**{name: ids.to(module.device) for name, ids in tokens.items()}))
            if len(self._vectors) >= _KEPT:
                del self._vectors[next(iter(self._vectors))]
            self._vectors[captions] = normalize(made, dim=-1)
        return self._vectors[captions]

    def _tokens(self, module: Any, captions: tuple[str, ...]) -> dict[str, Tensor]:
        """The captions as token ids; SigLIP was trained on captions padded to its full length."""
        longest = getattr(getattr(module.config, "text_config", None), "max_position_embeddings", None)
        if longest is None:
            raise UnsupportedFormat(f"{self.checkpoint.card.id}: {type(module).__name__} takes no captions")
        if max(map(len, self.tokenizer(list(captions), verbose=False)["input_ids"])) > longest:
            raise BadOption(f"a label with its template is longer than the model's {longest} tokens", "Shorten it.")
        full = {"padding": "max_length", "max_length": longest}
        padding = full if hasattr(module, "logit_bias") else {"padding": True}
        return dict(self.tokenizer(list(captions), return_tensors="pt", **padding))
