"""Alembic's folder: `env.py`, and one numbered file in `versions` for each version of the schema."""

from __future__ import annotations
