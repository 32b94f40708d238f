"""Result files: many inputs, one record each, whole at every moment, and gone on with after a break."""

from __future__ import annotations

from zoo.outputs.files import check_path
from zoo.outputs.writer import Summary, Writer, write_results

__all__ = ["Summary", "Writer", "check_path", "write_results"]
