"""How near words are to attributes for a model: by its vectors, or by what it holds likely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.evaluation.bias.association import cosines
from zoo.evaluation.measures import Floats
from zoo.evaluation.predicting.asked import Asked
from zoo.models.failing import Failure

if TYPE_CHECKING:
    from zoo.evaluation.bias.words import WordTest
    from zoo.evaluation.predicting.asked import Report
    from zoo.registry import Pulled, Registry

__all__ = ["Affinity", "Likelihoods", "Masked", "SentenceVectors", "WordVectors"]

ALL = 1_000_000
FEWEST = 1e-30  # a probability that the model rounds to nothing
BATCH = 32  # short sentences


class Affinity:
    """What a model's kind has to say about words and attributes.

    Attributes:
        name: of the method.
        task: what the model is run for.
        most: tests whose lists are longer are left out; None for no limit.
    """

    name: str
    task: str
    most: int | None = None

    def __init__(self, registry: Registry, pulled: Pulled, *, device: str, batch: int | None, report: Report) -> None:
        self._registry, self._pulled = registry, pulled
        self._device, self._batch, self._report = device, batch, report

    def asked(self, inputs: Sequence[str]) -> Asked:
        """A question to the model."""
        from zoo.data import Split

        return Asked(
            registry=self._registry,
            pulled=self._pulled,
            split=Split(inputs=tuple(inputs), labels=(None,) * len(inputs)),
            task=self.task,
            kind="text",
            labels=(),
            device=self._device,
            batch=self._batch,
            report=self._report,
        )

    def learn(self, tests: Sequence[WordTest]) -> None:
        """Ask the model all that the tests need."""
        raise TypeError(f"{type(self).__name__} does not define learn()")

    def of(self, test: WordTest, words: Sequence[str], attributes: Sequence[str]) -> Floats:
        """How near (words, attributes) each word is to each attribute; NaN for what the model does not know."""
        raise TypeError(f"{type(self).__name__} does not define of()")


class WordVectors(Affinity):
    """Cosines between vectors of words (WEAT)."""

    name = "WEAT: cosine of word vectors"
    task = "feature-extraction"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._vectors: dict[str, Any] = {}

    def learn(self, tests: Sequence[WordTest]) -> None:
        """See the base class."""
        self._vectors = self._embedded(_words(tests))

    def _embedded(self, texts: Sequence[str]) -> dict[str, Any]:
        asked = self.asked(texts)
        with asked.opened() as model:
            found = asked.results(model, texts, {})
        return {t: np.asarray(r.vector) for t, r in zip(texts, found, strict=True) if not isinstance(r, Failure)}

    def of(self, test: WordTest, words: Sequence[str], attributes: Sequence[str]) -> Floats:
        """See the base class."""
        made = np.full((len(words), len(attributes)), np.nan)
        rows = [i for i, word in enumerate(words) if word in self._vectors]
        columns = [j for j, word in enumerate(attributes) if word in self._vectors]
        if rows and columns:
            left, right = ([self._vectors[w[i]] for i in at] for w, at in ((words, rows), (attributes, columns)))
            made[np.ix_(rows, columns)] = cosines(left, right)
        return made


class SentenceVectors(WordVectors):
    """Cosines between vectors of words in sentences that say hardly more (SEAT).

    A word's vector is the mean of its sentences', each of length 1, so that words are permuted and not sentences: those
    of one word are no independent observations.
    """

    name = "SEAT: cosine of sentence vectors"

    def learn(self, tests: Sequence[WordTest]) -> None:
        """See the base class."""
        sentences = {word: test.sentences(word) for test in reversed(tests) for word in _words([test])}
        found = self._embedded(list(dict.fromkeys(s for of in sentences.values() for s in of)))
        for word, of in sentences.items():
            vectors = [found[s] / (np.linalg.norm(found[s]) or 1.0) for s in of if s in found]
            if vectors:
                self._vectors[word] = np.mean(vectors, axis=0)


class Masked(Affinity):
    """The log-probability of the attribute at a masked place beside the word, averaged over sentences.

    Kurita et al., "Measuring Bias in Contextualized Word Representations" (2019); their division by the attribute's
    prior falls out of the difference between the two groups of words. Attributes of several tokens are left out.
    """

    name = "log-probability of the masked attribute"
    task = "fill-mask"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found: dict[str, dict[str, float]] = {}

    def learn(self, tests: Sequence[WordTest]) -> None:
        """See the base class."""
        from zoo.models.options import read_options

        wanted = {w.casefold() for test in tests for terms in (test.a, test.b) for w in terms.words}
        with self.asked(["."]).opened() as model:
            runner = model.engine.runner
            mask = str(getattr(runner, "mask", "[MASK]"))
            sentences = list(dict.fromkeys(s for t in tests for x in _targets(t) for s in t.joined(x, mask)))
            results = model.engine.run(sentences, read_options(runner.Options, {"top_k": ALL}), "return")
            for sentence, result in zip(sentences, results, strict=True):  # one by one: each holds the whole vocabulary
                self._report("predicting", 1, len(sentences))
                self._found[sentence] = {} if isinstance(result, Failure) else _shares(result.labels, wanted)
        self._mask = mask

    def of(self, test: WordTest, words: Sequence[str], attributes: Sequence[str]) -> Floats:
        """See the base class."""
        made = np.full((len(words), len(attributes)), np.nan)
        for i, word in enumerate(words):
            shares = [self._found[sentence] for sentence in test.joined(word, self._mask)]
            for j, attribute in enumerate(attributes):
                if all(attribute.casefold() in share for share in shares):
                    logs = [math.log(max(share[attribute.casefold()], FEWEST)) for share in shares]
                    made[i, j] = sum(logs) / len(logs)
        return made


class Likelihoods(Affinity):
    """The log-likelihood of sentences that say of a word and an attribute that they belong together.

    What each is likely by itself falls out of the difference between attributes and between groups of words. There is
    one sentence for each pair, so the tests with long lists are left out.
    """

    name = "log-likelihood of sentences"
    task = "text-generation"
    most = 10

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found: dict[str, float] = {}

    def learn(self, tests: Sequence[WordTest]) -> None:
        """See the base class."""
        from zoo.evaluation.predicting import predict_split

        sentences = dict.fromkeys(
            s for t in tests for x in _targets(t) for a in (*t.a.words, *t.b.words) for s in t.joined(x, a)
        )
        split = self.asked(list(sentences)).split
        made = predict_split(
            self._registry,
            self._pulled,
            split,
            task=self.task,
            kind="text",
            device=self._device,
            batch=self._batch or BATCH,
            report=self._report,
        )
        self._found = {split.inputs[made.place(i)]: -float(made.scores[i, 0]) for i in range(len(made))}

    def of(self, test: WordTest, words: Sequence[str], attributes: Sequence[str]) -> Floats:
        """See the base class."""
        rows = [[np.mean([self._found.get(s, math.nan) for s in test.joined(x, a)]) for a in attributes] for x in words]
        return np.array(rows, dtype=np.float64)


def _targets(test: WordTest) -> tuple[str, ...]:
    return (*test.x.words, *test.y.words)


def _words(tests: Iterable[WordTest]) -> list[str]:
    return list(dict.fromkeys(w for t in tests for terms in (t.x, t.y, t.a, t.b) for w in terms.words))


def _shares(labels: Iterable[Any], wanted: set[str]) -> dict[str, float]:
    """The probability of each wanted word; of several tokens that read the same, the likeliest's."""
    made: dict[str, float] = {}
    for item in labels:
        name = item.label.casefold()
        if name in wanted:
            made[name] = max(made.get(name, 0.0), float(item.score))
    return made
