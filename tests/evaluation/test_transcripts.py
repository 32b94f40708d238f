"""Word and letter error rates: against jiwer, by hand, and of models that hear."""

from __future__ import annotations

import json
from pathlib import Path

import jiwer
import numpy as np
import pytest

from tests.tiny_speech import noises, write_listener
from zoo.evaluation import Predictions, compare, judge
from zoo.evaluation.measures import measure_of
from zoo.evaluation.measures.wording import normalise

SAID = ["Hello, world!", "one two three", "The QUICK brown fox - jumps.", "it's 5 o'clock", "a b"]
HEARD = ["hello world", "one too three four", "the quick brown fox jumps", "its five o'clock", ""]


def made(said: list[str] = SAID, heard: list[str] = HEARD) -> Predictions:
    return Predictions(kind="transcript", labels=(), truth=said, scores=heard)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Don’t  worry—it's\n5 o'clock!", "don't worry it's 5 o'clock"),
        ("'quoted' rock 'n' roll, the dogs' bowl", "quoted rock n roll the dogs bowl"),
        ("Straße, ﬁne ＡＢＣ soft\u00adly", "strasse fine abc softly"),
        ("İstanbul É E\u0301", "i\u0307stanbul é é"),
        ("3.5 % of $20", "3 5 of 20"),
        ("这是 一个, 测试。", "这是一个测试"),
        ("はい、そうです。ok then", "はいそうですok then"),
        ("สวัสดี ครับ", "สวัสดีครับ"),
        ("हिन्दी में।", "हिन्दी में"),
        (" … ♪ - ", ""),
    ],
)
def test_normalised(text: str, wanted: str) -> None:
    assert normalise(text) == wanted
    assert normalise(wanted) == wanted


def test_rates_are_jiwers() -> None:
    found = judge(made(), resamples=200)
    said, heard = [normalise(text) for text in SAID], [normalise(text) for text in HEARD]
    words = jiwer.process_words(said, heard)
    rates = {name: one.value for name, one in found.metrics.items()}
    assert rates == pytest.approx(
        {
            "wer": words.wer,
            "cer": jiwer.cer(said, heard),
            "exact": 2 / 5,
            "wer_raw": jiwer.wer(SAID, HEARD),
            "substitutions": words.substitutions / 15,
            "insertions": words.insertions / 15,
            "deletions": words.deletions / 15,
        }
    )
    assert (found.main, found.higher_is_better, found.n) == ("wer", False, 5)
    assert found.metrics["wer"].low < words.wer < found.metrics["wer"].high
    first = found.worst[0]
    assert (first["index"], first["truth"], first["predicted"], first["deletions"]) == (4, "a b", "", 2)
    assert [row["index"] for row in found.worst] == [4, 1, 3]


def test_resampled_rates_are_those_of_the_resample() -> None:
    measure = measure_of(made())
    weights = np.array([[2.0, 0, 1, 0, 2], [0, 3, 0, 2, 0]])
    for row, value in zip(weights, measure.metrics(weights)["wer"], strict=True):
        drawn = [i for i, count in enumerate(row) for _ in range(int(count))]
        assert measure_of(made([SAID[i] for i in drawn], [HEARD[i] for i in drawn])).metrics(np.ones((1, 5)))[
            "wer"
        ] == pytest.approx(value)
    assert measure.finish(measure.parts, weights) == pytest.approx(measure.metrics(weights)["wer"])


def test_nothing_said() -> None:
    assert judge(made(["…", "-"], ["", ""]), resamples=100).value == 0
    assert judge(made(["…", "-"], ["noise", ""]), resamples=100).value == 1
    found = judge(made(["…", "one two"], ["some noise", "one two"]), resamples=100)
    assert found.value == 1  # two words heard that nobody said, of two that somebody did
    assert found.metrics["exact"].value == 0.5


def test_letters_count_where_words_have_no_blanks_between_them() -> None:
    found = judge(made(["这是一个测试。", "はい、そうです"], ["这是一测试", "はい そうです"]), resamples=100)
    assert (found.main, list(found.metrics)[:2]) == ("cer", ["cer", "wer"])
    assert found.value == pytest.approx(1 / 12)
    assert found.worst[0]["letters"] == 6


def test_two_models_are_compared_on_the_same_recordings() -> None:
    said = [f"word {number} of many more" for number in range(40)]
    poor = [text.replace("of", "off") if number % 2 else text for number, text in enumerate(said)]
    found = compare(made(said, said), made(said, poor), names=("good", "poor"), resamples=300)
    assert (found.metric, found.better, found.difference) == ("wer", "good", pytest.approx(-0.1))
    assert found.low < -0.1 < found.high < 0
    assert "lower wer" in found.statement


def test_reports_and_cards_show_what_was_said_and_what_was_heard() -> None:
    from zoo.data import Split
    from zoo.reporting import card_text, report_text, worst_examples

    said, heard = ["It's <b>five</b> o'clock, Jane."], ["its five o’clock Wayne"]
    found = judge(made(said, heard), resamples=100)
    split = Split(inputs=(Path("clip.wav"),), labels=tuple(said))
    (example,) = worst_examples(found.worst, split, "audio")
    assert [(word["word"], word["right"]) for word in example["said"]] == [
        ("It's", False), ("<b>five</b>", False), ("o'clock,", True), ("Jane.", False),
    ]  # fmt: skip
    assert [word["right"] for word in example["heard"]] == [False, False, True, False]
    record = {"model": "mine", "task": "automatic-speech-recognition", "data": {"name": "clips", "test": 1}}
    page = report_text(record=record, evaluation=found.to_dict(), examples=[example])
    assert '<mark class="wrong">Wayne</mark>' in page
    assert "&lt;b&gt;five&lt;/b&gt;" in page
    assert "(lower is better)" in page
    assert "type: wer\n" in card_text(record, found.to_dict())


def test_a_model_is_evaluated_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoo import Zoo
    from zoo.evaluation import compare_on

    monkeypatch.setenv("ZOO_OFFLINE", "1")
    zoo = Zoo(tmp_path / "zoo", offline=True, quiet=True)
    says = zoo.pull(str(write_listener(tmp_path / "says-a", "A"))).card.id
    mute = zoo.pull(str(write_listener(tmp_path / "mute", "<pad>"))).card.id
    table = noises(tmp_path / "clips", {"one": "a", "two": "A!", "three": "a b", "four": "A"})
    found = zoo.evaluate(says, table)
    assert found.evaluation.value == pytest.approx(1 / 5)
    assert found.evaluation.metrics["exact"].value == 0.75
    lines = [json.loads(line) for line in (found.path / "predictions.jsonl").read_text().splitlines()]
    assert (lines[2]["truth"], lines[2]["predicted"], lines[2]["deletions"]) == ("a b", "A", 1)
    both = compare_on(zoo, [says, mute], table, resamples=200)
    assert [one.value for one in both.evaluations] == pytest.approx([0.2, 1.0])
    assert both.comparisons[0].test == "paired permutation test"
