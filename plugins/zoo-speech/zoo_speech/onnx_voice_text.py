"""English text as the phonemes that hibari-tts speaks, from the word lists in its wheel.

The wheel's METADATA ("Text to phonemes") describes five steps; these are a smaller version of them. Numbers and
abbreviations become words. Each word is looked up in the wheel's two lexicons, as it stands or without -s, -ed or -ing.
What they lack is spelled by the wheel's own small network for unknown words. How `the`, `a` and `to` sound goes by the
next sound. The wheel's part-of-speech tagger is not rebuilt: of a word with several pronunciations (read, live, record)
the first word before it decides between noun and verb, else the usual one is taken.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import IntegrityError
from zoo.plugin import Checkpoint
from zoo_speech.onnx_voice import open_session
from zoo_speech.onnx_voice_endings import role_of, stems, with_ending
from zoo_speech.onnx_voice_numbers import spell_numbers

__all__ = ["Pronunciation", "UnknownWords", "read_pronunciation"]

Entry = str | Mapping[str, str | None]

_LONGEST = 400  # phonemes that are spoken at once
_TITLES = frozenset(
    [
        "Mr",
        "Mrs",
        "Ms",
        "Dr",
        "Prof",
        "St",
        "Mt",
        "Ft",
        "Gen",
        "Gov",
        "Sen",
        "Rep",
        "Capt",
        "Lt",
        "Col",
        "Sgt",
        "Rev",
        "Hon",
        "Jr",
        "Sr",
        "vs",
        "etc",
        "No",
    ]
)
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|\s*\n+\s*")
_CLAUSE = re.compile(r"(?<=[,;:—])\s+")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|[;:,.!?—…“”()\"]|--+|&|\+|@|%|=")
_SYMBOLS = {"&": "and", "+": "plus", "@": "at", "%": "percent", "=": "equals"}
_VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐ")
_SPOKEN = re.compile(r"[ˈˌ]*(\w)")


class UnknownWords:
    """Spells words that no lexicon has, by a network over letters (`oov.onnx`)."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        said = _object(checkpoint, "oov.json")
        try:
            self._letters = {letter: number for number, letter in enumerate(said["in"], 1)}
            self._sounds = ["", *said["out"]]
            self._longest = int(said["maxlen"])
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"{checkpoint.card.id}: oov.json is not as it should be: {error}") from error
        self._session = open_session(checkpoint.file("oov.onnx"))

    def __call__(self, word: str) -> str:
        """Its phonemes, empty where none of its letters is known; repeats and blanks of the network left out."""
        letters = [self._letters[letter] for letter in word if letter in self._letters][: self._longest]
        if not letters:
            return ""
        made = self._session.run(None, {"chars": np.array([letters], np.int64)})[0][0].tolist()
        return "".join(self._sounds[number] for number, _ in itertools.groupby(made))


@dataclass(frozen=True, kw_only=True)
class Pronunciation:
    """How English is pronounced.

    Attributes:
        numbers: of each phoneme, as the acoustic model knows it.
        gold, silver: pronunciations by word, the first ones checked by people.
        abbreviations: what is said for what is written short.
        unknown: spells the other words.
    """

    numbers: Mapping[str, int]
    gold: Mapping[str, Entry]
    silver: Mapping[str, Entry]
    abbreviations: Mapping[str, str]
    unknown: UnknownWords

    def ids(self, text: str) -> list[npt.NDArray[np.int64]]:
        """The phonemes of each sentence as numbers, a 0 at both ends."""
        made = [[self.numbers[one] for one in sentence if one in self.numbers] for sentence in self.phonemes(text)]
        return [np.array([0, *ids, 0], np.int64) for ids in made if ids]

    def phonemes(self, text: str) -> list[str]:
        """The phonemes of each sentence, a long one parted at its commas; those without a word are left out."""
        made = (self._sentence(sentence) for sentence in _sentences(text))
        return [piece for sentence in made if any(map(str.isalpha, sentence)) for piece in _pieces(sentence)]

    def _sentence(self, text: str) -> str:
        words = _TOKEN.findall(spell_numbers(self._unabbreviated(text.replace("’", "'"))))
        made: list[str] = []
        following = ""
        for index in range(len(words) - 1, -1, -1):
            before = words[index - 1].lower() if index else ""
            said = self._token(words[index], before, following)
            made.append(said)
            following = said or following
        joined = " ".join(reversed(made))
        joined = re.sub(r" +([;:,.!?…)”])", r"\1", joined).replace("( ", "(").replace("“ ", "“")
        return joined.replace("ɾ", "T").replace("ʔ", "t").strip()

    def _unabbreviated(self, text: str) -> str:
        words = (self.abbreviations.get(word) or self._inside(word) for word in text.split(" "))
        return " ".join(words)

    def _inside(self, word: str) -> str:
        """A word that is written short with a sign behind it, such as `Sept.,`."""
        bare = word.rstrip(",;:!?)")
        return self.abbreviations[bare] + word[len(bare) :] if bare != word and bare in self.abbreviations else word

    def _token(self, word: str, before: str, following: str) -> str:
        """What is said for a word or a sign, knowing the word before it and the sound after it."""
        if word in _SYMBOLS:
            word = _SYMBOLS[word]
        if not word[0].isalpha():
            return "—" if word.startswith("--") else word
        vowel = bool((first := _SPOKEN.match(following)) and first[1] in _VOWELS)
        ends = not (following[:1].isalpha() or following[:1] in "ˈˌ") or not following
        special = {
            "a": "ˈA" if ends else "ɐ", "an": "ɐn", "the": "ði" if vowel else "ðə",
            "to": "tu" if ends else "tʊ" if vowel else "tə",
        }  # fmt: skip
        if word == "I":
            return "ˌI"
        if (known := special.get(word.lower())) and (word != "A" or not ends):
            return known
        wanted = role_of(before, ends=ends)
        return self._word(word, wanted) or self._spelled(word)

    def _word(self, word: str, wanted: Sequence[str]) -> str | None:
        """From the lexicons: as it stands, in small letters, without its ending."""
        forms = [word] if word == word.lower() else [word, word.lower(), word.capitalize()]
        if word.isupper() and len(word) > 1 and word not in self.gold:
            forms = [word.lower()] if word.lower() in self.gold else []
        for form in forms:
            for known in (form, form.strip("'"), form.capitalize() if form == form.lower() else form):
                if said := self._entry(known, wanted):
                    return said
        return next((said for form in forms if (said := self._ended(form.lower().strip("'"), wanted))), None)

    def _entry(self, word: str, wanted: Sequence[str]) -> str | None:
        for lexicon in (self.gold, self.silver):
            found = lexicon.get(word)
            if isinstance(found, str):
                return found
            if found is not None:
                return next((said for role in (*wanted, "DEFAULT") if (said := found.get(role))), None)
        return None

    def _ended(self, word: str, wanted: Sequence[str]) -> str | None:
        """A word with one of the endings -s, -ed and -ing."""
        for stem, ending in stems(word):
            if said := self._entry(stem, wanted) or self._entry(stem.capitalize(), wanted):
                return with_ending(said, ending)
        return None

    def _spelled(self, word: str) -> str:
        """A word that no lexicon has: letter by letter in capitals, else by the network."""
        letters = [self._entry(letter.upper(), ()) for letter in word if letter.isalpha()]
        if word.isupper() and all(letters):
            said = "".join(letter or "" for letter in letters).replace("ˈ", "ˌ")
            head, mark, last = said.rpartition("ˌ")
            return f"{head}ˈ{last}" if mark else said
        return self.unknown(word)


def read_pronunciation(checkpoint: Checkpoint) -> Pronunciation:
    """From the checkpoint's files; raises `IntegrityError` where one is damaged."""
    numbers = _object(checkpoint, "vocab.json")
    if not all(isinstance(number, int) for number in numbers.values()):
        raise IntegrityError(f"{checkpoint.card.id}: vocab.json does not number phonemes")
    short = _object(checkpoint, "normalize.json").get("abbreviations", {})
    return Pronunciation(
        numbers=numbers,
        gold=_object(checkpoint, "lexicon_us_gold.json.gz"),
        silver=_object(checkpoint, "lexicon_us_silver.json.gz"),
        abbreviations=short if isinstance(short, dict) else {},
        unknown=UnknownWords(checkpoint),
    )


def _object(checkpoint: Checkpoint, name: str) -> dict[str, Any]:
    path = checkpoint.file(name)
    try:
        data = path.read_bytes()
        made = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise IntegrityError(f"{checkpoint.card.id}: {name} is not sound: {error}") from error
    if not isinstance(made, dict):
        raise IntegrityError(f"{checkpoint.card.id}: {name} does not hold an object")
    return made


def _sentences(text: str) -> Iterator[str]:
    """Sentences; a dot after a title or an initial ends none."""
    held = ""
    for part in _SENTENCE.split(text.strip()):
        held = f"{held} {part}".strip()
        last = held.rpartition(" ")[2].rstrip(".").lstrip("(\"“'")
        if not (held.endswith(".") and (last in _TITLES or (len(last) == 1 and last.isupper() and last != "I"))):
            yield held
            held = ""
    if held:
        yield held


def _pieces(phonemes: str) -> Iterator[str]:
    """A long sentence, parted at its commas."""
    held = ""
    for part in _CLAUSE.split(phonemes):
        if held and len(held) + len(part) >= _LONGEST:
            yield held
            held = ""
        held = f"{held} {part}".strip()
    if held:
        yield held
