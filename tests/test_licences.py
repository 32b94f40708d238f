"""Licences: the class of expressions, and never permissive by mistake."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from zoo.licences import CLASSES, duties, licence_class, obligations, spdx, unknown_words

# The hub's licence page, its identifiers at the time of writing.
HUB = [
    "apache-2.0",
    "mit",
    "openrail",
    "bigscience-openrail-m",
    "creativeml-openrail-m",
    "bigscience-bloom-rail-1.0",
    "bigcode-openrail-m",
    "afl-3.0",
    "artistic-2.0",
    "bsl-1.0",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "c-uda",
    "cc",
    "cc0-1.0",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nd-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cdla-sharing-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "wtfpl",
    "ecl-2.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "eupl-1.2",
    "agpl-3.0",
    "gfdl",
    "gpl",
    "gpl-2.0",
    "gpl-3.0",
    "lgpl",
    "lgpl-2.1",
    "lgpl-3.0",
    "isc",
    "h-research",
    "intel-research",
    "lppl-1.3c",
    "ms-pl",
    "apple-ascl",
    "apple-amlr",
    "mpl-2.0",
    "odc-by",
    "odbl",
    "openmdw-1.0",
    "openmdw-1.1",
    "openrail++",
    "osl-3.0",
    "postgresql",
    "ofl-1.1",
    "ncsa",
    "unlicense",
    "zlib",
    "pddl",
    "lgpl-lr",
    "deepfloyd-if-license",
    "fair-noncommercial-research-license",
    "llama2",
    "llama3",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "llama4",
    "grok2-community",
    "gemma",
    "unknown",
    "other",
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Apache-2.0", "permissive"),
        ("mit", "permissive"),
        ("PDDL-1.0", "permissive"),
        ("pddl", "permissive"),
        ("openmdw-1.1", "permissive"),
        ("GPL-3.0-or-later", "copyleft"),
        ("GPL-2.0+", "copyleft"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"),
        ("CC-BY-SA-4.0", "copyleft"),
        ("CC-BY-SA-2.1-JP", "copyleft"),
        ("lgpl-lr", "copyleft"),
        ("CC-BY-ND-4.0", "other"),
        ("cc", "other"),
        ("CC-BY-NC-SA-4.0", "non-commercial"),
        ("CC-BY-NC-ND-3.0-DE", "non-commercial"),
        ("creativeml-openrail-m", "rail"),
        ("openrail++", "rail"),
        ("gemma", "rail"),
        ("apple-amlr", "research-only"),
        ("seer-license", "research-only"),
        ("fair-noncommercial-research-license", "research-only"),
        ("tongyi-qianwen-research", "non-commercial"),
        ("mrl", "research-only"),
        ("apple-ascl", "other"),
        ("llama3", "other"),
        ("dinov3-license", "other"),
        ("nvidia-open-model-license", "other"),
        ("not stated", "not stated"),
        ("", "not stated"),
        (None, "not stated"),
        ("NOASSERTION", "not stated"),
        ("Apache-2.0 AND CC-BY-NC-4.0", "non-commercial"),
        ("MIT OR GPL-3.0-only", "permissive"),
        ("(MIT OR GPL-3.0-only) AND CC-BY-SA-3.0", "copyleft"),
        ("MIT AND not-a-licence", "other"),
        ("MIT AND", "other"),
        ("AND", "other"),
        ("(MIT", "permissive"),
    ],
)
def test_class_of_an_expression(expression: str | None, expected: str) -> None:
    assert licence_class(expression) == expected
    assert obligations(expression)


@given(st.text())
def test_any_text_has_a_class_and_obligations(text: str) -> None:
    assert licence_class(text) in CLASSES
    assert obligations(text)
    assert set(unknown_words(text)) <= set(re.findall(r"[^\s()]+", text))


def test_terms_joined_by_and_bind_to_all_that_each_asks() -> None:
    assert duties("CC-BY-SA-4.0 AND CC-BY-NC-4.0") == ("notice", "share-alike", "no-commerce")
    assert duties("GPL-3.0-only AND creativeml-openrail-m") == ("notice", "share-alike", "uses")
    assert duties("MIT OR GPL-3.0-only") == ("notice",)
    assert duties("CC-BY-NC-ND-4.0") == ("notice", "no-commerce", "no-changes")
    assert duties("apple-ascl") == ("notice", "no-patents")
    assert len(obligations("CC-BY-NC-SA-4.0")) == 3


def test_hub_words_become_identifiers() -> None:
    assert spdx("apache-2.0") == "Apache-2.0"
    assert spdx("gpl-3.0") == "GPL-3.0-only"
    assert spdx("llama3.1") == "llama3.1"
    assert spdx(None) == spdx("unknown") == "not stated"


@pytest.mark.parametrize("word", HUB)
def test_every_word_of_the_hub_is_known_and_its_identifier_is_one_of_the_spdx_list(word: str) -> None:
    """The list of SPDX identifiers is the one that `packaging` carries."""
    assert not unknown_words(word)
    identifier = spdx(word)
    assert licence_class(identifier) == licence_class(word)
    if identifier not in {word, "not stated"}:
        assert canonicalize_license_expression(identifier) == identifier


def test_identifiers_are_spelt_as_the_spdx_list_spells_them() -> None:
    for word in ("MIT", "bsd-3-clause", "cc0-1.0", "CC-BY-NC-SA-4.0", "lgpl-2.1", "gfdl-1.3", "etalab-2.0", "ms-pl"):
        assert canonicalize_license_expression(spdx(word)) == spdx(word)


def test_words_that_nobody_knows_are_named() -> None:
    assert unknown_words("MIT AND (acme-licence OR GPL-2.0-only WITH Classpath-exception-2.0)") == ("acme-licence",)
    assert unknown_words("not stated") == unknown_words(None) == ()
