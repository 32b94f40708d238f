"""How long does `zoo.load` take, against the library's own load of the same local file, in the same process?

Random weights are written once, installed from their folder into a temporary home, and loaded by both in turn, several
rounds, with the libraries imported and the files in the page cache; printed are medians, their ratio, and how far the
outputs on the same input lie apart. The zoo's time is of the whole `zoo.load`: finding the model, its files and its
provenance, the module, and all that `predict` needs, so that transformers is given its tokenizer or processor to load
too; what its model alone takes is printed beside. Run with `make bench`, or `benchmarks/load.py --only resnet,bert`.
"""

from __future__ import annotations

import argparse
import gc
import math
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
import transformers
from _loading_peers import PRETRAINED, write_pretrained
from safetensors.torch import load_file, save_file
from timm.models import save_for_hf
from torchvision import models as torchvision_models
from zoo_vision.cards import all_cards

from zoo.api import Zoo
from zoo.cards import Source
from zoo.store.sources.file import file_uri

TIMM = [
    *(
        "resnet18",
        "resnet50",
        "vgg16",
        "vit_base_patch16_224",
        "deit_small_patch16_224",
        "swin_tiny_patch4_window7_224",
    ),
    *("convnext_tiny", "efficientnet_b0", "mobilenetv2_100", "mobilenetv3_large_100", "regnety_032", "densenet121"),
    *("inception_v3", "maxvit_tiny_tf_224", "beit_base_patch16_224", "eva02_tiny_patch14_336", "coatnet_0_rw_224"),
    *("ghostnet_100", "mixer_b16_224", "levit_256", "xcit_nano_12_p16_224", "poolformer_s12", "nfnet_f0", "dla34"),
]
TORCHVISION = ["resnet50", "vit_b_16", "maxvit_t", "swin_t", "efficientnet_b0", "convnext_tiny", "densenet121"]
AIMS = {"timm": 6.0, "torchvision": 6.0, "transformers": 1.5}
SLOWEST = 0.95


@dataclass(frozen=True, kw_only=True)
class Case:
    """One model: how its files are written and installed, and how its own library loads them."""

    name: str
    kind: str
    install: Callable[[Zoo, Path], str]
    library: Callable[[Path], Any]  # returns what is kept: the module, or the module and its processor
    bare: Callable[[Path], Any]  # the module alone
    inputs: Callable[[Any], dict[str, Any]]


def pictures(size: int) -> torch.Tensor:
    """Two pictures of noise."""
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def timm_case(name: str) -> Case:
    """A model of timm, installed from the folder that timm itself writes for the hub."""

    def install(zoo: Zoo, folder: Path) -> str:
        save_for_hf(timm.create_model(name), folder, safe_serialization=True)
        return zoo.pull(str(folder)).card.id

    def library(folder: Path) -> Any:
        overlay = {"file": str(folder / "model.safetensors")}
        return timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay).eval()

    def inputs(module: Any) -> dict[str, Any]:
        return {"x": pictures(module.pretrained_cfg["input_size"][-1])}

    return Case(name=name, kind="timm", install=install, library=library, bare=library, inputs=inputs)


def torchvision_case(name: str) -> Case:
    """A model of torchvision, installed by a card whose origin is a local folder."""
    base = next(card for card in all_cards() if card.loader == "torchvision" and card.architecture == name)

    def install(zoo: Zoo, folder: Path) -> str:
        save_file(torchvision_models.get_model(name).state_dict(), folder / "model.safetensors")
        card = base.replace(id=f"local/{name}", aliases=(), files=(), sources=(Source(uri=file_uri(folder)),))
        zoo.catalog.add_card(card, feed="local")
        return zoo.pull(card.id).card.id

    def library(folder: Path) -> Any:
        module = torchvision_models.get_model(name)
        module.load_state_dict(load_file(folder / "model.safetensors"))
        return module.eval()

    def inputs(module: Any) -> dict[str, Any]:
        return {"x": pictures(224)}

    return Case(name=name, kind="torchvision", install=install, library=library, bare=library, inputs=inputs)


def transformers_case(name: str) -> Case:
    """A model of transformers with its tokenizer or processor, installed from the folder that the library saves."""
    peer = PRETRAINED[name]

    def install(zoo: Zoo, folder: Path) -> str:
        write_pretrained(peer, folder)
        return zoo.pull(str(folder)).card.id

    def bare(folder: Path) -> Any:
        return getattr(transformers, peer.head).from_pretrained(folder).eval()

    def library(folder: Path) -> Any:
        return bare(folder), getattr(transformers, peer.processor).from_pretrained(folder)

    return Case(name=name, kind="transformers", install=install, library=library, bare=bare, inputs=peer.inputs)


def milliseconds(call: Callable[[], Any], done: Callable[[Any], Any] = lambda made: None) -> float:
    """Wall time of one call; what it made is given to `done` and dropped outside the time."""
    gc.collect()
    started = time.perf_counter()
    made = call()
    elapsed = (time.perf_counter() - started) * 1000
    done(made)
    return elapsed


def first(outputs: Any) -> torch.Tensor:
    """The first tensor of what a module gives."""
    return outputs if isinstance(outputs, torch.Tensor) else next(iter(outputs.to_tuple()))


def apart(case: Case, zoo: Zoo, model: str, folder: Path) -> tuple[float, float]:
    """The largest difference of the outputs, and its share of the largest output."""
    theirs = case.bare(folder)
    ours = zoo.load(model, device="cpu")
    given = case.inputs(theirs)
    with torch.inference_mode():
        wanted, made = first(theirs(**given)), first(ours.module(**given))
    ours.unload()
    worst = float((wanted - made).abs().max())
    return worst, worst / max(float(wanted.abs().max()), 1e-30)


def measure(case: Case, rounds: int) -> float:
    """Measure one model, print its line, and return how many times faster `zoo.load` is."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name) / case.name
        folder.mkdir()
        model = case.install(ZOO, folder)
        differs, relative = apart(case, ZOO, model, folder)
        times: dict[str, list[float]] = {"library": [], "bare": [], "zoo": []}
        for _ in range(rounds):
            times["library"].append(milliseconds(lambda: case.library(folder)))
            if case.kind == "transformers":
                times["bare"].append(milliseconds(lambda: case.bare(folder)))
            times["zoo"].append(milliseconds(lambda: ZOO.load(model, device="cpu"), lambda made: made.unload()))
        ZOO.remove(model)
        ZOO.store.collect(older_than=0)
    library, zoo = (statistics.median(times[key]) for key in ("library", "zoo"))
    alone = f"  (model alone {statistics.median(times['bare']):6.0f} ms)" if times["bare"] else ""
    print(
        f"{case.kind:<12} {case.name:<30} {library:8.0f} ms  zoo {zoo:7.1f} ms  {library / zoo:7.2f} x"
        f"  outputs differ by {differs:.1e} ({relative:.0e}){alone}{'  MISSED' if library / zoo < SLOWEST else ''}",
        flush=True,
    )
    return library / zoo


def summary(ratios: dict[str, list[float]]) -> None:
    """Print the geometric means against the aims."""
    for kind, values in ratios.items():
        mean = math.exp(statistics.fmean(math.log(value) for value in values))
        verdict = "" if mean >= AIMS[kind] and min(values) >= SLOWEST else "  MISSED"
        print(
            f"{kind}: {len(values)} models, geometric mean {mean:.2f} x, slowest {min(values):.2f} x "
            f"(aims: {AIMS[kind]} and {SLOWEST}){verdict}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only models whose library or name has one of these, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    wanted = [word for word in given.only.split(",") if word]
    cases = [*map(timm_case, TIMM), *map(torchvision_case, TORCHVISION), *map(transformers_case, PRETRAINED)]
    ratios: dict[str, list[float]] = {}
    print(f"medians of {given.rounds} rounds, {torch.get_num_threads()} threads")
    for case in cases:
        if not wanted or any(word in f"{case.kind}/{case.name}" for word in wanted):
            ratios.setdefault(case.kind, []).append(measure(case, given.rounds))
    summary(ratios)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    SCRATCH = Path(tempfile.mkdtemp(prefix="zoo-load-"))
    ZOO = Zoo(SCRATCH / "home", offline=True, quiet=True)
    try:
        main()
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
