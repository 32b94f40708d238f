"""Word vectors of gensim-data: files in the text or binary format of word2vec, compressed by gzip.

Every fact is read from `list.json` of https://github.com/piskvorky/gensim-data at commit bd93f51, which states words,
dimensions, bytes, corpus, licence and papers of each; its checksums are MD5, so no sha256 is known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zoo.cards import NOT_STATED, Licence, ModelCard, Source, WeightFile

__all__ = ["word_cards"]

LIST = "https://github.com/piskvorky/gensim-data/blob/bd93f51f7536dbf84f194cd8a81c0644b7b95b41/list.json"
RELEASES = "https://github.com/RaRe-Technologies/gensim-data/releases/download"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What `list.json` states of one file."""

    name: str
    words: int
    dimensions: int
    size: int
    family: str
    tag: str
    paper: str
    datasets: tuple[str, ...]
    licence: str = NOT_STATED
    published: str | None = None
    language: str = "en"
    aliases: tuple[str, ...] = ()


def _glove(corpus: str, words: int, sizes: Mapping[int, int], datasets: tuple[str, ...]) -> list[Row]:
    return [
        Row(
            name=f"glove-{corpus}-{dimensions}",
            words=words,
            dimensions=dimensions,
            size=size,
            family="glove",
            tag="uncased",
            paper="https://nlp.stanford.edu/pubs/glove.pdf",
            datasets=datasets,
            licence="PDDL-1.0",
        )
        for dimensions, size in sizes.items()
    ]


ROWS = (
    *_glove(
        "wiki-gigaword",
        400_000,
        {50: 69_182_535, 100: 134_300_434, 200: 264_336_934, 300: 394_362_229},
        ("gigaword", "wikipedia"),
    ),
    *_glove("twitter", 1_193_514, {25: 109_885_004, 50: 209_216_938, 100: 405_932_991, 200: 795_373_100}, ("twitter",)),
    Row(
        name="word2vec-google-news-300",
        words=3_000_000,
        dimensions=300,
        size=1_743_563_840,
        family="word2vec",
        tag="cased",
        paper="https://arxiv.org/abs/1301.3781",
        published="2013-01",
        datasets=("google-news",),
        aliases=("word2vec",),
    ),
    Row(
        name="word2vec-ruscorpora-300",
        words=184_973,
        dimensions=300,
        size=208_427_381,
        family="word2vec",
        tag="lemmatised",
        paper="http://rusvectores.org/en/",
        datasets=("ruscorpora",),
        licence="CC-BY-4.0",
        language="ru",
    ),
    Row(
        name="fasttext-wiki-news-subwords-300",
        words=999_999,
        dimensions=300,
        size=1_005_007_116,
        family="fasttext",
        tag="cased",
        paper="https://arxiv.org/abs/1712.09405",
        published="2017-12",
        datasets=("statmt.org-news", "umbc-webbase", "wikipedia"),
        licence="CC-BY-SA-3.0",
        aliases=("fasttext",),
    ),
)

NAMES = {"glove": "GloVe", "word2vec": "Word2Vec", "fasttext": "fastText"}
LANGUAGES = {"en": "English", "ru": "Russian"}


def word_cards() -> list[ModelCard]:
    """The cards of all rows."""
    return [_card(row) for row in ROWS]


def _card(row: Row) -> ModelCard:
    file = f"{row.name}.gz"
    uri = f"{RELEASES}/{row.name}/{file}"
    known = {"default", "popular"} if row.aliases else set()
    return ModelCard(
        id=row.name,
        task="feature-extraction",
        tasks=("word-analogy",),
        summary=(
            f"{NAMES[row.family]} word vectors: {row.words:,} {LANGUAGES[row.language]} words, "
            f"{row.dimensions} numbers each."
        ),
        library="zoo",
        loader="word-vectors",
        architecture=NAMES[row.family],
        config=MappingProxyType({"dimensions": row.dimensions, "vectors": file}),
        parameters=row.words * row.dimensions,
        size=row.size,
        published=row.published,
        licence=Licence(weights=row.licence, source=LIST if row.licence != NOT_STATED else None),
        sources=(Source(uri=uri, size=row.size),),
        files=(WeightFile(path=file, origin=(uri,), size=row.size),),
        tags=tuple(sorted({"embeddings", "word-vectors", row.tag} | known)),
        languages=(row.language,),
        datasets=row.datasets,
        family=row.family,
        aliases=row.aliases,
        paper=row.paper,
        facts=MappingProxyType(
            {
                "datasets, languages, licence, paper, size": LIST,
                "parameters": f"words times dimensions, from {LIST}",
                **({"published": "the month of the paper"} if row.published else {}),
            }
        ),
    )
