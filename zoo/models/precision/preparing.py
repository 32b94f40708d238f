"""Another engine or precision for a loaded module: made, measured here, kept, and refused where it is worse."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadOption
from zoo.models.precision.candidates import Candidate, plain, quantised
from zoo.models.precision.export import OPSET
from zoo.models.precision.fingerprint import of_samples, of_weights
from zoo.models.precision.judging import best, judge
from zoo.models.precision.kept import Kept, digest, machine, versions
from zoo.models.precision.measure import Bench, bench
from zoo.models.precision.quantise import torch_dynamic
from zoo.models.precision.report import Difference, Refused, Report, Trial, read_trial, read_trials
from zoo.models.precision.samples import VERSION, samples_for
from zoo.models.precision.structure import Unfit
from zoo.models.precision.swapped import Swapped, free_weights, weight_bytes
from zoo.models.precision.wanted import PLAIN, check, check_module, words

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.plugin import Runner

__all__ = ["prepare"]

LAYOUT = 2  # of the kept folders
GRAPH = "Load it with engine='onnxruntime' and without quantize=."


def prepare(
    module: Any,
    runner: Runner,
    *,
    task: str,
    card: ModelCard,
    engine: str = "auto",
    quantize: str | None = None,
    cache: Path,
    samples: Sequence[Any] | None = None,
) -> tuple[Any, Report | None]:
    """What to run in a module's place, and what was measured.

    The first time for a revision, task and machine this takes from seconds to half a minute: the module is exported,
    each way to what is wanted is tried on sample inputs against torch in float32, and the fastest whose outputs are
    near enough is kept in `cache`. After that it is read from there. Ways to 8 bits are also tried against onnxruntime
    in float32: they have to be faster than that, or much smaller.

    Args:
        module: on the CPU, in float32, in evaluation mode. Where graphs replace it, its large tensors are freed.
        runner: the task's.
        task: its name.
        card: of the model, for messages.
        engine: `auto` is torch, and with `quantize` the engine that measures best.
        quantize: `int8` or None.
        cache: a folder for derived files of this revision, always safe to delete.
        samples: inputs of the user's own to measure on; sounder than the built-in ones.

    Returns:
        The module itself and None where nothing was asked for; else an object that is called as the module is, with
        `to(device)` and `nbytes`, and the report.

    Raises:
        BadOption: unknown options, or a model that cannot be run so.
        Refused: it is slower than torch in float32 here, its outputs are too different, or 8 bits gain nothing over
            onnxruntime in float32.
        MissingDependency: a package is missing.
    """
    if not check(engine, quantize):
        return module, None
    check_module(module, card)
    work = _Preparation(
        module=module, runner=runner, task=task, card=card, engine=engine, quantize=quantize, samples=samples
    )
    folder = cache / "precision"
    name = "-".join((engine, quantize or "float32", work.name))
    kept, graphs = Kept(folder / name), Kept(folder / f"graphs-{work.graphs_name}")
    try:
        with kept.locked():
            record = kept.read() or {}
            return work.restored(record, kept.folder) or work.made(kept, graphs)
    except Unfit as error:
        raise BadOption(f"{card.id} cannot run {words(engine, quantize)} for {task}: {error}", PLAIN) from error


@dataclasses.dataclass(kw_only=True)
class _Preparation:
    """What is to be prepared; `restored` and `made` are the two ways to it."""

    module: torch.nn.Module
    runner: Any
    task: str
    card: ModelCard
    engine: str
    quantize: str | None
    samples: Sequence[Any] | None

    @functools.cached_property
    def threads(self) -> int:
        """As many as torch uses: a session of onnxruntime keeps the number that it was made with."""
        return torch.get_num_threads()

    @functools.cached_property
    def bench(self) -> Bench:
        """The batches to try on; the module is run to make it."""
        inputs = samples_for(self.task, self.runner) if self.samples is None else list(self.samples)
        return bench(self.module, self.runner, inputs)

    @functools.cached_property
    def graphs_name(self) -> str:
        """The name of all that decides what graphs look like."""
        runner, module = type(self.runner), type(self.module)
        facts = {
            "layout": LAYOUT,
            "opset": OPSET,
            "task": self.task,
            "module": f"{module.__module__}.{module.__qualname__}",
            "weights": of_weights(self.module),
            "runner": f"{runner.__module__}.{runner.__qualname__}",
            "versions": versions(runner.__module__.partition(".")[0]),
            "samples": VERSION if self.samples is None else of_samples(self.samples),
        }
        return digest(facts)

    @functools.cached_property
    def name(self) -> str:
        """The name of all that decides what is measured."""
        return digest({"graphs": self.graphs_name, "machine": machine(), "threads": self.threads})

    def restored(self, record: Mapping[str, Any], folder: Path) -> tuple[Any, Report] | None:
        """What was kept; None where that is nothing of use; raises `Refused` where it was refused before."""
        try:
            if "refused" in record:
                reference = read_trial(record["reference"])
                raise self._refusal(read_trials(record["trials"]), reference, record["refused"], folder)
            report = Report.read(record["report"])
            return self._swapped(record["plans"], folder), report
        except (KeyError, TypeError, ValueError, Unfit):
            return None

    def made(self, kept: Kept, graphs: Kept) -> tuple[Any, Report]:
        """Try all ways; keep the best, or that none is good enough."""
        with tempfile.TemporaryDirectory(prefix=".work-", dir=kept.folder.parent) as work:
            found, reference = self._judged(graphs, Path(work))
            trials = [trial for _, trial in found]
            chosen = best(found)
            if chosen is None:
                raise self._refused(trials, reference, kept)
            report = self._report(*chosen, trials, reference)
            plans = chosen[0].plans
            source = chosen[0].folder or Path(work)

            def fill(folder: Path) -> dict[str, Any]:
                for plan in plans or ():
                    shutil.copyfile(source / plan["file"], folder / plan["file"])
                return {"plans": plans, "report": report.to_dict()}

            kept.write(fill)
            del found, chosen
        return self._swapped(plans, kept.folder), report

    def _judged(self, graphs: Kept, work: Path) -> tuple[list[tuple[Candidate | None, Trial]], Trial | None]:
        """What was found of each way, and of onnxruntime in float32 beside the ways to 8 bits."""
        floats = plain(self.module, lambda: self.bench, graphs, self.threads)
        if self.quantize is None:
            return judge(self.module, [floats], lambda: self.bench, task=self.task)
        ways = quantised(self.module, floats, lambda: self.bench, engine=self.engine, work=work, threads=self.threads)
        return judge(self.module, ways, lambda: self.bench, task=self.task, reference=floats)

    def _swapped(self, plans: Sequence[Mapping[str, Any]] | None, folder: Path) -> Any:
        """What takes the module's place: graphs, or torch's own where there are no plans of any."""
        if plans is None:
            return torch_dynamic(self.module)
        made = Swapped.read(self.module, plans, folder, self.threads)
        free_weights(self.module)
        return made

    def _report(self, item: Candidate, trial: Trial, trials: Sequence[Trial], reference: Trial | None) -> Report:
        here = machine()
        return Report(
            engine=item.method.partition(",")[0],
            quantize=self.quantize,
            method=item.method,
            size_before=weight_bytes(self.module),
            size_after=item.size,
            speeds=trial.speeds,
            difference=trial.difference or Difference(relative=0.0, agreement=None, examples=0),
            device=f"cpu: {here['processor']}, {here['cores']} cores",
            threads=self.threads,
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            versions=versions(type(self.runner).__module__.partition(".")[0]),
            measured=datetime.now(UTC).isoformat(timespec="seconds"),
            trials=tuple(trials),
            reference=reference,
            note=trial.note,
        )

    def _refused(self, trials: Sequence[Trial], reference: Trial | None, kept: Kept) -> Refused:
        """The refusal, kept for the next time."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [dataclasses.asdict(trial) for trial in trials]
        beside = None if reference is None else dataclasses.asdict(reference)
        kept.write(lambda _: {"refused": when, "trials": rows, "reference": beside})
        return self._refusal(trials, reference, when, kept.folder)

    def _refusal(self, trials: Sequence[Trial], reference: Trial | None, when: str, folder: Path) -> Refused:
        figures = [f"({number}) {trial}" for number, trial in enumerate(trials, 1)]
        if reference is not None:
            figures.append(f"for comparison {reference}")
        better = reference is not None and not reference.verdict
        return Refused(
            f"{self.card.id} {words(self.engine, self.quantize)} is no gain here for {self.task}: {'; '.join(figures)}",
            f"{GRAPH if better else PLAIN} It was measured at {when}; to measure again remove {folder}, or give your "
            "own samples=[…].",
            trials,
            reference,
        )
