"""The numbers in the database file's header, known without SQLAlchemy or Alembic."""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "DERIVED", "SCHEMA_VERSION"]

# `PRAGMA user_version`: the number of the newest file in `migrations/versions`; a test keeps them equal.
SCHEMA_VERSION = 2

# The version of what is derived from cards. To be raised when `entries`, or a module that it uses, derives anything
# otherwise than before; a test compares. A database of another version is derived anew when it is opened.
DERIVED = 1

# `PRAGMA application_id`: the letters ZOOR, by which `file` and the zoo know the database.
APPLICATION_ID = 0x5A4F4F52
