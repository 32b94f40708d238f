"""Protein language models: the zoo's fast tokenizer gives the tokens of ESM's own, and a residue can be filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import EsmConfig, EsmForMaskedLM
from transformers.models.esm.tokenization_esm import EsmTokenizer
from zoo_nlp.residue_tokens import fast_residues

from zoo import Zoo

# The vocabulary of facebook/esm2_*, in its order.
TOKENS = [
    "<cls>",
    "<pad>",
    "<eos>",
    "<unk>",
    "L",
    "A",
    "G",
    "V",
    "S",
    "E",
    "R",
    "T",
    "I",
    "D",
    "P",
    "K",
    "Q",
    "N",
    "F",
    "Y",
    "M",
    "H",
    "W",
    "C",
    "X",
    "B",
    "U",
    "Z",
    "O",
    ".",
    "-",
    "<null_1>",
    "<mask>",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "esm"
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = EsmConfig(
        vocab_size=len(TOKENS),
        mask_token_id=TOKENS.index("<mask>"),
        pad_token_id=TOKENS.index("<pad>"),
        position_embedding_type="rotary",
        max_position_embeddings=130,
        token_dropout=True,
        **sizes,
    )
    EsmForMaskedLM(config).eval().save_pretrained(made)
    (made / "vocab.txt").write_text("\n".join(TOKENS))
    EsmTokenizer(str(made / "vocab.txt")).save_pretrained(made)
    return made


@pytest.mark.parametrize(
    "text", ["MKTAYIAKQR", "MK<mask>AY", "M K T", "MKJJTA", "mkta", "MK-T.A", "M<mask><mask>", "<null_1>MK", "X"]
)
def test_tokens_are_those_of_the_slow_tokenizer(folder: Path, text: str) -> None:
    slow = EsmTokenizer(str(folder / "vocab.txt"))
    fast = fast_residues(slow)
    assert fast(text)["input_ids"] == slow(text)["input_ids"]
    assert fast(text, "MK")["input_ids"] == slow(text, "MK")["input_ids"]


def test_a_hidden_residue_is_filled_in(folder: Path, tmp_path: Path) -> None:
    with Zoo(tmp_path / "home", offline=True, quiet=True).load(str(folder)) as model:
        assert model.task == "fill-mask"
        found = model.predict("MK<mask>AY")
    assert len(found.labels) == 5
    assert all(label.label in TOKENS for label in found.labels)
    assert found.texts[0] == f"MK{found.labels[0].label}AY"
