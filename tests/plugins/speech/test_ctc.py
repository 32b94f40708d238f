"""transformers' recognisers with tiny random weights: words by letters (CTC), decoders that write, padding, windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from zoo_speech.transformers_loader import TransformersAudioLoader
from zoo_speech.transformers_transcribe import TransformersTranscribe

from zoo.cards import ModelCard
from zoo.errors import BadOption
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint

RATE = 16_000
LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C")
SMALL = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "conv_dim": (8, 8),
    "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
SIDES = {
    "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
}  # fmt: skip
TOKENS = {"vocab_size": 12, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.2, int(seconds * RATE)).astype(np.float32)


def saved(folder: Path, module: Any, *parts: Any) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    for part in (module.eval(), *parts):
        part.save_pretrained(folder)


def opened(folder: Path, architecture: str) -> tuple[Any, TransformersTranscribe]:
    card = ModelCard(
        id="tiny",
        task="automatic-speech-recognition",
        library="transformers",
        loader="transformers-audio",
        architecture=architecture,
        languages=("en",),
    )
    checkpoint = Checkpoint(card=card, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    return TransformersAudioLoader().load(checkpoint, context), TransformersTranscribe(checkpoint)


def heard(module: Any, runner: TransformersTranscribe, *seconds: float, **options: Any) -> list[Any]:
    values = [(noise(length, seed), RATE) for seed, length in enumerate(seconds)]
    return list(Engine(module, runner, batch=len(values)).run(values, runner.Options(**options)))


@pytest.fixture
def letters(tmp_path: Path):
    """`letters(mask)`: a wav2vec 2.0 that writes A, B and C; its feature extractor asks for a mask, or does not."""

    def make(mask: bool) -> tuple[Any, TransformersTranscribe]:
        (tmp_path / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(LETTERS)}))
        kind = {"feat_extract_norm": "layer", "do_stable_layer_norm": True} if mask else {}
        config = transformers.Wav2Vec2Config(vocab_size=len(LETTERS), pad_token_id=0, **kind, **SMALL)
        extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=mask)
        tokenizer = transformers.Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"))
        saved(tmp_path, transformers.Wav2Vec2ForCTC(config), tokenizer, extractor)
        return opened(tmp_path, "Wav2Vec2ForCTC")

    return make


def test_words_have_the_times_that_transformers_tells(letters, tmp_path):
    module, runner = letters(True)
    (found,) = heard(module, runner, 2.0, timestamps="word")
    pipe = transformers.pipeline("automatic-speech-recognition", model=str(tmp_path), device="cpu")
    wanted = pipe(noise(2), return_timestamps="word")
    words = [word for segment in found.segments for word in segment.words]
    assert [word.text for word in words] == [chunk["text"] for chunk in wanted["chunks"]]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == pytest.approx([time for chunk in wanted["chunks"] for time in chunk["timestamp"]], abs=0.006)
    assert " ".join(word.text for word in words) == found.text != ""


def test_words_of_a_long_recording_are_on_its_clock(letters):
    module, runner = letters(True)
    (found,) = heard(module, runner, 65.0, timestamps="word")
    starts = [word.start for segment in found.segments for word in segment.words]
    assert len(found.segments) == 3
    assert starts == sorted(starts)
    assert all(s.start <= w.start <= w.end <= s.end for s in found.segments for w in s.words)


def test_what_would_hear_its_padding_is_run_alone(letters):
    assert letters(True)[1].batch == 4
    assert letters(False)[1].batch == 1


@pytest.mark.parametrize(("given", "segments"), [(True, 1), ("segment", 1), (False, 0), ("none", 0)])
def test_times_that_are_wanted(letters, given, segments):
    (found,) = heard(*letters(True), 1.0, timestamps=given)
    assert len(found.segments) == segments
    assert not any(segment.words for segment in found.segments)


def test_unknown_times_are_refused(letters):
    _, runner = letters(True)
    with pytest.raises(BadOption, match="segment, word, none"):
        runner.prepare((noise(1), RATE), runner.Options(timestamps="letter"))


def written(folder: Path, kind: str) -> tuple[Any, Any, TransformersTranscribe]:
    """The model as made, the model as loaded, and the runner."""
    if kind.startswith("Moonshine"):
        config: Any = transformers.MoonshineConfig(
            hidden_size=16, intermediate_size=16, encoder_num_hidden_layers=1, decoder_num_hidden_layers=1,
            encoder_num_attention_heads=2, decoder_num_attention_heads=2, max_position_embeddings=24, **TOKENS,
            decoder_start_token_id=1,
        )  # fmt: skip
        extractor: Any = transformers.Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True)
    elif kind.startswith("Speech2Text"):
        config = transformers.Speech2TextConfig(
            d_model=16, max_target_positions=24, conv_channels=8, input_feat_per_channel=80, **SIDES, **TOKENS
        )
        extractor = transformers.Speech2TextFeatureExtractor()
    else:
        config = transformers.SpeechT5Config(max_text_positions=24, **SMALL, **SIDES, **TOKENS)
        extractor = transformers.SpeechT5FeatureExtractor()
    words = Tokenizer(models.WordLevel({f"w{n}": n for n in range(12)}, unk_token="w3"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="w0", bos_token="w1", eos_token="w2"
    )
    made = getattr(transformers, kind)(config)
    saved(folder, made, tokenizer, extractor)
    return (made, *opened(folder, kind))


@pytest.mark.parametrize(
    "kind", ["MoonshineForConditionalGeneration", "Speech2TextForConditionalGeneration", "SpeechT5ForSpeechToText"]
)
def test_decoders_write_what_transformers_own_writes(tmp_path, kind):
    made, module, runner = written(tmp_path, kind)
    (example,) = runner.prepare((noise(2), RATE), runner.Options())
    with torch.inference_mode():
        tokens = made.generate(**runner.collate([example]), max_new_tokens=13 if kind[0] == "M" else 23)[0]
    wanted = runner.tokenizer.decode(tokens, skip_special_tokens=True)
    (found,) = heard(module, runner, 2.0)
    assert found.text == wanted != ""
    assert [(s.start, s.end, s.text) for s in found.segments] == [(0.0, 2.0, wanted)]
    alone = [heard(module, runner, 2.0), [heard(module, runner, 2.0, 1.0)[0]]]
    assert alone[0] == alone[1]
    with pytest.raises(BadOption, match="when each word"):
        heard(module, runner, 1.0, timestamps="word")
