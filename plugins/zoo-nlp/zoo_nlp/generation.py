"""The runner that writes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadData, BadOption
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Generation
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

if TYPE_CHECKING:
    from transformers import GenerationConfig

__all__ = ["TextGeneration"]

SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", ":", "\n")
QUOTES = "\"'”’»)"


@dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """Options of the text generator."""

    max_new_tokens: int = option(64, "how many tokens to write at most")
    temperature: float = option(0.0, "0 takes the likeliest token each time; higher is more varied")
    top_p: float = option(1.0, "with temperature: choose among the likeliest tokens of this joint probability")
    seed: int | None = option(None, "with temperature: the same seed, inputs and batch size give the same texts")
    chat: bool | None = option(
        None, "put the text to the model as a chat message; auto does so where it can chat and the sentence is finished"
    )
    stop: str | None = option(None, "end the text before these words")

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise BadOption(f"max_new_tokens={self.max_new_tokens} is less than 1", "Give 1 or more.")
        if not 0 <= self.temperature < float("inf"):
            raise BadOption(f"temperature={self.temperature} is not a number from 0 up", "Give 0, or about 0.7.")
        if not 0 < self.top_p <= 1:
            raise BadOption(f"top_p={self.top_p} is not between 0 and 1", "Give for example 0.9.")
        if self.stop == "":
            raise BadOption("stop is empty", "Leave it out, or give the words to stop at.")


class TextGeneration(Runner):
    """How a text goes on, or what the answer to it is; results do not repeat the prompt.

    A finished sentence ("What is the capital of France?") is put to a model with a chat template as a message; an
    unfinished one ("The capital of France is") is continued. The option `chat` decides otherwise.
    """

    Options = GenerationOptions
    batch = 8

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = self._tokens()
        self.stops = self._stop_ids()

    def _tokens(self) -> Tokens:
        return Tokens(self.checkpoint)

    def _stop_ids(self) -> list[int]:
        """The tokens that end a text: the tokenizer's, and those that generation_config.json adds."""
        found = {self.tokens.tokenizer.eos_token_id}
        if self.checkpoint.has("generation_config.json"):
            stated = read_object(self.checkpoint, "generation_config.json").get("eos_token_id")
            found.update(stated if isinstance(stated, list) else [stated])
        return sorted(value for value in found if value is not None)

    def prepare(self, value: Any, options: GenerationOptions) -> Sequence[Encoded]:
        """The prompt as tokens; `BadData` when it and the new tokens do not fit into the model."""
        text = check_text(value)
        chat = self._chats(text) if options.chat is None else options.chat
        encoded = self._as_message(text) if chat else self.tokens.encode(text, truncate=False)
        self._check_room(len(encoded.ids), options, self.tokens.limit)
        return [encoded]

    def _chats(self, text: str) -> bool:
        finished = text.rstrip(" \t").rstrip(QUOTES).endswith(SENTENCE_ENDS)
        return bool(self.tokens.tokenizer.chat_template) and finished

    def _as_message(self, text: str) -> Encoded:
        tokenizer = self.tokens.tokenizer
        if not tokenizer.chat_template:
            raise BadOption(f"{self.checkpoint.card.id} has no chat template", "Leave out chat, or set chat=no.")
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
        )
        return self.tokens.encode(prompt, truncate=False, special=False)

    def _check_room(self, prompt: int, options: GenerationOptions, limit: int | None) -> None:
        if limit is not None and prompt + options.max_new_tokens > limit:
            raise BadData(
                f"the prompt has {prompt} tokens, and with {options.max_new_tokens} new ones does not fit into "
                f"{self.checkpoint.card.id}, which holds {limit}",
                "Shorten it, or lower max_new_tokens.",
            )

    def size(self, example: Encoded) -> int:
        """Number of tokens of the prompt."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Token ids padded at the left, so that all texts go on at the same place, with their mask."""
        return pad(examples, self.tokens.pad_id, left=True)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: GenerationOptions) -> torch.Tensor:
        """New token ids (batch, at most max_new_tokens)."""
        from transformers import StoppingCriteriaList

        start = batch["input_ids"].shape[1]
        self._check_room(start, options, getattr(module.config, "max_position_embeddings", None))
        criteria = StoppingCriteriaList([self._stopper(options.stop, start)] if options.stop else [])
        devices = [batch["input_ids"].device] if batch["input_ids"].is_cuda else []
        with torch.random.fork_rng(devices, enabled=options.seed is not None):
            if options.seed is not None:
                torch.manual_seed(options.seed)
            made: torch.Tensor = module.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                generation_config=self._settings(options),
                stopping_criteria=criteria,
            )
        return made[:, start:]

    def _settings(self, options: GenerationOptions) -> GenerationConfig:
        from transformers import GenerationConfig

        sampling = {"temperature": options.temperature, "top_p": options.top_p, "top_k": 0}
        return GenerationConfig(
            max_new_tokens=options.max_new_tokens,
            do_sample=options.temperature > 0,
            eos_token_id=self.stops or None,
            pad_token_id=self.tokens.pad_id,
            **(sampling if options.temperature > 0 else {}),
        )

    def _stopper(self, stop: str, start: int) -> Any:
        """Ends each text of a batch on its own when it holds the words to stop at."""

        def stopped(ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
            found = [stop in self._text(row) for row in ids[:, start:].tolist()]
            return torch.tensor(found, device=ids.device)

        return stopped

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokens.backend.decode(list(ids), skip_special_tokens=True))

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Encoded], options: GenerationOptions
    ) -> Sequence[Generation]:
        """One `Generation` for each prompt."""
        return [self._generation(row, options) for row in outputs.tolist()]

    def _generation(self, ids: list[int], options: GenerationOptions) -> Generation:
        end = next((place for place, token in enumerate(ids) if token in self.stops), None)
        text = self._text(ids if end is None else ids[:end])
        finished = end is not None
        if options.stop and options.stop in text:
            text, finished = text.partition(options.stop)[0], True
        return Generation(text, finished=finished)
