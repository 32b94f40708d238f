"""Well-known text models on the hub, by the hub's own names.

Only what their hub pages state is written here; sizes and parameters come from the files when a model is pulled.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from zoo.cards import Licence, Metric, ModelCard, Source

__all__ = ["hub_cards"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the hub page of one model states."""

    id: str
    architecture: str
    task: str
    summary: str
    licence: str
    family: str
    tasks: tuple[str, ...] = ()
    arxiv: str | None = None
    base: str | None = None
    languages: tuple[str, ...] = ("en",)
    datasets: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()


BERT_DATA = ("bookcorpus", "wikipedia")
SIMILAR = ("sentence-similarity",)

ROWS = (
    Row(
        id="google-bert/bert-base-uncased",
        architecture="BertForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="BERT base for lower-cased English.",
        licence="Apache-2.0",
        family="bert",
        arxiv="1810.04805",
        datasets=BERT_DATA,
    ),
    Row(
        id="google-bert/bert-base-cased",
        architecture="BertForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="BERT base for English with its capital letters.",
        licence="Apache-2.0",
        family="bert",
        arxiv="1810.04805",
        datasets=BERT_DATA,
    ),
    Row(
        id="distilbert/distilbert-base-uncased",
        architecture="DistilBertForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="BERT base, distilled to half as many layers.",
        licence="Apache-2.0",
        family="distilbert",
        arxiv="1910.01108",
        datasets=BERT_DATA,
    ),
    Row(
        id="distilbert/distilbert-base-cased",
        architecture="DistilBertForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="BERT base with capital letters, distilled to half as many layers.",
        licence="Apache-2.0",
        family="distilbert",
        arxiv="1910.01108",
        datasets=BERT_DATA,
    ),
    Row(
        id="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        architecture="DistilBertForSequenceClassification",
        task="text-classification",
        tasks=("feature-extraction",),
        summary="Is an English film review positive or negative?",
        licence="Apache-2.0",
        family="distilbert",
        arxiv="1910.01108",
        base="distilbert/distilbert-base-uncased",
        datasets=("glue", "sst2"),
        metrics=(
            Metric(
                name="accuracy",
                value=91.3,
                dataset="sst2 (development set)",
                source="https://huggingface.co/distilbert/distilbert-base-uncased-finetuned-sst-2-english",
            ),
        ),
    ),
    Row(
        id="FacebookAI/roberta-base",
        architecture="RobertaForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="RoBERTa base, English.",
        licence="MIT",
        family="roberta",
        arxiv="1907.11692",
        datasets=BERT_DATA,
    ),
    Row(
        id="FacebookAI/xlm-roberta-base",
        architecture="XLMRobertaForMaskedLM",
        task="fill-mask",
        tasks=("feature-extraction",),
        summary="RoBERTa base for 94 languages.",
        licence="MIT",
        family="xlm-roberta",
        arxiv="1911.02116",
        languages=("multilingual",),
    ),
    Row(
        id="openai-community/gpt2",
        architecture="GPT2LMHeadModel",
        task="text-generation",
        summary="GPT-2, the smallest version; continues English text.",
        licence="MIT",
        family="gpt2",
    ),
    Row(
        id="distilbert/distilgpt2",
        architecture="GPT2LMHeadModel",
        task="text-generation",
        summary="GPT-2, distilled; continues English text.",
        licence="Apache-2.0",
        family="gpt2",
        datasets=("openwebtext",),
    ),
    Row(
        id="HuggingFaceTB/SmolLM2-135M-Instruct",
        architecture="LlamaForCausalLM",
        task="text-generation",
        summary="A very small English chat model.",
        licence="Apache-2.0",
        family="smollm2",
        arxiv="2502.02737",
    ),
    Row(
        id="sentence-transformers/all-MiniLM-L6-v2",
        architecture="BertModel",
        task="sentence-similarity",
        tasks=("feature-extraction",),
        summary="Sentence embeddings, 384 numbers a text; small, fast, English.",
        licence="Apache-2.0",
        family="minilm",
    ),
    Row(
        id="sentence-transformers/all-mpnet-base-v2",
        architecture="MPNetModel",
        task="sentence-similarity",
        tasks=("feature-extraction",),
        summary="Sentence embeddings by MPNet base, English.",
        licence="Apache-2.0",
        family="mpnet",
    ),
    Row(
        id="BAAI/bge-small-en-v1.5",
        architecture="BertModel",
        task="feature-extraction",
        tasks=SIMILAR,
        summary="Small text embeddings for search, English.",
        licence="MIT",
        family="bge",
    ),
)


def hub_cards() -> list[ModelCard]:
    """The cards of all rows; the files are those of the hub repository."""
    return [_card(row) for row in ROWS]


def _card(row: Row) -> ModelCard:
    page = f"https://huggingface.co/{row.id}"
    return ModelCard(
        id=row.id,
        task=row.task,
        tasks=row.tasks,
        summary=row.summary,
        library="transformers",
        loader="transformers",
        architecture=row.architecture,
        licence=Licence(weights=row.licence, source=page),
        sources=(Source(uri=f"hf:{row.id}"),),
        metrics=row.metrics,
        languages=row.languages,
        datasets=row.datasets,
        family=row.family,
        paper=f"https://arxiv.org/abs/{row.arxiv}" if row.arxiv else None,
        base=row.base,
        facts=MappingProxyType(
            {
                "licence, task, paper, languages, datasets": page,
                "architecture": "the class of transformers that the zoo builds for the task",
            }
        ),
    )
