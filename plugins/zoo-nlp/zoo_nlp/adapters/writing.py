"""Text generation: a model learns to write as the texts that it is given."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.plugin import Checkpoint, Target, Trained
from zoo_nlp.adapters.files import HEADLESS, WEIGHTS, drop, save_weights
from zoo_nlp.adapters.tokenwise import IGNORED, Tokenwise, Window
from zoo_nlp.gguf_loader import gguf_tokenizer
from zoo_nlp.texts import TOKENIZER, Tokens

if TYPE_CHECKING:
    from tokenizers import Encoding

__all__ = ["GgufWriter", "Writer"]


class Writer(Tokenwise):
    """Each token of a text from those before it, from the second on (from the first where the model begins with one
    of its own).

    While learning, a text that fits into one window is followed by the model's token for the end of a text, so that it
    learns to stop; evaluation counts the text's own tokens only.
    """

    ahead = True

    def window(
        self, made: Encoding, text: str, number: int, *, whole: bool, draw: random.Random | None = None
    ) -> Window:
        """A window with each token to be told but those that the window before it, or nothing, tells."""
        ids, types = list(made.ids), list(made.type_ids)
        known = 1
        if number:  # its first token of the text is the last of the window before
            known = made.special_tokens_mask.index(0) + 1
        end = self.tokens.tokenizer.eos_token_id
        if draw is not None and whole and end is not None and ids[-1] != end and len(ids) < (self.tokens.limit or 0):
            ids, types = [*ids, end], [*types, 0]
        return Window(text=text, ids=ids, types=types, labels=[*[IGNORED] * known, *ids[known:]])


class GgufWriter(Writer):
    """The same for a GGUF file; when all weights are trained, the new model is a folder of transformers.

    Low-rank adapters stay small beside the file as it is.
    """

    def _tokens(self) -> Tokens:
        if self.checkpoint.has(TOKENIZER):  # it is the converted one
            return Tokens(self.checkpoint)
        return Tokens(self.checkpoint, tokenizer=gguf_tokenizer(self.checkpoint))

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """With `full` weights, configuration and tokenizer in the form of transformers, without the GGUF file."""
        if method != "full":
            return super().save(module, target, folder, method=method)
        save_weights(module, folder / WEIGHTS)
        _save_config(module, folder)
        self._tokens().tokenizer.save_pretrained(str(folder))
        files = tuple(sorted(path.name for path in folder.iterdir()))
        return Trained(
            files=files,
            drop=tuple(sorted({*drop(self.checkpoint, files), *_gguf_files(self.checkpoint)})),
            config={**HEADLESS, "gguf_file": None},
            card={"loader": "transformers"},
        )


def _save_config(module: Any, folder: Path) -> None:
    config = copy.deepcopy(module.config)
    config.use_cache = True
    config.save_pretrained(str(folder))
    module.generation_config.save_pretrained(str(folder))


def _gguf_files(checkpoint: Checkpoint) -> set[str]:
    """Names of the base's GGUF files, also where only the converted folder is at hand."""
    named = {file.path for file in checkpoint.card.files if file.path.endswith(".gguf")}
    stated = checkpoint.card.config.get("gguf_file")
    return named | ({str(stated)} if stated else set())
