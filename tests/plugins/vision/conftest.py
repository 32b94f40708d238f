"""Checkpoints with random weights, written as real files and loaded through the core's own context."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from zoo_vision.cards import all_cards

from zoo.cards import ModelCard
from zoo.models.context import Context
from zoo.plugin import Checkpoint, Loader


@pytest.fixture(scope="session")
def cards() -> dict[str, ModelCard]:
    """The cards of timm, torchvision and the packages by id."""
    return {card.id: card for card in all_cards()}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Checkpoint]:
    """`write(card, tensors, head={})` makes a checkpoint folder."""

    def make(card: ModelCard, tensors: dict[str, torch.Tensor], head: dict[str, torch.Tensor] | None = None):
        folder = tmp_path / card.id
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
        if head:
            save_file(head, folder / "head.safetensors")
        return Checkpoint(card=card, path=folder, revision="0" * 64)

    return make


@pytest.fixture
def load(tmp_path: Path) -> Callable[[Loader, Checkpoint], nn.Module]:
    """`load(loader, checkpoint)`: the module, with every parameter met by the file."""

    def make(loader: Loader, checkpoint: Checkpoint):
        context = Context(
            device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path / "cache", model=checkpoint.card.id
        )
        module = loader.load(checkpoint, context)
        if isinstance(module, nn.Module):
            assert context.unmet(module) == []
            assert not module.training
        return module

    return make


@pytest.fixture
def randomise() -> Callable[[nn.Module], nn.Module]:
    """Give a module's running statistics values that matter, so that a wrong buffer shows; evaluation mode."""

    def make(module: nn.Module):
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                if name.endswith("running_mean"):
                    buffer.normal_(0, 0.1, generator=generator)
                if name.endswith("running_var"):
                    buffer.uniform_(0.5, 1.5, generator=generator)
        return module.eval()

    return make


@pytest.fixture(scope="session")
def tool() -> Callable[[str], ModuleType]:
    """`tool("vision_counting")`: one of the modules that write the tables."""

    def get(name: str) -> ModuleType:
        folder = str(Path(__file__).parents[3] / "tools")
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(folder)

    return get


@pytest.fixture(scope="session")
def photo() -> Callable[..., Image.Image]:
    """`photo(width, height)`: a picture with structure at all scales."""

    def make(width: int = 300, height: int = 220, seed: int = 3) -> Image.Image:
        values = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
        return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)

    return make
