"""The tokenizer that runners use is the one that transformers makes of the same folder, whatever its files lack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from transformers import AutoTokenizer
from zoo_nlp.texts import Tokens

from zoo.errors import IntegrityError

TEXTS = ("the cat sat", "[MASK] cat [SEP] sat", "a  <new> Ünï")


def _rewrite(path: Any, **changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
    return content


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("form", ["as saved", "no class", "of a class", "reordered", "added", "legacy", "listed"])
def test_it_is_the_librarys_own(make: Any, kind: str, form: str) -> None:
    _, checkpoint = make(kind, "AutoModel", task="feature-extraction")
    config, file = checkpoint.path / "tokenizer_config.json", checkpoint.path / "tokenizer.json"
    if form == "no class":
        _rewrite(config, tokenizer_class=None)
    if form == "of a class":
        _rewrite(config, tokenizer_class="BertTokenizerFast")
    content = json.loads(file.read_text())
    if form == "reordered":  # what the reader looks for comes after all else
        file.write_text(json.dumps(dict(sorted(content.items(), key=lambda item: item[0] == "added_tokens"))))
    if form == "added":
        new = {**content["added_tokens"][0], "id": len(content["model"]["vocab"]), "content": "<new>", "lstrip": True}
        _rewrite(file, added_tokens=[*content["added_tokens"], new])
    if form == "legacy":
        (checkpoint.path / "special_tokens_map.json").write_text('{"mask_token": "cat"}')
    if form == "listed":
        tokens = {str(token.pop("id")): token for token in content["added_tokens"]}
        _rewrite(config, added_tokens_decoder=tokens)
    made = Tokens(checkpoint).tokenizer
    wanted = AutoTokenizer.from_pretrained(checkpoint.path)
    assert type(made) is type(wanted)
    assert repr(made.added_tokens_decoder) == repr(wanted.added_tokens_decoder)
    assert made.special_tokens_map == wanted.special_tokens_map
    assert [made(text)["input_ids"] for text in TEXTS] == [wanted(text)["input_ids"] for text in TEXTS]


@pytest.mark.parametrize("added", ['[{"content": "x"}]', "[1]", "1", '[{"id": 1}]', "null", '{"a": 2}'])
def test_added_tokens_of_another_form_are_one_clear_error(make: Any, added: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _rewrite(checkpoint.path / "tokenizer.json", added_tokens=json.loads(added) or 0)
    with pytest.raises(IntegrityError, match="tokenizer"):
        Tokens(checkpoint)
