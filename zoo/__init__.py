"""A registry of pretrained models: search, load, predict, fine-tune; offline when it must.

    import zoo

    zoo.search("resnet")
    zoo.load("mobilenetv2_100").predict("cat.jpg")

The functions here work on the default zoo (`ZOO_HOME`); `zoo.Zoo(home)` opens another, with the same methods.
Nothing heavy is imported until a model is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from zoo.api import Zoo
    from zoo.cards import ModelCard, Ref
    from zoo.choosing import Recommendation
    from zoo.comparing import Comparison
    from zoo.descent.family import Descent
    from zoo.errors import ZooError
    from zoo.evaluation import Evaluated
    from zoo.finetuning import Run
    from zoo.models import Model

__all__ = [
    "Model",
    "ModelCard",
    "Ref",
    "Run",
    "Zoo",
    "ZooError",
    "__version__",
    "compare",
    "evaluate",
    "facets",
    "finetune",
    "installed",
    "lineage",
    "load",
    "pull",
    "recommend",
    "remove",
    "search",
    "show",
    "similar",
]

__version__ = "0.1.0"

_HOMES = {
    "Model": "zoo.models",
    "ModelCard": "zoo.cards",
    "Ref": "zoo.cards",
    "Run": "zoo.finetuning",
    "Zoo": "zoo.api",
    "ZooError": "zoo.errors",
}


def __getattr__(name: str) -> Any:
    """Import the public classes when they are first used (PEP 562)."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _default() -> Zoo:
    """The default zoo, as the environment says at this moment; one object as long as the environment stays."""
    from zoo.api import default_zoo

    return default_zoo()


def search(
    query: str = "",
    *,
    task: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    installed: bool | None = None,
    sort: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Find models in the catalog, best first.

    Args:
        query: words in any order, each matched by its beginning, and fields such as `params<30M`, `top1>80`,
            `licence:permissive`, `-tag:distilled`; empty for all.
        task: only models of this task, such as `image-classification`.
        library: only models of this library, such as `timm`.
        licence: only models whose weights have this licence, such as `Apache-2.0`.
        installed: only models whose files are here (True) or not here (False).
        sort: a number, date or metric in its natural order (`params`, `top1`, `published`), turned round by `-`.
        limit, offset: at most so many, after leaving out so many.

    Returns:
        one dict per model, as `zoo search --json` prints: `id, task, library, architecture, parameters, licence,
        metrics, installed, source` and more.

    Raises:
        BadInput, UnknownTask: of a field or value that does not exist, with the nearest.
    """
    return _default().search(
        query,
        task=task,
        library=library,
        licence=licence,
        installed=installed,
        sort=sort,
        limit=limit,
        offset=offset,
    )


def facets(
    query: str = "", by: Sequence[str] = ("task", "licence", "library"), *, most: int = 10
) -> dict[str, list[tuple[str, int]]]:
    """Count what a search finds, by task, licence class, library and more.

    Args:
        query: as of `search`.
        by: fields of words: `task`, `licence`, `library`, `family`, `lang`, `dataset`, `tag`, `owner` …
        most: how many values of each, the most frequent first.

    Returns:
        `{field: [(value, models), …]}`.
    """
    return _default().facets(query, by, most=most)


def similar(ref: str, limit: int = 10) -> list[dict[str, Any]]:
    """Models like this one, best first, as `search` gives them, each with `why`."""
    return _default().similar(ref, limit)


def compare(*refs: str, query: str | None = None, limit: int = 10) -> Comparison:
    """Set 2 to 20 models side by side: facts, the best of each, and the Pareto fronts of score against cost.

    Args:
        refs: their names.
        query: a search, whose best `limit` models are compared too.
        limit: from 2 to 20.

    Raises:
        BadInput: fewer than 2 models or more than 20.
        UnknownModel, AmbiguousModel, NotFound: a name or search that finds none.
    """
    return _default().compare(*refs, query=query, limit=limit)


def lineage(ref: str, *, depth: int | None = None) -> Descent:
    """From which models one was made and which were made from it, with their licences, runs and conflicts.

    Args:
        ref: the model.
        depth: how many steps up and down; all when None. Licences are followed to the end.
    """
    return _default().lineage(ref, depth=depth)


def show(ref: str) -> dict[str, Any]:
    """All that is known of a model: card, provenance, files, licence, lineage, runs.

    Raises:
        UnknownModel, AmbiguousModel: with the nearest names.
    """
    return _default().show(ref)


def installed() -> list[dict[str, Any]]:
    """The models whose files are here, as `zoo list --json` prints them."""
    return _default().installed()


def pull(ref: str) -> Path:
    """Make sure that a model's files are here, whole and verified; returns the folder that they lie in.

    Raises:
        OfflineError, NetworkError, NoSpace, HashMismatch, UnsafeFile: nothing half-fetched is ever visible.
    """
    return _default().pull(ref).path


def remove(ref: str) -> int:
    """Remove a model's files; returns the bytes freed. Raises `NotInstalled`."""
    return _default().remove(ref)


def load(
    ref: str,
    task: str | None = None,
    *,
    device: str | Sequence[str] = "auto",
    dtype: str | torch.dtype = "auto",
    revision: str | None = None,
    batch: int | None = None,
    pin: bool = False,
    compile: bool = False,
    autocast: str | None = None,
    engine: str = "auto",
    quantize: str | None = None,
    samples: Sequence[Any] = (),
) -> Model:
    """Load a model, pulling it first when its files are not here.

    Args:
        ref: `name`, `owner/name`, each optionally with `@alias-or-revision`; `hf:org/name@rev`;
            `pypi:package==version`; `./folder`.
        task: one of the card's tasks; its main one when None.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, `xpu`, or several to spread over: `["cuda:0", "cuda:1"]`.
        dtype: `auto` (bfloat16 or float16 where the device computes it natively and the model bears it, float32 on the
            CPU), `float32`, `float16`, `bfloat16`, `float64` or a torch type.
        revision: an alias or revision instead of the newest that is here.
        batch: inputs run at once; found by measuring when None.
        pin: never move the model away from its device to make room for others.
        compile: run it through `torch.compile`: slow at first, then often faster.
        autocast: compute in `bfloat16` or `float16` where torch holds that safe, with the weights as they are.
        engine: `onnxruntime` is measured against torch on this machine, and refused where it is not better; `auto` is
            torch, and with `quantize` what measures best.
        quantize: `int8`: the fastest way that keeps the outputs, measured on this machine; `model.report` tells.
        samples: inputs of your own on which engine and quantisation are measured.

    A model that is loaded twice is held once. When a device has no room, the models there that were used longest ago
    make way, and come back by themselves at their next use.

    Raises:
        UnknownModel, AmbiguousModel, UnknownTask, MissingPlugin, WeightsMismatch, DeviceError, BadOption, and those of
        `pull`.
    """
    return _default().load(
        ref,
        task=task,
        device=device,
        dtype=dtype,
        revision=revision,
        batch=batch,
        pin=pin,
        compile=compile,
        autocast=autocast,
        engine=engine,
        quantize=quantize,
        samples=samples,
    )


def finetune(
    ref: str | None = None,
    data: Any = None,
    *,
    task: str | None = None,
    name: str | None = None,
    method: str = "auto",
    epochs: int | None = None,
    max_seconds: float | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: str | None = None,
    **settings: Any,
) -> Run | None:
    """Adapt a model to data of your own; the result is a new model, registered with its lineage, score and report.

    Args:
        ref: the base model.
        data: a folder with one sub-folder per class, a CSV, TSV, JSON-lines or Parquet file, `hf:owner/data-set`, or
            rows as tuples or dicts.
        task: what to learn; by itself what fits the model and the data.
        name: of the new model; made from base and data when None.
        method: `probe` (a linear head on fixed features), `head`, `lora`, `full`, or `auto`, which chooses.
        epochs, max_seconds: how long to train at most.
        seed: of the split, the folds, new layers, order and augmentation.
        device: as of `load`.
        resume: the id of a run that was stopped, or `last`, in the place of a model and data.
        settings: all others, as `zoo.finetuning.Settings` lists them, such as `columns={"text": "review"}`.

    Returns:
        the run: `model` (its name), `metrics` on the held-out part, `report`, `record`. None in all but the first of
        several processes that train together.

    Raises:
        BadData: the data cannot be learnt from; `zoo data doctor` says all that is wrong with it.
        BadOption: a setting makes no sense.
    """
    if resume is not None:
        return _default().finetune(resume=resume, data=data)
    plain: dict[str, Any] = {"task": task, "name": name, "method": method, "epochs": epochs, "max_seconds": max_seconds}
    return _default().finetune(ref, data, **plain, seed=seed, device=device, **settings)


def evaluate(ref: str, data: Any, *, slices: Sequence[str] = (), **options: Any) -> Evaluated:
    """Measure a model on labelled data, with intervals; the result is recorded as a run.

    Args:
        ref: the model.
        data: as of `finetune`; its test part where it has one, else all of it.
        slices: columns of the table by whose values the score is broken down.
        options: of `zoo.evaluation.evaluate`: `task`, `kind`, `columns`, `part`, `seed`, `device`, `batch`, …

    Returns:
        `evaluation` (all measures, each with its interval), `record`, `path`.
    """
    return _default().evaluate(ref, data, slices=slices, **options)


def recommend(data: Any, task: str | None = None, **options: Any) -> Recommendation:
    """Rank models for your data by how well a linear head on each does, with what each costs.

    Args:
        data: as of `finetune`.
        task: `image-classification` or `text-classification`; by itself what fits the data.
        options: of `zoo.choosing.recommend`: `max_params`, `max_ms`, `licence`, `download`, `candidates`, `sample`, …
    """
    return _default().recommend(data, task, **options)
