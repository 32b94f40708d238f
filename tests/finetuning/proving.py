"""What the tests of whole runs share: small models beside those of the fixtures, data for each task, and a look at all
that a run leaves."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.tiny import COLOURS, SPECIAL, WORDS, tokenizer, write_text_model
from zoo import Zoo
from zoo.finetuning import Run

__all__ = [
    "MODELS",
    "assert_papers",
    "begun",
    "command",
    "data_of",
    "environment",
    "new_files",
    "record_of",
    "stopped",
    "until",
    "writer",
]

ENDS = ("film", "play", "cat", "dog", "end", "cats")


def writer(folder: Path) -> Path:
    """A GPT-2 of 16 dimensions."""
    import transformers

    vocabulary = (*SPECIAL, *WORDS)
    torch.manual_seed(0)
    sizes = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 16}
    ids = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    config = transformers.GPT2Config(vocab_size=len(vocabulary), **sizes, **ids)
    transformers.GPT2LMHeadModel(config).eval().save_pretrained(folder)
    made = tokenizer(vocabulary)
    made.backend_tokenizer.post_processor = None
    made.save_pretrained(folder)
    return folder


def masker(folder: Path) -> Path:
    """A BERT that guesses words."""
    return write_text_model(folder, "BertForMaskedLM")


def segmenter(folder: Path) -> Path:
    """A SegFormer of 16 channels, for pictures of 32 by 32."""
    import transformers

    torch.manual_seed(0)
    sizes = {"depths": [1] * 4, "hidden_sizes": [8, 8, 16, 16], "num_attention_heads": [1, 1, 2, 2]}
    config = transformers.SegformerConfig(**sizes, decoder_hidden_size=16, num_labels=2)
    transformers.SegformerForSemanticSegmentation(config).eval().save_pretrained(folder)
    transformers.SegformerImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def viewer(folder: Path) -> Path:
    """A ViT of 16 dimensions, for pictures of 32 by 32."""
    import transformers

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.ViTConfig(**sizes, image_size=32, patch_size=8, num_labels=2)
    transformers.ViTForImageClassification(config).eval().save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


MODELS: dict[str, Callable[[Path], Path]] = {
    "viewer": viewer,
    "writer": writer,
    "masker": masker,
    "segmenter": segmenter,
}


def data_of(what: str, folder: Path) -> Path:
    """A file or folder with data of this form."""
    folder.mkdir(parents=True, exist_ok=True)
    made: Path = _MAKERS[what](folder)
    return made


def _table(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    lines = [",".join(map(str, row)) for row in (head, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _texts(count: int = 40) -> list[str]:
    return [
        f"{'very ' * (n % 5)}{('good', 'bad')[n % 2]} was the {ENDS[n % 6]} {ENDS[n % 7 % 6]}" for n in range(count)
    ]


def _single(folder: Path) -> Path:
    rows = [(text, "positive" if "good" in text else "negative") for text in _texts()]
    return _table(folder / "films.csv", ("text", "label"), rows)


def _multi(folder: Path) -> Path:
    def labels(text: str) -> str:
        return "|".join(name for name in ("bad", "cat", "very") if name in text.split())

    return _table(folder / "topics.csv", ("text", "labels"), [(text, labels(text)) for text in _texts()])


def _regression(folder: Path) -> Path:
    rows = [
        (t, round((1 if "good" in t else -1) * (1 + t.count("very") / 2) + n / 1000, 3)) for n, t in enumerate(_texts())
    ]
    return _table(folder / "stars.csv", ("text", "score"), rows)


def _tags(folder: Path) -> Path:
    sentences = []
    for text in _texts():
        words = text.split()
        sentences.append("\n".join(f"{w} {'B-BEAST' if w in {'cat', 'cats', 'dog'} else 'O'}" for w in words))
    path = folder / "beasts.conll"
    path.write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    return path


def _pairs(folder: Path) -> Path:
    rows = [
        (f"a {'very ' * (n // 6)}good {ENDS[n % 6]}", f"the {ENDS[n % 6]} was {'very ' * (n // 6)}great")
        for n in range(36)
    ]
    return _table(folder / "pairs.csv", ("text1", "text2"), rows)


def _scored(folder: Path) -> Path:
    texts = _texts()
    rows = [
        (a, b, 0.9 if ("good" in a) == ("good" in b) else 0.1)
        for a, b in zip(texts, texts[20:] + texts[1:21], strict=True)
    ]
    return _table(folder / "alike.csv", ("text1", "text2", "score"), rows)


def _lines(folder: Path) -> Path:
    path = folder / "corpus.txt"
    path.write_text("\n".join(_texts()) + "\n", encoding="utf-8")
    return path


def _coloured(folder: Path) -> Path:
    """A table of pictures that show one colour or two."""
    generator = np.random.default_rng(0)
    rows = []
    names = sorted(COLOURS)
    for number in range(36):
        chosen = sorted({names[number % 3], names[number // 3 % 3]})
        pixels = np.zeros((24, 24, 3)) + generator.normal(0, 8, (24, 24, 3))
        for place, name in enumerate(chosen):
            pixels[:, place * 24 // len(chosen) : (place + 1) * 24 // len(chosen)] += COLOURS[name]
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")
        rows.append((f"{number:02}.png", "|".join(chosen)))
    return _table(folder / "colours.csv", ("image", "labels"), rows)


def _masks(folder: Path) -> Path:
    """A folder of pictures with bright squares, and one of masks that say where."""
    generator = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(20):
        pixels, mask = generator.normal(40, 8, (32, 32, 3)), np.zeros((32, 32), dtype=np.uint8)
        top, left = generator.integers(0, 16, 2)
        pixels[top : top + 16, left : left + 16] += 170
        mask[top : top + 16, left : left + 16] = 1
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number:02}.png")
    return folder


_MAKERS: dict[str, Callable[[Path], Path]] = {
    "single": _single,
    "multi": _multi,
    "regression": _regression,
    "tags": _tags,
    "pairs": _pairs,
    "scored": _scored,
    "text": _lines,
    "coloured": _coloured,
    "mask": _masks,
}


def record_of(path: Path) -> dict[str, Any]:
    """The record in a run's folder."""
    found: dict[str, Any] = json.loads((path / "record.json").read_text(encoding="utf-8"))
    return found


def assert_papers(zoo: Zoo, run: Run) -> None:
    """Record, model card, report, curves and predictions are there and say the same."""
    from huggingface_hub import ModelCard

    record = record_of(run.path)
    assert record == json.loads(json.dumps(dict(run.record)))
    assert (record["outcome"], record["model"], record["method"]) == ("done", run.model, run.method)
    assert {"error", "process"}.isdisjoint(record)
    assert not (run.path / "checkpoints").exists() and not (run.path / "trials").exists()
    main = record["evaluation"]["main"]
    assert math.isfinite(run.metrics[main])
    assert zoo.show(run.model)["card"]["metrics"][0]["value"] == round(run.metrics[main], 6)
    card = ModelCard.load(run.path / "README.md")
    assert card.data.base_model == run.base
    (result,) = {found.dataset_name for found in card.data.eval_results}
    assert result == record["data"]["name"]
    assert round(run.metrics[main], 6) in {found.metric_value for found in card.data.eval_results}
    assert run.model in card.text and run.id in card.text
    page = run.report.read_text(encoding="utf-8")
    assert page.startswith("<!") and run.model in page and run.id in page
    told = (run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {json.loads(line)["row"] for line in told}
    assert len(rows) == record["data"]["test"]
    if run.method == "probe":
        assert record["chosen"]["strength"] > 0
        return
    assert len(record["chosen"]["weights_sha256"]) == 64
    curves = [json.loads(line) for line in (run.path / "curves.jsonl").read_text(encoding="utf-8").splitlines()]
    assert max(row["step"] for row in curves) == record["timing"]["steps"]
    assert all(math.isfinite(value) for row in curves for value in row.values())
    if record["data"]["validation"]:
        assert any("validation_loss" in row for row in curves)


def new_files(zoo: Zoo, run: Run | dict[str, Any]) -> dict[str, str]:
    """The sha256 of the files that a run made, of which the store holds the bytes."""
    record = run.record if isinstance(run, Run) else run
    manifest = zoo.obtain(record["model"]).manifest
    found = {file.path: file.sha256 for file in manifest.files if f"run:{record['id']}" in file.origin}
    assert found == record["files"]
    return found


def environment(home: Path, **more: str) -> dict[str, str]:
    """For a process that works on one core, offline."""
    return {**os.environ, "ZOO_HOME": str(home), "ZOO_OFFLINE": "1", "OMP_NUM_THREADS": "1", **more}


def command(home: Path, *args: object) -> subprocess.Popen[str]:
    """Start `zoo ARGS`."""
    words = [sys.executable, "-m", "zoo", *map(str, args)]
    return subprocess.Popen(words, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(holds: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """Wait till something holds; fails with what the process says when it ends before."""
    while not (found := holds()):
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.01)
    return found


def begun(home: Path, process: subprocess.Popen[str], *, checkpoint: bool = True) -> Path:
    """The folder of the only unfinished run, once it has a checkpoint."""

    def there() -> Path | None:
        for path in (home / "runs").glob("*/record.json"):
            whole = list(path.parent.glob("checkpoints/checkpoint-*/complete.json"))
            if record_of(path.parent)["outcome"] == "running" and (whole or not checkpoint):
                return path.parent
        return None

    found: Path = until(there, process)
    return found


def stopped(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> tuple[int, str, str]:
    """Send a signal and wait for the end: exit code, what was printed, and what was printed as an error."""
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
