"""Whisper's special tokens and settings, as the checkpoint's own files name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer
from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

from zoo.errors import BadOption, IntegrityError, nearest
from zoo.plugin import Checkpoint

__all__ = ["UNSPACED", "Tokens", "read_tokens"]

UNSPACED = frozenset({"ja", "lo", "my", "th", "yue", "zh"})  # languages that are written without spaces

_ENGLISH_ONLY_END = 50_256  # of the English-only vocabulary; the multilingual one has one token more before it
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The vocabulary.

    Attributes:
        tokenizer: the checkpoint's.
        end, start, transcribe, translate, no_speech, no_timestamps: numbers of the special tokens.
        languages: number of each language's token by its code; empty for an English-only model.
        suppress: tokens that are never said (symbols, special tokens).
        suppress_first: tokens that cannot come first.
        heads: layers of the decoder and heads in them that follow the sound; empty where the files do not name them.
    """

    tokenizer: Tokenizer
    end: int
    start: int
    transcribe: int
    translate: int
    no_speech: int
    no_timestamps: int
    languages: Mapping[str, int]
    suppress: tuple[int, ...]
    suppress_first: tuple[int, ...]
    heads: tuple[tuple[int, int], ...] = ()

    @property
    def first_timestamp(self) -> int:
        """The token of 0.00 s; each further one is 0.02 s later."""
        return self.no_timestamps + 1

    def text(self, tokens: tuple[int, ...]) -> str:
        """The text of tokens, special ones left out."""
        made: str = self.tokenizer.decode([token for token in tokens if token < self.end])
        return made

    def language(self, name: str) -> int | None:
        """The token for a language given by code or English name; None for English in an English-only model.

        Raises:
            BadOption: the model does not have it.
        """
        code = TO_LANGUAGE_CODE.get(name.strip().lower(), name.strip().lower())
        if code in self.languages:
            return self.languages[code]
        if not self.languages and code == "en":
            return None
        known = [*self.languages, *(n for n, c in TO_LANGUAGE_CODE.items() if c in self.languages)] or ["en"]
        near = nearest(name.lower(), known)
        hint = f"Did you mean {', '.join(near)}?" if near else f"It has {', '.join(sorted(self.languages) or ['en'])}."
        raise BadOption(f"the model does not know the language {name!r}", hint)


def read_tokens(checkpoint: Checkpoint) -> Tokens:
    """The vocabulary of a checkpoint, from `tokenizer.json`, `config.json` and `generation_config.json`.

    Raises:
        IntegrityError: a file is damaged, or lacks Whisper's special tokens.
    """
    path = checkpoint.file("tokenizer.json")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises nothing more precise
        raise IntegrityError(f"{checkpoint.card.id}: tokenizer.json cannot be read: {error}") from error
    settings = _settings(checkpoint)
    end = _number(tokenizer, "<|endoftext|>")
    multilingual = settings.get("is_multilingual", end != _ENGLISH_ONLY_END)
    no_timestamps = _number(tokenizer, "<|notimestamps|>")
    return Tokens(
        tokenizer=tokenizer,
        end=end,
        start=_number(tokenizer, "<|startoftranscript|>"),
        transcribe=_number(tokenizer, "<|transcribe|>"),
        translate=_number(tokenizer, "<|translate|>"),
        no_speech=no_timestamps - 1,  # called <|nospeech|> or <|nocaptions|>, always in this place
        no_timestamps=no_timestamps,
        languages=_languages(tokenizer) if multilingual else {},
        suppress=_listed(settings, "suppress_tokens", "suppress_ids"),
        suppress_first=_listed(settings, "begin_suppress_tokens", "suppress_ids_begin"),
        heads=_heads(settings),
    )


def _settings(checkpoint: Checkpoint) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in ("config.json", "generation_config.json"):
        read = checkpoint.read_json(name) if checkpoint.has(name) else {}
        if not isinstance(read, dict):
            raise IntegrityError(f"{checkpoint.card.id}: {name} is not an object")
        made |= read
    return made


def _languages(tokenizer: Tokenizer) -> dict[str, int]:
    found = ((_LANGUAGE.fullmatch(token), number) for token, number in tokenizer.get_vocab().items())
    return {match[1]: number for match, number in found if match}


def _listed(settings: Mapping[str, Any], *names: str) -> tuple[int, ...]:
    values = next((settings[name] for name in names if settings.get(name)), ())
    if not isinstance(values, list | tuple) or any(not isinstance(v, int) or v < 0 for v in values):
        raise IntegrityError(f"{' or '.join(names)} of the model's settings is not a list of tokens")
    return tuple(values)


def _heads(settings: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Pairs of a layer and a head, under the name that transformers and CTranslate2 have for them."""
    pairs = settings.get("alignment_heads") or []
    sound = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(n, int) and n >= 0 for n in pair) for pair in pairs
    )
    if not sound:
        raise IntegrityError("alignment_heads of the model's settings is not a list of layers and heads")
    return tuple((layer, head) for layer, head in pairs)


def _number(tokenizer: Tokenizer, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise IntegrityError(f"tokenizer.json has no token {token}: it is not that of a Whisper model")
    return int(number)
