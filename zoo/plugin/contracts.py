"""What a plugin supplies: loaders and runners, and what the core hands to them.

Plugins subclass `Loader` and `Runner`, and `FineTuner` of `zoo.plugin.finetuners`.
The steps are small and pure: the core owns threads, batches,
memory, order, progress, splits, training and records.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from zoo.cards import ModelCard
from zoo.errors import IntegrityError, NotInstalled

if TYPE_CHECKING:
    import torch

__all__ = [
    "ADAPTER_FILE",
    "HEAD_FILE",
    "Checkpoint",
    "LoadContext",
    "Loader",
    "NoOptions",
    "Other",
    "Runner",
    "option",
]

HEAD_FILE = "head.safetensors"
ADAPTER_FILE = "adapter_model.safetensors"  # low-rank adapters, under peft's own names


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One revision's files in a folder.

    Attributes:
        card: the model's card.
        path: the folder.
        revision: sha256 of the manifest of its files.
    """

    card: ModelCard
    path: Path
    revision: str

    def file(self, name: str) -> Path:
        """The path of a file of the checkpoint; raises `NotInstalled`, naming it, when it is missing."""
        made = self.path / name
        if not made.is_file():
            raise NotInstalled(
                f"{self.card.id}: file {name} is missing from {self.path}", f"Run `zoo pull {self.card.id}`."
            )
        return made

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds this file."""
        return (self.path / name).is_file()

    def read_json(self, name: str) -> Any:
        """The content of a JSON file; raises `IntegrityError` when it is not JSON."""
        try:
            return json.loads(self.file(name).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise IntegrityError(f"{self.card.id}: {name} is not valid JSON: {error}") from error

    def weight_files(self) -> list[Path]:
        """The safetensors files that hold the model, shards in order, without the head's and the adapter's."""
        found = sorted(p for p in self.path.glob("*.safetensors") if p.name not in {HEAD_FILE, ADAPTER_FILE})
        if not found:
            raise NotInstalled(f"{self.card.id}: no safetensors file in {self.path}", f"`zoo pull {self.card.id}`.")
        return found

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors by name, mapped from the files (not copied); those of `head.safetensors` replace others.

        Raises:
            IntegrityError: a file is corrupt, or two shards hold the same name.
        """
        made: dict[str, torch.Tensor] = {}
        for path in self.weight_files():
            tensors = self.read_tensors(path)
            if twice := sorted(made.keys() & tensors.keys()):
                raise IntegrityError(f"{self.card.id}: tensors in more than one file: {', '.join(twice[:5])}")
            made |= tensors
        return made | self.head_tensors()

    def head_tensors(self) -> dict[str, torch.Tensor]:
        """The tensors of `head.safetensors` by name; empty when the checkpoint has no separate head."""
        return self.read_tensors(self.path / HEAD_FILE) if self.has(HEAD_FILE) else {}

    def read_tensors(self, path: Path) -> dict[str, torch.Tensor]:
        """The tensors of one safetensors file by name, mapped; a corrupt file raises `IntegrityError`."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except (SafetensorError, ValueError, OSError) as error:
            raise IntegrityError(
                f"{self.card.id}: {path.name} is not a sound safetensors file: {error}",
                f"Remove and pull it again: `zoo rm {self.card.id}`, `zoo pull {self.card.id}`.",
            ) from error


class LoadContext(Protocol):
    """What the core gives to a loader."""

    @property
    def device(self) -> torch.device:
        """Where the module will run."""

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type that the module will have."""

    def no_init(self) -> AbstractContextManager[None]:
        """A context in which modules are built without spending time on random initialisation."""

    def assign(
        self,
        module: torch.nn.Module,
        tensors: Mapping[str, torch.Tensor],
        *,
        rename: Callable[[str], str | None] | None = None,
        ignore: Iterable[str] = (),
    ) -> None:
        """Map `tensors` into `module`; every parameter must be met, and every tensor must be used.

        Args:
            module: the module, built under `no_init()`.
            tensors: from `Checkpoint.tensors()`.
            rename: from a tensor's name to the module's name for it, None to leave the tensor out.
            ignore: names, after renaming, of buffers that the file may lack or hold needlessly.

        Raises:
            WeightsMismatch: names the missing, extra and misshapen tensors.
        """

    def cache(self, name: str) -> Path:
        """A folder for what can be derived from this checkpoint again, always safe to delete; made if absent."""


class Loader:
    """Makes a module from a checkpoint.

    Attributes:
        dtypes: the floating-point types in which its modules give good results, by torch's names.
    """

    dtypes: ClassVar[tuple[str, ...]] = ("float32", "bfloat16", "float16")

    def convert(self, checkpoint: Checkpoint, context: LoadContext) -> Checkpoint:
        """The checkpoint that loader and runner see: the one given, unless its files must be converted first.

        A loader of a slow format writes the converted files into `context.cache(…)` once, and returns a checkpoint
        with that folder as its path. Called before `load`.
        """
        return checkpoint

    def blank(self, card: ModelCard) -> torch.nn.Module | None:
        """The module that `load` would fill, without weights, on torch's meta device, from the card alone.

        It proves that the libraries here can build what the card declares, and costs no memory. Where a card leaves
        its sizes to files that are not here (a hub repository's `config.json`), the architecture's own defaults are
        taken. None for engines other than torch.

        Raises:
            UnsupportedFormat: nothing here can build the architecture.
        """
        return None

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """What one forward of `module` takes, on the meta device: it shows how much memory a batch will need.

        Args:
            card: the model's card.
            module: what `blank` or `load` made of it.
            batch: how many inputs go in at once.
            length: of a text in tokens, where texts go in; by itself the model's longest, and 512 at most.

        Returns:
            Positional and named arguments, floating-point tensors in the module's own type: pictures of the size that
            the model takes, token ids, sound of the length of the model's window. None where this is not known.

        Raises:
            BadOption: the model takes no text of this length.
        """
        return None

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """The module, with all weights in place, in evaluation mode, on `context.device` in `context.dtype`.

        A torch loader builds under `context.no_init()` and calls `context.assign()`. Another engine returns its own
        object with `to(device)` and the attribute `nbytes`.
        """
        raise TypeError(f"{type(self).__name__} does not define load()")


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """For runners without options."""


def option(default: Any, help: str) -> Any:
    """A field of a runner's `Options` with its one-line help, as `zoo show` and `--set` give it."""
    return dataclasses.field(default=default, metadata={"help": help})


class Other(Protocol):
    """Another model of the zoo, at a runner's disposal: its module runs on the same devices, in the same engine."""

    def predict(self, value: Any, /, **options: Any) -> Any:
        """Its result for one input; raises `BadData` for one that cannot be used."""


class Runner:
    """The inference wrapper of a task: small pure steps that the core schedules, never a loop of its own.

    The core calls, for a stream of inputs: `prepare` (in worker threads), `size` (for length buckets), `collate`,
    `forward` (with the batch moved to the module's device), `finish`, and `merge` where `prepare` made several.

    Attributes:
        Options: a frozen keyword-only dataclass with a default for each field, made with `option()`.
        batch: how many examples are run at once at first, unless the user says otherwise; 1 is never raised.
        dtypes: the floating-point types in which its results are good, by torch's names.
    """

    Options: ClassVar[type[Any]] = NoOptions
    batch: ClassVar[int] = 16
    dtypes: ClassVar[tuple[str, ...]] = ("float32", "bfloat16", "float16")

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.others: Callable[[str, str], Any] | None = None  # set by the core

    def other(self, model: str, task: str) -> Other:
        """Another model that this task's options name, loaded when it is first asked for and kept as long as this one.

        Args:
            model: its name, as of `zoo.load`; fetched where it is not here.
            task: what it is to do.

        Raises:
            ZooError: there is no such model, or it does something else.
        """
        if self.others is None:
            raise TypeError("another model can only be asked for by a runner that the core made")
        made: Other = self.others(model, task)
        return made

    def prepare(self, value: Any, options: Any) -> Sequence[Any] | Iterator[Any]:
        """Examples of one input; several for windows, tiles or chunks. Raises `BadData` for an unusable input.

        A long input is better made an iterator (a generator, say): its examples are then taken as the device needs
        them, so that a recording of hours takes no more memory than one of minutes, and results of its first parts are
        there before its last ones are read (`Model.parts`).
        """
        raise TypeError(f"{type(self).__name__} does not define prepare()")

    def size(self, example: Any) -> int:
        """The length by which examples are grouped into batches; equal for all where length does not matter."""
        return 0

    def collate(self, examples: Sequence[Any]) -> Any:
        """One batch of examples: tensors, or dicts, lists and tuples of tensors."""
        raise TypeError(f"{type(self).__name__} does not define collate()")

    def forward(self, module: Any, batch: Any, options: Any) -> Any:
        """The module's outputs for a batch; called under `torch.inference_mode`."""
        raise TypeError(f"{type(self).__name__} does not define forward()")

    def finish(self, outputs: Any, examples: Sequence[Any], options: Any) -> Sequence[Any]:
        """One result per example, in order."""
        raise TypeError(f"{type(self).__name__} does not define finish()")

    def merge(self, results: Sequence[Any], options: Any) -> Any:
        """One result from the results of one input's several examples."""
        if len(results) == 1:
            return results[0]
        raise TypeError(f"{type(self).__name__} prepared several examples and does not define merge()")
