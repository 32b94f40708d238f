"""Loads folders of text models in the form of transformers: config.json, safetensors, tokenizer files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from zoo.cards import ModelCard
from zoo.errors import BadCard
from zoo.plugin import Checkpoint, LoadContext, PretrainedLoader
from zoo_nlp.pooling import PooledClassifier, Pooling

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["POOLED_LINEAR", "TransformersLoader"]

POOLED_LINEAR = "pooled-linear"


class TransformersLoader(PretrainedLoader):
    """Builds the class that the card's tasks need and maps the weights in."""

    # Tasks that need no head run on the body of any of them.
    heads: ClassVar[Mapping[str, str]] = {
        "fill-mask": "AutoModelForMaskedLM",
        "protein-folding": "EsmForProteinFolding",
        "question-answering": "AutoModelForQuestionAnswering",
        "summarization": "AutoModelForSeq2SeqLM",
        "text-classification": "AutoModelForSequenceClassification",
        "text-generation": "AutoModelForCausalLM",
        "text-ranking": "AutoModelForSequenceClassification",
        "token-classification": "AutoModelForTokenClassification",
        "translation": "AutoModelForSeq2SeqLM",
        "zero-shot-classification": "AutoModelForSequenceClassification",
    }

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """The module in evaluation mode; raises as `PretrainedLoader.load` does."""
        if checkpoint.card.config.get("head") != POOLED_LINEAR:
            return super().load(checkpoint, context)
        return self._pooled(checkpoint, context, self.config(checkpoint), checkpoint.tensors())

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """The module on the meta device; see `PretrainedLoader.blank`."""
        if card.config.get("head") != POOLED_LINEAR:
            return super().blank(card)
        encoder = super().blank(card.replace(task="feature-extraction", tasks=()))
        with torch.device("meta"):
            return PooledClassifier(encoder, Pooling(), len(card.config.get("labels", ()))).eval()

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Token ids with their mask; see `zoo.plugin.Loader.sample`."""
        return super().sample(card, module.encoder if isinstance(module, PooledClassifier) else module, batch, length)

    def _pooled(
        self,
        checkpoint: Checkpoint,
        context: LoadContext,
        config: PretrainedConfig,
        tensors: Mapping[str, torch.Tensor],
    ) -> PooledClassifier:
        labels = checkpoint.card.config.get("labels")
        if not labels:
            raise BadCard(f"{checkpoint.card.id}: its card lacks the labels of its head")
        encoder = self.build(checkpoint, context, config, tensors, "AutoModel")
        with context.no_init():
            module = PooledClassifier(encoder, Pooling.read(checkpoint), len(labels)).to(context.dtype)
        own = checkpoint.head_tensors().keys()
        inner = self.renamer(encoder, {name: tensor for name, tensor in tensors.items() if name not in own})

        def rename(name: str) -> str | None:
            made = name if name in own else inner(name)
            return made if made is None or name in own else f"encoder.{made}"

        context.assign(module, tensors, rename=rename)
        return module.to(context.device).eval()
