"""Is this file what it claims to be, and harmless? One module per family of formats; nothing is ever executed."""

from __future__ import annotations

import lzma
import zipfile
import zlib

__all__ = ["ZIP_ERRORS"]

#: What `zipfile` raises for damaged archives: bz2 and wild offsets give OSError, encryption RuntimeError, and
#: unknown compressions NotImplementedError, which is a RuntimeError.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
