"""A small plugin that keeps what plugins promise: whether a text is long or short, by its letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zoo.cards import Licence, ModelCard, Source, WeightFile
from zoo.plugin import hookimpl

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """One model, which cannot be had."""
    return [
        ModelCard(
            id="mine/letters",
            task="text-classification",
            library="zoo",
            loader="mine",
            architecture="letters",
            summary="Whether a text is long, by its letters.",
            parameters=170,
            licence=Licence(weights="MIT", source="https://example.org/LICENSE"),
            sources=(Source(uri="https://example.org/letters"),),
            files=(
                WeightFile(
                    path="model.safetensors",
                    origin=("https://example.org/letters/model.safetensors",),
                    size=1000,
                    sha256="0" * 64,
                ),
            ),
            facts={"parameters": "counted"},
        )
    ]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """One."""
    return {"mine": "tests.conformance.mine.parts:Loading"}


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """One."""
    return {("mine", "text-classification"): "tests.conformance.mine.parts:Letters"}


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """One."""
    return {("mine", "text-classification"): "tests.conformance.mine.parts:Learning"}
