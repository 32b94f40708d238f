"""Search by one full-text index whose rows are in the order of their goodness; what the user says about models.

All that can be derived from the cards is made anew; `zoo.catalog.derive` fills it, in the same transaction, from the
texts that this leaves in the table `kept`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FULL_TEXT = ("model_gram", "model_search")
_DERIVED = ("model_tag", "tag", "model_task", "task", "model_licence", "licence", "metric", "card", "model")


def upgrade() -> None:
    op.execute(
        "CREATE TABLE kept AS SELECT feed, digest, text FROM card JOIN model ON model.key = card.model ORDER BY folded"
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in (*(_FULL_TEXT if sqlite else ()), *_DERIVED):
        op.drop_table(table)
    _model()
    _words()
    _said()
    op.add_column("alias_history", sa.Column("who", sa.String(length=128), nullable=True))
    if sqlite:
        _full_text()
        _views()


def _model() -> None:
    op.create_table(
        "model",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=193), nullable=False),
        sa.Column("folded", sa.String(length=193), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("short", sa.String(length=96), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("deprecated", sa.Boolean(), nullable=False),
        sa.Column("feed", sa.String(length=128), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("library", sa.String(length=64), nullable=False),
        sa.Column("loader", sa.String(length=64), nullable=False),
        sa.Column("architecture", sa.String(length=128), nullable=False),
        sa.Column("family", sa.String(length=96), nullable=True),
        sa.Column("base", sa.String(length=193), nullable=True),
        sa.Column("licence", sa.String(length=128), nullable=False),
        sa.Column("licence_class", sa.String(length=16), nullable=False),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("macs", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("input", sa.Integer(), nullable=True),
        sa.Column("classes", sa.Integer(), nullable=True),
        sa.Column("downloads", sa.BigInteger(), nullable=True),
        sa.Column("published", sa.String(length=10), nullable=True),
        sa.Column("metric_order", sa.Double(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feed.name"], name=op.f("fk_model_feed_feed")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model")),
    )
    for column in ("base", "feed", "folded", "id", "name", "short"):
        op.create_index(op.f(f"ix_model_{column}"), "model", [column], unique=column in {"folded", "id"})
    op.create_table(
        "card",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_card_model_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_card")),
    )


def _words() -> None:
    """Further names of models, the facts that they share, and the words of their names."""
    op.create_table(
        "also",
        sa.Column("name", sa.String(length=193), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_also_model_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name", "model", name=op.f("pk_also")),
    )
    op.create_index(op.f("ix_also_model"), "also", ["model"])
    op.create_table(
        "facet",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=193), nullable=False),
        sa.Column("models", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_facet")),
    )
    op.create_index(op.f("ix_facet_field"), "facet", ["field", "value"], unique=True)
    op.create_table(
        "word",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=96), nullable=False),
        sa.Column("models", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_word")),
    )
    op.create_index(op.f("ix_word_text"), "word", ["text"], unique=True)


def _said() -> None:
    """What the user says about models, which no feed changes."""
    op.create_table(
        "edit",
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=True),
        sa.Column("changed", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("model", "field", name=op.f("pk_edit")),
    )
    op.create_table(
        "note",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_model"), "note", ["model"])


def _full_text() -> None:
    """As they were first; `zoo.catalog.derive` makes them anew as they are now (`zoo.catalog.layout`)."""
    op.execute("CREATE VIRTUAL TABLE model_search USING fts5(words, tokenize='ascii', detail=none, columnsize=0)")
    op.execute(
        "CREATE VIRTUAL TABLE word_gram USING fts5("
        "text, tokenize='trigram', content='word', content_rowid='key', detail=none, columnsize=0)"
    )


def _views() -> None:
    """The lists in the cards as tables, for those who look at the database with SQL; searches do not use them."""
    op.execute(
        "CREATE VIEW metric AS SELECT card.model, each.key AS position, "
        "json_extract(each.value, '$.name') AS name, json_extract(each.value, '$.value') AS value, "
        "json_extract(each.value, '$.dataset') AS dataset, json_extract(each.value, '$.source') AS source "
        "FROM card, json_each(card.text, '$.metrics') AS each"
    )
    op.execute(
        "CREATE VIEW model_task AS SELECT key AS model, task, 0 AS position FROM model UNION ALL "
        "SELECT card.model, each.value, each.key + 1 FROM card, json_each(card.text, '$.tasks') AS each"
    )
