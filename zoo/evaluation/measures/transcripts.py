"""What was said, and what was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.evaluation.measures.base import Floats, Measure, totals
from zoo.evaluation.measures.wording import normalise, unspaced
from zoo.evaluation.predictions import Predictions

__all__ = ["Transcripts"]

_KINDS = ("substitute", "insert", "delete")


class Transcripts(Measure):
    """Error rates: substituted, inserted and deleted words (letters) per word (letter) that was said.

    Counted over all recordings together, so that long ones weigh more, on transcripts as `normalise` leaves them; the
    rate of the words as they are written is `wer_raw`. Where most of what was said is written without blanks between
    words, letters count in the place of words. Rates can exceed 1. Where nothing was said, whatever is heard is an
    error rate of 1. The alignments with the fewest errors are jiwer's.
    """

    higher = False
    proportions: ClassVar[frozenset[str]] = frozenset({"exact"})

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(predictions)
        self.truth = [str(text) for text in predictions.truth]
        self.heard = [str(text) for text in predictions.scores]
        said, got = [normalise(text) for text in self.truth], [normalise(text) for text in self.heard]
        self.words, self.letters = _counted(said, got), _counted(said, got, letters=True)
        self._raw = _counted(self.truth, self.heard)
        self.main = "cer" if 2 * sum(map(unspaced, said)) > sum(map(len, said)) else "wer"

    def metrics(self, weights: Floats, *, thorough: bool = True) -> dict[str, Floats]:
        """See the base class."""
        rates = {"wer": _rate(totals(weights, self.words)), "cer": _rate(totals(weights, self.letters))}
        exact = totals(weights, self.words[:, :3].sum(1) + self.letters[:, :3].sum(1) == 0) / weights.sum(1)
        made = {self.main: rates[self.main], **rates, "exact": exact}
        made["wer_raw"] = _rate(totals(weights, self._raw))
        for place, name in enumerate(("substitutions", "insertions", "deletions")):
            made[name] = _rate(totals(weights, self.words[:, [place, 3]]))
        return made

    @property
    def parts(self) -> Floats:
        """Substitutions, insertions, deletions, and what was said, in words or letters."""
        return self.words if self.main == "wer" else self.letters

    def finish(self, parts: Floats, weights: Floats) -> Floats:
        """The error rate."""
        return _rate(totals(weights, parts))

    def badness(self) -> Floats:
        """Each recording's own error rate; of equal ones the letters decide."""
        return _rate(self.parts) + 1e-6 * _rate(self.letters)

    def told(self, number: int) -> Mapping[str, Any]:
        """See the base class; as written and as heard, with its own rate, its errors by kind, and how much was said."""
        substituted, inserted, deleted, said = (int(count) for count in self.parts[number])
        return {
            "truth": self.truth[number],
            "predicted": self.heard[number],
            "confidence": None,
            self.main: round(float(_rate(self.parts[number])), 4),
            "substitutions": substituted,
            "insertions": inserted,
            "deletions": deleted,
            "words" if self.main == "wer" else "letters": said,
        }


def _rate(counts: Floats) -> Floats:
    """Errors per word that was said, of counts (…, errors, words); 1 where something was heard and nothing said."""
    errors, said = counts[..., :-1].sum(-1), counts[..., -1]
    made: Floats = np.where(said > 0, errors / np.where(said > 0, said, 1.0), (errors > 0) * 1.0)
    return made


def _counted(said: Sequence[str], heard: Sequence[str], *, letters: bool = False) -> Floats:
    """Substitutions, insertions, deletions and words (letters) said of each recording, (n, 4)."""
    import jiwer

    found = (jiwer.process_characters if letters else jiwer.process_words)(list(said), list(heard))
    made: Floats = np.zeros((len(said), 4))
    for row, (truth, chunks) in enumerate(zip(found.references, found.alignments, strict=True)):
        made[row, 3] = len(truth)
        for chunk in chunks:
            if chunk.type in _KINDS:
                length = max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
                made[row, _KINDS.index(chunk.type)] += length
    return made
