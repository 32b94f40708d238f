"""The numbers in the database file's header, known without SQLAlchemy or Alembic."""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "DERIVED", "FULL_TEXT", "SCHEMA_VERSION"]

# `PRAGMA user_version`: the number of the newest file in `migrations/versions`; a test keeps them equal.
SCHEMA_VERSION = 2

# The version of what is derived from cards. To be raised when `entries`, or a module that it uses, derives anything
# otherwise than before; a test compares. A database of another version is derived anew when it is opened.
DERIVED = 2

# SQLite's full-text tables, made anew with what is derived. `model_search`: names and facts, by beginnings of up to
# twelve letters; `word_gram`: parts of the words of names. Neither keeps where in a row a word is (`detail=none`), nor
# how long a row is: nothing is ranked by either.
FULL_TEXT = {
    "model_search": "CREATE VIRTUAL TABLE model_search USING fts5(words, tokenize='ascii', "
    "prefix='1 2 3 4 5 6 7 8 9 10 11 12', detail=none, columnsize=0)",
    "word_gram": "CREATE VIRTUAL TABLE word_gram USING fts5(text, tokenize='trigram', "
    "content='word', content_rowid='key', detail=none, columnsize=0)",
}

# `PRAGMA application_id`: the letters ZOOR, by which `file` and the zoo know the database.
APPLICATION_ID = 0x5A4F4F52
