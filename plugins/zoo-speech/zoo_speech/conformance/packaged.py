"""Small models in the forms of the packages that carry them: Silero VAD, Resemblyzer, hibari-tts.

The networks of the first two have one size, that of their packages; the numbers in them are by chance.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_speech.conformance.graphs import graph, node, value
from zoo_speech.conformance.numbers import fill, numbers

__all__ = ["make_known_voices", "make_silero", "make_voice", "make_voices"]

_BINS = 601  # of hibari's spectra
_WIDE = 8
_SOUNDS = "abdefhijklmnopstuvwzæðŋɑɔəɛɡɪɹʃʊʌʒθˈˌ .,!?"
_LEXICON = {"hello": "həlˈO", "world": "wˈɜɹld", "cat": "kˈæt", "sat": "sˈæt", "mat": "mˈæt", "on": "ˌɔn"}
_SPEAKERS = ("anna", "bert", "carl")


def make_silero(folder: Path) -> ModelCard:
    """The initializers of Silero VAD's ONNX file, of which nothing else is read."""
    from zoo_speech.silero import WEIGHTS, SileroVad

    state = {name: tensor.numpy() for name, tensor in _listening(fill(SileroVad())).state_dict().items()}
    made = {name: array for name, array in state.items() if name.startswith(("encoder.", "output."))}
    made["stft.forward_basis_buffer"] = state["stft.weight"]
    made |= {f"onnx::LSTM_{number}": array for number, array in enumerate(_gates(state))}
    (folder / WEIGHTS).write_bytes(graph([], made))
    return ModelCard(
        id="tiny-silero",
        task="voice-activity-detection",
        library="zoo",
        loader="silero-vad",
        architecture="SileroVad",
    )


def _listening(module: Any) -> Any:
    """Silero VAD with weights by which whatever is loud is speech, for as long as it is loud."""
    import torch

    with torch.no_grad():
        for layer in module.encoder:
            layer.weight.abs_()
            layer.bias.zero_()
        into, forget, cell, out = module.recurrent.weight_ih_l0.chunk(4)
        for gate in (into, forget, out):
            gate.zero_()
        cell.abs_()
        for gate, open_ in zip(module.recurrent.bias_ih_l0.chunk(4), (4.0, -4.0, 0.0, 4.0), strict=True):
            gate.fill_(open_)
        module.output.weight.fill_(0.1)
        module.output.bias.fill_(-5.0)
    return module


def _gates(state: dict[str, Any]) -> list[Any]:
    """An LSTM's weights as ONNX has them: gates as input, output, forget, cell, and both biases in one."""
    import numpy as np

    def ordered(name: str) -> Any:
        into, forget, cell, out = np.split(state[f"recurrent.{name}_l0"], 4)
        return np.concatenate([into, out, forget, cell])[None]

    biases = np.concatenate([ordered("bias_ih"), ordered("bias_hh")], 1)
    return [ordered("weight_ih"), ordered("weight_hh"), biases]


def make_voices(folder: Path) -> ModelCard:
    """Resemblyzer's checkpoint: weights, and two scalars of its training, under `model_state`."""
    import torch

    from zoo_speech.speaker_encoder import VoiceEncoder

    scalars = {name: torch.ones(1) for name in ("similarity_weight", "similarity_bias")}
    state = {**fill(VoiceEncoder(), gain=3.0).state_dict(), **scalars}
    torch.save({"step": 1, "model_state": state}, folder / "pretrained.pt")
    return ModelCard(
        id="tiny-voices",
        task="audio-feature-extraction",
        tasks=("speaker-verification", "speaker-diarization"),
        library="zoo",
        loader="speaker-encoder",
        architecture="VoiceEncoder",
        config={"dimensions": 256},
    )


def make_known_voices(folder: Path) -> ModelCard:
    """The same with a head that knows three speakers, as fine-tuning leaves it."""
    import torch
    from safetensors.torch import save_file

    from zoo.plugin import HEAD_FILE

    card = make_voices(folder)
    draw = numbers(1)
    rows = torch.from_numpy(draw.standard_normal((len(_SPEAKERS), 256))).float()
    save_file({"head.weight": rows, "head.bias": torch.zeros(len(_SPEAKERS))}, folder / HEAD_FILE)
    config = {"head": "pooled-linear", "labels": list(_SPEAKERS), "num_classes": len(_SPEAKERS)}
    return card.replace(id="tiny-known-voices", task="audio-classification", tasks=(), config=config)


def make_voice(folder: Path) -> ModelCard:
    """hibari's files: an acoustic model, two lexicons, what is written short, and a speller of unknown words."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    files: dict[str, Any] = {
        "lexicon_us_gold.json.gz": _LEXICON,
        "lexicon_us_silver.json.gz": {},
        "normalize.json": {"abbreviations": {"Dr.": "doctor"}},
        "oov.json": {"in": letters, "out": list(letters), "maxlen": 32},
        "vocab.json": {sound: number for number, sound in enumerate(_SOUNDS, 1)},
    }
    for name, content in files.items():
        data = json.dumps(content, ensure_ascii=False).encode()
        (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    (folder / "hibari.onnx").write_bytes(_acoustic())
    (folder / "oov.onnx").write_bytes(_speller(len(letters)))
    return ModelCard(
        id="tiny-hibari",
        task="text-to-speech",
        library="onnx",
        loader="onnx-voice",
        architecture="hibari",
        config={"sampling_rate": 24_000},
        languages=("en",),
    )


def _acoustic() -> bytes:
    """Each phoneme's numbers for four frames, fewer when it is said faster, through one layer for each output."""
    import numpy as np

    draw = numbers(2)
    wide = {"lh": _BINS, "theta": _BINS, "ln": _BINS, "lr": _BINS, "phi": _BINS, "pitch": 1}
    weights = {f"{name}.w": draw.standard_normal((size, _WIDE, 1)).astype(np.float32) for name, size in wide.items()}
    weights["table"] = draw.standard_normal((len(_SOUNDS) + 1, _WIDE)).astype(np.float32)
    weights |= {
        "as_it_is": np.ones(2, np.float32),
        "frames": np.full(1, 4, np.float32),
        "no_region": np.zeros(0, np.float32),
    }
    weights |= {"hertz": np.full(1, 120, np.float32), "range": np.full(1, 20, np.float32), "axis": np.ones(1, np.int64)}
    nodes = [
        node("Gather", ["table", "ids"], "rows"),
        node("Transpose", ["rows"], "columns", perm=[0, 2, 1]),
        node("Div", ["frames", "speed"], "longer"),
        node("Concat", ["as_it_is", "longer"], "scales", axis=0),
        node("Resize", ["columns", "no_region", "scales"], "sound", mode="nearest"),
        *(node("Conv", ["sound", f"{name}.w"], name, kernel_shape=[1]) for name in wide),
        node("Tanh", ["pitch"], "melody"),
        node("Mul", ["melody", "range"], "moved"),
        node("Add", ["moved", "hertz"], "curve"),
        node("Squeeze", ["curve", "axis"], "f0"),
    ]
    outputs = [value(name, "float32", [1, _BINS, "frames"]) for name in wide if name != "pitch"]
    inputs = [value("ids", "int64", [1, "phonemes"]), value("speed", "float32", [1])]
    return graph(nodes, weights, inputs, [*outputs, value("f0", "float32", [1, "frames"])])


def _speller(letters: int) -> bytes:
    """Each letter is a sound of its own."""
    import numpy as np

    return graph(
        [node("Gather", ["table", "chars"], "sounds")],
        {"table": np.arange(letters + 1)},
        [value("chars", "int64", [1, "letters"])],
        [value("sounds", "int64", [1, "letters"])],
    )
