"""The tables, typed. Dialect-neutral but for the two full-text tables, which only SQLite has (`migrations`).

The cards' texts, revisions, aliases, runs, lineage, settings, edits and notes are what the catalog knows. `model`,
`also`, `facet`, `word` and the full-text tables are derived from the texts (`zoo.catalog.derive`) and can be thrown
away: a newer zoo that derives them otherwise does so when it opens the database.

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
    "AlsoRow",
    "Base",
    "CardRow",
    "EditRow",
    "FacetRow",
    "FeedRow",
    "FileRow",
    "LineageRow",
    "ModelRow",
    "NoteRow",
    "RevisionRow",
    "RunRow",
    "SettingRow",
    "WordRow",
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
    """A model as searches see it: what orders and narrows them. Everything here can be derived from its card.

    `key` is the row of the full-text index too, and says how good a first answer the model is: smaller comes first
    (`zoo.catalog.goodness`). `folded` is the id in lower case, unique, so that no two names differ only by case; `name`
    and `short` are its parts in lower case (`zoo.catalog.words`). `variant` is 0 for the first of the variants with
    one short name; `chosen` says that its card is tagged `default`. `metric_order` is the ranking metric's value,
    negated where lower is better, and `metrics` holds `{name: value}` of all.
    """

    __tablename__ = "model"

    key: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(193))
    folded: Mapped[str] = mapped_column(String(193))
    name: Mapped[str] = mapped_column(String(96), index=True)
    short: Mapped[str] = mapped_column(String(96), index=True)
    variant: Mapped[int]
    chosen: Mapped[bool]
    deprecated: Mapped[bool]
    feed: Mapped[str] = mapped_column(ForeignKey("feed.name"), index=True)
    task: Mapped[str] = mapped_column(String(64))
    library: Mapped[str] = mapped_column(String(64))
    loader: Mapped[str] = mapped_column(String(64))
    architecture: Mapped[str] = mapped_column(String(128))
    family: Mapped[str | None] = mapped_column(String(96))
    base: Mapped[str | None] = mapped_column(String(193), index=True)
    licence: Mapped[str] = mapped_column(String(128))
    licence_class: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    macs: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    input: Mapped[int | None]
    classes: Mapped[int | None]
    downloads: Mapped[int | None] = mapped_column(BigInteger)
    published: Mapped[str | None] = mapped_column(String(10))
    metric_order: Mapped[float | None]
    metrics: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_model_id", "id", unique=True),
        Index("ix_model_folded", "folded", unique=True),
    )


class CardRow(Base):
    """A model's whole card as canonical JSON, with the user's edits; apart, so that searches read short rows."""

    __tablename__ = "card"

    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class FacetRow(Base):
    """A fact that models share, such as `task` `translation`: its number in the index, and how many have it."""

    __tablename__ = "facet"
    __table_args__ = (Index("ix_facet_field", "field", "value", unique=True),)

    key: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(64))
    value: Mapped[str] = mapped_column(String(193))
    models: Mapped[int]


class WordRow(Base):
    """A word of names, and how many models' names have it; for parts of words, and for "did you mean"."""

    __tablename__ = "word"
    __table_args__ = (Index("ix_word_text", "text", unique=True),)

    key: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(96))
    models: Mapped[int]


class AlsoRow(Base):
    """A further name, lower case, by which people ask for a model; from its card's `aliases`."""

    __tablename__ = "also"

    name: Mapped[str] = mapped_column(String(193), primary_key=True)
    model: Mapped[int] = mapped_column(ForeignKey("model.key", ondelete="CASCADE"), primary_key=True, index=True)


class EditRow(Base):
    """A fact of a model that the user has set, laid over its feed's card; `offered` is the feed's own value."""

    __tablename__ = "edit"

    model: Mapped[str] = mapped_column(String(193), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    offered: Mapped[Any | None] = mapped_column(JSON)
    changed: Mapped[str] = mapped_column(String(32))


class NoteRow(Base):
    """What the user wrote about a model."""

    __tablename__ = "note"

    key: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(193), index=True)
    text: Mapped[str] = mapped_column(Text)
    written: Mapped[str] = mapped_column(String(32))


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
    """A change of an alias; `revision` is None where it was removed, `who` where the account has no name."""

    __tablename__ = "alias_history"

    key: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(193), index=True)
    alias: Mapped[str] = mapped_column(String(128))
    revision: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    changed: Mapped[str] = mapped_column(String(32))
    who: Mapped[str | None] = mapped_column(String(128))


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
