"""How well and how fast does the zoo transcribe, against transformers' own pipeline with the same weights?

(a) Words: the human recordings of Debian's `asterisk-core-sounds-XX-wav` (8 kHz, one speaker a language), each with its
transcript of `asterisk-core-sounds-XX`: error rates of words and letters after the evaluation's own normalisation, of
the zoo and of `pipeline("automatic-speech-recognition")`, clip by clip with the language given. Transcripts with
figures, brackets or letters spelt one by one are left out, and so are those of fewer than three words: what is to be
written there is a matter of taste. One speaker and one style: the figures compare programs, not models.

The pipeline is told to take the likeliest token each time, as the zoo does: left alone it searches with five beams,
which is five times slower.

(b) Long audio: the English clips joined with pauses of 0.3 to 3 s of faint noise until 10 minutes are full. The zoo,
with speech found by silero-vad and without, and the pipeline in both of its ways (`chunk_length_s=30, batch_size=8`,
and Whisper's own sequential long form), on the same module, in turn. Ratios are of wall time; error rates stand beside
them, since what is fast and wrong is no better. Memory is the largest resident size of a process of its own, for 10 and
for 60 minutes, as results of the windows come out, four windows at once.

`--quick` takes 6 clips a language, 3 minutes, and 3 against 12 minutes. Needs whisper-base and silero-vad from the
package index, or a home that has them: `--home FOLDER`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL, SPEECH = "whisper-base", "silero-vad"
LANGUAGES = ("en", "fr", "es", "it", "ru")
RATE = 8000
AIM_SPEED, AIM_MEMORY, AIM_WORDS = 1.5, 1.1, 0.02
_TASTE = re.compile(r"[\[\]()<>{}@#*\d]|\.\.\.")
_BATCH = 8
_STREAMED = 4  # windows at once where memory is measured: left alone the engine takes more of them the longer it runs


@dataclass(frozen=True)
class Clip:
    """A recording and what is said in it."""

    path: Path
    text: str


def clips(language: str) -> list[Clip]:
    """The clips of a language whose transcript leaves no doubt; none where the packages are not installed."""
    table = Path(f"/usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz")
    if not table.is_file():
        return []
    made = []
    with gzip.open(table, "rt", encoding="utf-8") as lines:
        for line in lines:
            name, colon, text = line.strip().partition(": ")
            path = Path(f"/usr/share/asterisk/sounds/{language}/{name}.wav")
            words = text.split()
            spelt = sum(len(word.strip(".,")) == 1 for word in words) > 1
            if colon and not line.startswith(";") and len(words) >= 3 and not spelt and not _TASTE.search(text):
                made += [Clip(path, text)] if path.is_file() else []
    return made


def rates(truth: Sequence[str], made: Sequence[str]) -> tuple[float, float]:
    """Error rates of words and of letters over all texts, normalised."""
    import jiwer

    from zoo.evaluation.measures.wording import normalise

    pairs = [(normalise(t), normalise(m)) for t, m in zip(truth, made, strict=True)]
    wanted, found = [t for t, _ in pairs], [m for _, m in pairs]
    return float(jiwer.wer(wanted, found)), float(jiwer.cer(wanted, found))


def peer(module: Any, folder: Path) -> Any:
    """transformers' pipeline on the zoo's own module."""
    from transformers import GenerationConfig, WhisperFeatureExtractor, WhisperTokenizerFast, pipeline

    special = dict.fromkeys(("pad_token", "eos_token", "bos_token", "unk_token"), "<|endoftext|>")
    tokenizer = WhisperTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **special)
    number = tokenizer.convert_tokens_to_ids
    stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    languages = {token: n for token, n in tokenizer.get_vocab().items() if re.fullmatch(r"<\|[a-z]{2,3}\|>", token)}
    module.generation_config = GenerationConfig(
        decoder_start_token_id=number("<|startoftranscript|>"),
        **{name: number("<|endoftext|>") for name in ("eos_token_id", "pad_token_id", "bos_token_id")},
        suppress_tokens=stated["suppress_ids"],
        begin_suppress_tokens=stated["suppress_ids_begin"],
        alignment_heads=stated["alignment_heads"],
        is_multilingual=True,
        lang_to_id=languages,
        task_to_id={task: number(f"<|{task}|>") for task in ("transcribe", "translate")},
        no_timestamps_token_id=number("<|notimestamps|>"),
        prev_sot_token_id=number("<|startofprev|>"),
        max_initial_timestamp_index=50,
        max_length=448,
        return_timestamps=False,
    )
    extractor = WhisperFeatureExtractor(feature_size=module.config.num_mel_bins)
    return pipeline(
        "automatic-speech-recognition", model=module, tokenizer=tokenizer, feature_extractor=extractor, device="cpu"
    )


def sound(path: str) -> dict[str, Any]:
    """A recording as the pipeline takes it where no ffmpeg is installed; read as the zoo reads it."""
    from zoo_speech.audio import RATE as HEARD
    from zoo_speech.audio import read_audio

    return {"raw": read_audio(path), "sampling_rate": HEARD}


def seconds(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall time and processor time of one call, and what it gave."""
    started, cpu = time.perf_counter(), time.process_time()
    made = work()
    return time.perf_counter() - started, time.process_time() - cpu, made


def judged(text: str, met: bool, aim: str) -> list[str]:
    """Print one line with its aim; what was missed comes back."""
    print(f"  {text}  (aim: {aim}{'' if met else ', MISSED'})", flush=True)
    return [] if met else [text]


def words(model: Any, pipe: Any, count: int | None) -> list[str]:
    """Error rates of each language that is installed."""
    missed: list[str] = []
    for language in LANGUAGES:
        chosen = clips(language)
        if not chosen:
            print(f"{language}: not measured: install asterisk-core-sounds-{language}{{,-wav}} (Debian)")
            missed += [f"{language} was not measured"] if language == "en" else []
            continue
        random.Random(0).shuffle(chosen)
        chosen = chosen[:count]
        paths, truth = [str(clip.path) for clip in chosen], [clip.text for clip in chosen]
        ours = model.predict(paths, language=language)
        free = model.predict(paths)
        settings = {"language": language, "task": "transcribe", "return_timestamps": True, "num_beams": 1}
        theirs = pipe([sound(path) for path in paths], batch_size=_BATCH, generate_kwargs=settings)
        (wer, cer), (peer_wer, peer_cer) = (
            rates(truth, [r.text for r in ours]),
            rates(truth, [r["text"] for r in theirs]),
        )
        known = sum(result.language == language for result in free) / len(free)
        print(f"{language}, {len(chosen)} clips: language found in {known:.1%}")
        print(f"  CER {cer:.3f}, transformers {peer_cer:.3f}")
        text = f"WER {wer:.3f}, transformers {peer_wer:.3f}"
        missed += judged(text, wer <= peer_wer + AIM_WORDS, f"at most {AIM_WORDS} worse")
    return missed


def join(path: Path, length: float) -> str:
    """Write so many seconds of clips with pauses between them; what is said in them."""
    import numpy as np
    import soundfile

    chance, noise = random.Random(0), np.random.default_rng(0)
    chosen, said, done = [clip for clip in clips("en") if len(clip.text.split()) >= 4], [], 0
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        while done < length * RATE:
            clip = chance.choice(chosen)
            spoken, _ = soundfile.read(clip.path, dtype="float32")
            pause = noise.normal(0, 1e-4, int(RATE * chance.uniform(0.3, 3))).astype("float32")
            for part in (pause, spoken):
                file.write(part)
                done += len(part)
            said.append(clip.text)
    return " ".join(said)


def long_audio(model: Any, pipe: Any, folder: Path, minutes: float, turns: int) -> list[str]:
    """The zoo and the pipeline in turn on the same recording."""
    path = str(folder / "long.wav")
    truth = join(Path(path), minutes * 60)
    settings = {"language": "en", "task": "transcribe", "num_beams": 1}  # the pipeline's own default is 5 beams
    works: dict[str, Callable[[], str]] = {
        "zoo with silero-vad": lambda: model.predict(path, vad=SPEECH, language="en").text,
        "zoo": lambda: model.predict(path, language="en").text,
        "pipeline, chunks of 30 s, batch 8": lambda: pipe(
            sound(path), chunk_length_s=30, batch_size=_BATCH, return_timestamps=True, generate_kwargs=settings
        )["text"],
        "pipeline, sequential": lambda: pipe(sound(path), return_timestamps=True, generate_kwargs=settings)["text"],
    }
    model.predict(str(clips("en")[0].path), vad=SPEECH)  # both models are loaded before the clock runs
    took: dict[str, list[float]] = {name: [] for name in works}
    worked: dict[str, list[float]] = {name: [] for name in works}
    said: dict[str, str] = {}
    for turn in range(turns):
        for name in list(works) if turn % 2 == 0 else list(works)[::-1]:
            spent, cpu, said[name] = seconds(works[name])
            took[name].append(spent)
            worked[name].append(cpu)
    best, busy = ({name: statistics.median(times) for name, times in kept.items()} for kept in (took, worked))
    print(f"{minutes:g} minutes, {turns} turns; load of the machine {os.getloadavg()[0]:.1f}")
    for name in works:
        wer, cer = rates([truth], [said[name]])
        times = f"real-time factor {best[name] / minutes / 60:.3f}, processor {busy[name]:.1f} s"
        print(f"  {name}: {times}, WER {wer:.3f}, CER {cer:.3f}")
    missed = []
    for name in list(works)[2:]:
        ratio = best[name] / best["zoo with silero-vad"]
        work = busy[name] / busy["zoo with silero-vad"]
        text = f"zoo with silero-vad {ratio:.2f} x as fast as {name} ({work:.2f} x by processor time)"
        missed += judged(text, ratio >= AIM_SPEED, f"{AIM_SPEED}")
    return missed


def stream_only(path: str) -> None:
    """In a process of its own: transcribe a recording window by window and print the largest resident size in MB."""
    import zoo

    with zoo.load(MODEL) as model:
        model.engine.batch = _STREAMED
        done = sum(1 for _ in model.parts(path, vad=SPEECH, language="en"))
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith("VmHWM"))
    print(json.dumps({"windows": done, "mb": peak}))


def memory(home: Path, folder: Path, lengths: tuple[int, int]) -> list[str]:
    """Peak memory for a short and for a long recording."""
    sizes = []
    for minutes in lengths:
        path = folder / f"{minutes}.wav"
        join(path, minutes * 60)
        command = [sys.executable, __file__, "--home", str(home), "--stream", str(path)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        sizes.append(told["mb"])
    text = f"peak memory {sizes[0]:.0f} MB for {lengths[0]} minutes, {sizes[1]:.0f} MB for {lengths[1]}"
    return judged(f"{text}: {sizes[1] / sizes[0]:.2f} x", sizes[1] <= AIM_MEMORY * sizes[0], f"at most {AIM_MEMORY}")


def measure(home: Path, *, quick: bool) -> list[str]:
    """Everything, and what was missed."""
    import torch

    import zoo
    from zoo.errors import ZooError

    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; load of the machine {os.getloadavg()[0]:.1f}")
    try:
        zoo.pull(SPEECH)
        model = zoo.load(MODEL)
    except ZooError as error:
        sys.exit(f"transcribe: not measured: {error.cause} {error.remedy}")
    if not clips("en"):
        sys.exit("transcribe: not measured: install asterisk-core-sounds-en and asterisk-core-sounds-en-wav (Debian)")
    with tempfile.TemporaryDirectory() as folder, model:
        pipe = peer(model.module, model.engine.runner.checkpoint.path)
        missed = words(model, pipe, 6 if quick else None)
        missed += long_audio(model, pipe, Path(folder), 3 if quick else 10, 1 if quick else 3)
        missed += memory(home, Path(folder), (3, 12) if quick else (10, 60))
    return missed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6 clips a language, 3 minutes")
    parser.add_argument("--home", type=Path, help="a zoo's folder, kept; a temporary one otherwise")
    parser.add_argument("--stream", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = given.home or Path(temporary)
        os.environ["ZOO_HOME"] = str(home)
        if given.stream:
            stream_only(given.stream)
            return
        missed = measure(home, quick=given.quick)
    print(f"{len(missed)} aims missed" if missed else "all aims met")


if __name__ == "__main__":
    main()
