"""What the small plugin is tried on."""

from __future__ import annotations

from pathlib import Path

from zoo.cards import ModelCard
from zoo.plugin import Case


def tiny(folder: Path) -> ModelCard:
    """Random weights."""
    import torch
    from safetensors.torch import save_file

    from tests.conformance.mine.parts import Module

    torch.manual_seed(0)
    save_file(Module(2).state_dict(), folder / "model.safetensors")
    return ModelCard(
        id="tiny",
        task="text-classification",
        library="zoo",
        loader="mine",
        architecture="letters",
        config={"labels": ["short", "long"]},
    )


def cases() -> list[Case]:
    """One for the one pair."""
    return [Case(task="text-classification", make=tiny)]
