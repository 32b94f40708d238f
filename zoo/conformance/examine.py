"""All that a plugin promises, tried one after the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zoo.conformance.answers import batched, reordered, repeated, threads, typed
from zoo.conformance.carding import cards, facts
from zoo.conformance.covering import cover, covered, pairs_of
from zoo.conformance.golden import golden
from zoo.conformance.hooks import hooks
from zoo.conformance.learning import kept, learns
from zoo.conformance.loading import moved, offline_load, reloaded, unloaded
from zoo.conformance.outcomes import Outcome, Report
from zoo.conformance.refusing import errors
from zoo.conformance.starting import registration
from zoo.conformance.trials import Trial
from zoo.errors import BadOption, NotFound, nearest
from zoo.plugin import PluginInfo
from zoo.plugin.hookspecs import API_VERSION

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage
    from zoo.registry import Registry

__all__ = ["CHECKS", "Plan", "examine", "plan"]

_OF_CASES: dict[str, Callable[[Stage], str]] = {
    "offline-load": offline_load,
    "typed": typed,
    "repeated": repeated,
    "batched": batched,
    "reordered": reordered,
    "reloaded": reloaded,
    "unloaded": unloaded,
    "moved": moved,
    "threads": threads,
    "golden": golden,
    "errors": errors,
    "learns": learns,
    "kept": kept,
}
_LEARNING = {"learns", "kept"}
_OF_PLUGINS = ("hooks", "registration", "cards", "facts", "covered")
CHECKS = (*_OF_PLUGINS, *_OF_CASES)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is going to be tried.

    Attributes:
        info: the plugin.
        trials: in their order; those of one case follow each other.
        stages: of the cases, to be closed at the end.
    """

    info: PluginInfo
    trials: tuple[Trial, ...]
    stages: tuple[Stage, ...]

    def report(self, outcomes: Sequence[Outcome]) -> Report:
        """The report of these outcomes."""
        version = self.info.version
        return Report(plugin=self.info.name, version=version, api=API_VERSION, outcomes=tuple(outcomes))


def plan(
    registry: Registry,
    name: str,
    *,
    cases: Collection[str] = (),
    only: Collection[str] = (),
    run: bool = True,
    write_golden: bool = False,
) -> Plan:
    """What there is to try of a plugin; no model is made or loaded yet.

    Args:
        registry: the zoo: its plugins, the models that are here, and whether others may be fetched (`offline`).
        name: of the plugin.
        cases: only those in whose names one of these texts occurs.
        only: only these checks.
        run: also what needs a model.
        write_golden: write the golden files instead of comparing with them.

    Raises:
        NotFound: there is no such plugin, or no case is called so.
        BadOption: there is no such check.
    """
    chosen = frozenset(_known(only) or CHECKS)
    info = registry.plugins.info(name)
    stages: tuple[Stage, ...] = ()
    trials = [_trial("hooks", info.name, lambda: hooks(registry.plugins, info))]
    trials.append(_trial("registration", info.name, lambda: registration(registry.plugins, info)))
    if info.error is None:
        trials.append(_trial("cards", info.name, lambda: cards(registry.plugins, info.name)))
        trials.append(_trial("facts", info.name, lambda: facts(registry.plugins, info.name)))
        coverage = cover(registry, info, run=run)
        stages = _picked(coverage.stages, cases)
        trials.append(_trial("covered", info.name, lambda: covered(coverage)))
        if run:
            trials += _unless_golden(info, stages)
            trials += [trial for stage in stages for trial in _of(stage, write_golden)]
    if cases:
        trials = [trial for trial in trials if trial.stage is not None]
    wanted = [replace(trial, chosen=chosen) for trial in trials if trial.check in chosen]
    return Plan(info=info, trials=tuple(wanted), stages=stages)


def examine(
    registry: Registry,
    name: str,
    *,
    cases: Collection[str] = (),
    only: Collection[str] = (),
    run: bool = True,
    write_golden: bool = False,
    tell: Callable[[Trial, Outcome | None], None] | None = None,
) -> Report:
    """Try a plugin; the arguments are those of `plan`.

    Args:
        tell: is told of each trial, first with None, then with its outcome.
    """
    made = plan(registry, name, cases=cases, only=only, run=run, write_golden=write_golden)
    outcomes = []
    try:
        for number, trial in enumerate(made.trials):
            if tell is not None:
                tell(trial, None)
            outcomes.append(trial.run())
            if tell is not None:
                tell(trial, outcomes[-1])
            following = made.trials[number + 1].stage if number + 1 < len(made.trials) else None
            if trial.stage is not None and trial.stage is not following:
                trial.stage.close()
    finally:
        for stage in made.stages:
            stage.close()
    return made.report(outcomes)


def _known(only: Collection[str]) -> tuple[str, ...]:
    for check in only:
        if check not in CHECKS:
            near = nearest(check, CHECKS, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise BadOption(f"there is no check {check!r}", f"{hint}The checks are: {', '.join(CHECKS)}.")
    return tuple(only)


def _picked(stages: tuple[Stage, ...], wanted: Collection[str]) -> tuple[Stage, ...]:
    if not wanted:
        return stages
    found = tuple(stage for stage in stages if any(text in stage.about for text in wanted))
    if not found:
        raise NotFound(
            f"no case is called {', '.join(map(repr, wanted))}",
            f"The cases are: {', '.join(stage.about for stage in stages) or 'none'}.",
        )
    return found


def _trial(check: str, about: str, work: Callable[[], str]) -> Trial:
    return Trial(check=check, about=about, work=work)


def _unless_golden(info: PluginInfo, stages: Sequence[Stage]) -> list[Trial]:
    """Where no case names golden results, it is said once."""
    if not stages or any(stage.case.golden for stage in stages):
        return []
    return [_trial("golden", info.name, functools.partial(golden, stages[0]))]


def _of(stage: Stage, write: bool) -> list[Trial]:
    """The checks of one case: learning where there is an adapter, golden results where the case names a file."""
    adapters = stage.registry.plugins.table("zoo_finetuners")
    learnt = any(pair in adapters for pair in pairs_of(stage, adapters))
    made = []
    for check, work in _OF_CASES.items():
        if (check in _LEARNING and not learnt) or (check == "golden" and stage.case.golden is None):
            continue
        done = functools.partial(golden, stage, write=write) if check == "golden" else functools.partial(work, stage)
        made.append(Trial(check=check, about=stage.about, work=done, stage=stage))
    return made
