"""Texts spoken by a tiny VITS with random weights, against the model's own forward with the same seed."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from zoo_speech.transformers_loader import TransformersAudioLoader
from zoo_speech.transformers_voices import Speak, SpeechOptions

from zoo.cards import ModelCard
from zoo.errors import BadData, BadOption, UnsupportedFormat
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint
from zoo.tasks import Speech

RATE = 8_000
SMALL = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 32, "flow_size": 16,
    "spectrogram_bins": 9, "duration_predictor_filter_channels": 16, "upsample_initial_channel": 16,
    "upsample_rates": [4, 4], "upsample_kernel_sizes": [8, 8], "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]], "prior_encoder_num_flows": 2, "prior_encoder_num_wavenet_layers": 1,
    "posterior_encoder_num_wavenet_layers": 1, "depth_separable_num_layers": 1, "duration_predictor_num_flows": 2,
    "wavenet_dilation_rate": 1, "sampling_rate": RATE,
}  # fmt: skip


def voice(folder: Path, *, speakers: int = 1, **tokens: Any) -> Any:
    """A VITS that speaks the letters a to z, saved in a folder; its module."""
    torch.manual_seed(0)
    letters = ("<pad>", " ", *"abcdefghijklmnopqrstuvwxyz'", "<unk>")
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    config = transformers.VitsConfig(
        vocab_size=len(letters), num_speakers=speakers, speaker_embedding_size=8 if speakers > 1 else 0, **SMALL
    )
    module = transformers.VitsModel(config).eval()
    module.save_pretrained(folder)
    transformers.VitsTokenizer(str(folder / "vocab.json"), **{"phonemize": False, **tokens}).save_pretrained(folder)
    return module


def opened(folder: Path) -> Engine:
    card = ModelCard(
        id="tiny",
        task="text-to-speech",
        library="transformers",
        loader="transformers-audio",
        architecture="VitsModel",
    )
    checkpoint = Checkpoint(card=card, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersAudioLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return Engine(module, Speak(checkpoint))


def own(module: Any, folder: Path, text: str, seed: int, **given: Any) -> np.ndarray:
    """What transformers itself makes of a text."""
    ids = transformers.VitsTokenizer.from_pretrained(folder)(text, return_tensors="pt").input_ids
    transformers.set_seed(seed)
    with torch.inference_mode():
        return module(ids, **given).waveform[0].numpy()


def test_speech_is_the_models_own(tmp_path: Path) -> None:
    module = voice(tmp_path)
    engine = opened(tmp_path)
    for seed, rate in ((0, None), (7, 2.0)):
        (found,) = engine.run(["Hello, world!"], SpeechOptions(seed=seed, speaking_rate=rate))
        wanted = own(module, tmp_path, "Hello, world!", seed, speaking_rate=rate)
        assert found.rate == RATE
        assert found.samples.ndim == 1
        assert found.samples == pytest.approx(wanted, abs=1e-5)


def test_a_seed_says_it_again_whatever_else_is_said(tmp_path: Path) -> None:
    voice(tmp_path)
    engine = opened(tmp_path)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    (alone,) = engine.run(["a cat"], SpeechOptions())
    assert torch.equal(torch.get_rng_state(), before)
    engine.batch = 3
    among = list(engine.run(["the dog is here", "a cat", "a cat"], SpeechOptions()))[1:]
    assert all(np.array_equal(one.samples, alone.samples) for one in among)
    (other,) = engine.run(["a cat"], SpeechOptions(seed=1))
    assert not np.array_equal(other.samples, alone.samples)


def test_faster_is_shorter(tmp_path: Path) -> None:
    voice(tmp_path)
    engine = opened(tmp_path)
    slow, fast = (
        next(engine.run(["a long sentence about cats"], SpeechOptions(speaking_rate=rate))) for rate in (0.5, 2.0)
    )
    assert len(fast.samples) < len(slow.samples)


def test_weights_under_the_names_of_older_files(tmp_path: Path) -> None:
    module = voice(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    old = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in tensors.items()
    }
    assert any(name.endswith("weight_g") for name in old)
    save_file(old, tmp_path / "model.safetensors", metadata={"format": "pt"})
    (found,) = opened(tmp_path).run(["hello"], SpeechOptions())
    assert found.samples == pytest.approx(own(module, tmp_path, "hello", 0), abs=1e-5)


def test_a_long_text_is_spoken_in_pieces(tmp_path: Path) -> None:
    voice(tmp_path)
    engine = opened(tmp_path)
    sentence = "the cat sat on the mat and saw the dog. "
    (found,) = engine.run([sentence * 20], SpeechOptions())
    first, second = (sentence * 12).strip(), (sentence * 8).strip()
    parts = list(engine.run([first, second], SpeechOptions()))
    assert len(engine.runner.prepare(sentence * 20, SpeechOptions())) == 2
    assert np.array_equal(found.samples, np.concatenate([part.samples for part in parts]))
    assert len(engine.runner.prepare("a" * 1200, SpeechOptions())) == 3


def test_speakers(tmp_path: Path) -> None:
    module = voice(tmp_path, speakers=3)
    engine = opened(tmp_path)
    (found,) = engine.run(["hello"], SpeechOptions(speaker=2))
    assert found.samples == pytest.approx(own(module, tmp_path, "hello", 0, speaker_id=2), abs=1e-5)
    with pytest.raises(BadOption, match="3 voice"):
        list(engine.run(["hello"], SpeechOptions(speaker=3)))


@pytest.mark.parametrize("text", ["", "   ", "!?", "你好", 3])
def test_texts_without_a_letter_of_the_voice(tmp_path: Path, text: Any) -> None:
    voice(tmp_path)
    with pytest.raises(BadData):
        opened(tmp_path).runner.prepare(text, SpeechOptions())


@pytest.mark.parametrize(("setting", "package"), [("phonemize", "phonemizer"), ("is_uroman", "uroman")])
def test_a_package_that_the_voice_needs_is_named(tmp_path: Path, setting: str, package: str) -> None:
    pytest.importorskip("importlib.util")
    if __import__("importlib.util").util.find_spec(package):
        pytest.skip(f"{package} is here")
    voice(tmp_path, **{setting: True})
    with pytest.raises(UnsupportedFormat, match=package):
        opened(tmp_path).runner.prepare("你好", SpeechOptions())


@pytest.mark.parametrize("wrong", [{"speaking_rate": 0.0}, {"speaking_rate": -1.0}, {"seed": -1}, {"speaker": -1}])
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        SpeechOptions(**wrong)


def test_a_model_that_speaks_otherwise_is_refused(tmp_path: Path) -> None:
    card = ModelCard(id="tiny", task="text-to-speech", library="transformers", loader="x", architecture="BarkModel")
    with pytest.raises(UnsupportedFormat, match="BarkModel"):
        Speak(Checkpoint(card=card, path=tmp_path, revision="0" * 64))


def test_a_wav_file_holds_what_was_said(tmp_path: Path) -> None:
    Speech(samples=np.array([0.0, 0.5, -0.5, 1.0, -1.0, 3.0], dtype=np.float32), rate=RATE).save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(6), dtype="<i2")
    assert samples.tolist() == [0, 16384, -16384, 32767, -32767, 32767]
