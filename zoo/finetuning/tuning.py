"""A search for hyperparameters: trials on the training part, judged on the validation part, with Optuna.

Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019; the sampler is its
tree-structured Parzen estimator, seeded. The study is kept in the run's folder, so that a stopped search goes on.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption, MissingDependency

if TYPE_CHECKING:
    from zoo.finetuning.job import Job, Learnt, Report

__all__ = ["search"]

Learn = Callable[["Job", "Report"], "Learnt"]


def search(job: Job, learn: Learn, report: Report) -> Learnt:
    """Train `settings.tune` times with other hyperparameters and keep what did best on the validation part.

    Args:
        job: its settings are what every trial shares; what they name is not searched.
        learn: trains one trial.
        report: is told `trial` after each, and all that the trials tell.

    Raises:
        BadOption: the method chooses its one hyperparameter itself.
        MissingDependency: Optuna is not installed.
    """
    if job.method == "probe":
        raise BadOption("probe finds its regularisation itself", "Leave out --tune, or use another --method.")
    if job.data.validation is None:
        raise BadOption("a search is judged on a validation part, and there is none", "Raise --validation-size.")
    optuna = _optuna()
    folder = job.folder / "trials"
    folder.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=job.run,
        direction="maximize",
        load_if_exists=True,
        # A seed of its own for each continuation would not repeat; each trial number has its own.
        sampler=optuna.samplers.TPESampler(seed=job.settings.seed + len(_done(job))),
    )
    best = _Best()
    _run(job, study, best, learn, report)
    if best.learnt is not None and best.number == study.best_trial.number:
        return _told(best.learnt, study)
    again = _trial(job, study.best_trial.number, study.best_trial.params)
    return _told(learn(again, report), study)


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


def _done(job: Job) -> list[str]:
    path = job.folder / "trials" / "study.log"
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _run(job: Job, study: Any, best: _Best, learn: Learn, report: Report) -> None:
    from optuna.trial import TrialState

    from zoo.finetuning.training.meter import Diverged

    wanted = job.settings.tune or 1
    began = time.monotonic()
    while (number := len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL)))) < wanted:
        if job.settings.max_seconds and number and time.monotonic() - began > job.settings.max_seconds:
            break
        trial = study.ask(_space(job))
        try:
            learnt = learn(_trial(job, trial.number, trial.params), report)
        except Diverged as error:  # too large a rate; every other error ends the search
            study.tell(trial, state=TrialState.FAIL)
            job.save({"trials": _table(study), "trial_error": error.cause})
            continue
        score = _score(learnt)
        study.tell(trial, score)
        if score > best.score:
            best.number, best.score, best.learnt = trial.number, score, learnt
        job.save({"trials": _table(study)})
        report("trial", 1, wanted, None)


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
        if t.state.is_finished()
    ]


def _told(learnt: Learnt, study: Any) -> Learnt:
    chosen = {**learnt.chosen, "trial": study.best_trial.number, "trials": len(_table(study))}
    return dataclasses.replace(learnt, chosen=chosen)
