"""The runner of transformers' speech recognisers: letter by letter (CTC), or with a decoder that writes."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from zoo.errors import BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, option, read_object
from zoo.tasks import Transcript, TranscriptSegment, TranscriptWord
from zoo_speech.audio import RATE
from zoo_speech.stamps import stamps
from zoo_speech.transformers_hearing import Hearing, HearingRunner
from zoo_speech.windows import Clock, heard_windows

__all__ = ["TranscribeOptions", "TransformersTranscribe"]

_WRITERS = frozenset(
    {"MoonshineForConditionalGeneration", "Speech2TextForConditionalGeneration", "SpeechT5ForSpeechToText"}
)
# Moonshine says more than is to be heard, over and over, where nothing stops it: nobody says so many tokens a second
# (its authors' figure, in the example of transformers' documentation).
_TOKENS_A_SECOND = 6.5
_LENGTHS = ("max_target_positions", "max_text_positions", "max_position_embeddings")  # of a text, in tokens


@dataclass(frozen=True, kw_only=True)
class TranscribeOptions:
    """Options of `TransformersTranscribe`."""

    timestamps: str | bool = option("segment", "times of each window, of each word too (word), or none")
    vad: str | None = option(None, "a model that finds speech, such as silero-vad: pauses are not listened to")


@dataclass(frozen=True)
class _Said:
    """What a model wrote for one window: tokens, and for CTC, where there is one for each step, a step's seconds."""

    tokens: list[int]
    step: float


class TransformersTranscribe(HearingRunner):
    """What was said: the likeliest letter at each moment (connectionist temporal classification, CTC), or, where the
    model has a decoder, the likeliest token after those before it.

    A long recording is cut into windows of at most 30 s at its quietest moments; silent windows are left out. With
    `vad` only what that model finds to be speech is heard. A segment is what is said in one window; words have times
    where letters do.
    """

    Options = TranscribeOptions
    batch = 4

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._by_letters = checkpoint.card.architecture.endswith("ForCTC")
        if not self._by_letters and checkpoint.card.architecture not in _WRITERS:
            raise UnsupportedFormat(
                f"{checkpoint.card.id}: {checkpoint.card.architecture} does not write by CTC, no runner does it yet",
                "Find one that does: `zoo search tag:ctc`.",
            )
        if not getattr(self.extractor, "return_attention_mask", False):  # it would hear what a window is filled up with
            self.batch = 1  # type: ignore[misc]  # for this instance

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The letters or tokens of the checkpoint."""
        from transformers import AutoTokenizer

        if not any(self.checkpoint.has(name) for name in ("tokenizer.json", "spm_char.model")):
            self.checkpoint.file("vocab.json")  # without a file transformers makes an empty tokenizer
        return AutoTokenizer.from_pretrained(str(self.checkpoint.path), local_files_only=True, trust_remote_code=False)

    def prepare(self, value: Any, options: TranscribeOptions) -> Iterator[Hearing]:
        """The windows of one recording in which there is any sound; `value` as `read_audio` takes it."""
        if stamps(options.timestamps) == "word" and not (self._by_letters and self._tells_words()):
            raise BadOption(
                f"{self.checkpoint.card.id} does not tell when each word is said",
                "Use timestamps=segment, or a Whisper.",
            )
        windows = heard_windows(self, value, options.vad)
        return (Hearing(values=self.hear(window.samples), clock=window.clock) for window in windows)

    def forward(self, module: Any, batch: dict[str, Tensor], options: TranscribeOptions) -> list[_Said]:
        """What is written for each window, without what only its padding says."""
        return _letters(module, batch) if self._by_letters else self._written(module, batch)

    def finish(
        self, outputs: Sequence[_Said], examples: Sequence[Hearing], options: TranscribeOptions
    ) -> Sequence[Transcript]:
        """The transcript of each window, with its times in the recording."""
        return [self._transcript(said, heard.clock, options) for said, heard in zip(outputs, examples, strict=True)]

    def merge(self, results: Sequence[Transcript], options: TranscribeOptions) -> Transcript:
        """The transcript of the whole recording."""
        return Transcript(
            text=" ".join(result.text for result in results if result.text),
            segments=tuple(segment for result in results for segment in result.segments),
            language=self._language,
        )

    def _transcript(self, said: _Said, clock: Clock, options: TranscribeOptions) -> Transcript:
        wanted = stamps(options.timestamps)
        text = str(self.tokenizer.decode(said.tokens, skip_special_tokens=not self._by_letters)).strip()
        words = self._words(said, clock) if wanted == "word" else ()
        segment = TranscriptSegment(round(clock.start, 2), round(clock.end, 2), text, words)
        return Transcript(text=text, segments=(segment,) if text and wanted != "none" else (), language=self._language)

    def _tells_words(self) -> bool:
        raw = self.extractor.model_input_names[0] == "input_values"
        return raw and "output_word_offsets" in inspect.signature(self.tokenizer.decode).parameters

    def _words(self, said: _Said, clock: Clock) -> tuple[TranscriptWord, ...]:
        found = self.tokenizer.decode(said.tokens, output_word_offsets=True).word_offsets
        made = []
        for word in found:
            start, end = clock.times(word["start_offset"] * said.step, word["end_offset"] * said.step)
            made.append(TranscriptWord(round(start, 2), round(end, 2), word["word"]))
        return tuple(made)

    def _written(self, module: Any, batch: dict[str, Tensor]) -> list[_Said]:
        """By the decoder, the likeliest token at each step, with the settings that the folder has for it."""
        from transformers import GenerationConfig

        settings = copy.deepcopy(module.generation_config)
        if self.checkpoint.has("generation_config.json"):
            settings = GenerationConfig.from_dict(read_object(self.checkpoint, "generation_config.json"))
        most = next(getattr(module.config, name) for name in _LENGTHS if hasattr(module.config, name)) - 1
        limits = [most] * len(next(iter(batch.values())))
        if module.config.model_type == "moonshine":
            heard = (
                batch["attention_mask"].sum(-1).tolist()
                if "attention_mask" in batch
                else [batch["input_values"].shape[-1]]
            )
            limits = [max(1, min(most, int(samples / RATE * _TOKENS_A_SECOND))) for samples in heard]
        settings.update(max_length=None, max_new_tokens=max(limits), num_beams=1, do_sample=False)
        rows = module.generate(**batch, generation_config=settings).tolist()
        return [_Said(row[: 1 + limit], 0) for row, limit in zip(rows, limits, strict=True)]

    @property
    def _language(self) -> str | None:
        languages = self.checkpoint.card.languages
        return languages[0] if len(languages) == 1 and languages[0] != "multilingual" else None


def _letters(module: Any, batch: dict[str, Tensor]) -> list[_Said]:
    letters = module(**batch).logits.argmax(-1)
    mask = batch.get("attention_mask")
    counts = [letters.shape[1]] * len(letters)
    if mask is not None:
        counts = module._get_feat_extract_output_lengths(mask.sum(-1)).tolist()
    step = getattr(module.config, "inputs_to_logits_ratio", 0) / RATE
    return [_Said(row[: int(count)], step) for row, count in zip(letters.tolist(), counts, strict=True)]
