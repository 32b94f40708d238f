"""What each method trains, what it leaves alone, what it writes, and what it says when it cannot go on."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.finetuning.training.jobs import Jobs, films, sha256, squares
from tests.tiny_fixtures import Models
from zoo.errors import BadInput, BadOption, NoSpace
from zoo.finetuning.job import Learnt, Settings
from zoo.finetuning.training import train
from zoo.models.training import own_module


def weights(jobs: Jobs, model: str) -> dict[str, torch.Tensor]:
    pulled = jobs.zoo.obtain(model)
    with own_module(jobs.zoo, pulled, pulled.card.task, device="cpu", owner="test") as module:
        return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def written(learnt: Learnt, folder: Path) -> dict[str, torch.Tensor]:
    folder.mkdir()
    made = learnt.write(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(made.files)
    return {k: v for name in made.files if name.endswith(".safetensors") for k, v in load_file(folder / name).items()}


def test_full_trains_all_layers_and_keeps_the_best(jobs: Jobs, tmp_path: Path) -> None:
    learnt = jobs.train(epochs=20, learning_rate=0.01, patience=0, save_seconds=0.3)
    rows = [json.loads(line) for line in (jobs.zoo.home / "runs/run/curves.jsonl").read_text().splitlines()]
    scored = [row for row in rows if "validation_loss" in row]
    best = max(scored, key=lambda row: (row["accuracy"], -row["validation_loss"]))
    assert learnt.validation == {"accuracy": best["accuracy"], "loss": best["validation_loss"]}
    assert learnt.curves["best_step"] == best["step"]
    assert best["accuracy"] >= 0.75
    assert {"step", "epoch", "loss", "learning_rate", "examples_per_second"} == rows[0].keys()
    assert learnt.timing["steps"] == scored[-1]["step"]
    tensors = written(learnt, tmp_path / "out")
    before = weights(jobs, "local/texts")
    changed = {name for name in before if name in tensors and not torch.equal(before[name], tensors[name])}
    assert {"embeddings.word_embeddings.weight", "encoder.layer.0.attention.self.query.weight"} <= changed
    assert jobs.saved[-1]["checkpoint"]["metric"]
    assert jobs.steps[-1].step == jobs.steps[-1].steps == learnt.timing["steps"]
    assert jobs.steps[-1].metric is not None


def test_head_leaves_the_body_as_it_is(jobs: Jobs, models: Models, tmp_path: Path) -> None:
    learnt = jobs.train(squares(models.squares), method="head", epochs=6, learning_rate=0.05)
    tensors = written(learnt, tmp_path / "out")
    assert {name.rpartition(".")[2] for name in tensors} == {"weight", "bias"}
    assert len(tensors) == 2
    assert learnt.validation["accuracy"] > 0.5
    state = torch.load(next((jobs.zoo.home / "runs/run/checkpoints").glob("checkpoint-*")) / "weights.pt")
    before = weights(jobs, "local/pics")
    running = [name for name in state if "running_mean" in name]
    assert running
    assert all(torch.equal(state[name], before[name]) for name in running)


def test_low_rank_adapters_are_small_and_merge_to_the_same(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.make(method="lora", dropout=0.0, rank=2, learning_rate=0.02)
    learnt = train(job, jobs.report)
    tensors = written(learnt, tmp_path / "small")
    halves = [name for name in tensors if "lora_" in name]
    assert halves
    assert all(name.startswith("base_model.model.") and 2 in tensors[name].shape for name in halves)
    config = json.loads((tmp_path / "small" / "adapter_config.json").read_text())
    assert (config["r"], config["peft_type"], config["base_model_name_or_path"]) == (2, "LORA", "local/texts")
    merged = jobs.train(method="lora", dropout=0.0, rank=2, learning_rate=0.02, merge=True, run="merged")
    assert sha256(merged) == sha256(learnt)
    whole = written(merged, tmp_path / "whole")
    assert not any("lora" in name for name in whole)
    before = weights(jobs, "local/texts")
    name = next(n for n in halves if n.endswith("lora_A.weight")).removesuffix(".lora_A.weight")
    delta = tensors[f"{name}.lora_B.weight"] @ tensors[f"{name}.lora_A.weight"] * (16.0 / 2)
    plain = next(n for n in before if name.endswith(n.removesuffix(".weight")) and n.endswith(".weight"))
    assert torch.allclose(whole[plain], before[plain] + delta, atol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_other_ones(jobs: Jobs) -> None:
    torch.manual_seed(11)
    random.seed(11)
    untouched = torch.get_rng_state()
    first = jobs.train(epochs=1, save_seconds=60.0)
    assert torch.equal(torch.get_rng_state(), untouched)  # the caller's numbers go on as before
    random.random()
    torch.rand(3)
    assert sha256(jobs.train(epochs=1, save_seconds=60.0, run="b")) == sha256(first)
    assert sha256(jobs.train(epochs=1, save_seconds=60.0, run="c", seed=4)) != sha256(first)


def test_it_stops_early_and_says_so(jobs: Jobs) -> None:
    learnt = jobs.train(epochs=30, patience=2, learning_rate=1e-9)
    assert learnt.timing["steps"] < 30 * 6
    assert any("without a better score" in note for note in learnt.notes)


def test_a_time_limit_ends_it_with_the_best_kept(jobs: Jobs) -> None:
    learnt = jobs.train(epochs=10000, max_seconds=1.0, patience=0, save_seconds=60.0)
    assert learnt.timing["steps"] < 60000
    assert learnt.validation["accuracy"] > 0
    assert any("time limit" in note for note in learnt.notes)


def test_without_validation_the_last_state_is_taken(jobs: Jobs) -> None:
    learnt = jobs.train(films(held=0), epochs=2)
    assert learnt.validation == {}
    assert learnt.curves["best_step"] == learnt.timing["steps"]


def test_smoothing_and_balance_change_what_is_learnt(jobs: Jobs) -> None:
    plain = sha256(jobs.train(epochs=1, save_seconds=60.0, run="plain"))
    assert sha256(jobs.train(epochs=1, save_seconds=60.0, run="smooth", smoothing=0.2)) != plain
    assert jobs.train(epochs=1, save_seconds=60.0, run="fair", balance=True).validation


def test_a_loss_that_is_no_number_ends_it_at_once(jobs: Jobs) -> None:
    class Breaking(jobs.make().adapter):  # type: ignore[misc]
        calls = 0

        def loss(self, module: Any, batch: Mapping[str, Any], target: Any) -> Any:
            loss, outputs = super().loss(module, batch, target)
            if module.training:
                type(self).calls += 1
            return (loss * float("nan") if type(self).calls == 9 else loss), outputs

    with pytest.raises(BadOption, match="at step 9") as caught:
        jobs.train(adapter=Breaking)
    assert "0.005" in caught.value.cause
    assert "--learning-rate 0.0005" in caught.value.remedy
    assert "--resume" not in caught.value.remedy  # with the settings that it began with it would end the same
    # The state before it is whole: the run goes on from there, and a lower rate is taken.
    assert jobs.train(learning_rate=0.0005).validation


def test_memory_that_runs_out_halves_the_batch_and_not_the_step(jobs: Jobs) -> None:
    class Large(jobs.make().adapter):  # type: ignore[misc]
        sizes: list[int] = []  # noqa: RUF012

        def loss(self, module: Any, batch: Mapping[str, Any], target: Any) -> Any:
            self.sizes.append(len(batch["labels"]))
            if module.training and len(batch["labels"]) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return super().loss(module, batch, target)

    learnt = jobs.train(adapter=Large, epochs=1, batch=8)
    assert learnt.timing["steps"] == 3
    assert any("memory ran out: 2 examples at once, 4 times" in note for note in learnt.notes)
    assert max(Large.sizes[4:]) <= 4


def test_a_full_disk_leaves_the_older_state(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Filling(jobs.make().adapter):  # type: ignore[misc]
        calls = 0

        def loss(self, module: Any, batch: Mapping[str, Any], target: Any) -> Any:
            if module.training:
                type(self).calls += 1
                if type(self).calls == 5:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
            return super().loss(module, batch, target)

    try:
        with pytest.raises(NoSpace, match="the state of step 4 is safe") as caught:
            jobs.train(adapter=Filling)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "zoo finetune --resume run" in caught.value.remedy
    folder = jobs.zoo.home / "runs/run/checkpoints"
    assert not list(folder.glob(".writing*"))
    assert sha256(jobs.train()) == sha256(jobs.train(run="whole"))


def test_ctrl_c_saves_first(jobs: Jobs) -> None:
    import os
    import signal

    class Stopping(jobs.make().adapter):  # type: ignore[misc]
        calls = 0

        def loss(self, module: Any, batch: Mapping[str, Any], target: Any) -> Any:
            if module.training:
                type(self).calls += 1
                if type(self).calls == 8:
                    os.kill(os.getpid(), signal.SIGINT)
            return super().loss(module, batch, target)

    with pytest.raises(KeyboardInterrupt):
        jobs.train(adapter=Stopping, save_seconds=60.0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    names = [path.name for path in (jobs.zoo.home / "runs/run/checkpoints").iterdir()]
    assert "checkpoint-8" in names
    assert sha256(jobs.train(save_seconds=60.0)) == sha256(jobs.train(save_seconds=60.0, run="whole"))


def test_a_broken_state_is_passed_over(jobs: Jobs) -> None:
    whole = sha256(jobs.train())
    folder = jobs.zoo.home / "runs/run/checkpoints"
    newest = max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    content = bytearray((newest / "optimizer.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (newest / "optimizer.pt").write_bytes(content)
    (folder / ".writing-checkpoint-99-1").mkdir()
    assert sha256(jobs.train()) == whole
    assert not (folder / ".writing-checkpoint-99-1").exists()


def test_other_settings_cannot_go_on(jobs: Jobs) -> None:
    jobs.train(epochs=1)
    with pytest.raises(BadInput, match="batch 4, now 8"):
        jobs.train(epochs=1, batch=8)


def test_pictures_are_varied_and_continue(jobs: Jobs, models: Models) -> None:
    learnt = jobs.train(squares(models.squares), epochs=4, learning_rate=1e-3, unfreeze=2)
    assert learnt.validation["accuracy"] > 0.4
    assert learnt.timing["examples_per_second"] > 0


def test_tensorboard_logs_are_written_when_asked_for(jobs: Jobs) -> None:
    jobs.train(epochs=1, save_seconds=60.0, tensorboard=True)
    assert list((jobs.zoo.home / "runs/run/tensorboard").glob("events.*"))


def test_settings_for_classes_are_refused_elsewhere(jobs: Jobs) -> None:
    from zoo.finetuning.training.gang import Gang
    from zoo.finetuning.training.plan import make_plan

    job = jobs.make(smoothing=0.1)
    assert make_plan(job, Gang(), "cpu").precision == "float32"
    assert Settings().smoothing == 0
    job.target.__dict__["kind"] = "regression"
    with pytest.raises(BadOption, match="for classes"):
        make_plan(job, Gang(), "cpu")
