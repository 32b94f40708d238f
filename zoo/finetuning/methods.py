"""Which method: as asked, or by how much data there is, how long a forward takes here, and how much time may pass."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import BadOption
from zoo.finetuning.training.plan import usual_epochs

if TYPE_CHECKING:
    from zoo.data import LabelledData
    from zoo.finetuning.job import Settings
    from zoo.finetuning.planning import Plan
    from zoo.registry import Registry

__all__ = ["Choice", "choose"]

# Below this many examples, training all weights mostly learns the examples by heart (Kornblith et al. 2019, figure 8:
# at a few dozen examples a class, logistic regression on features does as well or better). Measured with MiniLM on film
# reviews: of 430 examples a probe made .75 and all weights .71, of 2,400 .75 and .79.
FEW_PER_CLASS, FEW = 20, 1000
PATIENT = 600.0  # seconds that training may take when nobody said
LARGE = 300_000_000  # parameters from which on low-rank adapters are taken in the place of all weights
TIMED = 16  # examples of the forward that is timed
BACKWARD = 3.0  # a step of training takes about three forwards


@dataclass(frozen=True)
class Choice:
    """The method, and in one sentence why."""

    method: str
    why: str


def choose(registry: Registry, plan: Plan, settings: Settings) -> Choice:
    """The method that is asked for, or for `auto` the one that suits data, model and time.

    Raises:
        BadOption: the model's adapter has no such method for this target.
    """
    able = _able(plan)
    if settings.method != "auto":
        if settings.method not in able:
            raise BadOption(
                f"{plan.pulled.card.id} cannot be tuned by {settings.method!r} for {plan.task}",
                f"Use {', '.join(able)}.",
            )
        return Choice(settings.method, "asked for")
    learning = [method for method in ("full", "lora", "head") if method in able]
    if not learning:
        return Choice("probe", "the only method that this model's plugin has")
    if "probe" not in able:
        return _of_gradients(registry, plan, learning, "a linear head cannot learn this")
    if reason := _too_few(plan.data):
        return Choice("probe", reason)
    return _by_time(registry, plan, settings, learning)


def _able(plan: Plan) -> tuple[str, ...]:
    probed = plan.target.kind in {"single", "multi", "regression"}
    return tuple(method for method in plan.adapter.methods if probed or method != "probe")


def _too_few(data: LabelledData) -> str | None:
    """Why the data is too small for training all weights; None where it is not."""
    count = len(data.train)
    if count < FEW:
        return f"{count} training examples are few for training all weights"
    if data.kind == "single" and (least := min(Counter(data.train.labels).values())) < FEW_PER_CLASS:
        return f"a class has only {least} training examples, few for training all weights"
    return None


def _of_gradients(registry: Registry, plan: Plan, learning: Sequence[str], because: str) -> Choice:
    size = plan.pulled.card.parameters or plan.pulled.manifest.size // 4
    if "lora" in learning and (size >= LARGE or "full" not in learning) and _adapts(registry, plan):
        return Choice("lora", f"{because}, and of {size / 1e6:,.0f} million weights only small adapters are trained")
    return Choice(learning[0], f"{because}, and {size / 1e6:,.0f} million weights can all be trained")


def _by_time(registry: Registry, plan: Plan, settings: Settings, learning: Sequence[str]) -> Choice:
    seconds = _forward(registry, plan, settings)
    epochs = settings.epochs or usual_epochs("full", len(plan.data.train))
    whole = seconds * len(plan.data.train) * epochs * BACKWARD
    limit = settings.max_seconds or PATIENT
    told = "the time limit" if settings.max_seconds else "ten minutes"
    if whole > limit:
        return Choice("probe", f"training would take about {_minutes(whole)} here, more than {told}")
    return _of_gradients(registry, plan, learning, f"training takes about {_minutes(whole)} here, within {told}")


def _adapts(registry: Registry, plan: Plan) -> bool:
    """Whether the model has layers for low-rank adapters: one of convolutions only has none."""
    from zoo.models.training import own_module
    from zoo.plugin import Checkpoint

    pulled = plan.pulled
    adapter = plan.adapter(Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision))
    with own_module(registry, pulled, plan.task, device="cpu", owner=plan.name) as module:
        return bool(adapter.lora(adapter.trainable(module, plan.target)))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{max(seconds, 1):.0f} seconds"


def _forward(registry: Registry, plan: Plan, settings: Settings) -> float:
    """Seconds that one example's forward takes here, the second of two short runs."""
    from zoo.finetuning.features import feature_model

    inputs = list(plan.data.train.inputs[:TIMED])
    batch = min(settings.batch or TIMED, TIMED)
    with feature_model(registry, plan.pulled, plan.task, device=settings.device, batch=batch) as model:
        for _ in range(2):
            began = time.perf_counter()
            for _ in model.engine.run(inputs, None, "return"):
                pass
            taken = time.perf_counter() - began
    return taken / max(len(inputs), 1)
