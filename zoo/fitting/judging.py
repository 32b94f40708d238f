"""Where does it fit? One verdict per device, and one for all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.devices.dtypes import best_dtype, natives
from zoo.errors import BadOption, DeviceError
from zoo.fitting.known import Known
from zoo.fitting.needs import Need, Needs
from zoo.fitting.question import Question

__all__ = ["Judge", "Place", "Verdict", "wanted_places"]

# A device that is not here is taken for an accelerator of today: its driver and fragmentation take their share of it.
_SHARE = 0.9
_TODAY = ("bfloat16", "float16", "float32")
ABSENT = "not here"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device with the memory that models may take of it, in bytes."""

    device: str
    total: int
    free: int
    room: int

    @property
    def kind(self) -> str:
        """`cpu`, `cuda`, …; a device that is not here is taken for a `cuda` one."""
        return "cuda" if self.device == ABSENT else self.device.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a model fits on one device.

    Attributes:
        place: the device.
        dtype: of its weights there.
        need: what it needs; None when this is not known.
        largest: the largest batch that fits, 0 where none does; None when this is not known.
        fits: whether it fits as asked.
    """

    place: Place
    dtype: str
    need: Need | None
    largest: int | None
    fits: bool

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        place = self.place
        return {
            "device": place.device,
            "total": place.total,
            "free": place.free,
            "room": place.room,
            "dtype": self.dtype,
            "needs": self.need.to_dict() if self.need else None,
            "fits": self.fits,
            "largest_batch": self.largest,
        }


def wanted_places(state: Sequence[Mapping[str, Any]], question: Question) -> list[Place]:
    """The devices that are asked about; raises `DeviceError` for one that is not here."""
    if question.memory is not None:
        size = question.memory
        return [Place(device=ABSENT, total=size, free=size, room=int(size * _SHARE))]
    found = [
        Place(
            device=row["device"],
            total=row["total"],
            free=row["free"],
            room=max(0, row["budget"] - row["leased"]),
        )
        for row in state
    ]
    if question.device in {None, "auto"}:
        return found
    names = {f"{question.device}:0", question.device}
    if chosen := [place for place in found if place.device in names]:
        return chosen
    raise DeviceError(
        f"there is no device {question.device!r} here",
        f"Use {', '.join(place.device for place in found)}, or ask for one that is not here: --memory 8GB.",
    )


class Judge:
    """Answers questions about one model; what it has measured once it remembers.

    Args:
        known: the model.
        state: of the devices, as `DeviceManager.state` gives it.
        natives: which types a device is good at; tests give their own.
    """

    def __init__(
        self,
        known: Known,
        state: Sequence[Mapping[str, Any]],
        natives: Callable[[str], tuple[str, ...]] = natives,
    ) -> None:
        self.known = known
        self.state = state
        self._natives = natives
        self._needs: dict[tuple[Any, ...], Needs] = {}

    def verdicts(self, question: Question) -> list[Verdict]:
        """One for each device that is asked about."""
        return [self._verdict(question, place) for place in wanted_places(self.state, question)]

    def needs(self, question: Question, place: Place) -> Needs:
        """What the model needs there; raises `BadOption` when the question does not fit the model or the device."""
        if question.quantize and (place.kind != "cpu" or self.known.blank is None):
            raise BadOption("int8 runs on the CPU, and models of torch only", "Leave out --quantize.")
        dtype = self.dtype(question, place)
        key = (question.but(batch=1, device=None, memory=None, dtype="auto"), dtype, place.kind)
        if key not in self._needs:
            self._needs[key] = Needs(self.known, question, dtype, place.kind)
        return self._needs[key]

    def dtype(self, question: Question, place: Place) -> str:
        """The type of the weights on a device."""
        if question.dtype != "auto":
            return question.dtype
        if question.quantize:
            return "float32"
        good = (lambda _: _TODAY) if place.device == ABSENT else self._natives
        return best_dtype(place.device, self.known.loader.dtypes, natives=good)

    def holds(self, question: Question, place: Place) -> bool:
        """Whether the weights alone have room on a device; nothing is measured for this."""
        weights = self.known.weights(self.dtype(question, place))
        return weights is not None and weights <= place.room

    def spread(self, question: Question) -> list[Place]:
        """The devices over which it fits when no one alone has room; empty where this does not help.

        The weights are laid over all of them, in order; each is left room for the activations of a batch.
        """
        places = wanted_places(self.state, question)
        if len(places) < 2 or question.finetune in {"head", "lora", "full"} or question.quantize:
            return []
        if self.known.blank is None or (need := self.needs(question, places[0]).of(question.batch)) is None:
            return []
        left, taken = need.weights, []
        for place in places:
            share = min(left, max(0, place.room - need.activations - need.features))
            if share:
                taken.append(place)
                left -= share
        return taken if left == 0 and len(taken) > 1 else []

    def _verdict(self, question: Question, place: Place) -> Verdict:
        needs = self.needs(question, place)
        need = needs.of(question.batch)
        return Verdict(
            place=place,
            dtype=self.dtype(question, place),
            need=need,
            largest=needs.largest(place.room),
            fits=need is not None and need.total <= place.room,
        )
