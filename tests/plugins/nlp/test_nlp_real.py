"""The real models, through the public interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

TEXTS = ["A man is eating food.", "ünïcode 日本語", "word " * 600, "The weather is lovely today."]


def test_minilm_equals_transformers(real_zoo: Any) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = real_zoo.load("all-MiniLM-L6-v2")
    path = real_zoo.pull("all-MiniLM-L6-v2").path
    got = np.stack([result.vector for result in model.predict(TEXTS)])
    made = AutoTokenizer.from_pretrained(path)(
        TEXTS, padding=True, truncation=True, max_length=256, return_tensors="pt"
    )
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(path).eval()(**made).last_hidden_state
    mask = made["attention_mask"].unsqueeze(-1)
    wanted = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).numpy()
    assert got.shape == (4, 384)
    assert np.abs(got - wanted).max() <= 1e-5


def test_minilm_tells_paraphrases_from_others(real_zoo: Any) -> None:
    model = real_zoo.load("all-MiniLM-L6-v2", "sentence-similarity")
    result = model.predict(("The cat sits outside.", ["A cat is outdoors.", "The stock market fell today."]))
    assert result.scores[0] > 0.6
    assert abs(result.scores[1]) < 0.2


def test_smollm2_knows_a_capital(real_zoo: Any) -> None:
    with real_zoo.load("SmolLM2-135M-Instruct") as model:
        assert "Paris" in model.predict("The capital of France is", max_new_tokens=4).text
        answer = model.predict("What is the capital of France?", max_new_tokens=12)
    assert answer.text == "The capital of France is Paris."
    assert answer.finished


def test_glove_solves_analogies(real_zoo: Any) -> None:
    model = real_zoo.load("glove-6b-50d", "word-analogy")
    best = [result.labels[0].label for result in model.predict(["king - man + woman", "paris - france + italy"])]
    assert best == ["queen", "rome"]
    vectors = real_zoo.load("glove-6b-50d").predict(["king", "queen"])
    assert vectors[0].similarity(vectors[1]) == pytest.approx(0.784, abs=1e-3)
