"""A fast tokenizer for proteins, made from the vocabulary of a slow one: transformers has no fast one for ESM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from transformers.models.esm.tokenization_esm import EsmTokenizer

__all__ = ["fast_residues"]


def fast_residues(slow: EsmTokenizer) -> PreTrainedTokenizerBase:
    """The same tokens as `EsmTokenizer`: one a residue, a run of unknown letters as one unknown token.

    Args:
        slow: the tokenizer of an ESM checkpoint (its `vocab.txt`, one token a line).
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = slow.get_vocab()
    letters = "".join(re.escape(token) for token in sorted(vocabulary) if len(token) == 1)
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=slow.unk_token))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(f"[{letters}]"), "isolated")]
    )
    first, last = slow.cls_token, slow.eos_token
    backend.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B {last}",
        special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=slow.model_input_names,
        model_max_length=slow.model_max_length,
        **{name: getattr(slow, name) for name in ("unk_token", "cls_token", "pad_token", "mask_token", "eos_token")},
    )
