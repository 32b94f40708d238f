"""Speech recognition by Whisper: it learns to write what is said in a recording as the transcripts have it."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import WhisperFeatureExtractor

from zoo.errors import BadData
from zoo.plugin import Checkpoint, FineTuner, Target, Trained
from zoo.tasks import TargetKind
from zoo_speech.adapters.keeping import WEIGHTS, dropped, keep_weights
from zoo_speech.adapters.parts import layer_groups, layer_list
from zoo_speech.adapters.varying import masked
from zoo_speech.audio import RATE, is_silent, read_audio
from zoo_speech.spans import FRAMES_A_SECOND
from zoo_speech.tokens import Tokens, read_tokens
from zoo_speech.whisper_loader import mel_bands
from zoo_speech.windows import WINDOW_SECONDS

if TYPE_CHECKING:
    import random

__all__ = ["WhisperWriter"]

IGNORED = -100
_TIMESTAMPS_A_SECOND = 50
# Languages that are written without blanks; before a text in any other, Whisper writes one.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A recording and what is to be written.

    Attributes:
        features: log-mel (mels, 3000).
        tokens: all that the decoder is given and has to write, from the start token to the end token.
        learnt: of each of them, whether it is to be told from those before it.
    """

    features: Tensor
    tokens: tuple[int, ...]
    learnt: tuple[bool, ...]

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.features.nbytes + 64 * len(self.tokens)


class WhisperWriter(FineTuner):
    """Each token of a transcript from the recording and the tokens before it (arXiv 2212.04356, section 2.2).

    What comes before the text is given and not learnt: language and task, and in every other example, by chance, no
    timestamps or the time at which the recording begins and, behind the text, ends; so the model stays able to tell
    times, which the clips do not teach.

    The language is that of the base: its card's `language` (in `config`, where a model that was fine-tuned with one
    keeps it), or the only one of its `languages`; English-only vocabularies have none. A base of many languages is
    told in each step the language that it hears itself, just as when it transcribes.

    While learning, a band of frequencies and a moment of the recording are masked (SpecAugment, arXiv 1904.08779).
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("transcript",)
    methods: ClassVar[tuple[str, ...]] = ("lora", "full")
    rate: ClassVar[Mapping[str, float]] = {"lora": 1e-3, "full": 3e-5}

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = read_tokens(checkpoint)
        self.language = _language(checkpoint, self.tokens)
        self._longest = int(checkpoint.card.config.get("max_target_positions") or 448)
        self._extract = WhisperFeatureExtractor(feature_size=mel_bands(checkpoint))

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """The module itself, which keeps no keys and values while it learns."""
        module.config.use_cache = False
        self._longest = int(module.config.max_target_positions)
        made: nn.Module = module
        return made

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Lesson:
        """The log-mel spectrogram of at most 30 s, and the tokens of the transcript.

        Raises:
            BadData: the recording cannot be read, is silent or too long, or the transcript is empty, too long, or holds
                one of the model's own signs.
        """
        text = self._text(label)
        samples = read_audio(value)
        seconds = len(samples) / RATE
        if seconds > WINDOW_SECONDS:
            raise BadData(
                f"the recording lasts {seconds:.1f} s, and the model hears {WINDOW_SECONDS} s at once",
                "Cut it, with its transcript, into clips of at most 30 s: `zoo predict` with its times shows where.",
            )
        if is_silent(samples):
            raise BadData("the recording is silent, and has a transcript", "Mend or remove it.")
        features: Tensor = self._extract(samples, sampling_rate=RATE, return_tensors="pt").input_features[0]
        if draw is not None:
            features = masked(features, math.ceil(seconds * FRAMES_A_SECOND), draw)
        timed = draw is not None and draw.random() < 0.5
        return Lesson(features=features, **self._lesson(text, seconds if timed else None))

    def batch(self, examples: Sequence[Lesson], target: Target) -> dict[str, Tensor]:
        """`input_features`, `decoder_input_ids` (batch, tokens), and what follows each of them as `labels`.

        Labels are -100 where nothing is learnt, which is in the padding too.
        """
        longest = max(len(example.tokens) for example in examples) - 1
        ids = torch.full((len(examples), longest), self.tokens.end)
        labels = torch.full((len(examples), longest), IGNORED)
        for row, example in enumerate(examples):
            tokens = torch.tensor(example.tokens)
            length = len(tokens) - 1
            ids[row, :length] = tokens[:-1]
            labels[row, :length] = tokens[1:].masked_fill(~torch.tensor(example.learnt[1:]), IGNORED)
        return {
            "input_features": torch.stack([example.features for example in examples]),
            "decoder_input_ids": ids,
            "labels": labels,
        }

    def loss(self, module: Any, batch: Mapping[str, Tensor], target: Target) -> tuple[Tensor, Tensor]:
        """Cross entropy, the mean over all tokens, and (batch, 2): each example's sum of it and number of tokens."""
        encoded = module.model.encoder(batch["input_features"])
        ids, labels = batch["decoder_input_ids"], batch["labels"]
        if self.tokens.languages and self.language is None:
            ids = self._told(module, encoded, ids)
        logits = module(encoder_outputs=encoded, decoder_input_ids=ids).logits.float()
        losses = functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none")
        counts = (labels != IGNORED).sum(1)
        return losses.sum() / counts.sum(), torch.stack([losses.sum(1), counts.to(losses.dtype)], 1)

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """What hears the sound first, the encoder's layers, the decoder's embeddings, its layers, and the output."""
        last = ["model.decoder.layer_norm", "proj_out"]
        return [*layer_groups(module, "model.encoder"), *layer_groups(module, "model.decoder"), last]

    def lora(self, module: nn.Module) -> Sequence[str]:
        """The linear layers of all layers of both sides: attention's projections and the feed-forward parts.

        All of them, since adapters on attention alone learn less (Dettmers et al., arXiv:2305.14314, section 4).
        """
        return [
            f"{home}.{name}"
            for home in (layer_list(module, "model.encoder"), layer_list(module, "model.decoder"))
            for name, part in module.get_submodule(home).named_modules()
            if isinstance(part, nn.Linear)
        ]

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """With `full` a folder of transformers, which it loads itself too; otherwise nothing."""
        config = {} if self.language is None else {"language": self.language}
        if method != "full":
            return Trained(files=(), config=config)
        keep_weights(module, folder / WEIGHTS)
        made = copy.deepcopy(module.config)
        made.use_cache, made.architectures = True, [type(module).__name__]
        made.to_json_file(folder / "config.json")
        self._extract.to_json_file(folder / "preprocessor_config.json")
        for name, content in self._settings(made).items():
            if not self.checkpoint.has(name):
                (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        files = tuple(sorted(path.name for path in folder.iterdir()))
        return Trained(files=files, drop=dropped(self.checkpoint, files), config=config)

    def _text(self, label: Any) -> list[int]:
        """The tokens of a transcript."""
        text = label.strip() if isinstance(label, str) else ""
        if not text:
            raise BadData("the transcript is empty", "Write what is said, or remove the recording.")
        blank = "" if _UNSPACED.match(text) else " "
        found: list[int] = self.tokens.tokenizer.encode(f"{blank}{text}", add_special_tokens=False).ids
        if any(token >= self.tokens.end for token in found):
            raise BadData("the transcript holds one of the model's own signs, such as <|endoftext|>", "Remove it.")
        room = self._longest - 6  # start, language, task, two times, end
        if len(found) > room:
            raise BadData(
                f"the transcript has {len(found)} tokens, and the model writes {room} for a recording at most",
                "Cut the recording, with its transcript, into shorter clips.",
            )
        return found

    def _lesson(self, text: Sequence[int], seconds: float | None) -> dict[str, Any]:
        """Tokens of an example, and which are learnt; with times where `seconds` are given."""
        tokens = self.tokens
        language = tokens.languages.get(self.language or "", next(iter(tokens.languages.values()), None))
        prompt = [tokens.start, *([] if language is None else [language, tokens.transcribe])]
        if seconds is None:
            prompt, after = [*prompt, tokens.no_timestamps], []
        else:
            end = tokens.first_timestamp + round(seconds * _TIMESTAMPS_A_SECOND)
            prompt, after = [*prompt, tokens.first_timestamp], [end]
        learnt = [*(False for _ in prompt), *(True for _ in text), *(False for _ in after), True]
        return {"tokens": (*prompt, *text, *after, tokens.end), "learnt": tuple(learnt)}

    def _told(self, module: Any, encoded: Any, ids: Tensor) -> Tensor:
        """The tokens with the language that the model hears in the place of that of the prompt."""
        known = torch.tensor(list(self.tokens.languages.values()), device=ids.device)
        with torch.no_grad():
            logits = module(encoder_outputs=encoded, decoder_input_ids=ids[:, :1]).logits[:, -1]
        heard = known[logits[:, known].argmax(-1)]
        return torch.cat([ids[:, :1], heard[:, None], ids[:, 2:]], 1)

    def _settings(self, config: Any) -> dict[str, dict[str, Any]]:
        """What transformers writes beside weights and configuration, and a CTranslate2 model does not have."""
        tokens = self.tokens
        generation = {
            "begin_suppress_tokens": list(tokens.suppress_first),
            "bos_token_id": config.bos_token_id,
            "decoder_start_token_id": tokens.start,
            "eos_token_id": tokens.end,
            "is_multilingual": bool(tokens.languages),
            "max_length": config.max_target_positions,
            "no_timestamps_token_id": tokens.no_timestamps,
            "pad_token_id": config.pad_token_id,
            "return_timestamps": False,
            "suppress_tokens": list(tokens.suppress),
        }
        if tokens.languages:
            generation["lang_to_id"] = {f"<|{code}|>": number for code, number in tokens.languages.items()}
            generation["task_to_id"] = {"transcribe": tokens.transcribe, "translate": tokens.translate}
        return {
            "generation_config.json": generation,
            "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer", "model_max_length": self._longest},
        }


def _language(checkpoint: Checkpoint, tokens: Tokens) -> str | None:
    """The code of the one language that is written; None where there are several, or only English."""
    card = checkpoint.card
    stated = card.config.get("language") or (card.languages[0] if len(card.languages) == 1 else None)
    return str(stated) if stated in tokens.languages else None
