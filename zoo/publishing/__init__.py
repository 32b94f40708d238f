"""Passing a model on: an installable distribution made of a model that is here, without any Python code in it.

`publish` reads top to bottom: names, licence gate, what is packed, papers, project folder, wheel.
"""

from __future__ import annotations

from zoo.publishing.publish import publish
from zoo.publishing.published import Published
from zoo.publishing.wishes import Wishes

__all__ = ["Published", "Wishes", "publish"]
