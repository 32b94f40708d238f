"""Licences: the class of expressions, and never permissive by mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.licences import CLASSES, licence_class, obligations, spdx


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Apache-2.0", "permissive"),
        ("mit", "permissive"),
        ("PDDL-1.0", "permissive"),
        ("GPL-3.0-or-later", "copyleft"),
        ("GPL-2.0+", "copyleft"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"),
        ("CC-BY-SA-4.0", "copyleft"),
        ("CC-BY-NC-SA-4.0", "non-commercial"),
        ("creativeml-openrail-m", "rail"),
        ("openrail++", "rail"),
        ("apple-amlr", "research-only"),
        ("llama3", "other"),
        ("dinov3-license", "other"),
        ("not stated", "not stated"),
        ("", "not stated"),
        (None, "not stated"),
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
def test_any_text_has_a_class(text: str) -> None:
    assert licence_class(text) in CLASSES


def test_hub_words_become_identifiers() -> None:
    assert spdx("apache-2.0") == "Apache-2.0"
    assert spdx("llama3.1") == "llama3.1"
    assert spdx(None) == spdx("unknown") == "not stated"
