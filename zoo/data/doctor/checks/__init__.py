"""The checks, in the order in which their findings are told, and which data each is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zoo.data.doctor.checks import (
    boxes,
    copies,
    labels,
    leaks,
    masks,
    pairs,
    parts,
    pictures,
    recordings,
    rows,
    texts,
    transcripts,
    words,
)
from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material

__all__ = ["CHECKS", "Check"]

_CLASSES = ("single", "multi")
_NUMBERS = ("regression", "scored")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question to a data set.

    Attributes:
        look: yields what it finds.
        kinds: the forms of labels that it is for; empty for all.
        media: the inputs that it is for: `text`, `image`, `audio`; empty for all.
    """

    look: Callable[[Material], Iterator[Finding]]
    kinds: tuple[str, ...] = ()
    media: tuple[str, ...] = ()

    def fits(self, material: Material) -> bool:
        """Whether the question makes sense for this data."""
        return (not self.kinds or material.kind in self.kinds) and (not self.media or material.medium in self.media)


CHECKS: tuple[Check, ...] = (
    Check(look=rows.problems),
    Check(look=rows.bad_rows),
    Check(look=rows.unreadable),
    Check(look=masks.unreadable, kinds=("mask",)),
    Check(look=boxes.faulty, kinds=("boxes",)),
    Check(look=boxes.picture_sizes, kinds=("boxes",)),
    Check(look=boxes.no_objects, kinds=("boxes",)),
    Check(look=parts.enough),
    Check(look=parts.empty_parts),
    Check(look=parts.hidden),
    Check(look=labels.classes, kinds=(*_CLASSES, "tags")),
    Check(look=labels.spelling, kinds=(*_CLASSES, "boxes")),
    Check(look=labels.missing, kinds=("single",)),
    Check(look=parts.unseen, kinds=(*_CLASSES, "tags")),
    Check(look=labels.rare, kinds=_CLASSES),
    Check(look=labels.many, kinds=("single",)),
    Check(look=labels.numbers, kinds=_NUMBERS),
    Check(look=boxes.repeated, kinds=("boxes",)),
    Check(look=boxes.classes, kinds=("boxes",)),
    Check(look=boxes.without_objects, kinds=("boxes",)),
    Check(look=boxes.small, kinds=("boxes",)),
    Check(look=masks.sizes, kinds=("mask",)),
    Check(look=masks.one_class, kinds=("mask",)),
    Check(look=masks.values, kinds=("mask",)),
    Check(look=words.sequences, kinds=("tags",)),
    Check(look=words.no_entities, kinds=("tags",)),
    Check(look=pairs.identical, kinds=("pairs", "scored")),
    Check(look=copies.across),
    Check(look=copies.near_across),
    Check(look=copies.conflicts),
    Check(look=copies.within),
    Check(look=copies.near_within),
    Check(look=leaks.label_in_text, kinds=("single",), media=("text",)),
    Check(look=pictures.size_tells, kinds=("single",), media=("image",)),
    Check(look=texts.too_little, kinds=("text",)),
    Check(look=texts.mojibake, media=("text",)),
    Check(look=texts.lost_characters, media=("text",)),
    Check(look=texts.control_characters, media=("text",)),
    Check(look=texts.markup, media=("text",)),
    Check(look=texts.scripts, media=("text",)),
    Check(look=texts.lengths, media=("text",)),
    Check(look=pictures.tiny, media=("image",)),
    Check(look=pictures.flat, media=("image",)),
    Check(look=pictures.animated, media=("image",)),
    Check(look=pictures.odd_modes, media=("image",)),
    Check(look=pictures.sizes, media=("image",)),
    Check(look=recordings.silent, media=("audio",)),
    Check(look=recordings.durations, media=("audio",)),
    Check(look=recordings.rates, media=("audio",)),
    Check(look=transcripts.unheard, kinds=("transcript",)),
    Check(look=transcripts.wordless, kinds=("transcript",)),
    Check(look=transcripts.pace, kinds=("transcript",)),
    Check(look=transcripts.too_long, kinds=("transcript",)),
    Check(look=transcripts.notes_inside, kinds=("transcript",)),
    Check(look=transcripts.as_texts, kinds=("transcript",)),
    Check(look=transcripts.capitals, kinds=("transcript",)),
    Check(look=transcripts.digits, kinds=("transcript",)),
    Check(look=transcripts.repeated, kinds=("transcript",)),
    Check(look=transcripts.voices, kinds=("transcript",)),
    Check(look=boxes.objects, kinds=("boxes",)),
    Check(look=boxes.crowded, kinds=("boxes",)),
    Check(look=boxes.left_aside, kinds=("boxes",)),
    Check(look=parts.small_test),
    Check(look=labels.few, kinds=_CLASSES),
    Check(look=labels.balance, kinds=("single",)),
    Check(look=leaks.columns, kinds=("single",)),
    Check(look=rows.stray),
    Check(look=rows.sampled),
)
