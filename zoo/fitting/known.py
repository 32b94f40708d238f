"""What is known of a model before a byte of it is fetched."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import NotInstalled, ZooError
from zoo.refs import Ref

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.plugin import Loader
    from zoo.registry import Registry

__all__ = ["Download", "Known", "know"]

# How far a module that is built from a card may be from the card's own number of parameters.
_TOLERANCE = 0.03


@dataclass(frozen=True, kw_only=True)
class Download:
    """What must be fetched first.

    Attributes:
        here: whether the files are here already.
        size: bytes to fetch, None when nobody has stated it.
        free: bytes free where they would lie.
    """

    here: bool
    size: int | None
    free: int

    @property
    def fits(self) -> bool:
        """Whether the disk has room."""
        return self.here or self.size is None or self.size <= self.free


@dataclass(frozen=True, kw_only=True)
class Known:
    """A model as far as it is known.

    Attributes:
        card: its card.
        loader: that builds it.
        blank: the module on the meta device; None where nothing here can build it.
        floats: how many floating-point numbers it holds, None when not known.
        others: bytes of everything else.
        source: from where the numbers are.
        scale: by how much larger it is than the module that can be built from its card: 1 where they agree.
        download: what must be fetched first.
    """

    card: ModelCard
    loader: Loader
    blank: torch.nn.Module | None
    floats: int | None
    others: int
    source: str
    scale: float
    download: Download

    def module(self, dtype: str) -> torch.nn.Module | None:
        """A module of its own on the meta device in a type; None where nothing here can build it."""
        if self.blank is None:
            return None
        made: torch.nn.Module = copy.deepcopy(self.blank).to(getattr(torch, dtype))
        return made

    def weights(self, dtype: str) -> int | None:
        """Bytes of its weights and buffers in a type."""
        return None if self.floats is None else self.floats * getattr(torch, dtype).itemsize + self.others

    def sample(self, module: torch.nn.Module, batch: int, length: int | None) -> Any:
        """What one forward takes."""
        return self.loader.sample(self.card, module, batch, length)


def know(registry: Registry, ref: str) -> Known:
    """All that is known of a model without opening a connection.

    Raises:
        NotInstalled: only its files would tell, and they are not here.
        ZooError: as `Registry.resolve`.
    """
    from zoo.infer import UNKNOWN, complete

    resolved = registry.resolve(ref)
    card, folder = resolved.card, _folder(registry, ref, resolved.card, resolved.revision)
    if card.loader == UNKNOWN:
        if folder is None:
            raise NotInstalled(
                f"nothing is known of {card.id} here: it is in no catalog, and its files are not here",
                f"`zoo pull {ref} --dry-run` asks its origin for their sizes; once pulled, this command can tell.",
            )
        card = complete(card, folder)
    loader = registry.plugins.loader(card.loader)()
    card = card if folder is None else _with_config(card, folder)
    blank = _blank(loader, card)
    floats, others, source, scale = _counted(blank, card, folder)
    return Known(
        card=card,
        loader=loader,
        blank=blank,
        floats=floats,
        others=others,
        source=source,
        scale=scale,
        download=_download(registry, card, folder),
    )


def _folder(registry: Registry, ref: str, card: ModelCard, revision: str | None) -> Path | None:
    """Where the model's files lie: in the store, or in the folder that the user named."""
    parsed = Ref.parse(ref)
    if parsed.kind == "folder":
        return Path(parsed.name).expanduser().resolve()
    return registry.store.find(card.id, revision) if revision else None


def _with_config(card: ModelCard, folder: Path) -> ModelCard:
    """The card with the sizes that the checkpoint's own `config.json` states."""
    path = folder / "config.json"
    try:
        stated = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, OSError):
        return card  # a broken file is the loader's to report
    if not isinstance(stated, Mapping) or not stated.get("model_type"):
        return card
    return card.replace(config={**stated, **card.config})


def _blank(loader: Loader, card: ModelCard) -> torch.nn.Module | None:
    try:
        return loader.blank(card)
    except ZooError:
        return None


def _counted(
    module: torch.nn.Module | None, card: ModelCard, folder: Path | None
) -> tuple[int | None, int, str, float]:
    """Floating-point numbers, other bytes, where they are from, and how they compare with the module."""
    stored = _stored(folder) if folder else None
    if module is None:
        floats, others, source = stored or _stated(card)
        return floats, others, source, 1.0
    tensors = [*module.parameters(), *module.buffers()]
    floats = sum(t.numel() for t in tensors if t.is_floating_point())
    others = sum(t.nbytes for t in tensors if not t.is_floating_point())
    parameters = sum(p.numel() for p in module.parameters())
    wanted = stored[0] if stored else card.parameters
    if wanted and abs((floats if stored else parameters) - wanted) > _TOLERANCE * wanted:
        return wanted, others, stored[2] if stored else "the card's number of parameters", wanted / max(1, parameters)
    if wanted is None:
        known = _stated(card)
        if known[0] is not None and abs(floats - known[0]) > _TOLERANCE * known[0]:
            return known[0], others, known[2], known[0] / max(1, floats)
        return floats, others, "counted in the architecture with its usual sizes, as the card states none", 1.0
    return floats, others, "counted in the architecture", 1.0


def _stored(folder: Path) -> tuple[int, int, str] | None:
    """Numbers and other bytes by the headers of the safetensors files that are here."""
    floats = others = 0
    paths = sorted(folder.glob("*.safetensors"))
    for path in paths:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            if entry["dtype"] in {"F64", "F32", "F16", "BF16"}:
                floats += math.prod(entry["shape"])
            else:
                others += entry["data_offsets"][1] - entry["data_offsets"][0]
    return (floats, others, "counted in the files that are here") if paths else None


def _stated(card: ModelCard) -> tuple[int | None, int, str]:
    """Numbers by what the card says."""
    if card.parameters:
        return card.parameters, 0, "the card's number of parameters"
    sizes = [file.size for file in card.files]
    size = card.size or (sum(size for size in sizes if size) if sizes and all(sizes) else None)
    if size:
        return size // 4, 0, "estimated from the size of the files"
    return None, 0, "not stated"


def _download(registry: Registry, card: ModelCard, folder: Path | None) -> Download:
    from zoo.store.disk import free_space

    sizes = [file.size for file in card.files] or [source.size for source in card.sources]
    whole = sum(size for size in sizes if size) if sizes and all(sizes) else card.size
    return Download(here=folder is not None, size=whole, free=free_space(registry.home))
