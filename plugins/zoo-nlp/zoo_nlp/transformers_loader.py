"""Loads folders of text models in the form of transformers: config.json, safetensors, tokenizer files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from zoo.cards import ModelCard
from zoo.errors import BadCard
from zoo.plugin import Checkpoint, LoadContext, PretrainedLoader
from zoo_nlp.heads import POOLED_LINEAR, TOKEN_LINEAR, Headed, encoder_of, headed
from zoo_nlp.pooling import Pooling

__all__ = ["TransformersLoader"]

HEADS = frozenset({POOLED_LINEAR, TOKEN_LINEAR})


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
        if checkpoint.card.config.get("head") not in HEADS:
            return super().load(checkpoint, context)
        if not checkpoint.card.config.get("labels"):
            raise BadCard(f"{checkpoint.card.id}: its card lacks the labels of its head")
        encoder = self._encoder(checkpoint, context)
        with context.no_init():
            module = headed(checkpoint.card, encoder, Pooling.of_head(checkpoint)).to(context.dtype)
        context.assign(torch.nn.ModuleDict({"head": module.head}), checkpoint.head_tensors())
        return module.to(context.device).eval()

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """The module on the meta device; see `PretrainedLoader.blank`."""
        if card.config.get("head") not in HEADS:
            return super().blank(card)
        encoder = encoder_of(super().blank(_body(card)))
        with torch.device("meta"):
            return headed(card, encoder, Pooling()).eval()

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Token ids with their mask; see `zoo.plugin.Loader.sample`."""
        return super().sample(card, module.encoder if isinstance(module, Headed) else module, batch, length)

    def _encoder(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """The encoder alone, of files that hold the whole model or, of one with a decoder too, its encoder."""
        body = _Headless(card=_body(checkpoint.card), path=checkpoint.path, revision=checkpoint.revision)
        config = self.config(checkpoint)
        if config.is_encoder_decoder:
            tensors = body.tensors()
            encoder = encoder_of(self.build(body, context, config, tensors, "AutoModel"))
            if tensors.keys() <= encoder.state_dict(keep_vars=True).keys():
                context.assign(encoder, tensors)
                return encoder
        return encoder_of(super().load(body, context))


class _Headless(Checkpoint):
    """A checkpoint as it is without its separate head."""

    def head_tensors(self) -> dict[str, torch.Tensor]:
        return {}


def _body(card: ModelCard) -> ModelCard:
    """The card of the same model for a task that needs no head."""
    return card.replace(task="feature-extraction", tasks=())
