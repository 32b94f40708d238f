"""The endings -s, -ed and -ing of English words, in letters and in phonemes, and the role of a word in its sentence."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["role_of", "stems", "with_ending"]

_FLAPPED = frozenset("AIOWYiuæɑəɛɪɹʊʌ")  # after these a t between vowels is flapped in American English
_BEFORE_VERB = frozenset(
    [
        "to",
        "will",
        "would",
        "can",
        "could",
        "should",
        "must",
        "may",
        "might",
        "shall",
        "i",
        "you",
        "we",
        "they",
        "don't",
        "didn't",
        "doesn't",
        "won't",
        "can't",
        "not",
        "let's",
        "please",
    ]
)
_BEFORE_NOUN = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "his",
        "her",
        "our",
        "their",
        "its",
        "this",
        "that",
        "these",
        "those",
        "of",
        "some",
        "any",
        "no",
    ]
)
_BEFORE_PAST = frozenset(["have", "has", "had", "having", "was", "were", "been", "be", "is", "are", "being"])


def stems(word: str) -> Iterator[tuple[str, str]]:
    """`(stem, ending)` of a word that may have one."""
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        yield word.removesuffix("'s") if word.endswith("'s") else word[:-1], "s"
        if word.endswith("ies"):
            yield word[:-3] + "y", "s"
        elif word.endswith("es"):
            yield word[:-2], "s"
    if len(word) > 3 and word.endswith("ed"):
        yield from ((stem, "ed") for stem in (word[:-1], word[:-2], word[:-3] + "y" if word.endswith("ied") else ""))
        if word[-3] == word[-4]:
            yield word[:-3], "ed"
    if len(word) > 4 and word.endswith("ing"):
        yield from ((stem, "ing") for stem in (word[:-3], word[:-3] + "e"))
        if word[-4] == word[-5]:
            yield word[:-4], "ing"


def with_ending(said: str, ending: str) -> str:
    """A stem's phonemes with those of its ending, as Americans say them."""
    last = said[-1]
    if ending == "s":
        return said + ("ᵻz" if last in "szʃʒʧʤ" else "s" if last in "ptkfθ" else "z")
    flapped = last == "t" and len(said) > 1 and said[-2] in _FLAPPED
    if ending == "ing":
        return f"{said[:-1]}ɾɪŋ" if flapped else f"{said}ɪŋ"
    if last in "td":
        return f"{said[:-1]}ɾᵻd" if flapped else f"{said}ᵻd"
    return said + ("t" if last in "pkfθʃsʧ" else "d")


def role_of(before: str, *, ends: bool) -> tuple[str, ...]:
    """Which entries of a word with several to look for, by the word before it; `None` is that of a clause's end."""
    end = ("None",) if ends else ()
    if before in _BEFORE_VERB:
        return (*end, "VERB", "VBP")
    if before in _BEFORE_PAST:
        return (*end, "VBN", "VBD", "ADJ")
    return (*end, "NOUN") if before in _BEFORE_NOUN else end
