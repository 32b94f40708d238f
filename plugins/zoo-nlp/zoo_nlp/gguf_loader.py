"""Loads GGUF files: dequantised once by transformers' reader, and after that as any transformers folder."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, NoSpace, NotInstalled
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_nlp.derived import derived
from zoo_nlp.transformers_loader import TransformersLoader

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["GgufLoader", "gguf_tokenizer"]

READY = "float32"


class GgufLoader(Loader):
    """Builds the model of a GGUF file from a float32 copy of its weights, made at the first load."""

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> torch.nn.Module:
        """The module in evaluation mode; the first time takes longer and needs room for the copy.

        Raises:
            IntegrityError: the file is not GGUF, or of an architecture that transformers cannot read from it.
            NoSpace: the float32 copy does not fit onto the disk.
        """
        return TransformersLoader().load(self.convert(checkpoint, context), context)

    def blank(self, card: ModelCard) -> torch.nn.Module:
        """The module on the meta device; see `PretrainedLoader.blank`."""
        return TransformersLoader().blank(card)

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Token ids with their mask; see `zoo.plugin.Loader.sample`."""
        return TransformersLoader().sample(card, module, batch, length)

    def convert(self, checkpoint: Checkpoint, context: LoadContext) -> Checkpoint:
        """The checkpoint in the form of transformers: config.json, float32 safetensors, tokenizer files."""
        if checkpoint.has("model.safetensors"):
            return checkpoint  # it is the converted one
        ready = derived(context.cache("dequantised"), READY, lambda made: _dequantise(checkpoint, made))
        return Checkpoint(card=checkpoint.card, path=ready, revision=checkpoint.revision)


def _file(checkpoint: Checkpoint) -> Path:
    if named := checkpoint.card.config.get("gguf_file"):
        return checkpoint.file(str(named))
    found = sorted(checkpoint.path.glob("*.gguf"))
    if len(found) != 1:
        raise NotInstalled(
            f"{checkpoint.card.id}: {len(found)} GGUF files in {checkpoint.path}, one is needed",
            f"Run `zoo pull {checkpoint.card.id}`.",
        )
    return found[0]


def _dequantise(checkpoint: Checkpoint, target: Path) -> None:
    from transformers import AutoModelForCausalLM

    path = _file(checkpoint)
    tokenizer = gguf_tokenizer(checkpoint)
    alone = _alone(path, target.with_name("alone"))
    try:
        with _quiet():
            model = AutoModelForCausalLM.from_pretrained(
                str(alone),
                gguf_file=path.name,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
            )
    except Exception as error:  # the GGUF reader checks little itself: numpy's and Python's own errors come through
        raise _unreadable(checkpoint, path, error) from error
    _save(model, target)
    tokenizer.save_pretrained(str(target))


def _alone(path: Path, folder: Path) -> Path:
    """A folder with this file only: of low-rank adapters beside it, transformers would look for the base on the hub."""
    folder.mkdir()
    try:
        os.link(path.resolve(), folder / path.name)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, folder / path.name)
    return folder


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the reader's own bars out of logs and pipes; it offers no switch for them."""
    if sys.stderr.isatty():
        yield
        return
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def _unreadable(checkpoint: Checkpoint, path: Path, error: Exception) -> IntegrityError:
    line = str(error).strip().partition("\n")[0]
    return IntegrityError(
        f"{checkpoint.card.id}: {path.name} cannot be read as GGUF: {type(error).__name__}: {line}",
        f"Remove and pull it again: `zoo rm {checkpoint.card.id}`, `zoo pull {checkpoint.card.id}`.",
    )


def _save(model: Any, target: Path) -> None:
    """Write weights and configuration; without the quantisation, which no longer holds, and tied copies."""
    from safetensors.torch import save_file

    state = model.state_dict()
    tied = model.get_expanded_tied_weights_keys(all_submodels=True)
    kept = {name: tensor.contiguous() for name, tensor in state.items() if name not in tied}
    target.mkdir()
    needed = sum(tensor.nbytes for tensor in kept.values())
    if needed > (free := shutil.disk_usage(target).free):
        raise NoSpace(
            f"the float32 copy of the model needs {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free on the disk",
            "Free some space, or set ZOO_HOME to a larger disk.",
        )
    save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.save_pretrained(str(target))
    model.generation_config.save_pretrained(str(target))


def gguf_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The tokenizer in a GGUF file; raises `IntegrityError` when it cannot be read."""
    from transformers import AutoTokenizer

    path = _file(checkpoint)
    try:
        return AutoTokenizer.from_pretrained(
            str(path.parent), gguf_file=path.name, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # as in `_dequantise`
        raise _unreadable(checkpoint, path, error) from error
