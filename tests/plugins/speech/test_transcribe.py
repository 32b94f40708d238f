"""The runner: windows, options, timestamps, silence; and the real Whisper on real speech."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from zoo_speech.audio import RATE
from zoo_speech.decoding import decode_windows
from zoo_speech.rules import Rules
from zoo_speech.runners import Transcribe, TranscribeOptions
from zoo_speech.spans import Plan, Span, split_spans
from zoo_speech.tokens import read_tokens

from zoo.errors import BadOption, IntegrityError
from zoo.models.engine import Engine
from zoo.tasks import Transcript, TranscriptSegment

END, START, EN, DE, TRANSLATE, NONE = 8, 9, 10, 11, 12, 17
T0 = 18  # the tiny vocabulary's token of 0.00 s


@pytest.fixture
def tiny_runner(tiny_folder, load_folder):
    checkpoint, module = load_folder(tiny_folder)
    return Transcribe(checkpoint), module


def noise(seconds: float, loud: float = 0.1) -> tuple[np.ndarray, int]:
    return np.random.default_rng(0).normal(0, loud, int(seconds * RATE)).astype(np.float32), RATE


def test_tokens_are_read_from_the_files(tiny_runner):
    tokens = read_tokens(tiny_runner[0].checkpoint)
    assert (tokens.end, tokens.start, tokens.no_timestamps, tokens.first_timestamp) == (END, START, NONE, T0)
    assert dict(tokens.languages) == {"en": EN, "de": DE}
    assert tokens.suppress == (12, 13, 14, 15, 16)
    assert tokens.text((0, 5, END, T0)) == "a b"


@pytest.mark.parametrize(("given", "token"), [("de", DE), ("German", DE), (" EN ", EN)])
def test_languages_by_code_or_name(tiny_runner, given, token):
    assert read_tokens(tiny_runner[0].checkpoint).language(given) == token


@pytest.mark.parametrize(
    "options", [{"language": "klingon"}, {"language": "fr"}, {"language": ""}, {"task": "sing"}, {"task": ""}]
)
def test_unknown_options_are_refused(tiny_runner, options):
    with pytest.raises(BadOption):
        tiny_runner[0].prepare(noise(1), TranscribeOptions(**options))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": 5}', "null"])
def test_a_damaged_tokenizer_is_refused(tiny_folder, load_folder, text):
    (tiny_folder / "tokenizer.json").write_text(text)
    checkpoint, _ = load_folder(tiny_folder)
    with pytest.raises(IntegrityError):
        Transcribe(checkpoint)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"suppress_ids": "no"}', '{"suppress_ids": [-1]}', '{"num_mel_bins": -3}']
)
def test_damaged_settings_are_refused(tiny_folder, load_folder, text):
    (tiny_folder / "config.json").write_text(text)
    checkpoint, _ = load_folder(tiny_folder)
    checkpoint = type(checkpoint)(card=checkpoint.card.replace(config={}), path=checkpoint.path, revision="0" * 64)
    with pytest.raises(IntegrityError):
        Transcribe(checkpoint)


@pytest.mark.parametrize(
    ("tokens", "spans", "again"),
    [
        ((), [], None),
        ((T0, 0, 1, T0 + 100), [(0, 200)], None),
        ((T0, 0, T0 + 50, T0 + 50, 1, T0 + 100), [(0, 100), (100, 200)], None),
        ((T0, 0, T0 + 50, T0 + 50), [(0, 100)], 100),  # speech goes on: hear it again from 1 s
        ((T0, 0, T0 + 50, T0 + 50, 1, 2), [(0, 100)], 100),
        ((T0 + 10, 0, 1), [(20, 300)], None),  # no closing timestamp: to the window's end
        ((T0, 0, T0 + 900), [(0, 300)], None),  # never beyond the sound
    ],
)
def test_timestamps_cut_tokens_into_spans(tokens, spans, again):
    plan = Plan(tokens=SimpleNamespace(first_timestamp=T0))
    made, advance = split_spans(tokens, plan, 300)
    assert [(span.start, span.end) for span in made] == spans
    assert advance == again
    assert all(isinstance(span, Span) for span in made)


@pytest.mark.parametrize("timestamps", [True, False])
@pytest.mark.parametrize("language", [None, DE])
def test_decoding_is_transformers_own(tiny_runner, timestamps, language):
    """Token by token what transformers' `generate` says for the first pass over the same windows."""
    from transformers import GenerationConfig
    from zoo_speech.decoding import _decode, _Steps

    runner, module = tiny_runner
    tokens = read_tokens(runner.checkpoint)
    torch.manual_seed(3)
    features = torch.randn(3, 80, 3000)
    config = GenerationConfig(
        decoder_start_token_id=START,
        eos_token_id=END,
        pad_token_id=END,
        bos_token_id=END,
        suppress_tokens=list(tokens.suppress),
        begin_suppress_tokens=list(tokens.suppress_first),
        is_multilingual=True,
        lang_to_id={"<|en|>": EN, "<|de|>": DE},
        task_to_id={"transcribe": 13, "translate": TRANSLATE},
        no_timestamps_token_id=NONE,
        max_initial_timestamp_index=50,
        max_length=48,
        force_unique_generate_call=True,
    )
    with torch.inference_mode():
        theirs = module.generate(
            features,
            generation_config=config,
            return_timestamps=timestamps,
            task="transcribe",
            language=None if language is None else "de",
        )
        ours = _decode(_Steps(module, features), Plan(tokens=tokens, language=language, timestamps=timestamps))
    prompt = 3 if timestamps else 4
    for row, heard in zip(theirs.tolist(), ours, strict=True):
        said = row[prompt:]
        assert heard.language == row[1]
        assert list(heard.tokens) == (said[: said.index(END)] if END in said else said)


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_the_rules_are_those_of_transformers(tiny_runner, length):
    """On random tokens, timestamps among them at every place, and random logits that prefer now words, now times."""
    from transformers.generation.logits_process import WhisperTimeStampLogitsProcessor

    tokens = read_tokens(tiny_runner[0].checkpoint)
    settings = SimpleNamespace(no_timestamps_token_id=NONE, eos_token_id=END, max_initial_timestamp_index=50)
    theirs = WhisperTimeStampLogitsProcessor(settings, begin_index=0)
    chance = torch.Generator().manual_seed(length)
    said = torch.randint(0, T0 + 1501, (400, length), generator=chance)
    said = said.where(torch.rand(400, length, generator=chance) < 0.5, said % END)
    logits = torch.randn(400, T0 + 1501, generator=chance)
    logits[:, :T0] += 12 * torch.rand(400, 1, generator=chance)
    wanted = logits.clone()
    wanted[:, list(tokens.suppress)] = -torch.inf
    if not length:
        wanted[:, list(tokens.suppress_first)] = -torch.inf
    wanted = theirs(said, wanted)
    Rules(Plan(tokens=tokens), logits.device).apply(said, logits)
    assert torch.equal(logits, wanted)


def test_a_batch_says_what_its_rows_say_alone(tiny_runner):
    runner, module = tiny_runner
    plan = Plan(tokens=read_tokens(runner.checkpoint))
    features = torch.randn(3, 80, 3000, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        together = decode_windows(module, features, [3000, 3000, 900], plan)
        alone = [decode_windows(module, features[i : i + 1], [n], plan)[0] for i, n in enumerate((3000, 3000, 900))]
    assert [said.spans for said in together] == [said.spans for said in alone]


def test_long_recordings_run_in_windows_through_the_engine(tiny_runner):
    runner, module = tiny_runner
    (made,) = Engine(module, runner, batch=2).run([noise(65)], TranscribeOptions())
    assert isinstance(made, Transcript)
    starts = [segment.start for segment in made.segments]
    assert starts == sorted(starts)
    assert all(0 <= s.start <= s.end <= 65.01 for s in made.segments)
    assert len(list(runner.prepare(noise(65), TranscribeOptions()))) == 3


def test_features_are_transformers(tiny_runner):
    from transformers import WhisperFeatureExtractor

    samples, rate = noise(7)
    (window,) = tiny_runner[0].prepare((samples, rate), TranscribeOptions())
    wanted = WhisperFeatureExtractor()(samples, sampling_rate=rate, return_tensors="pt").input_features[0]
    assert torch.equal(window.features, wanted)
    assert (window.clock.start, window.frames) == (0.0, 700)


def test_silence_is_an_empty_transcript(tiny_runner):
    runner, module = tiny_runner
    silence = (np.zeros(40 * RATE, np.float32), RATE)
    made = list(Engine(module, runner).run([silence, noise(1, 1e-5)], TranscribeOptions()))
    assert made == [Transcript("", (), None)] * 2


def test_windows_are_joined(tiny_runner):
    runner = tiny_runner[0]
    one = Transcript("eins", (TranscriptSegment(0.0, 1.0, "eins"),), None)
    two = Transcript("zwei", (TranscriptSegment(30.0, 31.0, "zwei"),), "de")
    made = runner.merge([one, Transcript(""), two], TranscribeOptions())
    assert (made.text, made.language, len(made.segments)) == ("eins zwei", "de", 2)
    joined = runner.merge([Transcript("你", (), "zh"), Transcript("好", (), "zh")], TranscribeOptions())
    assert joined.text == "你好"


SENTENCES = {
    "en": "The quick brown fox jumps over the lazy dog.",
    "de": "Guten Morgen, heute ist ein schöner Tag.",
}


@pytest.fixture(scope="module")
def speak(tmp_path_factory):
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed: no speech to transcribe (apt-get install espeak-ng)")

    def speak(language: str) -> Path:
        path = tmp_path_factory.mktemp("speech") / f"{language}.wav"
        subprocess.run(["espeak-ng", "-v", language, "-s", "140", "-w", path, SENTENCES[language]], check=True)
        return path

    return speak


@pytest.fixture(scope="module")
def clips():
    """Human recordings of Debian's asterisk-core-sounds-en-wav, by name."""
    listed = subprocess.run(["dpkg", "-L", "asterisk-core-sounds-en-wav"], capture_output=True, text=True, check=False)
    found = {Path(line).stem: line for line in listed.stdout.splitlines() if line.endswith(".wav")}
    if not found:
        pytest.skip("the Debian package asterisk-core-sounds-en-wav is not installed: no human speech to transcribe")
    return found


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


HUMAN = {
    "hello-world": "hello world",
    "tt-weasels": "weasels have eaten our phone system",
    "tt-monkeysintro": "they have been carried away by monkeys",
    "conf-getpin": "please enter the conference pin number",
}


@pytest.mark.real
def test_real_human_speech_word_for_word(real_zoo, clips):
    model = real_zoo.load("whisper-base")
    made = model.predict([clips[name] for name in HUMAN])
    assert [words(result.text) for result in made] == [words(text) for text in HUMAN.values()]
    assert {result.language for result in made} == {"en"}
    assert all(0 < result.segments[-1].end < 4 for result in made)


@pytest.mark.real
@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_real_synthetic_speech(real_zoo, speak, language):
    """A formant synthesiser is no person: nearly all words, and the language, must be right."""
    made = real_zoo.load("whisper-base").predict(speak(language))
    assert made.language == language
    wanted = set(words(SENTENCES[language]))
    assert len(wanted & set(words(made.text))) >= len(wanted) - 2


@pytest.mark.real
@pytest.mark.parametrize("loud", [0.001, 0.01, 0.1])
def test_real_model_hears_nothing_in_noise(real_zoo, loud):
    made = real_zoo.load("whisper-base").predict(noise(5, loud))
    assert made == Transcript("", (), None)


@pytest.mark.real
def test_what_is_said_three_times_is_written_three_times(real_zoo, clips):
    """All three fit into one window, of which Whisper writes one sentence that lasts as long as the three."""
    import soundfile

    real_zoo.pull("silero-vad")
    model = real_zoo.load("whisper-base")
    for name in ("tt-weasels", "conf-getpin"):
        samples, rate = soundfile.read(clips[name], dtype="float32")
        long = np.concatenate([samples, np.zeros(4 * rate, np.float32)] * 3)
        segments = model.predict((long, rate), vad="silero-vad", language="en").segments
        step = len(samples) / rate + 4
        assert [segment.start for segment in segments] == pytest.approx([0, step, 2 * step], abs=0.5)
        assert all(segment.end - segment.start < 4 for segment in segments)
        for segment in segments:  # a word may be misheard
            assert len(set(words(HUMAN[name])) - set(words(segment.text))) <= 1
