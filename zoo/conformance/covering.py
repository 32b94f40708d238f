"""On what a plugin is tried: its own cases, and for what they leave out the smallest model that can be had."""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.conformance.outcomes import Skip, Unkept
from zoo.conformance.stage import Stage
from zoo.plugin import CASES_MODULE, Case, PluginInfo

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.registry import Registry

__all__ = ["LARGEST", "Coverage", "Pair", "cases_of", "cover", "covered", "pairs_of"]

Pair = tuple[str, str]  # loader, task

LARGEST = 200_000_000  # bytes of a model that is fetched only to be tried
_FLOAT = 4


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What is tried, and what is not.

    Attributes:
        stages: of the plugin's cases, then of the models that were found for what these leave out.
        declared: the pairs of the plugin's tables.
        left: pairs that cannot be tried here, with the reason.
        bare: pairs for which there is neither a case nor a card.
        fault: what went wrong when the cases were asked for.
    """

    stages: tuple[Stage, ...]
    declared: tuple[Pair, ...]
    left: dict[Pair, str]
    bare: tuple[Pair, ...]
    fault: Exception | None = None


def cover(registry: Registry, info: PluginInfo, *, run: bool = True) -> Coverage:
    """The cases of a plugin, and one for each pair of loader and task that they do not try.

    Cases that make their model name no loader: where two loaders of the plugin do the same task, such a case counts
    for both until its model is made.

    Args:
        registry: the zoo: of models that are here, and by whose settings others may be fetched.
        info: the plugin.
        run: whether models are to be run at all; nothing is fetched if not.
    """
    plugins = registry.plugins
    tables = (plugins.answers(info.name, hook) for hook in ("zoo_runners", "zoo_finetuners"))
    declared = tuple(sorted({pair for table in tables for pair in table}))
    try:
        cases = cases_of(info)
        stages = _stages(registry, info, cases, declared)
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        fault = error if isinstance(error, Exception) else Unkept("its cases exit", "")
        return Coverage(stages=(), declared=declared, left={}, bare=(), fault=fault)
    tried = {pair for stage in stages for pair in pairs_of(stage, declared)}
    found = _Found(registry)
    more, left, bare = [], {}, []
    for pair in declared:
        if pair in tried:
            continue
        card, reason = found.smallest(pair, fetch=run and not registry.settings.offline)
        if card is not None:
            about = f"{pair[1]} {card.id}"
            more.append(Stage(registry, info.name, Case(task=pair[1], model=card.id), about, pair[0]))
        elif reason:
            left[pair] = reason
        else:
            bare.append(pair)
    return Coverage(stages=(*stages, *more), declared=declared, left=left, bare=tuple(bare))


def cases_of(info: PluginInfo) -> list[Case]:
    """The plugin's own cases; none where it has no module of them.

    Raises:
        Unkept: the module gives no list of cases.
    """
    if info.kind == "cards":
        return []
    name = f"{info.module.partition(':')[0].strip()}.{CASES_MODULE}"
    try:
        if importlib.util.find_spec(name) is None:
            return []
    except ModuleNotFoundError:  # the plugin is a module, and no package
        return []
    module = importlib.import_module(name)
    made = getattr(module, "cases", None)
    given = list(made()) if callable(made) else None
    if given is None or not all(isinstance(case, Case) for case in given):
        raise Unkept(f"{name} has no function `cases` that gives a list of `Case`", "See `zoo.plugin.Case`.")
    return given


def covered(coverage: Coverage) -> str:
    """Every declared pair of loader and task is tried by a case."""
    if coverage.fault is not None:
        raise coverage.fault
    bare = set(coverage.bare)
    if missing := _untried(coverage):
        bare |= missing
    if bare:
        names = ", ".join(f"({loader}, {task})" for loader, task in sorted(bare))
        raise Unkept(
            f"nothing tries {names}",
            "Give a Case: a card of that loader and task, or `make`, which writes a tiny model, in `cases()` of the "
            f"plugin's module `{CASES_MODULE}`.",
        )
    done = f"{len(coverage.declared) - len(coverage.left)} of {len(coverage.declared)} pairs of loader and task"
    if coverage.left:
        told = "; ".join(f"({loader}, {task}): {why}" for (loader, task), why in sorted(coverage.left.items()))
        raise Skip(f"{done}; not tried {told}")
    return f"{done}, {len(coverage.stages)} cases" if coverage.declared else "the plugin runs nothing"


def _untried(coverage: Coverage) -> set[Pair]:
    """Pairs that seemed to be tried, by cases whose models turn out to be of another loader."""
    unclear = {pair for stage in coverage.stages if not stage.settled for pair in pairs_of(stage, coverage.declared)}
    if not unclear:
        return set()
    tried = {(stage.loader, stage.case.task) for stage in coverage.stages}
    return unclear - tried


def pairs_of(stage: Stage, declared: Iterable[Pair]) -> list[Pair]:
    """The pairs that a case may try: one, or those of its task while nobody knows its loader."""
    if stage.settled:
        return [(stage.loader, stage.case.task)]
    return [pair for pair in declared if pair[1] == stage.case.task]


def _stages(registry: Registry, info: PluginInfo, cases: Sequence[Case], declared: Sequence[Pair]) -> list[Stage]:
    named = [f"{case.task} {case.model or _made_by(case.make)}" for case in cases]
    counts = Counter(named)
    seen: Counter[str] = Counter()
    own = {card.id: card.loader for card in registry.plugins.cards(info.name)}
    made = []
    for case, name in zip(cases, named, strict=True):
        seen[name] += 1
        about = name if counts[name] == 1 else f"{name} {seen[name]}"
        made.append(Stage(registry, info.name, case, about, _loader(case, own, declared)))
    return made


def _made_by(make: Any) -> str:
    """The name of the function that makes a model."""
    made = getattr(make, "func", make)
    return str(getattr(made, "__name__", type(made).__name__)).strip("<>_")


def _loader(case: Case, own: dict[str, str], declared: Sequence[Pair]) -> str | None:
    if case.model is not None:
        return own.get(case.model)
    loaders = {loader for loader, task in declared if task == case.task}
    return loaders.pop() if len(loaders) == 1 else None


class _Found:
    """The cards of all plugins by loader and task, the smallest first, and which of them are here."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._cards: list[ModelCard] | None = None
        self._here: set[str] = set()

    def smallest(self, pair: Pair, *, fetch: bool) -> tuple[ModelCard | None, str | None]:
        """A card to try a pair on; else the reason why its cards cannot be had; neither where there is no card."""
        loader, task = pair
        found = [card for card in self._all() if card.loader == loader and task in card.all_tasks and card.sources]
        if here := [card for card in found if card.id in self._here]:
            return min(here, key=_size), None
        if not found:
            return None, None
        small = min(found, key=_size)
        if not fetch:
            return None, f"no model of it is here, and none may be fetched; `zoo pull {small.id}`"
        if _size(small) > LARGEST:
            return None, f"its smallest model, {small.id}, is larger than {LARGEST // 10**6} MB, or of unknown size"
        return small, None

    def _all(self) -> list[ModelCard]:
        if self._cards is None:
            plugins = self._registry.plugins
            self._cards = [card for name in plugins.working() for card in plugins.cards(name)]
            self._here = {manifest.model for manifest in self._registry.store.installed()}
        return self._cards


def _size(card: ModelCard) -> float:
    """Bytes of a model as far as its card tells; unknown ones come last."""
    sizes = [file.size for file in card.files]
    if sizes and None not in sizes:
        return float(sum(size or 0 for size in sizes))
    if card.size or card.parameters:
        return float(card.size or _FLOAT * (card.parameters or 0))
    return float("inf")
