"""Run by Alembic: migrate on the connection, and in the transaction, that `zoo.catalog.migrate` opened."""

from __future__ import annotations

from alembic import context

from zoo.catalog.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
