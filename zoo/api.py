"""The zoo as Python code uses it: a registry with everything that can be done with its models."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption
from zoo.registry import Registry
from zoo.settings import Settings

if TYPE_CHECKING:
    import torch

    from zoo.choosing import Recommendation
    from zoo.comparing import Comparison
    from zoo.descent.family import Descent
    from zoo.evaluation import Evaluated
    from zoo.finetuning import Run
    from zoo.finetuning.job import Report
    from zoo.identity import AliasMove, AliasStep
    from zoo.lockfile import Fetched, Lock
    from zoo.models import Model
    from zoo.publishing import Published
    from zoo.upstream import Finding

__all__ = ["Zoo", "default_zoo"]


class Zoo(Registry):
    """One zoo; the arguments are those of `Registry`. The module-level functions of `zoo` use the default one."""

    def load(
        self,
        ref: str,
        task: str | None = None,
        *,
        device: str | Sequence[str] = "auto",
        dtype: str | torch.dtype = "auto",
        revision: str | None = None,
        batch: int | None = None,
        pin: bool = False,
        compile: bool = False,
        autocast: str | None = None,
        engine: str = "auto",
        quantize: str | None = None,
        samples: Sequence[Any] = (),
    ) -> Model:
        """Load a model, pulling it first when its files are not here; see `zoo.load`."""
        from zoo.identity import warn_deprecated
        from zoo.models import load
        from zoo.models.wanted import Wanted

        wanted = Wanted(
            device=device,
            dtype=dtype,
            batch=batch,
            pin=pin,
            compile=compile,
            autocast=autocast,
            engine=engine,
            quantize=quantize,
            samples=samples,
        )
        model = load(self, ref, task=task, revision=revision, wanted=wanted)
        warn_deprecated(self.database, model.card)
        model.can(finetune=self.finetune, evaluate=self.evaluate)
        return model

    def finetune(
        self,
        ref: str | None = None,
        data: Any = None,
        *,
        resume: str | None = None,
        report: Report | None = None,
        **settings: Any,
    ) -> Run | None:
        """Adapt a model to labelled data; see `zoo.finetune`.

        `report(what, done, total, step)` is told of the progress. In all but the first of several processes that train
        together the result is None.
        """
        from zoo.finetuning import finetune, settings_of
        from zoo.finetuning import resume as go_on
        from zoo.identity import warn_deprecated

        if resume is not None:
            if ref is not None or settings:
                raise BadOption("a run that goes on keeps its model and settings", "Leave them out.")
            return go_on(self, resume, data=data, report=report)
        if ref is None or data is None:
            raise BadOption("a model and data are needed", "zoo.finetune(model, data), or resume=RUN.")
        wanted = settings_of(settings)
        warn_deprecated(self.ready(), self.resolve(ref).card)
        return finetune(self, ref, data, settings=wanted, report=report)

    def evaluate(self, ref: str, data: Any, **options: Any) -> Evaluated:
        """Measure a model on labelled data and record it; see `zoo.evaluate`."""
        from zoo.evaluation import evaluate
        from zoo.reporting import papers_again
        from zoo.runs import found

        made = evaluate(self, ref, data, **options)
        papers_again(self, found(self, made.id))
        return made

    def recommend(self, data: Any, task: str | None = None, **options: Any) -> Recommendation:
        """Rank models for data; see `zoo.recommend`."""
        from zoo.choosing import recommend

        return recommend(self, data, task, **options)

    def compare(self, *refs: str, query: str | None = None, limit: int = 10) -> Comparison:
        """Set models side by side; see `zoo.compare`."""
        from zoo.comparing.compare import compare

        return compare(self, refs, query=query, limit=limit)

    def lineage(self, ref: str, *, depth: int | None = None) -> Descent:
        """From what a model was made, and what was made from it; see `zoo.lineage`."""
        from zoo.descent.reading import read
        from zoo.refs import Ref
        from zoo.resolve import known_id

        path = self.ready()
        return read(path, known_id(path, Ref.parse(ref))[0], depth=depth)

    def set_alias(self, alias: str, ref: str) -> AliasMove:
        """Let `MODEL@alias` mean the revision that `ref` names; the history of where it pointed stays.

        Raises:
            BadRef: the alias cannot be typed after `@`, or reads like a revision.
            NotInstalled: the revision is not here.
        """
        from zoo import identity

        return identity.set_alias(self, alias, ref)

    def unset_alias(self, alias: str, ref: str) -> AliasMove:
        """Take an alias away from a model; raises `NotFound` when it has none of this name."""
        from zoo import identity

        return identity.unset_alias(self, alias, ref)

    def aliases(self, ref: str | None = None) -> list[dict[str, Any]]:
        """The aliases of a model, or of all: `model, alias, revision, upstream, pulled, since`."""
        from zoo import identity

        return identity.aliases(self, ref)

    def alias_history(self, ref: str) -> list[AliasStep]:
        """How the aliases of a model moved, the oldest step first."""
        from zoo import identity

        return identity.alias_history(self, ref)

    def outdated(self, *models: str) -> list[Finding]:
        """For what is installed, or these models, what moved at their origins.

        Raises:
            OfflineError: the network is needed and forbidden.
        """
        from zoo import upstream

        return upstream.outdated(self, models)

    def publish(self, ref: str, to: str | Path = "dist", *, dry_run: bool = False, **wishes: Any) -> Published:
        """Make an installable distribution without code from a model that is here; see `zoo publish`.

        Args:
            ref: the model, with `@alias-or-revision` for another than its newest revision.
            to: the folder for the wheel.
            dry_run: write nothing, and say what would be.
            wishes: the fields of `zoo.publishing.Wishes`: `name`, `version`, `id`, `weights`, `at`, `licence`, …

        Raises:
            NotInstalled: the model's files are not here.
            BadInput: its licences forbid it, or a name or version cannot be used.
        """
        from zoo.publishing import publish

        return publish(self, ref, to, dry_run=dry_run, **wishes)

    def lock(self, *models: str, path: str | Path = "zoo.lock") -> Lock:
        """Write down the exact revisions that are here, of all models or of these, to have them again elsewhere."""
        from zoo import lockfile

        made, _ = lockfile.make_lock(self, models)
        made.write(Path(path))
        return made

    def pull_locked(self, *models: str, path: str | Path = "zoo.lock") -> list[Fetched]:
        """Fetch exactly what a lock file says; raises the first failure, after all others were tried."""
        from zoo import lockfile

        lock = lockfile.Lock.read(Path(path))
        done = list(lockfile.fetch_locked(self, lock, models, progress=self._progress()))
        if failed := next((fetched.error for fetched in done if fetched.error), None):
            raise failed
        return done


def default_zoo() -> Zoo:
    """The zoo that the environment names; the same object as long as the settings are the same."""
    return _opened(Settings.read())


@functools.lru_cache(maxsize=1)
def _opened(settings: Settings) -> Zoo:
    return Zoo(settings=settings)
