"""Numbers as German and English words, and back: for keys that are heard, not read."""

import re
from functools import lru_cache
from typing import Literal

from gis_core.folding import fold_words

Lang = Literal["de", "en"]

_SMALL = {
    "de": [
        "null",
        "eins",
        "zwei",
        "drei",
        "vier",
        "fünf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwölf",
        "dreizehn",
        "vierzehn",
        "fünfzehn",
        "sechzehn",
        "siebzehn",
        "achtzehn",
        "neunzehn",
    ],
    "en": [
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
    ],
}
_TENS = {
    "de": ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"],
    "en": ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
}
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 11  # words in "one hundred and twenty-one thousand six hundred and forty-three"


def number_words(number: int, lang: Lang = "de") -> str:
    """Return a whole number from 0 to 999,999 in words.

    Examples
    --------
    >>> number_words(123), number_words(21_001, "en")
    ('einhundertdreiundzwanzig', 'twenty-one thousand and one')
    """
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{number}: words are known for 0 to 999,999")
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_1000(rest, lang)
    if lang == "de":
        return _stem(_below_1000(thousands, lang)) + "tausend" + _tail(rest)
    joint = "" if not rest else " and " if rest < 100 else " "
    return (
        f"{_below_1000(thousands, lang)} thousand{joint}{_below_1000(rest, lang) if rest else ''}"
    )


def digits_for_words(text: str) -> str:
    """Return the text with every number that is spelled in words written in digits.

    Examples
    --------
    >>> digits_for_words("section twelve, parcel one hundred and twenty-three")
    'section 12, parcel 123'
    """
    words = list(_WORD.finditer(text))
    written, end, i = "", 0, 0
    while i < len(words):
        reach = _LONGEST if _begins_number(words[i][0]) else 0
        for last in range(min(len(words), i + reach) - 1, i - 1, -1):
            number = _number_in(text[words[i].start() : words[last].end()])
            if number is not None:
                written += text[end : words[i].start()] + str(number)
                end, i = words[last].end(), last
                break
        i += 1
    return written + text[end:]


@lru_cache(maxsize=4096)
def _begins_number(word: str) -> bool:
    folded = "".join(fold_words(word))
    return folded in _words_below_1000() or "tausend" in folded


def _number_in(phrase: str) -> int | None:
    """Return the number that a phrase is, nothing more and nothing less."""
    if re.search(r"[^\w\s-]", phrase):
        return None
    words = fold_words(phrase)
    if words[0] == "and" or words[-1] == "and":
        return None
    joined = "".join(word for word in words if word != "and")
    known = _words_below_1000()
    if joined in known:
        return known[joined]
    many, thousand, rest = re.sub("tausend|thousand", "|", joined, count=1).partition("|")
    if not thousand or not (many == "" or many in known) or not (rest == "" or rest in known):
        return None
    return known.get(many, 1) * 1000 + known.get(rest, 0)


@lru_cache(maxsize=1)
def _words_below_1000() -> dict[str, int]:
    known: dict[str, int] = {}
    languages: tuple[Lang, ...] = ("de", "en")
    for lang in languages:
        # All at once, with a digit in between, which no word has: folding is slow to begin.
        words = fold_words(" 0 ".join(_below_1000(number, lang) for number in range(1000)))
        names = "".join(word for word in words if word != "and").split("0")
        known |= {name: number for number, name in enumerate(names)}
        if lang == "de":
            # As in "einundzwanzigtausend", and "hundert" for "einhundert".
            known |= {_stem(name): number for number, name in enumerate(names)}
            known |= {names[n].removeprefix("ein"): n for n in range(100, 200)}
    return known


def _below_1000(number: int, lang: Lang) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_100(rest, lang)
    if lang == "de":
        return _stem(_SMALL["de"][hundreds]) + "hundert" + _tail(rest)
    joint = f" and {_below_100(rest, lang)}" if rest else ""
    return f"{_SMALL['en'][hundreds]} hundred{joint}"


def _below_100(number: int, lang: Lang) -> str:
    if number < 20:
        return _SMALL[lang][number]
    ten, one = _TENS[lang][number // 10 - 2], _SMALL[lang][number % 10]
    if not number % 10:
        return ten
    return f"{_stem(one)}und{ten}" if lang == "de" else f"{ten}-{one}"


def _stem(word: str) -> str:
    """*eins* loses its s before another part of the word."""
    return word[:-1] if word.endswith("eins") else word


def _tail(rest: int) -> str:
    return _below_1000(rest, "de") if rest else ""
