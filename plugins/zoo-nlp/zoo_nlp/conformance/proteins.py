"""ESMFold of a few dimensions: all its parts, each once."""

from __future__ import annotations

from pathlib import Path

from zoo.cards import ModelCard
from zoo_nlp.conformance.transformers_folders import saved

__all__ = ["folding"]

TRUNK = {
    "num_blocks": 1,
    "sequence_state_dim": 32,
    "pairwise_state_dim": 16,
    "sequence_head_width": 8,
    "pairwise_head_width": 8,
    "position_bins": 4,
    "max_recycles": 1,
    "structure_module": {"sequence_dim": 32, "pairwise_dim": 16, "ipa_dim": 4, "num_blocks": 1},
}


def folding(folder: Path) -> ModelCard:
    """The model makes its own tokens of a sequence, so there is no tokenizer."""
    import transformers
    from transformers.models.esm.configuration_esm import get_default_vocab_list

    config = transformers.EsmConfig(
        vocab_list=get_default_vocab_list(),
        vocab_size=33,
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        is_folding_model=True,
        esmfold_config={"trunk": TRUNK, "fp16_esm": False, "lddt_head_hid_dim": 8},
    )
    saved(lambda: transformers.EsmForProteinFolding(config), folder)
    return ModelCard(
        id="tiny-esmfold",
        task="protein-folding",
        library="transformers",
        loader="transformers",
        architecture="EsmForProteinFolding",
    )
