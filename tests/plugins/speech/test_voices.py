"""SpeechT5 with its vocoder, tiny and random; and models of history that are no longer kept."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from zoo_speech.history import history_cards
from zoo_speech.history_loader import HistoryLoader, HistoryRunner
from zoo_speech.speecht5 import VOCODER, SpeechT5Loader
from zoo_speech.speecht5_runner import SpeakT5, SpeechT5Options
from zoo_speech.transformers_sounds import sound_cards

from zoo.errors import BadData, BadOption, NotInstalled, UnsupportedFormat
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint

CARD = next(card for card in sound_cards() if card.id == "microsoft/speecht5_tts")
RATE = 16_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A SpeechT5 of one layer a side and a vocoder, random, with a tokenizer of letters."""
    import sentencepiece

    made = tmp_path_factory.mktemp("speecht5")
    letters = io.BytesIO()
    texts = ["the quick brown fox jumps over the lazy dog", "hello world."]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=letters, model_type="char", vocab_size=34, hard_vocab_limit=False,
        bos_id=0, pad_id=1, eos_id=2, unk_id=3, minloglevel=2,
    )  # fmt: skip
    (made / "spm_char.model").write_bytes(letters.getvalue())
    transformers.SpeechT5Tokenizer(str(made / "spm_char.model")).save_pretrained(made)
    torch.manual_seed(0)
    config = transformers.SpeechT5Config(
        vocab_size=81, hidden_size=16, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=24,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=24, num_mel_bins=8, speaker_embedding_dim=12,
        speech_decoder_prenet_units=16, speech_decoder_postnet_units=16, speech_decoder_postnet_layers=2,
        conv_dim=(8,), conv_stride=(5,), conv_kernel=(10,), num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    transformers.SpeechT5ForTextToSpeech(config).eval().save_pretrained(made)
    sound = transformers.SpeechT5HifiGanConfig(
        model_in_dim=8, sampling_rate=RATE, upsample_initial_channel=8, upsample_rates=(4, 4),
        upsample_kernel_sizes=(8, 8), resblock_kernel_sizes=(3,), resblock_dilation_sizes=((1, 3),),
    )  # fmt: skip
    transformers.SpeechT5HifiGan(sound).eval().save_pretrained(made / VOCODER)
    return made


def opened(folder: Path) -> Engine:
    checkpoint = Checkpoint(card=CARD, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = SpeechT5Loader().load(checkpoint, context)
    assert context.unmet(module) == []
    return Engine(module, SpeakT5(checkpoint))


def own(folder: Path, text: str, seed: int, voice: torch.Tensor) -> np.ndarray:
    """What transformers itself makes of a text."""
    speaker = transformers.SpeechT5ForTextToSpeech.from_pretrained(folder).eval()
    vocoder = transformers.SpeechT5HifiGan.from_pretrained(folder / VOCODER).eval()
    ids = transformers.SpeechT5Tokenizer.from_pretrained(folder)(text, return_tensors="pt").input_ids
    transformers.set_seed(seed)
    with torch.inference_mode():
        return speaker.generate_speech(ids, voice[None], vocoder=vocoder).numpy()


def test_speech_is_the_models_own(folder: Path, tmp_path: Path) -> None:
    engine = opened(folder)
    vector = torch.linspace(-1, 1, 12)
    np.save(tmp_path / "voice.npy", vector.numpy())
    (found,) = engine.run(["hello"], SpeechT5Options(seed=7, voice=str(tmp_path / "voice.npy")))
    assert found.rate == RATE
    assert found.samples == pytest.approx(own(folder, "hello", 7, vector), abs=1e-5)
    (plain, again) = engine.run(["hello", "hello"], SpeechT5Options())
    assert plain.samples == pytest.approx(own(folder, "hello", 0, torch.zeros(12)), abs=1e-5)
    assert np.array_equal(plain.samples, again.samples)


def test_what_cannot_be_said_is_refused(folder: Path, tmp_path: Path) -> None:
    engine = opened(folder)
    for text in ("", "  ", "?!", 3):
        with pytest.raises(BadData):
            engine.runner.prepare(text, SpeechT5Options())
    np.save(tmp_path / "short.npy", np.zeros(3))
    (tmp_path / "no.npy").write_bytes(b"no numbers")
    for name in ("short.npy", "no.npy", "none.npy"):
        with pytest.raises(BadOption, match="12 numbers"):
            list(engine.run(["hello"], SpeechT5Options(voice=str(tmp_path / name))))
    with pytest.raises(BadOption):
        SpeechT5Options(seed=-1)


def test_a_voice_needs_its_vocoder(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "half", ignore=shutil.ignore_patterns(VOCODER))
    with pytest.raises(NotInstalled, match=r"config\.json"):
        opened(tmp_path / "half")
    shutil.copytree(tmp_path / "half", tmp_path / "half" / VOCODER)
    with pytest.raises(UnsupportedFormat, match="HiFi-GAN"):
        opened(tmp_path / "half")


def test_models_of_history_say_what_to_take_today(tmp_path: Path) -> None:
    cards = {card.id: card for card in history_cards()}
    assert {name: card.replaced_by for name, card in cards.items()} == {
        "deepspeech": "whisper-base", "wavenet": "hibari-tts",
    }  # fmt: skip
    for card in cards.values():
        checkpoint = Checkpoint(card=card.check(), path=tmp_path, revision="0" * 64)
        for refused in (HistoryRunner, lambda one: HistoryLoader().load(one, None)):
            with pytest.raises(UnsupportedFormat) as error:
                refused(checkpoint)
            assert card.deprecated in error.value.cause
            assert f"zoo pull {card.replaced_by}" in error.value.remedy
