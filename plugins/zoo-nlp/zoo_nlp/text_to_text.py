"""Runners of models that read one text and write another: translation and summaries."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadData, BadOption, IntegrityError, MissingDependency
from zoo.plugin import Checkpoint, Runner, option, read_object, refuse_code
from zoo.tasks import Generation
from zoo_nlp.texts import Encoded, check_text, max_tokens, pad

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase

__all__ = ["Summarization", "Translation"]

HELP_BEAMS = "how many beginnings to follow at once; 1 is greedy; the model's own setting if not given"
HELP_NEW = "how many tokens to write at most; the model's own setting if not given"
HELP_PREFIX = "words to put before the text; those of the model's own settings for the task if not given"


@dataclass(frozen=True, kw_only=True)
class SummaryOptions:
    """Options of the summariser."""

    beams: int | None = option(None, HELP_BEAMS)
    max_new_tokens: int | None = option(None, HELP_NEW)
    prefix: str | None = option(None, HELP_PREFIX)
    truncate: bool = option(True, "cut texts that are too long for the model; otherwise they are an error")

    def __post_init__(self) -> None:
        for name in ("beams", "max_new_tokens"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadOption(f"{name}={value} is less than 1", "Give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class TranslationOptions(SummaryOptions):
    """Options of the translator."""

    source: str | None = option(None, "the text's language, as the model writes it: en, en_XX, eng_Latn")
    target: str | None = option(None, "the language to translate to, as the model writes it: fr, fr_XX, fra_Latn")
    truncate: bool = option(False, "cut texts that are too long for the model; otherwise they are an error")


class TextToText(Runner):
    """What the two tasks share: texts in, `generate`, texts out."""

    batch = 8
    task = ""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokenizer = _tokenizer(checkpoint)
        self.config = read_object(checkpoint, "config.json")
        self.ends = self._ends()
        # T5's places are relative: only the tokenizer knows how long its texts were.
        self.limit = max_tokens(checkpoint, self.tokenizer.model_max_length)
        # Tokenizers keep the languages of the text as state.
        self._lock = threading.Lock()

    def prepare(self, value: Any, options: Any) -> Sequence[Encoded]:
        """The text, with its prefix, as tokens."""
        text = self._prefix(options) + check_text(value)
        with self._lock:
            self._speak(options)
            ids = list(self.tokenizer(text, truncation=options.truncate, max_length=self.limit)["input_ids"])
        if self.limit and len(ids) > self.limit:
            raise BadData(
                f"the text is too long: {self.checkpoint.card.id} reads {self.limit} tokens at most, it has {len(ids)}",
                "Split it, or let it be cut (truncate=True).",
            )
        return [Encoded(text=text, ids=ids, types=[0] * len(ids))]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokenizer.pad_token_id or 0)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: Any) -> torch.Tensor:
        """Token ids of the new texts, (batch, at most the limit)."""
        made: torch.Tensor = module.generate(**batch, generation_config=self._settings(module, options))
        return made

    def finish(self, outputs: torch.Tensor, examples: Sequence[Encoded], options: Any) -> Sequence[Generation]:
        """One text for each."""
        return [
            Generation(
                self.tokenizer.decode(row, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip(),
                finished=any(token in self.ends for token in row[1:]),
            )
            for row in outputs.tolist()
        ]

    def _ends(self) -> set[int]:
        """The tokens that end a text: the tokenizer's, and those of the model's settings."""
        found = [self.tokenizer.eos_token_id]
        for name in ("config.json", "generation_config.json"):
            stated = read_object(self.checkpoint, name).get("eos_token_id") if self.checkpoint.has(name) else None
            found += stated if isinstance(stated, list) else [stated]
        return {token for token in found if isinstance(token, int)}

    def _settings(self, module: Any, options: Any) -> GenerationConfig:
        from transformers import GenerationConfig

        if self.checkpoint.has("generation_config.json"):
            made = GenerationConfig.from_pretrained(str(self.checkpoint.path), local_files_only=True)
        else:
            made = GenerationConfig.from_model_config(module.config)
        if options.beams is not None:
            made.num_beams = options.beams
            made.early_stopping = made.early_stopping if options.beams > 1 else False
            made.length_penalty = made.length_penalty if options.beams > 1 else 1.0
        if options.max_new_tokens is not None:
            made.max_new_tokens, made.max_length = options.max_new_tokens, None
            made.min_length = min(made.min_length or 0, options.max_new_tokens)
        elif made.max_new_tokens is None and not (made.max_length or 0) > 20:
            made.max_new_tokens, made.max_length = self.limit or 256, None  # transformers' own default is 20 tokens
        return made

    def _prefix(self, options: Any) -> str:
        if options.prefix is not None:
            return str(options.prefix)
        stated = self.config.get("task_specific_params")
        own = stated.get(self._key(options)) if isinstance(stated, Mapping) else None
        return str(own.get("prefix") or "") if isinstance(own, Mapping) else ""

    def _key(self, options: Any) -> str:
        """Under which name the model's settings hold the prefix of the task."""
        return self.task

    def _speak(self, options: Any) -> None:
        """Tell the tokenizer the languages."""


class Summarization(TextToText):
    """A shorter text, as the model's own generation settings say unless options do."""

    Options = SummaryOptions
    task = "summarization"


class Translation(TextToText):
    """The text in another language.

    Models of one pair need no languages. Those of many (NLLB, M2M100, mBART-50) need `source` and `target` as codes
    of their own; T5 takes `source=en target=de` for the prefix that its settings hold.
    """

    Options = TranslationOptions
    task = "translation"

    def prepare(self, value: Any, options: TranslationOptions) -> Sequence[Encoded]:
        """The text as tokens; `BadOption` for a language that the model does not know."""
        codes = self._codes()
        for name in ("source", "target"):
            language = getattr(options, name)
            if codes and language is not None and language not in codes:
                raise BadOption(f"{name}={language!r} is no language of the model", f"It knows: {_some(codes)}.")
            if codes and language is None:
                raise BadOption(
                    f"{self.checkpoint.card.id} translates between many languages, and needs {name}",
                    f"Set {name} to one of: {_some(codes)}.",
                )
        return super().prepare(value, options)

    def _codes(self) -> dict[str, int]:
        """Each language that must be named, with the token that begins its texts."""
        tokenizer: Any = self.tokenizer
        if not hasattr(tokenizer, "src_lang"):
            return {}
        if known := getattr(tokenizer, "lang_code_to_token", None):  # M2M100
            return {code: tokenizer.convert_tokens_to_ids(token) for code, token in known.items()}
        return {code: tokenizer.convert_tokens_to_ids(code) for code in self._coded()}

    def _coded(self) -> list[str]:
        """Language codes among the special tokens, as NLLB and mBART have them."""
        return [token for token in self.tokenizer.all_special_tokens if "_" in token and not token.startswith("<")]

    def _speak(self, options: TranslationOptions) -> None:
        if self._codes():
            tokenizer: Any = self.tokenizer
            tokenizer.src_lang = options.source

    def _settings(self, module: Any, options: TranslationOptions) -> GenerationConfig:
        made = super()._settings(module, options)
        if options.target is not None and (codes := self._codes()):
            made.forced_bos_token_id = codes[options.target]
        return made

    def _key(self, options: TranslationOptions) -> str:
        return f"translation_{options.source}_to_{options.target}"


def _some(codes: Mapping[str, int], most: int = 12) -> str:
    names = sorted(codes)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The tokenizer of the folder, fast or not; raises `MissingDependency` where it needs a package more."""
    from transformers import AutoTokenizer

    refuse_code(checkpoint)
    try:
        return AutoTokenizer.from_pretrained(str(checkpoint.path), trust_remote_code=False, local_files_only=True)
    except ImportError as error:
        raise MissingDependency(
            f"{checkpoint.card.id}: its tokenizer needs a package that is not installed: {str(error).strip()[:120]}",
            "Install it: `pip install sentencepiece sacremoses`.",
        ) from error
    except Exception as error:  # as in `texts`
        raise IntegrityError(
            f"{checkpoint.card.id}: its tokenizer cannot be read: {error}", f"Run `zoo pull {checkpoint.card.id}`."
        ) from error
