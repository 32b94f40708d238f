"""Which loader a model of the hub gets, by what the plugins supply."""

from __future__ import annotations

import pytest

from zoo.hubfeed import LeftOut, Loadable

LOADABLE = Loadable(
    runners=frozenset(
        {
            ("transformers", "text-classification"),
            ("transformers", "feature-extraction"),
            ("transformers-audio", "automatic-speech-recognition"),
            ("whisper", "automatic-speech-recognition"),
            ("timm", "image-classification"),
        }
    ),
    usual={
        ("transformers", "WhisperForConditionalGeneration", "automatic-speech-recognition"): "whisper",
        ("transformers", "Wav2Vec2ForCTC", "automatic-speech-recognition"): "transformers-audio",
        ("transformers", "GoneForCTC", "automatic-speech-recognition"): "gone",
        ("transformers", "BertModel", "feature-extraction"): "transformers",
    },
)


@pytest.mark.parametrize(
    ("library", "architecture", "task", "loader"),
    [
        ("transformers", "WhisperForConditionalGeneration", "automatic-speech-recognition", "whisper"),
        ("transformers", "HubertForCTC", "automatic-speech-recognition", "transformers-audio"),
        ("transformers", "GoneForCTC", "automatic-speech-recognition", "transformers-audio"),
        ("transformers", "NewForSequenceClassification", "text-classification", "transformers"),
        ("transformers", "NewForMaskedLM", "feature-extraction", "transformers"),
        ("timm", "resnet18", "image-classification", "timm"),
    ],
)
def test_loader(library: str, architecture: str, task: str, loader: str) -> None:
    LOADABLE.check(library, task)
    assert LOADABLE.loader(library, architecture, task) == loader


@pytest.mark.parametrize(
    ("library", "architecture", "task", "reason"),
    [
        ("transformers", "BertModel", "text-classification", "lacks the head"),
        ("transformers", "NewForSpeechSeq2Seq", "automatic-speech-recognition", "lacks the head"),
        ("transformers", "X", "depth-estimation", "no plugin runs"),
        ("keras", "X", "text-classification", "libraries that no plugin loads"),
    ],
)
def test_left_out(library: str, architecture: str, task: str, reason: str) -> None:
    with pytest.raises(LeftOut, match=reason):
        LOADABLE.check(library, task)
        LOADABLE.loader(library, architecture, task)


def test_sentence_transformers_are_read_by_transformers() -> None:
    assert LOADABLE.library("sentence-transformers") == "transformers"
    assert LOADABLE.library("fastai") == "fastai"
