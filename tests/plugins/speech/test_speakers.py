"""Voices: features against their formula, clusters, and real speakers told apart."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from zoo_speech.audio import RATE
from zoo_speech.diarization import SpeakersOptions, TellSpeakers
from zoo_speech.diarization_clusters import cluster_voices
from zoo_speech.packaged import packaged_cards
from zoo_speech.speaker_encoder import SpeakerLoader, VoiceEncoder
from zoo_speech.speaker_features import loud_regions, louder, mel_frames, partial_starts
from zoo_speech.speaker_runners import CompareOptions, CompareVoices, DescribeVoice

from tests.plugins.speech.people import conversation, recordings, spoken
from zoo.errors import BadData, BadOption, WeightsMismatch
from zoo.models.context import Context
from zoo.plugin import Checkpoint

CARD = packaged_cards()[1]
LANGUAGES = ("en", "fr", "it")


@pytest.fixture(scope="module")
def people():
    """Clips of three speakers."""
    return {language: spoken(language, 8) for language in LANGUAGES}


@pytest.fixture
def tiny(tmp_path):
    """A checkpoint of the encoder with random weights and the scalars of its loss, and its module."""
    torch.manual_seed(0)
    module = VoiceEncoder().eval()
    scalars = {"similarity_weight": torch.ones(1), "similarity_bias": torch.ones(1)}
    save_file(module.state_dict() | scalars, tmp_path / "pretrained.safetensors")
    return Checkpoint(card=CARD, path=tmp_path, revision="0" * 64), module


def loaded(checkpoint: Checkpoint) -> VoiceEncoder:
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=checkpoint.path, model="tiny")
    module = SpeakerLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module


def mel(hertz: float) -> float:
    """Slaney's scale: 3 mels in 200 Hz up to 1,000 Hz, then 27 in a factor of 6.4."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000, 6.4)


def hertz(mels: float) -> float:
    return mels * 200 / 3 if mels < 15 else 1000 * 6.4 ** ((mels - 15) / 27)


def test_mel_frames_are_those_of_the_formula():
    """One frame, by a discrete Fourier transform written out and triangles of area 1 in hertz."""
    samples = np.random.default_rng(0).normal(0, 0.1, 1_600).astype(np.float32)
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / 400) for n in range(400)])
    piece = samples[5 * 160 - 200 : 5 * 160 + 200] * window
    turns = np.exp(-2j * math.pi * np.outer(np.arange(201), np.arange(400)) / 400)
    power = np.abs(turns @ piece) ** 2
    edges = [hertz(mel(8_000) * number / 41) for number in range(42)]
    wanted = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        slopes = [max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle))) for f in range(0, 8_001, 40)]
        wanted.append(float(np.dot(slopes, power)) * 2 / (high - low))
    made = mel_frames(samples)
    assert made.shape == (11, 40)
    assert made[5].tolist() == pytest.approx(wanted, rel=1e-4)


def test_partial_utterances_lie_where_upstream_has_them():
    assert partial_starts(10 * RATE, 77) == [77 * number for number in range(12)]
    assert partial_starts(RATE, 77) == [0]
    # 1.6 s of the second are 160 frames; 75 of them must be sound, as a last part that has less is left out
    assert partial_starts(77 * 160 + 19_300, 77) == [0, 77]
    assert partial_starts(77 * 160 + 19_000, 77) == [0]


def test_loudness_is_raised_and_never_lowered():
    quiet = np.full(1_000, 0.001, np.float32)
    assert np.sqrt(np.mean(louder(quiet) ** 2)) == pytest.approx(10 ** (-30 / 20), rel=1e-4)
    loud = np.full(1_000, 0.5, np.float32)
    assert louder(loud) is loud


def test_what_is_loud_is_speech():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    pause = np.zeros(RATE, np.float32)
    found = loud_regions(np.concatenate([pause, noise, pause, noise]))
    assert [(round(first / RATE, 1), round(last / RATE, 1)) for first, last in found] == [
        (pytest.approx(0.9, abs=0.15), pytest.approx(2.1, abs=0.15)),
        (pytest.approx(2.9, abs=0.15), pytest.approx(4.0, abs=0.15)),
    ]
    assert loud_regions(pause) == []
    assert loud_regions(pause[:100]) == []


def test_the_loader_leaves_out_what_only_training_needs(tiny):
    checkpoint, module = tiny
    mels = torch.rand(3, 20, 40)
    with torch.inference_mode():
        made = loaded(checkpoint)(mels)
        assert torch.equal(made, module(mels))
    assert made.shape == (3, 256)
    assert made.norm(dim=1).tolist() == pytest.approx([1] * 3)
    save_file({"lstm.weight_ih_l0": torch.zeros(1024, 40)}, checkpoint.path / "pretrained.safetensors")
    with pytest.raises(WeightsMismatch):
        loaded(checkpoint)


def unit(angles: list[float]) -> np.ndarray:
    """Vectors in a plane, by their angles in degrees."""
    made = np.zeros((len(angles), 256), np.float32)
    made[:, 0], made[:, 1] = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    return made


def test_voices_are_gathered_by_their_number_or_their_distance():
    angles = [0, 2, 4, 6, 8, 90, 92, 94, 96, 98, 45]  # the last one is nobody's: an edge between two speakers
    sure = np.ones(len(angles), bool)
    two = cluster_voices(unit(angles), sure, 2, 0.3)
    assert len(set(two.tolist())) == 2
    assert len(set(two[:5].tolist())) == len(set(two[5:10].tolist())) == 1
    assert cluster_voices(unit(angles), sure, None, 0.3)[:10].tolist() == two[:10].tolist()
    assert set(cluster_voices(unit(angles), sure, 1, 0.3).tolist()) == {0}
    assert set(cluster_voices(unit(angles), sure, None, 1.5).tolist()) == {0}
    assert cluster_voices(unit([5]), np.zeros(1, bool), 3, 0.3).tolist() == [0]


def test_many_voices_are_gathered_too():
    angles = [number % 7 + 90 * (number // 300 % 2) for number in range(4_200)]
    found = cluster_voices(unit(angles), np.ones(4_200, bool), 2, 0.3)
    assert np.array_equal(found == found[0], np.array(angles) < 45)


@pytest.mark.parametrize(
    "value",
    ["a.wav", ("a.wav",), (np.zeros(20_000), RATE), ("a.wav", []), {"source": "a.wav"}, None,
     {"source_sentence": "a", "sentences": ["b"]}],
)  # fmt: skip
def test_what_is_no_pair_is_refused(tiny, value):
    with pytest.raises(BadData, match=r"two recordings|no recording"):
        CompareVoices(tiny[0]).prepare(value, CompareOptions())


def test_silence_has_no_voice(tiny):
    silence = (np.zeros(2 * RATE, np.float32), RATE)
    for runner in (DescribeVoice(tiny[0]), TellSpeakers(tiny[0])):
        with pytest.raises(BadData, match="nobody speaks"):
            list(runner.prepare(silence, runner.Options()))


@pytest.mark.parametrize("wrong", [{"speakers": 0}, {"distance": 0.0}, {"distance": float("nan")}])
def test_options_that_make_no_sense(wrong):
    with pytest.raises(BadOption):
        SpeakersOptions(**wrong)
    with pytest.raises(BadOption):
        CompareOptions(threshold=2.0)


@pytest.mark.real
def test_the_same_voice_and_another(real_zoo, people, tmp_path: Path):
    (first, second, *_), other = people["en"], people["it"][0]
    with real_zoo.load("resemblyzer", "speaker-verification") as model:
        found = model.predict(((first, RATE), [(second, RATE), (other, RATE)]))
        assert found.same == (True, False)
        assert found.scores[0] > 0.85 > 0.7 > found.scores[1]
        assert found.to_dict()["same"] == [True, False]
        paths = [str(recordings(language)["vm-intro"]) for language in ("en", "fr")]
        by_name = model.predict("\t".join(paths))
        assert by_name.scores == model.predict({"source": paths[0], "others": [paths[1]]}).scores
        with real_zoo.load("resemblyzer") as plain:
            one, two = plain.predict(paths)
    assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)
    assert one.similarity(two) == pytest.approx(by_name.scores[0], abs=1e-5)


def confusion(said, turns, length: int) -> float:
    """Share of the spoken time, in steps of 10 ms, that goes to another speaker, under the best naming."""
    from scipy.optimize import linear_sum_assignment

    def drawn(spans) -> np.ndarray:
        names = sorted({name for _, _, name in spans})
        made = np.full(length * 100 // RATE + 1, -1)
        for start, end, name in spans:
            made[int(start * 100) : int(end * 100)] = names.index(name)
        return made

    truth, found = drawn(said), drawn([(turn.start, turn.end, turn.speaker) for turn in turns])
    together = np.array([[np.sum((truth == a) & (found == b)) for b in range(found.max() + 1)]
                         for a in range(truth.max() + 1)])  # fmt: skip
    rows, columns = linear_sum_assignment(-together)
    return 1 - together[rows, columns].sum() / (truth >= 0).sum()


@pytest.mark.real
def test_who_speaks_when(real_zoo, people):
    """The error counts what is missed too: quiet ends of clips."""
    with real_zoo.load("resemblyzer", "speaker-diarization") as model:
        for names in (("en", "it"), LANGUAGES):
            turns = [(name, people[name][at : at + 2]) for at in (0, 2, 4) for name in names]
            samples, said = conversation(turns)
            found = model.predict((samples, RATE), speakers=len(names))
            assert len(found.speakers) == len(names)
            assert found.turns[0].speaker == "S1"
            assert confusion(said, found.turns, len(samples)) < 0.08
        alone, _ = conversation([("fr", people["fr"][:5])])
        assert model.predict((alone, RATE)).speakers == ("S1",)
