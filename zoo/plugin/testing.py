"""The conformance kit for pytest: one test for each promise of a plugin.

    from zoo.plugin.testing import conformance_checks

    @conformance_checks("zoo-mine")
    def test_conformance(check):
        check()

With `pytest_plugins = ("zoo.plugin.testing",)` in the topmost `conftest.py`, the table of what came of the checks is
printed at the end. Needs pytest, which the zoo itself does not install.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from zoo.conformance import Outcome, Plan, Trial, plan
from zoo.registry import Registry

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage
    from zoo.plugin.manager import PluginManager

__all__ = ["Broken", "Check", "conformance_checks", "pytest_runtest_makereport", "pytest_terminal_summary"]

_Test = TypeVar("_Test", bound=Callable[..., Any])
_PROPERTY = "zoo conformance"  # under which an outcome travels with a test's report, from other processes too


class Broken(AssertionError):
    """A promise that is not kept; the text says what was found and what to do."""


class Check:
    """One promise, to be called by its test.

    Attributes:
        trial: what is done.
        outcome: what came of it, once it was called.
    """

    def __init__(self, trial: Trial, made: Plan, stages: _Stages) -> None:
        self.trial = trial
        self.plan = made
        self.outcome: Outcome | None = None
        self._stages = stages

    def __call__(self) -> None:
        """Try it: raises `Broken` where the promise is not kept, and skips the test where it cannot be tried."""
        __tracebackhide__ = True
        self._stages.enter(self.trial.stage)
        self.outcome = outcome = self.trial.run()
        self._stages.leave(self.trial)
        if outcome.state == "skipped":
            pytest.skip(outcome.detail)
        if outcome.state == "failed":
            raise Broken(f"{outcome.check}, {outcome.about}: {outcome.detail}")

    def __repr__(self) -> str:
        return f"<Check {self.trial.check} of {self.trial.about}>"


class _Stages:
    """Which case is loaded: one at a time, let go when all its checks here were done, or another one's turn comes.

    Under pytest-xdist every process has some of the checks of a case, and loads what it needs.
    """

    def __init__(self, trials: Collection[Trial]) -> None:
        self._left = {id(trial.stage): sum(t.stage is trial.stage for t in trials) for trial in trials}
        self._now: Stage | None = None

    def enter(self, stage: Stage | None) -> None:
        if self._now is not None and stage is not None and stage is not self._now:
            self.close()
        if stage is not None and self._now is None:
            self._now = stage

    def leave(self, trial: Trial) -> None:
        self._left[id(trial.stage)] -= 1
        if trial.stage is not None and self._left[id(trial.stage)] <= 0:
            self.close()

    def close(self) -> None:
        if self._now is not None:
            self._now.close()
            self._now = None


def conformance_checks(
    name: str,
    *,
    cases: Collection[str] = (),
    only: Collection[str] = (),
    run: bool = True,
    home: str | Path | None = None,
    offline: bool | None = None,
    plugins: PluginManager | None = None,
) -> Callable[[_Test], _Test]:
    """Make a test of one argument, `check`, into one test for each promise of a plugin.

    No model is made or loaded while tests are collected; the plugin and its cases are asked what there is.

    Args:
        name: of the plugin, as `zoo plugin list` names it.
        cases: only those in whose names one of these texts occurs.
        only: only these checks (`zoo.conformance.CHECKS`).
        run: also what needs a model.
        home: of the zoo in which models are looked for, and into which they are fetched; `ZOO_HOME` when None.
        offline: fetch none; `ZOO_OFFLINE` when None.
        plugins: instead of the installed ones.

    Raises:
        NotFound: there is no such plugin.
    """
    registry = Registry(home, offline=offline, plugins=plugins, quiet=True)
    made = plan(registry, name, cases=cases, only=only, run=run)
    stages = _Stages(made.trials)
    checks = [pytest.param(Check(trial, made, stages), id=f"{trial.about}-{trial.check}") for trial in made.trials]
    return pytest.mark.parametrize("check", checks)


def _check_of(item: pytest.Item) -> Check | None:
    spec = getattr(item, "callspec", None)
    found = spec.params.get("check") if spec is not None else None
    return found if isinstance(found, Check) else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Send what came of a check along with the test's report."""
    check = _check_of(item)
    if check is not None and call.when == "call" and check.outcome is not None:
        info = check.plan.info
        item.user_properties.append((_PROPERTY, [info.name, info.version, check.outcome.to_dict()]))
    yield


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of each plugin that was checked, and its summary."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    reports = (report for name in ("passed", "failed", "skipped") for report in terminalreporter.stats.get(name, ()))
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == _PROPERTY and getattr(report, "when", "") == "call":
                plugin, version, outcome = value
                found.setdefault((plugin, version), []).append(Outcome(**outcome))
    for (plugin, version), outcomes in found.items():
        _print(terminalreporter, plugin, version, outcomes)


def _print(terminal: Any, plugin: str, version: str, outcomes: list[Outcome]) -> None:
    from zoo.conformance import CHECKS, COLUMNS, Report
    from zoo.plugin.hookspecs import API_VERSION

    order = {check: number for number, check in enumerate(CHECKS)}
    ordered = sorted(outcomes, key=lambda one: (one.about != plugin, one.about, order[one.check]))
    report = Report(plugin=plugin, version=version, api=API_VERSION, outcomes=tuple(ordered))
    rows = [list(COLUMNS), *report.rows()]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    terminal.section(f"conformance of {plugin}")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        terminal.write_line("  ".join((*cells, _shortened(row[3]))).rstrip())
    terminal.write_line(report.summary)


def _shortened(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99]}…"
