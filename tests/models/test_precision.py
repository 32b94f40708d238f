"""Other engines and precisions: graphs in the place of modules, kept, and refused where they are worse."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from zoo.cards import ModelCard
from zoo.errors import BadOption, MissingDependency
from zoo.models.precision import Refused, Report, Speed, Trial, check, judging, prepare
from zoo.models.precision.fingerprint import of_samples, of_weights
from zoo.plugin import NoOptions, Runner

pytest.importorskip("onnxscript", reason="the extra zoo-registry[onnx] is not installed")


@dataclass
class Named:
    """Outputs as transformers gives them."""

    logits: torch.Tensor
    hidden: torch.Tensor | None = None


class Words(nn.Module):
    """Token ids (batch, length) and a mask to scores (batch, 3): a small classifier of texts."""

    def __init__(self, words: int = 1200, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.table = nn.Embedding(words, 32)
        self.body = nn.Sequential(nn.Linear(32, 96), nn.GELU(), nn.Linear(96, 32))
        self.head = nn.Linear(32, 3)
        self.config = {"kind": "words"}

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> Named:
        mask = attention_mask[..., None].float()
        hidden = self.body(self.table(input_ids)) * mask
        return Named(logits=self.head(hidden.sum(1) / mask.sum(1)))

    def generate(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self(input_ids, torch.ones_like(input_ids)).logits


class Reads(Runner):
    """Texts to scores; a letter is a token."""

    batch = 8

    def __init__(self) -> None:
        pass

    def prepare(self, value: Any, options: Any) -> list[list[int]]:
        return [[ord(letter) % 1200 for letter in value]]

    def size(self, example: list[int]) -> int:
        return len(example)

    def collate(self, examples: list[list[int]]) -> dict[str, torch.Tensor]:
        longest = max(map(len, examples))
        ids = [[*row, *[0] * (longest - len(row))] for row in examples]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in examples]
        return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: Any) -> torch.Tensor:
        return module(**batch).logits.softmax(-1)


class Generates(Reads):
    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: Any) -> torch.Tensor:
        return module.generate(batch["input_ids"])


class Reaches(Reads):
    """Calls a layer by a way that no stand-in can follow."""

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: Any) -> torch.Tensor:
        return dict(module.named_modules())["table"](batch["input_ids"]).sum(1)


class Parts(Reads):
    """Calls two parts and a helper."""

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: Any) -> torch.Tensor:
        assert sum(1 for _ in module.parameters()) == 7
        return module.head(module.body(module.table(batch["input_ids"])).mean(1)) + module.head.bias


def card() -> ModelCard:
    return ModelCard(id="tiny", task="text-classification", architecture="words", loader="words", library="torch")


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any speed will do: what is measured on a busy machine decides no test."""
    monkeypatch.setattr(judging, "FASTER", 0.0)
    monkeypatch.setattr(judging, "SLOWEST", 0.0)
    monkeypatch.setattr(judging, "WORTH", 0.0)
    monkeypatch.setattr("zoo.models.precision.measure.SECONDS_A_RACE", 0.05)


def run(cache: Path, module: nn.Module | None = None, runner: Runner | None = None, **options: Any) -> Any:
    given = {"task": "text-classification", "card": card(), "engine": "onnxruntime", "cache": cache} | options
    return prepare(Words().eval() if module is None else module, runner or Reads(), **given)


def expected(texts: list[str], module: nn.Module | None = None) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    batch = Reads().collate([Reads().prepare(text, None)[0] for text in texts])
    with torch.inference_mode():
        return batch, (module or Words().eval())(**batch).logits


@pytest.mark.usefixtures("lenient")
def test_a_graph_gives_the_module_s_outputs_for_batches_of_any_size(tmp_path: Path) -> None:
    made, report = run(tmp_path)
    for texts in (["a"], ["some words", "more of them, and longer"], [f"text number {n}" for n in range(30)]):
        batch, before = expected(texts)
        after = made(**batch)
        assert torch.allclose(after.logits, before, atol=1e-5)
        assert after["logits"] is after.logits and after[0] is after.logits and after.hidden is None
    assert report.difference.relative < 1e-4 and report.difference.agreement == 1


@pytest.mark.usefixtures("lenient")
def test_what_is_no_call_is_asked_of_the_module_and_its_weights_are_freed(tmp_path: Path) -> None:
    module = Words().eval()
    made, _ = run(tmp_path, module)
    assert made.config == {"kind": "words"} and isinstance(made, Words)
    assert made.to("cpu") is made and made.eval() is made and str(made.device) == "cpu"
    assert made.nbytes > 100_000
    assert module.table.weight.is_meta and not module.head.bias.is_meta
    with pytest.raises(BadOption, match="cannot be trained"):
        made.train()
    with pytest.raises(BadOption, match="does not run on cuda"):
        made.to("cuda:0")


@pytest.mark.usefixtures("lenient")
def test_a_call_of_another_form_is_refused(tmp_path: Path) -> None:
    made, _ = run(tmp_path)
    batch, _ = expected(["a word"])
    with pytest.raises(BadOption, match="cannot take this call"):
        made(input_ids=batch["input_ids"])


@pytest.mark.usefixtures("lenient")
def test_int8_is_smaller_and_near(tmp_path: Path) -> None:
    made, report = run(tmp_path, quantize="int8", engine="auto")
    batch, before = expected(["a few words of some length", "short"])
    with torch.inference_mode():
        after = made(**batch).logits
    assert float((after - before).norm() / before.norm()) < 0.1
    assert report.quantize == "int8" and 0 < report.difference.relative < 0.1
    tried = {trial.method: trial for trial in report.trials}
    blocks = tried["onnxruntime, int8 matrix products scaled by blocks"]
    assert not blocks.verdict and blocks.size < report.size_before / 2  # the table of words too
    assert "mainly made of convolutions" in tried["onnxruntime, int8 convolutions"].verdict
    assert "torch, int8 linear layers" in tried
    assert "onnxruntime, float32" not in tried  # only beside them
    beside = report.reference
    assert beside and not beside.verdict and beside.difference and beside.difference.relative < 1e-4
    assert beside.size > report.size_before * 0.9 and [speed.batch for speed in beside.speeds] == [1, 8]
    assert report.to_dict()["reference"]["speeds"][0]["after"] == beside.speeds[0].after
    assert "for comparison onnxruntime, float32" in str(report)
    assert Report.read(json.loads(json.dumps(report.to_dict()))) == report


@pytest.mark.usefixtures("lenient")
def test_int8_that_gains_nothing_over_float32_graphs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "WORTH", 1e9)
    monkeypatch.setattr(judging, "SMALLER", 1e9)
    with pytest.raises(Refused, match="use engine='onnxruntime'") as caught:
        run(tmp_path, quantize="int8", engine="auto")
    assert "Load it with engine='onnxruntime' and without quantize=" in str(caught.value)
    assert caught.value.reference and caught.value.reference.speeds
    monkeypatch.setattr("zoo.models.precision.preparing.bench", None)  # remembered with the reference
    with pytest.raises(Refused) as again:
        run(tmp_path, quantize="int8", engine="auto")
    assert again.value.reference == caught.value.reference and str(again.value) == str(caught.value)


@pytest.mark.usefixtures("lenient")
def test_int8_that_is_much_smaller_is_kept_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WORTH", 1e9)
    made, report = run(tmp_path, quantize="int8")
    assert report.reference and made.nbytes * 1.5 < report.reference.size
    assert "kept for its size" in report.note and report.note in str(report)


def timed(size: int, *times: float, verdict: str = "") -> Trial:
    speeds = tuple(Speed(batch=1, before=10.0, after=10.0 * factor) for factor in times)
    return Trial(method="some way", size=size, speeds=speeds, verdict=verdict)


@pytest.mark.parametrize(
    ("trial", "reference", "verdict", "note"),
    [
        (timed(100, 2.0, 2.0), None, "", ""),
        (timed(100, 1.0, 1.1), None, "not faster: 1.05 times", ""),
        (timed(100, 3.0, 0.8), None, "slower at batch 1", ""),
        (timed(100, 2.2, 2.0), timed(100, 2.0, 2.0), judging.NO_GAIN, ""),  # 1.049 times in the mean
        (timed(100, 2.3, 2.0), timed(100, 2.0, 2.0), "", ""),
        (timed(100, 2.0, 2.0), timed(149, 2.0, 2.0), judging.NO_GAIN, ""),
        (timed(100, 2.0, 2.0), timed(150, 2.0, 2.0), "", "1.00 times the speed of onnxruntime in float32, 1.5 times"),
        (timed(100, 2.0, 2.0), timed(100, 2.0, 2.0, verdict="slower at batch 1"), "", ""),
        (timed(100, 2.0, 2.0), Trial(method="float32", verdict="it cannot be made"), "", ""),
    ],
)
def test_the_verdict_on_figures(trial: Trial, reference: Trial | None, verdict: str, note: str) -> None:
    found = judging.decide(trial, reference)
    assert found.verdict.startswith(verdict) and bool(found.verdict) == bool(verdict)
    assert note in found.note and bool(found.note) == bool(note)


@pytest.mark.usefixtures("lenient")
def test_without_the_packages_int8_of_torch_has_no_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.models.precision.wanted.NEEDED", ("no_such_package",))
    monkeypatch.setattr(judging, "NEAR", 1.0)
    _, report = run(tmp_path, quantize="int8", engine="torch")
    assert report.engine == "torch" and [trial.method for trial in report.trials] == ["torch, int8 linear layers"]
    assert report.reference and report.reference.verdict == "it needs no_such_package"
    assert "for comparison" not in str(report)


@pytest.mark.usefixtures("lenient")
def test_convolutions_in_int8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "NEAR", 0.5)
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )

    class Sees(Runner):
        def __init__(self) -> None:
            pass

        def prepare(self, value: Any, options: Any) -> list[torch.Tensor]:
            return [torch.from_numpy(np.array(value.resize((32, 32)))).permute(2, 0, 1) / 255]

        def collate(self, examples: list[torch.Tensor]) -> torch.Tensor:
            return torch.stack(examples)

        def forward(self, module: Any, batch: torch.Tensor, options: Any) -> torch.Tensor:
            return module(batch)

    _, report = run(tmp_path, module.eval(), Sees(), task="image-feature-extraction", quantize="int8")
    assert report.method == "onnxruntime, int8 convolutions"
    assert 1e-4 < report.difference.relative < 0.2 and report.difference.agreement is None


@pytest.mark.usefixtures("lenient")
def test_parts_of_a_module_become_graphs_of_their_own(tmp_path: Path) -> None:
    batch = {"input_ids": torch.tensor([[5, 6, 7, 900]])}
    before = Parts().forward(Words().eval(), batch, NoOptions())
    made, _ = run(tmp_path, runner=Parts())
    assert torch.allclose(Parts().forward(made, batch, NoOptions()), before, atol=1e-5)


@pytest.mark.usefixtures("lenient")
def test_what_was_made_is_kept_and_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = run(tmp_path)
    monkeypatch.setattr("zoo.models.precision.preparing.bench", None)  # to measure would fail
    made, second = run(tmp_path)
    assert second == first
    batch, before = expected(["kept"])
    assert torch.allclose(made(**batch).logits, before, atol=1e-5)
    assert Report.read(json.loads(json.dumps(first.to_dict()))) == first
    assert not [path.name for path in (tmp_path / "precision").iterdir() if path.name.startswith(".")]


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("harm", ["flip", "cut", "record", "missing"])
def test_a_damaged_kept_graph_is_made_again(tmp_path: Path, harm: str) -> None:
    run(tmp_path)
    for folder in (tmp_path / "precision").glob("*/"):
        graph = folder / "0.onnx"
        data = bytearray(graph.read_bytes())
        if harm == "flip":
            data[len(data) // 2] ^= 0xFF
            graph.write_bytes(data)
        elif harm == "cut":
            graph.write_bytes(data[: len(data) // 2])
        elif harm == "record":
            (folder / "record.json").write_text('{"files": {}}')
        else:
            graph.unlink()
    made, _ = run(tmp_path)
    batch, before = expected(["made again"])
    assert torch.allclose(made(**batch).logits, before, atol=1e-5)


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_other_weights_are_never_served_what_was_kept_of_these(tmp_path: Path, quantize: str | None) -> None:
    run(tmp_path, Words(seed=0).eval(), quantize=quantize)
    reference = Words(seed=1).eval()
    made, _ = run(tmp_path, copy.deepcopy(reference), quantize=quantize)
    batch, before = expected(["the same folder, another model"], reference)
    with torch.inference_mode():
        after = made(**batch).logits
    assert float((after - before).norm() / before.norm()) < (0.1 if quantize else 1e-4)


def test_weights_are_told_apart() -> None:
    assert of_weights(Words()) == of_weights(Words()) != of_weights(Words(seed=1))
    longer, other, buffered = Words(words=1201), Words(), Words()
    with torch.no_grad():
        other.head.bias[-1] += 1
    buffered.register_buffer("scale", torch.tensor(2.0), persistent=False)
    buffered.register_buffer("codes", torch.zeros(3, 2, dtype=torch.uint16).T)
    buffered.register_buffer("none", torch.empty(0, 4, dtype=torch.bool))
    assert len({of_weights(module) for module in (Words(), longer, other, buffered)}) == 4


def test_samples_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    grey, palette = Image.new("L", (4, 4), 1), Image.new("P", (4, 4), 1)
    ones = np.ones(4, np.float32)
    kinds = ["1", 1, 1.0, True, None, b"1", ("1",), ["1"], {"a": "1"}, {"b": "1"}, ones, ones.astype("f8")]
    kinds += [ones.reshape(2, 2), torch.ones(4), torch.ones(4, dtype=torch.bfloat16), grey, palette, file, str(file)]
    kinds += ["long " * 9999, "a\0b", "", (ones, 16_000), (ones, 8_000)]
    names = [of_samples([value]) for value in kinds]
    assert len(set(names)) == len(names)
    assert names == [of_samples([copy.deepcopy(value)]) for value in kinds]
    assert of_samples(["a", "b"]) != of_samples(["ab"]) != of_samples([["a", "b"]])
    file.write_text("other")
    assert of_samples([file]) not in names
    for value in (object(), np.array([object()])):
        with pytest.raises(BadOption, match="cannot be told apart"):
            of_samples([value])


@pytest.mark.usefixtures("lenient")
def test_the_user_s_samples_are_another_measurement(tmp_path: Path) -> None:
    _, first = run(tmp_path)
    _, second = run(tmp_path, samples=["my own words", "and others", "third"])
    assert first.measured and len(list((tmp_path / "precision").glob("onnxruntime-*/"))) == 2
    assert second.difference.examples <= first.difference.examples


def test_slower_is_refused_with_figures_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "FASTER", 1e9)
    monkeypatch.setattr("zoo.models.precision.measure.SECONDS_A_RACE", 0.05)
    module = Words().eval()
    with pytest.raises(Refused, match="not faster") as caught:
        run(tmp_path, module)
    assert caught.value.trials[0].speeds and "tiny on onnxruntime is no gain here" in caught.value.cause
    assert not module.table.weight.is_meta  # the module can still be used
    monkeypatch.setattr("zoo.models.precision.preparing.bench", None)
    with pytest.raises(Refused, match="not faster") as again:
        run(tmp_path)
    assert again.value.trials == caught.value.trials


@pytest.mark.usefixtures("lenient")
def test_too_different_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "NEAR", 1e-9)
    with pytest.raises(Refused, match="too different"):
        run(tmp_path, quantize="int8", engine="auto")


@pytest.mark.parametrize(("runner", "why"), [(Generates(), "token by token"), (Reaches(), "reaches into it")])
def test_runners_that_no_graph_can_serve_are_refused(tmp_path: Path, runner: Runner, why: str) -> None:
    with pytest.raises(BadOption, match=why):
        run(tmp_path, runner=runner)


def test_modules_that_cannot_be_prepared(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no torch module"):
        run(tmp_path, module=object())  # type: ignore[arg-type]
    with pytest.raises(BadOption, match=r"is in torch\.bfloat16"):
        run(tmp_path, module=Words().to(torch.bfloat16))


def test_nothing_asked_for_is_nothing_done(tmp_path: Path) -> None:
    module = Words()
    assert run(tmp_path, module, engine="auto") == (module, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("tensorrt", None), "no engine 'tensorrt'"),
        (("auto", "int3"), "no precision 'int3'"),
        (("auto", "int8", "cuda:0"), "for the CPU, not for cuda:0"),
    ],
)
def test_unknown_options(options: tuple[Any, ...], why: str) -> None:
    with pytest.raises(BadOption, match=why):
        check(*options)


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r'pip install "zoo-registry\[onnx\]"'):
        check("onnxruntime", None)


@pytest.mark.usefixtures("lenient")
def test_threads_may_prepare_and_call_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(3)
    reference = Words().eval()
    modules = [copy.deepcopy(reference) for _ in range(3)]

    def one(number: int) -> bool:
        start.wait()
        made, _ = run(tmp_path, modules[number])
        same = []
        for at in range(20):
            batch, before = expected([f"{number} says {at}", "and so on" * (1 + at % 3)], reference)
            same.append(torch.allclose(made(**batch).logits, before, atol=1e-5))
        return all(same)

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(one, range(3)))


PREPARE = """
import json, sys, time
from pathlib import Path

folder, number, there = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.path.insert(0, there)
import test_precision as test

test.judging.FASTER = test.judging.SLOWEST = 0.0
(folder / f"ready-{number}").touch()
while len(list(folder.glob("ready-*"))) < 2:
    time.sleep(0.01)
made, report = test.run(folder / "cache")
batch, before = test.expected(["both at once"])
assert test.torch.allclose(made(**batch).logits, before, atol=1e-5)
print(json.dumps(report.to_dict()))
"""


def test_processes_that_prepare_the_same_at_once_make_it_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PREPARE, str(tmp_path)]
    here, alone = str(Path(__file__).parent), os.environ | {"OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(
            [*command, str(number), here], env=alone, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for number in range(2)
    ]
    try:
        told = [process.communicate(timeout=50) for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], told
    # the second reads what the first measured
    first, second = (json.loads(out) for out, _ in told)
    assert first == second and first["speeds"]
    folders = sorted(path.name.partition("-")[0] for path in (tmp_path / "cache" / "precision").glob("*/"))
    assert folders == ["graphs", "onnxruntime"]
    assert sorted(path.name for path in tmp_path.glob("cache/precision/*/*")) == ["0.onnx"] * 2 + ["record.json"] * 2
