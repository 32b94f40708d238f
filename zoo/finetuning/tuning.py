"""A search for hyperparameters: trials on the training part, judged on the validation part, with Optuna.

Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019; the sampler is its
tree-structured Parzen estimator, seeded. The study is kept in the run's folder, so that a stopped search goes on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption, MissingDependency
from zoo.finetuning.training.gang import Gang

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Learnt, Report

__all__ = ["search"]

Learn = Callable[["Job", "Report"], "Learnt"]


def search(job: Job, learn: Learn, report: Report) -> Learnt:
    """Train `settings.tune` times with other hyperparameters and keep what did best on the validation part.

    Args:
        job: its settings are what every trial shares; what they name is not searched. Of several processes the first
            chooses, and all train.
        learn: trains one trial.
        report: is told `trial` after each, and all that the trials tell.

    Raises:
        BadOption: the method chooses its one hyperparameter itself.
        MissingDependency: Optuna is not installed.
    """
    if job.method == "probe":
        raise BadOption("probe finds its regularisation itself", "Leave out --tune, or use another --method.")
    if not job.data.validation:
        raise BadOption("a search is judged on a validation part, and there is none", "Raise --validation-size.")
    gang = Gang.join(job.settings.device)
    if not gang.main:
        return _follow(job, gang, learn)
    optuna = _optuna()
    folder = job.folder / "trials"
    folder.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=job.run,
        direction="maximize",
        load_if_exists=True,
    )
    best = _Best()

    def together(number: int, params: Mapping[str, Any]) -> Learnt:
        gang.share((number, dict(params)))
        return learn(_trial(job, number, params), report)

    _run(job, study, best, together, report)
    chosen = _chosen(job, study)
    if best.learnt is None or best.number != chosen.number:  # it was trained before a stop
        best.learnt = together(chosen.number, chosen.params)
    gang.share(None)
    _keep_curves(job, chosen.number)
    return _told(best.learnt, study)


@dataclasses.dataclass
class _Best:
    """The best trial of this process, whose weights are still in memory."""

    number: int = -1
    score: float = -math.inf
    learnt: Learnt | None = None


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingDependency("--tune needs Optuna", "`pip install 'zoo-registry[finetune]'`.") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _follow(job: Job, gang: Gang, learn: Learn) -> Learnt:
    """What the other processes do: train what the first one says."""
    from zoo.finetuning.training.meter import Diverged

    learnt = None
    while (told := gang.share(None)) is not None:
        with contextlib.suppress(Diverged):
            learnt = learn(_trial(job, *told), lambda what, done, total, step: None)
    if learnt is None:
        raise _hopeless()
    return learnt


def _chosen(job: Job, study: Any) -> Any:
    from optuna.trial import TrialState

    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise _hopeless()
    return study.best_trial


def _hopeless() -> BadOption:
    return BadOption("in no trial did the loss stay a finite number", "Name a lower --learning-rate.")


def _keep_curves(job: Job, number: int) -> None:
    """The best trial's curves are the run's."""
    path = job.folder / "trials" / f"{number:03}" / "curves.jsonl"
    if path.is_file():
        shutil.copyfile(path, job.folder / path.name)


def _run(job: Job, study: Any, best: _Best, learn: Callable[..., Learnt], report: Report) -> None:
    from optuna.trial import TrialState

    from zoo.finetuning.training.meter import Diverged

    wanted = job.settings.tune or 1
    began = time.monotonic()
    while (number := len(_table(study))) < wanted:
        if job.settings.max_seconds and number and time.monotonic() - began > job.settings.max_seconds:
            break
        trial = _next(job, study, number)
        try:
            learnt = learn(trial.number, trial.params)
        except Diverged as error:  # too large a rate; every other error ends the search
            study.tell(trial.number, state=TrialState.FAIL)
            job.save({"trials": _table(study), "trial_error": error.cause})
            continue
        score = _score(learnt)
        study.tell(trial.number, score)
        if score > best.score:
            best.number, best.score, best.learnt = trial.number, score, learnt
        job.save({"trials": _table(study)})
        report("trial", 1, wanted, None)


def _next(job: Job, study: Any, number: int) -> Any:
    """The trial at which a stopped search was, or a new one: the same whether there was a stop or not."""
    import optuna
    from optuna.trial import TrialState

    space = _space(job)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.params.keys() == space.keys():
            return trial
        study.tell(trial.number, state=TrialState.FAIL)  # it was stopped while it was made
    # The sampler's own random numbers would begin again after a stop.
    study.sampler = optuna.samplers.TPESampler(seed=job.settings.seed + number)
    return study.ask(space)


def _score(learnt: Learnt) -> float:
    value = next(iter(learnt.validation.values()))
    return value if learnt.higher_is_better else -value


def _trial(job: Job, number: int, params: Mapping[str, Any]) -> Job:
    settings = dataclasses.replace(job.settings, **params, tune=None)
    folder = job.folder / "trials" / f"{number:03}"
    folder.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(job, settings=settings, folder=folder, save=_nowhere)


def _nowhere(changes: Mapping[str, Any]) -> None:
    """A trial keeps no record of its own."""


def _space(job: Job) -> dict[str, Any]:
    """What is searched: what the method has and the settings do not name."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    usual = job.adapter.rate.get(job.method, 1e-4)
    settings = job.settings
    space: dict[str, Any] = {"weight_decay": CategoricalDistribution((0.0, 0.01, 0.1))}
    space["warmup"] = CategoricalDistribution((0.0, 0.1, 0.2))
    if settings.learning_rate is None:
        space["learning_rate"] = FloatDistribution(usual / 10, usual * 10, log=True)
    if settings.batch is None:
        space["batch"] = CategoricalDistribution((8, 16, 32))
    if job.method == "full" and settings.layer_decay is None:
        space["layer_decay"] = CategoricalDistribution((0.75, 0.9, 1.0))
    if job.method == "lora":
        space["rank"] = CategoricalDistribution((4, 8, 16))
    return space


def _table(study: Any) -> list[dict[str, Any]]:
    return [
        {"number": t.number, "state": t.state.name.lower(), "score": t.value, **t.params}
        for t in study.get_trials(deepcopy=False)
        if t.state.is_finished() and t.params
    ]


def _told(learnt: Learnt, study: Any) -> Learnt:
    chosen = {**learnt.chosen, "trial": study.best_trial.number, "trials": len(_table(study))}
    return dataclasses.replace(learnt, chosen=chosen)
