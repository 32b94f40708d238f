"""Models learn from texts alone: hidden words, and to write."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import torch
from zoo_nlp.adapters.masking import MaskedWords
from zoo_nlp.adapters.tokenwise import IGNORED
from zoo_nlp.adapters.writing import Writer

from tests.plugins.nlp.learning import learn, outputs, own, saved
from zoo.errors import BadData, UnsupportedFormat
from zoo.plugin import Target

TARGET = Target(kind="text")
TEXTS = ["the cat sat on the mat .", "a good film", "paris is the capital of france .", "the dog is bad"]
ROWS = [(text, None) for text in TEXTS]
LONG = "the cat sat on a mat and a dog is bad . " * 8
KINDS = {
    "masks": ("bert", "AutoModelForMaskedLM", "fill-mask", MaskedWords),
    "tied": ("gpt2", "AutoModelForCausalLM", "text-generation", Writer),
    "untied": ("llama", "AutoModelForCausalLM", "text-generation", Writer),
}


@pytest.fixture
def adapter_of(make: Any) -> Any:
    """`adapter_of("masks")`: the adapter of a small model."""

    def made(name: str) -> Any:
        kind, head, task, adapter = KINDS[name]
        _, checkpoint = make(kind, head, task=task, tie_word_embeddings=name != "untied")
        return adapter(checkpoint)

    return made


@pytest.mark.parametrize("name", KINDS)
def test_texts_are_learnt_and_loaded_again_to_the_bit(adapter_of: Any, name: str) -> None:
    adapter = adapter_of(name)
    torch.manual_seed(0)
    module = adapter.trainable(own(adapter.checkpoint), TARGET)
    before = outputs(adapter, module, TARGET, ROWS)
    losses = learn(adapter, module, TARGET, ROWS, steps=60, rate=1e-2)
    assert sum(losses[-5:]) < (0.9 if name == "masks" else 0.7) * sum(losses[:5])
    after = outputs(adapter, module, TARGET, ROWS)
    assert after[:, 0].sum() < before[:, 0].sum()
    assert torch.equal(after[:, 1], before[:, 1])
    checkpoint, made = saved(adapter, module, TARGET, method="full", task=KINDS[name][2])
    assert made.files == ("model.safetensors",)
    assert torch.equal(outputs(adapter, own(checkpoint), TARGET, ROWS), after)
    work = checkpoint.path.parent / "small"
    work.mkdir()
    assert adapter.save(module, TARGET, work, method="lora").files == ()


def test_the_loss_of_writing_is_transformers_own(adapter_of: Any) -> None:
    adapter = adapter_of("tied")
    module = own(adapter.checkpoint).eval()
    rows = outputs(adapter, module, TARGET, ROWS)
    for text, (total, count) in zip(TEXTS, rows.tolist(), strict=True):
        ids = torch.tensor([adapter.tokens.encode(text).ids])
        with torch.inference_mode():
            assert total / count == pytest.approx(module(input_ids=ids, labels=ids).loss.item(), rel=1e-5)
        assert count == ids.shape[1] - 1
    examples = [adapter.encode(*row, TARGET, draw=None) for row in ROWS]
    mean = adapter.loss(module, adapter.batch(examples, TARGET), TARGET)[0].item()
    assert mean == pytest.approx((rows[:, 0].sum() / rows[:, 1].sum()).item(), rel=1e-5)


def test_each_token_of_a_long_text_is_told_once(adapter_of: Any) -> None:
    adapter = adapter_of("tied")
    windows = adapter.encode(LONG, None, TARGET, draw=None)
    assert len(windows) > 4
    drawn = [adapter.encode(LONG, None, TARGET, draw=random.Random(i)) for i in range(40)]
    assert {len(found) for found in drawn} == {1}
    assert len({tuple(found[0].ids) for found in drawn}) == len(windows)
    told = [label for window in windows for label in window.labels if label != IGNORED]
    whole = adapter.tokens.tokenizer(LONG, add_special_tokens=False)["input_ids"]
    # [CLS] and [SEP] stand around each window; the separator is told in each.
    assert [token for token in told if token != 3] == whole


def test_windows_count_alike_alone_and_together(adapter_of: Any) -> None:
    adapter = adapter_of("untied")
    module = own(adapter.checkpoint).eval()
    rows = [(LONG, None), *ROWS]
    together = outputs(adapter, module, TARGET, rows)
    alone = torch.cat([outputs(adapter, module, TARGET, [row]) for row in rows])
    assert torch.allclose(together, alone, rtol=1e-4)
    assert together.shape == (5, 2)


def test_the_end_of_a_text_is_learnt_and_not_counted(adapter_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = adapter_of("tied")
    adapter.tokens.tokenizer.eos_token = "film"
    end = adapter.tokens.tokenizer.eos_token_id
    [learnt] = adapter.encode(TEXTS[0], None, TARGET, draw=random.Random(0))
    [counted] = adapter.encode(TEXTS[0], None, TARGET, draw=None)
    assert list(learnt.ids) == [*counted.ids, end]
    assert list(learnt.labels) == [*counted.labels, end]
    assert adapter.encode(LONG, None, TARGET, draw=random.Random(0))[0].ids[-1] != end


def test_masks_follow_from_the_numbers_and_in_evaluation_from_the_text(adapter_of: Any) -> None:
    adapter = adapter_of("masks")
    text = "the cat sat on a mat is good film of paris"

    def masked(draw: random.Random | None) -> tuple[list[int], list[int]]:
        [window] = adapter.encode(text, None, TARGET, draw=draw)
        return list(window.ids), list(window.labels)

    assert masked(random.Random(3)) == masked(random.Random(3))
    assert len({tuple(masked(random.Random(i))[0]) for i in range(20)}) > 10
    assert masked(None) == masked(None)
    ids, labels = masked(None)
    whole = list(adapter.tokens.encode(text).ids)
    assert [label for label in labels if label != IGNORED]
    assert all(was == now for was, now, label in zip(whole, ids, labels, strict=True) if label == IGNORED)
    assert all(label in {IGNORED, was} for was, label in zip(whole, labels, strict=True))


def test_shares_of_masks(adapter_of: Any) -> None:
    adapter = adapter_of("masks")
    text = "cat dog mat film paris cat dog mat film paris cat dog"
    whole = list(adapter.tokens.encode(text).ids)
    seen: Counter[str] = Counter()
    for number in range(2000):
        [window] = adapter.encode(text, None, TARGET, draw=random.Random(number))
        chosen = [place for place, label in enumerate(window.labels) if label != IGNORED]
        assert len(chosen) == 2  # 15 % of 12
        assert not {0, len(whole) - 1} & set(chosen)
        for place in chosen:
            now = window.ids[place]
            seen["mask" if now == adapter.mask_id else "same" if now == whole[place] else "other"] += 1
            assert now == adapter.mask_id or now > 4  # never another special token
    shares = {name: count / sum(seen.values()) for name, count in seen.items()}
    assert shares["mask"] == pytest.approx(0.8, abs=0.03)
    assert shares["same"] + shares["other"] == pytest.approx(0.2, abs=0.03)
    assert shares["other"] == pytest.approx(0.1, abs=0.03)


def test_a_model_without_the_head_is_refused(make: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    for adapter in (MaskedWords(checkpoint), Writer(checkpoint)):
        with pytest.raises(UnsupportedFormat, match="no head that tells words"):
            adapter.trainable(own(checkpoint), TARGET)
    with pytest.raises(BadData):
        MaskedWords(checkpoint).encode(" ", None, TARGET, draw=None)
