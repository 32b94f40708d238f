"""Real weights, real data, the whole way: `Zoo.finetune` against what the base can do, on rows that were held out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.finetuning.real_data import digits, faces, nuclei, reviews
from zoo import Zoo

pytestmark = pytest.mark.real

Furnish = Callable[[str], Zoo]


@pytest.fixture(scope="module")
def furnish(real_zoo: Any, tmp_path_factory: pytest.TempPathFactory) -> Furnish:
    """A zoo of its own with a copy of a real model: what is made here is nobody else's."""
    home = tmp_path_factory.mktemp("real") / "zoo"

    def furnished(name: str) -> Zoo:
        pulled, zoo = real_zoo.pull(name), Zoo(home, quiet=True)
        zoo.ready()
        folder = home / pulled.path.relative_to(real_zoo.zoo.home)
        if not folder.exists():
            folder.mkdir(parents=True)
            shutil.copy2(pulled.path / "zoo-manifest.json", folder)
            for file in pulled.manifest.files:
                blob = home / "blobs" / "sha256" / file.sha256[:2] / file.sha256
                blob.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(pulled.path / file.path, blob)
                (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
                os.link(blob, folder / file.path)
            zoo.catalog.record_revision(pulled.manifest)
        derived = real_zoo.zoo.home / "cache" / "derived"
        if derived.is_dir():  # conversions that take long and never change
            shutil.copytree(derived, home / "cache" / "derived", copy_function=shutil.copy2, dirs_exist_ok=True)
        return zoo

    return furnished


@pytest.fixture(scope="module")
def sentiment(shared_home: Path) -> Sequence[tuple[str, str]]:
    return [row for row in reviews(shared_home) if len(row[0]) < 80][:600]


@pytest.mark.timeout(300)
def test_minilm_learns_sentiment_with_all_weights(furnish: Furnish, sentiment: Sequence[tuple[str, str]]) -> None:
    run = furnish("all-MiniLM-L6-v2").finetune(
        "all-MiniLM-L6-v2",
        sentiment,
        task="text-classification",
        method="full",
        name="full",
        epochs=1,
        batch=16,
        learning_rate=3e-4,
        validation_size=1 / 30,
    )
    assert run is not None
    assert run.metrics["examples"] == 120
    assert run.metrics["accuracy"] >= 0.77


def test_minilm_learns_sentiment_by_a_linear_head(furnish: Furnish, sentiment: Sequence[tuple[str, str]]) -> None:
    run = furnish("all-MiniLM-L6-v2").finetune(
        "all-MiniLM-L6-v2", sentiment, task="text-classification", method="probe", name="probe"
    )
    assert run is not None
    assert run.metrics["examples"] == 120
    assert run.metrics["accuracy"] >= 0.73


@pytest.mark.parametrize(("data", "least"), [(digits(30), 0.87), (faces(), 0.95)], ids=["digits", "faces"])
def test_mobilenet_learns_pictures_by_a_linear_head(furnish: Furnish, data: Sequence[Any], least: float) -> None:
    run = furnish("mobilenetv2_100").finetune("mobilenetv2_100", data, task="image-classification", method="probe")
    assert run is not None
    assert run.metrics["accuracy"] >= least


@pytest.mark.parametrize(("data", "least"), [(digits(30), 0.65), (faces(), 0.9)], ids=["digits", "faces"])
def test_mobilenet_learns_pictures_from_five_of_each_class(furnish: Furnish, data: Sequence[Any], least: float) -> None:
    run = furnish("mobilenetv2_100").finetune(
        "mobilenetv2_100", data, task="image-classification", shots=5, validation_size=0
    )
    assert run is not None
    assert (run.method, run.record["data"]["train"]) == ("probe", 5 * len(run.record["data"]["classes"]))
    assert run.metrics["accuracy"] >= least


@pytest.mark.serial
def test_u2net_learns_nuclei(furnish: Furnish, shared_home: Path) -> None:
    data = nuclei(shared_home)
    zoo = furnish("u2netp")
    before = zoo.evaluate("u2netp", data, task="image-segmentation").evaluation.metrics["foreground_iou"].value
    run = zoo.finetune("u2netp", data, task="image-segmentation", method="full", name="nuclei", epochs=2)
    assert run is not None
    assert run.metrics["examples"] == len(data["test"])
    assert run.metrics["foreground_iou"] > before + 0.2


@pytest.mark.serial
def test_smollm2_learns_to_write_reviews(real_zoo: Any, furnish: Furnish, shared_home: Path) -> None:
    texts = [text for text, _ in reviews(shared_home) if len(text) < 70]
    data = {"train": texts[100:124], "test": texts[:8]}
    real_zoo.load("SmolLM2-135M-Instruct").unload()  # its GGUF is converted once, for other tests too
    zoo = furnish("SmolLM2-135M-Instruct")
    before = zoo.evaluate("SmolLM2-135M-Instruct", data, task="text-generation").evaluation.metrics["perplexity"].value
    run = zoo.finetune(
        "SmolLM2-135M-Instruct",
        data,
        task="text-generation",
        method="lora",
        name="reviewer",
        epochs=1,
        batch=4,
        learning_rate=1e-3,
    )
    assert run is not None
    assert run.record["data"]["test"] == 8
    assert run.metrics["perplexity"] < 0.95 * before
