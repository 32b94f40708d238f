"""Numbers in English words: for texts that are spoken."""

from __future__ import annotations

import re

__all__ = ["spell_numbers"]

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONEY = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_PLURALS = {"penny": "pence"}
_LARGEST = 10**15  # longer numbers are read digit by digit

_AMOUNT = re.compile(r"([$£€])\s?(\d[\d,]*)(?:\.(\d{2}))?(?!\d)(\s(?:thousand|million|billion|trillion)\b)?")
_TIME = re.compile(r"\b(\d{1,2}):([0-5]\d)\b")
_ORDINAL = re.compile(r"\b(\d[\d,]*)(?:st|nd|rd|th)\b")
_NUMBER = re.compile(r"(?<![\w.])(-?)(\d[\d,]*\d|\d)(?:\.(\d+))?(?!\w)(\s?%)?")
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"1[1-9]\d\d|20\d\d")


def spell_numbers(text: str) -> str:
    """The text with its numbers in words: amounts, times, ordinals, years from 1100 to 2099, decimals, percentages."""
    text = _AMOUNT.sub(_amount, text)
    text = _TIME.sub(_time, text)
    text = _ORDINAL.sub(lambda found: _ordinal(_cardinal(_whole(found[1]))), text)
    text = _NUMBER.sub(_number, text)
    return _DIGITS.sub(lambda found: f" {_digits(found[0])} ", text)


def _whole(digits: str) -> int:
    return int(digits.replace(",", ""))


def _cardinal(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, one = divmod(number, 10)
        return _TENS[tens - 2] + (f" {_ONES[one]}" if one else "")
    if number >= _LARGEST:
        return _digits(str(number))
    size, word = next(scale for scale in _SCALES if number >= scale[0])
    many, rest = divmod(number, size)
    return f"{_cardinal(many)} {word}" + (f" {_cardinal(rest)}" if rest else "")


def _ordinal(words: str) -> str:
    head, blank, last = words.rpartition(" ")
    made = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return head + blank + made


def _digits(text: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in text)


def _year(number: int) -> str:
    century, rest = divmod(number, 100)
    if rest == 0:
        return _cardinal(number) if century % 10 == 0 else f"{_cardinal(century)} hundred"
    if century == 20 and rest < 10:
        return _cardinal(number)
    return f"{_cardinal(century)} " + (f"oh {_ONES[rest]}" if rest < 10 else _cardinal(rest))


def _number(found: re.Match[str]) -> str:
    sign, digits, decimals, percent = found.groups()
    if decimals is None and not sign and not percent and _YEAR.fullmatch(digits):
        words = _year(int(digits))
    elif len(digits) > 1 and digits.startswith("0"):
        words = _digits(digits.replace(",", ""))
    else:
        words = _cardinal(_whole(digits))
    words += f" point {_digits(decimals)}" if decimals else ""
    return ("minus " if sign else "") + words + (" percent" if percent else "")


def _amount(found: re.Match[str]) -> str:
    sign, digits, cents, scale = found.groups()
    unit, part = _MONEY[sign]
    whole, rest = _whole(digits), int(cents or 0)
    if scale:
        decimals = f" point {_digits(cents)}" if cents else ""
        return f"{_cardinal(whole)}{decimals}{scale} {unit}s"
    parts = [f"{_cardinal(whole)} {_of(whole, unit)}"] if whole or not rest else []
    return " and ".join([*parts, *([f"{_cardinal(rest)} {_of(rest, part)}"] if rest else [])])


def _of(number: int, unit: str) -> str:
    return unit if number == 1 else _PLURALS.get(unit, f"{unit}s")


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if minute == 0:
        return f"{_cardinal(hour)} o'clock"
    return f"{_cardinal(hour)} " + (f"oh {_ONES[minute]}" if minute < 10 else _cardinal(minute))
