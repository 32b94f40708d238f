"""Low-rank adapters by the peft library: put in, merged, and written in peft's own form.

Hu et al., "LoRA: low-rank adaptation of large language models", arXiv:2106.09685.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import MissingDependency
from zoo.models.lowrank import ADAPTER_CONFIG, PREFIX
from zoo.plugin import ADAPTER_FILE, Trained

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Settings
    from zoo.plugin import FineTuner

__all__ = ["inject", "merge", "write"]

NAME = "default"
HALVES = ("lora_A", "lora_B")


def inject(module: torch.nn.Module, names: Sequence[str], settings: Settings) -> None:
    """Put adapters on the named layers; all but them is frozen. Their first values are torch's generator's."""
    try:
        from peft import inject_adapter_in_model
    except ImportError as error:
        raise MissingDependency(
            "--method lora needs the peft library", "Install it: `pip install 'zoo-registry[finetune]'`."
        ) from error
    config = _config(names, settings)
    config.fan_in_fan_out = any(type(module.get_submodule(name)).__name__ == "Conv1D" for name in names)
    inject_adapter_in_model(config, module, adapter_name=NAME)


def merge(module: torch.nn.Module) -> None:
    """Add the adapters to the weights that they lie on, and take them out; the module is then as it was built."""
    for name, layer in _layers(module):
        layer.merge(safe_merge=True)
        parent, _, child = name.rpartition(".")
        setattr(module.get_submodule(parent), child, layer.get_base_layer())


def write(job: Job, adapter: FineTuner, module: torch.nn.Module, folder: Path) -> Trained:
    """Write `adapter_model.safetensors`, `adapter_config.json`, and the new head where there is one."""
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for name, layer in _layers(module):
        for half in HALVES:
            weight = getattr(layer, half)[NAME].weight
            tensors[f"{PREFIX}{name}.{half}.weight"] = weight.detach().cpu().contiguous()
    saved = adapter.save(module, job.target, folder, method="lora")
    save_file(tensors, folder / ADAPTER_FILE, {"format": "pt"})
    config = _config([name for name, _ in _layers(module)], job.settings)
    config.base_model_name_or_path = job.pulled.card.id
    config.inference_mode = True
    config.save_pretrained(str(folder))
    return dataclasses.replace(saved, files=(*saved.files, ADAPTER_FILE, ADAPTER_CONFIG))


def _config(names: Sequence[str], settings: Settings) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=list(names)
    )


def _layers(module: torch.nn.Module) -> list[tuple[str, Any]]:
    from peft.tuners.lora import LoraLayer

    return [(name, part) for name, part in module.named_modules() if isinstance(part, LoraLayer)]
