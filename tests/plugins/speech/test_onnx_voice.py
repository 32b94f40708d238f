"""hibari-tts: numbers in words, phonemes, the sound of spectra, and Whisper reading it back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from zoo_speech.onnx_voice import RATE, sound_of
from zoo_speech.onnx_voice_numbers import spell_numbers
from zoo_speech.onnx_voice_runner import OnnxSpeechOptions, SpeakOnnx
from zoo_speech.onnx_voice_text import read_pronunciation
from zoo_speech.packaged import packaged_cards

from zoo.errors import BadData, BadOption, IntegrityError, NotInstalled
from zoo.plugin import Checkpoint

CARD = packaged_cards()[2]


@pytest.fixture(scope="module")
def voice(real_zoo):
    with real_zoo.load("hibari-tts") as model:
        yield model


@pytest.fixture(scope="module")
def said(voice):
    """`said(text)`: the phonemes of each sentence."""
    return voice.engine.runner.pronunciation.phonemes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "zero"), ("21 cats", "twenty one cats"), ("105", "one hundred five"),
        ("1,250 people", "one thousand two hundred fifty people"), ("2000000", "two million"),
        ("in 1905", "in nineteen oh five"), ("in 1900", "in nineteen hundred"), ("in 2024", "in twenty twenty four"),
        ("in 2005", "in two thousand five"), ("3.14", "three point one four"), ("-5", "minus five"),
        ("50%", "fifty percent"), ("the 3rd", "the third"), ("the 21st", "the twenty first"),
        ("the 40th", "the fortieth"), ("$9.99", "nine dollars and ninety nine cents"), ("$1", "one dollar"),
        ("£0.50", "fifty pence"), ("$3 million", "three million dollars"), ("7:30", "seven thirty"),
        ("7:05", "seven oh five"), ("8:00", "eight o'clock"), ("007", "zero zero seven"),
        ("a4", "a four "), ("1.", "one."), ("no number", "no number"),
    ],
)  # fmt: skip
def test_numbers_in_words(text, words):
    assert " ".join(spell_numbers(text).split()) == words.strip()


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Hello there.", ["həlˈO ðˈɛɹ."]),  # as in the wheel's METADATA
        ("The apple, the pear.", ["ði ˈæpᵊl, ðə pˈɛɹ."]),
        ("I record the record.", ["ˌI ɹəkˈɔɹd ðə ɹˈɛkəɹd."]),
        ("Cats started running.", ["kˈæts stˈɑɹTᵻd ɹˈʌnɪŋ."]),
        ("Dr. Smith came. He left.", ["dˈɑktəɹ smˈɪθ kˈAm.", "hi lˈɛft."]),
        ("the FBI", ["ði ˌɛfbˌiˈI"]),
    ],
)
def test_texts_as_phonemes(said, text, phonemes):
    assert said(text) == phonemes


@pytest.mark.real
def test_unknown_words_are_spelled_and_long_sentences_parted(said):
    (unknown,) = said("Blorptastic!")
    assert unknown.startswith("bl") and unknown.endswith("!") and len(unknown) > 8
    assert said("...  \n ?! ") == []
    pieces = said("a very long sentence about nothing at all, " * 30)
    assert len(pieces) > 2 and max(map(len, pieces)) <= 400


def parts(pitch: float, frames: int, loud: float) -> list[np.ndarray]:
    """Spectra of nothing but harmonics."""
    still = np.full((601, frames), -50.0, np.float32)
    flat, none = np.full((601, frames), loud, np.float32), np.zeros((601, frames), np.float32)
    return [flat, none, still, still, none, np.full(frames, pitch, np.float32)]


def test_sound_is_a_sum_of_harmonics():
    """Of amplitude 1 each, up to 11 kHz, where the spectrum is flat at 300, the step of the transform."""
    pitch = 2_000.0
    made = sound_of(parts(pitch, 40, math.log(300)), torch.Generator().manual_seed(0))
    assert made.shape == (40 * 300,)
    times = np.arange(1, len(made) + 1) / RATE
    wanted = sum(np.cos(2 * math.pi * pitch * number * times) for number in range(1, 6))
    inner = slice(1_200, -1_800)
    assert np.abs(made[inner] - wanted[inner]).max() < 0.02
    silent = sound_of(parts(0.0, 20, math.log(300)), torch.Generator().manual_seed(0))
    assert np.abs(silent).max() < 1e-6


@pytest.mark.real
def test_whisper_reads_it_back(voice, real_zoo):
    text = "The quick brown fox jumps over the lazy dog. On the third of March, 25 people came to London."
    speech = voice.predict(text)
    assert (speech.rate, speech.samples.dtype) == (RATE, np.float32)
    assert 4 < len(speech.samples) / RATE < 10 and np.abs(speech.samples).max() < 1
    with real_zoo.load("whisper-base") as whisper:
        heard = whisper.predict((speech.samples, RATE), language="en").text
    words = "".join(c if c.isalnum() else " " for c in heard.lower()).split()
    assert words[:9] == ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]
    assert words[-5:] == ["25", "people", "came", "to", "london"]


@pytest.mark.real
def test_a_seed_says_it_again_and_faster_is_shorter(voice):
    first, again, other = (voice.predict("Good morning.", seed=seed).samples for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert len(voice.predict("Good morning.", speaking_rate=2.0).samples) < 0.7 * len(first)
    for text in ("", " ... ", 3, "你好"):
        with pytest.raises(BadData):
            voice.predict(text)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"speaking_rate": 0.1}, {"speaking_rate": float("nan")}])
def test_options_that_make_no_sense(wrong):
    with pytest.raises(BadOption):
        OnnxSpeechOptions(**wrong)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": "b"}', b"{"])
def test_damaged_files_are_refused(tmp_path, content):
    checkpoint = Checkpoint(card=CARD, path=tmp_path, revision="0" * 64)
    with pytest.raises(NotInstalled):
        SpeakOnnx(checkpoint).prepare("hello", OnnxSpeechOptions())
    (tmp_path / "vocab.json").write_bytes(content)
    with pytest.raises(IntegrityError):
        read_pronunciation(checkpoint)
