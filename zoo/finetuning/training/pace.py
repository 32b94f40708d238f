"""When a training validates, saves, speaks and stops; told to transformers' Trainer by its callbacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from zoo.errors import ZooError
from zoo.finetuning.job import Step
from zoo.finetuning.training.meter import Diverged
from zoo.finetuning.training.methods import awake
from zoo.finetuning.training.trainer import WEIGHTS

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Report
    from zoo.finetuning.training.checkpoints import Checkpoints
    from zoo.finetuning.training.curves import Curves
    from zoo.finetuning.training.scoring import Score
    from zoo.finetuning.training.trainer import ZooTrainer

__all__ = ["Pace"]

SHOW_SECONDS = 0.3
CONSULT = 4  # steps between two agreements of several processes; each costs a round over the network
# Saving is to take little of the time: states are as far apart as was asked for, and 30 times what one takes, but no
# more than 10 times what was asked for.
COST, PATIENCE = 30.0, 10.0
DISK = 300e6  # bytes a second, until the first state was written
MEASURE = 0.1  # share of a time limit after which it is known what can be done in it
SAFE = 0.95


class Pace(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """The clock of one training.

    Args:
        trainer: whose.
        job, report, curves, checkpoints: where all this is told.
        groups: each parameter's group, for gradual unfreezing.
        interrupted: whether the user asked for an end.
    """

    def __init__(
        self,
        trainer: ZooTrainer,
        *,
        job: Job,
        report: Report,
        curves: Curves,
        checkpoints: Checkpoints,
        groups: dict[str, int],
        interrupted: Callable[[], bool],
    ) -> None:
        self._trainer = trainer
        self._job = job
        self._report = report
        self._curves = curves
        self._checkpoints = checkpoints
        self._groups = groups
        self._asked = interrupted
        self._told = 0
        self._shown = 0.0
        self._full = False
        self._saved = time.monotonic()
        self._cost: float | None = None
        self.interrupted = False
        self.stopped: str | None = None
        self.notes: list[str] = []
        trainer.on_score, trainer.on_save = self.scored, self.save

    # The events of transformers' loop

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A schedule that a time limit had shortened stays short."""
        self._trainer.meter.begin()
        state.max_steps = self._trainer.horizon
        self._told = state.global_step

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Wake the next layers."""
        plan = self._trainer.plan
        if plan.unfreeze:
            epoch = state.global_step // plan.per_epoch
            self._trainer.model.learn(awake(self._groups, epoch, plan.unfreeze))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at the loss; row, line of progress, state, end: whatever is due."""
        trainer, step = self._trainer, state.global_step
        row, whole = step % trainer.plan.log_every == 0, step % trainer.plan.per_epoch == 0
        alone = trainer.gang.size == 1
        if row or whole or (not alone and step % CONSULT == 0) or (alone and self._may_look()):
            save = self._consult(state, control)
            # What belongs after the epoch's validation must not be saved before it.
            control.should_save = (save or self.interrupted) and not whole and not control.should_training_stop
        if row:
            self._row(state)
        self._show(state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Validate, and save when it is time; a part of an epoch that the user ended is not validated."""
        whole = state.global_step % self._trainer.plan.per_epoch == 0
        control.should_evaluate = whole or not self.interrupted
        save = self._consult(state, control, epoch=True)
        control.should_save = save or self.interrupted

    # What is due

    def _may_look(self) -> bool:
        """Whether reading the loss costs nothing, or is due for the line of progress."""
        return self._trainer.args.device.type == "cpu" or time.monotonic() - self._shown >= SHOW_SECONDS

    def _consult(self, state: Any, control: Any, *, epoch: bool = False) -> bool:
        """Agree with the other processes on whether all is well, whether to stop, and whether to save (returned)."""
        trainer = self._trainer
        diverged: Diverged | None = None
        try:
            trainer.meter.look()
        except Diverged as error:
            diverged = error
        limit = trainer.plan.max_seconds
        over = limit is not None and trainer.meter.seconds >= limit
        wishes = (diverged is not None, self._asked(), over and trainer.gang.main, self._due(epoch))
        bad, asked, over, save = trainer.gang.any(*wishes)
        if bad:
            raise diverged or Diverged(state.global_step)
        if asked:
            self.interrupted = True
            control.should_training_stop = True
        elif over:
            self.stopped = f"the time limit ended the training at step {state.global_step} of {trainer.plan.steps}"
            control.should_training_stop = True
        elif limit is not None:
            self._fit(state, limit)
        return save

    def _due(self, epoch: bool) -> bool:
        """Whether a state should be saved now, as the main process' clock says."""
        if not self._trainer.gang.main:
            return False
        if self._cost is None:
            self._cost = sum(t.nbytes for t in self._trainer.model.state().values()) * 4 / DISK
        asked = self._job.settings.save_seconds
        dear = min(COST * self._cost, PATIENCE * asked)
        return time.monotonic() - self._saved >= (min(dear, asked) if epoch else max(dear, asked))

    def _fit(self, state: Any, limit: float) -> None:
        """Once it is known how fast it goes: end the schedule where the time does, so that the rate falls till then."""
        trainer = self._trainer
        if trainer.horizon < trainer.plan.steps or state.global_step < 5:
            return
        seconds = trainer.gang.share(trainer.meter.seconds)
        if seconds < MEASURE * limit:
            return
        able = max(state.global_step + 1, int(state.global_step * SAFE * limit / seconds))
        if able < trainer.plan.steps:
            trainer.horizon = state.max_steps = able
            self.notes.append(f"{able} steps instead of {trainer.plan.steps} fit into the time limit")

    # What is done then

    def scored(self, score: Score, best: bool) -> None:
        """A validation is done: into the curves, and perhaps the last."""
        trainer = self._trainer
        state, plan = trainer.state, trainer.plan
        self._curves.add({"step": state.global_step, "epoch": _round(state.epoch), **score.row})
        if (
            plan.patience
            and trainer.best.since >= plan.patience
            and state.global_step >= plan.unfreeze * plan.per_epoch
        ):
            self.stopped = f"stopped after {trainer.best.since} validations without a better score"
            trainer.control.should_training_stop = True
        self._shown = 0.0
        self._show(state)

    def save(self) -> None:
        """Write the state of the training, and the best weights where they are not on the disk yet.

        Raises:
            NoSpace: the disk is full; older states are whole.
            Diverged: the weights are no finite numbers; nothing was written.
        """
        trainer, step = self._trainer, self._trainer.state.global_step
        if trainer.gang.share(self._checkpoints.has(f"checkpoint-{step}")):
            return
        start = time.monotonic()
        with trainer.meter.apart():
            files = trainer.files()
            finite = all(bool(t.isfinite().all()) for t in files[WEIGHTS].values() if t.is_floating_point())
            if trainer.gang.any(not finite)[0]:
                raise Diverged(step)
            error: ZooError | None = None
            if trainer.gang.main:
                try:
                    self._write(step, files)
                except ZooError as refused:
                    error = refused
            if failed := trainer.gang.share(error and (type(error), error.cause, error.remedy)):
                raise error or failed[0](*failed[1:])
        self._saved = time.monotonic()
        self._cost = self._saved - start

    def keep_best(self) -> str | None:
        """Write the best weights where they are not on the disk yet; the name of their folder."""
        best = self._trainer.best
        if not best.state:
            return None
        for name in (f"checkpoint-{best.step}", f"best-{best.step}"):
            if self._checkpoints.has(name):
                return name
        self._checkpoints.write(f"best-{best.step}", best.step, {WEIGHTS: best.state}, {})
        return f"best-{best.step}"

    def _write(self, step: int, files: dict[str, Any]) -> None:
        trainer, best = self._trainer, self._trainer.best
        name = f"checkpoint-{step}"
        held = (name if best.step == step else self.keep_best()) if best.state else None
        facts = {
            "identity": trainer.plan.identity,
            "threads": torch.get_num_threads(),
            "horizon": trainer.horizon,
            "meter": trainer.meter.facts,
            "score": best.facts,
            "best": held,
            "stopped": self.stopped,
            "pieces": trainer.pieces_over_plan,
        }
        self._checkpoints.write(name, step, files, facts)
        self._checkpoints.keep({name} | ({held} if held else set()))
        metric = None if best.score is None else {best.score.name: best.score.value}
        self._job.save({"checkpoint": {"step": step, "epoch": _round(trainer.state.epoch), "metric": metric}})

    def _row(self, state: Any) -> None:
        meter = self._trainer.meter
        total, steps = self._trainer.gang.total(*meter.window)
        meter.window = [0.0, 0.0]
        self._curves.add(
            {
                "step": state.global_step,
                "epoch": _round(state.epoch),
                "loss": total / max(1.0, steps),
                "learning_rate": self._trainer.plan.rate * self._trainer.share(state.global_step - 1),
                "examples_per_second": round(meter.row_speed(), 3),
            }
        )

    def _show(self, state: Any) -> None:
        if time.monotonic() - self._shown < SHOW_SECONDS and (state.global_step < state.max_steps or self._full):
            return
        self._full = state.global_step >= state.max_steps
        self._shown = time.monotonic()
        trainer = self._trainer
        done, left = state.global_step, max(0, state.max_steps - state.global_step)
        score = trainer.best.score
        step = Step(
            step=done,
            steps=state.max_steps,
            epoch=float(state.epoch or 0),
            epochs=state.max_steps / trainer.plan.per_epoch,
            loss=trainer.meter.loss,
            metric=None if score is None else (score.name, score.value),
            speed=trainer.meter.speed,
            left=trainer.meter.seconds / done * left if done else None,
        )
        self._report("training", done - self._told, state.max_steps, step)
        self._told = done


def _round(epoch: float | None) -> float:
    return round(float(epoch or 0.0), 4)
