"""What the text domain is tried by: tiny models with random weights, in the forms in which real ones come.

Imported by the conformance kit only (`zoo plugin check zoo-nlp`).
"""

from __future__ import annotations

from functools import partial

from zoo.plugin import Case
from zoo_nlp.conformance.gguf_files import gguf_llama
from zoo_nlp.conformance.proteins import folding
from zoo_nlp.conformance.transformers_folders import bart, bert, llama
from zoo_nlp.conformance.word_files import glove

__all__ = ["cases"]

FEW = {"max_new_tokens": 6}
WORDS = ("king", "queen", "Woman", "well-known")
SUMS = ("king", "king - man + woman", "queen + man - king")
LABELS = {"labels": "cat, dog, film"}


def cases() -> list[Case]:
    """One case for each loader and task."""
    return [*_encoders(), *_writers(), *_words(), *_proteins()]


def _encoders() -> list[Case]:
    body = partial(bert, head="BertModel", tasks=("feature-extraction", "sentence-similarity"))
    masked = partial(bert, head="BertForMaskedLM", tasks=("fill-mask",))
    asked = partial(bert, head="BertForQuestionAnswering", tasks=("question-answering",))
    tagged = partial(
        bert,
        head="BertForTokenClassification",
        tasks=("token-classification",),
        labels=("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    )
    ranking = partial(bert, head="BertForSequenceClassification", tasks=("text-ranking",), labels=("LABEL_0",))
    judging = partial(
        bert, head="BertForSequenceClassification", tasks=("text-classification",), labels=("bad", "fair", "good")
    )
    entailing = partial(
        bert,
        head="BertForSequenceClassification",
        tasks=("zero-shot-classification", "text-classification"),
        labels=("contradiction", "neutral", "entailment"),
    )
    return [
        Case(task="feature-extraction", make=body),
        Case(task="sentence-similarity", make=body),
        Case(task="fill-mask", make=masked, bad=("no word is hidden", "", 3.5)),
        Case(task="question-answering", make=asked, bad=("a text alone", ("", "a text"), 3.5)),
        Case(task="token-classification", make=tagged),
        Case(task="text-ranking", make=ranking),
        Case(task="text-classification", make=judging, golden="golden/text-classification.json", tolerance=1e-2),
        Case(task="zero-shot-classification", make=entailing, options=LABELS),
    ]


def _writers() -> list[Case]:
    return [
        Case(task="text-generation", make=llama, options=FEW),
        Case(task="text-generation", make=gguf_llama, options=FEW),
        Case(task="summarization", make=bart, options=FEW),
        Case(task="translation", make=bart, options=FEW),
    ]


def _words() -> list[Case]:
    unknown = ("zymurgy", "", 3.5)
    return [
        Case(task="feature-extraction", make=glove, inputs=WORDS, bad=(*unknown, "king queen")),
        Case(
            task="word-analogy",
            make=glove,
            inputs=SUMS,
            options={"k": 3},
            bad=(*unknown, "king - zymurgy", "king man"),
            golden="golden/word-analogy.json",
        ),
    ]


def _proteins() -> list[Case]:
    return [Case(task="protein-folding", make=folding, bad=("MKJ", "", 3.5))]
