"""Synonyms: tasks, languages and licence classes that exist, and phrases that are read as people mean them."""

from __future__ import annotations

import pytest

from zoo.catalog import synonyms
from zoo.catalog.query import Term, parse
from zoo.catalog.words import query_words
from zoo.licences import CLASSES
from zoo.tasks import TASKS


def test_the_tasks_are_those_of_the_vocabulary() -> None:
    assert set(synonyms.TASK_NAMES) == set(TASKS)


def test_each_task_is_found_by_its_own_name() -> None:
    for task in TASKS:
        assert task in synonyms.PHRASES[tuple(query_words(task))].tasks
        (term,) = parse(task).terms
        assert task in term.tasks


def test_phrases_are_as_queries_are_read() -> None:
    """A phrase with a capital or a hyphen could never be found."""
    for phrase in synonyms.PHRASES:
        assert query_words(" ".join(phrase)) == list(phrase)


def test_the_languages_are_iso_639() -> None:
    assert all(len(code) == 2 and name == name.lower() for name, code in synonyms.LANGUAGES.items())
    assert synonyms.LANGUAGES["german"] == "de"
    assert set(synonyms.LICENCES.values()) <= set(CLASSES)


@pytest.mark.parametrize(
    ("typed", "tasks"),
    [
        ("speech to text", {"automatic-speech-recognition"}),
        ("Speech-To-Text", {"automatic-speech-recognition"}),
        ("transcribe", {"automatic-speech-recognition"}),
        ("text to speech", {"text-to-speech"}),
        ("tts", {"text-to-speech"}),
        ("object detector", {"object-detection"}),
        ("segment", {"image-segmentation"}),
        ("translator", {"translation"}),
        ("summarise", {"summarization"}),
        ("ner", {"token-classification"}),
        ("qa", {"question-answering"}),
        ("chat", {"text-generation"}),
        ("llm", {"text-generation"}),
        ("caption", {"image-to-text"}),
        ("ocr", {"image-to-text"}),
        ("pose", {"keypoint-detection"}),
        ("depth", {"depth-estimation"}),
        ("embeddings", {"feature-extraction", "image-feature-extraction", "sentence-similarity"}),
        ("sentence embeddings", {"sentence-similarity"}),
        ("image classifier", {"image-classification"}),
        ("rerank", {"text-ranking"}),
        ("music genre", {"audio-classification"}),
    ],
)
def test_phrases_mean_tasks(typed: str, tasks: set[str]) -> None:
    (term,) = parse(typed).terms
    assert set(term.tasks) == tasks


def test_what_is_less_than_a_task_means_words() -> None:
    """ "Sentiment" is one kind of text classification: all classifiers would be the wrong answer."""
    (term,) = parse("sentiment").terms
    assert term == Term(("sentiment",), also=(("sst",), ("sst2",)))


def test_the_longest_phrase_counts_and_other_words_stay() -> None:
    assert parse("german speech to text wav2vec2").terms == (
        Term(("german",), langs=("de",)),
        Term(("speech", "to", "text"), tasks=("automatic-speech-recognition",)),
        Term(("wav2vec2",)),
    )


def test_words_that_say_nothing_need_not_fit() -> None:
    assert [term.words for term in parse("a model for depth").terms] == [("depth",)]
    assert [term.words for term in parse("the").terms] == [("the",)]
    assert [term.words for term in parse('depth "model"').terms] == [("depth",), ("model",)]


def test_a_pair_of_languages_or_a_family_is_a_hint() -> None:
    query = parse("translate english to german")
    assert [(term.words, term.langs) for term in query.terms] == [
        (("translate",), ()),
        (("english",), ("en",)),
        (("german",), ("de",)),
    ]
    assert query.hints == ("ende",)
    assert parse("german").hints == ()
    assert parse("sentence embeddings").hints == ("sentence",)
