"""The first schema: all tables of the catalog, and the full-text tables of SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _supply()
    _facts()
    _files()
    _doings()
    if op.get_bind().dialect.name == "sqlite":
        _full_text()


def _supply() -> None:
    """Who supplies which models, and the words that describe them."""
    op.create_table(
        "feed",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("synced", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed")),
    )
    op.create_table(
        "model",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=193), nullable=False),
        sa.Column("folded", sa.String(length=193), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("short", sa.String(length=96), nullable=False),
        sa.Column("stem", sa.String(length=96), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("feed", sa.String(length=128), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("library", sa.String(length=64), nullable=False),
        sa.Column("loader", sa.String(length=64), nullable=False),
        sa.Column("architecture", sa.String(length=128), nullable=False),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("licence", sa.String(length=128), nullable=False),
        sa.Column("package_licence", sa.String(length=128), nullable=True),
        sa.Column("family", sa.String(length=96), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("metric_name", sa.String(length=64), nullable=True),
        sa.Column("metric_value", sa.Double(), nullable=True),
        sa.Column("metric_order", sa.Double(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("base", sa.String(length=193), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feed.name"], name=op.f("fk_model_feed_feed")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model")),
        sa.UniqueConstraint("folded", name=op.f("uq_model_folded")),
        sa.UniqueConstraint("id", name=op.f("uq_model_id")),
    )
    op.create_index(op.f("ix_model_base"), "model", ["base"])
    op.create_index(op.f("ix_model_feed"), "model", ["feed"])
    op.create_index(op.f("ix_model_name"), "model", ["name"])
    op.create_index(op.f("ix_model_short"), "model", ["short"])
    op.create_table(
        "card",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_card_model_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_card")),
    )
    op.create_table(
        "task",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_task")),
    )
    op.create_table(
        "tag",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_tag")),
    )
    op.create_table(
        "licence",
        sa.Column("expression", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("expression", name=op.f("pk_licence")),
    )


def _facts() -> None:
    """What is said about each model."""
    op.create_table(
        "model_task",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_model_task_model_model"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task"], ["task.name"], name=op.f("fk_model_task_task_task")),
        sa.PrimaryKeyConstraint("model", "task", name=op.f("pk_model_task")),
    )
    op.create_index(op.f("ix_model_task_task"), "model_task", ["task"])
    op.create_table(
        "model_tag",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["kind", "name"], ["tag.kind", "tag.name"], name=op.f("fk_model_tag_kind_name_tag")),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_model_tag_model_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model", "kind", "name", name=op.f("pk_model_tag")),
    )
    op.create_index(op.f("ix_model_tag_kind_name"), "model_tag", ["kind", "name"])
    op.create_table(
        "model_licence",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("expression", sa.String(length=128), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["expression"], ["licence.expression"], name=op.f("fk_model_licence_expression_licence")
        ),
        sa.ForeignKeyConstraint(
            ["model"], ["model.key"], name=op.f("fk_model_licence_model_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model", "role", name=op.f("pk_model_licence")),
    )
    op.create_index(op.f("ix_model_licence_expression"), "model_licence", ["expression"])
    op.create_table(
        "metric",
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("dataset", sa.String(length=128), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_metric_model_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model", "position", name=op.f("pk_metric")),
    )


def _files() -> None:
    """What is installed here, and under which names."""
    op.create_table(
        "revision",
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("folded", sa.String(length=193), nullable=False),
        sa.Column("pulled", sa.String(length=32), nullable=False),
        sa.Column("upstream", sa.String(length=128), nullable=True),
        sa.Column("containers", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("licence", sa.String(length=128), nullable=False),
        sa.Column("package_licence", sa.String(length=128), nullable=True),
        sa.Column("licence_source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model", "revision", name=op.f("pk_revision")),
    )
    op.create_index(op.f("ix_revision_folded"), "revision", ["folded"])
    op.create_table(
        "file",
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("source_path", sa.String(length=512), nullable=True),
        sa.Column("source_size", sa.BigInteger(), nullable=True),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["model", "revision"],
            ["revision.model", "revision.revision"],
            name=op.f("fk_file_model_revision_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model", "revision", "path", name=op.f("pk_file")),
    )
    op.create_index(op.f("ix_file_sha256"), "file", ["sha256"])
    op.create_table(
        "alias",
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("alias", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "revision"],
            ["revision.model", "revision.revision"],
            name=op.f("fk_alias_model_revision_revision"),
        ),
        sa.PrimaryKeyConstraint("model", "alias", name=op.f("pk_alias")),
    )
    op.create_table(
        "alias_history",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=193), nullable=False),
        sa.Column("alias", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("changed", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alias_history")),
    )
    op.create_index(op.f("ix_alias_history_model"), "alias_history", ["model"])


def _doings() -> None:
    """What was done here, and what was made from what."""
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=193), nullable=True),
        sa.Column("argv", sa.JSON(), nullable=False),
        sa.Column("hyperparameters", sa.JSON(), nullable=False),
        sa.Column("seeds", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("started", sa.String(length=32), nullable=False),
        sa.Column("ended", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_model"), "run", ["model"])
    op.create_table(
        "lineage",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("child", sa.String(length=193), nullable=False),
        sa.Column("child_revision", sa.String(length=64), nullable=True),
        sa.Column("base", sa.String(length=193), nullable=False),
        sa.Column("base_revision", sa.String(length=64), nullable=True),
        sa.Column("relation", sa.String(length=32), nullable=False),
        sa.Column("run", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_lineage_run_run")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lineage")),
    )
    op.create_index(op.f("ix_lineage_base"), "lineage", ["base"])
    op.create_index(op.f("ix_lineage_child"), "lineage", ["child"])
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )


def _full_text() -> None:
    """Words (`model_search`) and parts of names (`model_gram`); a row's rowid is the model's key."""
    op.execute(
        "CREATE VIRTUAL TABLE model_search USING fts5("
        "name, family, task, tags, summary, tokenize='unicode61 remove_diacritics 2', prefix='2 3 4')"
    )
    op.execute("CREATE VIRTUAL TABLE model_gram USING fts5(name, tokenize='trigram')")
