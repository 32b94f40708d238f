"""Protein language models on the hub: ESM-2, its forerunners, and ESMFold; with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from zoo.cards import Licence, ModelCard, Source

__all__ = ["protein_cards"]

_ESM = "https://github.com/facebookresearch/esm/blob/2b36991/README.md"
_COUNTED = "counted on the meta device with the layers and width of the README's table, which says {}"
_LICENCE = Licence(weights="MIT", source=f"{_ESM}, License; hub: not looked at")
_ESM2 = "https://doi.org/10.1126/science.ade2574"
_ESM1 = "https://doi.org/10.1073/pnas.2016239118"

# Residues, specials and padding: the 33 tokens of the alphabet (esm/data.py), 1,024 places and two specials.
_SHARED: dict[str, Any] = {
    "model_type": "esm",
    "vocab_size": 33,
    "max_position_embeddings": 1026,
    "mask_token_id": 32,
    "pad_token_id": 1,
    "token_dropout": True,
}
_ROTARY: dict[str, Any] = {**_SHARED, "position_embedding_type": "rotary", "emb_layer_norm_before": False}
_LEARNT: dict[str, Any] = {**_SHARED, "position_embedding_type": "absolute", "emb_layer_norm_before": True}


def _sizes(width: int, layers: int, heads: int, shared: dict[str, Any]) -> dict[str, Any]:
    return {
        **shared,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
    }


# End of the id, parameters, the README's figure, width, layers, heads.
_SECOND = (
    ("t6_8M", 7_512_474, "8M", 320, 6, 20),
    ("t12_35M", 33_501_394, "35M", 480, 12, 20),
    ("t30_150M", 148_140_154, "150M", 640, 30, 20),
    ("t33_650M", 651_043_254, "650M", 1280, 33, 20),
    ("t36_3B", 2_839_005_634, "3B", 2560, 36, 40),
    ("t48_15B", 15_129_100_194, "15B", 5120, 48, 40),
)


def protein_cards() -> list[ModelCard]:
    """The cards of all of these models."""
    second = [
        _card(
            f"facebook/esm2_{end}_UR50D",
            summary=f"ESM-2, {layers} layers: the hidden residues of a protein, and its vector.",
            parameters=parameters,
            config=_sizes(width, layers, heads, _ROTARY),
            datasets=("uniref50",),
            paper=_ESM2,
            published="2022",
            figure=figure,
            names=("esm", "esm-2", "esm2") if figure == "650M" else (),
        )
        for end, parameters, figure, width, layers, heads in _SECOND
    ]
    first = _card(
        "facebook/esm1b_t33_650M_UR50S",
        summary="ESM-1b, 33 layers: the hidden residues of a protein, and its vector.",
        parameters=652_359_094,
        config=_sizes(1280, 33, 20, _LEARNT),
        datasets=("uniref50",),
        paper=_ESM1,
        published="2020-12",
        figure="650M",
        names=("esm-1b", "esm1b"),
    )
    variants = [
        _card(
            f"facebook/esm1v_t33_650M_UR90S_{number}",
            summary=f"ESM-1v, the {word} of five: what does a change of a residue do to a protein?",
            parameters=652_356_534,
            config=_sizes(1280, 33, 20, {**_LEARNT, "emb_layer_norm_before": False}),
            datasets=("uniref90",),
            paper="https://doi.org/10.1101/2021.07.09.450648",
            published="2021",
            figure="650M",
            names=("esm-1v", "esm1v") if number == 1 else (),
        )
        for number, word in enumerate(("first", "second", "third", "fourth", "last"), 1)
    ]
    return [*second, first, *variants, _fold()]


def _card(model_id: str, *, figure: str, names: tuple[str, ...], config: dict[str, Any], **own: Any) -> ModelCard:
    return ModelCard(
        id=model_id,
        task="fill-mask",
        tasks=("feature-extraction",),
        library="transformers",
        loader="transformers",
        architecture="EsmForMaskedLM",
        config=MappingProxyType(config),
        licence=_LICENCE,
        sources=(Source(uri=f"hf:{model_id}"),),
        tags=tuple(sorted({"biology", "protein", *(("default", "popular") if "esm2" in names else ())})),
        family="esm",
        aliases=names,
        facts=MappingProxyType(
            {
                "datasets, published": f"{_ESM}, Pre-trained Models and Datasets",
                "paper": f"{_ESM}, Citations",
                "parameters": _COUNTED.format(figure),
            }
        ),
        **own,
    )


def _fold() -> ModelCard:
    return ModelCard(
        id="facebook/esmfold_v1",
        task="protein-folding",
        library="transformers",
        loader="transformers",
        architecture="EsmForProteinFolding",
        summary="ESMFold: the shape of a protein from its sequence alone, on ESM-2 3B.",
        config=MappingProxyType(
            {**_sizes(2560, 36, 40, _ROTARY), "is_folding_model": True, "esmfold_config": {"esm_type": "esm2_3B"}}
        ),
        parameters=3_525_038_915,
        licence=_LICENCE,
        sources=(Source(uri="hf:facebook/esmfold_v1"),),
        tags=("biology", "default", "popular", "protein"),
        datasets=("pdb", "uniref50"),
        family="esm",
        aliases=("esmfold",),
        base="facebook/esm2_t36_3B_UR50D",
        paper=_ESM2,
        published="2022-11",
        facts=MappingProxyType(
            {
                "base, datasets, published": f"{_ESM}, Pre-trained Models and Datasets",
                "parameters": f"counted on the meta device; {_ESM} says 690M, and 3B of ESM-2",
                "paper": f"{_ESM}, Citations",
            }
        ),
    )
