"""Loads folders in the form of transformers: config.json, safetensors, tokenizer files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadCard, UnsupportedFormat, WeightsMismatch
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_nlp.pooling import PooledClassifier, Pooling
from zoo_nlp.texts import read_object, refuse_code

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["POOLED_LINEAR", "TransformersLoader"]

POOLED_LINEAR = "pooled-linear"

# The class of transformers that serves a task. Tasks that need no head run on the body of any of them.
HEADS = {
    "fill-mask": "AutoModelForMaskedLM",
    "text-classification": "AutoModelForSequenceClassification",
    "text-generation": "AutoModelForCausalLM",
}

# Tensors of a file that no module of today holds: constant buffers of old versions, and BERT's second training head.
UNUSED = (r"(^|\.)position_ids$", r"rotary_emb\.inv_freq$", r"\.attn\.masked_bias$", r"^cls\.seq_relationship\.")


class TransformersLoader(Loader):
    """Builds the class that the card's tasks need and maps the weights in."""

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> torch.nn.Module:
        """The module in evaluation mode.

        Raises:
            UnsafeFile: the folder asks to run its own code.
            UnsupportedFormat: transformers does not know the architecture, or the weights are quantised.
            WeightsMismatch: a parameter lacks its tensor, or a tensor its parameter.
        """
        config = _config(checkpoint)
        tensors = checkpoint.tensors()
        if checkpoint.card.config.get("head") == POOLED_LINEAR:
            return _pooled(checkpoint, context, config, tensors)
        module = _build(checkpoint, context, config, _head(checkpoint), tensors)
        _refuse_half_tied(checkpoint, module, tensors)
        context.assign(module, tensors, rename=_renamer(module, tensors))
        made: torch.nn.Module = module.to(context.device).eval()
        return made


def _head(checkpoint: Checkpoint) -> str:
    return next((HEADS[task] for task in checkpoint.card.all_tasks if task in HEADS), "AutoModel")


def _config(checkpoint: Checkpoint) -> PretrainedConfig:
    from transformers import AutoConfig

    refuse_code(checkpoint)
    stated = read_object(checkpoint, "config.json")
    if stated.get("quantization_config"):
        raise UnsupportedFormat(
            f"{checkpoint.card.id}: its weights are quantised, which this loader does not read",
            "Choose the model's original weights or a GGUF file.",
        )
    try:
        return AutoConfig.from_pretrained(str(checkpoint.path), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # configuration classes validate in their own ways, with their own errors
        raise _unknown(checkpoint, stated, error) from error


def _unknown(checkpoint: Checkpoint, config: Mapping[str, Any], error: Exception) -> UnsupportedFormat:
    line = str(error).strip().partition("\n")[0]
    kind = config.get("model_type")
    return UnsupportedFormat(
        f"{checkpoint.card.id}: transformers cannot build the model that config.json describes ({kind}): {line}",
        "Upgrade transformers if the architecture is newer than it.",
    )


def _build(
    checkpoint: Checkpoint,
    context: LoadContext,
    config: PretrainedConfig,
    head: str,
    tensors: Mapping[str, torch.Tensor],
) -> Any:
    """The module without weights; without a pooler where the file has none, since no task here uses it."""
    import transformers

    try:
        with context.no_init():
            module = getattr(transformers, head).from_config(config, dtype=context.dtype, trust_remote_code=False)
    except Exception as error:  # a malformed configuration fails anywhere in the model's constructor
        raise _unknown(checkpoint, config.to_dict(), error) from error
    body = module.base_model
    if getattr(body, "pooler", None) is not None and not any("pooler." in name for name in tensors):
        body.pooler = None
    return module


def _pooled(
    checkpoint: Checkpoint, context: LoadContext, config: PretrainedConfig, tensors: Mapping[str, torch.Tensor]
) -> PooledClassifier:
    labels = checkpoint.card.config.get("labels")
    if not labels:
        raise BadCard(f"{checkpoint.card.id}: its card lacks the labels of its head")
    encoder = _build(checkpoint, context, config, "AutoModel", tensors)
    with context.no_init():
        module = PooledClassifier(encoder, Pooling.read(checkpoint), len(labels)).to(context.dtype)
    own = checkpoint.head_tensors().keys()
    inner = _renamer(encoder, {name: tensor for name, tensor in tensors.items() if name not in own})

    def rename(name: str) -> str | None:
        made = name if name in own else inner(name)
        return made if made is None or name in own else f"encoder.{made}"

    context.assign(module, tensors, rename=rename)
    return module.to(context.device).eval()


def _renamer(module: Any, tensors: Mapping[str, torch.Tensor]) -> Callable[[str], str | None]:
    """From the file's tensor names to the module's.

    A file may hold the body under a prefix (`bert.encoder…`) and the module not, or the other way round. What a body
    without a head has no use for is left out: heads of other tasks, and the tensors of `UNUSED`.
    """
    wanted = module.state_dict().keys()
    prefix = f"{module.base_model_prefix}."
    headed = module.base_model is not module
    prefixed = any(name.startswith(prefix) for name in tensors)
    patterns = [*UNUSED, *(module._keys_to_ignore_on_load_unexpected or ())]
    if getattr(module.base_model, "pooler", None) is None:
        patterns.append(r"(^|\.)pooler\.")
    unused = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))

    def rename(name: str) -> str | None:
        made = re.sub(r"(LayerNorm)\.gamma$", r"\1.weight", re.sub(r"(LayerNorm)\.beta$", r"\1.bias", name))
        if made in wanted:
            return made
        if not headed and prefixed:
            if not made.startswith(prefix):
                return None
            made = made.removeprefix(prefix)
        elif headed and not prefixed:
            made = prefix + made
        return None if made not in wanted and unused.search(made) else made

    return rename


def _refuse_half_tied(checkpoint: Checkpoint, module: Any, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse a file with two different tensors for what the configuration says is one parameter."""
    for name, other in module.get_expanded_tied_weights_keys(all_submodels=True).items():
        if name in tensors and other in tensors and not torch.equal(tensors[name], tensors[other]):
            raise WeightsMismatch(
                f"{checkpoint.card.id}: config.json ties {name} to {other}, and the file holds two different tensors",
                'Set "tie_word_embeddings": false in config.json if they are meant to differ.',
            )
