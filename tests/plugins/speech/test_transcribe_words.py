"""Words and their times, and languages: Whisper's attention aligned with its text."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers.models.whisper.generation_whisper import _dynamic_time_warping
from zoo_speech.aligning import token_times, warp
from zoo_speech.audio import RATE
from zoo_speech.decoding import decode_windows, language_probabilities
from zoo_speech.runners import Transcribe, TranscribeOptions
from zoo_speech.spans import Plan, Span, Word
from zoo_speech.tokens import read_tokens
from zoo_speech.words import settled, split_words

from zoo.errors import IntegrityError
from zoo.models.engine import Engine
from zoo.tasks import Transcript


@pytest.fixture
def tiny_runner(tiny_folder, load_folder):
    checkpoint, module = load_folder(tiny_folder)
    return Transcribe(checkpoint), module


def features(count: int) -> torch.Tensor:
    return torch.randn(count, 80, 3000, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (5, 3), (12, 80)])
def test_the_way_is_that_of_transformers(shape):
    costs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    rows, columns = _dynamic_time_warping(costs)
    assert list(warp(costs)) == [columns[rows == row][0] for row in range(shape[0])]


def test_a_way_that_is_plain_is_found():
    costs = np.ones((3, 12), np.float32)
    for row, first in enumerate((0, 5, 9)):
        costs[row, first : (5, 9, 12)[row]] = 0
    assert list(warp(costs)) == [0, 5, 9]


SAID = ((" The", " quick", ",", " well", "-", "known", ' "', "fox", "!", '"'), (" –", " it", "'s"))


def test_words_go_with_the_marks_that_touch_them():
    pieces = SAID[0] + SAID[1]
    made = split_words(range(len(pieces)), lambda tokens: "".join(pieces[t] for t in tokens), spaced=True)
    assert [text for text, _, _ in made] == ["The", "quick,", "well-known", '"fox!"', "–", "it's"]
    assert made[1][1:] == (1, 2)  # when the comma is "said" does not count
    assert made[3][1:] == (7, 8)
    assert made[2][1:] == (3, 6)


def test_letters_are_words_where_nothing_parts_them():
    raw = [b"\xe4\xbd", b"\xa0", "好".encode(), "。".encode(), b" ", "吗".encode()]
    made = split_words(range(6), lambda tokens: b"".join(raw[t] for t in tokens).decode(errors="replace"), spaced=False)
    assert made == [("你", 0, 2), ("好。", 2, 3), ("吗", 5, 6)]


def test_a_word_is_not_as_long_as_the_pause_beside_it():
    words = [Word(0, 320, "one"), Word(320, 350, "two"), Word(350, 380, "three"), Word(380, 900, "four")]
    made = settled(Span(290, 410, (), ()), words)
    assert [(word.start, word.end) for word in made.words] == [(290, 320), (320, 350), (350, 380), (380, 410)]
    assert (made.start, made.end) == (290, 410)
    near = settled(Span(0, 100, ()), [Word(12, 40, "a"), Word(40, 70, "b")])
    assert (near.start, near.end) == (12, 70)  # words know it better
    assert settled(Span(3, 9, ()), []) == Span(3, 9, ())


def test_attention_gives_tokens_their_times(tiny_runner):
    """The attention of the chosen heads, as the module itself gives it, leads to the same times."""
    _, module = tiny_runner
    with torch.inference_mode():
        _check_times(module)


def _check_times(module):
    encoded = module.model.encoder(features(2)).last_hidden_state
    prompt, texts, heads = [9, 10, 13, 17], [[0, 4, 1, 5], [2, 3]], ((0, 1), (1, 3))
    made = token_times(module, encoded, [prompt] * 2, texts, [2000, 3000], heads=heads, end=8)
    module.set_attn_implementation("eager")
    try:
        for row, (text, frames) in enumerate(zip(texts, (2000, 3000), strict=True)):
            ids = torch.tensor([[*prompt, *text, 8]])
            seen = module.model.decoder(
                input_ids=ids, encoder_hidden_states=encoded[row : row + 1], output_attentions=True
            ).cross_attentions
            whole = torch.stack([seen[layer][0, head] for layer, head in heads])[..., : frames // 2]
            weights = whole / whole.sum(-1, keepdim=True)
            weights = (weights - weights.mean(1, keepdim=True)) / weights.std(1, keepdim=True, correction=0)
            padded = torch.nn.functional.pad(weights, (3, 3), mode="reflect")
            smooth = padded.unfold(-1, 7, 1).median(-1).values.mean(0)[3:-1]
            wanted = [2 * int(at) for at in warp(-smooth.numpy())]
            assert made[row] == wanted
            assert len(wanted) == len(text) + 1
    finally:
        module.set_attn_implementation("sdpa")


def test_heads_that_are_not_there_are_refused(tiny_runner):
    _, module = tiny_runner
    encoded = module.model.encoder(features(1)).last_hidden_state
    with pytest.raises(IntegrityError, match="alignment_heads"):
        token_times(module, encoded, [[9, 17]], [[0]], [3000], heads=((7, 0),), end=8)


@pytest.mark.parametrize(
    ("written", "heads"),
    [("[[1, 0], [1, 3]]", ((1, 0), (1, 3))), ("null", ()), ("[[1]]", None), ("[[1, -1]]", None), ("5", None)],
)
def test_heads_are_read_from_the_files(tiny_folder, load_folder, written, heads):
    settings = json.loads((tiny_folder / "config.json").read_text()) | {"alignment_heads": json.loads(written)}
    (tiny_folder / "config.json").write_text(json.dumps(settings))
    checkpoint, _ = load_folder(tiny_folder)
    if heads is None:
        with pytest.raises(IntegrityError, match="alignment_heads"):
            read_tokens(checkpoint)
    else:
        assert read_tokens(checkpoint).heads == heads


def test_words_change_nothing_else(tiny_runner):
    runner, module = tiny_runner
    sound = np.random.default_rng(0).normal(0, 0.1, 65 * RATE).astype(np.float32)
    engine = Engine(module, runner, batch=2)
    (plain,) = engine.run([(sound, RATE)], TranscribeOptions())
    (made,) = engine.run([(sound, RATE)], TranscribeOptions(timestamps="word"))
    assert made.text == plain.text
    assert [segment.text for segment in made.segments] == [segment.text for segment in plain.segments]
    words = [word for segment in made.segments for word in segment.words]
    assert words
    assert " ".join(word.text for word in words) == " ".join(made.text.split())
    assert all(s.start <= w.start <= w.end <= s.end for s in made.segments for w in s.words)
    assert all(first.end <= then.start for first, then in pairwise(words))


@pytest.mark.parametrize(("given", "times"), [(False, False), ("none", False), (True, True), ("segment", True)])
def test_times_are_given_as_they_are_wanted(tiny_runner, given, times):
    runner, module = tiny_runner
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32)
    (made,) = Engine(module, runner).run([(sound, RATE)], TranscribeOptions(timestamps=given))
    assert bool(made.segments) == times
    assert not any(segment.words for segment in made.segments)


def test_nothing_heard_is_an_empty_transcript(tiny_runner):
    assert tiny_runner[0].merge([], TranscribeOptions()) == Transcript("", (), None)


def test_languages_are_those_that_decoding_takes(tiny_runner):
    runner, module = tiny_runner
    tokens = read_tokens(runner.checkpoint)
    with torch.inference_mode():
        made = language_probabilities(module, features(3), tokens)
        spoken = decode_windows(module, features(3), [3000] * 3, Plan(tokens=tokens))
    assert made.shape == (3, 2)
    assert torch.allclose(made.sum(-1), torch.ones(3))
    codes = list(tokens.languages)
    heard = [(said.language, codes[int(row.argmax())]) for said, row in zip(spoken, made, strict=True) if said.language]
    assert heard
    assert all(one == other for one, other in heard)


@pytest.fixture(scope="module")
def joined(tmp_path_factory) -> tuple[Path, list[tuple[float, float, str]]]:
    """Human clips with pauses of faint noise between them: the file, and each one's times and first word."""
    listed = subprocess.run(["dpkg", "-L", "asterisk-core-sounds-en-wav"], capture_output=True, text=True, check=False)
    found = {Path(line).stem: line for line in listed.stdout.splitlines() if line.endswith(".wav")}
    if not found:
        pytest.skip("the Debian package asterisk-core-sounds-en-wav is not installed: no human speech to transcribe")
    chance, parts, places, at = np.random.default_rng(0), [], [], 0
    for name, word in (("tt-weasels", "weasels"), ("conf-getpin", "please"), ("tt-monkeysintro", "they")):
        samples, rate = soundfile.read(found[name], dtype="float32")
        pause = chance.normal(0, 1e-4, 4 * rate).astype(np.float32)
        parts += [pause, samples]
        places.append(((at + len(pause)) / rate, (at + len(pause) + len(samples)) / rate, word))
        at += len(pause) + len(samples)
    path = tmp_path_factory.mktemp("joined") / "joined.wav"
    soundfile.write(path, np.concatenate(parts), rate)
    return path, places


@pytest.mark.real
def test_real_words_are_where_they_were_said(real_zoo, joined):
    """20 s of which 8 are speech: one window of the packed speech, its words on the recording's clock."""
    path, places = joined
    real_zoo.pull("silero-vad")
    model = real_zoo.load("whisper-base")
    (part,) = model.parts(path, vad="silero-vad", timestamps="word")
    words = [word for segment in part.segments for word in segment.words]
    for start, end, first in places:
        here = [word for word in words if start - 0.3 <= word.start and word.end <= end + 0.3]
        assert here[0].text.lower().strip(",.") == first
        assert here[0].start == pytest.approx(start, abs=0.4)
        words = [word for word in words if word not in here]
    assert words == []
