"""What do I have to learn from, and what is put in? Readers of inputs and of labelled data."""

from __future__ import annotations

from zoo.data.boxes import LabelledBox
from zoo.data.contents import hashes_of
from zoo.data.converting import Converted, convert
from zoo.data.dataset import LabelledData, Split
from zoo.data.films import Frame, film_rate, is_film, read_film, write_film
from zoo.data.images import IMAGE_SUFFIXES, read_image
from zoo.data.inputs import Item, expand
from zoo.data.labelled import read_again, read_labelled
from zoo.data.masks import IGNORED, read_mask
from zoo.data.raw import Columns, Problem, RawData, Row
from zoo.data.series import Series, read_series
from zoo.data.sets import read_raw
from zoo.data.splitting import split_data

__all__ = [
    "IGNORED",
    "IMAGE_SUFFIXES",
    "Columns",
    "Converted",
    "Frame",
    "Item",
    "LabelledBox",
    "LabelledData",
    "Problem",
    "RawData",
    "Row",
    "Series",
    "Split",
    "convert",
    "expand",
    "film_rate",
    "hashes_of",
    "is_film",
    "read_again",
    "read_film",
    "read_image",
    "read_labelled",
    "read_mask",
    "read_raw",
    "read_series",
    "split_data",
    "write_film",
]
