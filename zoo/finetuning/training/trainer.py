"""transformers' Trainer, with an adapter's loss, an exact order, whole checkpoints, and no noise.

What is used of it: the loop (accumulation, clipping, mixed precision, several processes, going on in mid-epoch). What
is replaced, each by a method of its own name: data loaders, optimiser, rates, validation, saving and loading.
"""

from __future__ import annotations

import dataclasses
import json
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainingArguments

from zoo.finetuning.training.examples import ROWS, Batches, batches_of
from zoo.finetuning.training.learner import parameter_groups
from zoo.finetuning.training.plan import share_of_rate
from zoo.finetuning.training.scoring import Best, Score, Tally

if TYPE_CHECKING:
    from zoo.finetuning.training.checkpoints import Saved
    from zoo.finetuning.training.examples import Examples
    from zoo.finetuning.training.gang import Gang
    from zoo.finetuning.training.learner import Learner
    from zoo.finetuning.training.meter import Meter
    from zoo.finetuning.training.plan import Plan

__all__ = ["WEIGHTS", "ZooTrainer", "generators", "set_generators"]

WEIGHTS, OPTIMIZER, GENERATORS, SCALER = "weights.pt", "optimizer.pt", "generators.pt", "scaler.pt"
STATE = "trainer_state.json"  # transformers' own name, from which it reads the step
BETAS, EPSILON = (0.9, 0.999), 1e-8


def arguments(plan: Plan, folder: Path, device: torch.device, pieces: int) -> TrainingArguments:
    """What transformers is told: nothing is printed, logged, reported, saved or sent by it, and one device is used."""
    made = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=plan.batch,
        gradient_accumulation_steps=pieces,
        max_steps=plan.steps,
        max_grad_norm=plan.clip,
        seed=plan.seed,
        bf16=plan.precision == "bfloat16",
        fp16=plan.precision == "float16",
        use_cpu=device.type == "cpu",
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,  # it would wait for the device in each step; `Meter` looks instead
        log_level="error",
        log_level_replica="error",
        disable_tqdm=True,
        report_to=[],
        label_names=[],
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=True,  # poolers and the like, and layers that do not learn yet
        restore_callback_states_from_checkpoint=False,
    )
    if made.world_size == 1:  # else it would take the first device, and all others by DataParallel
        made.distributed_state.device = device
        made.__dict__["_setup_devices"] = device
        made._n_gpu = 0 if device.type == "cpu" else 1
    return made


class ZooTrainer(Trainer):  # type: ignore[misc]  # transformers has no types
    """One training.

    Args:
        learner: what is trained.
        plan: how.
        gang: with whom.
        learning, validation: examples.
        truth: labels of the validation part, where the score counts them.
        groups: each parameter's group of layers.
        order: of an epoch.
        pieces: into how many batches each process' share of a step is cut.
        sizes: lengths of the validation part's inputs where sorting by them pays.
        folder: for transformers; nothing is written there by it.
    """

    optimizer: Any
    lr_scheduler: Any

    def __init__(
        self,
        learner: Learner,
        *,
        plan: Plan,
        gang: Gang,
        device: torch.device,
        learning: Examples,
        validation: Examples | None,
        truth: torch.Tensor | None,
        groups: dict[str, int],
        order: Batches,
        pieces: int,
        sizes: list[int] | None,
        folder: Path,
        meter: Meter,
        best: Best,
    ) -> None:
        self.plan = plan
        self.gang = gang
        self.meter = meter
        self.best = best
        self.horizon = plan.steps  # the schedule's end, which a time limit may bring nearer
        self.start: Saved | None = None
        self.on_score: Callable[[Score, bool], None] = lambda score, best: None
        self.on_save: Callable[[], None] = lambda: None
        self._order = order
        self._validation = validation
        self._truth = truth
        self._groups = groups
        self._sizes = sizes
        super().__init__(
            model=learner,
            args=arguments(plan, folder, device, pieces),
            train_dataset=learning,
            eval_dataset=validation,
            data_collator=learning.collate,
        )
        self.remove_callback(PrinterCallback)

    # Data

    def get_train_dataloader(self) -> Any:
        """The batches of this process, in the epoch's order."""
        return batches_of(self.train_dataset, self._order)

    # Loss

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The adapter's, or what stands in its place."""
        loss, outputs = model(inputs)
        return (loss, outputs) if return_outputs else loss

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """One batch forward and backward; its loss is noted."""
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        self.meter.add(self.state.global_step + 1, loss, len(inputs[ROWS]) * self.gang.size)
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        """Nobody asks."""
        return 0

    # Optimiser and rates

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW with the rates and the weight decay of each group (Loshchilov & Hutter, arXiv:1711.05101)."""
        made: Any = self.optimizer
        if made is None:
            plan = self.plan
            groups = parameter_groups(
                self.model.module,
                self._groups,
                rate=plan.rate,
                decay=plan.layer_decay,
                weight_decay=plan.weight_decay,
            )
            made = torch.optim.AdamW(groups, lr=plan.rate, betas=BETAS, eps=EPSILON, fused=_fused(self.model))
            self.optimizer = made
        return made

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The rate as a function of the step alone."""
        made: Any = self.lr_scheduler
        if made is None:
            made = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self.share)
            self.lr_scheduler = made
            self._created_lr_scheduler = True
        return made

    def share(self, step: int) -> float:
        """The share of the learning rate in a step, counted from 0."""
        return share_of_rate(step, self.horizon, self.plan.warmup_share, self.plan.schedule)

    # Validation

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The score of the validation part: each process goes through its share, and all get the same sums."""
        self.control.should_evaluate = False
        if self._validation is None:
            return {}
        with self.meter.apart():
            score = self._score(self._validation)
        best = self.best.see(score, self.state.global_step, float(self.state.epoch or 0), self.model.state())
        self.on_score(score, best)
        return {f"eval_{name}": value for name, value in score.row.items()}

    def _score(self, validation: Examples) -> Score:
        tally = Tally(self.plan.kind, self._truth)
        rows = list(range(len(validation)))
        if self._sizes is not None:
            rows.sort(key=self._sizes.__getitem__)
        mine = rows[self.gang.rank :: self.gang.size]
        size = 2 * -(-self.plan.batch // max(1, self.pieces_over_plan))
        cut = [[(0, row) for row in mine[start : start + size]] for start in range(0, len(mine), size)]
        self.sync_buffers()
        self.model.eval()
        with torch.no_grad():
            for batch in batches_of(validation, cut):
                inputs = self._prepare_inputs(batch)
                loss, outputs = self.model(inputs)
                tally.add(loss, outputs, inputs[ROWS])
        self.model.train()
        return tally.score(self.gang.total(*tally.sums))

    @property
    def pieces_over_plan(self) -> int:
        """By how much batches were made smaller for want of memory."""
        pieces: int = self.args.gradient_accumulation_steps
        return max(1, pieces // self.plan.accumulate)

    def sync_buffers(self) -> None:
        """The main process's running averages for all: each has seen other examples since the last step began."""
        if self.gang.size > 1:
            import torch.distributed as dist

            for buffer in self.model.module.buffers():
                dist.broadcast(buffer, src=0)

    # Saving and loading; when, and where to, is said elsewhere

    def files(self) -> dict[str, Any]:
        """Everything that the next step depends on, as the files of a checkpoint. All processes must call it."""
        self.sync_buffers()
        scaler = getattr(self.accelerator, "scaler", None)
        made = {
            WEIGHTS: self.model.state(),
            OPTIMIZER: self.optimizer.state_dict(),
            GENERATORS: self.gang.gather(generators()),
            STATE: json.dumps(dataclasses.asdict(self.state), default=str),
        }
        return made if scaler is None else {**made, SCALER: scaler.state_dict()}

    def continue_from(self, saved: Saved | None) -> None:
        """Train, from a checkpoint's state or from the start."""
        self.start = saved
        with warnings.catch_warnings():
            # transformers steps the schedule of a float16 training whose first steps were skipped, and torch warns.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            self.train(resume_from_checkpoint=None if saved is None else str(saved.path))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.on_save()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.start is not None:
            self.model.restore(self.start.read(WEIGHTS))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """The optimiser's moments; the rates are the plan's, so that a training can go on with a lower one."""
        if self.start is None:
            return
        planned = [(group["initial_lr"], group["weight_decay"]) for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(self.start.read(OPTIMIZER))
        self.lr_scheduler.last_epoch = self.start.step
        self.lr_scheduler._step_count = self.start.step + 1
        for group, (rate, decay) in zip(self.optimizer.param_groups, planned, strict=True):
            group.update(initial_lr=rate, lr=rate * self.share(self.start.step), weight_decay=decay)
        self.lr_scheduler._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _load_scaler(self, checkpoint: str | None) -> None:
        scaler = getattr(self.accelerator, "scaler", None)
        if scaler is not None and self.start is not None and (self.start.path / SCALER).is_file():
            scaler.load_state_dict(self.start.read(SCALER))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if self.start is not None and len(states := self.start.read(GENERATORS)) == self.gang.size:
            set_generators(states[self.gang.rank])


def generators() -> dict[str, Any]:
    """The states of all global generators of random numbers."""
    name, keys, position, has, cached = np.random.get_state()
    version, internal, gauss = random.getstate()
    found = {
        "python": (version, torch.tensor(internal), gauss),
        "numpy": (str(name), torch.tensor(np.asarray(keys, dtype=np.int64)), int(position), int(has), float(cached)),
        "cpu": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def set_generators(states: dict[str, Any]) -> None:
    """Put back what `generators` gave."""
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal.tolist()), gauss))
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def _fused(model: torch.nn.Module) -> bool:
    """Whether AdamW's one-kernel form can be used: floating-point weights on a device that has it."""
    kinds = {p.device.type for p in model.parameters() if p.requires_grad}
    return kinds <= {"cpu", "cuda", "xpu", "mps"} and all(p.is_floating_point() for p in model.parameters())
