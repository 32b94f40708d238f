"""Folders as timm's `save_for_hf` writes them, of the smallest networks that timm has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_vision.conformance.pictures import fill

__all__ = ["timm_resnet", "timm_vit"]

LABELS = ("ant", "bee", "cat")


def timm_resnet(folder: Path) -> ModelCard:
    """A residual network of convolutions."""
    return _network(folder, "test_resnet", side=64)


def timm_vit(folder: Path) -> ModelCard:
    """A transformer over patches."""
    return _network(folder, "test_vit")


def _network(folder: Path, architecture: str, side: int = 160) -> ModelCard:
    """The architecture with three classes, for pictures of `side` pixels: timm's own are of 160."""
    import timm
    from timm.models import save_for_hf

    module = timm.create_model(architecture, num_classes=len(LABELS))
    fill(module, (side, side))
    save_for_hf(module, folder, safe_serialization=True, model_config={"label_names": list(LABELS)})
    return ModelCard(
        id=f"tiny-{architecture.replace('_', '-')}",
        task="image-classification",
        tasks=("image-feature-extraction",),
        library="timm",
        loader="timm",
        architecture=architecture,
        config={
            **_data(module.pretrained_cfg),
            "input_size": [3, side, side],
            "num_classes": len(LABELS),
            "labels": list(LABELS),
        },
    )


def _data(stated: Any) -> dict[str, Any]:
    """What the runners need of timm's configuration."""
    names = ("interpolation", "mean", "std", "crop_pct", "crop_mode")
    made = {name: stated[name] for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in made.items()}
