"""Speech models that learn: from a table or folder of recordings to a model that is registered, loaded and used."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers

from tests.finetuning.proving import assert_papers, new_files
from tests.plugins.speech.conftest import SPECIAL, WORDS, write_vocabulary
from tests.tiny_fixtures import leftovers
from zoo import Zoo

RATE = 16_000
QUICK: dict[str, Any] = {"epochs": 1, "batch": 4, "learning_rate": 1e-3, "seed": 1}
TONES = {"high": 2400, "low": 300}


def recorder(folder: Path) -> Path:
    """A Whisper of 16 dimensions that knows English and German, saved by transformers."""
    numbers = {name: index + len(WORDS) for index, name in enumerate(SPECIAL)}
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), numbers["endoftext"])
    sides = {f"{side}_{what}": 2 for side in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    config = transformers.WhisperConfig(
        vocab_size=len(WORDS) + len(SPECIAL) + 1501,
        d_model=16,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_target_positions=32,
        suppress_tokens=[],
        begin_suppress_tokens=[numbers["endoftext"]],
        decoder_start_token_id=numbers["startoftranscript"],
        is_multilingual=True,
        **sides,
        **ends,
    )
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    write_vocabulary(folder)
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)
    stated = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**stated, "is_multilingual": True}))
    return folder


def listener(folder: Path) -> Path:
    """A wav2vec 2.0 of 16 dimensions that writes letters, saved by transformers."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    hears = {"conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (8, 8), "num_conv_pos_embeddings": 4}
    config = transformers.Wav2Vec2Config(**sizes, **hears, num_conv_pos_embedding_groups=2, vocab_size=8)
    transformers.Wav2Vec2ForCTC(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def tones(folder: Path, each: int = 6) -> Path:
    """A folder for each tone with noisy recordings of it."""
    generator = np.random.default_rng(0)
    for name, hertz in TONES.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            time = np.arange(int(RATE * generator.uniform(0.4, 0.6))) / RATE
            wave = 0.3 * np.sin(2 * np.pi * hertz * time) + generator.normal(0, 0.02, len(time))
            soundfile.write(folder / name / f"{number}.wav", wave, RATE)
    return folder


def spoken(folder: Path) -> Path:
    """A table of the recordings with what is said in them."""
    tones(folder)
    rows = [(f"{name}/{n}.wav", {"high": "ab", "low": "cd"}[name] * (1 + n % 3)) for name in TONES for n in range(6)]
    with (folder / "said.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "text"), *rows])
    return folder / "said.csv"


CASES = [
    *(("listener", "audio-classification", method) for method in ("probe", "lora", "full")),
    *(("recorder", "audio-classification", method) for method in ("probe", "full")),
    *(("recorder", "automatic-speech-recognition", method) for method in ("lora", "full")),
]
NEW = {
    "probe": {"head.safetensors"},
    "lora": {"adapter_config.json", "adapter_model.safetensors", "head.safetensors"},
}


@pytest.mark.parametrize(("base", "task", "method"), CASES)
def test_from_recordings_to_a_model_that_hears(home: Path, tmp_path: Path, base: str, task: str, method: str) -> None:
    zoo = Zoo(home, quiet=True)
    zoo.pull(str({"listener": listener, "recorder": recorder}[base](tmp_path / base)))
    writes = task == "automatic-speech-recognition"
    source = spoken(tmp_path / "data") if writes else tones(tmp_path / "data")
    run = zoo.finetune(base, source, name="new", task=task, method=method, **(QUICK if method != "probe" else {}))
    assert run is not None
    assert_papers(zoo, run)
    assert leftovers(home) == []
    if method in NEW:
        assert new_files(zoo, run).keys() == NEW[method] - ({"head.safetensors"} if writes else set())
    if method == "probe":
        assert run.metrics["accuracy"] == 1.0
    with Zoo(home, quiet=True).load("new") as model:
        found = model.predict(tmp_path / "data" / "low" / "0.wav")
        if writes:
            assert isinstance(found.text, str)
        else:
            assert {label.label for label in found.labels} == set(TONES)
            assert sum(label.score for label in found.labels) == pytest.approx(1)
    again = zoo.evaluate("new", source).evaluation  # of the rows that were held out
    assert (again.n, again.value) == (run.metrics["examples"], pytest.approx(run.metrics[again.main]))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nowhere.wav,ab", "nowhere.wav"),
        ("high/0.wav,", "transcript"),
        ("long.wav,ab", "31.0 s"),
    ],
)
def test_what_is_wrong_with_the_clips_is_one_clear_error(
    home: Path, tmp_path: Path, cli: Any, row: str, said: str
) -> None:
    table = spoken(tmp_path / "data")
    soundfile.write(tmp_path / "data" / "long.wav", np.random.default_rng(0).normal(0, 0.1, 31 * RATE), RATE)
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *[row] * 4, *lines[1:]]) + "\n")
    Zoo(home, quiet=True).pull(str(recorder(tmp_path / "recorder")))
    made = cli("finetune", "recorder", table, "--method", "lora", "--epochs", 1, "--name", "new")
    assert made.code not in {0, 1}
    assert said in made.err
    assert "Traceback" not in made.err
    assert leftovers(home) == []
