"""Masked words: a model learns the words of a field by guessing hidden ones."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING

from zoo.errors import UnsupportedFormat
from zoo_nlp.adapters.tokenwise import IGNORED, Tokenwise, Window

if TYPE_CHECKING:
    from tokenizers import Encoding

__all__ = ["MaskedWords"]

SHARE = 0.15


class MaskedWords(Tokenwise):
    """Of each window 15 % of the tokens, at least one, are to be guessed (Devlin et al. 2019, section 3.1).

    Of these 80 % are hidden by the mask token, 10 % replaced by any other token, and 10 % left as they are. Which ones
    changes with each draw (Liu et al., "RoBERTa", arXiv:1907.11692, section 4.1); in evaluation it follows from the
    text alone, so that two models are asked for the same words.
    """

    ahead = False

    @functools.cached_property
    def mask_id(self) -> int:
        """The token that hides others."""
        found: int | None = self.tokens.tokenizer.mask_token_id
        if found is None:
            raise UnsupportedFormat(f"{self.checkpoint.card.id}: its tokenizer has no mask token")
        return found

    @functools.cached_property
    def _special(self) -> frozenset[int]:
        return frozenset(self.tokens.tokenizer.all_special_ids)

    def window(
        self, made: Encoding, text: str, number: int, *, whole: bool, draw: random.Random | None = None
    ) -> Window:
        """A window with some of its tokens hidden."""
        chance = draw or random.Random(f"{number} {text}")  # noqa: S311 - chance, not secrecy
        places = [place for place, special in enumerate(made.special_tokens_mask) if not special]
        ids, labels = list(made.ids), [IGNORED] * len(made.ids)
        for place in sorted(chance.sample(places, min(len(places), max(1, round(SHARE * len(places)))))):
            labels[place] = ids[place]
            ids[place] = self._shown(ids[place], chance)
        return Window(text=text, ids=ids, types=made.type_ids, labels=labels)

    def _shown(self, token: int, chance: random.Random) -> int:
        """What stands in the place of a token that is to be guessed."""
        kind = chance.random()
        if kind < 0.8:
            return self.mask_id
        return self._other(chance) if kind < 0.9 else token

    def _other(self, chance: random.Random) -> int:
        """Any token that is not the tokenizer's own."""
        while (found := chance.randrange(self.tokens.backend.get_vocab_size())) in self._special:
            continue
        return found
