"""`train`: from a job to what it learnt, for the methods head, lora and full; readable from top to bottom."""

from __future__ import annotations

import functools
import hashlib
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from zoo.devices.faults import kind
from zoo.devices.moving import clear
from zoo.errors import BadInput, MissingDependency, ZooError
from zoo.finetuning.job import Learnt, silent
from zoo.finetuning.training import methods
from zoo.finetuning.training.checkpoints import Checkpoints, Saved
from zoo.finetuning.training.curves import Curves
from zoo.finetuning.training.examples import Batches, Examples, sizes_of
from zoo.finetuning.training.gang import Gang
from zoo.finetuning.training.learner import Learner, Objective
from zoo.finetuning.training.meter import Diverged, Meter
from zoo.finetuning.training.plan import make_plan
from zoo.finetuning.training.scoring import Best, truth_of
from zoo.models.training import own_lease
from zoo.plugin import Checkpoint

if TYPE_CHECKING:
    from zoo.devices import Lease
    from zoo.finetuning.job import Job, Report
    from zoo.finetuning.training.pace import Pace
    from zoo.finetuning.training.trainer import ZooTrainer

__all__ = ["train", "weights_hash"]

SPARE = 1 << 28  # bytes of weights that are copied also on a CPU, in case memory runs out and all begins again


def train(job: Job, report: Report) -> Learnt:
    """Train by the job's method; where `job.folder` holds states of an earlier process of this run, go on from them.

    On one machine with one number of threads the weights at the end are the same to the last bit, however often the
    run was killed and continued. Under `torchrun` every process must call it.

    Raises:
        NoSpace: the disk is full; the last state is whole.
        Diverged: the loss is no finite number any more.
        KeyboardInterrupt: after the state was saved, when Ctrl-C was pressed once.
        MissingDependency: the training libraries are not installed.
        BadInput: the states in the folder are of a training with other settings.
    """
    _check_libraries()
    gang = Gang.join(job.settings.device)
    device = job.settings.device
    if gang.size > 1 and device in {"auto", "cuda"} and torch.cuda.is_available():
        device = f"cuda:{gang.local % torch.cuda.device_count()}"
    with (
        _generators_kept(),
        own_lease(job.registry, job.pulled, job.task, device=device, owner=job.name) as lease,
    ):
        return _Training(job, report if gang.main else silent, gang, lease).run()


class _Training:
    """One call of `train`."""

    def __init__(self, job: Job, report: Report, gang: Gang, lease: Lease) -> None:
        self.job = job
        self.report = report
        self.gang = gang
        self.adapter = job.adapter(
            Checkpoint(card=job.pulled.card, path=job.pulled.path, revision=job.pulled.manifest.revision)
        )
        self.device = torch.device(lease.device)
        self.plan = make_plan(job, gang, str(self.device))
        self.notes: list[str] = []
        torch.manual_seed(job.settings.seed)
        self.module, self.groups = methods.prepare(job, self.adapter, lease.module())
        self.module.to(self.device)
        self.learnable = {name for name, value in self.module.named_parameters() if value.requires_grad}
        if job.settings.checkpointing and not methods.save_compute(self.module):
            self.notes.append("this model cannot compute activations again: checkpointing was left out")
        self.checkpoints = Checkpoints(job.folder / "checkpoints", job.run)
        self.curves = Curves(job.folder, writes=gang.main, tensorboard=job.settings.tensorboard)
        self._examples()

    def _examples(self) -> None:
        job, target, seed = self.job, self.job.target, self.job.settings.seed
        # What a masked word is to be guessed from is no variation: without it there is nothing to learn.
        varied = job.settings.augment or target.kind == "text"
        self.learning = Examples(job.data.train, self.adapter, target, seed=seed, learning=varied)
        held = job.data.validation
        has = held is not None and len(held) > 0
        self.validation = Examples(held, self.adapter, target, seed=seed, learning=False) if held and has else None
        self.truth = truth_of(target.kind, target.labels, held.labels) if held and has else None
        self.held_sizes = sizes_of(held.inputs, self.plan.batch) if held and has else None
        self.sizes = sizes_of(job.data.train.inputs, self.plan.batch)

    # The whole of it

    def run(self) -> Learnt:
        """Train, with smaller batches if memory runs out; then take the best weights."""
        weights = self._learner().state()
        start_over = self.device.type != "cpu" or sum(t.nbytes for t in weights.values()) <= SPARE
        first = {n: t.detach().to("cpu", copy=True) for n, t in weights.items()} if start_over else None
        del weights
        over = 1
        while True:
            saved = self._saved()
            over = max(over, int(saved.facts["pieces"])) if saved else over
            try:
                with _interruptible() as asked:
                    return self._attempt(saved, over, asked)
            except (RuntimeError, MemoryError) as error:
                smaller = -(-self.plan.batch // over) > 1 and self.gang.size == 1 and first is not None
                if kind(error) != "memory" or not smaller or first is None:
                    raise
                del error
            over *= 2
            self.notes.append(
                f"memory ran out: {-(-self.plan.batch // over)} examples at once, {over * self.plan.accumulate} times "
                f"for each step"
            )
            self.module.zero_grad(set_to_none=True)
            clear([str(self.device)], cycles=True)
            self._learner().restore(first)

    def _attempt(self, saved: Saved | None, over: int, asked: threading.Event) -> Learnt:
        trainer, pace = self._trainer(over, asked)
        self.curves.rewind(saved.step if saved else 0)
        if saved is not None:
            self._recall(trainer, pace, saved)
        if saved is not None and pace.stopped:  # it had ended, and what came then had not
            trainer.model.restore(saved.read("weights.pt"))
        else:
            self._go(trainer, pace, saved)
        if pace.interrupted:
            raise KeyboardInterrupt
        return self._finish(trainer, pace)

    def _go(self, trainer: ZooTrainer, pace: Pace, saved: Saved | None) -> None:
        """The loop; what stops it says what is safe."""
        torch.manual_seed(self.plan.seed + 7919 * self.gang.rank)
        try:
            trainer.continue_from(saved)
        except Diverged as error:
            held = pace.keep_best() if self.gang.main else None
            raise self._diverged(error, held) from error

    def _finish(self, trainer: ZooTrainer, pace: Pace) -> Learnt:
        best, meter = trainer.best, trainer.meter
        trainer.sync_buffers()
        if best.state:
            trainer.model.restore(best.state)
        sha256 = weights_hash(trainer.model.state())
        if len(set(self.gang.gather(sha256))) > 1:
            raise ZooError("the processes' weights differ at the end of training", "Start a new run; report this.")
        self.curves.close()
        steps = trainer.state.global_step
        self.module.zero_grad(set_to_none=True)
        self.module.to("cpu").eval()
        score, speed = best.score, meter.facts["taken"]
        trained = max(1e-9, speed["training_seconds"])
        return Learnt(
            write=functools.partial(methods.write, self.job, self.adapter, self.module),
            chosen={**self.plan.chosen, "weights_sha256": sha256},
            validation={} if score is None else ({score.name: score.value} | {"loss": score.loss}),
            higher_is_better=score is None or score.higher_is_better,
            curves={
                **self.curves.summary,
                "best_epoch": best.epoch if best.state else float(trainer.state.epoch or 0),
                "best_step": best.step if best.state else steps,
            },
            timing={
                "seconds": round(speed["seconds"], 3),
                "training_seconds": round(trained, 3),
                "steps": steps,
                "examples_per_second": round(speed["examples"] / trained, 3),
            },
            notes=(*self.notes, *pace.notes, *([pace.stopped] if pace.stopped else [])),
        )

    # Its parts

    def _learner(self) -> Learner:
        settings, target = self.job.settings, self.job.target
        objective = None
        if settings.smoothing or settings.balance:
            truth = truth_of(target.kind, target.labels, self.job.data.train.labels)
            if truth is not None:
                weights = _class_weights(truth, len(target.labels)) if settings.balance else None
                objective = Objective(truth, smoothing=settings.smoothing, weights=weights)
        return Learner(
            self.module,
            self.adapter,
            target,
            self.learnable,
            objective=objective,
            resting=self.job.method == "head",
        )

    def _trainer(self, over: int, asked: threading.Event) -> tuple[ZooTrainer, Pace]:
        from zoo.finetuning.training.pace import Pace
        from zoo.finetuning.training.trainer import ZooTrainer

        plan = self.plan
        share = plan.batch * plan.accumulate
        pieces = min(share, plan.accumulate * over)
        order = Batches(
            count=plan.examples,
            share=share,
            pieces=pieces,
            processes=self.gang.size,
            rank=self.gang.rank,
            seed=plan.seed,
            sizes=self.sizes,
        )
        trainer = ZooTrainer(
            self._learner(),
            plan=plan,
            gang=self.gang,
            device=self.device,
            learning=self.learning,
            validation=self.validation,
            truth=self.truth,
            groups=self.groups,
            order=order,
            pieces=pieces,
            sizes=self.held_sizes,
            folder=self.checkpoints.folder,
            meter=Meter(),
            best=Best(),
        )
        pace = Pace(
            trainer,
            job=self.job,
            report=self.report,
            curves=self.curves,
            checkpoints=self.checkpoints,
            groups=self.groups,
            interrupted=asked.is_set,
        )
        trainer.add_callback(pace)
        return trainer, pace

    def _saved(self) -> Saved | None:
        """The newest whole state, the same for all processes."""
        found = self.checkpoints.newest() if self.gang.main else None
        name = self.gang.share(None if found is None else found.path.name)
        saved: Saved | None = found if self.gang.main or name is None else self.checkpoints.whole(name)
        if name is not None and saved is None:
            raise ZooError(f"the state {name} cannot be read by process {self.gang.rank}", "All need the same folder.")
        if saved is not None and saved.facts["identity"] != self.plan.identity:
            before, now = saved.facts["identity"], self.plan.identity
            odd = ", ".join(f"{n} {before.get(n)}, now {now[n]}" for n in now if before.get(n) != now[n])
            raise BadInput(f"run {self.job.run} was trained with other settings: {odd}", "Start a new run.")
        return saved

    def _recall(self, trainer: ZooTrainer, pace: Pace, saved: Saved) -> None:
        facts: Mapping[str, Any] = saved.facts
        trainer.horizon = facts["horizon"]
        trainer.meter.recall(facts["meter"])
        pace.stopped = facts["stopped"]
        if facts["best"]:
            held = Saved(path=saved.path.parent / facts["best"], step=0, facts={})
            trainer.best.recall(facts["score"], held.read("weights.pt"))
        if facts["threads"] != torch.get_num_threads():
            self.notes.append(
                f"{torch.get_num_threads()} threads after {facts['threads']}: the last bits of the weights may differ "
                "from those of a run without a stop"
            )

    def _diverged(self, error: Diverged, held: str | None) -> ZooError:
        made = Diverged(error.step)
        epoch = error.step / self.plan.per_epoch
        rate = self.plan.rate
        made.cause = (
            f"the loss is no finite number any more at step {error.step} (epoch {epoch:.2f}), with a learning rate of "
            f"{rate:g}"
        )
        made.remedy = f"Try a lower one: `--learning-rate {rate / 10:g}`."
        if held is not None:
            made.remedy += f" The best weights so far are in {self.checkpoints.folder / held}."
        made.args = (f"{made.cause}\n{made.remedy}",)
        return made


def weights_hash(state: Mapping[str, torch.Tensor]) -> str:
    """The sha256 of tensors by name: names, types, shapes and bytes, in the order of names."""
    total = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return total.hexdigest()


def _class_weights(truth: torch.Tensor, classes: int) -> torch.Tensor:
    """The inverse of each class's frequency, 1 on average; for `multi`, how many examples lack a label for each that
    has it. Bounded by 20, for classes with next to nothing."""
    if truth.ndim == 1:
        counts = torch.bincount(truth, minlength=classes).clamp(min=1).float()
        return (len(truth) / (classes * counts)).clamp(1 / 20, 20)
    found = truth.sum(dim=0)
    return ((len(truth) - found) / found.clamp(min=1)).clamp(1 / 20, 20)


def _check_libraries() -> None:
    try:
        import accelerate  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            f"training needs {error.name}", "Install it: `pip install 'zoo-registry[finetune]'`."
        ) from error


@contextmanager
def _generators_kept() -> Iterator[None]:
    """The caller's random numbers go on afterwards as if nothing had been; so does what transformers logs."""
    from transformers.utils import logging

    from zoo.finetuning.training.trainer import generators, set_generators

    before, loud = generators(), logging.get_verbosity()
    try:
        yield
    finally:
        set_generators(before)
        logging.set_verbosity(loud)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event, and the training ends after its step; pressed twice it ends at once.

    A step that is cut off in the middle would leave weights of which some were changed and some not.
    """
    asked = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield asked
        return

    def ask(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
