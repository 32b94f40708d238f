"""What the catalog knows of this machine: installed revisions, aliases, lineage, runs, remembered settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.cards import Licence
from zoo.catalog.database import Database, utc_now
from zoo.catalog.records import AliasChange, Edge, Lineage, RevisionRecord, RunRecord

if TYPE_CHECKING:
    from zoo.manifests import Manifest

__all__ = ["Machine"]


class Machine(Database):
    """The half of the catalog that is about this machine; see `zoo.catalog.catalog.Catalog`."""

    def record_revision(self, manifest: Manifest, licence: Licence | None = None) -> bool:
        """Enter an installed revision; False when it is there already.

        Args:
            manifest: its files.
            licence: as stated when the files arrived; by default the card's.
        """
        from zoo.catalog import local

        with self._write() as session:
            return local.record(session, manifest, licence or local.stated_licence(session, manifest.model))

    def forget_revision(self, model_id: str, revision: str) -> bool:
        """Remove a revision, and the aliases that point to it; False when there is none."""
        from zoo.catalog import local

        with self._write() as session:
            return local.forget(session, model_id, revision, utc_now())

    def revisions(self, model_id: str) -> tuple[RevisionRecord, ...]:
        """The installed revisions of a model, the latest first."""
        from zoo.catalog import local

        with self._read() as session:
            return local.revisions(session, model_id)

    def latest_revision(self, model_id: str) -> RevisionRecord | None:
        """The revision that was pulled last, or None."""
        return next(iter(self.revisions(model_id)), None)

    def find_revision(self, model_id: str, text: str) -> str:
        """The installed revision that `text` (an alias, 7 or more first digits, an origin's revision) names.

        Raises:
            NotFound: none.
            AmbiguousModel: several.
        """
        from zoo.catalog import local

        with self._read() as session:
            return local.find(session, model_id, text)

    def set_alias(self, model_id: str, alias: str, revision: str) -> bool:
        """Point an alias at an installed revision, and note the change; False when it points there already.

        Raises:
            BadRef: the alias cannot be typed after `@`, or reads like a revision.
            NotInstalled: the revision is not installed.
        """
        from zoo.catalog import local

        with self._write() as session:
            return local.set_alias(session, model_id, alias, revision, utc_now())

    def unset_alias(self, model_id: str, alias: str) -> bool:
        """Remove an alias, and note it; False when there is none."""
        from zoo.catalog import local

        with self._write() as session:
            return local.unset_alias(session, model_id, alias, utc_now())

    def alias(self, model_id: str, alias: str) -> str | None:
        """The revision that an alias points to, or None."""
        from zoo.catalog import local

        with self._read() as session:
            return local.alias(session, model_id, alias)

    def alias_history(self, model_id: str) -> tuple[AliasChange, ...]:
        """All changes of a model's aliases, the oldest first."""
        from zoo.catalog import local

        with self._read() as session:
            return local.alias_history(session, model_id)

    # Lineage and runs

    def add_lineage(
        self,
        child_id: str,
        base_id: str,
        base_revision: str | None = None,
        relation: str = "finetuned",
        run_id: str | None = None,
        *,
        child_revision: str | None = None,
    ) -> bool:
        """Enter that one model was made from another; False when that is known. Raises `NotFound` for no such run."""
        from zoo.catalog import history

        edge = Edge(
            child=child_id,
            base=base_id,
            relation=relation,
            child_revision=child_revision,
            base_revision=base_revision,
            run=run_id,
        )
        with self._write() as session:
            return history.add_edge(session, edge)

    def lineage(self, model_id: str) -> Lineage:
        """From which models a model was made, and which were made from it, nearest first."""
        from zoo.catalog import history

        with self._read() as session:
            return history.lineage(session, model_id)

    def start_run(self, run: RunRecord) -> bool:
        """Enter a run that begins (or, after a loss, one that has ended); False when it is there already.

        Raises:
            CatalogError: another run has its id.
        """
        from zoo.catalog import history

        with self._write() as session:
            return history.start(session, run)

    def finish_run(
        self,
        run_id: str,
        outcome: str = "done",
        *,
        metrics: Mapping[str, Any] | None = None,
        model: str | None = None,
        ended: str | None = None,
    ) -> bool:
        """Enter how a run ended; False when that is known.

        Args:
            run_id: of the run.
            outcome: `done`, `failed` or `interrupted`.
            metrics: what was measured.
            model: the model that it made, when it has a name only now.
            ended: UTC, ISO 8601; now by default.

        Raises:
            NotFound: no such run.
            CatalogError: it has already ended otherwise.
        """
        from zoo.catalog import history

        given = {"metrics": dict(metrics) if metrics is not None else None, "model": model}
        changes = {name: value for name, value in given.items() if value is not None}
        with self._write() as session:
            return history.finish(session, run_id, outcome, ended or utc_now(), changes)

    def resume_run(self, run_id: str) -> bool:
        """Enter that a run which was stopped, failed or interrupted goes on; False when it counts as running.

        Raises:
            NotFound: no such run.
            CatalogError: it is done.
        """
        from zoo.catalog import history

        with self._write() as session:
            return history.resume(session, run_id)

    def forget_run(self, run_id: str) -> bool:
        """Remove a run; models and lineage that came of it stay. False when there is none."""
        from zoo.catalog import history

        with self._write() as session:
            return history.forget_run(session, run_id)

    def runs(self, *, kind: str | None = None, model: str | None = None) -> tuple[RunRecord, ...]:
        """The runs, of one kind or model where given, the latest first."""
        from zoo.catalog import history

        with self._read() as session:
            return history.all_runs(session, kind, model)

    def run(self, run_id: str) -> RunRecord:
        """One run; raises `NotFound`."""
        from zoo.catalog import history

        with self._read() as session:
            return history.one_run(session, run_id)

    def remember(self, key: str, value: str) -> None:
        """Keep a setting, such as `environment`; `zoo.catalog.hot.setting` reads it."""
        from zoo.catalog import local

        with self._write() as session:
            local.put_setting(session, key, value)
