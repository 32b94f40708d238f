"""Does this model fit, where, and what would make it fit? The whole answer, before a byte is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.devices.dtypes import natives
from zoo.fitting.advising import Advice, advise
from zoo.fitting.judging import ABSENT, Judge, Verdict
from zoo.fitting.known import Download, know
from zoo.fitting.needs import PROBED
from zoo.fitting.question import Question

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The answer.

    Attributes:
        model: its id.
        question: what was asked.
        verdicts: one for each device.
        spread: names of the devices over which it fits where no one alone has room.
        advice: what would make it fit; empty where it does.
        download: what must be fetched first.
        inputs: the shape of one input by name; empty where not known.
        source: from where the size of the weights is.
        notes: what else must be said: what is estimated, and by which convention.
    """

    model: str
    question: Question
    verdicts: Sequence[Verdict]
    spread: Sequence[str]
    advice: Sequence[Advice]
    download: Download
    inputs: dict[str, tuple[int, ...]]
    source: str
    notes: Sequence[str]

    @property
    def fits(self) -> bool | None:
        """Whether it fits as asked, on the disk and on a device; None when its size is not known."""
        if not self.download.fits:
            return False
        if all(verdict.need is None for verdict in self.verdicts):
            return None
        return bool(self.spread) or any(verdict.fits for verdict in self.verdicts)

    def __str__(self) -> str:
        """The answer in one line."""
        if self.fits is None:
            return f"not known: nobody has stated how large {self.model} is"
        if not self.download.fits:
            return f"no: the download of {_gb(self.download.size)} finds {_gb(self.download.free)} free on the disk"
        return self._yes() if self.fits else self._no()

    def _yes(self) -> str:
        best = next((verdict for verdict in self.verdicts if verdict.fits), None)
        if best is None:
            return f"yes, spread over {_listed(list(self.spread), 'and')}"
        room = f", with room for a batch of {best.largest}" if best.largest else ""
        return f"yes, on {_named(best)}{room}"

    def _no(self) -> str:
        needs = [v for v in self.verdicts if v.need is not None]
        least = min(needs, key=lambda v: v.need.total if v.need else 0)
        rooms = ", ".join(f"{_named(v)} has {_gb(v.place.room)} for models" for v in self.verdicts)
        made = f"no: it needs {_gb(least.need.total if least.need else None)}, {rooms}"
        ways = [_way(advice) for advice in self.advice]
        return f"{made}; it would fit {_listed(ways, 'or')}" if ways else made

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form; bytes are whole numbers."""
        question = self.question
        return {
            "model": self.model,
            "fits": self.fits,
            "answer": str(self),
            "finetune": question.finetune,
            "batch": question.batch,
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "weights_from": self.source,
            "devices": [verdict.to_dict() for verdict in self.verdicts],
            "spread": list(self.spread),
            "advice": [advice.to_dict() for advice in self.advice],
            "download": {"here": self.download.here, "size": self.download.size, "disk_free": self.download.free},
            "notes": list(self.notes),
        }


def fit(
    registry: Registry, ref: str, question: Question, *, natives: Callable[[str], tuple[str, ...]] = natives
) -> Fit:
    """Whether a model fits; no connection is opened and nothing is fetched.

    Args:
        registry: the zoo.
        ref: the model.
        question: how it is to run, or to be trained.
        natives: which types a device is good at; to be replaced where no such device is.

    Raises:
        NotFound: no such model, or nothing is known of it without its files.
        BadOption: the question does not fit the model.
        DeviceError: there is no such device.
    """
    known = know(registry, ref)
    judge = Judge(known, registry.devices.state(), natives)
    verdicts = judge.verdicts(question)
    alone = any(verdict.fits for verdict in verdicts)
    spread = [] if alone else [place.device for place in judge.spread(question)]
    sized = any(verdict.need is not None for verdict in verdicts)
    needs = judge.needs(question, verdicts[0].place)
    return Fit(
        model=known.card.id,
        question=question,
        verdicts=verdicts,
        spread=spread,
        advice=[] if alone or spread or not sized else advise(judge, question),
        download=known.download,
        inputs=needs.inputs,
        source=known.source,
        notes=_notes(question, verdicts, needs.estimated),
    )


def _notes(question: Question, verdicts: Sequence[Verdict], estimated: str | None) -> list[str]:
    made = []
    if estimated:
        made.append(f"the activations are an estimate: {estimated}")
    if question.finetune in {"head", "lora", "full"}:
        half = any(verdict.dtype in {"bfloat16", "float16"} for verdict in verdicts)
        if half and question.finetune != "lora":
            made.append("mixed precision: 16 bytes for each trained parameter, as in the ZeRO paper (arXiv:1910.02054)")
        else:
            made.append("AdamW keeps two float32 averages of each trained parameter")
    if question.finetune == "probe":
        made.append(f"the features are those of {PROBED:,} examples")
    if question.quantize:
        made.append("int8 is made from the float32 weights, which are there meanwhile")
    if question.memory is not None:
        made.append("a device that is not here is taken for a GPU, a tenth of which its driver takes")
    return made


def _named(verdict: Verdict) -> str:
    place = verdict.place
    return f"a device of {_gb(place.total)}" if place.device == ABSENT else place.device


def _way(advice: Advice) -> str:
    if advice.question.memory is not None and advice.options.startswith("--memory"):
        return f"on a device of {_gb(advice.question.memory)}"
    return f"with {advice.options}"


def _listed(items: list[str], word: str) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def _gb(value: int | None) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value and value >= scale:
            return f"{value / scale:.1f} {unit}"
    return f"{value or 0} B"
