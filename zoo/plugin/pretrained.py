"""The loader of folders in the form of transformers, which the plugins of text, sound and pictures specialise.

torch and transformers are imported when a method is called: this module itself is light.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any, ClassVar

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, UnsafeFile, UnsupportedFormat, WeightsMismatch
from zoo.plugin.contracts import Checkpoint, LoadContext, Loader
from zoo.plugin.sampling import pretrained_sample
from zoo.plugin.uninitialised import uninitialised

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

__all__ = ["PretrainedLoader", "read_object", "refuse_code"]

# Every file by which transformers lets a folder name code of its own.
CODE_FILES = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "video_preprocessor_config.json",
)

# Tensors of a file that no module of today holds: constant buffers of old versions, and the second training
# heads of BERT and ALBERT.
UNUSED = (
    r"(^|\.)position_ids$",
    r"rotary_emb(eddings)?\.inv_freq$",
    r"\.(attn|attention)\.(masked_)?bias$",
    r"^cls\.seq_relationship\.",
    r"^sop_classifier\.",
)

# Classes with a head on top. A task that needs none takes the body: its file may well lack the head.
HEADED = re.compile(r"For[A-Z]|LMHead|DoubleHeads")


def read_object(checkpoint: Checkpoint, name: str) -> dict[str, Any]:
    """The JSON object in a file of the checkpoint; raises `IntegrityError` when it holds anything else."""
    content = checkpoint.read_json(name)
    if not isinstance(content, dict):
        raise IntegrityError(f"{checkpoint.card.id}: {name} does not hold a JSON object")
    return content


def refuse_code(checkpoint: Checkpoint) -> None:
    """Raise `UnsafeFile` when a configuration file asks for code of its own (`auto_map`)."""
    for name in CODE_FILES:
        if checkpoint.has(name) and read_object(checkpoint, name).get("auto_map"):
            raise UnsafeFile(
                f"{checkpoint.card.id}: {name} asks to run code from the model's folder (auto_map)",
                "The zoo never runs a model's code; choose a model of an architecture that transformers knows.",
            )


class PretrainedLoader(Loader):
    """Builds the class of transformers that the card's task needs, and maps the weights in.

    The class is the card's `architecture` where transformers has one of that name, else that of the first of the
    card's tasks that `heads` knows, else the body alone (`AutoModel`).

    Attributes:
        heads: task to the name of a class of transformers: an Auto class, or one exactly.
    """

    heads: ClassVar[Mapping[str, str]] = {}

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """The module in evaluation mode.

        Raises:
            UnsafeFile: the folder asks to run its own code.
            UnsupportedFormat: transformers does not know the architecture, or the weights are quantised.
            WeightsMismatch: a parameter lacks its tensor, or a tensor its parameter.
        """
        config = self.config(checkpoint)
        tensors = checkpoint.tensors()
        module = self.build(checkpoint, context, config, tensors)
        _refuse_half_tied(checkpoint, module, tensors)
        rename = self.renamer(module, tensors)
        made = {name: rename(name) for name in tensors}
        given = set(made.values())
        computed = {name: tensor for name, tensor in _computed(module).items() if name not in given}
        if any(tensor.is_meta for tensor in computed.values()):  # a parameter that only building with memory computes
            whole = self._construct(self.head(checkpoint.card, config), config, context.dtype).state_dict()
            computed = {name: whole[name] for name in computed}
        context.assign(module, {**tensors, **computed}, rename=lambda name: made.get(name, name))
        # On the CPU the file's tensors and computed buffers lie already: torch would visit each to find that out.
        placed = module if context.device.type == "cpu" else module.to(context.device)
        return placed.eval()

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """The module on the meta device, from `model_type` and the sizes in the card's `config`.

        What the card does not state is as in the default configuration of its `model_type`, or, without one, of its
        `architecture`.
        """
        import torch

        try:
            config = self.card_config(card)
            with torch.device("meta"):
                made: torch.nn.Module = self._construct(self.head(card, config), config).eval().to("meta")
        except Exception as error:  # as in `build`
            raise _unknown(card, card.config.get("model_type") or card.architecture, error) from error
        return made

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """By the module's configuration and the names of its arguments; see `zoo.plugin.Loader.sample`."""
        return pretrained_sample(module, batch, length)

    def config(self, checkpoint: Checkpoint) -> PretrainedConfig:
        """The configuration in config.json; raises `UnsafeFile` or `UnsupportedFormat`."""
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
            raise _unknown(checkpoint.card, stated.get("model_type"), error) from error

    def card_config(self, card: ModelCard) -> PretrainedConfig:
        """The configuration that the card states; keys of its `config` that are the zoo's own are passed over."""
        from transformers import AutoConfig

        kind = card.config.get("model_type")
        if kind is None and (exact := _exact(card.architecture)) is not None:
            made = exact.config_class()
        else:
            made = AutoConfig.for_model(str(kind))
        known = made.to_dict().keys() | type(made).attribute_map.keys()
        stated = {name: value for name, value in card.config.items() if name in known and name != "model_type"}
        if classes := card.config.get("num_classes") or len(card.config.get("labels") or ()):
            stated["num_labels"] = classes
        return type(made)(**stated) if stated else made

    def head(self, card: ModelCard, config: PretrainedConfig) -> str:
        """The name of transformers' class for the card."""
        wanted = next((self.heads[task] for task in card.all_tasks if task in self.heads), None)
        exact = _exact(card.architecture)
        if exact is None or not isinstance(config, exact.config_class):
            return wanted or "AutoModel"
        return "AutoModel" if wanted is None and HEADED.search(card.architecture) else card.architecture

    def build(
        self,
        checkpoint: Checkpoint,
        context: LoadContext,
        config: PretrainedConfig,
        tensors: Mapping[str, torch.Tensor],
        head: str | None = None,
    ) -> Any:
        """The module without weights; without a pooler where the file has none, since no task here uses it.

        Args:
            checkpoint: whose card and folder it is.
            context: of the load.
            config: from `config`.
            tensors: of the file.
            head: the class, where it is not that of the card.
        """
        name = head or self.head(checkpoint.card, config)
        try:
            with context.no_init(), uninitialised():
                module = self._construct(name, config, context.dtype)
        except Exception as error:  # a malformed configuration fails anywhere in the model's constructor
            raise _unknown(checkpoint.card, config.model_type, error) from error
        body = module.base_model
        pooler = getattr(body, "pooler", None)
        weighty = pooler is not None and any(True for _ in pooler.parameters())
        if weighty and not any("pooler." in name for name in tensors):
            body.pooler = None
        return module

    def _construct(self, name: str, config: PretrainedConfig, dtype: Any = None) -> Any:
        import transformers

        kind = getattr(transformers, name)
        if name.startswith("Auto"):
            return kind.from_config(config, dtype=dtype, trust_remote_code=False)
        return kind._from_config(config, dtype=dtype)

    def renamer(self, module: Any, tensors: Mapping[str, torch.Tensor]) -> Callable[[str], str | None]:
        """From the file's tensor names to the module's.

        Files keep the names of the version of transformers that wrote the first of them; it lists what it renamed
        since. A file may hold the body under a prefix (`bert.encoder…`) and the module not, or the other way round.
        What a body without a head has no use for is left out: heads of other tasks, and the tensors of `UNUSED`.
        """
        wanted = module.state_dict(keep_vars=True).keys()
        now = _renamed_since(module, tensors, wanted)
        inner = self._prefixed(module, now.values(), wanted)
        return lambda name: inner(now.get(name, name))

    def _prefixed(self, module: Any, names: Iterable[str], wanted: Set[str]) -> Callable[[str], str | None]:
        prefix = f"{module.base_model_prefix}."
        headed = module.base_model is not module
        prefixed = any(name.startswith(prefix) for name in names)
        unused = _unused(module)

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


def _renamed_since(module: Any, names: Collection[str], wanted: Set[str]) -> dict[str, str]:
    """Each name in a file with that which transformers has for it today."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, apply_renamings

    if wanted >= set(names):
        return {name: name for name in names}
    steps = [step for step in get_model_conversion_mapping(module) if isinstance(step, WeightRenaming)]
    return {name: name if name in wanted else apply_renamings(name, steps) for name in names}


def _exact(name: str) -> Any:
    """transformers' model class of this name, or None."""
    import transformers

    made: Any = getattr(transformers, name, None)
    if not (isinstance(made, type) and issubclass(made, transformers.PreTrainedModel)):
        return None
    return made if getattr(made, "config_class", None) else None


def _computed(module: Any) -> dict[str, torch.Tensor]:
    """What a file may lack because building the module computes it: sine positions, frequencies, constant buffers.

    transformers does not save them (`_keys_to_ignore_on_save`), and fills them in again where they are missing.
    """
    patterns = [*(module._keys_to_ignore_on_load_missing or ()), r"(^|\.)inv_freq$"]
    may_lack = [re.compile(pattern) for pattern in patterns]
    made: dict[str, torch.Tensor] = {}
    for prefix, part in module.named_modules():
        for leaf, buffer in part._buffers.items():
            name = f"{prefix}.{leaf}" if prefix else leaf
            stored = buffer is not None and leaf not in part._non_persistent_buffers_set
            if stored and any(pattern.search(name) for pattern in may_lack):
                made[name] = buffer
        if "Sinusoidal" in type(part).__name__ and (weight := getattr(part, "weight", None)) is not None:
            made[f"{prefix}.weight"] = weight.detach()
    return made


def _unused(module: Any) -> re.Pattern[str]:
    patterns = [*UNUSED, *(module._keys_to_ignore_on_load_unexpected or ())]
    if getattr(module.base_model, "pooler", None) is None:
        patterns.append(r"(^|\.)pooler\.")
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _unknown(card: ModelCard, kind: Any, error: Exception) -> UnsupportedFormat:
    line = str(error).strip().partition("\n")[0]
    return UnsupportedFormat(
        f"{card.id}: transformers cannot build the model that its configuration describes ({kind}): {line}",
        "Upgrade transformers if the architecture is newer than it.",
    )


def _refuse_half_tied(checkpoint: Checkpoint, module: Any, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse a file with two different tensors for what the configuration says is one parameter."""
    import torch

    for name, other in module.all_tied_weights_keys.items():
        if name in tensors and other in tensors and not torch.equal(tensors[name], tensors[other]):
            raise WeightsMismatch(
                f"{checkpoint.card.id}: config.json ties {name} to {other}, and the file holds two different tensors",
                'Set "tie_word_embeddings": false in config.json if they are meant to differ.',
            )
