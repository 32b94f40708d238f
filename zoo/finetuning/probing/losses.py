"""The two losses of a linear head, for many heads at once, and how their predictions are scored.

Arrays are (examples, heads, outputs): a head for each fold, which counts only the examples that the fold leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Loss", "Sigmoid", "Softmax"]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What is to be predicted.

    Attributes:
        truth: of `Softmax` the class of each example, (examples,); of `Sigmoid` 0 or 1 for each label, (examples,
            labels).
        outputs: how many numbers a head gives.
    """

    truth: Any
    outputs: int

    def parts(self, logits: Any, rows: slice) -> tuple[Any, Any, Any]:
        """Of some rows: losses (rows, heads), gradients by the logits (as these), and mean curvature (rows, heads)."""
        raise TypeError(f"{type(self).__name__} does not define parts()")

    def shares(self, logits: Any, rows: Any) -> Any:
        """What each of these examples adds to the score, whose mean the score is; logits (examples, outputs)."""
        raise TypeError(f"{type(self).__name__} does not define shares()")

    def start(self) -> Any:
        """The bias (outputs,) with which a head that knows no features is best."""
        raise TypeError(f"{type(self).__name__} does not define start()")


class Softmax(Loss):
    """Cross-entropy of one class of several; the score is accuracy."""

    def parts(self, logits: Any, rows: slice) -> tuple[Any, Any, Any]:
        """See the base class."""
        import numpy as np

        truth = self.truth[rows][:, None, None]
        shifted = logits - logits.max(axis=2, keepdims=True)
        right = np.take_along_axis(shifted, truth, axis=2)
        np.exp(shifted, out=shifted)
        total = shifted.sum(axis=2, keepdims=True)
        losses = (np.log(total) - right)[:, :, 0]
        shifted /= total
        curvature = (shifted * (1 - shifted)).mean(axis=2)
        np.put_along_axis(shifted, truth, np.take_along_axis(shifted, truth, axis=2) - 1, axis=2)
        return losses, shifted, curvature

    def shares(self, logits: Any, rows: Any) -> Any:
        """1 where the best class is the true one."""
        return (logits.argmax(axis=1) == self.truth[rows]).astype(float)

    def start(self) -> Any:
        """Logarithms of the classes' shares."""
        import numpy as np

        counts = np.bincount(self.truth, minlength=self.outputs)
        return np.log(np.maximum(counts, 0.5) / len(self.truth))


class Sigmoid(Loss):
    """Cross-entropy of labels that are there or not, each on its own.

    With one output it is the loss of two classes, and the score is accuracy; with more, the score is micro F1.
    """

    def parts(self, logits: Any, rows: slice) -> tuple[Any, Any, Any]:
        """See the base class."""
        import numpy as np

        truth = self.truth[rows][:, None, :]
        small = np.exp(-np.abs(logits))
        losses = (np.maximum(logits, 0) - truth * logits + np.log1p(small)).sum(axis=2)
        likely = np.where(logits >= 0, 1, small) / (1 + small)
        return losses, likely - truth, (likely * (1 - likely)).mean(axis=2)

    def shares(self, logits: Any, rows: Any) -> Any:
        """Of one output 1 where it is right; else what an example adds to micro F1, to first order.

        F1 is a ratio of sums, 2 x hits / (predicted + true); an example's share is F1 + (its 2 x hits - F1 x its
        predicted and true labels) / their mean number, which has the right mean and spread.
        """
        import numpy as np

        truth, predicted = self.truth[rows] > 0.5, logits > 0
        if self.outputs == 1:
            return (truth == predicted)[:, 0].astype(float)
        hits = 2.0 * (truth & predicted).sum(axis=1)
        named = (truth.sum(axis=1) + predicted.sum(axis=1)).astype(float)
        if not named.sum():
            return np.zeros(len(named))
        score = hits.sum() / named.sum()
        return score + (hits - score * named) / named.mean()

    def start(self) -> Any:
        """Log-odds of the labels' shares."""
        import numpy as np

        share = (self.truth.sum(axis=0) + 0.5) / (len(self.truth) + 1)
        return np.log(share / (1 - share))
