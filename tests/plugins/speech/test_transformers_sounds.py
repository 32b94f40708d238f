"""transformers' speech and sound models: tiny ones with random weights, against transformers' own pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from zoo_speech.transformers_decoders import decoder_cards
from zoo_speech.transformers_loader import TransformersAudioLoader
from zoo_speech.transformers_recognition import recognition_cards
from zoo_speech.transformers_runners import SoundClassification, SoundOptions
from zoo_speech.transformers_sounds import sound_cards
from zoo_speech.transformers_transcribe import TransformersTranscribe

from zoo.cards import ModelCard
from zoo.errors import BadOption, NotInstalled, UnsupportedFormat
from zoo.models.context import Context
from zoo.plugin import Checkpoint

CARDS = [*recognition_cards(), *decoder_cards(), *sound_cards()]
RATE = 16_000
LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C")
SMALL = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "conv_dim": (8, 8),
    "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip


def saved(folder: Path, module: Any, *parts: Any) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)


def opened(folder: Path, runner: Any, task: str, architecture: str) -> tuple[Any, Any]:
    card = ModelCard(
        id="tiny",
        task=task,
        library="transformers",
        loader="transformers-audio",
        architecture=architecture,
        languages=("en",),
    )
    checkpoint = Checkpoint(card=card, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersAudioLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module, runner(checkpoint)


def run(module: Any, runner: Any, values: list[Any], together: bool = False) -> list[Any]:
    options, results = runner.Options(), []
    prepared = [list(runner.prepare(value, options)) for value in values]
    with torch.inference_mode():
        if together:
            flat = [example for examples in prepared for example in examples]
            return list(runner.finish(runner.forward(module, runner.collate(flat), options), flat, options))
        for examples in prepared:
            outputs = runner.forward(module, runner.collate(examples), options)
            results.append(runner.merge(list(runner.finish(outputs, examples, options)), options))
    return results


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.2, int(seconds * RATE)).astype(np.float32)


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A wav2vec 2.0 of one small layer or two, that writes A, B and C; its feature extractor asks for a mask."""
    (tmp_path / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(LETTERS)}))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"))
    config = transformers.Wav2Vec2Config(
        vocab_size=len(LETTERS), pad_token_id=0, feat_extract_norm="layer", do_stable_layer_norm=True, **SMALL
    )
    extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True)
    saved(tmp_path, transformers.Wav2Vec2ForCTC(config), tokenizer, extractor)
    return tmp_path


def test_letters_are_transformers(letters: Path) -> None:
    module, runner = opened(letters, TransformersTranscribe, "automatic-speech-recognition", "Wav2Vec2ForCTC")
    (found,) = run(module, runner, [(noise(2), RATE)])
    wanted = transformers.pipeline("automatic-speech-recognition", model=str(letters), device="cpu")(noise(2))
    assert found.text == wanted["text"].strip() != ""
    assert found.language == "en"
    assert [(segment.start, segment.end) for segment in found.segments] == [(0.0, 2.0)]


def test_a_padded_batch_is_each_recording_alone(letters: Path) -> None:
    module, runner = opened(letters, TransformersTranscribe, "automatic-speech-recognition", "Wav2Vec2ForCTC")
    values = [(noise(2), RATE), (noise(1, seed=1), RATE)]
    assert [found.text for found in run(module, runner, values, together=True)] == [
        found.text for found in run(module, runner, values)
    ]


def test_a_long_recording_is_heard_in_windows(letters: Path) -> None:
    module, runner = opened(letters, TransformersTranscribe, "automatic-speech-recognition", "Wav2Vec2ForCTC")
    (found,) = run(module, runner, [(noise(65), RATE)])
    assert len(found.segments) >= 3
    assert found.segments[0].start == 0
    assert found.segments[-1].end == pytest.approx(65)
    assert found.text == " ".join(segment.text for segment in found.segments)


def test_silence_has_no_words(letters: Path) -> None:
    _, runner = opened(letters, TransformersTranscribe, "automatic-speech-recognition", "Wav2Vec2ForCTC")
    assert list(runner.prepare((np.zeros(RATE, np.float32), RATE), runner.Options())) == []


def test_missing_letters_are_named(letters: Path) -> None:
    module, runner = opened(letters, TransformersTranscribe, "automatic-speech-recognition", "Wav2Vec2ForCTC")
    (letters / "vocab.json").unlink()
    with pytest.raises(NotInstalled, match=r"vocab\.json"):
        run(module, runner, [(noise(1), RATE)])


def test_a_model_that_writes_otherwise_is_refused(letters: Path) -> None:
    card = ModelCard(
        id="tiny", task="automatic-speech-recognition", library="transformers", loader="x", architecture="X"
    )
    with pytest.raises(UnsupportedFormat, match="CTC"):
        TransformersTranscribe(Checkpoint(card=card, path=letters, revision="0" * 64))


def names(count: int) -> dict[str, Any]:
    return {"id2label": {n: f"sound {n}" for n in range(count)}, "label2id": {f"sound {n}": n for n in range(count)}}


@pytest.mark.parametrize("kind", ["ASTForAudioClassification", "Wav2Vec2ForSequenceClassification"])
def test_sounds_are_transformers(tmp_path: Path, kind: str) -> None:
    if kind.startswith("AST"):
        size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        config: Any = transformers.ASTConfig(**size, max_length=64, num_mel_bins=32, **names(4))
        extractor: Any = transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32)
    else:
        config = transformers.Wav2Vec2Config(classifier_proj_size=8, **SMALL, **names(4))
        extractor = transformers.Wav2Vec2FeatureExtractor()
    saved(tmp_path, getattr(transformers, kind)(config), extractor)
    module, runner = opened(tmp_path, SoundClassification, "audio-classification", kind)
    (found,) = run(module, runner, [(noise(1), RATE)])
    wanted = transformers.pipeline("audio-classification", model=str(tmp_path), device="cpu")(noise(1), top_k=4)
    assert [label.label for label in found.labels] == [row["label"] for row in wanted]
    assert [label.score for label in found.labels] == pytest.approx([row["score"] for row in wanted], abs=1e-4)


def test_no_labels_at_all_are_refused() -> None:
    with pytest.raises(BadOption, match="top_k"):
        SoundOptions(top_k=0)


# The tables


def test_there_are_models_of_every_kind() -> None:
    assert len(CARDS) >= 110
    german = [card for card in CARDS if "de" in card.languages and "german" in card.tags]
    assert {card.task for card in german} >= {"automatic-speech-recognition", "text-to-speech"}


@pytest.mark.parametrize(
    "card", [c for c in CARDS if c.facts.get("parameters", "").startswith("counted")], ids=lambda card: card.id
)
def test_what_is_said_to_be_counted_is(card: ModelCard) -> None:
    module = TransformersAudioLoader().blank(card)
    assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters
