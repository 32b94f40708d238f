"""The tables, typed. Dialect-neutral but for the two full-text tables, which only SQLite has (`migrations`).

Revisions, aliases, lineage and runs name models by their id and not by a foreign key: they are facts about this
machine, and stay when the plugin that supplied a card is removed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, ForeignKeyConstraint, Index, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "AliasHistoryRow",
    "AliasRow",
    "Base",
    "CardRow",
    "FeedRow",
    "FileRow",
    "LicenceRow",
    "LineageRow",
    "MetricRow",
    "ModelLicence",
    "ModelRow",
    "ModelTag",
    "ModelTask",
    "RevisionRow",
    "RunRow",
    "SettingRow",
    "TagRow",
    "TaskRow",
]

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 (SQLAlchemy's own declaration)


class FeedRow(Base):
    """A supplier of cards."""

    __tablename__ = "feed"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))
    synced: Mapped[str | None] = mapped_column(String(32))


class ModelRow(Base):
    """A model: what lists show, and what ranking needs.

    `folded` is the id in lower case, unique, so that no two names differ only by case. `name`, `short` and `stem` are
    its parts in lower case (`zoo.catalog.words`). `variant` is 0 for the first of the variants with one short name.
    `metric_order` is the ranking metric's value, negated where lower is better. `size` is None when not known.
    """

    __tablename__ = "model"

    key: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(193), unique=True)
    folded: Mapped[str] = mapped_column(String(193), unique=True)
    name: Mapped[str] = mapped_column(String(96), index=True)
    short: Mapped[str] = mapped_column(String(96), index=True)
    stem: Mapped[str] = mapped_column(String(96))
    variant: Mapped[int]
    feed: Mapped[str] = mapped_column(ForeignKey("feed.name"), index=True)
    task: Mapped[str] = mapped_column(String(64))
    library: Mapped[str] = mapped_column(String(64))
    loader: Mapped[str] = mapped_column(String(64))
    architecture: Mapped[str] = mapped_column(String(128))
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    licence: Mapped[str] = mapped_column(String(128))
    package_licence: Mapped[str | None] = mapped_column(String(128))
    family: Mapped[str | None] = mapped_column(String(96))
    summary: Mapped[str] = mapped_column(Text)
    metric_name: Mapped[str | None] = mapped_column(String(64))
    metric_value: Mapped[float | None]
    metric_order: Mapped[float | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    base: Mapped[str | None] = mapped_column(String(193), index=True)
    sources: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))


class CardRow(Base):
    """A model's whole card as canonical JSON; apart from the model, so that searches read short rows."""

    __tablename__ = "card"

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class TaskRow(Base):
    """A task that some model does."""

    __tablename__ = "task"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)


class ModelTask(Base):
    """A model does a task; position 0 is its main one."""

    __tablename__ = "model_task"

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(ForeignKey("task.name"), primary_key=True, index=True)
    position: Mapped[int]


class TagRow(Base):
    """A word about models; `kind` is `tag`, `language` or `dataset`."""

    __tablename__ = "tag"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)


class ModelTag(Base):
    """A model has a tag, speaks a language, or was trained on a data set."""

    __tablename__ = "model_tag"
    __table_args__ = (
        ForeignKeyConstraint(["kind", "name"], ["tag.kind", "tag.name"]),
        Index(None, "kind", "name"),
    )

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)


class LicenceRow(Base):
    """A licence: an SPDX expression, or `not stated`."""

    __tablename__ = "licence"

    expression: Mapped[str] = mapped_column(String(128), primary_key=True)


class ModelLicence(Base):
    """The licence of a model's `weights` or of the `package` that delivers them, and where this was read."""

    __tablename__ = "model_licence"

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    expression: Mapped[str] = mapped_column(ForeignKey("licence.expression"), index=True)
    source: Mapped[str | None] = mapped_column(Text)


class MetricRow(Base):
    """A score of a model, in the card's order."""

    __tablename__ = "metric"

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    value: Mapped[float]
    dataset: Mapped[str] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(Text)


class RevisionRow(Base):
    """An installed revision, with its licence as it was stated when the files arrived."""

    __tablename__ = "revision"

    model: Mapped[str] = mapped_column(String(193), primary_key=True)
    revision: Mapped[str] = mapped_column(String(64), primary_key=True)
    folded: Mapped[str] = mapped_column(String(193), index=True)
    pulled: Mapped[str] = mapped_column(String(32))
    upstream: Mapped[str | None] = mapped_column(String(128))
    containers: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(BigInteger)
    licence: Mapped[str] = mapped_column(String(128))
    package_licence: Mapped[str | None] = mapped_column(String(128))
    licence_source: Mapped[str | None] = mapped_column(Text)


class FileRow(Base):
    """A file of a revision; the `source_` columns tell of the file as it arrived, where it was converted."""

    __tablename__ = "file"
    __table_args__ = (
        ForeignKeyConstraint(["model", "revision"], ["revision.model", "revision.revision"], ondelete="CASCADE"),
    )

    model: Mapped[str] = mapped_column(String(193), primary_key=True)
    revision: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(String(512), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    format: Mapped[str] = mapped_column(String(32))
    origin: Mapped[list[Any]]
    source_path: Mapped[str | None] = mapped_column(String(512))
    source_size: Mapped[int | None] = mapped_column(BigInteger)
    source_sha256: Mapped[str | None] = mapped_column(String(64))


class AliasRow(Base):
    """A movable name for a revision."""

    __tablename__ = "alias"
    __table_args__ = (ForeignKeyConstraint(["model", "revision"], ["revision.model", "revision.revision"]),)

    model: Mapped[str] = mapped_column(String(193), primary_key=True)
    alias: Mapped[str] = mapped_column(String(128), primary_key=True)
    revision: Mapped[str] = mapped_column(String(64))


class AliasHistoryRow(Base):
    """A change of an alias; `revision` is None where it was removed."""

    __tablename__ = "alias_history"

    key: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(193), index=True)
    alias: Mapped[str] = mapped_column(String(128))
    revision: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    changed: Mapped[str] = mapped_column(String(32))


class RunRow(Base):
    """A run: what was done, with what, and how it ended."""

    __tablename__ = "run"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    model: Mapped[str | None] = mapped_column(String(193), index=True)
    argv: Mapped[list[Any]]
    hyperparameters: Mapped[dict[str, Any]]
    seeds: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]]
    environment: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]
    started: Mapped[str] = mapped_column(String(32))
    ended: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(32))


class LineageRow(Base):
    """A model was made from another."""

    __tablename__ = "lineage"

    key: Mapped[int] = mapped_column(primary_key=True)
    child: Mapped[str] = mapped_column(String(193), index=True)
    child_revision: Mapped[str | None] = mapped_column(String(64))
    base: Mapped[str] = mapped_column(String(193), index=True)
    base_revision: Mapped[str | None] = mapped_column(String(64))
    relation: Mapped[str] = mapped_column(String(32))
    run: Mapped[str | None] = mapped_column(ForeignKey("run.id"))


class SettingRow(Base):
    """A remembered value, such as the fingerprint of the installed plugins."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
