"""The zoo's text domain: embeddings, ranking, classification, entities, answers, translation, generation, words.

This module only names things; torch and transformers are imported when a loader or runner is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_finetuners", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """Models delivered by packages, then well-known ones on the hub."""
    from zoo_nlp.cards import cards

    return cards()


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`transformers` folders, GGUF files and word vectors."""
    return {
        "gguf": "zoo_nlp.gguf_loader:GgufLoader",
        "transformers": "zoo_nlp.transformers_loader:TransformersLoader",
        "word-vectors": "zoo_nlp.word_vectors:WordVectorsLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """One runner per loader and task."""
    return {
        ("gguf", "text-generation"): "zoo_nlp.generation:TextGeneration",
        ("transformers", "feature-extraction"): "zoo_nlp.embedding:SentenceEmbedding",
        ("transformers", "fill-mask"): "zoo_nlp.fill_mask:FillMask",
        ("transformers", "protein-folding"): "zoo_nlp.folding:ProteinFolding",
        ("transformers", "question-answering"): "zoo_nlp.answering:QuestionAnswering",
        ("transformers", "sentence-similarity"): "zoo_nlp.embedding:SentenceSimilarity",
        ("transformers", "summarization"): "zoo_nlp.text_to_text:Summarization",
        ("transformers", "text-classification"): "zoo_nlp.classification:TextClassification",
        ("transformers", "text-generation"): "zoo_nlp.generation:TextGeneration",
        ("transformers", "text-ranking"): "zoo_nlp.ranking:TextRanking",
        ("transformers", "token-classification"): "zoo_nlp.entities:TokenClassification",
        ("transformers", "translation"): "zoo_nlp.text_to_text:Translation",
        ("transformers", "zero-shot-classification"): "zoo_nlp.zero_shot:ZeroShotClassification",
        ("word-vectors", "feature-extraction"): "zoo_nlp.word_vectors:WordEmbedding",
        ("word-vectors", "word-analogy"): "zoo_nlp.word_vectors:WordAnalogy",
    }


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """How models learn classes, tags, likeness, hidden words, and to write."""
    return {
        ("gguf", "text-generation"): "zoo_nlp.adapters.writing:GgufWriter",
        ("transformers", "feature-extraction"): "zoo_nlp.adapters.embedding:SentenceEmbedder",
        ("transformers", "fill-mask"): "zoo_nlp.adapters.masking:MaskedWords",
        ("transformers", "text-classification"): "zoo_nlp.adapters.classification:TextClassifier",
        ("transformers", "text-generation"): "zoo_nlp.adapters.writing:Writer",
        ("transformers", "token-classification"): "zoo_nlp.adapters.tagging:TokenTagger",
    }
