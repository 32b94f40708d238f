from __future__ import annotations

import pytest

from zoo.catalog.words import clean, name_parts, name_words, query_words, stem


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("timm/resnet50.a1_in1k", ("timm", "resnet50.a1_in1k", "resnet50")),
        ("mobilenetv2_100", ("", "mobilenetv2_100", "mobilenetv2_100")),
        ("timm/flexivit_base.300ep_in1k", ("timm", "flexivit_base.300ep_in1k", "flexivit_base")),
        ("Qwen/Qwen2.5-0.5B", ("Qwen", "Qwen2.5-0.5B", "Qwen2.5-0.5B")),
        ("openai/whisper-tiny.en", ("openai", "whisper-tiny.en", "whisper-tiny")),
    ],
)
def test_parts_of_names(name: str, parts: tuple[str, str, str]):
    assert name_parts(name) == parts


@pytest.mark.parametrize(
    ("short", "expected"),
    [("resnet50", "resnet"), ("mobilenetv2_100", "mobilenetv2"), ("vit_base", "vit_base"), ("resnet-50", "resnet")],
)
def test_stems(short: str, expected: str):
    assert stem(short) == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet-50", "resnet 50 resnet50"),
        ("mobilenetv2_100", "mobilenetv2 mobilenet v2 100"),
        ("MiniLM-L6-v2", "minilm l6 l 6 v2 l6v2"),
        ("", ""),
    ],
)
def test_words_of_names(name: str, words: str):
    assert name_words(name) == words


def test_words_of_queries_hold_nothing_that_means_something_to_fts5():
    assert query_words('"Res*net" AND (x:y) -é_🙂') == ["res", "net", "and", "x", "y", "e"]
    assert query_words("a " * 10_000) == ["a"] * 16
    assert len(query_words("a" * 10_000)[0]) == 64


def test_clean_text_can_be_given_to_sqlite():
    assert clean(" a\0b\ud800 ") == "a b?"
