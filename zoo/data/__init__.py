"""What do I have to learn from, and what is put in? Readers of inputs and of labelled data."""

from __future__ import annotations

from zoo.data.images import IMAGE_SUFFIXES, read_image
from zoo.data.inputs import Item, expand
from zoo.data.labelled import LabelledData, Split, read_labelled, split_data

__all__ = ["IMAGE_SUFFIXES", "Item", "LabelledData", "Split", "expand", "read_image", "read_labelled", "split_data"]
