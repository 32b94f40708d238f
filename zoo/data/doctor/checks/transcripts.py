"""Do the transcripts say what is heard: words, as many as fit the time, written alike?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from zoo.data.doctor.checks import texts
from zoo.data.doctor.findings import Finding
from zoo.data.doctor.material import Entry, Material, clip, counted, share, shown

__all__ = [
    "as_texts",
    "capitals",
    "digits",
    "notes_inside",
    "pace",
    "repeated",
    "silent",
    "too_long",
    "unheard",
    "voices",
    "wordless",
]

# Letters a second, more or less than which nobody speaks; of scripts where a letter is a syllable or a word, fewer. Of
# 2,700 telephone prompts in five languages (Asterisk's), those whose transcript is right have 25 at most.
_MOST, _LEAST = 30.0, 1.0
_MOST_WIDE, _LEAST_WIDE = 12.0, 0.3
_TOLD_BY = 3.0  # seconds from which so few letters are odd
_WINDOW = 30.0  # seconds that models of Whisper's kind hear at once
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_CAPITALS = re.compile(r"[^\W\d_]{2}")
_DIGIT = re.compile(r"\d")
_OFTEN = 5  # times from which a transcript is many times there
_MUCH = 0.05  # of the rows
# What transcribers write beside what is said.
_TIMES = re.compile(
    r"[\[(<]?\b\d{1,2}:\d{2}(?::\d{2})?[.,]\d{1,3}\b[\])>]?"  # 00:12.5, [00:01:02.345]
    r"|[\[(<]\d{1,2}:\d{2}(?::\d{2})?[\])>]"  # [00:12]
    r"|<\|[\d.]+\|>"  # <|1.20|>
)
_MARKS = re.compile(
    r"\[[^\[\]]{1,40}\]|<[^<>]{1,40}>|[\u266a\u266b*]"
    r"|\([^()]{0,24}\b(?:applause|beep|cough|inaudible|laugh|music|noise|silence|unclear|unintelligible)[^()]{0,24}\)",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"^\s*(?:speaker|spk|interviewer|interviewee)[ _-]?\w{0,3}\s*:|^\s*[A-Z](?:[A-Z .'-]{1,24})?:\s", re.MULTILINE
)
_NOTES = (("times", _TIMES), ("marks in brackets", _MARKS), ("speakers' names", _NAMES))
_SPEAKERS = ("speaker", "speaker_id", "spk_id", "spk", "client_id", "reader")


def _text(entry: Entry) -> str:
    return str(entry.row.label or "")


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)


def _of(rows: int, material: Material, what: str = "transcript") -> str:
    """`3 transcripts (5 %)`."""
    return f"{counted(rows, what)} ({share(rows, len(material.sound))})"


def wordless(material: Material) -> Iterator[Finding]:
    """Transcripts without a letter, such as a dash."""
    bad = [entry for entry in material.sound if not _letters(_text(entry))]
    if bad:
        yield Finding(
            check="wordless-transcripts",
            severity="warning",
            text=f"{_of(len(bad), material)} {'has' if len(bad) == 1 else 'have'} no letter or digit: that nothing is "
            "said would be learnt",
            remedy="Write what is said, or take the recordings out.",
            rows=shown(bad, lambda entry: repr(clip(_text(entry)))),
            count=len(bad),
        )


def silent(material: Material) -> set[int]:
    """Numbers of the rows whose recording holds no sound and whose transcript holds words."""
    heard = material.recordings if material.kind == "transcript" else {}
    return {e.number for e in material.sound if (fact := heard.get(e.number)) and fact.silent and _letters(_text(e))}


def unheard(material: Material) -> Iterator[Finding]:
    """Words that are said in silence."""
    if found := silent(material):
        bad = [entry for entry in material.sound if entry.number in found]
        yield Finding(
            check="silent-transcribed",
            severity="blocking",
            text=f"{_of(len(bad), material)} {'is' if len(bad) == 1 else 'are'} of a recording without a sound",
            remedy="Put the right recordings there, or leave these rows out with --fix.",
            rows=shown(bad, lambda entry: repr(clip(_text(entry)))),
            count=len(bad),
            fixable=True,
        )


def pace(material: Material) -> Iterator[Finding]:
    """More letters a second than anybody says, or hardly any: another recording's transcript, or a part of it."""
    paces = {entry.number: found for entry in material.sound if (found := _pace(entry, material)) is not None}
    for check, what, remedy, bad in (
        (
            "fast-transcripts",
            "more than anybody says in the time: it is cut, or the transcript is another's",
            "Look at them: a model would learn to make up what it does not hear.",
            [e for e in material.sound if e.number in paces and paces[e.number] > _limits(e)[1]],
        ),
        (
            "slow-transcripts",
            "hardly anything for its length: most of it is silent, or not written down",
            "Look at them: a model would learn to leave out what it hears.",
            [e for e in material.sound if e.number in paces and paces[e.number] < _limits(e)[0]],
        ),
    ):
        if bad:
            yield Finding(
                check=check,
                severity="warning",
                text=f"{_of(len(bad), material, 'recording')} {'has' if len(bad) == 1 else 'have'} {what}",
                remedy=remedy,
                rows=shown(bad, lambda entry: f"{paces[entry.number]:.1f} letters a second: {clip(_text(entry))!r}"),
                count=len(bad),
            )


def _pace(entry: Entry, material: Material) -> float | None:
    """Letters a second; None where the recording is not known, or too short to tell."""
    fact, letters = material.recordings.get(entry.number), _letters(_text(entry))
    if fact is None or not fact.rate or not letters or fact.seconds <= 0:
        return None
    found = letters / fact.seconds
    return found if fact.seconds >= _TOLD_BY or found > _limits(entry)[0] else None


def _limits(entry: Entry) -> tuple[float, float]:
    text = _text(entry)
    return (_LEAST_WIDE, _MOST_WIDE) if 2 * len(_WIDE.findall(text)) > _letters(text) else (_LEAST, _MOST)


def too_long(material: Material) -> Iterator[Finding]:
    """Recordings of which a model hears the beginning while learning, and is told all."""
    seconds = {n: fact.seconds for n, fact in material.recordings.items() if fact.rate and fact.seconds > _WINDOW}
    bad = [entry for entry in material.sound if entry.number in seconds]
    if bad:
        yield Finding(
            check="long-transcribed",
            severity="warning",
            text=f"{_of(len(bad), material, 'recording')} {'is' if len(bad) == 1 else 'are'} longer than "
            f"{_WINDOW:g} s: most models cannot learn from a longer one",
            remedy="Cut them where nobody speaks, each piece with its own transcript. Transcribing them is no problem.",
            rows=shown(bad, lambda entry: f"{seconds[entry.number]:.1f} s"),
            count=len(bad),
        )


def notes_inside(material: Material) -> Iterator[Finding]:
    """What is written beside what is said: times, noises, who speaks."""
    for what, pattern in _NOTES:
        found = {e.number: match.group() for e in material.sound if (match := pattern.search(_text(e)))}
        if not found:
            continue
        bad = [entry for entry in material.sound if entry.number in found]
        yield Finding(
            check="transcript-notes",
            severity="warning" if len(bad) > _MUCH * len(material.sound) else "note",
            text=f"{_of(len(bad), material)} {'seems' if len(bad) == 1 else 'seem'} to have {what}, which nobody says",
            remedy="Take them out, if a model is not to write them.",
            rows=shown(bad, lambda entry, found=found: repr(clip(found[entry.number].strip()))),
            count=len(bad),
        )


def capitals(material: Material) -> Iterator[Finding]:
    """Transcripts in capitals only, all or some."""
    cased = [e for e in material.sound if _CAPITALS.search(_text(e)) and _text(e).lower() != _text(e).upper()]
    loud = [entry for entry in cased if _text(entry).isupper()]
    if not loud or len(loud) < 0.01 * len(cased):
        return
    some = len(loud) < 0.99 * len(cased)
    yield Finding(
        check="capital-transcripts",
        severity="warning" if some and len(loud) > _MUCH * len(cased) else "note",
        text=f"{_of(len(loud), material)} {'is' if len(loud) == 1 else 'are'} in capitals only"
        + (" and the others are not: a model has to guess" if some else ": a model learns to write so"),
        remedy="Write them alike. Error rates do not count capitals.",
        rows=shown(loud, lambda entry: repr(clip(_text(entry)))),
        count=len(loud),
    )


def digits(material: Material) -> Iterator[Finding]:
    """Numbers in digits, which can be said in several ways."""
    bad = [entry for entry in material.sound if _DIGIT.search(_text(entry))]
    if bad:
        yield Finding(
            check="digits",
            severity="note",
            text=f"{_of(len(bad), material)} {'has' if len(bad) == 1 else 'have'} digits: error rates take 20 and "
            "twenty for different words",
            remedy="Write numbers in all transcripts in the way that the model is to write them.",
            rows=shown(bad, lambda entry: repr(clip(_text(entry)))),
            count=len(bad),
        )


def repeated(material: Material) -> Iterator[Finding]:
    """The same words again and again, in one part and in several."""
    groups = Counter(_folded(entry) for entry in material.sound)
    often = {text: n for text, n in groups.items() if n >= _OFTEN and text}
    if count := sum(often.values()):
        (text, most), *_ = Counter(often).most_common(1)
        yield Finding(
            check="same-transcripts",
            severity="warning" if count > 0.5 * len(material.sound) else "note",
            text=f"{_of(count, material, 'recording')} have a transcript that {_OFTEN} or more have; "
            f"{clip(text, 40)!r} {counted(most, 'recording')}",
            remedy="A model may learn the sentences by heart: hold sentences out that it does not learn from.",
            count=count,
        )
    learnt = {_folded(entry) for entry in material.learnt}
    held = [entry for entry in material.held if _folded(entry) in learnt]
    if held and "all" not in material.raw.parts:
        yield Finding(
            check="known-sentences",
            severity="warning" if len(held) > 0.2 * len(material.held) else "note",
            text=f"{counted(len(held), 'recording')} of the test part ({share(len(held), len(material.held))}) "
            f"{'says' if len(held) == 1 else 'say'} what one to learn from says too",
            remedy="The score is of known sentences. Hold others out, if new ones matter.",
            rows=shown(held, lambda entry: repr(clip(_text(entry)))),
            count=len(held),
        )


def _folded(entry: Entry) -> str:
    return " ".join(_text(entry).casefold().split())


def voices(material: Material) -> Iterator[Finding]:
    """The same voices in what is learnt from and in what is judged by."""
    name = next((c for c in _columns(material) if c.strip().lower().replace(" ", "_") in _SPEAKERS), None)
    if name is None:
        return
    known = Counter(str(entry.row.columns.get(name)) for entry in material.learnt)
    if "all" in material.raw.parts:
        if len(known) > 1:
            yield Finding(
                check="same-voices",
                severity="note",
                text=f"{counted(len(known), 'speaker')} by column {name}: held out at random, the same voices stand on "
                "both sides",
                remedy="Give a column that says the parts, each speaker in one, if new voices matter.",
            )
        return
    held = [entry for entry in material.held if str(entry.row.columns.get(name)) in known]
    if held:
        yield Finding(
            check="same-voices",
            severity="warning",
            text=f"{counted(len(held), 'recording')} of the test part ({share(len(held), len(material.held))}) "
            f"{'is' if len(held) == 1 else 'are'} of speakers to learn from (column {name})",
            remedy="The score is of known voices. Keep each speaker in one part, if new ones matter.",
            rows=shown(held, lambda entry: str(entry.row.columns.get(name))),
            count=len(held),
        )


def _columns(material: Material) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for entry in material.sound for name in entry.row.columns))


def as_texts(material: Material) -> Iterator[Finding]:
    """What can be wrong with any text: letters read in a wrong encoding, lost ones, controls, HTML, mixed scripts."""
    rows = {part: tuple(e.row for e in material.sound if e.part == part) for part in material.raw.parts}
    written = {part: tuple(replace(row, value=row.label, label=None) for row in of) for part, of in rows.items()}
    view = Material(replace(material.raw, task="text-generation", kind="text", parts=written), deep=False)
    for look in (texts.mojibake, texts.lost_characters, texts.control_characters, texts.markup, texts.scripts):
        for finding in look(view):
            said = re.sub(r"\btext(s?)\b", r"transcript\1", finding.text, count=1)
            remedy = _REMEDIES.get(finding.check, finding.remedy)
            yield replace(finding, text=said, remedy=remedy, fixable=False)


_REMEDIES = {
    "mojibake": "Read the source as UTF-8.",
    "control-characters": "Take them out.",
    "markup": "Take it out: nobody says it.",
    "mixed-scripts": "Choose a model for all of their languages, or part the data.",
}
