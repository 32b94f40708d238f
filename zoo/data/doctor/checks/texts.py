"""Are the texts clean, in one language, and of a length that models take?"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Material, counted, share, shown

__all__ = [
    "control_characters",
    "estimated_tokens",
    "lengths",
    "lost_characters",
    "markup",
    "mojibake",
    "read_wrongly",
    "scripts",
    "too_little",
    "without_controls",
]

LONGEST = 512  # tokens that most encoders take
_SHORT = 3  # letters
_LOOKED = 500  # characters by which the script of a text is told
_LEAST, _LITTLE = 200, 5_000  # tokens of all texts together, for language modelling

# A letter of UTF-8 read as Latin-1 or Windows-1252: a leading byte, then one or more following ones.
_MISREAD = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_SURELY = re.compile("\u00c3[\u0080-\u00bf]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac.")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
_MARKUP = re.compile(
    r"</?(?:a|b|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|span|strong|table|td|tr|u|ul)\b[^<>]{0,200}>"
    r"|&(?:amp|lt|gt|quot|nbsp|apos|#\d{2,6}|#x[0-9a-f]{2,6});",
    re.IGNORECASE,
)
_LATIN = re.compile("[A-Za-z]")
_LETTERS = re.compile(r"(?:[^\W_][\W_]*?){3}")
_WORDS = re.compile(r"\w+|[^\w\s]")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def estimated_tokens(text: str) -> int:
    """About how many tokens a subword vocabulary makes of a text: 1.3 a word and mark, 1 a letter without spaces."""
    wide = len(_WIDE.findall(text))
    rest = _WIDE.sub(" ", text) if wide else text
    return wide + round(1.3 * len(_WORDS.findall(rest)))


def lengths(material: Material) -> Iterator[Finding]:
    """How long the texts are, and what share would be cut."""
    counts = {entry.number: estimated_tokens(entry.text) for entry in material.sound}
    if not counts:
        return
    ordered = sorted(counts.values())
    middle, longest = ordered[len(ordered) // 2], ordered[-1]
    yield Finding(
        check="lengths",
        severity="note",
        text=f"texts of about {middle:,} tokens (half are shorter), the longest about {longest:,}",
    )
    long = [entry for entry in material.sound if counts[entry.number] > LONGEST]
    if long and material.kind != "text":
        yield Finding(
            check="long-texts",
            severity="warning" if len(long) > 0.1 * len(counts) else "note",
            text=f"{counted(len(long), 'text')} ({share(len(long), len(counts))}) exceed {LONGEST} tokens, estimated: "
            "most encoders see the beginning alone",
            remedy="Shorten them, or choose a model for longer texts (`zoo search` shows the longest input).",
            rows=shown(long, lambda entry: f"about {counts[entry.number]:,} tokens"),
            count=len(long),
        )
    short = [entry for entry in material.sound if not _LETTERS.search(entry.text)]
    if short and material.kind not in {"text", "tags"}:
        yield Finding(
            check="short-texts",
            severity="warning" if len(short) > 0.05 * len(counts) else "note",
            text=f"{counted(len(short), 'text')} ({share(len(short), len(counts))}) "
            f"{'has' if len(short) == 1 else 'have'} fewer than {_SHORT} letters or digits",
            remedy="Look whether they are meant.",
            rows=shown(short),
            count=len(short),
        )


def read_wrongly(text: str) -> str | None:
    """The text as it was before its UTF-8 was read as Windows-1252 or Latin-1; None where that is not what happened."""
    if not _MISREAD.search(text):
        return None
    try:
        mended = b"".join(_byte(letter) for letter in text).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None
    return mended if mended != text else None


def _byte(letter: str) -> bytes:
    """The byte that Windows-1252 reads as this letter; the five that it leaves open are read as in Latin-1."""
    return letter.encode("latin-1") if letter < "\xa0" else letter.encode("cp1252")


def mojibake(material: Material) -> Iterator[Finding]:
    """UTF-8 that was once read as something else: `cafÃ©`."""
    found = [entry for entry in material.sound if _MISREAD.search(entry.text)]
    whole = [entry for entry in found if all(map(_mendable, entry.texts))]
    parted = [entry for entry in found if not all(map(_mendable, entry.texts)) and _SURELY.search(entry.text)]
    for bad, check in ((whole, "mojibake"), (parted, "mixed-mojibake")):
        if not bad:
            continue
        fixable = check == "mojibake"
        yield Finding(
            check=check,
            severity="warning",
            text=f"{counted(len(bad), 'text')} ({share(len(bad), len(material.sound))}) "
            f"{'was' if len(bad) == 1 else 'were'}{'' if fixable else ', in parts,'} written as UTF-8 and read as "
            "Windows-1252, such as Ã© for é",
            remedy=f"{'--fix turns them back; better' if fixable else 'Make the data anew:'} read the source as UTF-8.",
            rows=shown(bad),
            count=len(bad),
            fixable=fixable,
        )


def _mendable(text: str) -> bool:
    return not _MISREAD.search(text) or read_wrongly(text) is not None


def lost_characters(material: Material) -> Iterator[Finding]:
    """The mark of what could not be decoded."""
    bad = [entry for entry in material.sound if "\ufffd" in entry.text]
    if bad:
        yield Finding(
            check="lost-characters",
            severity="warning",
            text=f"{counted(len(bad), 'text')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} U+FFFD where a letter was lost in decoding",
            remedy="Make the data anew from its source, in the right encoding.",
            rows=shown(bad),
            count=len(bad),
        )


def without_controls(text: str) -> str:
    """The text without NUL and other control characters but tab and line ends, and without byte-order marks."""
    return _CONTROLS.sub("", text)


def control_characters(material: Material) -> Iterator[Finding]:
    """NUL and its like, which are no text."""
    bad = [entry for entry in material.sound if _CONTROLS.search(entry.text)]
    if bad:
        yield Finding(
            check="control-characters",
            severity="warning",
            text=f"{counted(len(bad), 'text')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} NUL, control characters or byte-order marks inside",
            remedy="--fix takes them out.",
            rows=shown(bad),
            count=len(bad),
            fixable=True,
        )


def markup(material: Material) -> Iterator[Finding]:
    """Remnants of web pages."""
    bad = [entry for entry in material.sound if _MARKUP.search(entry.text)]
    if bad:
        yield Finding(
            check="markup",
            severity="warning" if len(bad) > 0.2 * len(material.sound) else "note",
            text=f"{counted(len(bad), 'text')} ({share(len(bad), len(material.sound))}) "
            f"{'has' if len(bad) == 1 else 'have'} HTML inside, such as <br /> or &amp;",
            remedy="Take the text out of the pages first, if it is not the markup that matters.",
            rows=shown(bad, lambda entry: "".join(_MARKUP.findall(entry.text)[:3])),
            count=len(bad),
        )


@functools.lru_cache(maxsize=65_536)
def _script(letter: str) -> str:
    """The script of a letter, by the first word of its name in unicode; Chinese, Japanese and Korean as one."""
    name = unicodedata.name(letter, "OTHER").split()[0].split("-")[0]
    return "CJK" if name in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"} else name


def _main_script(text: str) -> str | None:
    """The script of most of a text's letters."""
    if text.isascii():
        return "LATIN" if _LATIN.search(text) else None
    letters = Counter(_script(c) for c in text if c.isalpha())
    return letters.most_common(1)[0][0] if letters else None


def scripts(material: Material) -> Iterator[Finding]:
    """In which scripts the texts are written, where that is not one."""
    main: dict[int, str] = {}
    for entry in material.sound:
        if script := _main_script(entry.text[:_LOOKED]):
            main[entry.number] = script
    counts = Counter(main.values())
    if len(counts) < 2:
        return
    (usual, _), *others = counts.most_common()
    rare = sum(count for _, count in others)
    said = ", ".join(
        f"{name.capitalize() if name != 'CJK' else name} {share(n, len(main))}" for name, n in counts.most_common(5)
    )
    rows = [entry for entry in material.sound if main.get(entry.number, usual) != usual]
    yield Finding(
        check="mixed-scripts",
        severity="warning" if rare > 0.05 * len(main) else "note",
        text=f"the texts are in {len(counts)} scripts: {said}",
        remedy="Choose a model for all of their languages (`zoo search --language`), or part the data.",
        rows=shown(rows),
        count=rare,
    )


def too_little(material: Material) -> Iterator[Finding]:
    """Text to learn a language from."""
    if not material.learnt:
        return
    total = sum(estimated_tokens(entry.text) for entry in material.learnt)
    if total >= _LITTLE:
        return
    yield Finding(
        check="little-text",
        severity="blocking" if total < _LEAST else "warning",
        text=f"about {total:,} tokens to learn from: too little for language modelling",
        remedy=f"Give at least {_LITTLE:,} tokens, better a hundred times that.",
        count=len(material.learnt),
    )
